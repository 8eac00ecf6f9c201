// The parts of the runtime one by one, on a real API server: elections, Events, finalizers, a copy of resources.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { finalizer, kinds } from '../../controller/kube/kinds.ts'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Recorder } from '../../controller/kube/runtime/events.ts'
import { withFinalizer, withoutFinalizer } from '../../controller/kube/runtime/finalizer.ts'
import { Cluster as Way } from '../../controller/kube/runtime/kubeconfig.ts'
import { Election, type LeaseOptions } from '../../controller/kube/runtime/lease.ts'
import { Reflector } from '../../controller/kube/runtime/reflector.ts'
import { builtIn, type KubeObject } from '../../controller/kube/runtime/resource.ts'
import { groupOf, secretOf } from '../e2e/support.ts'
import { realClock } from '../support/clock.ts'
import { until } from './controller.ts'
import { Cluster, home } from './fixture.ts'

let cluster: Cluster
let admin: Client
const ways: Way[] = []
const { signal } = new AbortController()

beforeAll(async () => {
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  admin = clientOf(cluster.plane.admin)
})
afterAll(async () => {
  for (const way of ways) await way.close()
  await cluster?.[Symbol.asyncDispose]()
})

function clientOf(kubeconfig: string): Client {
  const way = new Way(kubeconfig)
  ways.push(way)
  return new Client(way, realClock, Math.random)
}

const candidate = (identity: string, more: Partial<LeaseOptions> = {}) =>
  new Election({
    ...{ client: admin, clock: realClock, chance: Math.random, namespace: home, identity },
    ...{ name: 'contested', durationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 200 },
    ...more,
  })

test('of several candidates one leads at a time, and each that ends lets the next one in', async () => {
  const leading = new Set<string>()
  let most = 0
  const numbers: number[] = []
  const one = async (identity: string) => {
    const term = await candidate(identity).win(signal)
    leading.add(identity)
    most = Math.max(most, leading.size)
    numbers.push(term.number)
    for (let n = 0; n < 5; n++) {
      expect(term.leads()).toBe(true)
      await delay(20)
    }
    leading.delete(identity)
    await term.release()
    expect(term.leads()).toBe(false)
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(one))
  expect(most).toBe(1)
  expect(numbers).toEqual([...numbers].sort((x, y) => x - y))
  expect(new Set(numbers).size).toBe(4)
})

test('whose Lease is taken away stops leading, and the next one’s term has a greater number', async () => {
  const first = await candidate('first', { name: 'stolen' }).win(signal)
  const waiting = candidate('second', { name: 'stolen' }).win(signal)
  const path = `/apis/coordination.k8s.io/v1/namespaces/${home}/leases/stolen`
  await until('it is stolen', async () => {
    const { body } = await cluster.plane.raw('GET', path)
    const spec = { ...body.spec, holderIdentity: 'thief', leaseTransitions: 99 }
    return (await cluster.plane.raw('PUT', path, { ...body, spec })).status === 200
  })
  await until('the first one has lost it', () => first.lost.aborted)
  expect(first.leads()).toBe(false)
  const second = await waiting
  expect(second.number).toBe(100)
  await second.release()
})

test('an Event that repeats is one Event with a series, and a flood is cut off', async () => {
  await cluster.apply([groupOf({ name: 'told', members: [] })])
  const group = await cluster.get('sg', 'told')
  const base = { client: admin, clock: realClock, controller: 'test', instance: 'test-0' }
  const recorder = new Recorder(base)
  for (let n = 0; n < 4; n++)
    await recorder.tell(group, { type: 'Normal', reason: 'Again', note: 'the same' }, signal)
  for (let n = 0; n < 40; n++)
    await recorder.tell(group, { type: 'Warning', reason: 'Flood', note: `number ${n}` }, signal)
  const { body } = await cluster.plane.raw('GET', '/apis/events.k8s.io/v1/namespaces/sales/events')
  const of = (reason: string) =>
    body.items.filter((each: { reason: string }) => each.reason === reason)
  expect(of('Again').map(({ series }: { series: { count: number } }) => series.count)).toEqual([4])
  expect(of('Flood').length).toBe(24)
  expect(await cluster.kubectl('describe', 'sg', 'told', '-n', 'sales')).toMatch(/Again.*the same/)
})

test('without the right to write Events nothing is told, and that is told once', async () => {
  await cluster.kubectl('create', 'serviceaccount', 'nobody', '-n', 'sales')
  const kubeconfig = join(cluster.folder(), 'nobody')
  writeFileSync(kubeconfig, cluster.plane.kubeconfig(await cluster.token('nobody', 'sales')))
  const said: string[] = []
  const recorder = new Recorder({
    ...{ client: clientOf(kubeconfig), clock: realClock, controller: 'test', instance: 'test-1' },
    onError: (message) => said.push(message),
  })
  const group = await cluster.get('sg', 'told')
  for (const note of ['one', 'two'])
    await recorder.tell(group, { type: 'Normal', reason: 'Unheard', note }, signal)
  expect(said.length).toBe(1)
})

test('a finalizer is added and taken away beside others’, whoever writes meanwhile', async () => {
  const before = await cluster.get('sg', 'told')
  await cluster.patch('sg', 'told', { metadata: { finalizers: ['example.com/other'] } })
  const held = await withFinalizer(admin, kinds.syncGroup, before, finalizer, signal)
  expect(held.metadata.finalizers).toEqual(['example.com/other', finalizer])
  await cluster.kubectl('annotate', 'sg', 'told', '-n', 'sales', 'example.com/more=1')
  const freed = await withoutFinalizer(admin, kinds.syncGroup, held, finalizer, signal)
  expect(freed?.metadata.finalizers).toEqual(['example.com/other'])
  await cluster.patch('sg', 'told', { metadata: { finalizers: [] } })
  await cluster.kubectl('delete', 'sg', 'told', '-n', 'sales')
  expect(await withoutFinalizer(admin, kinds.syncGroup, held, finalizer, signal)).toBeUndefined()
})

test('a copy of resources is what the server has, page by page and change by change', async () => {
  for (let from = 0; from < 1100; from += 50) {
    const some = Array.from({ length: 50 }, (_, n) => secretOf(`s${from + n}`, { k: 'v' }))
    await Promise.all(
      some.map((each) => cluster.plane.raw('POST', '/api/v1/namespaces/sales/secrets', each)),
    )
  }
  const changes: string[] = []
  const end = new AbortController()
  const reflector = new Reflector<KubeObject>({
    ...{
      client: admin,
      clock: realClock,
      chance: Math.random,
      kind: builtIn.secret,
      namespace: 'sales',
    },
    changed: (now, before) =>
      changes.push(
        `${before === undefined ? '' : '-'}${now?.metadata.name ?? before?.metadata.name}`,
      ),
  })
  void reflector.run(end.signal)
  await until('it is listed', () => reflector.synced)
  expect(reflector.values().length).toBe(1100)
  changes.length = 0
  await cluster.kubectl('delete', 'secret', 's0', '-n', 'sales')
  await cluster.apply([secretOf('s0', { k: 'w' })])
  await until('both are told', () => changes.length >= 2)
  expect(changes).toEqual(['-s0', 's0'])
  expect(reflector.get('sales/s0')).toMatchObject({ data: { k: 'dw==' } })
  expect(reflector.get('sales/s0')?.metadata.managedFields).toBeUndefined()
  end.abort()
})
