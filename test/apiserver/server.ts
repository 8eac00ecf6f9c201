// The objects over HTTP, as a Kubernetes API server has them: lists in pages, watches with bookmarks, patches by their
// type. `through` may answer something else than what is right.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Clock } from '../../controller/sync/ports.ts'
import { Objects, Refused, type Stored, served, shownOf } from './objects.ts'

/** What a client asks. */
export type Question = Readonly<{
  act: 'list' | 'watch' | 'get' | 'write'
  method: string
  plural: string
  namespace: string | undefined
  name: string | undefined
  status: boolean
  query: URLSearchParams
  type: string
  body: Readonly<Record<string, unknown>>
}>

/** What it is answered; of a watch each part is one event. Parts end when the signal aborts. */
export type Reply = Readonly<{
  status: number
  headers?: Readonly<Record<string, string>>
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>
  /** Breaks the connection off instead of ending the answer. */
  breaks?: boolean
}>

/** Stands between question and answer. */
export type Through = (question: Question, right: () => Reply, gone: AbortSignal) => Reply

const bookmarkMs = 60_000

/** A server, and how to reach it. */
export class ApiServer {
  readonly objects = new Objects()
  readonly #clock: Clock
  readonly #through: Through
  readonly #snapshots = new Map<string, readonly Stored[]>()
  readonly #server = createServer((request, response) => void this.#served(request, response))
  readonly #closed = new AbortController()
  requests = 0

  constructor(clock: Clock, through: Through = (_question, right) => right()) {
    this.#clock = clock
    this.#through = through
  }

