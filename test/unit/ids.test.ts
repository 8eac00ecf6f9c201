// Ids, change keys and sync states look like ids, or the answer is not believed: one damaged byte names another item.
import { expect, test } from 'vitest'
import { envelopeXml } from '../../controller/ews/envelope.ts'
import { getFolder } from '../../controller/ews/folder-state.ts'
import { contactCodec } from '../../controller/ews/items/contact.ts'
import { findItem, getItem, isId, syncFolderItems } from '../../controller/ews/operations.ts'
import { at, type Node } from '../../controller/ews/xml.ts'
import { parsed } from '../../controller/ews/xml-reader.ts'

async function answer(body: string): Promise<Node> {
  const bytes = async function* () {
    yield new TextEncoder().encode(envelopeXml(body, undefined))
  }
  const node = at(await parsed(bytes()), 'Body')?.children[0]
  if (node === undefined) throw new Error('no answer')
  return node
}

const success = (inside: string) =>
  `<m:Answer><m:ResponseMessages><m:Message ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${inside}</m:Message></m:ResponseMessages></m:Answer>`
const item = (id: string, key: string) =>
  `<t:Contact><t:ItemId Id="${id}" ChangeKey="${key}"/><t:ItemClass>IPM.Contact</t:ItemClass></t:Contact>`
const synced = (state: string, inside = '') =>
  success(
    `<m:SyncState>${state}</m:SyncState><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange><m:Changes>${inside}</m:Changes>`,
  )
const found = (inside: string) =>
  success(
    `<m:RootFolder TotalItemsInView="1" IncludesLastItemInRange="true"><t:Items>${inside}</t:Items></m:RootFolder>`,
  )
const folder = (id: string) =>
  success(
    `<m:Folders><t:ContactsFolder><t:FolderId Id="${id}" ChangeKey="k"/></t:ContactsFolder></m:Folders>`,
  )

const good = 'AAMk+/_-09=='
const damaged = ['', 'AA Mk', 'AA&#1;Mk', 'AAżMk', 'AA.Mk', ' AAMk']

test('what an id looks like', () => {
  expect([isId(good), isId(undefined)]).toEqual([true, false])
  expect(['', 'a b', 'a\u0000', 'ą', 'a.b'].filter((text) => isId(text))).toEqual([])
})

test.each(damaged)('a damaged one (%j) is refused wherever it comes', async (bad) => {
  const change = `<t:Create>${item(bad, good)}</t:Create>`
  const request = { folder: good, cursor: undefined }
  const refused = { code: 'IncompleteAnswer', kind: 'transient' }
  const sync = async (body: string) =>
    syncFolderItems(contactCodec).result(await answer(body), request)
  const state = bad.startsWith(' ') ? 'A A' : bad
  await expect(sync(synced(state))).rejects.toMatchObject(refused)
  await expect(sync(synced(good, change))).rejects.toMatchObject(refused)
  await expect(
    sync(synced(good, `<t:Delete><t:ItemId Id="${bad}" ChangeKey="k"/></t:Delete>`)),
  ).rejects.toMatchObject(refused)
  const listed = async (body: string) =>
    findItem(contactCodec).result(await answer(body), { folder: good, offset: 0, size: 1 })
  await expect(listed(found(item(bad, good)))).rejects.toMatchObject(refused)
  await expect(listed(found(item(good, bad)))).rejects.toMatchObject(refused)
  const asked = async (body: string) =>
    getFolder(contactCodec).result(await answer(body), { folder: good })
  await expect(asked(folder(bad))).rejects.toMatchObject(refused)
  const one = at(await answer(success(`<m:Items>${item(bad, good)}</m:Items>`)), 'ResponseMessages')
  expect(getItem(contactCodec).each(one?.children[0] as Node)).toMatchObject(refused)
})

test('a good one is read everywhere', async () => {
  const page = syncFolderItems(contactCodec).result(
    await answer(synced(good, `<t:Create>${item(good, good)}</t:Create>`)),
    {
      folder: good,
      cursor: undefined,
    },
  )
  expect(page).toMatchObject({ cursor: good, changes: [{ ref: { id: good, version: good } }] })
  const request = { folder: good, offset: 0, size: 1 }
  expect(findItem(contactCodec).result(await answer(found(item(good, good))), request).ids).toEqual(
    [good],
  )
  expect(getFolder(contactCodec).result(await answer(folder(good)), { folder: good }).id).toBe(good)
})
