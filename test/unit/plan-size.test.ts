// The ceiling of a SyncPlan: a plan above it is refused while it is counted, one below it is made, and all of it gives way to other work.
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { guarded, type Judgement } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { freshLink, type Observation, type Role } from '../../controller/core/model.ts'
import { rowsOf } from '../../controller/core/rows.ts'
import { finished } from '../../controller/core/work.ts'
import { breathing } from '../../controller/sync/breathe.ts'
import type { ForecastLine } from '../../controller/sync/forecast.ts'
import { summarising, summaryOf } from '../../controller/sync/plan-summary.ts'
import { Turns } from '../../controller/sync/turns.ts'
import { free } from '../support/limits.ts'

const group = 'ns/g' as GroupId
const hub = 'hub:/Company' as ReplicaId
const judgement: Judgement = {
  ...{ limits: free, items: 0, caused: new Map(), approved: new Set<string>(), epoch: 0 },
}
const memberIds = Array.from({ length: 20 }, (_, n) => `m${n}` as ReplicaId)
const roles = [hub, ...memberIds].map((id): Role => {
  return { id, hub: id === hub, writes: true, receives: true, drift: 'Revert', private: 'Skip' }
})
const found = Array.from({ length: 30 }, (_, n) => ({
  ...{ id: `h${n}` as ItemId, version: 'v2' as Version, item: { GivenName: `Ola${n}` } },
}))
const seen = (changed: typeof found): Observation => ({ state: 'seen', changed, gone: [] })
const observations = new Map(roles.map(({ id }) => [id, seen(id === hub ? found : [])]))
const rules = { group, type: contact, roles, policy: 'HubWins' } as const

/** The links of the items, which all members have with other content. */
const links = found.map(({ id }, n) => ({
  ...freshLink(`link-${n}` as LinkId),
  ...{ revision: 1, agreed: { GivenName: 'Ewa' }, bases: new Map([[1, { GivenName: 'Ewa' }]]) },
  copies: new Map(
    roles.map((role) => [
      role.id,
      {
        id: role.id === hub ? id : (`${role.id}-${n}` as ItemId),
        ...{ version: 'v1' as Version, revision: 1, shown: {} },
      },
    ]),
  ),
}))

describe.each([
  ['creates', []],
  ['updates', links],
])('a plan of 600 %s', (_what, known) => {
  const plan = (actionsMax?: number) =>
    finished(guarded({ ...rules, actionsMax }, { links: known, observations }, judgement)).plan

  test('is made up to its ceiling, and without one', () => {
    for (const max of [600, undefined])
      expect(plan(max).steps.flatMap(({ actions }) => actions)).toHaveLength(600)
  })

  test('is refused above it, with the remedy', () => {
    expect(() => plan(599)).toThrow(
      expect.objectContaining({ kind: 'terminal', code: 'PlanTooLarge' }),
    )
    expect(() => plan(599)).toThrow(/more than 599 changes.*fewer new members.*--state/)
  })
})

test('a first sync above the ceiling is refused while its rows are made, by its actions and its copies', () => {
  const rows = (actionsMax: number, of = roles) =>
    finished(rowsOf({ ...rules, roles: of, actionsMax }, { links: [], observations })).length
  expect(rows(600)).toBe(30)
  expect(() => rows(599)).toThrow(/599 changes/)
  // Members that receive nothing are compared, too.
  const silent = roles.map((role) => ({ ...role, receives: role.hub }))
  expect(rows(160, silent)).toBe(30)
  expect(() => rows(140, silent)).toThrow(/560 copies/)
})

test('a summary gives way, and is the same as at once', async () => {
  const lines = Array.from({ length: 500 }, (_, n): ForecastLine => {
    return { link: `l${n}`, fields: ['Phone', 'Notes'] }
  })
  const none = { create: [], delete: [], keep: [] }
  const replicas = memberIds.map((replica) => ({ ...none, replica, update: lines }))
  const forecast = { group, problems: [], replicas }
  let [turns, isOver] = [0, false]
  const watched = (async () => {
    for (; !isOver; turns += 1) await turn()
  })()
  const summary = await breathing(summarising(forecast))
  isOver = true
  await watched
  expect(summary).toEqual(summaryOf(forecast))
  expect(summary.totals.update).toBe(10_000)
  expect(turns).toBeGreaterThan(10)
})

test('large plans are made one at a time, also when one gives up', async () => {
  const turns = new Turns()
  const order: string[] = []
  const [stays, leaves] = [new AbortController().signal, new AbortController()]
  const { promise: first, resolve: end } = Promise.withResolvers<void>()
  const one = turns.run(() => first, stays)
  const two = turns.run(async () => void order.push('two'), leaves.signal)
  const three = turns.run(async () => void order.push('three'), stays)
  leaves.abort(new Error('gone'))
  await expect(two).rejects.toThrow('gone')
  await turn()
  expect(order).toEqual([])
  end()
  await Promise.all([one, three])
  expect(order).toEqual(['three'])
})
