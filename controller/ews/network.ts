// The border between request and response: everything above it knows no socket, so that a simulation can
// stand in its place. Here is the real one: pooled connections over undici.
import { Agent, type Dispatcher, request as post } from 'undici'

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
}>

/** Pooled connections. Deadlines are the caller's; only connecting has one of its own. */
export function pooledNetwork({ concurrency, ca, permit }: NetworkOptions): Network {
  const pool = new Agent({
    connections: concurrency,
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 15_000, ...(ca === undefined ? {} : { ca }) },
  })
  const agent = permit === undefined ? pool : pool.compose(permitting(permit))
  return {
    send: async ({ url, headers, body, signal }) => {
      const response = await post(url, { method: 'POST', headers, body, signal, dispatcher: agent })
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.body as AsyncIterable<Uint8Array>,
        discard: () => response.body.dump(),
      }
    },
    close: () => pool.destroy(),
  }
}

// A request may wait for a connection, and the process may stand still meanwhile: that it might be sent when it was
// handed over says nothing of now.
function permitting(permit: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        try {
          permit()
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
