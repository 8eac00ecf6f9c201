// SyncPlans on a cluster: the controller answers each with its own credentials, under the permissions that the group would have,
// and writes nothing but the answer.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { exsync, groupOf, holdingsOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { Json } from './control-plane.ts'
import { type Controller, until } from './controller.ts'
import { Cluster } from './fixture.ts'
import { example, Forge, githubSteps, gitlabScript, workplace } from './review.ts'

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
  if ((await cluster.tried('kubectl', ['get', 'sp', '-A'])).code !== 0) return
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

/** A kubeconfig of the account of rbac.yaml. */
async function reviewer(): Promise<string> {
  await cluster.tried('kubectl', ['apply', '-f', '-'], example('rbac.yaml'))
  const token = await cluster.token('exsync-review', 'exsync-review')
  return cluster.plane.kubeconfig(token, 'sales')
}

/** A folder with the SyncGroups of a change, and a server that is not sent. */
function changed(members: readonly string[], extra: Json = {}): string {
  const folder = cluster.folder()
  mkdirSync(join(folder, 'contacts'))
  const group = groupOf({
    name: 'new',
    members: members.map((mailbox) => ({ mailbox })),
    spec: extra,
  })
  writeFileSync(join(folder, 'contacts/group.yaml'), stringify(group))
  writeFileSync(join(folder, 'contacts/server.yaml'), stringify(serverOf(exchange.url)))
  return folder
}

const left = () => cluster.kubectl('get', 'sp', '-A', '-l', 'app.kubernetes.io/managed-by=exsync')

test('a review job keeps one comment with the plan, and needs no other right than that on SyncPlans', async () => {
  await using forge = new Forge()
  const url = await forge.start()
  const folder = changed([mailboxes[2] ?? ''])
  const run = workplace(folder)
  const kubeconfig = await reviewer()
  const theirs = { id: 1, body: '<!-- exsync plan -->', user: { login: 'eve' }, author: { id: 9 } }
  forge.comments.push({ ...theirs })
  const github = {
    ...{
      RUNNER_TEMP: folder,
      GITHUB_OUTPUT: join(folder, 'output'),
      EXSYNC_KUBECONFIG: kubeconfig,
    },
    ...{ GITHUB_API_URL: url, GITHUB_REPOSITORY: 'corp/contacts', GITHUB_TOKEN: 'forge-token' },
    ...{ PULL_REQUEST: '5', CONTACTS: 'contacts' },
  }
  const steps = githubSteps()
  for (const name of ['Plan', 'Comment', 'Comment'])
    expect([name, await run(steps.get(name) ?? '', github)]).toMatchObject([name, { code: 0 }])
  expect(readFileSync(github.GITHUB_OUTPUT, 'utf8')).toBe('code=2\n')
  expect(existsSync(join(folder, 'kubeconfig'))).toBe(false)
  expect((await run(steps.get('Result') ?? '', { CODE: '2' })).code).toBe(0)
  expect((await run(steps.get('Result') ?? '', { CODE: '1' })).code).toBe(1)
  expect(forge.writes).toEqual([
    'POST /repos/corp/contacts/issues/5/comments',
    'PATCH /repos/corp/contacts/issues/comments/101',
  ])
  expect(forge.comments[0]).toEqual(theirs)
  const { body } = forge.comments[1]
  expect(body).toMatch(
    /^<!-- exsync plan -->\n### exsync plan\n.*`sales\/new`.*\| create \| 12 \|/s,
  )
  expect(body).not.toContain('Ola')
  expect(body.split('\n').length).toBeLessThanOrEqual(62)

  writeFileSync(join(folder, 'file'), kubeconfig)
  const gitlab = {
    ...{
      EXSYNC_KUBECONFIG: join(folder, 'file'),
      EXSYNC_TOKEN: 'forge-token',
      CONTACTS: 'contacts',
    },
    ...{ CI_API_V4_URL: url, CI_PROJECT_ID: '3', CI_MERGE_REQUEST_IID: '4' },
  }
  expect(await run(gitlabScript(), gitlab)).toMatchObject({ code: 0 })
  expect(forge.writes[2]).toBe('POST /projects/3/merge_requests/4/notes')
  expect(forge.comments[2].body).toBe(body)
  expect((await left()).trim()).toBe('')
})

test('exsync plan says why there is no plan', async () => {
  const folder = changed([mailboxes[2] ?? ''], { serverRef: { name: 'nowhere' } })
  const run = workplace(folder)
  const plan = (name: string, config: string, more = '') => {
    writeFileSync(join(folder, name), config)
    return run(`exsync plan --kubeconfig ${name} -f contacts/*.yaml ${more}`, {})
  }
  await cluster.kubectl('create', 'serviceaccount', 'stranger', '-n', 'sales')
  const stranger = cluster.plane.kubeconfig(await cluster.token('stranger', 'sales'))
  const admin = readFileSync(cluster.plane.admin, 'utf8')
  const [found, forbidden, elsewhere] = await Promise.all([
    plan('reviewer', await reviewer(), '-o json'),
    plan('stranger', stranger),
    plan('admin', admin, '-n other'),
  ])
  expect([found.code, forbidden.code, elsewhere.code]).toEqual([1, 1, 1])
  expect(JSON.parse(found.stdout).groups[0].error.reason).toBe('ServerNotFound')
  expect(found.stderr).toContain('ExchangeServer sales/corp is not planned')
  expect(forbidden.stderr).toMatch(/may not create, get and delete SyncPlans in sales/)
  expect(elsewhere.stderr).toMatch(/-n other is not the namespace of sales\/new/)
  expect((await left()).trim()).toBe('')
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
  const files = ['-f', join(changed([]), 'contacts/group.yaml')]
  const args = ['plan', '--kubeconfig', cluster.plane.admin, ...files]
  const unanswered = await exsync([...args, '--timeout', '1s']).ended
  expect([unanswered.code, unanswered.stderr]).toEqual([
    1,
    expect.stringContaining('no controller has looked'),
  ])
  const { child, ended } = exsync(args)
  await until('there is one', async () => (await left()).includes('exsync-plan-'))
  child.kill('SIGINT')
  const interrupted = await ended
  expect([interrupted.code, interrupted.stderr]).toEqual([
    1,
    expect.stringContaining('interrupted'),
  ])
  expect((await left()).trim()).toBe('')
  exchange.inject(undefined)
  resolve(undefined)
  controller = await cluster.controller({ state: controller.state })
  for (const name of names) expect(plannedOf(await answered(name)).status).toBe('True')
})

test('without the resource definition everything else goes on', async () => {
  await cluster.kubectl('delete', 'crd', 'syncplans.exchangesync.dev')
  const file = join(changed([]), 'contacts/group.yaml')
  const { stderr } = await exsync(['plan', '--kubeconfig', cluster.plane.admin, '-f', file]).ended
  expect(stderr).toContain('the cluster has no SyncPlans')
  await cluster.patch('sg', 'company-contacts', { spec: { suspend: true } })
  await until('the group is suspended', async () => {
    const { status, metadata } = await cluster.get('sg', 'company-contacts')
    return status.observedGeneration === metadata.generation
  })
  expect(controller.running).toBe(true)
})
