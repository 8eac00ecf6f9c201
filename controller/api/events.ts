// The Kubernetes Events about a resource: the changes from one status to the next. Counts and reasons only: no addresses,
// names or content. The status names the mailbox.
import { meanwhileText } from '../core/guard.ts'
import type { SyncGroupStatus, SyncGroupStatusCondition } from './resources.generated.ts'

/** One Event. `reason` is one of a fixed vocabulary, or a condition's reason. */
export type Told = Readonly<{ type: 'Normal' | 'Warning'; reason: string; note: string }>

type Status = Readonly<{ conditions?: readonly SyncGroupStatusCondition[] }>

/** The Events for a group's new status. */
export function groupStory(
  before: SyncGroupStatus | undefined,
  now: SyncGroupStatus,
): readonly Told[] {
  return [
    ...guardStory(before, now),
    ...conflictStory(before, now),
    ...passStory(before, now),
    ...verifiedStory(before, now),
    ...readyStory(before, now),
  ]
}

type Counted = Status & Readonly<{ observedGeneration?: number | undefined }>
type Pausable = Readonly<{
  spec: Readonly<{ suspend: boolean }>
  status?: Counted | undefined
}>

/** The Event for a resource that is suspended since its last status, whose conditions do not say so. */
export function suspendedStory({ spec, status }: Pausable, now: Counted): readonly Told[] {
  const isNew = status?.observedGeneration !== now.observedGeneration
  if (!spec.suspend || !isNew || readyOf(now)?.reason === 'Suspended') return []
  return [{ type: 'Normal', reason: 'Suspended', note: 'spec.suspend is true' }]
}

/** The Event for a changed condition Ready of any resource. */
export function readyStory(before: Status | undefined, now: Status): readonly Told[] {
  const [was, is] = [readyOf(before), readyOf(now)]
  if (is === undefined || (was?.status === is.status && was.reason === is.reason)) return []
  if (is.status === 'True') return [{ type: 'Normal', reason: is.reason, note: is.message }]
  if (is.reason === 'Guarded') return []
  // The full message is in the status: here it might name a mailbox.
  const calm = ['Progressing', 'Suspended', 'ServerSuspended'].includes(is.reason)
  const note = calm
    ? is.message
    : `not ready: ${is.reason}; see status.conditions and status.problems`
  return [{ type: calm ? 'Normal' : 'Warning', reason: is.reason, note }]
}

function guardStory(
  before: SyncGroupStatus | undefined,
  { guard }: SyncGroupStatus,
): readonly Told[] {
  if (guard === undefined) {
    if (before?.guard === undefined) return []
    return [{ type: 'Normal', reason: 'GuardReleased', note: 'the guard blocks nothing any more' }]
  }
  if (before?.guard?.hash === guard.hash) return []
  const what = guard.refusals
    .map(({ reason, count, limit }) => `${count} ${reason.toLowerCase()} (limit ${limit})`)
    .join('; ')
  const kind = guard.refusals.some(({ above }) => above) ? 'exchangeserver' : 'syncgroup'
  const note = `blocked by the guard: ${what}; ${meanwhileText(guard.refusals.map(({ replica }) => replica))}; undo it in Exchange, or approve exactly this: kubectl annotate --overwrite ${kind} NAME exchangesync.dev/approve=${guard.hash}`
  return [{ type: 'Warning', reason: 'Guarded', note }]
}

function conflictStory(before: SyncGroupStatus | undefined, now: SyncGroupStatus): readonly Told[] {
  const more = (now.conflicts?.total ?? 0) - (before?.conflicts?.total ?? 0)
  if (more <= 0) return []
  const note = `${counted(more, 'conflict')}; the losing edits are in the bin (exsync conflicts)`
  return [{ type: 'Warning', reason: 'Conflict', note }]
}

function passStory(before: SyncGroupStatus | undefined, now: SyncGroupStatus): readonly Told[] {
  const { lastPass } = now
  if (lastPass === undefined || lastPass.time === before?.lastPass?.time) return []
  const { created, updated, deleted, kept } = lastPass
  if (created + updated + deleted + kept === 0) return []
  const note = `copies: ${created} created, ${updated} updated, ${deleted} deleted; ${kept} kept in the bin`
  return [{ type: 'Normal', reason: 'Synced', note }]
}

function verifiedStory(before: SyncGroupStatus | undefined, now: SyncGroupStatus): readonly Told[] {
  const { verified } = now
  if (verified === undefined || verified.requestedAt === before?.verified?.requestedAt) return []
  const { copies, deviations, result } = verified
  const read = `${copies} copies were read again`
  if (result === 'Proved')
    return [{ type: 'Normal', reason: 'Verified', note: `${read}: all are as agreed` }]
  const found =
    result === 'Deviating'
      ? counted(deviations, 'deviation')
      : 'no deviation, but not everything could be read in time'
  const note = `${read}: ${found}; see status.verified`
  return [{ type: 'Warning', reason: 'NotVerified', note }]
}

function readyOf(status: Status | undefined): SyncGroupStatusCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
