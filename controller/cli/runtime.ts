// The common parts of a running controller, over a directory or over Kubernetes: the state, the connections to Exchange,
// metrics and logs, and the rule that only the leader writes.

import type { Logger } from 'pino'
import packageJson from '../../package.json' with { type: 'json' }
import { lockoutMs } from '../api/duration.ts'
import type { Deployment } from '../api/remedy.ts'
import { nameOfServer, namesIn } from '../api/topology.ts'
import type { Config } from '../config.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { Connections } from '../ews/connections.ts'
import { type NetworkOptions, pooledNetwork } from '../ews/network.ts'
import type { Term } from '../kube/runtime/lease.ts'
import { stateOver } from '../store/port.ts'
import { openStateInTurns } from '../store/state.ts'
import { breathe } from '../sync/breathe.ts'
import { cutsOf } from '../sync/ceilings.ts'
import type { Ended, Environment } from '../sync/environment.ts'
import type { ServerDeclarations } from '../sync/ports/servers.ts'
import type { State } from '../sync/ports/state.ts'
import type { Clock, Declarations } from '../sync/ports.ts'
import type { ScheduleOptions } from '../sync/schedule.ts'
import { probers, ServerController } from '../sync/server-controller.ts'
import { Servers } from '../sync/server-health.ts'
import { ExchangeMetrics } from '../telemetry/exchange-metrics.ts'
import { ResourceMetrics } from '../telemetry/group-metrics.ts'
import type { Listening } from '../telemetry/http.ts'
import { logger, logPass, logServer } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { ProgressMetrics } from '../telemetry/progress.ts'
import type { Display } from './display.ts'
import { environmentOf, keyIn } from './environment.ts'
import { Notices } from './notices.ts'
import { serving } from './serving.ts'

/** The inputs from the process. */
export type ProcessEdges = Readonly<{
  clock: Clock
  chance: () => number
  /** A unique name of this process. */
  instance: string
  /** Asks passes to finish their batch and end. */
  stop: AbortSignal
  /** Asks everything to end now. */
  hard: AbortController
}>

/** How often entries older than their retention are dropped, ms. */
const pruneMs = 3_600_000

/**
 * The duration of a pass before its progress is shown, ms, for a group that a user waits for; and for any other group,
 * which is also the time between two writes of a status.
 */
const progressMs = { firstMs: 1_000, everyMs: 10_000 }

/** The common parts of both ways of running. */
export class Runtime {
  readonly config: Config
  readonly edges: ProcessEdges
  readonly log: Logger
  readonly metrics: Metrics
  readonly #display: Display | undefined
  readonly #resources: ResourceMetrics
  readonly #progress: ProgressMetrics
  readonly #exchange: ExchangeMetrics
  readonly #servers: Servers
  readonly #connections: Connections
  #serving: readonly Listening[] = []
  readonly #notices: Notices | undefined
  #control: ServerController | undefined
  /** The queue of passes; undefined before they begin. */
  passes: Readonly<{ depth: number }> | undefined
  #state: State | undefined
  /** The servers that groups refer to, and those that are probed although no group may refer to them. */
  #referred: readonly string[] = []
  #probed: readonly string[] = []
  #leads = () => true
  #prunedMs = 0
  #pruning: Promise<void> = Promise.resolve()
  /** By group: the last logged text about values that are declared too large. */
  readonly #cuts = new Map<string, string>()

