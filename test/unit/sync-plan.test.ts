// A SyncPlan: the group that it proposes, its status, what a plan may ask of a server, and which answers are kept.
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { isChange, type PlanSummary } from '../../controller/api/plan-summary.ts'
import type {
  ExchangeServer,
  SyncGroup,
  SyncPlan,
} from '../../controller/api/resources.generated.ts'
import {
  expiryMs,
  isAnswered,
  planStatusOf,
  proposedGroup,
  summaryIn,
} from '../../controller/api/sync-plan.ts'
import { idOfGroup, participantsOf } from '../../controller/api/topology.ts'
import { configOf } from '../../controller/config.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import { forecastOfProposed } from '../../controller/sync/planning.ts'
import { surplusOf } from '../../controller/sync/plans.ts'
import type { Declared, Replica } from '../../controller/sync/ports.ts'
import { keyOfAccess, Servers } from '../../controller/sync/server-health.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { judgeOf } from '../../controller/validation/schemas.ts'
import { VirtualClock } from '../support/clock.ts'
import { accessesOf } from '../support/declaration.ts'

const apiVersion = 'exchangesync.dev/v1alpha1'
const nowMs = Date.parse('2026-01-02T03:04:05Z')
const groupText = {
  apiVersion,
  kind: 'SyncGroup',
  metadata: {
    name: 'g',
    namespace: 'sales',
    annotations: { 'exchangesync.dev/approve': 'abc', 'exchangesync.dev/forceAt': '1' },
  },
  spec: {
    serverRef: { name: 'corp' },
    hub: { publicFolder: '/A' },
    members: [{ mailbox: 'anna@corp.example' }],
  },
}
const serverText = {
  apiVersion,
  kind: 'ExchangeServer',
  metadata: {
    name: 'corp',
    namespace: 'sales',
    annotations: { 'exchangesync.dev/approve': 'abc' },
  },
  spec: {
    url: 'https://corp.example/',
    auth: { type: 'Basic', secretRef: { name: 's' } },
    allowed: { guard: { ceilings: { deletions: { maxCount: 1 } } } },
  },
}

function resources() {
  const text = [serverText, groupText].map((each) => stringify(each)).join('---\n')
  const { documents } = readResources([{ name: 'x', text }], { externalSecrets: true })
  const [server, group] = documents.map(({ resource }) => resource)
  return { server: server as ExchangeServer, group: group as SyncGroup }
}

function planOf(status?: SyncPlan['status'], ttl = '1h'): SyncPlan {
  return {
    apiVersion,
    kind: 'SyncPlan',
    metadata: { name: 'p', namespace: 'sales', uid: 'plan-uid', generation: 1 },
    spec: { ttl, syncGroup: { name: 'g', spec: resources().group.spec } },
    ...(status && { status }),
  }
}

test('the proposed group continues the group of its name, and nothing of it is approved or forced', () => {
  const { group } = resources()
  const creationTimestamp = new Date(0)
  const metadata = { ...group.metadata, uid: 'u', generation: 3, creationTimestamp }
  const existing = { ...group, metadata }
  const proposed = proposedGroup(planOf(), existing, nowMs)
  expect(proposed.metadata).toEqual({
    ...{ name: 'g', namespace: 'sales', uid: 'u', generation: 4, creationTimestamp },
  })
  const ending = { ...existing, metadata: { ...metadata, deletionTimestamp: new Date(1) } }
  for (const none of [undefined, ending])
    expect(proposedGroup(planOf(), none, nowMs).metadata).toEqual({
      ...{ name: 'g', namespace: 'sales', uid: 'plan-uid', generation: 1 },
      creationTimestamp: '2026-01-02T03:04:05Z',
    })
})

const many = Array.from({ length: 400 }, (_, n) => `member-${n}@corp.example`)
const summary: PlanSummary = {
  group: 'sales/g',
  problems: many.map((replica) => ({ replica, reason: 'ConnectionRefused', message: 'port 7' })),
  guard: {
    hash: 'secret-hash',
    refusals: [{ replica: 'hub', reason: 'Deletions', count: 9, limit: 1, hash: 'alone-hash' }],
  },
  totals: { create: 400, update: 0, delete: 0, keep: 0 },
  replicas: many.map((replica) => {
    return { replica: replica.repeat(20), create: 1, update: 0, delete: 0, keep: 0, fields: [] }
  }),
  changes: [{ kind: 'create', items: 1, replicas: many, replicaCount: 400, fields: [] }],
  ...{ joins: many, forgets: [], turns: [] },
  leaving: [{ replica: 'old@corp.example', copies: 2, waits: 'ConnectionRefused' }],
}
const about = { nowMs, discreet: false }

test('a status is bounded and valid, and approves nothing', () => {
  const status = planStatusOf(planOf(), { kind: 'planned', summary }, about)
  expect(judgeOf('SyncPlan')({ spec: planOf().spec, status })).toHaveProperty('status')
  expect(JSON.stringify(status).length).toBeLessThan(100_000)
  expect(JSON.stringify(status)).not.toMatch(/-hash/)
  expect(status.summary?.omitted).toMatchObject({ replicas: 300, joins: 350 })
  expect(status).toMatchObject({
    plannedAt: '2026-01-02T03:04:05Z',
    expiresAt: '2026-01-02T04:04:05Z',
    conditions: [{ type: 'Planned', status: 'True', reason: 'Succeeded' }],
  })
  const plan = planOf(status)
  expect([isAnswered(plan), expiryMs(plan, 0)]).toEqual([true, nowMs + 3_600_000])
  const back = summaryIn(plan)
  expect(back).toMatchObject({ group: 'sales/g', totals: summary.totals, guard: { hash: '' } })
  expect(back && isChange(back)).toBe(true)
})

