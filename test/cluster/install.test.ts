// The story of an administrator: Helm, kubectl apply, a colleague who edits, an upgrade, an end.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { parseWorld } from '../exchange/world.ts'
import type { Json } from './control-plane.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, home, readyOf, release } from './fixture.ts'

const world = parseWorld(
  `
domain: corp.example
users:
  - { mailbox: anna@corp.example, password: anna-secret, folders: { Contacts: 3 } }
  - { mailbox: jan@corp.example, password: jan-secret }
  - { mailbox: sync@corp.example, password: sync-secret, impersonates: all }
publicFolders:
  - { path: /Company/Contacts, permissions: { sync@corp.example: PublishingEditor }, contacts: 20, seed: 7 }
`,
  'world.yaml',
)

let cluster: Cluster
let exchange: Exchange
let controller: Controller

beforeAll(async () => {
  exchange = await startExchange(world)
  cluster = await Cluster.start()
  controller = await cluster.controller()
  await cluster.kubectl('create', 'namespace', 'sales')
})
afterEach(() => cluster.lint())
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

const members = [
  { mailbox: 'anna@corp.example' },
  { mailbox: 'jan@corp.example', direction: 'OneWay' },
]
const account = secretOf('account', { username: 'sync@corp.example', password: 'sync-secret' })

/** Waits until `kubectl describe` tells it: Events come a moment after the status. */
function told(what: RegExp): Promise<void> {
  return until(`an event that says ${what}`, async () =>
    what.test(await cluster.kubectl('describe', 'sg', 'company-contacts', '-n', 'sales')),
  )
}

/** Waits for an Event about a group, which may be gone. */
function noted(about: string, reason: string, what: string): Promise<void> {
  return until(`an event ${reason} about ${about}`, async () => {
    const out = await cluster.kubectl('get', 'events.events.k8s.io', '-n', 'sales', '-o', 'json')
    const { items } = JSON.parse(out) as { items: readonly Json[] }
    return items.some(
      ({ regarding, reason: said, note }) =>
        regarding.name === about && said === reason && note.includes(what),
    )
  })
}

test('what is applied becomes Ready, and kubectl shows it', async () => {
  await cluster.apply([account, serverOf(exchange.url), groupOf({ members })])
  await cluster.kubectl(
    'wait',
    '--for=condition=Ready',
    '--timeout=60s',
    '-n',
    'sales',
    'sg/company-contacts',
  )
  await cluster.kubectl('wait', '--for=condition=Ready', '--timeout=60s', '-n', 'sales', 'exs/corp')
  const [head = '', row = ''] = (await cluster.kubectl('get', 'sg', '-n', 'sales')).split('\n')
  expect(head.split(/\s{2,}/)).toEqual([
    ...['NAME', 'READY', 'REASON', 'ITEMS', 'MEMBERS', 'CONFLICTS', 'LAST PASS', 'AGE', 'MESSAGE'],
  ])
  expect(row).toMatch(
    /^company-contacts +True +Succeeded +20 +2\/2 +0 +\d+s +\d+s +20 items, 2 of 2 members current$/,
  )
  const wide = await cluster.kubectl('get', 'sg', '-n', 'sales', '-o', 'wide')
  expect(wide).toMatch(/\/Company\/Contacts .* 20 items, 2 of 2 members current$/m)
  const servers = await cluster.kubectl('get', 'exs', '-n', 'sales')
  expect(servers).toMatch(/^NAME +READY +REASON +AUTH +VERSION +AGE +MESSAGE$/m)
  expect(servers).toMatch(/^corp +True +Succeeded +\w+ +15\.2\.2562\.17 +\d+s +the server answers/m)
  const server = await cluster.get('exs', 'corp')
  expect(server.status).toMatchObject({ version: '15.2.2562.17', observedGeneration: 1 })
})

test('what a colleague edits in her mailbox is everywhere, and in the status', async () => {
  const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  const before = (await cluster.get('sg', 'company-contacts')).metadata.resourceVersion
  anna.update(anna.items()[0]?.id ?? '', { JobTitle: 'Prezeska Zarządu' })
  const has = (folder: { items(): readonly { contact: { JobTitle?: string } }[] }) =>
    folder.items().some(({ contact }) => contact.JobTitle === 'Prezeska Zarządu')
  const jan = () => exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
  await until('it is in the hub and with Jan', () =>
    [exchange.store.publicFolder('/Company/Contacts'), jan()].every(has),
  )
  await until('the status tells', async () => {
    const { metadata, status } = await cluster.get('sg', 'company-contacts')
    return metadata.resourceVersion !== before && status.lastPass.updated === 2
  })
  await told(/Normal +Synced .*copies: 0 created, 2 updated, 0 deleted; 0 kept/)
  expect(
    controller.said + (await cluster.kubectl('get', 'events', '-A', '-o', 'json')),
  ).not.toMatch(/@corp\.example|Prezeska|sync-secret/)
})

