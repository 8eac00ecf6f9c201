// What a group may ask for at most: what is larger counts as the limit, and a group with too many members is refused.

import { expect, test } from 'vitest'
import { hubAccess } from '../../controller/api/references.ts'
import { Connections } from '../../controller/ews/connections.ts'
import type { Outgoing } from '../../controller/ews/network.ts'
import { openState } from '../../controller/store/state.ts'
import { cutsOf } from '../../controller/sync/ceilings.ts'
import type { Environment, Mode } from '../../controller/sync/environment.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { reconcile } from '../../controller/sync/reconcile.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { VirtualClock } from '../support/clock.ts'
import { accessesOf, hubOf } from '../support/declaration.ts'
import { groupOn } from './sign-in-office.ts'

const { signal } = new AbortController()
const url = 'http://127.0.0.1:9/EWS/Exchange.asmx'
const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
const ceilings = { passMs: 3_600_000, requestMs: 600_000, members: 10 }
const hangs = ({ signal: enough }: Outgoing) =>
  new Promise<never>((_, reject) =>
    enough.addEventListener('abort', () => reject(enough.reason), { once: true }),
  )

function siteOf(more: Partial<Environment> = {}) {
  const clock = new VirtualClock(0)
  const state = openState(':memory:')
  const said: string[] = []
  const site: Environment = {
    declarations: {
      groups: async () => [],
      changed: async () => {},
      hold: async () => {},
      report: async (_, { conditions = [] }) =>
        void said.push(...conditions.map((each) => `${each.type} ${each.reason}: ${each.message}`)),
      released: async () => {},
    },
    replicas: () => [],
    former: () => [],
    baseline: (group) => state.baseline(group),
    recent: async () => [],
    clock,
    servers: new Servers(clock, { leastMs: 1_000, mostMs: 1_000 }),
    onEnded: () => {},
    ceilings,
    ...more,
  }
  return { site, clock, said, state }
}

const withSpec = (declared: Declared, spec: object): Declared => ({
  ...declared,
  group: { ...declared.group, spec: { ...declared.group.spec, ...spec } },
})

test('a group with too many members is refused before anything is read, and nobody has left', async () => {
  const asked: string[] = []
  const note = () => {
    asked.push('replicas')
    return []
  }
  const { site, said, state } = siteOf({ replicas: note, former: note })
  const eleven = groupOn(url, 11)
  const { id } = eleven
  await state.baseline(id).commit({
    at: { timeMs: 0, pass: 'x' },
    writes: [
      {
        write: 'memories',
        memories: new Map([
          ['m1@corp.example:Contacts/company' as never, { checkpoint: {}, recheck: [] }],
        ]),
      },
    ],
  })
  expect(await reconcile(eleven, site, mode, signal)).toMatchObject({
    ready: false,
    result: { error: { code: 'TooManyMembers', kind: 'terminal' } },
  })
  expect(asked).toEqual([])
  expect((await state.baseline(id).memories()).size).toBe(1)
  expect(said[0]).toMatch(
    /^Ready TooManyMembers: nothing was changed: the group has 11 members, and may have 10: .*--max-members/,
  )
  expect(said[1]).toMatch(/^Stalled TooManyMembers/)
  await reconcile(groupOn(url, 10), site, mode, signal)
  expect(asked).toEqual(['replicas'])
})

test('what is larger than it may be counts as the limit, and the status says so', async () => {
  const declared = withSpec(groupOn(url, 1), { timeout: '5h' })
  const { server } = hubOf(declared)
  if (server === undefined) throw new Error('no server')
  const limits = { ...server.spec.limits, requestTimeout: '11m' }
  const patient = { ...server, spec: { ...server.spec, limits } }
  const login = { username: 'u', password: 'p' }
  const greedy = { ...declared, access: accessesOf(declared.group, [patient], login) }
  expect(cutsOf(groupOn(url, 1), ceilings)).toEqual([])
  expect(cutsOf(greedy, ceilings)).toEqual([
    'spec.timeout is 5h, and counts as 3600s, the limit of --max-pass-timeout',
    'spec.limits.requestTimeout of the ExchangeServer is 11m, and counts as 600s, the limit of --max-request-timeout',
  ])
  const { site, said } = siteOf()
  await reconcile(greedy, site, mode, signal)
  expect(said[0]).toMatch(/^Ready Succeeded: .*; spec.timeout is 5h, .*; spec.limits/)
})

test('a request takes no longer than the limit, whatever its server declares', async () => {
  const clock = new VirtualClock(0)
  const network = () => ({ send: hangs, close: async () => {} })
  const connections = new Connections(clock, { network, requestMaxMs: 2_000 })
  const asked = connections.probe(hubAccess(groupOn(url, 1)), false, signal)
  await expect(clock.until(asked)).rejects.toMatchObject({ code: 'RequestTimeout' })
  expect(clock.now()).toBe(2_000)
})

test('a pass that takes twice the longest time is given up', async () => {
  const { site, clock, said } = siteOf({
    replicas: (_declared, until) => [
      {
        role: { id: 'hub:/Company', hub: true } as never,
        observe: () => hangs({ signal: until } as Outgoing),
      } as never,
    ],
  })
  const done = await clock.until(reconcile(groupOn(url, 1), site, mode, signal))
  expect(done.result).toMatchObject({ kind: 'failed', error: { code: 'PassTimeout' } })
  expect(clock.now()).toBe(2 * ceilings.passMs)
  expect(said[0]).toMatch(/^Ready PassTimeout: the pass took twice as long as --max-pass-timeout/)
})