test('one that may enter any host does not read why a server cannot be reached', () => {
  const discreet = { nowMs, discreet: true }
  const { summary: shown } = planStatusOf(planOf(), { kind: 'planned', summary }, discreet)
  expect(shown?.problems?.[0]).toMatchObject({ reason: 'Unreachable' })
  expect(shown?.leaving?.[0]).toMatchObject({ waits: 'Unreachable' })
  const error = new SyncError('transient', 'ConnectionRefused', 'port 7 is closed')
  const { conditions = [] } = planStatusOf(planOf(), { kind: 'refused', error }, discreet)
  expect(conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ['Planned', 'False', 'Unreachable'],
    ['Stalled', 'True', 'Unreachable'],
  ])
  expect(JSON.stringify([shown, conditions])).not.toContain('port 7')
})

test('a plan under way is not answered, and the time of its condition stays', () => {
  const first = planStatusOf(planOf(), { kind: 'planning' }, about)
  const plan = planOf(first)
  expect([isAnswered(plan), summaryIn(plan)]).toEqual([false, undefined])
  const later = planStatusOf(plan, { kind: 'planning' }, { ...about, nowMs: nowMs + 9_000 })
  expect(later).toEqual(first)
})

test('a namespace keeps its newest 50 answers, and none goes within a minute', () => {
  const plans = Array.from({ length: 60 }, (_, n) => {
    const plannedAt = new Date(nowMs - (n + 1) * 10_000).toISOString()
    const status = planStatusOf(planOf(), { kind: 'planned', summary }, about)
    const plan = planOf({ ...status, plannedAt })
    return { id: `${n < 55 ? 'sales' : 'other'}/p-${n}`, plan, broken: undefined }
  })
  expect([...surplusOf(plans, nowMs)]).toEqual([50, 51, 52, 53, 54].map((n) => `sales/p-${n}`))
  expect(surplusOf(plans, nowMs - 600_000).size).toBe(0)
})

/** A plan of the group over a replica that answers so; which replicas were made, and the circuits. */
function office(answer: () => Promise<never>) {
  const { server, group } = resources()
  const clock = new VirtualClock(nowMs)
  const servers = new Servers(clock, { leastMs: 1_000, mostMs: 900_000 })
  const access = accessesOf(group, [server], { username: 'u', password: 'p' })
  const made: Declared[] = []
  const declared: Declared = {
    ...{ id: idOfGroup(group), group, access, generation: 1, fingerprint: '' },
    ...{ invalid: undefined, previous: undefined },
  }
  const state = stateOver(openState(':memory:'))
  const paces: unknown[] = []
  const replicas: Environment['replicas'] = (of, _signal, pace) => {
    made.push(of)
    paces.push(pace?.behind)
    return participantsOf(of.group).all.map(
      ({ role, place }) => ({ role, place, observe: answer }) as unknown as Replica,
    )
  }
  const environment = {
    ...{ clock, servers, replicas, former: () => [] },
    baseline: (id: Declared['id']) => state.baseline(id),
  } as unknown as Environment
  const key = keyOfAccess(access.get('sales/corp') as Parameters<typeof keyOfAccess>[0]) ?? ''
  const { signal } = new AbortController()
  const plan = () =>
    forecastOfProposed({ declared, others: [], pending: false }, environment, signal)
  return { servers, key, made, paces, plan }
}

const refused = new SyncError('terminal', 'AuthenticationFailed', 'the password is refused')

test('a plan asks a server only while its circuit is closed, and opens it for a refused sign-in', async () => {
  const { servers, key, made, plan } = office(() => Promise.reject(refused))
  expect((await plan()).error).toMatchObject({ reason: 'Unreachable' })
  expect(made).toEqual([])
  servers.record(key, undefined)
  expect((await plan()).error).toMatchObject({ reason: 'AuthenticationFailed' })
  expect([made.length, servers.state(key)]).toEqual([1, 'open'])
  expect((await plan()).error).toMatchObject({ reason: 'AuthenticationFailed' })
  expect(made).toHaveLength(1)
})

test('an error that is no refusal does not open the circuit, and approvals of the server do not count', async () => {
  const busy = new SyncError('transient', 'ServerBusy', 'busy')
  const { servers, key, made, paces, plan } = office(() => Promise.reject(busy))
  servers.record(key, undefined)
  expect((await plan()).error).toMatchObject({ reason: 'ServerBusy' })
  expect(servers.state(key)).toBe('closed')
  expect(paces).toEqual([true])
  const [declared] = made
  expect(declared?.access.get('sales/corp')?.server?.metadata).not.toHaveProperty('annotations')
})

test('exsync plan asks a controller with a kubeconfig and files, and needs no state for that', () => {
  const request = (...args: string[]) => configOf(['plan', ...args], {}).request
  expect(request('--kubeconfig', 'k', '-n', 'sales', '-f', 'a.yaml', 'b.yaml')).toEqual({
    ...{ kubeconfig: 'k', context: undefined, namespace: 'sales' },
    ...{ files: ['a.yaml', 'b.yaml'], timeoutMs: 300_000 },
  })
  expect(request('--state', 's', '-f', 'a.yaml')).toBeUndefined()
  expect(() => request('--state', 's', '-f', 'a.yaml', '--timeout', '1m')).toThrow(/--timeout/)
})
