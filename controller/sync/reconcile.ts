// Makes one group true, once: from its declaration to a pass, and from the report to a status. The last
// place where an error is caught: here it becomes a condition.

import { ceilingOf, guardUnder } from '../api/allowed.ts'
import {
  approvalsIn,
  isForced,
  isForcedByOwner,
  isWanted,
  verificationAsked,
} from '../api/annotations.ts'
import { shownResult } from '../api/discreet.ts'
import { checkedMs, lockoutMs } from '../api/duration.ts'
import { isReady, type Result, statusOf } from '../api/group-status.ts'
import type { Report } from '../api/report.ts'
import { castOf, itemTypeOf } from '../api/topology.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { cutsOf, limited, refuseCrowd } from './ceilings.ts'
import type { Environment, Mode, Reconciled } from './environment.ts'
import { release } from './finalize.ts'
import { pass } from './pass.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Declared } from './ports.ts'
import { shutdown } from './seat.ts'
import { type Asked, serverKeyOf } from './server-health.ts'
import { verifiedAfter } from './verify.ts'

/** Reconciles a group and writes its status. Rejects only when the signal aborts, or the pass is given up to end. */
export async function reconcile(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
): Promise<Reconciled> {
  const beganMs = environment.clock.now()
  const result = await resultOf(declared, environment, mode, signal)
  const ended = { declared, result, tookMs: environment.clock.now() - beganMs }
  if (result.kind === 'released') {
    environment.onEnded({ ...ended, status: undefined, unreported: undefined })
    return { result, status: undefined, ready: true, againMs: 0 }
  }
  const { group, generation, invalid, previous, deleted } = declared
  const nowMs = environment.clock.now()
  const cuts = environment.ceilings === undefined ? [] : cutsOf(declared, environment.ceilings)
  const about = { group, generation, invalid, deleted, previous, nowMs, cuts }
  const status = statusOf({ ...about, result: shownResult(environment.discreet, result) })
  const unreported = await unreportedOf(environment.declarations.report(declared, status), signal)
  environment.onEnded({ ...ended, status, unreported })
  const againMs = againMsOf(declared, result)
  if (unreported === undefined) return { result, status, ready: isReady(status), againMs }
  const retryMs = checkedMs(group.spec.retryInterval)
  return { result, status, ready: false, againMs: Math.min(againMs, retryMs) }
}

// A status is a report, never a memory: who cannot write it works on, and writes the next.
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

/** What a pass of this group is made of. Throws a terminal SyncError when something is missing. */
export function passSpecOf(
  declared: Declared,
  environment: Environment,
  mode: Mode,
  signal: AbortSignal,
): PassSpec {
  if (declared.hindrance !== undefined) throw declared.hindrance
  refuseCrowd(declared, environment.ceilings)
  if (mode.claimed !== undefined) throw folderClaimed(mode.claimed)
  const { spec, metadata } = declared.group
  const { roles } = castOf(declared.group)
  const nowMs = environment.clock.now()
  const guard = guardUnder(spec.guard, declared.server)
  const limits = ceilingOf(declared.server)
  return {
    group: declared.id,
    name: new Date(nowMs).toISOString(),
    rules: {
      type: itemTypeOf(declared.group),
      roles,
      policy: spec.conflicts,
      itemBytes: environment.itemBytes,
    },
    replicas: environment.replicas(declared, signal, mode.pace),
    former:
      spec.deletionPolicy === 'RemoveCopies'
        ? (ids) => environment.former(declared, ids, signal, mode.pace)
        : undefined,
    baseline: environment.baseline(declared.id),
    identity: identityOf(declared),
    limits: guard,
    windowMs: checkedMs(guard.window),
    approved: approvalsIn(metadata),
    ceiling: limits && { limits, approved: approvalsIn(declared.server?.metadata ?? {}) },
    budgetMs: Math.min(
      checkedMs(spec.timeout),
      environment.ceilings?.passMs ?? Number.POSITIVE_INFINITY,
      mode.sliceMs ?? Number.POSITIVE_INFINITY,
    ),
    ...(mode.yields === undefined ? {} : { yields: mode.yields }),
    audit: mode.audit || isForced(declared.group, declared.previous),
    stopping: mode.stopping,
    clock: environment.clock,
  }
}

function identityOf({ group: { metadata }, server }: Declared): PassSpec['identity'] {
  if (server === undefined) return { uid: metadata.uid }
  const { namespace = 'default', name } = server.metadata
  return { uid: metadata.uid, server: `${namespace}/${name}`, url: server.spec.url }
}

function folderClaimed({ by, mailbox }: NonNullable<Mode['claimed']>): SyncError {
  const remedy = 'remove the member here or there, or name another folder'
  return new SyncError(
    'terminal',
    'FolderClaimed',
    `the folder of ${mailbox} belongs to the group ${by}: ${remedy}`,
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
    // Who only lets go needs no Exchange.
    const { deletionPolicy, suspend } = declared.group.spec
    const removes = deletionPolicy === 'RemoveCopies' && !suspend
    // What may not be touched waits, and its copies with it.
    if (removes && declared.hindrance !== undefined) throw declared.hindrance
    const work = () => release(declared, environment, mode, signal)
    if (removes) await trying(declared, environment, work, signal)
    else await work()
    return { kind: 'released' }
  }
  await environment.declarations.hold(declared)
  const spec = passSpecOf(declared, environment, mode, signal)
  const token = verificationAsked(declared.group, declared.previous)
  // It is not made in slices: it has no place to go on from.
  const whole = { ...mode, sliceMs: undefined }
  const verifying = {
    cast: castOf(declared.group),
    spec: () => passSpecOf(declared, environment, whole, signal),
  }
  const work = async () => {
    const report = await pass(spec, signal)
    return { report, verified: await verifiedAfter(report, token, verifying, signal) }
  }
  const { report, verified } = await trying(declared, environment, work, signal)
  const recent = await environment.recent(declared.id)
  return { kind: 'passed', report, recent, ...(verified && { verified }) }
}

// While the server is left alone, nothing is tried; who tries tells how the server is.
async function trying<Done>(
  declared: Declared,
  { servers, watched }: Environment,
  work: () => Promise<Done>,
  signal: AbortSignal,
): Promise<Done> {
  const server = serverKeyOf(declared)
  if (server === undefined) return work()
  if (watched) await servers.awaitFirstProbe(server, signal)
  const refused = servers.allow(server, askedOf(declared))
  if (refused !== undefined) throw refused
  try {
    const done = await work()
    servers.record(server, undefined)
    return done
  } catch (error) {
    // One that is given up because the server held it up says how the server is.
    const why: unknown = signal.aborted ? signal.reason : error
    if (signal.aborted && !(why instanceof SyncError)) servers.cancel(server)
    else servers.record(server, syncErrorOf(why))
    throw why
  }
}

/** Does a wait for the server not count, since a user asked for a pass? */
export function askedOf(declared: Declared): Asked {
  if (isForcedByOwner(declared)) return 'refusal'
  return isWanted(declared) ? 'pause' : undefined
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
  // Whoever is late is tried again soon, and does not make the others wait longer than they would.
  const soon = members.behind > 0 || problems.some(({ kind }) => kind === 'transient')
  return soon ? Math.min(retryMs, intervalMs) : intervalMs
}
