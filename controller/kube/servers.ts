// The controller of ExchangeServers: asks each whether it answers, at its interval, when it or its Secret changes,
// when somebody asks for it, and when its groups find that it is ill or well again.

import { requestAnnotation } from '../api/annotations.ts'
import { isNews } from '../api/conditions.ts'
import { shownResult } from '../api/discreet.ts'
import { checkedMs, lockoutMs } from '../api/duration.ts'
import { readyStory } from '../api/events.ts'
import { type Access, accessPrint } from '../api/references.ts'
import type { ExchangeServer, ExchangeServerStatus } from '../api/resources.generated.ts'
import { type ServerResult, serverStatusOf } from '../api/server-status.ts'
import { cut, tokenMax } from '../core/cut.ts'
import { digestOf } from '../core/id.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { deadline } from '../sync/deadline.ts'
import type { Party } from '../sync/line.ts'
import { isAnswer, partyOn } from '../sync/party.ts'
import type { Clock } from '../sync/ports.ts'
import { Queue, type QueueWatch, workOff } from '../sync/queue.ts'
import { keyOfAccess, type Servers } from '../sync/server-health.ts'
import type { KubeDeclarations } from './declarations.ts'
import type { KnownServer as Known } from './declared.ts'
import { kinds } from './kinds.ts'
import { asSyncError } from './runtime/api-error.ts'
import { applyStatus } from './runtime/apply-status.ts'
import type { Client } from './runtime/client.ts'
import type { Recorder } from './runtime/events.ts'
import { keyOf } from './runtime/resource.ts'

/** What the controller of ExchangeServers needs. */
export type ServerControlOptions = Readonly<{
  client: Client
  clock: Clock
  declarations: KubeDeclarations
  recorder: Recorder
  servers: Servers
  /** Answers the server's version, or rejects with a SyncError. `asked`: a user asked for it. */
  probe: (access: Access, asked: boolean, signal: AbortSignal) => Promise<string | undefined>
  jitter: (ms: number) => number
  /** Statuses do not tell why a server cannot be reached. */
  discreet: boolean
  watch?: QueueWatch
  begun?: (queue: Queue<string>) => void
  told: (
    server: ExchangeServer,
    result: ServerResult,
    status: ExchangeServerStatus,
    tookMs: number,
    unreported: SyncError | undefined,
  ) => void
  /** One is not declared any more. */
  forgotten: (namespace: string, name: string) => void
}>

/** Keeps the statuses of ExchangeServers until the signal aborts. */
export class ServerControl {
  readonly #options: ServerControlOptions
  readonly #queue: Queue<string>
  readonly #known = new Map<string, Known>()
  readonly #prints = new Map<string, string>()
  readonly #tried = new Map<string, string | undefined>()

  constructor(options: ServerControlOptions) {
    this.#options = options
    const { clock, watch } = options
    const backOff = { leastMs: 5_000, mostMs: lockoutMs }
    const partyOf = (key: string) => this.#partyOf(key)
    const sharing = { workers: lookers, aside: lookers + asideMax, isAnswer, partyOf }
    this.#queue = new Queue(clock, backOff, watch, sharing)
    options.begun?.(this.#queue)
  }

  /** A server fell ill, or is well again (a ServerKey): its status is due. */
  turned(key: string): void {
    const [name = ''] = key.split('#')
    // Who is being asked tells by itself.
    if (this.#known.has(name) && !this.#queue.working.has(name)) this.#queue.add(name)
  }

  /** How long each server is still left alone, ms. */
  backOffs(): readonly Readonly<{ namespace: string; name: string; ms: number }>[] {
    return [...this.#known.values()].map((known) => {
      const { namespace = '', name = '' } = known.server.metadata
      const key = keyOfAccess(known.access)
      const ms = key === undefined ? 0 : this.#options.servers.backOffMs(key)
      return { namespace, name, ms }
    })
  }

  /** Runs until `stop` aborts. */
  async run(stop: AbortSignal): Promise<void> {
    this.#take()
    this.#options.declarations.onChange(() => this.#take())
    this.#options.servers.watch(() => this.#queue.look(), stop)
    await workOff(this.#queue, (key) => this.#one(key, stop), stop)
  }

  #partyOf(key: string): Party {
    const tenant = key.split('/')[0] ?? ''
    const known = this.#known.get(key)
    const way = known && keyOfAccess(known.access)
    if (known === undefined || way === undefined) return { tenant, server: '', way: '' }
    const asked = this.#isAsked(known) ? 'refusal' : undefined
    const { servers } = this.#options
    return partyOn(servers, tenant, known.server.spec.url, way, asked)
  }

  // Asked once is tried once, also while the status that says so cannot be written.
  #isAsked(known: Known): boolean {
    const { server } = known
    return isRequested(server) && this.#tried.get(keyOf(server)) !== tokenOf(server)
  }

