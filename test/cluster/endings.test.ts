// How groups end and begin anew on a cluster, in orders that nobody would choose: nothing is lost, doubled or carried where
// it does not belong, and nobody is stuck.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupOf, type Resource, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { World } from '../exchange/world.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, readyOf } from './fixture.ts'

const password = 'sync-secret'
const contacts = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ GivenName: 'Ola', Surname: `${prefix}-${n}` }))
const worldOf = (prefix: string, count: number): World => ({
  domain: 'corp.example',
  users: [
    { mailbox: 'sync@corp.example', password, impersonates: 'all' },
    { mailbox: 'anna@corp.example', password },
    { mailbox: 'jan@corp.example', password },
  ],
  publicFolders: [
    {
      path: '/Company/Contacts',
      permissions: { 'sync@corp.example': 'PublishingEditor' },
      contacts: contacts(prefix, count),
    },
  ],
})
const account = secretOf('account', { username: 'sync@corp.example', password })
const members = [{ mailbox: 'anna@corp.example' }, { mailbox: 'jan@corp.example' }]
const name = 'company-contacts'

let cluster: Cluster
let exchange: Exchange
let controller: Controller

beforeEach(async () => {
  exchange = await startExchange(worldOf('one', 40))
  cluster = await Cluster.start()
  controller = await cluster.controller()
  await cluster.kubectl('create', 'namespace', 'sales')
  await cluster.apply([account, serverOf(exchange.url), groupOf({ members })])
  await cluster.waitForReason('Succeeded', name)
})
afterEach(async () => {
  await cluster.lint()
  await cluster[Symbol.asyncDispose]()
  await exchange.close()
})

const hub = (of = exchange) => of.store.publicFolder('/Company/Contacts')
const folder = (who: string, of = exchange) =>
  of.store.mailbox(`${who}@corp.example`).folder('Contacts/Contacts')
const patch = (body: object) => cluster.patch('sg', name, body)

async function handled(token: string): Promise<void> {
  const annotations = { 'exchangesync.dev/requestedAt': token }
  await patch({ metadata: { annotations } })
  await until(`${token} is handled`, async () => {
    const { status } = await cluster.get('sg', name)
    return status?.lastHandledReconcileAt === token
  })
}

test('deleted and made again at once, over and over, it is always looked at', async () => {
  for (let n = 0; n < 6; n++) {
    await cluster.kubectl('delete', 'sg', name, '-n', 'sales', '--timeout=30s')
    await cluster.apply([groupOf({ members })])
    await cluster.waitForReason('Succeeded', name)
  }
  expect([hub().size(), folder('anna').size(), folder('jan').size()]).toEqual([40, 40, 40])
})

test('one whose finalizer was taken away while nobody looked is forgotten: what is made under its name begins anew', async () => {
  const { state } = controller
  expect(await controller.stop()).toBe(0)
  await cluster.kubectl('delete', 'sg', name, '-n', 'sales', '--wait=false')
  await patch({ metadata: { finalizers: null } })
  // The copies are hers now; what she deletes is not the company's.
  for (const { id } of folder('anna').items().slice(0, 3)) folder('anna').delete(id)
  await cluster.apply([groupOf({ members })])
  controller = await cluster.controller({ state })
  await handled('after')
  await until('she has them again', () => folder('anna').size() === 40)
  expect(hub().size()).toBe(40)
})

test('one that is gone for good does not keep its folders from others', async () => {
  const { state } = controller
  expect(await controller.stop()).toBe(0)
  await cluster.kubectl('delete', 'sg', name, '-n', 'sales', '--wait=false')
  await patch({ metadata: { finalizers: null } })
  await cluster.apply([groupOf({ name: 'heir', members })])
  controller = await cluster.controller({ state })
  await cluster.waitForReason('Succeeded', 'heir')
  expect([hub().size(), folder('anna').size(), folder('jan').size()]).toEqual([40, 40, 40])
})

test('given another Exchange, nothing of the old one’s goes there', async () => {
  const other = await startExchange(worldOf('two', 3))
  try {
    const elsewhere: Resource = {
      ...serverOf(other.url),
      metadata: { name: 'other', namespace: 'sales' },
    }
    await cluster.apply([elsewhere])
    await patch({
      spec: { serverRef: { name: 'other' }, guard: { publications: { maxCount: 1000 } } },
    })
    await handled('moved')
    await until('the members have what is there', () =>
      ['anna', 'jan'].every(
        (who) => folder(who, other).exists() && folder(who, other).size() === 3,
      ),
    )
    expect(hub(other).size()).toBe(3)
    expect([hub().size(), folder('anna').size()]).toEqual([40, 40])
  } finally {
    await other.close()
  }
})

test('deleted together with its server and Secret, it goes all the same', async () => {
  await patch({ spec: { deletionPolicy: 'RemoveCopies' } })
  await cluster.waitForReason('Succeeded', name)
  await cluster.kubectl(
    'delete',
    '-n',
    'sales',
    'secret/account',
    'exs/corp',
    `sg/${name}`,
    '--wait=false',
  )
  await until('it is gone', async () => (await cluster.get('sg', name)) === undefined)
  expect([hub().size(), folder('anna').size(), folder('jan').size()]).toEqual([40, 0, 0])
})

test('one mailbox that cannot be reached keeps nobody else’s copies', async () => {
  await patch({ spec: { deletionPolicy: 'RemoveCopies' } })
  await cluster.waitForReason('Succeeded', name)
  exchange.store.mailbox('anna@corp.example').deny('ErrorMailboxStoreUnavailable')
  await cluster.kubectl('delete', 'sg', name, '-n', 'sales', '--wait=false')
  await until('the other one’s have gone', () => folder('jan').size() === 0)
  expect(folder('anna').size()).toBe(40)
  exchange.store.mailbox('anna@corp.example').deny(undefined)
  await until('it is gone', async () => (await cluster.get('sg', name)) === undefined)
  expect([hub().size(), folder('anna').size()]).toEqual([40, 0])
})

test('a token may be long and of any letters', async () => {
  const token = `${'a'.repeat(255)}🌸🌸`
  await patch({ metadata: { annotations: { 'exchangesync.dev/requestedAt': token } } })
  await until('it is handled as far as there is room', async () => {
    const { status } = await cluster.get('sg', name)
    return status.lastHandledReconcileAt === `${'a'.repeat(255)}🌸`
  })
})

test('a condition of ours that another writes is taken away', async () => {
  const path = `/apis/exchangesync.dev/v1alpha1/namespaces/sales/syncgroups/${name}/status`
  const condition = {
    ...{ type: 'Stalled', status: 'True', reason: 'Foreign', message: 'by somebody else' },
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const body = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name, namespace: 'sales' },
    status: { conditions: [condition], lastHandledForceAt: 'theirs' },
  }
  const type = 'application/apply-patch+yaml'
  const written = await cluster.plane.raw(
    'PATCH',
    `${path}?fieldManager=other&force=true`,
    body,
    type,
  )
  expect(written.status).toBe(200)
  await until('it is taken away', async () => {
    const { status } = await cluster.get('sg', name)
    return status.conditions.length === 1 && status.lastHandledForceAt === undefined
  })
  expect(readyOf(await cluster.get('sg', name)).status).toBe('True')
})
