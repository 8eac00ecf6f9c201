// The brake: what one replica may cause, and what an approval covers.
import { describe, expect, test } from 'vitest'
import { guarded, hashOf, type Judgement } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type {
  Copy,
  Found,
  Link,
  Observation,
  Restoration,
  Role,
  Rules,
} from '../../controller/core/model.ts'
import { causedBy, restoredBy } from '../../controller/core/record.ts'
import { linksWith, restorer } from '../../controller/core/restore.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { finished } from '../../controller/core/work.ts'
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
const rules: Rules = { group: 'ns/g' as GroupId, type: contact, roles, policy: 'HubWins' }
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
  /** The first of the links that each has deleted. */
  goneFrom?: Readonly<Record<string, number>>
  backwards?: boolean
  /** How many links ann edits, and who lacks a copy of them. */
  edited?: number
  lacking?: string
  /** How many links each edits, from the first on or from another. */
  edits?: Readonly<Record<string, number>>
  from?: number
  /** Links of which something is wanted back, and whether all of it was confirmed; or such as were deleted. */
  wanted?: number
  deletedWanted?: number
  confirmed?: boolean
  /** Only so many links are there. */
  most?: number
}>

function judged(
  {
    gone = {},
    own = {},
    goneFrom = {},
    backwards = false,
    edited = 0,
    lacking,
    edits = {},
    from = 0,
    wanted = 0,
    deletedWanted = 0,
    confirmed = false,
    most = links.length,
  }: Scene,
  judgement = judge(),
) {
  const observations = new Map<ReplicaId, Observation>(
    ids.map((id) => {
      const news = items(id, 'new', own[id] ?? 0)
      const first = items(id, '', edits[id] ?? (id === 'ann' ? edited : 0), from)
      const changed = [...news, ...first]
      return [
        id,
        {
          state: 'seen',
          gone: Array.from(
            { length: gone[id] ?? 0 },
            (_, index) => `${id}/${(goneFrom[id] ?? 0) + index}` as ItemId,
          ),
          changed: backwards ? changed.reverse() : changed,
        },
      ]
    }),
  )
  const known = links.map((link) => ({
    ...link,
    copies: new Map([...link.copies].filter(([id]) => id !== lacking)),
  }))
  const restorations = [
    ...items('bin', 'link-', wanted),
    ...items('bin', 'ended-', deletedWanted),
  ].map(({ id, item }, n): Restoration => {
    const link = id.replace('bin/', '') as LinkId
    return { ...{ n, link, item, confirmed }, replica: ids[0] as ReplicaId, ...back }
  })
  const view = {
    links: linksWith(known.slice(0, lacking === undefined ? most : edited), restorations),
    observations,
    restorations,
  }
  return finished(guarded(rules, view, judgement))
}

const back = { reason: 'Edited', fields: [], askedMs: 5 } as const

