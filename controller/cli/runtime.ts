// What the running controller has in common, over a directory or over Kubernetes: the state, the connections to
// Exchange, what is measured and logged, and that nothing is written by one who does not lead.

import type { Logger } from 'pino'
import packageJson from '../../package.json' with { type: 'json' }
import { lockoutMs } from '../api/duration.ts'
import type { HostRules } from '../api/hosts.ts'
import type { ReferenceRules } from '../api/references.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import type { Config } from '../config.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { Connections, nameOfServer } from '../ews/connections.ts'
import { type NetworkOptions, pooledNetwork } from '../ews/network.ts'
import type { KubeDeclarations } from '../kube/declarations.ts'
import type { Client } from '../kube/runtime/client.ts'
import type { Recorder } from '../kube/runtime/events.ts'
import type { Term } from '../kube/runtime/lease.ts'
import { lookers, ServerControl } from '../kube/servers.ts'
import { keyFrom } from '../store/modes.ts'
import type { Key } from '../store/proof.ts'
import { openStateInTurns, type State } from '../store/state.ts'
import { breathe } from '../sync/breathe.ts'
import { cutsOf } from '../sync/ceilings.ts'
import type { Ended, Site } from '../sync/environment.ts'
import type { Clock, Declarations } from '../sync/ports.ts'
import type { schedule } from '../sync/schedule.ts'
import { Servers } from '../sync/server-health.ts'
import { ResourceMetrics } from '../telemetry/group-metrics.ts'
import { type Listening, listening } from '../telemetry/http.ts'
import { logger, logPass, logServer } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'

/** What the edges hand down. */
export type Outside = Readonly<{
  clock: Clock
  chance: () => number
  /** Names this process, and no other one. */
  instance: string
  /** Asked to end: passes end their batch. */
  stop: AbortSignal
  /** Asked to end now. */
  hard: AbortController
}>

/** How often what is older than the bin's retention is let go. */
const sweepMs = 3_600_000

/** What both ways of running have in common. */
export class Desk {
  readonly config: Config
  readonly outside: Outside
  readonly log: Logger
  readonly metrics: Metrics
  readonly #resources: ResourceMetrics
  readonly #servers: Servers
  readonly #connections: Connections
  readonly #serving: Listening[] = []
  #control: ServerControl | undefined
  #state: State | undefined
  /** Those that are looked at although no group may refer to them. */
  #declaredServers: () => readonly ExchangeServer[] = () => []
  #leads = () => true
  #sweptMs = 0
  /** What was last logged as larger than it may be, by group. */
  readonly #cuts = new Map<string, string>()

  constructor(config: Config, outside: Outside) {
    this.config = config
    this.outside = outside
    this.log = logger(config.logLevel)
    const { clock } = outside
    this.metrics = new Metrics(() => clock.now(), packageJson.version)
    const backOff = { leastMs: 5_000, mostMs: lockoutMs }
    this.#servers = new Servers(clock, backOff, (key) => this.#control?.turned(key))
    this.#resources = new ResourceMetrics(
      this.metrics,
      () => clock.now(),
      () => this.#control?.backOffs() ?? [],
    )
    const trace = (operation: string, outcome: string, durationMs: number) => {
      this.metrics.asked(operation, outcome, durationMs)
      this.log.debug({ operation, outcome, durationMs }, 'request')
    }
    const network = (options: NetworkOptions) =>
      pooledNetwork({ ...options, permit: () => this.#permit() })
    const { itemBytes, requestMs: requestMaxMs } = config.ceilings
    this.#connections = new Connections(clock, { trace, network, itemBytes, requestMaxMs })
  }

  /** From now on nothing is written unless this term leads. */
  fence({ leads }: Term): void {
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
    this.#state = await openStateInTurns(config.state, opening, breathe)
    this.#sweep()
    return this.#state
  }

  // Once in a state's life: a key was given that it did not have, or an older version sealed it.
  #sealing(done: number, total: number): void {
    if (done === 0 && total > 0)
      this.log.warn(
        { rows: total },
        'the content of the state was not sealed to its rows: it is now',
      )
  }

  site(declarations: Declarations, state: State): Site {
    return {
      ...siteOf(declarations, state, this.#connections, this.outside.clock),
      declarations: this.#keeping(declarations),
      servers: this.#servers,
      ceilings: this.config.ceilings,
      watched: this.config.local === undefined && !this.config.once,
      discreet: this.#discreet,
      told: (ended) => this.#told(ended),
    }
  }

  // With each change of what is declared, connections to servers that are not declared any more go.
  #keeping(declarations: Declarations): Declarations {
    return {
      groups: async () => {
        const groups = await declarations.groups()
        const named = groups.flatMap(({ access }) => [...access.keys()])
        const others = this.#declaredServers().map(nameOfServer)
        this.#connections.keep(new Set([...named, ...others]))
        return groups
      },
      changed: (signal) => declarations.changed(signal),
      hold: (declared) => declarations.hold(declared),
      report: (declared, status) => declarations.report(declared, status),
      released: (declared) => declarations.released(declared),
    }
  }

