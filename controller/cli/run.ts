// `exsync run`: wires the controller, over a directory or over Kubernetes. It may import every floor, as program.ts
// may.
//
//   Kubernetes: wait for the Lease ─► open the state ─► passes, probes of servers ─► release the Lease
//   A process that loses the Lease writes nothing more, to Exchange or to the state, and exits with 1.

import { labelCommand } from '../api/credentials.ts'
import type { Config } from '../config.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { KubeDeclarations } from '../kube/declarations.ts'
import { KubePlans } from '../kube/plans.ts'
import { Client } from '../kube/runtime/client.ts'
import { Recorder } from '../kube/runtime/events.ts'
import type { Cluster } from '../kube/runtime/kubeconfig.ts'
import { Election, type Term } from '../kube/runtime/lease.ts'
import { KubeServers } from '../kube/servers.ts'
import { LocalDeclarations } from '../local/declarations.ts'
import type { Environment } from '../sync/environment.ts'
import { PlanController } from '../sync/plans.ts'
import type { State } from '../sync/ports/state.ts'
import { once, schedule } from '../sync/schedule.ts'
import type { ServerController } from '../sync/server-controller.ts'
import { libraryLog } from '../telemetry/libraries.ts'
import { logPlan, logRefusedPlan } from '../telemetry/log.ts'
import { problemText } from '../validation/problem.ts'
import { judgeOf } from '../validation/schemas.ts'
import type { Display } from './display.ts'
import { referenceRulesOf } from './environment.ts'
import { type ProcessEdges, Runtime } from './runtime.ts'

/** How long one pass with --once waits for the declarations, ms. */
const settleMs = 60_000

/** The longest silence of the API server while the process reports ready, ms; watches end earlier. */
const staleAfterMs = 900_000

/** Runs until it is asked to stop; answers the exit code. `display`: the terminal that shows it; see `Runtime`. */
export async function run(config: Config, edges: ProcessEdges, display?: Display): Promise<number> {
  const runtime = new Runtime(config, edges, display)
  const giveBack = libraryLog(runtime.log)
  try {
    return config.local === undefined
      ? await onKubernetes(runtime)
      : await onDirectory(runtime, config.local)
  } finally {
    await runtime.close()
    giveBack()
    display?.end()
  }
}

async function onDirectory(runtime: Runtime, directory: string): Promise<number> {
  const { config, edges, log } = runtime
  const state = await runtime.opened(false)
  const warn: ConstructorParameters<typeof LocalDeclarations>[3] = (problems) => {
    for (const problem of problems)
      log.warn({ problem: problemText(problem) }, 'declaration is not valid')
  }
  const { clock, stop } = edges
  const declarations = await LocalDeclarations.watching(
    directory,
    config.state,
    clock,
    warn,
    stop,
    referenceRulesOf(config),
  )
  await runtime.listen(() => true)
  const environment = runtime.environment(declarations, state)
  log.info({ once: config.once }, 'started')
  if (!config.once) {
    const controller = runtime.serverController(declarations.exchangeServers)
    await served(runtime, environment, [controller], stop)
    return 0
  }
  const groups = await declarations.groups()
  const ready = await once(environment, stop, edges.hard.signal, config.concurrent)
  if (groups.length === 0) log.error('no valid SyncGroup in the directory')
  return ready && groups.length > 0 && declarations.problems === 0 ? 0 : 1
}

/** The connection to the API server, and everything that uses it. */
type Kube = Readonly<{
  cluster: Cluster
  client: Client
  recorder: Recorder
  declarations: KubeDeclarations
  /** The holder that the Lease and the events name. */
  identity: string
}>

async function onKubernetes(runtime: Runtime): Promise<number> {
  const { clock, stop, hard } = runtime.edges
  const watching = new AbortController()
  // A request to a server that hangs must not delay the end.
  hard.signal.addEventListener('abort', () => watching.abort(), { once: true })
  const kube = await kubeOf(runtime, watching.signal)
  const { declarations } = kube
  const isFresh = () => clock.now() - declarations.lastSeenMs < staleAfterMs
  await runtime.listen(() => declarations.synced && isFresh())
  let term: Term | undefined
  try {
    term = await won(runtime, kube)
    return stop.aborted ? 0 : await led(runtime, kube, term)
  } finally {
    watching.abort()
    await term?.release()
    await kube.cluster.close()
  }
}

async function kubeOf(runtime: Runtime, watching: AbortSignal): Promise<Kube> {
  const { config, edges, log, metrics } = runtime
  const { clock, chance } = edges
  // The Kubernetes client loads more slowly than everything else.
  const { Cluster } = await import('../kube/runtime/kubeconfig.ts')
  const cluster = new Cluster(config.kube.kubeconfig)
  const client = new Client(cluster, clock, chance, (...answer) => metrics.requested(...answer))
  const identity = `${config.kube.identity}_${edges.instance}`
  const recorder = new Recorder({
    client,
    clock,
    controller: 'exchange-sync-controller',
    instance: identity,
    onError: (message) => log.warn(message),
  })
  const declarations = declarationsOf(runtime, client, recorder, watching)
  return { cluster, client, recorder, declarations, identity }
}

