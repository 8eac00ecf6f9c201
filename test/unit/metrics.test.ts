// The metrics: those of a resource end with it, also when a probe or a request for it is still under way; counters count; and
// the table that rules and dashboards are checked with has the metrics that there are.
import { expect, onTestFinished, test } from 'vitest'
import type { Result } from '../../controller/api/group-status.ts'
import type { Report } from '../../controller/api/report.ts'
import type { ExchangeServer } from '../../controller/api/resources.generated.ts'
import { namesIn } from '../../controller/api/topology.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import { ChangeSignal } from '../../controller/sync/change-signal.ts'
import type { DeclaredServer } from '../../controller/sync/ports/servers.ts'
import { ServerController } from '../../controller/sync/server-controller.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { ExchangeMetrics } from '../../controller/telemetry/exchange-metrics.ts'
import { ResourceMetrics } from '../../controller/telemetry/group-metrics.ts'
import { logger } from '../../controller/telemetry/log.ts'
import { Metrics } from '../../controller/telemetry/metrics.ts'
import { ProgressMetrics } from '../../controller/telemetry/progress.ts'
import { metrics as known } from '../chart/metrics.ts'
import { agreement, commit, deleted } from '../conformance/changes.ts'
import { serverOf } from '../e2e/support.ts'
import { calm, Hand } from '../support/clock.ts'
import { directory } from '../support/state.ts'

const clients = { namespace: 'sales', name: 'clients' }
const passed = (more: Partial<Report> = {}): Result => ({
  kind: 'passed',
  recent: [],
  report: {
    ...{ startMs: 0, durationMs: 1, items: 3, created: 1, updated: 2, deleted: 3, kept: 4 },
    ...{ problems: [], refusals: [], unfinished: false },
    conflicts: { total: 0, lastMs: undefined },
    members: { total: 1, current: 1, behind: 0, unreachable: 0 },
    ...more,
  },
})

