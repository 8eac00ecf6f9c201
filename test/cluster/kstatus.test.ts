// Programs that know nothing of us read our statuses as they are meant: Helm waits with kstatus, a Go library, and
// kubectl waits for conditions. health.test.ts has every reason.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { groupOf, type Resource, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { Json } from './control-plane.ts'
import { Cluster } from './fixture.ts'
import { groupsOf, worldOf } from './many.ts'

let cluster: Cluster
let exchange: Exchange

beforeAll(async () => {
  exchange = await startExchange(worldOf(1))
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  await cluster.controller()
})
afterEach(() => cluster.lint())
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

/** Installs the resources as a release, and waits for them as Helm does. */
async function released(name: string, resources: readonly Resource[], timeout = '60s') {
  const folder = join(cluster.folder(), name)
  mkdirSync(join(folder, 'templates'), { recursive: true })
  const chart = { apiVersion: 'v2', name, version: '0.1.0' }
  writeFileSync(join(folder, 'Chart.yaml'), stringify(chart))
  const text = resources.map((each) => stringify(each)).join('---\n')
  writeFileSync(join(folder, 'templates', 'all.yaml'), text)
  const wait = ['--wait=watcher', `--timeout=${timeout}`]
  return cluster.helm('upgrade', '--install', name, folder, '-n', 'sales', ...wait)
}

test('Helm waits until the group is current, and an upgrade until it is again', async () => {
  const resources = groupsOf(exchange, 0, 1, { interval: '1s' })
  const first = await released('current', resources)
  expect([first.code, first.stderr]).toEqual([0, expect.anything()])
  const group = await cluster.get('sg', 'group-000')
  expect(group.status).toMatchObject({ observedGeneration: 1, items: 2 })
  const second = await released('current', groupsOf(exchange, 0, 1, { conflicts: 'KeepBoth' }))
  expect(second.code).toBe(0)
  const { metadata, status } = await cluster.get('sg', 'group-000')
  expect([metadata.generation, status.observedGeneration]).toEqual([2, 2])
})

test('Helm gives up on a group that waits for a person, at once', async () => {
  const hub = { publicFolder: '/Company/Nowhere' }
  const lost = groupOf({ name: 'lost', members: [], spec: { hub, serverRef: { name: 'corp' } } })
  const beganMs = Date.now()
  const { code, stderr } = await released('stalled', [lost], '60s')
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/lost.*Failed|Failed.*lost/s)
  expect(Date.now() - beganMs).toBeLessThan(45_000)
  const kstatus = (await cluster.get('sg', 'lost')).status.conditions.map(
    ({ type, status }: { type: string; status: string }) => `${type}=${status}`,
  )
  expect(kstatus.sort()).toEqual(['Ready=False', 'Stalled=True'])
})

test('kubectl waits for the generation that was applied, not for the one before', async () => {
  await cluster.patch('sg', 'group-000', { spec: { interval: '2s' } })
  const generation = (await cluster.get('sg', 'group-000')).metadata.generation
  await cluster.kubectl(
    'wait',
    '--for=condition=Ready',
    '--timeout=60s',
    '-n',
    'sales',
    'sg/group-000',
  )
  expect((await cluster.get('sg', 'group-000')).status.observedGeneration).toBe(generation)
})

const conditionsOf = async (name: string) =>
  (await cluster.get('sg', name)).status.conditions
    .map(({ type, status, reason }: Json) => `${type}=${status} ${reason}`)
    .sort()

test('Helm gives up on one wrong mailbox at once, and the corrected group follows at once', async () => {
  const [secret, server, group] = groupsOf(exchange, 0, 1, { interval: '2s' })
  const spec = (group as Json).spec
  const wrong = { ...spec, members: [...spec.members, { mailbox: 'nobody@corp.example' }] }
  const beganMs = Date.now()
  const first = await released('current', [secret, server, { ...group, spec: wrong }] as Resource[])
  expect(first.code).not.toBe(0)
  expect(Date.now() - beganMs).toBeLessThan(45_000)
  const reason = 'NonExistentMailbox'
  expect(await conditionsOf('group-000')).toEqual([
    `Ready=False ${reason}`,
    `Stalled=True ${reason}`,
  ])
  const { conditions } = (await cluster.get('sg', 'group-000')).status
  const stalled = conditions.find(({ type }: Json) => type === 'Stalled')
  expect(stalled.message).toMatch(/^waits for a person: nobody@corp\.example/)
  const second = await released('current', groupsOf(exchange, 0, 1, { interval: '2s' }))
  expect(second.code).toBe(0)
})

test('what is suspended stays Ready, for Helm and for kubectl, with its new generation', async () => {
  const idle = groupsOf(exchange, 0, 1, { interval: '2s', suspend: true })
  const { code } = await released('current', idle)
  expect(code).toBe(0)
  await cluster.patch('exs', 'corp', { spec: { suspend: true } })
  for (const name of ['sg/group-000', 'exs/corp']) {
    const wait = ['--for=condition=Ready', '--timeout=30s', '-n', 'sales', name]
    await cluster.kubectl('wait', ...wait)
    const [what = '', id = ''] = name.split('/')
    const { metadata, status } = await cluster.get(what, id)
    expect(status.observedGeneration).toBe(metadata.generation)
    expect(status.conditions).toMatchObject([
      { reason: 'Succeeded', observedGeneration: metadata.generation },
    ])
  }
  await cluster.patch('exs', 'corp', { spec: { suspend: false } })
})

test('what is suspended from the first is Unknown', async () => {
  const hub = { publicFolder: '/Company/Nowhere' }
  const spec = { hub, suspend: true, serverRef: { name: 'corp' } }
  const account = secretOf('later', { username: 'sync', password: 'x' })
  const auth = { type: 'Basic', secretRef: { name: 'later' } }
  await cluster.apply([
    groupOf({ name: 'later', members: [], spec }),
    account,
    {
      ...serverOf(exchange.url, { auth, suspend: true }),
      metadata: { name: 'later', namespace: 'sales' },
    },
  ])
  await cluster.waitForReason('Suspended', 'later')
  await cluster.waitForReason('Suspended', 'later', 'exs')
  expect(await conditionsOf('later')).toEqual(['Ready=Unknown Suspended'])
})

test('a server that cannot be reached is not ready, and a typing error in a Secret is told', async () => {
  const named = (name: string, url: string, spec: Resource = {}) => ({
    ...serverOf(url, spec),
    metadata: { name, namespace: 'sales' },
  })
  const misspelt = secretOf('misspelt', { user: 'sync', password: 'x' })
  const auth = { type: 'Basic', secretRef: { name: 'misspelt' } }
  await cluster.apply([
    named('nobody', 'http://127.0.0.1:9/EWS/Exchange.asmx'),
    misspelt,
    named('empty', exchange.url, { auth }),
  ])
  await cluster.waitForReason('Unreachable', 'nobody', 'exs')
  await cluster.waitForReason('SecretNotFound', 'empty', 'exs')
})
