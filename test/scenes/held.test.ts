// What folders hold and one pass does not: it is read by the next ones, and nothing is doubled or missed meanwhile.
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

// One request for items is more than a pass holds.
const heldBytes = 2_000
const names = (letter: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${letter}${n}:1`)
const hub = names('Hub', 280)
const own = names('Anna', 70)

async function passes(scene: Scene, least: number): Promise<void> {
  for (let count = 0; count < 30; count += 1) {
    await scene.pass()
    if (count + 1 < least) expect(scene.says()[0]).toMatch(/^Ready=False/)
  }
}

test('a first sync of more than one pass holds ends with everything, once', async () => {
  const world = { hub, anna: [...hub.slice(40, 110), ...own], jan: [...hub.slice(0, 60)] }
  const scene = await Scene.of(world, unguarded(), { heldBytes })
  await passes(scene, 5)
  expect(scene.all('hub', 'anna', 'jan')).toEqual([...hub, ...own].sort())
  expect(scene.says()).toEqual(['Ready=True Succeeded'])
  expect(scene.bin()).toEqual([])
})

test('while more is to be read, a pass says that it goes on at once, and names no item', async () => {
  const scene = await Scene.of({ hub, anna: [] }, unguarded(), { heldBytes })
  await scene.pass()
  expect(scene.says()).toEqual(['Ready=False Progressing', 'Reconciling=True Progressing'])
  expect(scene.status().problems).toEqual([])
  expect(scene.shows('anna')).toHaveLength(50)
})

test('edits and deletes that come meanwhile travel', async () => {
  const scene = await Scene.of({ hub, anna: [], jan: [] }, unguarded(), { heldBytes })
  await scene.pass()
  const names = (shown: readonly string[]) => shown.map((text) => text.replace(':1', ''))
  const read = names(scene.shows('anna'))
  const [edited = '', deleted = ''] = read
  const [editedUnread = '', deletedUnread = ''] = names(hub).filter((name) => !read.includes(name))
  scene.edit('anna', `${edited}:2`)
  scene.edit('hub', `${editedUnread}:2`)
  scene.remove('jan', deleted)
  scene.remove('hub', deletedUnread)
  await passes(scene, 0)
  const wanted = names(hub)
    .filter((name) => name !== deleted && name !== deletedUnread)
    .map((name) => `${name}:${name === edited || name === editedUnread ? 2 : 1}`)
  expect(scene.all('hub', 'anna', 'jan')).toEqual(wanted.sort())
  expect(scene.says()).toEqual(['Ready=True Succeeded'])
})

test('after the loss of the state, and at an audit, nothing is made a second time', async () => {
  const scene = await Scene.of({ hub, anna: [...own], jan: [] }, unguarded(), { heldBytes })
  await passes(scene, 5)
  const before = scene.versions()
  scene.controller().forget()
  await passes(scene, 5)
  for (let count = 0; count < 8; count += 1) await scene.pass({ audit: true })
  expect(scene.all('hub', 'anna', 'jan')).toEqual([...hub, ...own].sort())
  expect(scene.versions()).toEqual(before)
})

test('a folder that lists more than any folder holds is not listed, and nothing is taken for deleted', async () => {
  const scene = await Scene.of({ hub: ['Ewa:1'], anna: [] }, unguarded())
  await scene.rest()
  scene.exchange.inject(({ operation }) =>
    operation === 'FindItem'
      ? {
          kind: 'rewrite',
          as: (body) => body.replace(/TotalItemsInView="\d+"/, 'TotalItemsInView="2000000"'),
        }
      : undefined,
  )
  scene.put('hub', 'Jan:1')
  await scene.pass()
  expect(scene.says()).toEqual(['Ready=False FolderTooLarge'])
  scene.exchange.inject(undefined)
  await scene.rest()
  expect(scene.all('hub', 'anna')).toEqual(['Ewa:1', 'Jan:1'])
})

const endless = (state: string, changes: string) =>
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="t" xmlns:m="m"><s:Body><m:SyncFolderItemsResponse>' +
  '<m:ResponseMessages><m:SyncFolderItemsResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
  `<m:SyncState>${state}</m:SyncState><m:IncludesLastItemInRange>false</m:IncludesLastItemInRange>` +
  `<m:Changes>${changes}</m:Changes></m:SyncFolderItemsResponseMessage></m:ResponseMessages></m:SyncFolderItemsResponse></s:Body></s:Envelope>`

test('a mailbox folder that is told of without end is given up', async () => {
  const scene = await Scene.of({ hub: ['Ewa:1'], anna: [] }, unguarded())
  await scene.rest()
  let n = 0
  const change = () => {
    n += 1
    return `<t:Create><t:Contact><t:ItemId Id="A${n}" ChangeKey="B"/></t:Contact></t:Create>`
  }
  scene.exchange.inject(({ operation }) =>
    operation === 'SyncFolderItems'
      ? {
          kind: 'rewrite',
          as: () => endless(`S${n}`, Array.from({ length: 30_000 }, change).join('')),
        }
      : undefined,
  )
  await scene.pass()
  expect(n).toBeLessThan(300_001)
  expect(scene.status().problems?.map(({ reason }) => reason)).toEqual(['FolderTooLarge'])
  scene.exchange.inject(undefined)
  await scene.rest()
  expect(scene.all('hub', 'anna')).toEqual(['Ewa:1'])
})
