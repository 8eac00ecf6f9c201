// The embedded Exchange: an EWS server in memory, for tests and demonstrations. It is written from the
// protocol's documentation, not from what our own client happens to need; README.md says what it does.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BorderOptions,
  type HttpRequest,
  type HttpResponse,
  handle,
  type Message,
} from './http/border.ts'
import { makeCertificates, type SignatureHash } from './http/certificate.ts'
import { ConnectionLost, type FaultInjector } from './http/fault.ts'
import { inspection } from './http/inspection.ts'
import { type Listening, listen } from './http/server.ts'
import type { Behaviour } from './protocol/session.ts'
import { Authentication, type SignIns } from './sign-in/authentication.ts'
import { buildState } from './store/build.ts'
import type { Normalise, State } from './store/item.ts'
import { type Store, storeOf } from './store/store.ts'
import { checkWorld, type World } from './world.ts'

/** How to start. */
export type ExchangeOptions = Readonly<{
  /** Default: a free one. `none` listens nowhere: then only `handle` and `fetch` reach the server. */
  port?: number | 'none'
  /** The address that it listens on. Default: 127.0.0.1, so that nothing outside this machine reaches it. */
  host?: string
  /** Serve https, and write the authority's certificate to `ca.crt` in this directory. */
  tls?: string
  /** Serve https with this certificate and key, both in PEM, instead of ones made at the start. */
  certificate?: Readonly<{ cert: string; key: string }>
  /** The hash in the signature of its certificate. Default: sha256. */
  signatureHash?: SignatureHash
  /** The server's clock, in milliseconds. Default: the real one. */
  clock?: () => number
  fault?: FaultInjector
  /**
   * Sees every request that somebody signed in for, and its answer before any fault spoils it. Default: what the process
   * has set up for all (`http/inspection.ts`).
   */
  inspect?: (message: Message) => void
  /** Which habits of Exchange to switch off; `false` switches all of them off. */
  normalise?: false | Partial<Normalise>
  /** Compress answers for clients that accept it. Default: no. */
  gzip?: boolean
  /** The `Date` of answers is the server's clock. Default: the machine's, where it listens. */
  dated?: boolean
  /** Goes on from a state that was kept, not from the world. */
  resume?: (clock: () => number, normalise: Normalise) => State
  /** Called when a request has changed something, or may have; it is answered afterwards. */
  changed?: (state: State) => Promise<void>
}> &
  Partial<Behaviour>

/** A running server. */
export type Exchange = Readonly<{
  /** Where it answers. */
  url: string
  /** The authority's certificate in PEM, when it serves https. */
  ca?: string
  store: Store
  /** The HTTP border as a function, for simulations. Throws `ConnectionLost` when a fault says so. */
  handle: (request: HttpRequest) => Promise<HttpResponse>
  /** The same in the shape of `fetch`; a lost connection rejects with a TypeError, as there. */
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Requests so far, per operation. */
  counts: Readonly<Record<string, number>>
  /** Sign-ins so far, and why some were refused. */
  signIns: SignIns
  /** Changes the fault injector; undefined ends all faults. */
  inject: (fault: FaultInjector | undefined) => void
  close: () => Promise<void>
}>

/** Starts an Exchange with everything that the world says. Throws `WorldError`, or when the port is taken. */
export async function startExchange(
  world: World,
  options: ExchangeOptions = {},
): Promise<Exchange> {
  const { clock = Date.now, tls } = options
  const normalise = normalising(options.normalise)
  const state =
    options.resume?.(clock, normalise) ?? buildState(checkWorld(world), { clock, normalise })
  const inspect = options.inspect ?? (await inspection())
  let writes = 0
  let injector = options.fault
  const counts = new Map<string, number>()
  const made = tls === undefined ? undefined : makeCertificates(Date.now(), options.signatureHash)
  const certificates = options.certificate ?? made
  let origin = ''
  const authentication = new Authentication(state, certificates?.cert, () => origin)
  const border: BorderOptions = {
    state,
    authentication,
    behaviour: behaviourOf(options),
    counts,
    fault: () => injector,
    inspect: (message) => {
      if (message.direction === 'response' && !READS.test(message.operation)) writes += 1
      inspect?.(message)
    },
  }
  const respond = async (request: HttpRequest) => {
    const before = writes
    // A reply that is lost on purpose has done what it did.
    const answer = handle(border, request)
    await answer.catch(() => {})
    if (writes !== before) await options.changed?.(state)
    const { headers, ...rest } = await answer
    if (!options.dated) return { headers, ...rest }
    return { ...rest, headers: { date: new Date(clock()).toUTCString(), ...headers } }
  }
  const server = await listening(options, certificates, respond)
  if (tls !== undefined && made) {
    mkdirSync(tls, { recursive: true })
    writeFileSync(join(tls, 'ca.crt'), made.ca)
  }
  origin = `${certificates ? 'https' : 'http'}://127.0.0.1:${server?.port ?? 0}`
  return {
    url: `${origin}/EWS/Exchange.asmx`,
    ...(made && { ca: made.ca }),
    store: storeOf(state),
    handle: respond,
    fetch: (url, init) => fetched(respond, url, init),
    get counts() {
      return Object.fromEntries(counts)
    },
    get signIns() {
      return authentication.signIns
    },
    inject: (fault) => {
      injector = fault
    },
    close: async () => {
      await server?.close()
      authentication.close()
    },
  }
}

async function listening(
  { host, port = 0, gzip = false }: ExchangeOptions,
  tls: ExchangeOptions['certificate'],
  respond: Exchange['handle'],
): Promise<Listening | undefined> {
  return port === 'none' ? undefined : listen({ host, port, tls, gzip, handle: respond })
}

function behaviourOf(options: ExchangeOptions): Behaviour {
  return {
    publicFolderSync: options.publicFolderSync ?? 'refused',
    publicFolderRouting: options.publicFolderRouting ?? 'optional',
    leftOutOfShapes: options.leftOutOfShapes ?? [],
    bodyDeletes: options.bodyDeletes ?? 'done',
  }
}

/** Operations that change nothing. */
const READS = /^(Get|Find|Sync|Resolve|Convert)|^$/

function normalising(wanted: ExchangeOptions['normalise']): Normalise {
  if (wanted === false) return { names: false, titles: false, bodies: false, lines: false }
  return { names: true, titles: false, bodies: true, lines: true, ...wanted }
}

async function fetched(
  respond: Exchange['handle'],
  url: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  const request = new Request(url, init)
  const body = new Uint8Array(await request.arrayBuffer())
  const headers = Object.fromEntries(request.headers)
  const path = new URL(request.url).pathname
  try {
    const answer = await respond({ method: request.method, path, headers, body })
    const content = answer.truncated ? cutStream(answer.body) : answer.body
    const lines = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, each]),
    )
    return new Response(content, { status: answer.status, headers: lines })
  } catch (error) {
    if (error instanceof ConnectionLost) throw new TypeError('fetch failed', { cause: error })
    throw error
  }
}

function cutStream(text: string): ReadableStream<Uint8Array> {
  const parts = [new TextEncoder().encode(text)]
  return new ReadableStream({
    pull(controller) {
      const part = parts.shift()
      if (part) controller.enqueue(part)
      else controller.error(new TypeError('terminated', { cause: new ConnectionLost() }))
    },
  })
}