function declarationsOf(
  { config, edges: { clock, chance }, log }: Runtime,
  client: Client,
  recorder: Recorder,
  watching: AbortSignal,
): KubeDeclarations {
  const unlabelled = (secret: string) => {
    const what = 'credentials come from a Secret without its label; the next release refuses it'
    log.warn({ secret, reason: 'SecretNotLabelled', remedy: labelCommand(secret) }, what)
  }
  return new KubeDeclarations(
    {
      client,
      clock,
      chance,
      namespaces: config.kube.namespaces,
      ...referenceRulesOf(config),
      unlabelled: config.trust.unlabelledSecrets ? unlabelled : undefined,
      judge: (kind, resource) => judgeOf(kind)(resource),
      recorder,
      onError: (kind, code, message) => log.warn({ kind, reason: code }, message),
    },
    watching,
  )
}

// Runs as the leader, or without election; answers the exit code.
async function led(runtime: Runtime, kube: Kube, term: Term | undefined): Promise<number> {
  const { config, edges, log } = runtime
  const { stop } = edges
  const { declarations } = kube
  const state = await runtime.opened(term !== undefined)
  const environment = runtime.environment(declarations, state)
  log.info({ once: config.once, term: term?.number }, 'started')
  if (config.once) {
    await declarations.settled(AbortSignal.any([stop, AbortSignal.timeout(settleMs)]))
    if (!declarations.synced) {
      log.error('the resources could not be listed: see the log lines above')
      return 1
    }
    return (await once(environment, stop, edges.hard.signal, config.concurrent)) ? 0 : 1
  }
  const controller = runtime.serverController(new KubeServers(kube))
  const ending = AbortSignal.any([stop, ...(term === undefined ? [] : [term.lost])])
  forgetGone(runtime, declarations, state, ending).catch((error: unknown) => {
    const { code, message } = syncErrorOf(error)
    log.warn({ reason: code }, message)
  })
  const plans = plansOf(runtime, kube, environment, ending)
  await served(runtime, environment, [controller, plans], ending)
  return term?.lost.aborted ? 1 : 0
}

function plansOf(
  runtime: Runtime,
  { client, declarations }: Kube,
  environment: Environment,
  ending: AbortSignal,
): PlanController {
  const { config, edges, log } = runtime
  const common = { client, clock: edges.clock, chance: edges.chance, declarations }
  const onError = (kind: string, reason: string, message: string) =>
    log.warn({ kind, reason }, message)
  const rules = { namespaces: config.kube.namespaces, judge: judgeOf('SyncPlan'), onError }
  return new PlanController({
    plans: new KubePlans({ ...common, ...rules }, ending),
    environment,
    passesDue: () => runtime.passes?.depth ?? 0,
    onAnswered: (answered) => logPlan(log, answered),
    onRefused: (refused) => logRefusedPlan(log, refused),
  })
}

// Serves all kinds of resources; when one loop fails, the others end.
async function served(
  runtime: Runtime,
  environment: Environment,
  controllers: readonly (ServerController | PlanController)[],
  stop: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const ending = AbortSignal.any([stop, failed.signal])
  const loops = [
    schedule(environment, runtime.scheduleOptions(), ending, runtime.edges.hard.signal),
    ...controllers.map((controller) => controller.run(ending)),
  ]
  for (const loop of loops) loop.catch(() => failed.abort())
  await Promise.all(loops)
}

// A group whose finalizer was removed while the controller did not run must not claim its folders for ever.
async function forgetGone(
  { log, edges: { clock } }: Runtime,
  declarations: KubeDeclarations,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  await declarations.settled(signal)
  if (signal.aborted) return
  for (const group of await state.groups()) {
    if (!(await declarations.isGone(group, signal))) continue
    const at = { timeMs: clock.now(), pass: new Date(clock.now()).toISOString() }
    await state.baseline(group).commit({ at, writes: [{ write: 'reset' }] })
    log.info({ group }, 'forgotten: it is no longer declared')
  }
}

// Undefined without election, or if the process must end.
async function won(
  runtime: Runtime,
  { cluster, client, identity }: Kube,
): Promise<Term | undefined> {
  const { config, edges, log, metrics } = runtime
  const { elect, leaseName } = config.kube
  const namespace = config.kube.leaseNamespace ?? cluster.namespace ?? 'default'
  metrics.leads(leaseName, !elect)
  if (!elect) return undefined
  const election = new Election({
    client,
    clock: edges.clock,
    chance: edges.chance,
    namespace,
    name: leaseName,
    identity,
    durationMs: config.kube.leaseMs,
    renewDeadlineMs: config.kube.renewMs,
    retryMs: config.kube.retryMs,
    onChange: (what, detail) => {
      if (what === 'trouble') log.warn({ lease: leaseName }, detail)
      else log.info({ lease: leaseName, namespace, holder: detail }, `lease: ${what}`)
      if (what !== 'trouble') metrics.leads(leaseName, what === 'leading')
    },
  })
  const late = AbortSignal.timeout(settleMs)
  try {
    const term = await election.win(config.once ? AbortSignal.any([edges.stop, late]) : edges.stop)
    runtime.setLeadership(term)
    // Running work may not write any more, so it need not be awaited.
    term.lost.addEventListener('abort', () => edges.hard.abort(), { once: true })
    return term
  } catch (error) {
    if (edges.stop.aborted) return undefined
    if (!config.once || !late.aborted) throw error
    const message = `the Lease ${namespace}/${leaseName} could not be acquired within a minute: see the log lines above`
    throw new SyncError('transient', 'LeaseNotWon', message, { cause: error })
  }
}