  /** Listens; answers the URL. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends it, with all connections. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #served(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, this.#closed.signal])
    try {
      const question = await questionOf(request)
      const right = () => this.#answered(question, signal)
      const { status, headers, parts, breaks } = this.#through(question, right, signal)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.flushHeaders()
      for await (const part of parts) {
        if (signal.aborted) return
        if (!response.write(part)) await drained(response, signal)
      }
      if (breaks) response.destroy()
      else response.end()
    } catch {
      response.destroy()
    }
  }

  #answered(question: Question, signal: AbortSignal): Reply {
    const { act, plural, namespace, name } = question
    try {
      if (served[plural] === undefined) return { status: 404, parts: ['404 page not found\n'] }
      if (act === 'list') return json(200, this.#page(question))
      if (act === 'watch') {
        const from = Number(question.query.get('resourceVersion') ?? 0)
        if (Number.isNaN(from)) throw new Refused(500, 'InternalError')
        return { status: 200, parts: this.#events(question, signal) }
      }
      if (act === 'get')
        return json(200, shownOf(this.objects.get(plural, namespace ?? '', name ?? '')))
      const written = this.#written(question)
      return json(question.method === 'POST' ? 201 : 200, shownOf(written))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return refusal(error.status, error.reason, { plural, name })
    }
  }

  #written({ method, plural, namespace = '', name = '', status, type, body }: Question): Stored {
    const { objects } = this
    if (method === 'POST') return objects.create(plural, namespace, body)
    if (method === 'PUT') return objects.replace(plural, namespace, name, body)
    if (method === 'DELETE') return objects.remove(plural, namespace, name)
    if (type.includes('apply')) return objects.applyStatus(plural, namespace, name, body)
    if (status) {
      const patches = body as unknown as readonly Record<string, unknown>[]
      return objects.patchStatus(plural, namespace, name, patches)
    }
    return objects.merge(plural, namespace, name, body)
  }

  // A later page goes on where the first one was made.
  #page(question: Question): object {
    const { plural, query } = question
    const limit = Number(query.get('limit') ?? 0) || Number.POSITIVE_INFINITY
    const token = query.get('continue')
    const [version = '', from = '0'] = token?.split(':') ?? [String(this.objects.version)]
    const known = this.#snapshots.get(`${plural}:${version}`)
    if (token !== null && known === undefined) throw new Refused(410, 'Expired')
    const all = known ?? this.objects.list(plural)
    const some = all.filter((object) => isMeant(question, object))
    const items = some.slice(Number(from), Number(from) + limit)
    const more = Number(from) + items.length < some.length
    if (more) this.#snapshots.set(`${plural}:${version}`, all)
    const { apiVersion, kind } = served[plural] ?? { apiVersion: '', kind: '' }
    const next = more ? { continue: `${version}:${Number(from) + items.length}` } : {}
    // Those of built-in kinds do not say what they are.
    const bare = ({ apiVersion: _, kind: __, ...rest }: Record<string, unknown>) => rest
    const shown = items.map(shownOf).map((each) => (plural === 'secrets' ? bare(each) : each))
    const metadata = { resourceVersion: version, ...next }
    return { apiVersion, kind: `${kind}List`, metadata, items: shown }
  }

  async *#events(question: Question, gone: AbortSignal): AsyncGenerator<string> {
    const { plural, query } = question
    const { apiVersion, kind } = served[plural] ?? { apiVersion: '', kind: '' }
    let version = Number(query.get('resourceVersion') ?? 0)
    const endMs = this.#clock.now() + Number(query.get('timeoutSeconds') ?? 300) * 1000
    while (!gone.aborted) {
      if (version < this.objects.compacted) {
        yield line('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })
        return
      }
      for (const { type, object, version: own } of this.objects.since(plural, version)) {
        if (isMeant(question, object)) yield line(type, shownOf(object))
        version = own
      }
      const leftMs = Math.min(bookmarkMs, endMs - this.#clock.now())
      if (leftMs <= 0) return
      await this.#waited(plural, version, leftMs, gone)
      // A change comes before the bookmark that counts it.
      if (gone.aborted || this.objects.since(plural, version).length > 0) continue
      // Of what is still to come nothing is told, as on a real one.
      if (version > this.objects.version) continue
      const metadata = { resourceVersion: String(this.objects.version) }
      version = this.objects.version
      if (this.#clock.now() < endMs) yield line('BOOKMARK', { apiVersion, kind, metadata })
    }
  }

  // Waits until there is a change, at most so long. One that came while events were sent counts.
  async #waited(plural: string, version: number, ms: number, gone: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => {
      if (this.objects.since(plural, version).length > 0) resolve()
    }
    const end = this.objects.onChange(look)
    look()
    const either = AbortSignal.any([enough.signal, gone])
    this.#clock.sleep(ms, either).then(resolve, resolve)
    try {
      await promise
    } finally {
      end()
      enough.abort()
    }
  }
}

/** An answer in JSON. */
export function json(status: number, value: unknown): Reply {
  return { status, parts: [JSON.stringify(value)] }
}

/** A refusal in Kubernetes' words. */
export function refusal(
  code: number,
  reason: string,
  { plural = '', name }: { plural?: string; name?: string | undefined } = {},
): Reply {
  const details = { name, kind: plural }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
  return json(code, { ...status, message: `${plural} "${name}": ${reason}`, reason, details, code })
}

/** An event, as a line. */
export function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`
}

function isMeant({ namespace, query }: Question, { metadata }: Stored): boolean {
  const [, only] = /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '') ?? []
  return (
    (namespace ?? metadata.namespace) === metadata.namespace &&
    (only ?? metadata.name) === metadata.name
  )
}

async function questionOf(request: IncomingMessage): Promise<Question> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://server')
  const sent = await text(request)
  const path =
    /^\/apis?\/(?:[^/]+\.[^/]+\/)?v[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(\/status)?$/
  const [, namespace, plural = '', name, status] = path.exec(pathname) ?? []
  const { method = 'GET' } = request
  const reading = name !== undefined ? 'get' : query.get('watch') ? 'watch' : 'list'
  return {
    act: method === 'GET' ? reading : 'write',
    method,
    plural,
    namespace: namespace && decodeURIComponent(namespace),
    name: name && decodeURIComponent(name),
    status: status !== undefined,
    query,
    type: request.headers['content-type'] ?? '',
    body: sent === '' ? {} : JSON.parse(sent),
  }
}

async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('drain', () => resolve())
    gone.addEventListener('abort', () => resolve(), { once: true })
  })
}
