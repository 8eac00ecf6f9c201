// The border between request and response: everything above it knows no socket, so that a simulation can
// stand in its place. Here is the real one: pooled connections over undici.
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buildConnector, Client, type Dispatcher, request } from 'undici'
import { Pacer, type Rate, tooSlow, usualRate } from './rate.ts'

/** A request on its way out. */
export type Outgoing = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Aborts when nobody waits any more. */
  signal: AbortSignal
}>

/** A response whose body is still to come. */
export type Incoming = Readonly<{
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Rejects when the connection breaks in the middle. */
  body: AsyncIterable<Uint8Array>
  /** Reads the rest and forgets it, so that the connection can be used again. */
  discard: () => Promise<void>
}>

/** The way to one server. `send` posts; it rejects when the connection fails, or when the signal aborts. */
export type Network = Readonly<{
  send: (request: Outgoing) => Promise<Incoming>
  close: () => Promise<void>
}>

/** What a way to a server is made of. */
export type NetworkOptions = Readonly<{
  concurrency: number
  /** Certificate authorities to trust instead of Node's own, PEM. */
  ca: string | undefined
  /** Asked at the moment when a request is written to its connection; throws when it must not be any more. */
  permit?: (() => void) | undefined
  /** How slow an answer may be. */
  rate?: Rate
  /** How long a connection may take, with TLS; ms. */
  connectMs?: number
}>

/** A larger body is handed over in pieces of this size, so that one sees how many are taken. */
const pieceBytes = 65_536

/** Pooled connections. The deadline of a request is the caller's; connecting and the least rate have their own. */
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

// One connection, which is made anew when it is lost. One request after the other goes through it, so that what its
// socket has received is of the request that is under way.
class Line {
  readonly origin: string
  /** Requests that are under way, or wait. */
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

// Looks at the bytes of one exchange, from the moment when its request is written.
class Watch {
  /** Is there something of the answer that nobody has read yet? */
  unread = () => false
  /** Of a body in pieces: how much of it was taken, and whether there is more. */
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

// A request may wait for a connection, and the process may stand still meanwhile: that it might be sent when it was
// handed over says nothing of now.
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
