// Requests to the API server, JSON in and JSON out. It adds what client-node lacks (kubernetes.md §1.2): a deadline per
// request, retries where the server asks for one or never saw the request, named patch types, and watches that
// distinguish a quiet server from a dead one.
//
// Guarantees: size and duration of each answer and each watch are bounded (body.ts, `deadlineMs`, `Watch`); a body that
// is no JSON is an error.
// Caveats: the caller checks that an answer belongs to its question (answers.ts).

import { type Dispatcher, request } from 'undici'
import { retryAfterMs } from '../../core/retry-after.ts'
import { SyncError } from '../../core/sync-error.ts'
import { deadline } from '../../sync/deadline.ts'
import type { Clock } from '../../sync/ports.ts'
import { ApiError } from './api-error.ts'
import { jsonIn, jsonLinesIn, refusalIn } from './body.ts'
import type { Cluster } from './kubeconfig.ts'

/** A request. */
export type Call = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Readonly<Record<string, string>>
  body?: unknown
  /** The content type of the body. */
  type?:
    | 'application/json'
    | 'application/merge-patch+json'
    | 'application/apply-patch+yaml'
    | 'application/json-patch+json'
}>

/** Called with each answer, for metrics. `code`: the HTTP status, or `<error>` without an answer. */
export type RequestWatch = (method: string, code: string, host: string) => void

/** How long a watch may be silent, and how long it may last at most; ms. */
export type Watch = Readonly<{ silenceMs: number; mostMs: number }>

/** How long one request may take with its retries, ms, and how many times it is sent. */
const deadlineMs = 30_000
const triesMax = 5

const notInTime = new Error('the API server did not answer in time')

/** A client of one API server. */
export class Client {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #chance: () => number
  readonly #onRequest: RequestWatch

  constructor(
    cluster: Cluster,
    clock: Clock,
    chance: () => number,
    onRequest: RequestWatch = () => {},
  ) {
    this.#cluster = cluster
    this.#clock = clock
    this.#chance = chance
    this.#onRequest = onRequest
  }

  /** Answers the body. Rejects with an ApiError, with the error of the connection, or with the signal's reason. */
  async json<Body>(call: Call, signal: AbortSignal, withinMs = deadlineMs): Promise<Body> {
    return (await this.sized(call, signal, withinMs)).value as Body
  }

  /** As `json`, with the size of the body in bytes. */
  async sized(
    call: Call,
    signal: AbortSignal,
    withinMs = deadlineMs,
  ): Promise<Readonly<{ value: unknown; bytes: number }>> {
    const within = deadline(this.#clock, withinMs, notInTime, [signal])
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          return await this.#once(call, within.signal)
        } catch (error) {
          signal.throwIfAborted()
          if (within.signal.aborted || tries >= triesMax || !worthwhile(call, error)) throw error
          const leastMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
          const waitMs = Math.max(leastMs, 100 * 2 ** tries * (0.5 + this.#chance()))
          await this.#clock.sleep(waitMs, within.signal)
        }
      }
    } finally {
      within.end()
    }
  }

  /**
   * The events of a watch, one per line of the answer. Ends when the server ends it. Rejects as `json` does; also after
   * `silenceMs` without any line (bookmarks count), and if the watch has not ended after `mostMs`.
   */
  async *lines(call: Call, bounds: Watch, signal: AbortSignal): AsyncGenerator<unknown> {
    const quiet = new AbortController()
    let lastSeenMs = this.#clock.now()
    const ended = new AbortController()
    const either = AbortSignal.any([signal, quiet.signal])
    void this.#guard(() => lastSeenMs, bounds, ended.signal, quiet)
    try {
      const response = await this.#sent(call, either)
      if (response.statusCode !== 200) throw await errorOf(response, this.#clock.now())
      yield* jsonLinesIn(response.body as AsyncIterable<Uint8Array>, () => {
        lastSeenMs = this.#clock.now()
      })
    } finally {
      ended.abort()
      quiet.abort()
    }
  }

  async #guard(
    heard: () => number,
    { silenceMs, mostMs }: Watch,
    ended: AbortSignal,
    quiet: AbortController,
  ) {
    const lastMs = this.#clock.now() + mostMs
    try {
      for (;;) {
        const nowMs = this.#clock.now()
        const leftMs = Math.min(heard() + silenceMs, lastMs) - nowMs
        if (leftMs <= 0) {
          const what = nowMs >= lastMs ? 'does not end' : 'is silent for too long'
          const message = `a watch of the Kubernetes API server ${what}; the controller starts another one`
          return quiet.abort(new SyncError('transient', 'ApiServerUnreachable', message))
        }
        await this.#clock.sleep(leftMs, ended)
      }
    } catch {
      // The watch has ended.
    }
  }

  async #once(call: Call, signal: AbortSignal) {
    const response = await this.#sent(call, signal)
    if (response.statusCode >= 300) throw await errorOf(response, this.#clock.now())
    return await jsonIn(response.body as AsyncIterable<Uint8Array>)
  }

  async #sent(
    { method, path, query = {}, body, type = 'application/json' }: Call,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { url, headers, dispatcher } = await this.#cluster.sign(this.#clock.now())
    const { host } = new URL(url)
    const search = new URLSearchParams(query).toString()
    const base = { accept: 'application/json', 'user-agent': 'exchange-sync-controller/0.1' }
    try {
      const response = await request(`${url}${path}${search === '' ? '' : `?${search}`}`, {
        method,
        dispatcher,
        signal,
        headers: { ...base, ...(body === undefined ? {} : { 'content-type': type }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      this.#onRequest(method, String(response.statusCode), host)
      if (response.statusCode === 401) this.#cluster.forget()
      return response
    } catch (error) {
      this.#onRequest(method, '<error>', host)
      throw error
    }
  }
}

// A busy server (401, 429, 503) did not carry out the request. After a broken connection the effect is unknown: repeat
// only requests that are idempotent, or that the server recognises as a repetition (409).
function worthwhile({ method, type }: Call, error: unknown): boolean {
  // The answer itself is wrong; the next one would be, too.
  if (error instanceof SyncError) return false
  if (error instanceof ApiError) {
    return [401, 429, 503].includes(error.status) || (error.status >= 500 && method === 'GET')
  }
  return method === 'GET' || method === 'PUT' || type === 'application/apply-patch+yaml'
}

async function errorOf(response: Dispatcher.ResponseData, nowMs: number): Promise<ApiError> {
  const said = statusIn(await refusalIn(response.body as AsyncIterable<Uint8Array>))
  const waitMs = retryAfterMs(response.headers, nowMs)
  const { statusCode } = response
  return new ApiError(statusCode, said.reason, said.message, waitMs, said.named)
}

type Said = Readonly<{ reason: string; message: string; named?: string }>

function statusIn(text: string): Said {
  try {
    const { kind, reason, message, details } = JSON.parse(text) as Record<string, unknown>
    const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
    const { name } = (details ?? {}) as { name?: unknown }
    const named = kind === 'Status' ? { named: textOf(name) } : {}
    return { reason: textOf(reason), message: textOf(message), ...named }
  } catch {
    return { reason: '', message: '' }
  }
}
