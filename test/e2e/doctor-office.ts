// An office whose servers and folders `exsync doctor` examines: an Exchange, its declarations, and a proxy that ends TLS.
import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { Finding } from '../../controller/ews/doctor/finding.ts'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import { type Certificates, makeCertificates } from '../exchange/http/certificate.ts'
import type { WorldSignIn } from '../exchange/sign-in/settings.ts'
import type { Level } from '../exchange/store/rights.ts'
import {
  type Ended,
  exsync,
  groupOf,
  Place,
  type Resource,
  type Running,
  secretOf,
  serverOf,
} from './support.ts'

export const account = 'sync@corp.example'
export const password = 'geheim-9'

/** How an office differs from one where all is well. */
export type Differing = Readonly<{
  signIn?: WorldSignIn
  exchange?: Omit<ExchangeOptions, 'tls'>
  tls?: boolean
  /** The spec of the ExchangeServer. */
  server?: Resource
  /** The account's level on the hub. */
  level?: Level
  impersonates?: 'all' | readonly string[]
  members?: readonly Resource[]
  /** More mailboxes, each with the folder of the group. */
  users?: readonly string[]
  spec?: Resource
  secret?: Resource
  /** The proxy before the Exchange has a certificate that was made at this time, ms since 1970. */
  proxyMs?: number
  /** The proxy passes the first request with this text on, and loses the connection instead of the answer. */
  breaksAt?: string
  /** More resources; those of the same name come last. */
  more?: (url: string) => readonly Resource[]
}>

/** A running office. */
export type Office = Readonly<{
  exchange: Exchange
  place: Place
  url: string
  start: (...args: readonly string[]) => Running
  /** Runs doctor to its end. */
  doctor: (...args: readonly string[]) => Promise<Ended>
  /** The same with -o json: the exit code and the findings. */
  findings: (
    ...args: readonly string[]
  ) => Promise<Readonly<{ code: number | null; all: readonly Finding[] }>>
}> &
  AsyncDisposable

/** Opens an office; all is well in it unless told otherwise. */
export async function officeWith(differing: Differing = {}): Promise<Office> {
  const { tls = false, proxyMs, more = () => [] } = differing
  const place = new Place([])
  const secure = tls || proxyMs !== undefined
  const dir = join(place.local, '..', 'tls')
  const exchange = await startExchange(worldOf(differing), {
    ...differing.exchange,
    ...(secure && { tls: dir }),
  })
  const proxy =
    proxyMs === undefined ? undefined : await proxyBefore(exchange, proxyMs, differing.breaksAt)
  const url = proxy?.url ?? exchange.url
  const ca = proxy?.ca ?? exchange.ca
  const trust = secure ? { tls: { caSecretRef: { name: 'authority', key: 'ca.crt' } } } : {}
  const { members = [{ mailbox: 'anna@corp.example' }], spec = {} } = differing
  const group = groupOf({ members, spec })
  place.declare([
    serverOf(url, { ...trust, ...differing.server }),
    secretOf('account', differing.secret ?? { username: account, password }),
    ...(ca === undefined ? [] : [secretOf('authority', { 'ca.crt': ca })]),
    group,
    ...more(url),
  ])
  const start = (...args: readonly string[]) => exsync(['doctor', '--local', place.local, ...args])
  return {
    exchange,
    place,
    url,
    start,
    doctor: (...args) => start(...args).ended,
    findings: async (...args) => {
      const { code, stdout, stderr } = await start('-o', 'json', ...args).ended
      if (stderr !== '') throw new Error(stderr)
      return { code, all: JSON.parse(stdout).findings }
    },
    [Symbol.asyncDispose]: async () => {
      await proxy?.close()
      await exchange.close()
      place[Symbol.dispose]()
    },
  }
}

function worldOf(differing: Differing) {
  const { signIn, level = 'PublishingEditor', impersonates = 'all', users = [] } = differing
  const own = ['anna', 'jan', 'ewa'].map((name) => `${name}@corp.example`)
  return {
    domain: 'corp.example',
    users: [
      { mailbox: account, password, impersonates },
      ...[...own, ...users].map((mailbox) => ({
        mailbox,
        password: 'x',
        folders: { 'Contacts/Contacts': 2 },
      })),
    ],
    publicFolders: [{ path: '/Company/Contacts', permissions: { [account]: level }, contacts: 3 }],
    ...(signIn && { signIn }),
  }
}

type Proxy = Readonly<{ url: string; ca: string; close: () => Promise<void> }>

// Ends TLS with a certificate of its own, and speaks TLS to the Exchange: one connection for each.
async function proxyBefore(
  exchange: Exchange,
  madeMs: number,
  breaksAt: string | undefined,
): Promise<Proxy> {
  let broken = breaksAt === undefined
  const { ca, key, cert }: Certificates = makeCertificates(madeMs)
  const port = Number(new URL(exchange.url).port)
  const open = new Set<TLSSocket>()
  const server = createServer({ key, cert }, (client) => {
    const behind = connect({ host: '127.0.0.1', port, ca: exchange.ca })
    client.on('data', (chunk: Buffer) => {
      if (broken || !chunk.includes(breaksAt ?? '')) return
      broken = true
      behind.unpipe(client)
      behind.once('data', () => client.destroy())
      behind.resume()
    })
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = (server.address() as AddressInfo).port
  return {
    url: `https://127.0.0.1:${own}/EWS/Exchange.asmx`,
    ca,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** `check outcome` of all findings, or of those about a subject. */
export function outcomesOf(all: readonly Finding[], subject = ''): readonly string[] {
  return all
    .filter((each) => each.subject.includes(subject))
    .map(({ check, outcome }) => `${check} ${outcome}`)
}

/** The only finding that is missing. */
export function lackIn(all: readonly Finding[]): Finding | undefined {
  const lacks = all.filter(({ outcome }) => outcome === 'missing')
  if (lacks.length > 1) throw new Error(`more than one: ${JSON.stringify(lacks)}`)
  return lacks[0]
}

/** The names of all files of a place. */
export function filesOf(place: Place): readonly string[] {
  const options = { recursive: true, encoding: 'utf8' } as const
  return readdirSync(join(place.local, '..'), options).toSorted()
}
