// SyncPlans on a cluster: the controller answers each with its own credentials, under the permissions that the group would have,
// and writes nothing but the answer.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { groupOf, holdingsOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { Json } from './control-plane.ts'
import { type Controller, until } from './controller.ts'
import { Cluster } from './fixture.ts'

const password = 'sync-secret'
const mailboxes = ['anna', 'bert', 'cleo'].map((name) => `${name}@corp.example`)
const contacts = Array.from({ length: 12 }, (_, n) => ({ GivenName: 'Ola', Surname: `S-${n}` }))
const account = secretOf('account', { username: 'sync@corp.example', password })

let cluster: Cluster
let exchange: Exchange
let controller: Controller

beforeAll(async () => {
  exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      ...mailboxes.map((mailbox) => ({ mailbox, password })),
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts,
      },
    ],
  })
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  controller = await cluster.controller()
  await cluster.apply([account, serverOf(exchange.url)])
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
})
afterEach(() => cluster.lint())
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

/** A SyncPlan of a group. */
function planOf(name: string, group: Json = {}, spec: Json = {}, namespace = 'sales') {
  const { members = [{ mailbox: mailboxes[0] }], ...more } = group
  return {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncPlan',
    metadata: { name, namespace },
    spec: {
      ...spec,
      syncGroup: {
        name: 'company-contacts',
        spec: (groupOf({ members, spec: more }) as Json).spec,
      },
    },
  }
}

const plannedOf = (plan: Json) =>
  plan?.status?.conditions?.find(({ type }: Json) => type === 'Planned')

/** Waits for the answer. */
async function answered(name: string, namespace = 'sales'): Promise<Json> {
  let last: Json
  await until(`${name} is answered`, async () => {
    last = await cluster.get('syncplan', name, namespace)
    return ['True', 'False'].includes(plannedOf(last)?.status)
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)} ${controller.said.slice(-2000)}`)
  })
  return last
}

const stateNow = () =>
  readdirSync(controller.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')])

test('a plan counts what the pass then does, and nothing is written before that', async () => {
  const [folders, state] = [holdingsOf(exchange.store), stateNow()]
  const members = mailboxes.slice(0, 2).map((mailbox) => ({ mailbox }))
  await cluster.apply([planOf('first', { members })])
  const { status, metadata } = await answered('first')
  expect(plannedOf({ status })).toMatchObject({ status: 'True', reason: 'Succeeded' })
  expect(status.observedGeneration).toBe(metadata.generation)
  expect(status.summary).toMatchObject({
    totals: { create: 24, update: 0, delete: 0, keep: 0 },
    joins: ['hub', ...mailboxes.slice(0, 2)],
  })
  expect(JSON.stringify(status)).not.toMatch(/Ola|S-1/)
  expect([holdingsOf(exchange.store), stateNow()]).toEqual([folders, state])
  expect(await cluster.get('sg', 'company-contacts')).toBeUndefined()
  await cluster.apply([groupOf({ members })])
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const group = await cluster.get('sg', 'company-contacts')
  expect(group.status.items).toBe(12)
  // Another member, and one who leaves.
  await cluster.apply([
    planOf('next', {
      members: [members[0], { mailbox: mailboxes[2] }],
      deletionPolicy: 'RemoveCopies',
    }),
  ])
  const next = await answered('next')
  expect(next.status.summary).toMatchObject({
    totals: { create: 12, update: 0, delete: 0, keep: 0 },
    joins: [mailboxes[2]],
    leaving: [{ replica: mailboxes[1], copies: 12, removes: 12 }],
  })
})
