// The controller of ExchangeServers: probes each at its interval, when it or its Secret changes, when a user requests
// it, and when the circuit of the server opens or closes.
import { requestAnnotation } from '../api/annotations.ts'
import { shownResult } from '../api/discreet.ts'
import { checkedMs, lockoutMs } from '../api/duration.ts'
import type { Access } from '../api/references.ts'
import type { ExchangeServer, ExchangeServerStatus } from '../api/resources.generated.ts'
import { type ServerResult, serverStatusOf } from '../api/server-status.ts'
import { cut, tokenMax } from '../core/cut.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { ControlLoop, type Requeue } from './control-loop.ts'
import { deadline } from './deadline.ts'
import type { Party } from './line.ts'
import { isAnswer, partyOn } from './party.ts'
import type { DeclaredServer, ServerDeclarations } from './ports/servers.ts'
import type { Clock } from './ports.ts'
import type { Queue, QueueWatch } from './queue.ts'
import type { Seat } from './seat.ts'
import { keyOfAccess, keyOfReady, type ServerKey, type Servers } from './server-health.ts'

/** The outcome of one probe. */
export type Probed = Readonly<{
  server: ExchangeServer
  result: ServerResult
  status: ExchangeServerStatus
  tookMs: number
  /** The error if the status could not be written. */
  unreported: SyncError | undefined
}>

/** The collaborators of the controller of ExchangeServers. */
export type ServerControllerOptions = Readonly<{
  clock: Clock
  declarations: ServerDeclarations
  servers: Servers
  /** Resolves with the version of the server, or rejects with a SyncError. `asked`: a user requested it. */
  probe: (access: Access, asked: boolean, signal: AbortSignal) => Promise<string | undefined>
  /** Spreads waits, so that servers that were declared together do not stay in step. */
  jitter: (ms: number) => number
  /** Statuses do not say why a server cannot be reached. */
  discreet: boolean
  watch?: QueueWatch
  /** Gets the queue when it begins, for metrics. */
  onStart?: (queue: Queue<string>) => void
  onProbed: (probed: Probed) => void
  /** A server (namespace/name) is no longer declared. */
  onGone: (id: string) => void
}>

/** Keeps the statuses of ExchangeServers. */
export class ServerController {
  readonly #options: ServerControllerOptions
  readonly #loop: ControlLoop<string>
  #known = new Map<string, DeclaredServer>()
  /** The request of a user that was handled last, by server. */
  readonly #tried = new Map<string, string | undefined>()

  constructor(options: ServerControllerOptions) {
    this.#options = options
    const { clock, servers, declarations, watch } = options
    const partyOf = (id: string) => this.#partyOf(id)
    this.#loop = new ControlLoop(
      {
        list: () => this.#list(),
        changed: (signal) => declarations.changed(signal),
        reconcile: (id, seat, stop) => this.#reconcile(id, seat, stop),
        onGone: (id) => this.#gone(id),
      },
      {
        clock,
        servers,
        watch,
        backOff: { leastMs: 5_000, mostMs: lockoutMs },
        sharing: { workers: probers, aside: probers + asideMax, isAnswer, partyOf },
      },
    )
    options.onStart?.(this.#loop.queue)
  }

  /** The circuit of a server opened or closed: its status is due. A server that is being probed reports in any case. */
  onCircuitChange(key: ServerKey): void {
    const [id = ''] = key.split('#')
    this.#loop.due(id)
  }

