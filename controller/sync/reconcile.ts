// Reconciles one group, once: from its declaration to a pass, and from the report to a status. This is the last place
// where an error is caught: here it becomes a condition.

import { approvalsIn, isForced, verificationAsked } from '../api/annotations.ts'
import { shownResult } from '../api/discreet.ts'
import { checkedMs, lockoutMs } from '../api/duration.ts'
import { isReady, type Result, statusOf } from '../api/group-status.ts'
import { ceilingOf, guardUnder } from '../api/guard-ceilings.ts'
import { hindranceOf, hubAccess } from '../api/references.ts'
import type { Report } from '../api/report.ts'
import { itemTypeOf, nameOfServer, participantsOf } from '../api/topology.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { cutsOf, limited, refuseCrowd } from './ceilings.ts'
import type { Environment, Mode, Reconciled, Resting } from './environment.ts'
import { release } from './finalize.ts'
import { pass } from './pass.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Declared } from './ports.ts'
import { shutdown } from './seat.ts'
import { trying } from './trying.ts'
import { UnderWay } from './under-way.ts'
import { verifiedAfter } from './verify.ts'

/** Reconciles a group and writes its status. Rejects only when the signal aborts, or the controller ends. */
export async function reconcile(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
): Promise<Reconciled> {
  const beganMs = environment.clock.now()
  const underWay = new UnderWay(declared, environment)
  underWay.begin(signal)
  const counted = { ...mode, progress: underWay.counts, unshown: () => underWay.end() }
  const result = await resultOf(declared, environment, counted, signal).finally(() =>
    underWay.end(),
  )
  const ended = { declared, result, tookMs: environment.clock.now() - beganMs }
  if (result.kind === 'released') {
    environment.onEnded({ ...ended, status: undefined, unreported: undefined })
    return { result, status: undefined, ready: true, againMs: 0 }
  }
  const { group, generation, invalid, previous, deleted } = underWay.declared
  const nowMs = environment.clock.now()
  const cuts = environment.ceilings === undefined ? [] : cutsOf(declared, environment.ceilings)
  const about = { group, generation, invalid, deleted, previous, nowMs, cuts }
  const shown = shownResult(environment.discreet, result)
  const unfinished = result.kind === 'passed' && result.report.unfinished
  const suspended = mode.suspended?.() ?? false
  const status = underWay.finished(statusOf({ ...about, result: shown }), unfinished, suspended)
  const report = environment.declarations.report(underWay.declared, status)
  const unreported = await unreportedOf(report, signal)
  environment.onEnded({ ...ended, status, unreported })
  const againMs = againMsOf(declared, result)
  // A suspended group keeps its conditions, and is not ready all the same.
  const ready = result.kind !== 'suspended' && isReady(status)
  if (unreported === undefined) return { result, status, ready, againMs }
  const retryMs = checkedMs(group.spec.retryInterval)
  return { result, status, ready: false, againMs: Math.min(againMs, retryMs) }
}

// A status only reports. If it cannot be written, the work goes on, and the next status is written.
async function unreportedOf(
  report: Promise<void>,
  signal: AbortSignal,
): Promise<SyncError | undefined> {
  try {
    await report
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return syncErrorOf(error)
  }
}

// Errors of the declaration are reported before a server is tried.
function refuseUnfit(declared: Declared, environment: Environment, mode: Mode): void {
  const hindrance = hindranceOf(declared)
  if (hindrance !== undefined) throw hindrance
  refuseCrowd(declared, environment.ceilings)
  if (mode.claimed !== undefined) throw folderClaimed(mode.claimed)
}

/** The input of a pass of this group. Throws a terminal SyncError when something is missing. */
export function passSpecOf(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
  resting: Resting = new Map(),
): PassSpec {
  refuseUnfit(declared, environment, mode)
  const { spec, metadata } = declared.group
  const { roles } = participantsOf(declared.group)
  const nowMs = environment.clock.now()
  const servers = [...declared.access.values()].flatMap(({ server }) => server ?? [])
  const guard = guardUnder(spec.guard, servers)
  return {
    name: new Date(nowMs).toISOString(),
    rules: {
      group: declared.id,
      type: itemTypeOf(declared.group),
      roles,
      policy: spec.conflicts,
      itemBytes: environment.itemBytes,
    },
    replicas: environment.replicas(declared, signal, mode.pace, resting),
    former:
      spec.deletionPolicy === 'RemoveCopies'
        ? (left) => environment.former(declared, left, signal, mode.pace)
        : undefined,
    baseline: environment.baseline(declared.id),
    identity: identityOf(declared),
    limits: guard,
    windowMs: checkedMs(guard.window),
    approved: approvalsIn(metadata),
    ceiling: ceilingOf(servers),
    budgetMs: Math.min(
      checkedMs(spec.timeout),
      environment.ceilings?.passMs ?? Number.POSITIVE_INFINITY,
      mode.sliceMs ?? Number.POSITIVE_INFINITY,
    ),
    ...(mode.yields === undefined ? {} : { yields: mode.yields }),
    audit: mode.audit || isForced(declared.group, declared.previous),
    stopping: mode.stopping,
    progress: mode.progress,
    clock: environment.clock,
  }
}

