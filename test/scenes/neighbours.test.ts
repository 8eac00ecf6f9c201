// Neighbours whose servers hang, trickle, or do so only later: the group beside them has its passes all the same. The
// real schedule and connections over embedded Exchanges; time passes only where all wait.

import { describe, expect, onTestFinished, test } from 'vitest'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { Connections } from '../../controller/ews/connections.ts'
import type { Incoming, Outgoing } from '../../controller/ews/network.ts'
import { tooSlow } from '../../controller/ews/rate.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { once, schedule } from '../../controller/sync/schedule.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { VirtualClock } from '../support/clock.ts'
import { declaration } from '../support/declaration.ts'

const account = 'sync@corp.example'
const _apiVersion = 'exchangesync.dev/v1alpha1'
const hard = new AbortController().signal
const latencyMs = 5

/** What a server does with its n-th request, counted from 1. `take`: it is Exchange. */
type Answer = (
  call: Readonly<{ n: number; operation: string; body: string }>,
) => 'take' | 'hang' | 'trickle' | 'slow'

const well: Answer = () => 'take'
const hangs: Answer = () => 'hang'

type Group = Readonly<{
  namespace: string
  name?: string
  host: string
  server?: string
  members?: number
}>

class Street {
  readonly clock = new VirtualClock(Date.UTC(2020, 0, 1))
  readonly servers = new Servers(this.clock, { leastMs: 5_000, mostMs: 900_000 })
  readonly answers = new Map<string, Answer>()
  readonly calls = new Map<string, number>()
  /** When each group's passes began and ended, and as what. */
  readonly passes: { id: GroupId; beganMs: number; endedMs: number; as: string }[] = []
  readonly statuses = new Map<string, SyncGroupStatus>()
  readonly #exchange: Exchange
  readonly #state = openState(':memory:')
  readonly #connections: Connections
  declared: readonly Declared[] = []
  changed = () => {}

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    const network = { send: (request: Outgoing) => this.#send(request), close: async () => {} }
    this.#connections = new Connections(this.clock, { network: () => network })
  }

  static async of(groups: readonly Group[]): Promise<Street> {
    const mailboxes = ['m0', 'm1', 'm2', 'm3'].map((name) => `${name}@corp.example`)
    const exchange = await startExchange({
      domain: 'corp.example',
      users: [
        { mailbox: account, password: 'right', impersonates: 'all' },
        ...mailboxes.map((mailbox) => ({ mailbox, password: 'p' })),
      ],
      publicFolders: [
        { path: '/Company', permissions: { [account]: 'PublishingEditor' }, contacts: 2 },
      ],
    })
    onTestFinished(() => exchange.close())
    const street = new Street(exchange)
    street.declared = groups.map(declaredOf)
    return street
  }

  site(): Environment {
    const began = new Map<GroupId, number>()
    return {
      declarations: {
        groups: async () => this.declared,
        changed: (until) =>
          new Promise((resolve) => {
            this.changed = resolve
            until.addEventListener('abort', () => resolve(), { once: true })
          }),
        hold: async ({ id }) => void began.set(id, this.clock.now()),
        report: async ({ id }, status) => void this.statuses.set(id, status),
        released: async () => {},
      },
      replicas: (...asked) => this.#connections.replicas(...asked),
      former: (...asked) => this.#connections.former(...asked),
      baseline: (group) => this.#state.baseline(group),
      recent: async () => [],
      clock: this.clock,
      servers: this.servers,
      onEnded: ({ declared: { id }, result }) => {
        const as = result.kind === 'failed' ? result.error.code : result.kind
        this.passes.push({ id, beganMs: began.get(id) ?? 0, endedMs: this.clock.now(), as })
      },
    }
  }

