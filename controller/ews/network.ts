// The border between requests and the network: no code above it knows a socket, so that a simulation can replace it. This
// is the real implementation: pooled connections over undici.
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buildConnector, Client, type Dispatcher, request } from 'undici'
import { Pacer, type Rate, tooSlow, usualRate } from './rate.ts'

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

/** The settings of a connection. */
export type NetworkOptions = Readonly<{
  concurrency: number
  /** Certificate authorities to trust instead of Node's own, PEM. */
  ca: string | undefined
  /** Called when a request is written to its connection; throws if it may not be sent any more. */
  permit?: (() => void) | undefined
  /** The slowest accepted rate of an answer. */
  rate?: Rate
  /** The time limit for connecting, TLS included; ms. */
  connectMs?: number
}>

/** A larger body is sent in pieces of this size, bytes, so that its progress is visible. */
const pieceBytes = 65_536

/** Pooled connections. The caller sets the deadline of a request; connecting and the least rate have their own limits. */
export function pooledNetwork(options: NetworkOptions): Network {
  const lines = new Set<Line>()
  return {
    send: async (outgoing) => {
      const { origin } = new URL(outgoing.url)
      const own = [...lines].filter((line) => line.origin === origin)
      const idle = own.find(({ busy }) => busy === 0)
      const [least] = own.sort((one, other) => one.busy - other.busy)
      const line =
        idle ?? (least && own.length >= options.concurrency ? least : new Line(origin, options))
      lines.add(line)
      return line.send(outgoing)
    },
    close: async () => {
      await Promise.all([...lines].map((line) => line.close()))
      lines.clear()
    },
  }
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
  #socket: Socket | undefined

  constructor(origin: string, { ca, permit, rate, connectMs = 15_000 }: NetworkOptions) {
    this.origin = origin
    this.#permit = permit ?? (() => {})
    this.#rate = rate ?? usualRate
    const tls = { allowH2: false, ...(ca === undefined ? {} : { ca }) }
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

  async send({ url, headers, body, signal }: Outgoing): Promise<Incoming> {
    const slow = new AbortController()
    const bytes = Buffer.from(body)
    const watch = new Watch(this.#rate, () => slow.abort(tooSlow))
    const begin = () => {
      this.#permit()
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

// Observes the bytes of one exchange, from the moment when its request is written.
class Watch {
  /** Has a part of the answer arrived that is not read yet? */
  unread = () => false
  /** Of a body in pieces: how many are sent, and whether there are more. */
  sent = 0
  sending = false
  readonly #rate: Rate
  readonly #isTooSlow: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(rate: Rate, isTooSlow: () => void) {
    this.#rate = rate
    this.#isTooSlow = isTooSlow
  }

  begin(socket: Socket | undefined): void {
    const pacer = new Pacer(this.#rate)
    const before = socket?.bytesRead ?? 0
    this.#timer ??= setInterval(() => {
      const received = (socket?.bytesRead ?? before) - before
      const { sending, sent } = this
      if (pacer.isTooSlow({ sending, sent, received, unread: this.unread() })) this.#isTooSlow()
    }, this.#rate.tickMs).unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

function once(task: () => void): () => void {
  let done = false
  return () => {
    if (!done) task()
    done = true
  }
}

async function* piecesOf(bytes: Buffer, watch: Watch): AsyncGenerator<Buffer> {
  watch.sending = true
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes)
    watch.sent += pieceBytes
  }
  watch.sending = false
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
