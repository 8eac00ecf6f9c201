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
afterEach(async () => {
  await cluster.lint()
  const { items } = JSON.parse(await cluster.kubectl('get', 'syncplans', '-A', '-o', 'json'))
  for (const { metadata, status } of items as Json[])
    expect([metadata.name, planFaults(status)]).toEqual([metadata.name, []])
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

/** What kstatus would not understand in the status of a plan: nothing before the first look. */
function planFaults({ observedGeneration, conditions = [] }: Json): readonly string[] {
  if (observedGeneration === -1) return []
  const types = conditions.map(({ type, status }: Json) => `${type}=${status}`).sort()
  const known = [['Planned=True'], ['Planned=False', 'Stalled=True']]
  known.push(['Planned=Unknown', 'Reconciling=True'])
  return known.some((each) => each.join() === types.join()) ? [] : types
}

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
  await cluster.apply([groupOf({ members, spec: { interval: '1h' } })])
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

test('a plan is refused for the reason for which the group would be', async () => {
  const server = serverOf(exchange.url, { allowed: { hubs: ['/Branches'] } }) as Json
  await cluster.kubectl('create', 'namespace', 'other')
  await cluster.apply([
    { ...server, metadata: { name: 'narrow', namespace: 'sales' } },
    planOf('foreign', { serverRef: { name: 'corp', namespace: 'sales' } }, {}, 'other'),
    planOf('missing', { serverRef: { name: 'nowhere' } }),
  ])
  await cluster.waitForReason('Succeeded', 'narrow', 'exs')
  await cluster.apply([planOf('hub', { serverRef: { name: 'narrow' } })])
  const taken = planOf('claimed')
  taken.spec.syncGroup.name = 'another'
  await cluster.apply([taken])
  for (const [name, reason, namespace] of [
    ['foreign', 'CrossNamespaceRef', 'other'],
    ['missing', 'ServerNotFound'],
    ['hub', 'NotAllowed'],
    ['claimed', 'FolderClaimed'],
  ] as const) {
    const { status } = await answered(name, namespace)
    expect([name, plannedOf({ status })]).toEqual([
      name,
      expect.objectContaining({ status: 'False', reason }),
    ])
    expect(status).not.toHaveProperty('summary')
  }
})

test('a refused password is not tried again by plans', async () => {
  const wrong = secretOf('wrong', { username: 'bert@corp.example', password: 'guess' })
  const auth = { type: 'Basic', secretRef: { name: 'wrong' } }
  const server = serverOf(exchange.url, { auth }) as Json
  await cluster.apply([wrong, { ...server, metadata: { name: 'locked', namespace: 'sales' } }])
  await cluster.waitForReason('AuthenticationFailed', 'locked', 'exs')
  const before = exchange.signIns.refused
  const names = ['locked-1', 'locked-2', 'locked-3']
  await cluster.apply(names.map((name) => planOf(name, { serverRef: { name: 'locked' } })))
  for (const name of names)
    expect(plannedOf(await answered(name))).toMatchObject({ reason: 'AuthenticationFailed' })
  // A member there is a problem of the plan, and the others are planned.
  await cluster.apply([
    planOf('half', {
      members: [
        { mailbox: mailboxes[0] },
        { mailbox: mailboxes[2], serverRef: { name: 'locked' } },
      ],
    }),
  ])
  const { status } = await answered('half')
  expect(status.summary.problems).toMatchObject([
    { replica: mailboxes[2], reason: 'AuthenticationFailed' },
  ])
  expect(exchange.signIns.refused).toEqual(before)
})

test('its spec stays, an answer ends by its ttl, and who may edit may create one', async () => {
  await cluster.apply([planOf('short', {}, { ttl: '1s' }), planOf('long')])
  const changed = await cluster.tried('kubectl', [
    ...['patch', 'syncplan', 'long', '-n', 'sales', '--type=merge'],
    ...['-p', '{"spec":{"syncGroup":{"spec":{"suspend":true}}}}'],
  ])
  expect(changed.stderr).toContain('must stay as it was created')
  await answered('long')
  await until('the ttl is over', async () => {
    return (await cluster.get('syncplan', 'short')) === undefined
  })
  expect(await cluster.get('syncplan', 'long')).toBeDefined()
  const listed = await cluster.kubectl('get', 'clusterroles', '-o', 'name')
  const roles = listed.match(/exchange-sync\S*-(edit|view)$/gm) ?? []
  const may = async (role: string, verb: string) => {
    const account = `${role}-account`
    await cluster.tried('kubectl', ['create', 'serviceaccount', account, '-n', 'sales'])
    await cluster.tried('kubectl', [
      ...['create', 'rolebinding', account, '-n', 'sales', `--serviceaccount=sales:${account}`],
      `--clusterrole=${roles.find((name) => name.endsWith(`-${role}`))}`,
    ])
    const as = `--as=system:serviceaccount:sales:${account}`
    const asked = ['auth', 'can-i', verb, 'syncplans', '-n', 'sales', as]
    return (await cluster.tried('kubectl', asked)).stdout.trim()
  }
  expect(await may('edit', 'create')).toBe('yes')
  expect([await may('view', 'create'), await may('view', 'get')]).toEqual(['no', 'yes'])
})

test('two of a namespace are planned at a time, and a controller that ends leaves them to the next', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  exchange.inject(({ operation }) => (operation === 'FindItem' ? promise : undefined))
  const names = ['one', 'two', 'three']
  for (const name of names) {
    // A group that no pass has read: its hub is listed as a whole.
    const plan = planOf(name, { members: [{ mailbox: mailboxes[2] }] })
    plan.spec.syncGroup.name = 'new'
    await cluster.apply([plan])
  }
  const now = () => Promise.all(names.map((name) => cluster.get('syncplan', name)))
  await until('two are under way', async () => {
    return (await now()).filter((plan) => plannedOf(plan)?.status === 'Unknown').length === 2
  })
  expect((await now()).map((plan) => plannedOf(plan)?.reason)).toEqual([
    ...['Progressing', 'Progressing'],
    undefined,
  ])
  expect(await controller.stop()).toBe(0)
  exchange.inject(undefined)
  resolve(undefined)
  controller = await cluster.controller({ state: controller.state })
  for (const name of names) expect(plannedOf(await answered(name)).status).toBe('True')
})