  /** Runs for so long. */
  async runs(forMs: number, concurrency = 4): Promise<void> {
    const stop = new AbortController()
    this.clock.sleep(forMs, stop.signal).then(
      () => stop.abort(),
      () => {},
    )
    const options = { auditMs: 86_400_000, sliceMs: 60_000, concurrency }
    await this.clock.until(schedule(this.site(), options, stop.signal, hard))
  }

  /** The longest that a group waited for its next pass, from then on; ms. */
  longestMs(id: string, fromMs = 0): number {
    const own = this.passes.filter((pass) => pass.id === id)
    const gaps = own.slice(1).map(({ beganMs }, n) => [beganMs - (own[n]?.endedMs ?? 0), beganMs])
    return Math.max(...gaps.filter(([, at = 0]) => at >= fromMs).map(([gap = 0]) => gap))
  }

  of(id: string) {
    return this.passes.filter((pass) => pass.id === id)
  }

  async #send({ url, headers, body, signal }: Outgoing): Promise<Incoming> {
    const { hostname, pathname: path } = new URL(url)
    const n = (this.calls.get(hostname) ?? 0) + 1
    this.calls.set(hostname, n)
    const operation = /<m:([A-Za-z]+)/.exec(body)?.[1] ?? ''
    const how = (this.answers.get(hostname) ?? well)({ n, operation, body })
    if (how === 'hang')
      return await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      )
    await this.clock.sleep(how === 'trickle' ? 16_000 : how === 'slow' ? 2_500 : latencyMs, signal)
    if (how === 'trickle') throw tooSlow
    const answer = await this.#exchange.handle({ method: 'POST', path, headers, body })
    const bytes = async function* () {
      yield Buffer.from(answer.body)
    }
    return { ...answer, body: bytes(), discard: async () => {} }
  }
}

function declaredOf({
  namespace,
  name = 'g',
  host,
  server = 'corp',
  members = 1,
}: Group): Declared {
  const spec = {
    serverRef: { name: server },
    hub: { publicFolder: '/Company' },
    members: Array.from({ length: members }, (_, n) => ({
      mailbox: `m${n}@corp.example`,
      folder: `Contacts/${namespace}-${name}`,
    })),
    interval: '10s',
    retryInterval: '2s',
  }
  const auth = { type: 'Basic', secretRef: { name: 'account' } }
  const url = `https://${host}/EWS/Exchange.asmx`
  return declaration(
    { metadata: { name: server, namespace }, spec: { url, auth } },
    { metadata: { name, namespace }, spec },
    {
      credentials: { username: account, password: 'right' },
      fingerprint: `${namespace}/${name}`,
    },
  )
}

const bad = Array.from({ length: 24 }, (_, n) => ({
  namespace: `bad${n}`,
  host: `bad${n}.example`,
}))
const good = { namespace: 'good', host: 'good.example' }

describe('beside 24 neighbours in 24 namespaces, with four workers', () => {
  const table: readonly (readonly [string, Answer])[] = [
    ['hang', hangs],
    ['trickle', () => 'trickle'],
    [
      'answer the first requests, and then hang in the middle of a pass',
      ({ n }) => (n > 4 ? 'hang' : 'take'),
    ],
    ['answer whole passes, and then hang', ({ n }) => (n > 60 ? 'hang' : 'take')],
    [
      'answer small questions at once, and let all else hang',
      ({ operation }) => (operation === 'GetFolder' ? 'take' : 'hang'),
    ],
    [
      'answer for the hub, and let the member hang',
      ({ body }) => (body.includes('m0@corp') ? 'hang' : 'take'),
    ],
    ['take two and a half seconds for each answer', () => 'slow'],
    ['hang every other minute', ({ n }) => (Math.floor(n / 20) % 2 === 1 ? 'trickle' : 'take')],
  ]
  test.each(table)('that %s, a group starts within its interval and 5 s', async (_what, answer) => {
    const street = await Street.of([...bad, good])
    for (const { host } of bad) street.answers.set(host, answer)
    await street.runs(150_000)
    expect(street.of('good/g').every(({ as }) => as === 'passed')).toBe(true)
    expect(street.of('good/g').length).toBeGreaterThan(10)
    expect(street.longestMs('good/g')).toBeLessThanOrEqual(15_000)
    expect(new Set([...street.calls.keys()]).size, 'all were tried').toBe(25)
  })
})

