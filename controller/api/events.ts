// What the owner of a resource is told as an event: what changed from one status to the next. Counts and reasons
// only: no addresses, no names, no content. Who needs to know whose folder it is finds it in the status.
import { meanwhileText } from '../core/guard.ts'
import type { SyncGroupStatus, SyncGroupStatusCondition } from './resources.generated.ts'

/** Something worth telling. `reason` is one of a fixed vocabulary, or a condition's. */
export type Told = Readonly<{ type: 'Normal' | 'Warning'; reason: string; note: string }>

type Status = Readonly<{ conditions?: readonly SyncGroupStatusCondition[] }>

/** What a group's owner is told of a new status. */
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

/** What the owner of any resource is told of its condition Ready. */
export function readyStory(before: Status | undefined, now: Status): readonly Told[] {
  const [was, is] = [readyOf(before), readyOf(now)]
  if (is === undefined || (was?.status === is.status && was.reason === is.reason)) return []
  if (is.status === 'True') return [{ type: 'Normal', reason: is.reason, note: is.message }]
  if (is.reason === 'Guarded') return []
  // What a person has to do about it is in the status: here it might name a mailbox.
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
    return [{ type: 'Normal', reason: 'GuardReleased', note: 'nothing is set aside any more' }]
  }
  if (before?.guard?.hash === guard.hash) return []
  const what = guard.refusals
    .map(({ reason, count, limit }) => `${count} ${reason.toLowerCase()}, ${limit} are allowed`)
    .join('; ')
  const kind = guard.refusals.some(({ above }) => above) ? 'exchangeserver' : 'syncgroup'
  const note = `set aside: ${what}; ${meanwhileText(guard.refusals.map(({ replica }) => replica))}; undo it, or approve exactly this: kubectl annotate --overwrite ${kind} NAME exchangesync.dev/approve=${guard.hash}`
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
    return [{ type: 'Normal', reason: 'Verified', note: `${read}: all show what is agreed` }]
  const found =
    result === 'Deviating'
      ? counted(deviations, 'deviation')
      : 'nothing deviates, and something could not be read, or time ran out'
  const note = `${read}: ${found}; see status.verified`
  return [{ type: 'Warning', reason: 'NotVerified', note }]
}

function readyOf(status: Status | undefined): SyncGroupStatusCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