  /** `display`: the terminal that shows the run, and its log in words; without one the log is JSON on standard output. */
  constructor(config: Config, edges: ProcessEdges, display?: Display) {
    this.config = config
    this.edges = edges
    this.#display = display
    this.log = logger(config.logLevel, display?.log)
    const { clock } = edges
    this.metrics = new Metrics(() => clock.now(), packageJson.version)
    const backOff = { leastMs: 5_000, mostMs: lockoutMs }
    this.#servers = new Servers(clock, backOff, (key) => this.#control?.onCircuitChange(key))
    this.#resources = new ResourceMetrics(
      this.metrics,
      () => clock.now(),
      () => this.#control?.backOffs() ?? [],
    )
    this.#progress = new ProgressMetrics(this.metrics, this.log)
    this.#exchange = new ExchangeMetrics(this.metrics)
    this.#notices = Notices.of(config, edges, this.log, this.metrics, () => this.#leads())
    const trace = (server: string, operation: string, outcome: string, durationMs: number) => {
      this.#exchange.asked(server, operation, outcome, durationMs)
      this.log.debug({ server, operation, outcome, durationMs }, 'request')
    }
    const network = (options: NetworkOptions) =>
      pooledNetwork({ ...options, permit: () => this.#permit() })
    const { itemBytes, requestMs: requestMaxMs } = config.ceilings
    this.#connections = new Connections(clock, { trace, network, itemBytes, requestMaxMs })
  }

  /** From now on, writes need this term's leadership. */
  setLeadership({ leads }: Term): void {
    this.#leads = leads
  }

  async opened(leading: boolean): Promise<State> {
    const { config } = this
    const { binMaxBytes } = config
    const permit = () => this.#permit()
    const opening = {
      key: await keyIn(config),
      binMaxBytes,
      leading,
      permit,
      sealing: (done: number, total: number) => this.#sealing(done, total),
      warn: (message: string) => this.log.warn(message),
    }
    const state = stateOver(await openStateInTurns(config.state, opening, breathe))
    this.#state = state
    this.metrics.measureState(() => state.sizes())
    this.#prune()
    await this.#notices?.begin()
    return this.#state
  }

  // Happens once in the life of a state: it got its first key, or an older version had sealed it.
  #sealing(done: number, total: number): void {
    if (done === 0 && total > 0)
      this.log.warn({ rows: total }, 'the encrypted content of the state is now bound to its rows')
  }

  environment(declarations: Declarations, state: State): Environment {
    return {
      ...environmentOf(declarations, state, this.#connections, this.edges.clock),
      declarations: this.#keeping(declarations),
      servers: this.#servers,
      ceilings: this.config.ceilings,
      watched: !this.config.once,
      discreet: this.#discreet,
      progress: {
        ...progressMs,
        onProgress: (group, now) => {
          this.#progress.record(group, now)
          if (this.log.isLevelEnabled('info')) this.#display?.progress(group, now)
        },
        ...(this.#display && { onBegin: this.#display.begun }),
      },
      onEnded: (ended) => this.#onEnded(ended),
    }
  }

  // After each change of the declarations, connections to servers that are no longer declared are closed.
  #keeping(declarations: Declarations): Declarations {
    return {
      groups: async () => {
        const groups = await declarations.groups()
        this.#referred = groups.flatMap(({ access }) => [...access.keys()])
        this.#display?.declared(groups.map(({ id }) => id))
        this.#keepConnections()
        return groups
      },
      changed: (signal) => declarations.changed(signal),
      hold: (declared) => declarations.hold(declared),
      report: (declared, status) => declarations.report(declared, status),
      released: (declared) => declarations.released(declared),
    }
  }

  #keepConnections(): void {
    this.#connections.keep(new Set([...this.#referred, ...this.#probed]))
  }