test('within one namespace the group on the server that is well goes on beside two hundred on one that hangs', async () => {
  const many = Array.from({ length: 200 }, (_, n) => ({
    namespace: 'team',
    name: `bad${n}`,
    host: 'bad.example',
    // One server under fifty names.
    server: `corp${n % 50}`,
  }))
  const own = { namespace: 'team', name: 'own', host: 'good.example', server: 'other' }
  const street = await Street.of([...many, own, good])
  street.answers.set('bad.example', hangs)
  await street.runs(200_000)
  expect(street.longestMs('team/own')).toBeLessThanOrEqual(15_000)
  expect(street.longestMs('good/g')).toBeLessThanOrEqual(15_000)
  expect(street.calls.get('bad.example'), 'one try at a time').toBeLessThanOrEqual(5)
})

test('a tenant that asks for a pass again and again has no turn before the others', async () => {
  const street = await Street.of([...bad, good])
  for (const { host } of bad) street.answers.set(host, hangs)
  const asking = (token: number) => {
    street.declared = street.declared.map((each) =>
      each.id === 'good/g'
        ? each
        : {
            ...each,
            fingerprint: `${each.id} ${token}`,
            previous: street.statuses.get(each.id),
            group: {
              ...each.group,
              metadata: {
                ...each.group.metadata,
                annotations: { 'exchangesync.dev/requestedAt': `${token}` },
              },
            },
          },
    )
    street.changed()
  }
  const end = new AbortController()
  const ask = async () => {
    for (let token = 0; !end.signal.aborted; token += 1) {
      await street.clock.sleep(1_000, end.signal).catch(() => {})
      asking(token)
    }
  }
  void ask()
  await street.runs(200_000)
  end.abort()
  expect(street.longestMs('good/g')).toBeLessThanOrEqual(15_000)
  expect(street.of('good/g').every(({ as }) => as === 'passed')).toBe(true)
})

test('--once comes to its end beside servers that hang, and each group has its pass', async () => {
  const street = await Street.of([...bad, good, { ...good, name: 'second' }])
  for (const { host } of bad) street.answers.set(host, hangs)
  const beganMs = street.clock.now()
  expect(await street.clock.until(once(street.site(), hard, hard))).toBe(false)
  expect(street.passes.length).toBe(26)
  expect(street.of('good/g')).toMatchObject([{ as: 'passed' }])
  expect(street.of('good/second')).toMatchObject([{ as: 'passed' }])
  expect(street.of('bad3/g')).toMatchObject([{ as: 'RequestTimeout' }])
  expect(street.clock.now() - beganMs).toBeLessThan(70_000)
})

test('what waits for a first answer keeps nobody who is to end, and tells nothing', async () => {
  const street = await Street.of(bad)
  for (const { host } of bad) street.answers.set(host, hangs)
  const beganMs = street.clock.now()
  await street.runs(10_000)
  expect(street.clock.now() - beganMs).toBe(10_000)
  expect(street.passes).toEqual([])
})

test('a server that is well again is used again, and by all of its groups', async () => {
  const groups = Array.from({ length: 20 }, (_, n) => ({
    namespace: 'team',
    name: `g${n}`,
    host: 'bad.example',
  }))
  const street = await Street.of(groups)
  const untilMs = street.clock.now() + 100_000
  street.answers.set('bad.example', () => (street.clock.now() < untilMs ? 'trickle' : 'take'))
  await street.runs(400_000)
  for (const { name } of groups)
    expect(street.of(`team/${name}`).at(-1)).toMatchObject({ as: 'passed' })
})