function items(id: string, prefix: string, count: number, from = 0): readonly Found[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${id}/${prefix}${from + index}` as ItemId,
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
  const { refusals } = finished(
    guarded({ ...rules, roles: ring }, { links, observations }, judge()),
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

const ann = ids[1] as ReplicaId
const editing = (maxPercent: number, maxCount = 500, minCount = 0) => ({
  limits: { ...free, updates: { maxPercent, maxCount }, minCount },
})
const linkIds = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `link-${from + index}` as LinkId)
const causing = (some: Parameters<typeof effects>[0]) => ({
  caused: new Map([[ann, effects(some)]]),
})

describe('edits', () => {
  test('up to the limit travel; of one more, all of that replica wait, and the others go on', () => {
    const judgement = judge(editing(25))
    expect(judged({ edits: { ann: 25 } }, judgement)).toMatchObject({ refusals: [] })
    const { plan, refusals } = judged({ edits: { ann: 26, bob: 2 } }, judgement)
    expect(refusals).toMatchObject([{ replica: 'ann', reason: 'Updates', count: 26, limit: 25 }])
    expect(plan.steps.map(({ replaced }) => replaced.map(({ replica }) => replica))).toEqual([
      ['bob'],
      ['bob'],
    ])
  })

  test('of the hub are limited as well', () => {
    expect(judged({ edits: { hub: 26 } }, judge(editing(25)))).toMatchObject({
      refusals: [{ replica: 'hub', reason: 'Updates' }],
      plan: { steps: [] },
    })
  })

  test('of whoever has nobody beside it are its own affair', () => {
    expect(judged({ edits: { hub: 26 } }, judge({ ...editing(25), alone: true })).refusals).toEqual(
      [],
    )
  })

  test('of one contact count once within the window, however often it is edited', () => {
    const before = causing({ updates: linkIds(0, 20) })
    const judgement = judge({ ...editing(25), ...before })
    expect(judged({ edits: { ann: 20 } }, judgement).refusals).toEqual([])
    expect(judged({ edits: { ann: 5 }, from: 20 }, judgement).refusals).toEqual([])
    expect(judged({ edits: { ann: 6 }, from: 20 }, judgement).refusals).toMatchObject([
      { count: 26, limit: 25 },
    ])
    // The same again, beside what is new: only what is new counts.
    expect(judged({ edits: { ann: 25 } }, judgement).refusals).toEqual([])
  })

  test('of new contacts are none, and what has lost to another’s is not its loser’s', () => {
    expect(judged({ own: { ann: 4 } }, judge(editing(0))).refusals).toEqual([])
    const both = judged({ edits: { hub: 3, ann: 3 } }, judge(editing(2)))
    expect(both.refusals).toMatchObject([{ replica: 'hub', reason: 'Updates' }])
  })

  test('are approved by name, and do not use up the window then', () => {
    const { refusals } = judged({ edits: { ann: 26 } }, judge(editing(25)))
    const approved = new Set([hashOf(refusals)])
    const approving = judged({ edits: { ann: 26 } }, judge({ ...editing(25), approved }))
    expect([approving.refusals, approving.plan.steps.length]).toEqual([[], 26])
    expect(causedBy(approving, roles)).toEqual(
      new Map([[ann, { ...effects({}), approved: effects({ updates: linkIds(0, 26).sort() }) }]]),
    )
    const more = judged({ edits: { ann: 27 } }, judge({ ...editing(25), approved }))
    expect(more.refusals).toMatchObject([{ count: 27 }])
    const others = judged({ edits: { ann: 26 }, from: 1 }, judge({ ...editing(25), approved }))
    expect(others.refusals).toHaveLength(1)
  })

  test('that were not refused are what the replica caused', () => {
    const caused = causedBy(judged({ edits: { ann: 2 } }, judge(editing(25))), roles)
    expect(caused).toEqual(new Map([[ann, effects({ updates: linkIds(0, 2) })]]))
  })

  test('above the server’s ceiling are approved on the server only', () => {
    const ceiling = { limits: editing(10).limits, approved: new Set<string>() }
    const scene = { edits: { ann: 11 } }
    const { refusals } = judged(scene, judge({ ...editing(25), ceiling }))
    expect(refusals).toMatchObject([{ reason: 'Updates', limit: 10, above: true }])
    const approved = new Set([hashOf(refusals)])
    expect(judged(scene, judge({ ...editing(25), ceiling, approved })).refusals).toHaveLength(1)
    const above = { ...ceiling, approved }
    expect(judged(scene, judge({ ...editing(25), ceiling: above })).refusals).toEqual([])
  })
})

describe('the floor', () => {
  const few = (deletions: Readonly<{ maxPercent: number; maxCount: number }>, minCount = 5) => ({
    limits: { ...free, deletions, minCount },
    items: 10,
  })
  const deleting = (ann: number, more: Partial<Judgement>) =>
    judged({ gone: { ann }, most: more.items ?? 100 }, judge(more)).refusals

  test.each([
    ['lifts the percentage of deletions', { maxPercent: 10, maxCount: 50 }, 5, 5],
    ['leaves a larger percentage as it is', { maxPercent: 70, maxCount: 50 }, 5, 7],
    ['leaves maxCount as it is', { maxPercent: 10, maxCount: 3 }, 5, 3],
    ['leaves 0 percent as it is', { maxPercent: 0, maxCount: 50 }, 5, 0],
    ['leaves a count of 0 as it is', { maxPercent: 10, maxCount: 0 }, 5, 0],
    ['of 0 is none', { maxPercent: 10, maxCount: 50 }, 0, 1],
  ])('%s', (_, deletions, minCount, limit) => {
    expect(deleting(limit, few(deletions, minCount))).toEqual([])
    expect(deleting(limit + 1, few(deletions, minCount))).toMatchObject([{ limit }])
  })

  test('lifts the percentage of edits', () => {
    const judgement = judge({ ...editing(1, 500, 5) })
    expect(judged({ edits: { ann: 5 } }, judgement).refusals).toEqual([])
    expect(judged({ edits: { ann: 6 } }, judgement).refusals).toMatchObject([{ limit: 5 }])
    expect(judged({ edits: { ann: 1 } }, judge(editing(0, 500, 5))).refusals).toHaveLength(1)
    expect(judged({ edits: { ann: 4 } }, judge(editing(1, 3, 5))).refusals).toHaveLength(1)
  })

  test('does not let the last contacts go, unless all may be deleted', () => {
    const five = { ...few({ maxPercent: 10, maxCount: 50 }), items: 5 }
    expect(deleting(4, five)).toEqual([])
    expect(deleting(5, five)).toMatchObject([{ reason: 'Deletions', count: 5, limit: 4 }])
    expect(deleting(1, { ...five, items: 1 })).toMatchObject([{ count: 1, limit: 0 }])
    const all = { ...few({ maxPercent: 100, maxCount: 50 }), items: 5 }
    expect(deleting(5, all)).toEqual([])
    expect(deleting(5, { ...few({ maxPercent: 100, maxCount: 4 }), items: 5 })).toHaveLength(1)
    // By two hands in one pass as well; what both have deleted is each one's.
    const two = (bob: number, from: number) =>
      judged({ gone: { ann: 2, bob }, goneFrom: { bob: from }, most: 5 }, judge(five)).refusals
    expect(two(2, 2)).toEqual([])
    expect(two(3, 2).map(({ replica }) => replica)).toEqual(['ann', 'bob'])
    expect(two(3, 1)).toEqual([])
    // One by one comes to the same.
    const rest = { ...five, items: 1, ...causing({ deletions: 4 }) }
    expect(deleting(1, rest)).toMatchObject([{ count: 5, limit: 4 }])
  })
})

describe('what is asked for from the bin', () => {
  const named = (more: Partial<Judgement> = {}) => judge({ ...editing(25), ...more })

  test('is limited as the bin’s edits, waits by itself, and creates nothing meanwhile', () => {
    expect(judged({ wanted: 20, deletedWanted: 5 }, named()).refusals).toEqual([])
    const { plan, refusals } = judged(
      { wanted: 20, deletedWanted: 6, edits: { bob: 1 }, from: 50 },
      named(),
    )
    expect(refusals).toMatchObject([{ replica: restorer, reason: 'Updates', count: 26, limit: 25 }])
    expect(plan.steps.map(({ link }) => link.id)).toEqual(['link-50'])
  })

  test('stays pending while it is set aside, and only then', () => {
    const asked = { n: 7, link: 'ended-0' as LinkId, replica: ann, item: {}, ...back }
    const wanted = { wanted: [asked], barred: [] }
    const many = judged({ wanted: 26 }, named())
    expect(restoredBy(wanted, many, rules)).toEqual([])
    const fine = judged({ wanted: 25, edits: { bob: 26 }, from: 30 }, named())
    expect(fine.refusals).toMatchObject([{ replica: 'bob' }])
    expect(restoredBy(wanted, fine, rules)).toEqual([{ n: 7, result: 'Restored' }])
  })

  test('counts within the window, and not against those whose version it is', () => {
    const caused = new Map([[restorer, effects({ updates: linkIds(0, 20) })]])
    expect(judged({ wanted: 26 }, named({ caused })).refusals).toMatchObject([{ count: 26 }])
    expect(causedBy(judged({ wanted: 3 }, named()), roles)).toEqual(
      new Map([[restorer, effects({ updates: linkIds(0, 3) })]]),
    )
  })

  test('is approved by name', () => {
    const { refusals } = judged({ wanted: 20, deletedWanted: 6 }, named())
    const approved = new Set([hashOf(refusals)])
    const { plan, refusals: none } = judged({ wanted: 20, deletedWanted: 6 }, named({ approved }))
    expect([none, plan.steps.length]).toEqual([[], 26])
  })

  test('is free where the whole plan was seen and confirmed', () => {
    const { plan, refusals } = judged({ wanted: 40, confirmed: true }, named())
    expect([refusals, plan.steps.length]).toEqual([[], 40])
    expect(causedBy(judged({ wanted: 40, confirmed: true }, named()), roles)).toEqual(new Map())
  })
})
