// Synchronisation: whoever follows the states, whatever happens in between, ends up with what is there.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FolderHandle } from './store/store.ts'
import {
  all,
  codes,
  distinguished,
  exchangeFor,
  first,
  folderId,
  itemId,
  person,
  refs,
  syncItems,
  texts,
} from './support.ts'

const exchange = await exchangeFor()
const anna = person(exchange, 'anna')
const mailbox = exchange.store.mailbox('anna@corp.example')
let folders = 0

function freshFolder(): FolderHandle {
  folders += 1
  return mailbox.createFolder(`Contacts/Sync${folders}`)
}

type Told = Readonly<{ changes: string[]; ids: string[]; state: string; last: boolean }>

async function sync(folder: FolderHandle, state = '', max = 512, ignore = ''): Promise<Told> {
  const answer = await anna.ask(syncItems(folderId(folder.id()), state, max, ignore))
  const changes = first(answer, 'Changes').children
  return {
    changes: changes.map(({ name }) => name),
    ids: changes.map((change) => refs(change)[0]?.id ?? ''),
    state: first(answer, 'SyncState').text,
    last: first(answer, 'IncludesLastItemInRange').text === 'true',
  }
}

test('at first everything is new, the newest first, a page at a time', async () => {
  const folder = freshFolder()
  const made = [1, 2, 3].map((n) => folder.create({ GivenName: `${n}` }).id)
  const one = await sync(folder, '', 2)
  expect(one).toMatchObject({ changes: ['Create', 'Create'], ids: [made[2], made[1]], last: false })
  const two = await sync(folder, one.state, 2)
  expect(two).toMatchObject({ changes: ['Create'], ids: [made[0]], last: true })
  expect(await sync(folder, two.state)).toMatchObject({ changes: [], last: true })
})

const stories = [
  ['an edit', (f: FolderHandle, id: string) => f.update(id, { GivenName: 'B' }), ['Update']],
  [
    'many edits',
    (f: FolderHandle, id: string) => ['B', 'C'].map((n) => f.update(id, { GivenName: n })),
    ['Update'],
  ],
  ['a deletion', (f: FolderHandle, id: string) => f.delete(id), ['Delete']],
  [
    'an edit and a deletion',
    (f: FolderHandle, id: string) => [f.update(id, { GivenName: 'B' }), f.delete(id)],
    ['Delete'],
  ],
  ['a move away', (f: FolderHandle, id: string) => f.move(id, freshFolder()), ['Delete']],
  [
    'a move away and back',
    (f: FolderHandle, id: string) => {
      const other = freshFolder()
      other.move(f.move(id, other).id, f)
    },
    ['Create', 'Delete'],
  ],
  ['a copy', (f: FolderHandle, id: string) => f.copy(id, f), ['Create']],
  [
    'something that came and went',
    (f: FolderHandle) => f.delete(f.create({ GivenName: 'B' }).id),
    [],
  ],
  [
    'something that came and was edited',
    (f: FolderHandle) => f.update(f.create({}).id, { GivenName: 'B' }),
    ['Create'],
  ],
] as const

test.each(stories)('%s is told, and told again to who asks with the old state', async (...row) => {
  const [, happen, wanted] = row
  const folder = freshFolder()
  const { id } = folder.create({ GivenName: 'A' })
  const { state } = await sync(folder)
  happen(folder, id)
  const told = await sync(folder, state)
  expect(told.changes).toEqual(wanted)
  expect(await sync(folder, state)).toEqual(told)
  expect((await sync(folder, told.state)).changes).toEqual([])
})

test('what is to be ignored is not told', async () => {
  const folder = freshFolder()
  const { id } = folder.create({ GivenName: 'A' })
  const other = folder.create({ GivenName: 'B' })
  expect((await sync(folder, '', 512, itemId({ id }))).ids).toEqual([other.id])
})

test('own writes are echoed', async () => {
  const folder = freshFolder()
  const { state } = await sync(folder)
  const contact = '<t:Contact><t:GivenName>A</t:GivenName></t:Contact>'
  const target = `<m:SavedItemFolderId>${folderId(folder.id())}</m:SavedItemFolderId>`
  await anna.ask(`<m:CreateItem>${target}<m:Items>${contact}</m:Items></m:CreateItem>`)
  expect((await sync(folder, state)).changes).toEqual(['Create'])
})

const worthless = [
  ['cut', (state: string) => state.slice(0, -8)],
  ['altered', (state: string) => state.replace(/^.{4}/, 'AAAA')],
  ['nonsense', () => 'nonsense'],
] as const

test.each(worthless)('a state that is %s is refused', async (_, spoil) => {
  const folder = freshFolder()
  const { state } = await sync(folder)
  const answer = await anna.ask(syncItems(folderId(folder.id()), spoil(state)))
  expect(codes(answer)).toEqual(['ErrorInvalidSyncStateData'])
})

test('a state of another folder, of a hierarchy, or of before the server forgot is refused', async () => {
  const folder = freshFolder()
  const { state } = await sync(freshFolder())
  const shape = '<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>'
  const hierarchy = await anna.ask(`<m:SyncFolderHierarchy>${shape}</m:SyncFolderHierarchy>`)
  const own = await sync(folder)
  mailbox.loseSyncStates()
  for (const token of [state, first(hierarchy, 'SyncState').text, own.state]) {
    const answer = await anna.ask(syncItems(folderId(folder.id()), token))
    expect(codes(answer)).toEqual(['ErrorInvalidSyncStateData'])
  }
})

