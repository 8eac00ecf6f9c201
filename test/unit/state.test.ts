// The state: all of a change or nothing, refusals of files that are not ours to open, and readers that
// leave no trace.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { GroupId, ItemId, LinkId, ReplicaId } from '../../controller/core/id.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import type { Change, Memory } from '../../controller/sync/ports.ts'
import { agreement, ann, at, copy, directory, group, link } from '../support/state.ts'

test('what was committed is there when the file is opened again', async () => {
  const place = directory()
  const first = openState(place)
  const memory: Memory = {
    checkpoint: { folder: 'f', adapter: { cursor: 'c', notes: [1, null, 'x'] } },
    seenAs: { writes: true, receives: false, drift: 'Ignore', private: 'Copy' },
    recheck: ['x' as ItemId],
    relist: true,
    rewound: true,
    unread: [{ id: 'y' as ItemId, code: 'ErrorItemCorrupt', sinceMs: 7 }],
    codec: 2,
  }
  await first.baseline(group).commit({
    at,
    writes: [
      { write: 'agreements', agreements: [agreement] },
      { write: 'memories', memories: new Map([[ann, memory]]) },
    ],
  })
  first.close()
  const second = openState(place)
  const baseline = second.baseline(group)
  expect((await baseline.memories()).get(ann)).toEqual(memory)
  expect(await baseline.links([link])).toMatchObject([
    { id: link, revision: 1, agreed: { GivenName: 'Ewa' } },
  ])
  expect((await baseline.links([link]))[0]?.copies.get(ann)).toEqual({ ...copy('A'), codec: 1 })
  expect(await baseline.unsettled()).toEqual([link])
  second.close()
})

test('a change that fails is not there at all', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const stranger = { link: 'nobody' as LinkId, replica: ann, copy: copy('B') }
  const change: Change = {
    at,
    writes: [
      { write: 'agreements', agreements: [agreement] },
      { write: 'copies', copies: [stranger] },
    ],
  }
  await expect(baseline.commit(change)).rejects.toThrow()
  expect(await baseline.everything()).toEqual([])
  state.close()
})

test('ids that differ only in case are two items', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const other = { ...agreement, link: 'other' as LinkId, copies: new Map([[ann, copy('a')]]) }
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: [agreement, other] }] })
  expect(await baseline.linksOf(ann, ['A' as ItemId])).toEqual([link])
  expect(await baseline.linksOf(ann, ['a' as ItemId])).toEqual(['other'])
  state.close()
})

test('old content is held for whoever is behind, until nobody is', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  const next = {
    ...agreement,
    revision: 2,
    agreed: { GivenName: 'Eva' },
    base: { revision: 1, item: agreement.agreed },
    copies: new Map(),
  }
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: [next] }] })
  expect((await baseline.links([link]))[0]?.bases.get(1)).toEqual({ GivenName: 'Ewa' })
  await baseline.commit({
    at,
    writes: [
      { write: 'copies', copies: [{ link, replica: ann, copy: copy('A', 2) }] },
      { write: 'settled', settled: [link] },
    ],
  })
  expect(await baseline.unsettled()).toEqual([])
  state.close()
})

test('whoever leaves is forgotten, and what nobody has ends', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  await baseline.commit({ at, writes: [{ write: 'left', left: [ann] }, { write: 'unsettle' }] })
  expect((await baseline.links([link]))[0]?.copies.size).toBe(0)
  await baseline.commit({ at, writes: [{ write: 'ended', ended: [link] }] })
  expect(await baseline.count()).toBe(0)
  state.close()
})

test('reading leaves no trace, neither beside a state nor where there is none', () => {
  const place = directory()
  openState(place, { readOnly: true }).close()
  expect(readdirSync(place)).toEqual([])
  openState(place).close()
  const before = readdirSync(place).map((name) => [
    name,
    readFileSync(join(place, name)).toString('hex'),
  ])
  const reader = openState(place, { readOnly: true })
  reader.bin.list(1)
  reader.close()
  expect(
    readdirSync(place).map((name) => [name, readFileSync(join(place, name)).toString('hex')]),
  ).toEqual(before)
})

test('two controllers do not share a state; a reader may look', () => {
  const place = directory()
  const first = openState(place)
  expect(() => openState(place)).toThrow(
    expect.objectContaining({ code: 'StateInUse', kind: 'terminal' }),
  )
  openState(place, { readOnly: true }).close()
  first.close()
  openState(place).close()
})