  control(client: Client, declarations: KubeDeclarations, recorder: Recorder): ServerControl {
    this.#declaredServers = () => declarations.servers().map(({ server }) => server)
    this.#control = new ServerControl({
      client,
      clock: this.outside.clock,
      declarations,
      recorder,
      servers: this.#servers,
      probe: (...asked) => this.#connections.probe(...asked),
      discreet: this.#discreet,
      jitter: (ms) => this.#jittered(ms),
      watch: this.metrics.queue('exchangeserver'),
      begun: (queue) => this.metrics.measure('exchangeserver', queue, lookers),
      told: (server, result, status, tookMs, unreported) => {
        const { namespace = '', name = '' } = server.metadata
        this.#resources.server({ namespace, name }, result, status.conditions ?? [], tookMs)
        logServer(this.log, `${namespace}/${name}`, result, unreported)
      },
      forgotten: (namespace, name) => this.#resources.forget('ExchangeServer', { namespace, name }),
    })
    return this.#control
  }

  rhythm(): Parameters<typeof schedule>[1] {
    const { auditMs, concurrent } = this.config
    return {
      auditMs,
      sliceMs: 60_000,
      concurrency: concurrent,
      jitter: (ms) => this.#jittered(ms),
      watch: this.metrics.queue('syncgroup'),
      begun: (queue) => this.metrics.measure('syncgroup', queue, concurrent),
      gone: (id) => {
        const [namespace = '', name = ''] = id.split('/')
        this.#resources.forget('SyncGroup', { namespace, name })
        this.#cuts.delete(id)
      },
    }
  }

  /** Serves health and metrics where that was asked for. An address that nobody named may be taken. */
  async listen(ready: () => boolean): Promise<void> {
    const ok = { status: 200, text: 'ok\n' }
    const health = {
      '/healthz': () => ok,
      '/readyz': () =>
        ready() ? ok : { status: 503, text: 'the Kubernetes API is not in sync\n' },
    }
    const type = this.metrics.registry.contentType
    const metrics = {
      '/metrics': async () => ({ status: 200, text: await this.metrics.text(), type }),
    }
    const each = [
      [this.config.metrics, metrics],
      [this.config.health, health],
    ] as const
    for (const [{ address, named }, paths] of each) {
      if (address === undefined) continue
      try {
        this.#serving.push(await listening(address, paths))
      } catch (error) {
        if (named) throw error
        this.log.warn({ address }, syncErrorOf(error).message)
      }
    }
  }

  async close(): Promise<void> {
    this.log.info('stopped')
    await this.#connections.close()
    this.#state?.close()
    for (const each of this.#serving) await each.close()
  }

  #told({ declared, result, status, unreported, tookMs }: Ended): void {
    const { id, group } = declared
    logPass(this.log, id, result, tookMs)
    const cuts = cutsOf(declared, this.config.ceilings).join('; ')
    if (cuts !== '' && this.#cuts.get(id) !== cuts) this.log.warn({ group: id }, cuts)
    if (cuts === '') this.#cuts.delete(id)
    else this.#cuts.set(id, cuts)
    if (unreported) this.log.warn({ group: id, reason: unreported.code }, unreported.message)
    const { namespace = 'default', name = '' } = group.metadata
    this.#resources.group({ namespace, name }, result, status?.conditions ?? [], tookMs)
    this.#sweep()
  }

  #sweep(): void {
    const nowMs = this.outside.clock.now()
    if (nowMs - this.#sweptMs < sweepMs) return
    this.#sweptMs = nowMs
    try {
      const { binRetentionMs: binMs, historyRetentionMs: historyMs } = this.config
      this.#state?.sweep(nowMs, { binMs, historyMs })
    } catch (error) {
      // What is old goes an hour later; a disk that is full for a while must not end everything.
      this.log.warn({ reason: syncErrorOf(error).code }, syncErrorOf(error).message)
    }
  }

  // Tenants who may name any host are not told what is there; a directory's owner, and those of named hosts, are.
  get #discreet(): boolean {
    const { local, trust } = this.config
    return local === undefined && trust.serverHosts.length === 0
  }

  #jittered(ms: number): number {
    const spread = this.config.jitterPercent / 100
    return ms * (1 + spread * (2 * this.outside.chance() - 1))
  }

  #permit(): void {
    if (this.#leads()) return
    throw new SyncError('transient', 'LeadershipLost', 'another controller leads now')
  }
}

/** Where servers may be. The owner of a directory may have one on a loopback host. */
export function hostsOf({ command, local, trust }: Config): HostRules {
  const onDirectory = local !== undefined || ['plan', 'verify'].includes(command)
  return { hosts: trust.serverHosts, loopbackHttp: onDirectory || trust.loopbackHttp }
}

/** What the operator lets references lead to. */
export function referenceRulesOf(config: Config): ReferenceRules {
  return { crossNamespace: config.trust.crossNamespace, hosts: hostsOf(config) }
}

/** What reconciling needs of the declarations, the state and Exchange. */
export function siteOf(
  declarations: Declarations,
  state: State,
  connections: Connections,
  clock: Clock,
): Omit<Site, 'servers' | 'told'> {
  return {
    declarations,
    replicas: (declared, signal, pace, resting) =>
      connections.replicas(declared, signal, pace, resting),
    former: (declared, left, signal, pace) => connections.former(declared, left, signal, pace),
    baseline: (group) => state.baseline(group),
    recent: (group) => state.bin.conflicts(10, group),
    itemBytes: connections.itemBytes,
    clock,
  }
}

/** The key of the state, when the configuration names one. Rejects with a terminal SyncError. */
export async function keyIn({ keyFile }: Config): Promise<Key | undefined> {
  return keyFile === undefined ? undefined : keyFrom(keyFile, '--key-file')
}
