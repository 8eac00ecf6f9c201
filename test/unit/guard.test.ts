// The brake: what one replica may cause, and what an approval covers.
import { expect, test } from 'vitest'
import { contact } from '../../controller/core/contact.ts'
import { guarded, hashOf, type Judgement } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Copy, Found, Link, Observation, Role } from '../../controller/core/link.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { finished } from '../../controller/core/work.ts'
import { causedBy } from '../../controller/sync/consequences.ts'
import { effects, free } from '../support/limits.ts'

const ids = ['hub', 'ann', 'bob'].map((id) => id as ReplicaId)
const roles: readonly Role[] = ids.map((id) => ({
  id,
  hub: id === 'hub',
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}))
const links: readonly Link[] = Array.from({ length: 100 }, (_, index) => ({
  id: `link-${index}` as LinkId,
  revision: 1,
  agreed: { GivenName: `Person ${index}` },
  bases: new Map(),
  copies: new Map(
    ids.map((id) => [
      id,
      {
        id: `${id}/${index}` as ItemId,
        version: 'v' as Version,
        revision: 1,
        shown: {},
      } satisfies Copy,
    ]),
  ),
  aliases: [],
  declined: new Set(),
}))

const limits = {
  ...free,
  deletions: { maxPercent: 10, maxCount: 50 },
  publications: { maxCount: 3 },
}
const judge = (more: Partial<Judgement> = {}): Judgement => ({
  limits,
  items: 100,
  caused: new Map(),
  approved: new Set(),
  epoch: 0,
  ...more,
})

type Scene = Readonly<{
  gone?: Readonly<Record<string, number>>
  /** How many new items each has, the last first when `backwards`. */
  own?: Readonly<Record<string, number>>
  backwards?: boolean
  /** How many links ann edits, and who lacks a copy of them. */
  edited?: number
  lacking?: string
}>

function judged(
  { gone = {}, own = {}, backwards = false, edited = 0, lacking }: Scene,
  judgement = judge(),
) {
  const observations = new Map<ReplicaId, Observation>(
    ids.map((id) => {
      const news = items(id, 'new', own[id] ?? 0)
      const changed = [...news, ...items(id, '', id === 'ann' ? edited : 0)]
      return [
        id,
        {
          state: 'seen',
          gone: Array.from({ length: gone[id] ?? 0 }, (_, index) => `${id}/${index}` as ItemId),
          changed: backwards ? changed.reverse() : changed,
        },
      ]
    }),
  )
  const known = links.map((link) => ({
    ...link,
    copies: new Map([...link.copies].filter(([id]) => id !== lacking)),
  }))
  const view = {
    group: 'ns/g' as GroupId,
    type: contact,
    roles,
    links: known.slice(0, lacking === undefined ? known.length : edited),
    observations,
  }
  return finished(guarded({ type: contact, roles, policy: 'HubWins' }, view, judgement))
}

