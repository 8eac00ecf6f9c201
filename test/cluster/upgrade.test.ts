// The upgrade from version 0.1.0, as docs/operations.md describes it, with what that version left behind
// (test/inputs/release-0.1.0): its chart, groups that were applied in three ways, their statuses, its state and the folders.
// And the way back: Helm's rollback, and the refusal of a newer state.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { backUp } from '../../controller/store/backup.ts'
import { stateFile } from '../../controller/store/state.ts'
import { chart } from '../chart/helm.ts'
import { groupOf, holdingsOf, secretOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { readKept } from '../exchange/kept.ts'
import type { Json } from './control-plane.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, home, release } from './fixture.ts'

const inputs = join(import.meta.dirname, '../inputs/release-0.1.0')
const gunzipped = (name: string) => gunzipSync(readFileSync(join(inputs, name)))
const recorded: readonly Json[] = JSON.parse(readFileSync(join(inputs, 'resources.json'), 'utf8'))
const names = ['company-contacts', 'branch', 'phone']
const api = '/apis/exchangesync.dev/v1alpha1/namespaces/sales'
const manager = 'exchange-sync-controller'

let cluster: Cluster
let exchange: Exchange
let controller: Controller
let state = ''
let found: readonly string[]

/** A resource as it was applied. */
function declared(kind: string, name: string): Json {
  const { status: _, ...resource } = recorded.find(
    (each) => each.kind === kind && each.metadata.name === name,
  )
  if (kind === 'ExchangeServer') resource.spec.url = exchange.url
  return resource
}

async function succeeded(name: 'helm' | 'kubectl', args: readonly string[], input?: object) {
  const { code, stdout, stderr } = await cluster.tried(name, args, input && stringify(input))
  expect([code, stderr]).toEqual([0, expect.not.stringMatching(/error/i)])
  return stdout
}

/** Applies the manifests in the three ways. */
async function applied(): Promise<void> {
  await cluster.apply([
    declared('ExchangeServer', 'corp'),
    declared('SyncGroup', 'company-contacts'),
  ])
  const folder = join(cluster.folder(), 'groups')
  mkdirSync(join(folder, 'templates'), { recursive: true })
  writeFileSync(
    join(folder, 'Chart.yaml'),
    stringify({ apiVersion: 'v2', name: 'groups', version: '1.0.0' }),
  )
  const branch = stringify(declared('SyncGroup', 'branch'))
  writeFileSync(join(folder, 'templates', 'branch.yaml'), branch)
  await succeeded('helm', ['upgrade', '--install', 'groups', folder, '-n', 'sales'])
  const phone = declared('SyncGroup', 'phone')
  await succeeded('kubectl', ['apply', '--server-side', '--field-manager=flux', '-f', '-'], phone)
}

/** What the program of 0.1.0 wrote: statuses and finalizers, as their manager. */
async function statusesOfThen(): Promise<void> {
  for (const { apiVersion, kind, metadata, status } of recorded) {
    const path = `${api}/${kind.toLowerCase()}s/${metadata.name}`
    const body = { apiVersion, kind, metadata, status }
    const query = `?fieldManager=${manager}&force=true`
    const apply = 'application/apply-patch+yaml'
    const { status: code } = await cluster.plane.raw('PATCH', `${path}/status${query}`, body, apply)
    expect(code).toBe(200)
    if (kind === 'ExchangeServer') continue
    const ours = { metadata: { finalizers: ['exchangesync.dev/finalizer'] } }
    const merge = 'application/merge-patch+json'
    const patched = await cluster.plane.raw('PATCH', `${path}?fieldManager=${manager}`, ours, merge)
    expect(patched.status).toBe(200)
  }
}

/** The state of 0.1.0, under the ids and the address of this run: an API server chooses ids itself. */
async function stateOfThen(): Promise<string> {
  const folder = join(cluster.folder(), 'state')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, stateFile), gunzipped('exsync.db.gz'), { mode: 0o600 })
  const db = new DatabaseSync(join(folder, stateFile))
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 })
  for (const name of names) {
    const { uid } = (await cluster.get('sg', name)).metadata
    db.prepare('UPDATE identities SET uid = ?, url = ? WHERE grp = ?').run(
      ...([uid, exchange.url, `sales/${name}`] as const),
    )
  }
  db.close()
  return folder
}

