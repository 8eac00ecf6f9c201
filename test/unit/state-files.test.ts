// A file of each earlier schema, kept in test/inputs/state beside the folders that it was written for: it opens, nothing of
// it is lost, and a pass finds nothing to do. Each was written by passes over these folders, and holds a conflict, drifts,
// a deletion and items that could not be read.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { GroupId, ItemId, ReplicaId } from '../../controller/core/id.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Role } from '../../controller/core/model.ts'
import { openState, type SqliteState, stateFile } from '../../controller/store/state.ts'
import { pass } from '../../controller/sync/pass.ts'
import type { PassSpec } from '../../controller/sync/pass-spec.ts'
import { Folder, FolderReplica } from '../support/folder.ts'
import { changed } from '../support/sealed.ts'
import { directory, keyOfBytes } from '../support/state.ts'

const inputs = new URL('../inputs/state/', import.meta.url)
const group = 'sales/clients' as GroupId
const versions = [1, 2, 3, 4, 5, 6]
const identity = {
  uid: 'f3b0',
  server: 'sales/corp',
  url: 'https://mail.corp.example/EWS/Exchange.asmx',
}
const nowMs = Date.UTC(2026, 0, 5, 9)

const role = { hub: false, writes: true, receives: true, drift: 'Revert', private: 'Skip' } as const
const roles: readonly Role[] = [
  { ...role, id: 'hub' as ReplicaId, hub: true },
  { ...role, id: 'anna' as ReplicaId },
  { ...role, id: 'jan' as ReplicaId, writes: false },
  { ...role, id: 'ewa' as ReplicaId, writes: false, drift: 'Ignore' },
]

/** The folders as the files left them. */
function folders(): ReadonlyMap<string, Folder> {
  const all: readonly Pick<Folder, 'name' | 'commits' | 'log'>[] = JSON.parse(
    readFileSync(new URL('folders.json', inputs), 'utf8'),
  )
  return new Map(
    all.map(({ name, commits, log, ...rest }) => {
      const { items } = rest as unknown as { items: [ItemId, never][] }
      const folder = new Folder(name)
      Object.assign(folder, { commits, log, items: new Map(items) })
      return [name, folder]
    }),
  )
}

function file(version: number): string {
  const place = directory()
  const packed = readFileSync(new URL(`schema-${version}.db.gz`, inputs))
  writeFileSync(join(place, stateFile), gunzipSync(packed))
  return place
}

function courseOf(state: SqliteState, there: ReadonlyMap<string, Folder>): PassSpec {
  return {
    name: 'pass',
    rules: { group, type: contact, roles, policy: 'HubWins' },
    replicas: roles.map((each) => new FolderReplica(each, there.get(each.id) as Folder)),
    baseline: state.baseline(group),
    identity,
    limits: {
      deletions: { maxCount: 0, maxPercent: 0, minCount: 0 },
      publications: { maxCount: 0, maxPercent: 0, minCount: 0 },
      updates: { maxCount: 0, maxPercent: 0, minCount: 0 },
    } as never,
    windowMs: 3_600_000,
    approved: new Set(),
    budgetMs: Number.POSITIVE_INFINITY,
    stopping: () => false,
    audit: false,
    clock: { now: () => nowMs, sleep: async () => {} },
  }
}

const keys = [undefined, keyOfBytes(1)] as const

test.each(versions.flatMap((version) => keys.map((key) => [version, key] as const)))(
  'a file of schema %i opens, and a pass has nothing to do',
  async (version, key) => {
    const there = folders()
    const state = openState(file(version), { key })
    const baseline = state.baseline(group)
    const before = await baseline.links(await baseline.everything())
    expect(before.map(({ agreed }) => agreed?.GivenName).sort()).toEqual([
      'Ola',
      'Piotr',
      'Zofia',
      'Łucja',
    ])
    expect(before.map(({ copies }) => copies.size)).toEqual([4, 4, 4, 4])
    const kept = state.bin.list(9).map(({ reason, replica }) => `${replica} ${reason}`)
    expect(kept.sort()).toEqual(['anna Conflict', 'hub Deleted', 'jan Drift'])
    const report = await pass(courseOf(state, there), new AbortController().signal)
    expect(report).toMatchObject({ items: 4, created: 0, updated: 0, deleted: 0, kept: 0 })
    expect(report).toMatchObject({ refusals: [], members: { total: 3, current: 3 } })
    expect([...there.values()].map(({ writes }) => writes)).toEqual([0, 0, 0, 0])
    expect(await baseline.identity()).toEqual({ ...identity, kind: 'Contacts' })
    state.close()
  },
)

test.each(versions)('a file of schema %i keeps what each replica remembers', async (version) => {
  const state = openState(file(version))
  const memories = await state.baseline(group).memories()
  const anna = memories.get('anna' as ReplicaId)
  expect(anna).toMatchObject({
    checkpoint: { folder: 'anna', adapter: { cursor: '9' } },
    seenAs: { writes: true, receives: true, drift: 'Revert', private: 'Skip' },
    recheck: [],
    relist: false,
    rewound: false,
  })
  expect(memories.get('ewa' as ReplicaId)?.seenAs).toEqual({
    writes: false,
    receives: true,
    drift: 'Ignore',
    private: 'Skip',
  })
  if (version > 1) expect(anna?.checkpoint.adapter).toMatchObject({ highWater: { committedMs: 9 } })
  if (version > 3) {
    const sinceMs = 1767600000000
    expect(anna?.unread).toEqual([
      { id: 'anna/77', code: 'NotTaken', sinceMs },
      { id: 'anna/78', code: 'ErrorItemCorrupt', sinceMs },
    ])
    expect(anna?.checkpoint.adapter).toMatchObject({
      passedOver: [{ id: 'anna/78', version: 'v', code: 'ErrorItemCorrupt', tries: 3 }],
    })
    expect(anna?.codec).toBe(2)
  }
  expect(state.bin.seenAs(group).get('hub' as ReplicaId)?.receives).toBe(true)
  state.close()
})

test('a replica without a cursor is listed whole, one that was leaving under no role', async () => {
  const place = file(6)
  changed(place, (db) => {
    db.exec("UPDATE replicas SET cursor = NULL, lens = 'leaving' WHERE replica = 'jan'")
  })
  const state = openState(place)
  const jan = (await state.baseline(group).memories()).get('jan' as ReplicaId)
  expect(jan).toMatchObject({ relist: true, seenAs: undefined })
  state.close()
})

test('a group of another kind is refused, with what to do, and nothing of it is touched', async () => {
  const place = file(6)
  openState(place).close()
  changed(place, (db) => db.exec("UPDATE identities SET kind = 'Tasks'"))
  const there = folders()
  const state = openState(place)
  const course = courseOf(state, there)
  await expect(pass(course, new AbortController().signal)).rejects.toMatchObject({
    kind: 'terminal',
    code: 'KindChanged',
    message: expect.stringContaining('declare it as Tasks again'),
  })
  // Another resource of the same name begins from nothing.
  const other = { ...course, identity: { ...identity, uid: 'another' } }
  await pass(other, new AbortController().signal)
  expect(await state.baseline(group).identity()).toMatchObject({ kind: 'Contacts' })
  state.close()
})