function measured() {
  const metrics = new Metrics(() => 0, '0')
  const resources = new ResourceMetrics(
    metrics,
    () => 0,
    () => [],
  )
  const about = async (name: string) =>
    (await metrics.text()).split('\n').filter((line) => line.includes(`"${name}"`))
  const figure = async (start: string) => {
    const line = (await metrics.text()).split('\n').find((each) => each.startsWith(start))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  return { metrics, resources, about, figure }
}

// A controller of servers whose probes and reports end when the test says so.
async function probing() {
  const { resources, about } = measured()
  const clock = new Hand()
  const changes = new ChangeSignal()
  const gates: { probe: PromiseWithResolvers<string>; report: PromiseWithResolvers<void> } = {
    probe: Promise.withResolvers(),
    report: Promise.withResolvers(),
  }
  let servers: readonly DeclaredServer[] = []
  const controller = new ServerController({
    clock,
    declarations: {
      servers: async () => {
        changes.clear()
        return servers
      },
      changed: (signal) => changes.changed(signal),
      report: () => gates.report.promise,
    },
    servers: new Servers(clock, { leastMs: 1, mostMs: 1 }),
    probe: () => gates.probe.promise,
    jitter: (ms) => ms,
    discreet: false,
    onProbed: ({ server, result, status, tookMs }) =>
      resources.server(
        namesIn(`${server.metadata.namespace}/${server.metadata.name}`),
        result,
        status.conditions ?? [],
        tookMs,
      ),
    onGone: (id) => resources.forget('ExchangeServer', namesIn(id)),
  })
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  void controller.run(stop.signal)
  const declare = async (...now: readonly DeclaredServer[]) => {
    servers = now
    changes.notify()
    await calm()
  }
  return { declare, gates, about }
}

const declared = (fingerprint: string): DeclaredServer => {
  const spec = { url: 'https://mail.corp.example/', interval: '1m', suspend: false }
  const server = serverOf(spec.url, spec) as unknown as ExchangeServer
  const access = { state: 'ready', server, credentials: {}, ca: undefined } as unknown
  return {
    ...{ id: 'sales/corp', server, broken: undefined, fingerprint },
    access: access as DeclaredServer['access'],
  }
}

test.each(['probe', 'report'] as const)(
  'a server that is deleted during its %s leaves no metrics',
  async (what) => {
    const { declare, gates, about } = await probing()
    if (what === 'report')
      gates.probe.reject(new SyncError('terminal', 'AuthenticationFailed', 'a wrong password'))
    else gates.report.resolve()
    await declare(declared('a'))
    await declare()
    if (what === 'report') gates.report.resolve()
    else gates.probe.reject(new SyncError('terminal', 'AuthenticationFailed', 'a wrong password'))
    await calm()
    expect(await about('corp')).toEqual([])
    // The same name again has metrics again.
    await declare(declared('b'))
    expect((await about('corp')).length).toBeGreaterThan(0)
  },
)

test('a request for a deleted server has no series of its own', async () => {
  const { metrics, about } = measured()
  const exchange = new ExchangeMetrics(metrics)
  exchange.asked('sales/corp', 'GetItem', 'ok', 1)
  exchange.keep(new Set(['sales/corp', 'sales/other']))
  exchange.asked('sales/corp', 'GetItem', 'ErrorServerBusy', 1)
  exchange.asked('sales/other', 'GetItem', 'ok', 1)
  expect((await about('sales/corp')).length).toBeGreaterThan(2)
  exchange.keep(new Set(['sales/other']))
  exchange.asked('sales/corp', 'GetItem', 'ok', 1)
  expect(await about('sales/corp')).toEqual([])
  expect((await about('sales/other')).length).toBeGreaterThan(1)
  expect(await metrics.text()).toContain(
    'exsync_ews_requests_total{server="",operation="GetItem",result="ok"} 1',
  )
})

test('conflicts and copies are counted, conflicts on from the state’s total, and all of a group ends with it', async () => {
  const { resources, about, figure } = measured()
  const conflicts = () => figure('exsync_group_conflicts_total{namespace="sales",name="clients"}')
  const copies = (change: string) =>
    figure(`exsync_group_copies_total{namespace="sales",name="clients",change="${change}"}`)
  const total = (count: number) => ({ conflicts: { total: count, lastMs: undefined } })
  for (const count of [5, 5, 7]) resources.group(clients, passed(total(count)), [], 1)
  expect(await conflicts()).toBe(7)
  expect(await Promise.all(['created', 'updated', 'deleted', 'kept'].map(copies))).toEqual([
    ...[3, 6, 9, 12],
  ])
  resources.group(clients, passed(total(2)), [], 1)
  expect(await conflicts(), 'another state').toBe(2)
  resources.forget('SyncGroup', clients)
  expect(await about('clients')).toEqual([])
  resources.group(clients, passed(total(1)), [], 1)
  expect(await conflicts(), 'a new group of the name').toBe(1)
})

test('the state shows its sizes with their limits, and nothing once it cannot be read', async () => {
  const { metrics, figure } = measured()
  const state = stateOver(openState(directory(), { binMaxBytes: 1_000 }))
  const baseline = state.baseline('sales/clients' as GroupId)
  await commit(baseline, { agreements: [agreement('one')], kept: [deleted({ GivenName: 'Anna' })] })
  metrics.measureState(() => state.sizes())
  const sizes = await state.sizes()
  expect(await figure('exsync_state_bytes{part="bin"}')).toBe(sizes.bin.bytes)
  expect(sizes.bin.bytes).toBeGreaterThan(1)
  expect(await figure('exsync_state_limit_bytes{part="bin"}')).toBe(1_000)
  expect(await figure('exsync_state_limit_bytes{part="history"}')).toBe(500)
  expect(await figure('exsync_state_bytes{part="files"}')).toBeGreaterThan(1_000)
  await state.close()
  expect(await figure('exsync_state_bytes{part="bin"}')).toBeUndefined()
  expect(await figure('exsync_state_limit_bytes{part="bin"}')).toBeUndefined()
})

test('rules and dashboards are checked against the metrics that there are', () => {
  const { metrics } = measured()
  new ExchangeMetrics(metrics)
  new ProgressMetrics(metrics, logger('silent'))
  metrics.measureState(() => Promise.reject(new Error('none')))
  const there = metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => !/^(process|nodejs)_/.test(name))
    .map((metric) => {
      const { name, labelNames = [] } = metric as typeof metric & { labelNames?: string[] }
      return [name, [...labelNames].sort()] as const
    })
  const named = Object.entries(known).map(([name, labels]) => [name, [...labels].sort()] as const)
  expect(Object.fromEntries(there)).toEqual(Object.fromEntries(named))
})