  /** The remaining back-off of each server, ms. */
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
    await this.#loop.run(stop)
  }

  #partyOf(id: string): Party {
    const tenant = id.split('/')[0] ?? ''
    const known = this.#known.get(id)
    const key = known && keyOfAccess(known.access)
    if (known === undefined || key === undefined) return { tenant, server: '', way: '' }
    const asked = this.#isAsked(known) ? 'refusal' : undefined
    return partyOn(this.#options.servers, tenant, known.server.spec.url, key, asked)
  }

  // A request is handled once, even if the status that records it cannot be written.
  #isAsked({ id, server }: DeclaredServer): boolean {
    const asked = tokenOf(server)
    if (asked === undefined || asked === server.status?.lastHandledReconcileAt) return false
    return this.#tried.get(id) !== asked
  }

  async #list(): Promise<ReadonlyMap<string, string | undefined>> {
    const servers = await this.#options.declarations.servers()
    this.#known = new Map(servers.map((known) => [known.id, known]))
    return new Map(servers.map(({ id, fingerprint }) => [id, fingerprint]))
  }

  #gone(id: string): void {
    this.#tried.delete(id)
    this.#options.servers.forget(id)
    this.#options.onGone(id)
  }

  async #reconcile(id: string, seat: Seat, stop: AbortSignal): Promise<Requeue> {
    const known = this.#known.get(id)
    // It is queued again as soon as all of it is known.
    if (known?.fingerprint === undefined) return { kind: 'forget' }
    const { clock, discreet, jitter, onProbed } = this.#options
    const { server } = known
    const beganMs = clock.now()
    const result = await this.#probed(known, seat.signal, stop)
    if (stop.aborted) return { kind: 'forget' }
    const tookMs = clock.now() - beganMs
    const status = serverStatusOf(server, shownResult(discreet, result), clock.now())
    const unreported = await this.#report(known, status, stop)
    onProbed({ server, result, status, tookMs, unreported })
    if (result.kind === 'failed') return { kind: 'retry', leastMs: result.error.backOffMs }
    if (unreported !== undefined) return { kind: 'after', ms: unreportedMs }
    return { kind: 'after', ms: jitter(checkedMs(server.spec.interval)) }
  }

  async #probed(
    known: DeclaredServer,
    givenUp: AbortSignal,
    stop: AbortSignal,
  ): Promise<ServerResult> {
    const { id, server, access, broken } = known
    if (broken !== undefined) return { kind: 'failed', error: broken }
    if (server.spec.suspend) return { kind: 'suspended' }
    if (access.state === 'blocked') return { kind: 'failed', error: access.error }
    const { servers, probe, clock } = this.#options
    const key = keyOfReady(access)
    const asked = this.#isAsked(known)
    if (asked) this.#tried.set(id, tokenOf(server))
    const refused = servers.allow(key, asked ? 'refusal' : undefined)
    if (refused !== undefined) return { kind: 'failed', error: refused }
    const { signal, end } = deadline(clock, probeMs, silent, [stop, givenUp])
    try {
      const version = await probe(access, asked, signal)
      servers.record(key, undefined, true)
      return { kind: 'answered', version }
    } catch (error) {
      const why = syncErrorOf(signal.aborted ? signal.reason : error)
      if (stop.aborted) servers.cancel(key)
      else servers.record(key, why)
      return { kind: 'failed', error: why }
    } finally {
      end()
    }
  }

  async #report(
    known: DeclaredServer,
    status: ExchangeServerStatus,
    stop: AbortSignal,
  ): Promise<SyncError | undefined> {
    try {
      await this.#options.declarations.report(known, status, stop)
      // The next status is based on this one.
      const now = this.#known.get(known.id)
      if (now?.server.metadata.uid === known.server.metadata.uid && now !== undefined)
        this.#known.set(known.id, { ...now, server: { ...now.server, status } })
      return undefined
    } catch (error) {
      return stop.aborted ? undefined : syncErrorOf(error)
    }
  }
}

/** The number of servers that are probed at once; and how many more of those whose circuit is not closed. */
export const probers = 4
const asideMax = 16

/** The time limit of a probe, whatever the limits of other requests are; ms. */
const probeMs = 30_000

/** The delay until a status that could not be written is tried again, ms. */
const unreportedMs = 5_000

const silent = new SyncError(
  'transient',
  'RequestTimeout',
  `the server did not answer the probe within ${probeMs / 1000}s; it is tried again later`,
)

function tokenOf({ metadata }: ExchangeServer): string | undefined {
  const asked = metadata.annotations?.[requestAnnotation]
  return asked === undefined ? undefined : cut(asked, tokenMax)
}