// The server of the hub is that of the group. A member that moves to another server only gets another place.
function identityOf(declared: Declared): PassSpec['identity'] {
  const { metadata } = declared.group
  const { server } = hubAccess(declared)
  if (server === undefined) return { uid: metadata.uid }
  return { uid: metadata.uid, server: nameOfServer(server), url: server.spec.url }
}

function folderClaimed({ by, place }: NonNullable<Mode['claimed']>): SyncError {
  const remedy = 'remove the member here or there, or name another folder'
  return new SyncError(
    'terminal',
    'FolderClaimed',
    `the folder of ${place} belongs to the group ${by}: ${remedy}`,
  )
}

async function resultOf(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
): Promise<Result> {
  if (declared.group.spec.suspend && !declared.deleted) return { kind: 'suspended' }
  const limit = limited(environment.clock, environment.ceilings, mode.givenUp, signal)
  try {
    return await made(declared, environment, mode, limit.signal)
  } catch (error) {
    signal.throwIfAborted()
    const why: unknown = limit.signal.aborted ? limit.signal.reason : error
    if (why === shutdown) throw why
    return { kind: 'failed', error: syncErrorOf(why) }
  } finally {
    limit.end()
  }
}

async function made(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
): Promise<Result> {
  if (declared.deleted) {
    // A release that removes no copies needs no Exchange.
    const { deletionPolicy, suspend } = declared.group.spec
    const removes = deletionPolicy === 'RemoveCopies' && !suspend
    // A group that may not be used waits, and its copies stay.
    const hindrance = hindranceOf(declared)
    if (removes && hindrance !== undefined) throw hindrance
    const work = () => release(declared, environment, mode, signal)
    if (removes) await trying(declared, environment, work, () => undefined, signal)
    else await work()
    return { kind: 'released' }
  }
  await environment.declarations.hold(declared)
  refuseUnfit(declared, environment, mode)
  const token = verificationAsked(declared.group, declared.previous)
  // A verification has no slices, because it cannot continue from a checkpoint.
  const whole = { ...mode, sliceMs: undefined }
  const participants = participantsOf(declared.group)
  const work = async (resting: Resting) => {
    const report = await pass(passSpecOf(declared, environment, mode, signal, resting), signal)
    const spec = () => passSpecOf(declared, environment, whole, signal, resting)
    return {
      report,
      verified: await verifiedAfter(report, token, { participants, spec }, signal),
    }
  }
  const { report, verified } = await trying(
    declared,
    environment,
    work,
    (done) => done.report,
    signal,
  )
  const recent = await environment.recent(declared.id)
  return { kind: 'passed', report, recent, ...(verified && { verified }) }
}

function againMsOf({ group }: Declared, result: Result): number {
  const [intervalMs, retryMs] = [
    checkedMs(group.spec.interval),
    checkedMs(group.spec.retryInterval),
  ]
  if (result.kind === 'suspended') return intervalMs
  if (result.kind === 'released') return 0
  if (result.kind === 'passed') return afterPass(result.report, intervalMs, retryMs)
  const { kind, code, backOffMs = 0 } = result.error
  if (code === 'AuthenticationFailed') return Math.max(intervalMs, lockoutMs)
  return Math.max(kind === 'terminal' ? intervalMs : retryMs, backOffMs)
}

function afterPass(
  { unfinished, reading = false, problems, members, created, updated, deleted }: Report,
  intervalMs: number,
  retryMs: number,
): number {
  if (problems.some(({ reason }) => reason === 'AuthenticationFailed'))
    return Math.max(intervalMs, lockoutMs)
  if (reading && problems.every(({ kind }) => kind === 'terminal')) return 0
  // A pass that used up its time before its first write would do so again.
  if (unfinished && created + updated + deleted === 0) return Math.min(retryMs, intervalMs)
  if (unfinished && problems.length === 0) return 0
  // A late member is retried soon; this never makes the others wait beyond their interval.
  const soon = members.behind > 0 || problems.some(({ kind }) => kind === 'transient')
  return soon ? Math.min(retryMs, intervalMs) : intervalMs
}