  #take(): void {
    const now = new Map(
      this.#options.declarations.servers().map((known) => [keyOf(known.server), known]),
    )
    for (const key of this.#known.keys()) {
      if (now.has(key)) continue
      this.#known.delete(key)
      this.#prints.delete(key)
      this.#tried.delete(key)
      this.#queue.remove(key)
      this.#options.servers.forget(key)
      const [namespace = '', name = ''] = key.split('/')
      this.#options.forgotten(namespace, name)
    }
    for (const [key, known] of now) {
      this.#known.set(key, known)
      if (known.pending) continue
      const print = printOf(known)
      if (this.#prints.get(key) === print) continue
      this.#prints.set(key, print)
      this.#queue.add(key)
    }
  }

  async #one(key: string, stop: AbortSignal): Promise<void> {
    const known = this.#known.get(key)
    if (known !== undefined && !known.pending) await this.#look(key, known, stop)
  }

  async #look(key: string, known: Known, stop: AbortSignal): Promise<void> {
    const { clock, discreet, jitter, told } = this.#options
    const beganMs = clock.now()
    const result = await this.#asked(known, this.#queue.seat(key).signal, stop)
    if (stop.aborted) return
    const tookMs = clock.now() - beganMs
    const status = serverStatusOf(known.server, shownResult(discreet, result), clock.now())
    const unreported = await this.#report(known.server, status, stop)
    told(known.server, result, status, tookMs, unreported)
    const intervalMs = checkedMs(known.server.spec.interval)
    if (result.kind !== 'failed') this.#queue.forget(key)
    if (unreported !== undefined) this.#queue.retry(key)
    else if (result.kind === 'failed') this.#queue.retry(key, result.error.backOffMs)
    else this.#queue.add(key, jitter(intervalMs))
  }

  async #asked(known: Known, givenUp: AbortSignal, stop: AbortSignal): Promise<ServerResult> {
    const { server, access, broken } = known
    if (broken !== undefined) return { kind: 'failed', error: broken }
    if (server.spec.suspend) return { kind: 'suspended' }
    const { servers, probe, clock } = this.#options
    const key = keyOfAccess(access)
    if (access.state === 'blocked' || key === undefined)
      return { kind: 'failed', error: access.state === 'blocked' ? access.error : silent }
    const asked = this.#isAsked(known)
    if (asked) this.#tried.set(keyOf(server), tokenOf(server))
    const refused = servers.enter(key, asked ? 'refusal' : undefined)
    if (refused !== undefined) return { kind: 'failed', error: refused }
    const { signal, end } = deadline(clock, lookMs, silent, [stop, givenUp])
    try {
      const version = await probe(access, asked, signal)
      servers.leave(key, undefined, true)
      return { kind: 'answered', version }
    } catch (error) {
      const why = syncErrorOf(signal.aborted ? signal.reason : error)
      if (stop.aborted) servers.abandon(key)
      else servers.leave(key, why)
      return { kind: 'failed', error: why }
    } finally {
      end()
    }
  }

  async #report(
    server: ExchangeServer,
    status: ExchangeServerStatus,
    signal: AbortSignal,
  ): Promise<SyncError | undefined> {
    const { client, declarations, recorder } = this.#options
    if (!isNews(server.status, status)) return undefined
    try {
      const kind = kinds.exchangeServer
      const now = await applyStatus<ExchangeServer>(client, kind, server, status, signal)
      if (now === undefined) return undefined
      declarations.tookServer(now)
      const known = this.#known.get(keyOf(server))
      const { metadata } = now
      if (known !== undefined)
        this.#known.set(keyOf(server), { ...known, server: { ...known.server, metadata, status } })
    } catch (error) {
      if (signal.aborted) return undefined
      return asSyncError(error)
    }
    for (const told of readyStory(server.status, status)) void recorder.tell(server, told, signal)
    return undefined
  }
}

/** How many servers are asked at once; of those that are ill or new so many more. */
export const lookers = 4
const asideMax = 16

/** How long a server may take for the smallest question, whatever its requests may take; ms. */
const lookMs = 30_000

const silent = new SyncError(
  'transient',
  'RequestTimeout',
  `the server did not answer the smallest question within ${lookMs / 1000}s; it is asked again later`,
)

function tokenOf({ metadata }: ExchangeServer): string | undefined {
  const asked = metadata.annotations?.[requestAnnotation]
  return asked === undefined ? undefined : cut(asked, tokenMax)
}

function isRequested(server: ExchangeServer): boolean {
  const asked = tokenOf(server)
  return asked !== undefined && asked !== server.status?.lastHandledReconcileAt
}

// All but the status.
function printOf({ server: { metadata, spec }, access, pending, broken }: Known): string {
  const asked = metadata.annotations?.[requestAnnotation] ?? ''
  return digestOf(
    metadata.uid ?? '',
    JSON.stringify([metadata.generation, asked, spec, pending, broken?.message]),
    accessPrint(new Map([['', access]])),
  )
}