  /** The controller of the ExchangeServers that are declared there. */
  serverController(declarations: ServerDeclarations): ServerController {
    this.#control = new ServerController({
      clock: this.edges.clock,
      declarations: {
        servers: async () => {
          const servers = await declarations.servers()
          this.#probed = servers.map(({ server }) => nameOfServer(server))
          this.#exchange.keep(new Set(this.#probed))
          this.#keepConnections()
          return servers
        },
        changed: (signal) => declarations.changed(signal),
        report: (declared, status, signal) => declarations.report(declared, status, signal),
      },
      servers: this.#servers,
      probe: (access, asked, signal) => this.#connections.probe(access, asked, signal),
      discreet: this.#discreet,
      jitter: (ms) => this.#jittered(ms),
      watch: this.metrics.queue('exchangeserver'),
      onStart: (queue) => this.metrics.measure('exchangeserver', queue, probers),
      onProbed: ({ server, result, status, tookMs, unreported }) => {
        const id = nameOfServer(server)
        this.#resources.server(namesIn(id), result, status.conditions ?? [], tookMs)
        logServer(this.log, id, result, unreported)
        this.#notices?.server(server, status)
      },
      onGone: (id) => {
        this.#resources.forget('ExchangeServer', namesIn(id))
        this.#notices?.gone('ExchangeServer', id)
      },
    })
    return this.#control
  }

  /** How passes are scheduled. */
  scheduleOptions(): ScheduleOptions {
    const { auditMs, concurrent } = this.config
    return {
      auditMs,
      sliceMs: 60_000,
      concurrency: concurrent,
      jitter: (ms) => this.#jittered(ms),
      watch: this.metrics.queue('syncgroup'),
      onStart: (queue) => {
        this.passes = queue
        this.metrics.measure('syncgroup', queue, concurrent)
      },
      onGone: (id) => {
        this.#resources.forget('SyncGroup', namesIn(id))
        this.#progress.forget(id)
        this.#notices?.gone('SyncGroup', id)
        this.#cuts.delete(id)
      },
    }
  }

  /** Serves health and metrics if configured. */
  async listen(ready: () => boolean): Promise<void> {
    this.#serving = await serving(this.config, this.metrics, this.log, ready)
  }

  async close(): Promise<void> {
    await this.#notices?.end()
    this.log.info('stopped')
    await this.#connections.close()
    await this.#pruning
    await this.#state?.close()
    for (const each of this.#serving) await each.close()
  }

  #onEnded({ declared, result, status, unreported, tookMs }: Ended): void {
    const { id } = declared
    logPass(this.log, this.#deployment, declared, result, tookMs)
    this.#display?.ended(id, status, result.kind === 'suspended')
    this.#notices?.group(declared, status)
    const cuts = cutsOf(declared, this.config.ceilings).join('; ')
    if (cuts !== '' && this.#cuts.get(id) !== cuts) this.log.warn({ group: id }, cuts)
    if (cuts === '') this.#cuts.delete(id)
    else this.#cuts.set(id, cuts)
    if (unreported) this.log.warn({ group: id, reason: unreported.code }, unreported.message)
    this.#resources.group(namesIn(id), result, status?.conditions ?? [], tookMs)
    this.#prune()
  }

  #prune(): void {
    const nowMs = this.edges.clock.now()
    if (this.#state === undefined || nowMs - this.#prunedMs < pruneMs) return
    this.#prunedMs = nowMs
    const { binRetentionMs: binMs, historyRetentionMs: historyMs } = this.config
    this.#pruning = this.#state.prune(nowMs, { binMs, historyMs }).catch((error: unknown) => {
      // The next attempt is an hour later; a disk that is full for a while must not end the process.
      this.log.warn({ reason: syncErrorOf(error).code }, syncErrorOf(error).message)
    })
  }

  get #deployment(): Deployment {
    const { local, state } = this.config
    return local === undefined ? 'cluster' : { state }
  }

  // Tenants who may enter any host get no details; owners of a directory, and of allowed hosts, get them.
  get #discreet(): boolean {
    const { local, trust } = this.config
    return local === undefined && trust.serverHosts.length === 0
  }

  #jittered(ms: number): number {
    const spread = this.config.jitterPercent / 100
    return ms * (1 + spread * (2 * this.edges.chance() - 1))
  }

  #permit(): void {
    if (this.#leads()) return
    throw new SyncError('transient', 'LeadershipLost', 'another controller leads now')
  }
}
