// The brake: what one replica may cause, and what an approval covers.
import { expect, test } from 'vitest'
import { contact } from '../../controller/core/contact.ts'
import { guarded, hashOf, type Judgement } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Copy, Link, Observation, Role } from '../../controller/core/link.ts'

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

const limits = { deletions: { maxPercent: 10, maxCount: 50 }, publications: { maxCount: 3 } }
const judge = (more: Partial<Judgement> = {}): Judgement => ({
  limits,
  items: 100,
  caused: new Map(),
  approved: new Set(),
  epoch: 0,
  ...more,
})

function judged(gone: Readonly<Record<string, number>>, published: number, judgement = judge()) {
  const observations = new Map<ReplicaId, Observation>(
    ids.map((id) => [
      id,
      {
        state: 'seen',
        gone: Array.from({ length: gone[id] ?? 0 }, (_, index) => `${id}/${index}` as ItemId),
        changed:
          id !== 'ann'
            ? []
            : Array.from({ length: published }, (_, index) => ({
                id: `ann/new-${index}` as ItemId,
                version: 'v' as Version,
                item: { GivenName: `Own ${index}` },
              })),
      },
    ]),
  )
  const view = { group: 'ns/g' as GroupId, type: contact, roles, links, observations }
  return guarded({ type: contact, roles, policy: 'HubWins' }, view, judgement)
}

test('a few deletes pass', () => {
  const { plan, refusals } = judged({ ann: 10 }, 0)
  expect([refusals, plan.steps.length]).toEqual([[], 10])
})

test('a mass delete sets its replica aside, and the others go on', () => {
  const { plan, refusals } = judged({ ann: 11, bob: 2 }, 0)
  expect(refusals).toMatchObject([{ replica: 'ann', reason: 'Deletions', count: 11, limit: 10 }])
  expect(plan.steps).toHaveLength(2)
  expect(plan.steps.flatMap(({ actions }) => actions.map(({ replica }) => replica))).not.toContain(
    'ann',
  )
})

test('an emptied hub empties nobody', () => {
  const { plan, refusals } = judged({ hub: 100 }, 0)
  expect(refusals).toMatchObject([{ replica: 'hub', count: 100 }])
  expect(plan.steps).toEqual([])
})

test('what was caused within the window counts', () => {
  const caused = new Map([['ann' as ReplicaId, { deletions: 8, publications: 0 }]])
  expect(judged({ ann: 3 }, 0, judge({ caused })).refusals).toMatchObject([
    { count: 11, limit: 10 },
  ])
})

test('somebody’s private address book does not become the company’s', () => {
  const { plan, refusals } = judged({}, 4)
  expect(refusals).toMatchObject([{ replica: 'ann', reason: 'Publications', count: 4, limit: 3 }])
  expect(plan.steps).toEqual([])
})

test('zero forbids, and one hundred percent of a small group is rounded up', () => {
  const none = { ...limits, deletions: { maxPercent: 0, maxCount: 50 } }
  expect(judged({ ann: 1 }, 0, judge({ limits: none })).refusals).toHaveLength(1)
  expect(judged({ ann: 1 }, 0, judge({ items: 5 })).refusals).toEqual([])
})

test('an approval covers exactly what was shown, and no more', () => {
  const { refusals } = judged({ ann: 11 }, 0)
  const approved = new Set([hashOf(refusals)])
  expect(judged({ ann: 11 }, 0, judge({ approved })).plan.steps).toHaveLength(11)
  expect(judged({ ann: 12 }, 0, judge({ approved })).refusals).toHaveLength(1)
})

test('two that are set aside have one name, and it approves both', () => {
  const { refusals } = judged({ ann: 11, bob: 20 }, 0)
  expect(refusals).toHaveLength(2)
  const approved = new Set([hashOf(refusals)])
  expect(judged({ ann: 11, bob: 20 }, 0, judge({ approved })).refusals).toEqual([])
})