/** The requests that wrote something, so far. */
function writes(): number {
  const { CreateItem, UpdateItem, DeleteItem, MoveItem, CreateFolder } = exchange.counts
  const each = [CreateItem, UpdateItem, DeleteItem, MoveItem, CreateFolder]
  return each.reduce<number>((sum, count = 0) => sum + count, 0)
}

/** What may not change by an upgrade: the folders, the specs' generations, and no request that writes was sent. */
async function unchanged(): Promise<void> {
  expect(holdingsOf(exchange.store)).toEqual(found)
  expect(writes()).toBe(0)
  for (const name of names)
    expect((await cluster.get('sg', name)).metadata.generation, name).toBe(1)
}

const hasPublicFolders = async () => {
  const { stdout } = await cluster.tried('kubectl', ['explain', 'syncgroup.spec.members'])
  return stdout.includes('publicFolder')
}

beforeAll(async () => {
  cluster = await Cluster.start(null)
  const file = join(cluster.folder(), 'world')
  writeFileSync(file, gunzipped('world.gz'))
  const kept = readKept(file)
  if (kept === undefined) throw new Error('there is no world')
  // Its clock goes on from the moment of then, also where that of the machine is behind.
  const startedMs = performance.now()
  exchange = await startExchange(
    { domain: 'nowhere', users: [] },
    {
      resume: kept.state,
      clock: () => Math.max(kept.nowMs + performance.now() - startedMs, Date.now()),
      dated: true,
    },
  )
  found = holdingsOf(exchange.store)
  const packed = join(inputs, 'exchange-sync-controller-0.1.0.tgz')
  await succeeded('helm', ['install', release, packed, '-n', home, '--create-namespace'])
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s')
  await until('the resources of 0.1.0 are served', async () => {
    const { code } = await cluster.tried('kubectl', ['get', 'syncgroups,exchangeservers', '-A'])
    return code === 0
  })
  await cluster.kubectl('create', 'namespace', 'sales')
  const account = secretOf('account', { username: 'sync@corp.example', password: 'sync-secret' })
  await cluster.apply([{ ...account, metadata: { name: 'account', namespace: 'sales' } }])
  await applied()
  await statusesOfThen()
  state = await stateOfThen()
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

test('a backup before the upgrade is of the schema of then', () => {
  const file = join(cluster.folder(), 'before-upgrade.db')
  expect(backUp(state, file, undefined)).toMatchObject({ version: 3, groups: 3, bin: 2 })
})

test('helm upgrade keeps the values of 0.1.0 and takes the new definitions', async () => {
  expect(await hasPublicFolders()).toBe(false)
  const args = ['upgrade', release, chart, '-n', home, '--reset-then-reuse-values']
  await succeeded('helm', args)
  await until('the new definition is served', hasPublicFolders)
  const { items } = JSON.parse(await cluster.kubectl('get', 'deployment', '-n', home, '-o', 'json'))
  expect(items[0].spec.template.spec.containers[0].args).toContain('--history-retention=720h')
})

test('until its Secret is labelled a group says so, and stays as it is', async () => {
  controller = await cluster.controller({ state })
  for (const name of names) await cluster.waitForReason('SecretNotLabelled', name)
  await unchanged()
})

test('then every group continues over the state of 0.1.0: nothing is doubled, written or reset', async () => {
  const label = 'exchangesync.dev/credentials=true'
  await cluster.kubectl('label', 'secret', 'account', '-n', 'sales', label)
  for (const name of ['company-contacts', 'branch']) await cluster.waitForReason('Succeeded', name)
  // 0.1.0 took any folder of a mailbox.
  await cluster.waitForReason('NotAllowed', 'phone')
  await unchanged()
  await cluster.patch('exs', 'corp', { spec: { allowed: { folders: ['Contacts', 'Contacts/*'] } } })
  await cluster.waitForReason('Succeeded', 'phone')
  const audit = 'exchangesync.dev/verifyAt=one'
  for (const name of names) await cluster.kubectl('annotate', 'sg', name, '-n', 'sales', audit)
  for (const name of names) {
    await until(`${name} is verified`, async () => {
      const { status } = await cluster.get('sg', name)
      return status.verified?.requestedAt === 'one' && status.verified.result === 'Proved'
    })
  }
  await unchanged()
  await cluster.lint()
  expect(controller.said).not.toContain('"level":"error"')
})

test('the manifests of 0.1.0 apply again, in each way, and change nothing', async () => {
  const server = await cluster.get('exs', 'corp')
  await applied()
  expect((await cluster.get('exs', 'corp')).spec.allowed).toEqual(server.spec.allowed)
  await unchanged()
})

test('edits travel both ways, a receive-only member is reverted, and the bin has what it had', async () => {
  const hub = exchange.store.publicFolder('/Company/Contacts')
  const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  const jan = exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
  const has = (folder: typeof hub, title: string) =>
    folder.items().filter(({ contact }) => contact.JobTitle === title).length
  anna.update(anna.items()[0]?.id ?? '', { JobTitle: 'Od Anny' })
  await until(
    'Anna’s edit is in the hub and with Jan',
    () => has(hub, 'Od Anny') + has(jan, 'Od Anny') === 2,
  )
  hub.update(hub.items()[4]?.id ?? '', { JobTitle: 'Z folderu' })
  await until(
    'that of the hub is with both',
    () => has(anna, 'Z folderu') + has(jan, 'Z folderu') === 2,
  )
  jan.update(jan.items()[1]?.id ?? '', { JobTitle: 'Od Jana' })
  await until('Jan’s is reverted', () => has(jan, 'Od Jana') === 0)
  expect([hub, anna, jan].map((folder) => folder.items().length)).toEqual([7, 7, 7])
  expect(await controller.stop()).toBe(0)
  const db = new DatabaseSync(join(state, stateFile), { readOnly: true })
  const bin = db.prepare("SELECT reason, n FROM bin WHERE reason <> 'Edited' ORDER BY n").all()
  db.close()
  expect(bin.map(({ reason }) => reason)).toEqual(['Deleted', 'Drift', 'Drift'])
})

test('a state of a newer version is refused, with what to do, before anything is sent', async () => {
  const newer = join(cluster.folder(), 'newer')
  cpSync(state, newer, { recursive: true })
  const db = new DatabaseSync(join(newer, stateFile))
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = { ...exchange.counts }
  const refused = await cluster.controller({ state: newer })
  expect(await refused.ended).toBe(1)
  expect(refused.said).toMatch(
    /written by a newer version \(schema 99, this one knows \d+\): run that/,
  )
  expect(exchange.counts).toEqual(before)
})

test('helm rollback brings the former definitions: groups stay, what they do not know is hidden until the next upgrade', async () => {
  const member = { publicFolder: '/Company/Phone' }
  const branch = groupOf({ name: 'newer', members: [member], spec: { suspend: true } })
  await cluster.apply([branch])
  await succeeded('helm', ['rollback', release, '1', '-n', home])
  await until('the former definition is served', async () => !(await hasPublicFolders()))
  const members = async (name: string) => (await cluster.get('sg', name)).spec.members
  for (const name of names) {
    const then = declared('SyncGroup', name).spec.members
    expect(await members(name)).toEqual(then)
  }
  expect(await members('newer')).toEqual([{ mailbox: '' }])
  await succeeded('helm', ['upgrade', release, chart, '-n', home, '--reset-then-reuse-values'])
  await until('the new definition is served again', hasPublicFolders)
  expect(await members('newer')).toEqual([{ mailbox: '', ...member }])
  const before = writes()
  controller = await cluster.controller({ state })
  await controller.leads()
  for (const name of names) {
    await cluster.kubectl('annotate', 'sg', name, '-n', 'sales', 'exchangesync.dev/requestedAt=two')
    await until(`${name} had a pass`, async () => {
      const { status } = await cluster.get('sg', name)
      return status.lastHandledReconcileAt === 'two'
    })
  }
  expect(writes()).toBe(before)
})
