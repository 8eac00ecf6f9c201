// `exsync run`: wires the controller that keeps groups the same, over a directory or over Kubernetes. Knows
// every floor, as program.ts does.
//
//   Kubernetes: wait for the Lease ─► open the state ─► passes, looks at servers ─► let the Lease go
//   Whoever loses the Lease writes nothing more, to Exchange or to the state, and ends with 1.

import { labelCommand } from '../api/credentials.ts'
import type { Config } from '../config.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { KubeDeclarations } from '../kube/declarations.ts'
import { Client } from '../kube/runtime/client.ts'
import { Recorder } from '../kube/runtime/events.ts'
import { Election, type Term } from '../kube/runtime/lease.ts'
import { LocalDeclarations } from '../local/declarations.ts'
import type { State } from '../store/state.ts'
import { once, schedule } from '../sync/schedule.ts'
import { problemText } from '../validation/problem.ts'
import { judgeOf } from '../validation/schemas.ts'
import { Desk, type Outside, referenceRulesOf } from './runtime.ts'

/** How long one pass waits for what is declared. */
const settleMs = 60_000

/** How long nothing may have been heard of the API server by one that says it is ready; watches end earlier. */
const deafMs = 900_000

/** Runs until it is told to stop; answers the exit code. */
export async function run(config: Config, outside: Outside): Promise<number> {
  const desk = new Desk(config, outside)
  try {
    return config.local === undefined
      ? await onKubernetes(desk)
      : await onDirectory(desk, config.local)
  } finally {
    await desk.close()
  }
}

async function onDirectory(desk: Desk, directory: string): Promise<number> {
  const { config, outside, log } = desk
  const state = await desk.opened(false)
  const warn: ConstructorParameters<typeof LocalDeclarations>[3] = (problems) => {
    for (const problem of problems)
      log.warn({ problem: problemText(problem) }, 'declaration is not valid')
  }
  const { clock, stop, hard } = outside
  const declarations = await LocalDeclarations.watching(
    directory,
    config.state,
    clock,
    warn,
    stop,
    referenceRulesOf(config),
  )
  await desk.listen(() => true)
  const site = desk.site(declarations, state)
  log.info({ once: config.once }, 'started')
  if (!config.once) {
    await schedule(site, desk.rhythm(), stop, hard.signal)
    return 0
  }
  const groups = await declarations.groups()
  const ready = await once(site, stop, hard.signal, config.concurrent)
  if (groups.length === 0) log.error('no valid SyncGroup in the directory')
  return ready && groups.length > 0 && declarations.problems === 0 ? 0 : 1
}

async function onKubernetes(desk: Desk): Promise<number> {
  const { config, outside, log, metrics } = desk
  const { clock, chance, stop, hard } = outside
  // Kubernetes' own client takes longer to load than all the rest.
  const { Cluster } = await import('../kube/runtime/kubeconfig.ts')
  const cluster = new Cluster(config.kube.kubeconfig)
  const client = new Client(cluster, clock, chance, (...answer) => metrics.requested(...answer))
  const identity = `${config.kube.identity}_${outside.instance}`
  const recorder = new Recorder({
    client,
    clock,
    controller: 'exchange-sync-controller',
    instance: identity,
    troubled: (message) => log.warn(message),
  })
  const watching = new AbortController()
  // What is asked of a server that hangs must not keep one who has to end.
  hard.signal.addEventListener('abort', () => watching.abort(), { once: true })
  const declarations = new KubeDeclarations(
    {
      client,
      clock,
      chance,
      namespaces: config.kube.namespaces,
      ...referenceRulesOf(config),
      unlabelled: config.trust.unlabelledSecrets
        ? (secret) => {
            const what =
              'credentials come from a Secret without its label; the next release refuses it'
            log.warn({ secret, reason: 'SecretNotLabelled', remedy: labelCommand(secret) }, what)
          }
        : undefined,
      judge: (kind, resource) => judgeOf(kind)(resource),
      recorder,
      troubled: (kind, code, message) => log.warn({ kind, reason: code }, message),
    },
    watching.signal,
  )
  const heard = () => clock.now() - declarations.heardMs < deafMs
  await desk.listen(() => declarations.synced && heard())
  let term: Term | undefined
  try {
    const namespace = config.kube.leaseNamespace ?? cluster.namespace ?? 'default'
    term = await won(desk, client, namespace, identity)
    if (stop.aborted) return 0
    const state = await desk.opened(term !== undefined)
    const site = desk.site(declarations, state)
    log.info({ once: config.once, term: term?.number }, 'started')
    if (config.once) {
      await declarations.settled(AbortSignal.any([stop, AbortSignal.timeout(settleMs)]))
      if (!declarations.synced) {
        log.error('the resources could not be listed: see above')
        return 1
      }
      return (await once(site, stop, hard.signal, config.concurrent)) ? 0 : 1
    }
    const control = desk.control(client, declarations, recorder)
    const ending = AbortSignal.any([stop, ...(term === undefined ? [] : [term.lost])])
    forgetGone(desk, declarations, state, ending).catch((error: unknown) => {
      const { code, message } = syncErrorOf(error)
      log.warn({ reason: code }, message)
    })
    await Promise.all([schedule(site, desk.rhythm(), ending, hard.signal), control.run(ending)])
    return term?.lost.aborted ? 1 : 0
  } finally {
    watching.abort()
    await term?.release()
    await cluster.close()
  }
}

// A group whose finalizer was taken away while nobody looked must not keep its folders from others for ever.
async function forgetGone(
  { log, outside: { clock } }: Desk,
  declarations: KubeDeclarations,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  await declarations.settled(signal)
  if (signal.aborted) return
  for (const group of state.groups()) {
    if (!(await declarations.isGone(group, signal))) continue
    const at = { timeMs: clock.now(), pass: new Date(clock.now()).toISOString() }
    await state.baseline(group).commit({ at, reset: true })
    log.info({ group }, 'forgotten: it is not declared any more')
  }
}

// Undefined when there is no election, or no time for it any more.
async function won(
  desk: Desk,
  client: Client,
  namespace: string,
  identity: string,
): Promise<Term | undefined> {
  const { config, outside, log, metrics } = desk
  const { elect, leaseName, leaseMs, renewMs, retryMs } = config.kube
  metrics.leads(leaseName, !elect)
  if (!elect) return undefined
  const election = new Election({
    client,
    clock: outside.clock,
    chance: outside.chance,
    namespace,
    name: leaseName,
    identity,
    durationMs: leaseMs,
    renewDeadlineMs: renewMs,
    retryMs,
    told: (what, detail) => {
      if (what === 'trouble') log.warn({ lease: leaseName }, detail)
      else log.info({ lease: leaseName, namespace, holder: detail }, `lease: ${what}`)
      if (what !== 'trouble') metrics.leads(leaseName, what === 'leading')
    },
  })
  const { stop } = outside
  const late = AbortSignal.timeout(settleMs)
  try {
    const term = await election.win(config.once ? AbortSignal.any([stop, late]) : stop)
    desk.fence(term)
    // What is under way may not write any more, so that it need not be waited for.
    term.lost.addEventListener('abort', () => outside.hard.abort(), { once: true })
    return term
  } catch (error) {
    if (stop.aborted) return undefined
    if (!config.once || !late.aborted) throw error
    const message = `the Lease ${namespace}/${leaseName} could not be had within a minute: see above`
    throw new SyncError('transient', 'LeaseNotWon', message, { cause: error })
  }
}
