// The border between requests and the network: no code above it knows a socket, so that a simulation can replace it. This
// is the real implementation: pooled connections over undici.
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { buildConnector, Client, type Dispatcher, request } from 'undici'
import { SyncError } from '../core/sync-error.ts'
import { type Rate, tooSlow, usualRate } from './rate.ts'
import { Attempts } from './semaphore.ts'
import { pieceBytes, piecesOf, Watch } from './watch.ts'

/** An outgoing request. */
export type Outgoing = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Aborts when no caller waits any more. */
  signal: AbortSignal
}>

/** A response whose body has not arrived yet. */
export type Incoming = Readonly<{
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Rejects if the connection breaks before the end. */
  body: AsyncIterable<Uint8Array>
  /** Reads and discards the rest, so that the connection can be used again. */
  discard: () => Promise<void>
}>

/** The connection to one server. `send` posts; it rejects if the connection fails, or when the signal aborts. */
export type Network = Readonly<{
  send: (request: Outgoing) => Promise<Incoming>
  close: () => Promise<void>
}>

/** A connection that is not signed in yet. */
export type Connection = Readonly<{
  /** Sends a request on this very connection. Rejects with a SyncError if it is lost in between. */
  send: (authorization: string, body: string) => Promise<Incoming>
  /** The server's own certificate, DER; undefined without TLS. */
  certificate: () => Buffer | undefined
}>

/** Signs a connection in. Resolves with the response if that is a refusal, or no answer of Exchange at all. */
export type Handshake = (connection: Connection) => Promise<Incoming | undefined>

/** The settings of a connection. */
export type NetworkOptions = Readonly<{
  concurrency: number
  /** Certificate authorities to trust instead of Node's own, PEM. */
  ca: string | undefined
  /** Signs each connection in before its first request; all connections belong to one account. */
  handshake?: Handshake | undefined
  /** Called when a request is written to its connection; throws if it may not be sent any more. */
  permit?: (() => void) | undefined
  /** The slowest accepted rate of an answer. */
  rate?: Rate
  /** The time limit for connecting, TLS included; ms. */
  connectMs?: number
}>

/** Handshakes for one request, at most: the server may close each connection before it is used. */
const signInsMax = 3

const notSignedIn = new Error('the connection is not signed in')

const signInLost = new SyncError(
  'transient',
  'SignInLost',
  'the server refused a request on a connection that was signed in by NTLM, or closed it within the handshake; the controller signs in again. If this persists, check that the load balancer keeps each connection for one client, and that IIS keeps the sign-in of a connection (authPersistSingleRequest is false)',
)

/** Pooled connections. The caller sets the deadline of a request; connecting and the least rate have their own limits. */
export function pooledNetwork(options: NetworkOptions): Network {
  const lines = new Set<Line>()
  const signIns: SignIns = new Attempts()
  return {
    send: async (outgoing) => {
      const { origin } = new URL(outgoing.url)
      const own = [...lines].filter((line) => line.origin === origin)
      const idle = own.find(({ busy }) => busy === 0)
      const [least] = own.sort((one, other) => one.busy - other.busy)
      const line =
        idle ??
        (least && own.length >= options.concurrency ? least : new Line(origin, options, signIns))
      lines.add(line)
      return line.send(outgoing)
    },
    close: async () => {
      await Promise.all([...lines].map((line) => line.close()))
      lines.clear()
    },
  }
}

// The sign-ins of all connections of an account. Each answers the response of a refusal.
type SignIns = Attempts<Incoming | undefined>

function withoutBody({ status, headers }: Incoming): Incoming {
  return { status, headers, body: Readable.from([]), discard: async () => {} }
}

// One connection, which is opened again when it is lost. It carries one request at a time, so that the bytes of its socket
// belong to the running request.
class Line {
  readonly origin: string
  /** Requests that run or wait. */
  busy = 0
  readonly #client: Client
  readonly #permit: () => void
  readonly #rate: Rate
  readonly #handshake: Handshake | undefined
  readonly #signIns: SignIns
  #socket: Socket | undefined
  /** The socket that is signed in. */
  #signedIn: Socket | undefined

