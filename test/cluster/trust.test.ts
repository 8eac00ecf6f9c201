// What those who declare servers are trusted with: whose Secrets are sent, to which hosts, and what a status tells of a
// network that its reader may not look into.
import { createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { freePort } from '../support/port.ts'
import type { Json } from './control-plane.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, readyOf } from './fixture.ts'

const password = 'sync-secret'
const world = {
  domain: 'corp.example',
  users: [
    { mailbox: 'sync@corp.example', password, impersonates: 'all' as const },
    { mailbox: 'anna@corp.example', password: 'x' },
  ],
  publicFolders: [
    {
      path: '/Company/Contacts',
      permissions: { 'sync@corp.example': 'PublishingEditor' as const },
      contacts: [{ GivenName: 'Ada' }],
    },
  ],
}
const account = secretOf('account', { username: 'sync@corp.example', password })
const plain = { ...account, metadata: { name: 'account', namespace: 'sales' } }
const members = [{ mailbox: 'anna@corp.example' }]

let cluster: Cluster
let exchange: Exchange
let secure: Exchange
let controller: Controller
let silent: Server
let connections = 0

beforeAll(async () => {
  cluster = await Cluster.start()
  exchange = await startExchange(world)
  secure = await startExchange(world, { tls: cluster.folder() })
  silent = createServer(() => {
    connections += 1
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  controller = await cluster.controller()
  await cluster.kubectl('create', 'namespace', 'sales')
})
afterEach(() => cluster.lint())
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await Promise.all([exchange?.close(), secure?.close()])
  silent?.close()
})

const silentUrl = () => {
  const address = silent.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return `https://127.0.0.1:${address.port}/EWS/Exchange.asmx`
}
const named = (name: string, url: string) => ({
  ...serverOf(url, { limits: { requestTimeout: '1s' } }),
  metadata: { name, namespace: 'sales' },
})
const on = (server: string) =>
  groupOf({ name: `on-${server}`, members, spec: { serverRef: { name: server } } })

/** The conditions of a resource, without what differs from one to the next. */
async function conditionsOf(what: string, name: string): Promise<string> {
  const { status } = await cluster.get(what, name)
  const rest = ({ lastTransitionTime: _, observedGeneration: __, ...each }: Json) => each
  return JSON.stringify(status.conditions.map(rest))
}

async function restarted(...args: readonly string[]): Promise<void> {
  expect(await controller.stop()).toBe(0)
  controller = await cluster.controller({ state: controller.state, args })
}

test('a Secret is sent nowhere before its owner allows it, by the line that the status tells', async () => {
  await cluster.apply([plain, serverOf(exchange.url), groupOf({ members })])
  await cluster.waitForReason('SecretNotLabelled', 'corp', 'exs')
  await cluster.waitForReason('SecretNotLabelled', 'company-contacts')
  expect(exchange.counts).toEqual({})
  const { message } = readyOf(await cluster.get('exs', 'corp'))
  const [line = ''] = /kubectl label .*$/.exec(message) ?? []
  await cluster.kubectl(...line.split(' ').slice(1))
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await cluster.kubectl(
    'label',
    'secret',
    '-n',
    'sales',
    'account',
    'exchangesync.dev/credentials-',
  )
  await cluster.waitForReason('SecretNotLabelled', 'company-contacts')
})

test('for one release they may be taken as they were, and the log names each once', async () => {
  await restarted('--allow-unlabelled-credentials')
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await cluster.waitForReason('Succeeded', 'corp', 'exs')
  const lines = controller.said.split('\n').filter((line) => line.includes('SecretNotLabelled'))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      secret: 'sales/account',
      remedy: expect.stringMatching(/^kubectl label secret -n sales account /),
    },
  ])
})

test('where any host may be named, every way of not reaching one looks alike', async () => {
  const servers = [
    named('refused', `http://127.0.0.1:${await freePort()}/EWS/Exchange.asmx`),
    named('unknown', 'https://no-such-host.invalid/EWS/Exchange.asmx'),
    named('silent', silentUrl()),
    named('untrusted', secure.url),
    named('no-tls', exchange.url.replace('http:', 'https:')),
  ]
  const names = servers.map(({ metadata }) => metadata.name)
  await cluster.apply([account, ...servers, ...names.map(on)])
  for (const name of names) {
    await cluster.waitForReason('Unreachable', name, 'exs')
    await cluster.waitForReason('Unreachable', `on-${name}`)
  }
  const of = (what: string, each: readonly string[]) =>
    Promise.all(each.map((name) => conditionsOf(what, name)))
  const told = new Set(await of('exs', names))
  expect(told.size).toBe(1)
  expect(
    new Set(
      await of(
        'sg',
        names.map((name) => `on-${name}`),
      ),
    ).size,
  ).toBe(1)
  const events = await cluster.kubectl('get', 'events', '-n', 'sales', '-o', 'json')
  const differing = /HostNotFound|ConnectionRefused|TlsNotTrusted|TlsFailed|RequestTimeout/
  expect(events).not.toMatch(differing)
  // Who may read the log may know.
  for (const reason of ['HostNotFound', 'ConnectionRefused', 'TlsNotTrusted'])
    expect(controller.said).toMatch(new RegExp(`"reason":"${reason}",.*"detail":`))
})

test('where hosts are named, others are not asked, and of those that are the status tells why', async () => {
  await restarted('--allowed-server-hosts=127.0.0.1,*.corp.example')
  await cluster.waitForReason('ConnectionRefused', 'refused', 'exs')
  await cluster.waitForReason('TlsNotTrusted', 'untrusted', 'exs')
  await cluster.waitForReason('HostNotAllowed', 'unknown', 'exs')
  await cluster.waitForReason('HostNotAllowed', 'on-unknown')
  await restarted('--allowed-server-hosts=mail.corp.example')
  await cluster.waitForReason('HostNotAllowed', 'silent', 'exs')
  const before = connections
  await cluster.kubectl(
    'annotate',
    'exs',
    '--all',
    '-n',
    'sales',
    'exchangesync.dev/requestedAt=now',
  )
  await cluster.waitForReason('HostNotAllowed', 'corp', 'exs')
  await cluster.waitForReason('HostNotAllowed', 'on-silent')
  expect(connections).toBe(before)
})

test('http to this machine only by flag', async () => {
  await restarted('--no-allow-loopback-http')
  await until('the status says so', async () => {
    const ready = readyOf(await cluster.get('exs', 'corp'))
    return /not encrypted: use https, or .*--allow-loopback-http/.test(ready?.message ?? '')
  })
  await cluster.waitForReason('HostNotAllowed', 'company-contacts')
})