function items(id: string, prefix: string, count: number): readonly Found[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${id}/${prefix}${index}` as ItemId,
    version: 'v' as Version,
    item: { GivenName: `Own ${index} of ${id}` },
  }))
}

test('a few deletes pass', () => {
  const { plan, refusals } = judged({ gone: { ann: 10 } })
  expect([refusals, plan.steps.length]).toEqual([[], 10])
})

test('the percentage is of what there was before: deleting one by one comes to the same', () => {
  const caused = new Map([['ann' as ReplicaId, effects({ deletions: 10 })]])
  const limits = { ...free, deletions: { maxPercent: 100, maxCount: 110 } }
  const { refusals } = judged({ gone: { ann: 90 } }, judge({ caused, limits, items: 90 }))
  expect(refusals).toEqual([])
})

test('a mass delete sets its replica aside, and the others go on', () => {
  const { plan, refusals } = judged({ gone: { ann: 11, bob: 2 } })
  expect(refusals).toMatchObject([{ replica: 'ann', reason: 'Deletions', count: 11, limit: 10 }])
  expect(plan.steps).toHaveLength(2)
  expect(plan.steps.flatMap(({ actions }) => actions.map(({ replica }) => replica))).not.toContain(
    'ann',
  )
})

test('an emptied hub empties nobody', () => {
  const { plan, refusals } = judged({ gone: { hub: 100 } })
  expect(refusals).toMatchObject([{ replica: 'hub', count: 100 }])
  expect(plan.steps).toEqual([])
})

test('what was caused within the window counts', () => {
  const caused = new Map([['ann' as ReplicaId, effects({ deletions: 8 })]])
  expect(judged({ gone: { ann: 3 } }, judge({ caused, items: 92 })).refusals).toMatchObject([
    { count: 11, limit: 10 },
  ])
})

test('somebody’s private address book does not become the company’s', () => {
  const { plan, refusals } = judged({ own: { ann: 4 } })
  expect(refusals).toMatchObject([{ replica: 'ann', reason: 'Publications', count: 4, limit: 3 }])
  expect(plan.steps).toEqual([])
})

test('what the hub has is everybody’s, however much it is', () => {
  expect(judged({ own: { hub: 4 } }).refusals).toEqual([])
})

test('an edit is no publication, even when somebody lacks a copy', () => {
  const { plan, refusals } = judged({ edited: 4, lacking: 'bob' })
  expect(refusals).toEqual([])
  expect(
    plan.steps.flatMap(({ actions }) => actions.filter(({ kind }) => kind === 'create')),
  ).toHaveLength(4)
})

test('what was published within the window counts', () => {
  const caused = new Map([['ann' as ReplicaId, effects({ publications: 2 })]])
  expect(judged({ own: { ann: 2 } }, judge({ caused })).refusals).toMatchObject([
    { reason: 'Publications', count: 4, limit: 3 },
  ])
})

test('zero forbids, and one hundred percent of a small group is rounded up', () => {
  const none = { ...limits, deletions: { maxPercent: 0, maxCount: 50 } }
  expect(judged({ gone: { ann: 1 } }, judge({ limits: none })).refusals).toHaveLength(1)
  expect(judged({ gone: { ann: 1 } }, judge({ items: 5 })).refusals).toEqual([])
})

test('an approval covers exactly what was shown, and no more', () => {
  const { refusals } = judged({ gone: { ann: 11 } })
  const approved = new Set([hashOf(refusals)])
  expect(judged({ gone: { ann: 11 } }, judge({ approved })).plan.steps).toHaveLength(11)
  expect(judged({ gone: { ann: 12 } }, judge({ approved })).refusals).toHaveLength(1)
})

test('what is above the server’s limit is approved on the server only, alone or with others', () => {
  const gone = { ann: 11, bob: 20 }
  const { refusals } = judged({ gone })
  const [name, none] = [new Set([hashOf(refusals)]), new Set<string>()]
  const most = { ...limits, deletions: { maxPercent: 100, maxCount: 15 } }
  const above = (approved: ReadonlySet<string>, more = {}) =>
    judged({ gone }, judge({ ceiling: { limits: most, approved }, ...more })).refusals
  expect(above(none).map((each) => each.above)).toEqual([undefined, true])
  expect(above(none, { approved: name })).toHaveLength(2)
  expect(above(name)).toEqual([])
  const alone = new Set(refusals.map(({ hash }) => hash))
  expect(above(none, { approved: alone }).map(({ replica }) => replica)).toEqual(['bob'])
})

test('what the group approves counts by itself, and the server’s limit holds for it as well', () => {
  const approved = new Set([hashOf(judged({ gone: { ann: 11 } }).refusals)])
  const most = { ...limits, deletions: { maxPercent: 100, maxCount: 15 } }
  const ceiling = { limits: most, approved: new Set<string>() }
  const causes = (more: Partial<Judgement>) =>
    causedBy(judged({ gone: { ann: 11 } }, judge(more)), roles).get('ann' as ReplicaId)
  const own = effects({ deletions: 11 })
  const none = effects({ deletions: 0 })
  expect(causes({ approved, ceiling })).toEqual({ ...none, approved: own })
  expect(causes({ ceiling: { ...ceiling, approved } })).toBeUndefined()

  const caused = new Map([['ann' as ReplicaId, { ...none, approved: own }]])
  const later = (ann: number, more = {}) =>
    judged({ gone: { ann } }, judge({ caused, items: 89, ceiling, ...more })).refusals
  expect(later(4)).toEqual([])
  expect(later(5)).toMatchObject([{ count: 5, limit: 4, above: true }])
  expect(later(5, { ceiling: undefined })).toEqual([])
})

test('two that are set aside have one name, and it approves both', () => {
  const { refusals } = judged({ gone: { ann: 11, bob: 20 } })
  expect(refusals).toHaveLength(2)
  const approved = new Set([hashOf(refusals)])
  expect(judged({ gone: { ann: 11, bob: 20 } }, judge({ approved })).refusals).toEqual([])
})

test('an approval names the replica: another that does the same is not approved', () => {
  const approved = new Set([hashOf(judged({ gone: { ann: 11 } }).refusals)])
  expect(judged({ gone: { bob: 11 } }, judge({ approved })).refusals).toHaveLength(1)
})

test('a refusal keeps its name in whatever order its effects are seen', () => {
  const one = hashOf(judged({ own: { ann: 4 } }).refusals)
  expect(hashOf(judged({ own: { ann: 4 }, backwards: true }).refusals)).toBe(one)
})

test('what nobody can be reached to be done to counts as well: it is done when they are back', () => {
  const away: Observation = {
    state: 'unknown',
    error: new SyncError('transient', 'Away', 'away'),
  }
  const ring = roles.filter(({ hub }) => !hub)
  const [, ann, bob] = ids as [ReplicaId, ReplicaId, ReplicaId]
  const gone = Array.from({ length: 11 }, (_, index) => `ann/${index}` as ItemId)
  const changed = Array.from({ length: 4 }, (_, index) => ({
    id: `ann/new-${index}` as ItemId,
    version: 'v' as Version,
    item: { GivenName: `Own ${index}` },
  }))
  const seen = { state: 'seen', gone, changed } as const
  const observations = new Map<ReplicaId, Observation>([
    [ann, seen],
    [bob, away],
  ])
  const view = { group: 'ns/g' as GroupId, type: contact, roles: ring, links, observations }
  const { refusals } = finished(
    guarded({ type: contact, roles: ring, policy: 'HubWins' }, view, judge()),
  )
  expect(refusals).toMatchObject([
    { replica: 'ann', reason: 'Deletions', count: 11 },
    { replica: 'ann', reason: 'Publications', count: 4 },
  ])
})

test('an approval is spent once it was used: the same a second time is asked again', () => {
  const approved = new Set([hashOf(judged({ gone: { ann: 11 } }).refusals)])
  expect(judged({ gone: { ann: 11 } }, judge({ approved, epoch: 1 })).refusals).toHaveLength(1)
})