test('a folder that has gone cannot be synchronised', async () => {
  const folder = freshFolder()
  const id = folderId(folder.id())
  folder.remove()
  expect(codes(await anna.ask(syncItems(id, '')))).toEqual(['ErrorSyncFolderNotFound'])
})

test('of a folder put back from a backup, a later state tells only what is not there any more', async () => {
  const folder = freshFolder()
  const [edited, deleted] = ['A', 'B'].map((GivenName) => folder.create({ GivenName }))
  const undo = folder.backup()
  folder.update(edited?.id ?? '', { GivenName: 'C' })
  folder.delete(deleted?.id ?? '')
  const created = folder.create({ GivenName: 'D' })
  const { state } = await sync(folder)
  undo()
  expect(await sync(folder, state)).toMatchObject({ changes: ['Delete'], ids: [created.id] })
  const keys = () => folder.items().map(({ id, changeKey }) => [id, changeKey])
  expect(keys()).toEqual([edited, deleted].map((item) => [item?.id, item?.changeKey]))
  expect((await sync(folder)).ids.sort()).toEqual([edited?.id, deleted?.id].sort())
  expect(folder.update(edited?.id ?? '', { GivenName: 'E' }).changeKey).not.toBe(edited?.changeKey)
})

test('after a restore everything is there under new ids', async () => {
  const jan = exchange.store.mailbox('jan@corp.example')
  const before = jan.folder('Contacts').create({ GivenName: 'A' })
  const folder = jan.folder('Contacts').id()
  jan.restore()
  const [after] = jan.folder('Contacts').items()
  expect(after?.contact).toEqual(before.contact)
  expect(after?.id).not.toBe(before.id)
  const answer = await person(exchange, 'jan').ask(syncItems(folderId(folder), ''))
  expect(codes(answer)).toEqual(['ErrorSyncFolderNotFound'])
})

type Step = Readonly<{ kind: 'create' | 'update' | 'delete' | 'page'; pick: number }>
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('create', 'update', 'delete', 'page', 'page'),
  pick: fc.nat(20),
})

test('whoever follows the pages ends up with what is there, whatever happens between them', async () => {
  const law = fc.asyncProperty(
    fc.array(step, { maxLength: 60 }),
    fc.integer({ min: 1, max: 4 }),
    follow,
  )
  await fc.assert(law, { numRuns: 40 })
})

async function follow(steps: readonly Step[], max: number): Promise<void> {
  const folder = freshFolder()
  const known = new Map<string, string>()
  let state = ''
  const page = async () => {
    const answer = await anna.ask(syncItems(folderId(folder.id()), state, max))
    for (const change of first(answer, 'Changes').children) {
      const [{ id, key } = { id: '', key: '' }] = refs(change)
      if (change.name === 'Delete') known.delete(id)
      else known.set(id, key)
      // Nothing is new twice, and nobody is told about the update of something unknown.
      expect(change.name === 'Update' && !known.has(id)).toBe(false)
    }
    state = first(answer, 'SyncState').text
    return texts(answer, 'IncludesLastItemInRange')[0] === 'true'
  }
  for (const { kind, pick } of steps) {
    const ids = folder.items().map(({ id }) => id)
    const id = ids[pick % Math.max(1, ids.length)] ?? ''
    if (kind === 'create') folder.create({ GivenName: `${pick}` })
    else if (kind === 'page') await page()
    else if (id !== '' && kind === 'update') folder.update(id, { Nickname: `${pick}` })
    else if (id !== '') folder.delete(id)
  }
  while (!(await page())) {}
  const there = folder.items().map(({ id, changeKey }) => [id, changeKey] as const)
  expect([...known].sort()).toEqual([...there].sort())
}

test('the hierarchy is told as it changes', async () => {
  const shape = '<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
  const ask = (state = '') => {
    const from = state && `<m:SyncState>${state}</m:SyncState>`
    return anna.ask(`<m:SyncFolderHierarchy>${shape}${from}</m:SyncFolderHierarchy>`)
  }
  const initial = await ask()
  expect(all(initial, 'Create').length).toBeGreaterThan(10)
  const folder = freshFolder()
  const second = await ask(first(initial, 'SyncState').text)
  expect(first(second, 'Changes').children.map(({ name }) => name)).toEqual(['Create'])
  const renamed = folder.rename(`Renamed${folders}`)
  const third = await ask(first(second, 'SyncState').text)
  expect(first(third, 'Changes').children.map(({ name }) => name)).toEqual(['Update'])
  renamed.remove()
  const fourth = await ask(first(third, 'SyncState').text)
  expect(first(fourth, 'Changes').children.map(({ name }) => name)).toEqual(['Delete'])
  expect(codes(await ask('nonsense'))).toEqual(['ErrorInvalidSyncStateData'])
})

test('more than 512 changes at once are against the schema', async () => {
  const answer = await anna.ask(syncItems(distinguished('contacts'), '', 513))
  expect(codes(answer)).toEqual(['ErrorSchemaValidation'])
})