  constructor(origin: string, options: NetworkOptions, signIns: SignIns) {
    this.#signIns = signIns
    const { ca, permit, rate, handshake, connectMs = 15_000 } = options
    this.origin = origin
    this.#permit = permit ?? (() => {})
    this.#rate = rate ?? usualRate
    this.#handshake = handshake
    // A resumed TLS session does not show the server's certificate, which the handshake binds the sign-in to.
    const resumed = handshake === undefined ? {} : { maxCachedSessions: 0 }
    const tls = { allowH2: false, ...resumed, ...(ca === undefined ? {} : { ca }) }
    const connector = buildConnector({ timeout: connectMs, ...tls })
    const connect: typeof connector = (target, connected) =>
      connector(target, (error, socket) => {
        this.#socket = socket ?? undefined
        if (error === null) connected(null, socket as Socket)
        else connected(error, null)
      })
    const timeouts = { keepAliveTimeout: 60_000, headersTimeout: 0, bodyTimeout: 0 }
    this.#client = new Client(origin, { ...timeouts, allowH2: false, connect })
  }

  async send(outgoing: Outgoing): Promise<Incoming> {
    const handshake = this.#handshake
    if (handshake === undefined) return this.#post(outgoing, () => {})
    this.busy += 1
    try {
      return await this.#signed(outgoing, handshake)
    } finally {
      this.busy -= 1
    }
  }

  // A request is written only to a socket that is signed in: if that was lost in between, a new one is signed in first.
  async #signed(outgoing: Outgoing, handshake: Handshake): Promise<Incoming> {
    for (let tries = 0; tries < signInsMax; tries += 1) {
      // A connection that is signed in does not wait for the handshakes of others.
      const refusal = this.#isSignedIn
        ? undefined
        : await this.#signIns.run(
            (failed) => this.#signIn(outgoing, handshake, failed),
            outgoing.signal,
          )
      if (refusal !== undefined) return refusal
      try {
        const response = await this.#post(outgoing, (socket) => {
          if (socket !== this.#signedIn) throw notSignedIn
        })
        if (response.status !== 401) return response
        this.#signedIn = undefined
        await response.discard()
        throw signInLost
      } catch (error) {
        if (error !== notSignedIn) throw error
      }
    }
    throw signInLost
  }

  get #isSignedIn(): boolean {
    return this.#signedIn !== undefined && this.#signedIn === this.#socket
  }

  async #signIn(
    outgoing: Outgoing,
    handshake: Handshake,
    failed: (answer: () => Incoming) => void,
  ): Promise<Incoming | undefined> {
    if (this.#isSignedIn) return undefined
    let own: Socket | undefined
    const refusal = await handshake({
      send: (authorization, body) => {
        const headers = { ...outgoing.headers, authorization }
        return this.#post({ ...outgoing, headers, body }, (socket) => {
          own ??= socket
          if (socket !== own) throw signInLost
        })
      },
      certificate: () => (own instanceof TLSSocket ? own.getPeerCertificate().raw : undefined),
    })
    if (refusal === undefined) this.#signedIn = own
    if (refusal?.status === 401) failed(() => withoutBody(refusal))
    return refusal
  }

  // `begins` may throw when the request is about to be written: then it is not sent.
  async #post(
    { url, headers, body, signal }: Outgoing,
    begins: (socket: Socket | undefined) => void,
  ): Promise<Incoming> {
    const slow = new AbortController()
    const bytes = Buffer.from(body)
    const watch = new Watch(this.#rate, () => slow.abort(tooSlow))
    const begin = () => {
      this.#permit()
      begins(this.#socket)
      watch.begin(this.#socket)
    }
    const whole = bytes.length <= pieceBytes
    this.busy += 1
    const end = once(() => {
      this.busy -= 1
      watch.end()
    })
    try {
      const response = await request(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': String(bytes.length) },
        body: whole ? bytes : Readable.from(piecesOf(bytes, watch)),
        signal: AbortSignal.any([signal, slow.signal]),
        dispatcher: this.#client.compose(beginning(begin)),
      })
      watch.unread = () => response.body.readableLength > 0
      response.body.once('close', end)
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.body as AsyncIterable<Uint8Array>,
        discard: () => response.body.dump(),
      }
    } catch (error) {
      end()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#client.destroy()
  }
}

function once(task: () => void): () => void {
  let done = false
  return () => {
    if (!done) task()
    done = true
  }
}

// A request may wait for a connection while the process is stopped. So the permission to send is checked again when the
// request is written.
function beginning(begin: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        try {
          begin()
        } catch (error) {
          controller.abort(error as Error)
          return
        }
        handler.onRequestStart?.(controller, context)
      },
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
      onResponseError: (...told) => handler.onResponseError?.(...told),
    })
}