test('who leads goes on beside one that stands still, and that one writes nothing more', async () => {
  const place = directory()
  const first = openState(place, { leading: true })
  await first
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  const second = openState(place, { leading: true })
  expect(await second.baseline(group).links([link])).toMatchObject([{ id: link }])
  await expect(
    first.baseline(group).commit({ at, writes: [{ write: 'settled', settled: [link] }] }),
  ).rejects.toMatchObject({
    code: 'StateTakenOver',
    kind: 'terminal',
  })
  await second.baseline(group).commit({ at, writes: [{ write: 'settled', settled: [link] }] })
  expect(await second.baseline(group).unsettled()).toEqual([])
  first.close()
  second.close()
})

test('of two groups that look at a folder for the first time at once, the first to write has it', async () => {
  const state = openState(directory())
  const memory: Memory = { checkpoint: { folder: 'hers' }, recheck: [] }
  const other = state.baseline('sales/other' as GroupId)
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'memories', memories: new Map([[ann, memory]]) }] })
  const late: Change = {
    at,
    writes: [
      { write: 'agreements', agreements: [agreement] },
      { write: 'memories', memories: new Map([[ann, memory]]) },
    ],
  }
  await expect(other.commit(late)).rejects.toMatchObject({
    code: 'FolderClaimed',
    kind: 'terminal',
  })
  expect(await other.count()).toBe(0)
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'memories', memories: new Map([[ann, memory]]) }] })
  await state.baseline(group).commit({ at, writes: [{ write: 'left', left: [ann] }] })
  await other.commit(late)
  expect(await other.count()).toBe(1)
  // A hub may be anybody's.
  const hub = 'hub:/company' as ReplicaId
  for (const each of [state.baseline(group), other])
    await each.commit({
      at,
      writes: [
        {
          write: 'memories',
          memories: new Map([[hub, { ...memory, checkpoint: { folder: 'public' } }]]),
        },
      ],
    })
  state.close()
})

test('what a group is, is remembered with what was agreed', async () => {
  const state = openState(directory())
  const baseline = state.baseline(group)
  expect(await baseline.identity()).toEqual({})
  expect(state.groups()).toEqual([])
  const identity = { uid: 'u', server: 'sales/corp', url: 'https://mail/' }
  const memory: Memory = { checkpoint: { folder: 'hers' }, recheck: [] }
  await baseline.commit({
    at,
    writes: [
      { write: 'identity', identity },
      { write: 'memories', memories: new Map([[ann, memory]]) },
    ],
  })
  expect(await baseline.identity()).toEqual({ ...identity, kind: 'Contacts' })
  expect(state.groups()).toEqual([group])
  await baseline.commit({ at, writes: [{ write: 'reset' }] })
  expect(state.groups()).toEqual([])
  state.close()
})

test('a writer that may not write any more is refused before anything is', async () => {
  const place = directory()
  let permitted = true
  const permit = () => {
    if (!permitted) throw new Error('not any more')
  }
  const state = openState(place, { permit })
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  permitted = false
  await expect(
    state.baseline(group).commit({ at, writes: [{ write: 'settled', settled: [link] }] }),
  ).rejects.toThrow('any more')
  expect(await state.baseline(group).unsettled()).toEqual([link])
  state.close()
})

test('only its owner may read it', () => {
  const place = join(directory(), 'state')
  openState(place).close()
  expect(statSync(join(place, stateFile)).mode & 0o077).toBe(0)
})

test('a state of a newer version is refused and not touched', () => {
  const place = directory()
  openState(place).close()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(() => openState(place)).toThrow(
    expect.objectContaining({ code: 'StateNewer', kind: 'terminal' }),
  )
})

test.each([
  ['a file that is no database', 'no database, but long enough to be looked at as one '.repeat(40)],
  ['half a file', undefined],
])('%s is refused, with what to do', (_what, text) => {
  const place = directory()
  openState(place).close()
  const file = join(place, stateFile)
  writeFileSync(file, text ?? readFileSync(file).subarray(0, 3000))
  expect(() => openState(place)).toThrow(
    expect.objectContaining({
      code: 'StateUnreadable',
      message: expect.stringContaining('move it away'),
    }),
  )
})

test('another program’s database is refused', () => {
  const place = directory()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec('CREATE TABLE x (y); PRAGMA application_id = 77')
  db.close()
  expect(() => openState(place)).toThrow(expect.objectContaining({ code: 'StateUnreadable' }))
})
