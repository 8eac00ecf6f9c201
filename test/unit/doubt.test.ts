// What cannot be read may be the equal of what another folder shows: how often it is tried, who waits meanwhile, and what
// is read once more.
import { expect, test } from 'vitest'
import type { GroupId, ItemId, ReplicaId, Version } from '../../controller/core/id.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Found, Role, Rules } from '../../controller/core/model.ts'
import { orphansOf } from '../../controller/core/unclaimed.ts'
import { finished } from '../../controller/core/work.ts'
import { type PassedOver, retried } from '../../controller/ews/folder-notes.ts'
import { mayHide, toRead } from '../../controller/ews/listing.ts'
import { openState } from '../../controller/store/state.ts'
import { observe, seenAs } from '../../controller/sync/observe.ts'
import type { Listing, Memory, Replica, Unread } from '../../controller/sync/ports.ts'

const group = 'ns/g' as GroupId
const [hub, ann] = ['hub' as ReplicaId, 'ann' as ReplicaId]
const roles: readonly Role[] = [hub, ann].map((id) => ({
  id,
  hub: id === hub,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}))
const none = { versions: async () => new Map(), all: async () => new Map() }
const bad = (code: string, tries: number): PassedOver => {
  return { id: 'bad' as ItemId, version: 'v' as Version, code, tries }
}
const found = (id: string): Found => {
  return { id: id as ItemId, version: 'v' as Version, item: { GivenName: 'Ewa' } }
}
const { signal } = new AbortController()

test.each([
  ['ErrorItemCorrupt', 1, true],
  ['ErrorItemCorrupt', 2, true],
  ['ErrorItemCorrupt', 3, false],
  ['ErrorInternalServerError', 2, true],
  ['ErrorInternalServerError', 3, false],
  ['ErrorAccessDenied', 2, true],
  ['ItemTooLarge', 1, false],
  ['NotListed', 1, false],
])('%s after %i looks: tried again, and others wait: %s', async (code, tries, again) => {
  const before = [bad(code, tries)]
  expect(toRead([], [], before).ids).toEqual(again ? ['bad'] : [])
  expect(await mayHide(before, none)).toBe(again)
  const known = { ...none, versions: async () => new Map([['bad' as ItemId, 'v' as Version]]) }
  expect(await mayHide(before, known)).toBe(false)
})

const memory: Memory = {
  checkpoint: { folder: 'f' },
  seenAs: { writes: true, receives: true, drift: 'Revert', private: 'Skip' },
  recheck: [],
}
const left: Unread = { id: 'bad' as ItemId, code: 'ErrorItemCorrupt', sinceMs: 0 }

test('what is to be retried is tried as often as at first, all of it or some', () => {
  const before = [bad('ErrorItemCorrupt', 3)]
  expect(retried(before, 'all')).toEqual([])
  expect(retried(before, new Set(['bad' as ItemId]))).toEqual([bad('ErrorItemCorrupt', 1)])
  expect(retried(before, new Set(['x' as ItemId]))).toEqual(before)
})

/** One look: the hub gave something up as unreadable, and ann shows something. */
async function looked(
  hers: Memory | undefined,
  seen: Partial<Listing>,
  given: Partial<Unread> = {},
) {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const unread = { ...left, ...given }
  const before = new Map<ReplicaId, Memory>([[hub, { ...memory, unread: [unread] }]])
  if (hers !== undefined) before.set(ann, hers)
  await baseline.commit({
    at: { timeMs: 0, pass: 'p' },
    writes: [{ write: 'memories', memories: before }],
  })
  const looks: ReadonlyMap<ReplicaId, Listing> = new Map([
    [hub, { changed: [], gone: [], recheck: [], checkpoint: memory.checkpoint, unread: [unread] }],
    [ann, { changed: [], gone: [], recheck: [], checkpoint: memory.checkpoint, ...seen }],
  ])
  const replicas = roles.map((role) => ({ role, observe: async () => looks.get(role.id) }))
  const manner = { audit: false, attempts: [], codec: contact.codec, nowMs: 0 }
  const observed = await observe(replicas as unknown as Replica[], baseline, manner, signal)
  state.close()
  return [observed.memories.get(hub)?.unread?.[0]?.again ?? false, observed.short.has(hub)]
}

test('the memory of these tests is one under their roles', () => {
  expect(roles.map(seenAs)).toEqual([memory.seenAs, memory.seenAs])
})

const [again, given] = [
  [true, true],
  [false, false],
]

test.each([
  ['a folder that is seen for the first time', undefined, { changed: [found('x')] }, again],
  ['an empty folder', undefined, {}, given],
  ['a new contact in a folder that was seen before', memory, { changed: [found('x')] }, given],
  ['a folder of which more is to be read', memory, { changed: [found('x')], more: true }, again],
  [
    'what could not be read itself until now',
    { ...memory, unread: [{ ...left, code: 'TruncatedAnswer', id: 'x' as ItemId }] },
    { changed: [found('x')] },
    again,
  ],
  [
    'another one than that',
    { ...memory, unread: [{ ...left, code: 'TruncatedAnswer', id: 'x' as ItemId }] },
    { changed: [found('y')] },
    given,
  ],
  [
    'what is only read once more',
    { ...memory, recheck: ['x' as ItemId] },
    { changed: [found('x')] },
    given,
  ],
] as const)('what was given up, and %s', async (_what, hers, seen, tells) => {
  expect(await looked(hers, seen)).toEqual(tells)
})

test.each(['ItemTooLarge', 'NotTaken'])('%s is told by no further look', async (code) => {
  expect(await looked(undefined, { changed: [found('x')] }, { code })).toEqual(given)
})

test.each([
  [[], []],
  [[ann], []],
  [[hub], ['x']],
])('where %j may hold more, of what nobody is linked with is read again: %j', (short, ids) => {
  const view = {
    links: [],
    observations: new Map([[ann, { state: 'seen', changed: [found('x')], gone: [] } as const]]),
    short: new Set<ReplicaId>(short),
  }
  const rules: Rules = { group, type: contact, roles, policy: 'HubWins' }
  const orphans = finished(orphansOf(rules, view, view.observations, { steps: [] } as never))
  expect(orphans.get(ann) ?? []).toEqual(ids)
})
