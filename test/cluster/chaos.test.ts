// Whatever becomes of the API server, of the Lease and of the processes: no contact is lost or doubled, never two
// passes on one group at once, and it goes on by itself.
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { members, password, worldOf } from '../e2e/crash-world.ts'
import { difference, groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, home, readyOf, release } from './fixture.ts'

let cluster: Cluster
let exchange: Exchange
const running: Controller[] = []

// As the chart has it, but quicker, so that a test need not take a minute.
const lease = [
  '--leader-elect-lease-duration=6s',
  '--leader-elect-renew-deadline=4s',
  '--leader-elect-retry-period=1s',
  '--log-level=debug',
]
const leaseMs = 6_000

beforeAll(async () => {
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  exchange = await startExchange(worldOf())
  const account = secretOf('account', { username: 'sync@corp.example', password })
  await cluster.apply([account, serverOf(exchange.url), groupOf({ members })])
})
afterEach(async () => {
  for (const controller of running.splice(0)) {
    controller.signal('SIGCONT')
    await controller.kill()
  }
  await cluster.lint()
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

async function started(start: Parameters<Cluster['controller']>[0] = {}): Promise<Controller> {
  const controller = await cluster.controller({ ...start, args: [...lease, ...(start.args ?? [])] })
  running.push(controller)
  return controller
}

/** The controller as a kubelet keeps it: one that ends is started again, on the same volume. */
async function kept(): Promise<Readonly<{ now: () => Controller; restarts: () => number }>> {
  let [now, restarts] = [await started(), 0]
  const keep = async () => {
    for (;;) {
      await now.ended
      if (!running.includes(now)) return
      restarts += 1
      now = await started({ state: now.state }).catch(() => now)
    }
  }
  void keep()
  return { now: () => now, restarts: () => restarts }
}

let titles = 0

/** Somebody edits a contact in a mailbox; it must reach the hub. */
async function travels(): Promise<void> {
  titles += 1
  const title = `Title ${titles}`
  const folder = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  folder.update(folder.items()[0]?.id ?? '', { JobTitle: title })
  const hub = exchange.store.publicFolder('/Company/Contacts')
  await until(`${title} reaches the hub`, () =>
    hub.items().some(({ contact }) => contact.JobTitle === title),
  )
}

/** A change of the declaration, which must be seen. */
async function declares(): Promise<void> {
  titles += 1
  const token = `token-${titles}`
  await cluster.kubectl(
    ...['annotate', '--overwrite', 'sg', 'company-contacts', '-n', 'sales'],
    `exchangesync.dev/requestedAt=${token}`,
  )
  await until(`${token} is handled`, async () => {
    const { status } = await cluster.get('sg', 'company-contacts')
    return status.lastHandledReconcileAt === token
  })
}

/** Contacts that somebody lacks, has twice, or has otherwise than the hub. */
function wrong(): readonly unknown[] {
  const { store } = exchange
  const of = (items: readonly { contact: { Surname?: string; JobTitle?: string } }[]) =>
    items.map(({ contact }) => `${contact.Surname} ${contact.JobTitle ?? ''}`).sort()
  const hub = of(store.publicFolder('/Company/Contacts').items())
  const folder = (who: string) =>
    of(store.mailbox(`${who}@corp.example`).folder('Contacts/Contacts').items())
  const ewas = folder('ewa').filter((each) => !each.startsWith('ewa-'))
  return [
    ...hub.filter((each, at) => hub.indexOf(each) !== at),
    ...[folder('anna'), folder('jan'), ewas].flatMap((each) => {
      const { missing, surplus } = difference(each, hub)
      return [...missing, ...surplus]
    }),
  ]
}

/** Everybody has everything, once, before long. */
async function allWell(): Promise<void> {
  let now: readonly unknown[] = []
  await until('everybody has everything once', () => {
    now = wrong()
    return now.length === 0
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(now)}`)
  })
}

/** When each request to Exchange began, ms since 1970, as the process itself logged it. */
function requestsOf({ said }: Controller): readonly number[] {
  return (
    said
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
      .map((line) => JSON.parse(line) as { time: string; durationMs: number; outcome: string })
      // What was refused before it was sent is no request.
      .filter(({ outcome }) => outcome !== 'LeadershipLost')
      .map(({ time, durationMs }) => Date.parse(time) - durationMs)
  )
}

function startedMs({ said }: Controller): number {
  const line = said.split('\n').find((each) => each.includes('"msg":"started"')) ?? '{}'
  return Date.parse(JSON.parse(line).time)
}

test('the API server is killed during a pass and comes back with its history gone', async () => {
  const pod = await kept()
  let killed: Promise<void> | undefined
  exchange.inject(({ operation }) => {
    if (operation === 'CreateItem') killed ??= cluster.plane.killApi()
    return undefined
  })
  await until('a pass creates copies', () => killed !== undefined)
  await killed
  exchange.inject(undefined)
  await cluster.plane.compact()
  await cluster.plane.startApi()
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await allWell()
  await declares()
  await travels()
  // Readiness follows.
  await until('it is ready again', async () => (await pod.now().health('/readyz')) === 200)
})

test('the API server hangs for a while, and goes on', async () => {
  const pod = await kept()
  await pod.now().leads()
  await declares()
  await travels()
  const before = exchange.counts.FindItem ?? 0
  cluster.plane.hangApi()
  try {
    await until(
      'passes have gone on, or it has stopped in time',
      () => (exchange.counts.FindItem ?? 0) > before || pod.restarts() > 0 || !pod.now().running,
    )
  } finally {
    cluster.plane.resumeApi()
  }
  await declares()
  await travels()
  await allWell()
})

test('the API server is killed again and again', async () => {
  await kept()
  for (let n = 0; n < 4; n++) {
    await cluster.plane.killApi()
    await cluster.plane.startApi()
    await declares()
    await travels()
  }
  await allWell()
})

test('the API server hangs for longer than the Lease: the leader stops by itself', async () => {
  const controller = await started()
  await controller.leads()
  await declares()
  await travels()
  cluster.plane.hangApi()
  try {
    expect(await controller.ended).toBe(1)
  } finally {
    cluster.plane.resumeApi()
  }
  expect(controller.said).toContain('lease: lost')
  const next = await started({ state: controller.state })
  await next.leads()
  await declares()
  await travels()
  await allWell()
})

test('the credentials are rotated', async () => {
  const controller = await started({
    args: ['--leader-elect-lease-duration=40s', '--leader-elect-renew-deadline=30s'],
  })
  await controller.leads()
  const account = `${release}-exchange-sync-controller`
  const { metadata, ...rest } = await cluster.get('serviceaccount', account, home)
  await cluster.kubectl('delete', 'serviceaccount', account, '-n', home)
  const { name, namespace, labels, annotations } = metadata
  await cluster.apply([{ ...rest, metadata: { name, namespace, labels, annotations } }])
  writeFileSync(controller.token, await cluster.token(account))
  await declares()
  await travels()
  expect(await controller.stop()).toBe(0)
})

test.each([
  ['killed', 'a state of its own'],
  ['killed', 'the same state'],
  ['stopped', 'a state of its own'],
  ['stopped', 'the same state'],
] as const)(
  'the leader is %s in a pass; the other one, with %s, takes over',
  async (how, which) => {
    const first = await started({ pod: 'first' })
    await first.leads()
    await declares()
    await travels()
    const state = which === 'the same state' ? { state: first.state } : {}
    const second = await started({ pod: 'second', ...state })
    await until('the other one waits', () => second.said.includes('lease: waiting'))
    await until('who waits is ready', async () => (await second.health('/readyz')) === 200)

    const hub = exchange.store.publicFolder('/Company/Contacts')
    let fallen = false
    exchange.inject(({ operation }) => {
      if (!fallen && operation === 'CreateItem') {
        fallen = true
        first.signal(how === 'killed' ? 'SIGKILL' : 'SIGSTOP')
      }
      return undefined
    })
    for (let n = 0; n < 20; n++) hub.create({ GivenName: 'Nowy', Surname: `${how} ${which} ${n}` })
    await until('the leader falls', () => fallen)
    const fellMs = Date.now()
    await second.leads()
    // The Lease's duration after it was renewed last, one look later, and as much again for a loaded machine.
    expect(startedMs(second) - fellMs).toBeLessThan(2 * leaseMs)
    await declares()
    await cluster.waitForReason('Succeeded', 'company-contacts')
    await travels()
    if (how === 'stopped') {
      first.signal('SIGCONT')
      expect(await first.ended).toBe(1)
      // What it had sent before it was stopped may be logged; nothing begins after another one leads.
      expect(requestsOf(first).filter((atMs) => atMs > startedMs(second))).toEqual([])
      await travels()
    }
    exchange.inject(undefined)
    await allWell()
    expect(await second.stop()).toBe(0)
  },
)

test('whoever ends in good order lets the Lease go at once', async () => {
  // Without that, the next one would have to wait for a minute.
  const args = ['--leader-elect-lease-duration=60s', '--leader-elect-renew-deadline=40s']
  const first = await started({ pod: 'first', args })
  await first.leads()
  const second = await started({ pod: 'second', state: first.state, args })
  await until('the other one waits', () => second.said.includes('lease: waiting'))
  const askedMs = Date.now()
  expect(await first.stop()).toBe(0)
  await second.leads()
  expect(startedMs(second) - askedMs).toBeLessThan(30_000)
  await travels()
  expect(await second.stop()).toBe(0)
})

test('what others write into the status is put right, and what is theirs stays', async () => {
  const controller = await started()
  await controller.leads()
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const conditions = [
    ['Ready', 'False', 'Foreign'],
    ['Audited', 'True', 'Foreign'],
  ].map(([type, status, reason]) => ({
    ...{ type, status, reason, message: 'by somebody else' },
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }))
  const path = '/apis/exchangesync.dev/v1alpha1/namespaces/sales/syncgroups/company-contacts/status'
  const body = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name: 'company-contacts', namespace: 'sales' },
    status: { conditions, items: 1 },
  }
  const query = 'fieldManager=somebody&force=true'
  const type = 'application/apply-patch+yaml'
  const { status } = await cluster.plane.raw('PATCH', `${path}?${query}`, body, type)
  expect(status).toBe(200)
  await cluster.waitForReason('Succeeded', 'company-contacts')
  const group = await cluster.get('sg', 'company-contacts')
  expect(readyOf(group).status).toBe('True')
  expect(group.status.items).toBeGreaterThan(1)
  expect(group.status.conditions.map(({ type }: { type: string }) => type).sort()).toEqual([
    'Audited',
    'Ready',
  ])
  const version = group.metadata.resourceVersion
  const passes = async () =>
    (await controller.metrics()).get(
      'workqueue_adds_total{name="syncgroup",controller="syncgroup"}',
    ) ?? 0
  const from = await passes()
  await until('three more passes', async () => (await passes()) >= from + 3)
  expect((await cluster.get('sg', 'company-contacts')).metadata.resourceVersion).toBe(version)
})