test('a group at rest writes nothing', async () => {
  const version = async () => (await cluster.get('sg', 'company-contacts')).metadata.resourceVersion
  const passes = async () =>
    (await controller.metrics()).get(
      'controller_runtime_reconcile_total{controller="syncgroup",result="requeue_after"}',
    ) ?? 0
  const began = await passes()
  await until('it has come to rest', async () => (await passes()) > began + 2)
  const [before, from] = [await version(), await passes()]
  await until('three more passes', async () => (await passes()) >= from + 3)
  expect(await version()).toBe(before)
})

test('a password that is rotated counts at once', async () => {
  const wrong = secretOf('account', { username: 'sync@corp.example', password: 'old' })
  await cluster.apply([wrong])
  await cluster.waitForReason('AuthenticationFailed', 'company-contacts')
  await cluster.waitForReason('AuthenticationFailed', 'corp', 'exs')
  await cluster.apply([account])
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
})

test('a pass on request is acknowledged by its token, and forced with the same one', async () => {
  const annotate = (name: string, value: string) =>
    cluster.kubectl(
      'annotate',
      '--overwrite',
      'sg',
      'company-contacts',
      '-n',
      'sales',
      `exchangesync.dev/${name}=${value}`,
    )
  await cluster.patch('sg', 'company-contacts', { spec: { interval: '1h' } })
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const status = async () => (await cluster.get('sg', 'company-contacts')).status
  await annotate('requestedAt', 'one')
  await until('it is handled', async () => (await status()).lastHandledReconcileAt === 'one')
  expect((await status()).lastHandledForceAt).toBeUndefined()
  await annotate('verifyAt', 'one')
  await until('it is verified', async () => (await status()).verified?.requestedAt === 'one')
  const { verified } = await status()
  expect(verified).toMatchObject({ deviations: 0, result: 'Proved' })
  expect(verified.copies).toBeGreaterThan(0)
  await annotate('requestedAt', 'two')
  await annotate('forceAt', 'two')
  await until('it is forced', async () => (await status()).lastHandledForceAt === 'two')
  await cluster.kubectl(
    'annotate',
    'exs',
    'corp',
    '-n',
    'sales',
    'exchangesync.dev/requestedAt=three',
  )
  await until('the server, too', async () => {
    const server = await cluster.get('exs', 'corp')
    return server.status.lastHandledReconcileAt === 'three'
  })
  await cluster.patch('sg', 'company-contacts', { spec: { interval: '1s' } })
})

test('suspended, it and its server are left alone, each by its own switch', async () => {
  const suspend = (what: string, name: string, suspend: boolean) =>
    cluster.patch(what, name, { spec: { suspend } })
  await suspend('sg', 'company-contacts', true)
  // The conditions stay, with the new generation.
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const counts = { ...exchange.counts }
  const hub = exchange.store.publicFolder('/Company/Contacts')
  hub.create({ GivenName: 'Nowy', Surname: 'Kontakt' })
  await suspend('exs', 'corp', true)
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
  await suspend('sg', 'company-contacts', false)
  await cluster.waitForReason('ServerSuspended', 'company-contacts')
  expect(exchange.counts).toEqual(counts)
  await suspend('exs', 'corp', false)
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await until('the new contact is with Jan', () => {
    const jan = exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
    return jan.items().length === 21
  })
})

test('an ExchangeServer of another namespace is not used', async () => {
  await cluster.kubectl('create', 'namespace', 'other')
  const foreign = groupOf({
    name: 'foreign',
    members: [],
    spec: { serverRef: { name: 'corp', namespace: 'sales' } },
  })
  await cluster.apply([{ ...foreign, metadata: { name: 'foreign', namespace: 'other' } }])
  await cluster.waitForReason('CrossNamespaceRef', 'foreign', 'sg', 'other')
  await cluster.kubectl('delete', 'sg', 'foreign', '-n', 'other', '--timeout=30s')
})

test('a folder that two groups claim stays with the older one', async () => {
  await cluster.apply([groupOf({ name: 'younger', members: [members[1] as object] as never })])
  await cluster.waitForReason('FolderClaimed', 'younger')
  expect(readyOf(await cluster.get('sg', 'company-contacts')).reason).toBe('Succeeded')
  await noted('younger', 'FolderClaimed', 'not ready: FolderClaimed: another group has the folder')
  await cluster.kubectl('delete', 'sg', 'younger', '-n', 'sales', '--timeout=30s')
  await noted('younger', 'Released', 'its copies stay in the folders')
})

test('the metrics have the names that dashboards know, and no addresses', async () => {
  const metrics = await controller.metrics()
  const names = new Set([...metrics.keys()].map((key) => key.replace(/\{.*/, '')))
  for (const name of [
    ...['controller_runtime_reconcile_total', 'workqueue_depth', 'workqueue_adds_total'],
    ...['rest_client_requests_total', 'leader_election_master_status', 'exsync_ews_requests_total'],
    ...['exsync_group_items', 'exsync_group_members', 'exsync_group_lag_seconds'],
    ...['exsync_server_back_off_seconds', 'exsync_resource_condition', 'exsync_group_guarded'],
    ...['exsync_group_conflicts_total', 'exsync_group_copies_total', 'exsync_server_suspended'],
  ])
    expect([name, names.has(name)]).toEqual([name, true])
  const keys = [...metrics.keys()]
  expect(keys.some((key) => key.includes('requests_total{server="sales/corp",op'))).toBe(true)
  for (const part of ['bin', 'history', 'files'])
    for (const name of ['exsync_state_bytes', 'exsync_state_limit_bytes'])
      expect(metrics.get(`${name}{part="${part}"}`), `${name} ${part}`).toBeGreaterThanOrEqual(0)
  expect(metrics.get('exsync_group_items{namespace="sales",name="company-contacts"}')).toBe(21)
  expect(
    metrics.get(`leader_election_master_status{name="${release}-exchange-sync-controller"}`),
  ).toBe(1)
  expect([...metrics.keys()].join('\n')).not.toMatch(/@/)
  expect([await controller.health('/healthz'), await controller.health('/readyz')]).toEqual([
    200, 200,
  ])
})

test('an upgrade goes on where the former version was, without a write', async () => {
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const { state } = controller
  expect(await controller.stop()).toBe(0)
  const writes = () => exchange.counts.CreateItem ?? 0
  const before = writes()
  await cluster.install({ controller: { concurrent: 2 } })
  controller = await cluster.controller({ state })
  await controller.leads()
  const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  anna.update(anna.items()[1]?.id ?? '', { JobTitle: 'Kierowniczka' })
  await until('an edit travels', () =>
    exchange.store
      .publicFolder('/Company/Contacts')
      .items()
      .some(({ contact }) => contact.JobTitle === 'Kierowniczka'),
  )
  expect(writes()).toBe(before)
})

test('a mass delete waits until exactly that is approved, as the condition says', async () => {
  const hub = exchange.store.publicFolder('/Company/Contacts')
  for (const { id } of hub.items().slice(0, 12)) hub.delete(id)
  await cluster.waitForReason('Guarded', 'company-contacts')
  const { conditions, guard } = (await cluster.get('sg', 'company-contacts')).status
  const [, said] =
    /exchangesync\.dev\/approve: (\S+?);? /.exec(
      conditions.find(({ type }: { type: string }) => type === 'Guarded').message,
    ) ?? []
  expect(said).toBe(guard.hash)
  const jan = exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
  expect(jan.items().length).toBe(21)
  const annotation = `exchangesync.dev/approve=${guard.hash}`
  await cluster.kubectl('annotate', 'sg', 'company-contacts', '-n', 'sales', annotation)
  await cluster.waitForReason('Succeeded', 'company-contacts')
  expect(jan.items().length).toBe(9)
  await told(/Warning +Guarded .*12 deletions/)
  await told(/Normal +GuardReleased/)
})

test('deleted with RemoveCopies, it goes when the copies have gone; Exchange gone, there is a way out', async () => {
  const patch = (spec: object) => cluster.patch('sg', 'company-contacts', { spec })
  await patch({ deletionPolicy: 'RemoveCopies' })
  await cluster.waitForReason('Succeeded', 'company-contacts')
  exchange.inject(() => ({ kind: 'http', status: 503 }))
  await cluster.kubectl('delete', 'sg', 'company-contacts', '-n', 'sales', '--wait=false')
  await until('it says why it stays', async () => {
    const group = await cluster.get('sg', 'company-contacts')
    return /being removed.*Orphan/.test(readyOf(group)?.message ?? '')
  })
  await patch({ deletionPolicy: 'Orphan' })
  await until('it is gone', async () => (await cluster.get('sg', 'company-contacts')) === undefined)
  await cluster.kubectl('delete', 'exs', 'corp', '-n', 'sales')
  await until('the metrics of both have ended', async () => {
    const keys = [...(await controller.metrics()).keys()]
    return !keys.some((key) => /"(corp|sales\/corp|company-contacts)"/.test(key))
  })
  exchange.inject(undefined)
  const jan = exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
  expect(jan.items().length).toBe(9)
})

test('uninstalled, the resource definitions, the groups, the data and the mailboxes stay', async () => {
  await cluster.apply([serverOf(exchange.url), groupOf({ members })])
  await cluster.waitForReason('Succeeded', 'company-contacts')
  expect(await controller.stop()).toBe(0)
  const removed = await cluster.helm('uninstall', release, '-n', home)
  expect(removed.code).toBe(0)
  expect(await cluster.kubectl('get', 'crd', '-o', 'name')).toContain('syncgroups.exchangesync.dev')
  expect((await cluster.get('sg', 'company-contacts')).spec.members.length).toBe(2)
  expect(await cluster.kubectl('get', 'pvc', '-n', home, '-o', 'name')).toContain('exsync')
  expect(exchange.store.publicFolder('/Company/Contacts').items().length).toBe(9)
})
