// The Kubernetes Events about a resource: the changes from one status to the next, each with its remedy or the next command.
// Counts and reasons only: no addresses, names of members or content. The status names the mailbox.
import { meanwhileText } from '../core/guard.ts'
import { approvalText, named, remedyLines, statusCommand } from './remedy.ts'
import type {
  ExchangeServer,
  SyncGroup,
  SyncGroupStatus,
  SyncGroupStatusCondition,
} from './resources.generated.ts'
import { fullNameOf } from './topology.ts'

/** One Event. `reason` is one of a fixed vocabulary, or a condition's reason. */
export type Told = Readonly<{ type: 'Normal' | 'Warning'; reason: string; note: string }>

type Status = Readonly<{ conditions?: readonly SyncGroupStatusCondition[] }>

/** How many replicas that the guard blocks are counted one by one: a note has at most 1 kB. */
const refusalsMax = 5

/** The Events for a group's new status. */
export function groupStory(
  group: SyncGroup,
  before: SyncGroupStatus | undefined,
  now: SyncGroupStatus,
): readonly Told[] {
  return [
    ...guardStory(group, before, now),
    ...conflictStory(before, now),
    ...passStory(before, now),
    ...verifiedStory(group, before, now),
    ...readyStory(before, now, () => remedyOfGroup(group, now)),
  ]
}

/** The Events for a server's new status. */
export function serverStory(before: Status | undefined, now: Status): readonly Told[] {
  return readyStory(before, now, ({ reason }) => remedyLines([reason]))
}

/** The Event for a group whose end is done. */
export function releasedStory({ spec: { deletionPolicy, suspend } }: SyncGroup): Told {
  const removed = deletionPolicy === 'RemoveCopies' && !suspend
  const note = removed
    ? 'the group has ended: its copies are removed from the folders of its members; the bin has them (exsync bin list)'
    : 'the group has ended: its copies stay in the folders, and are not kept in sync any more'
  return { type: 'Normal', reason: 'Released', note }
}

type Counted = Status & Readonly<{ observedGeneration?: number | undefined }>

/** The Event for a resource that is suspended since its last status, whose conditions do not say so. */
export function suspendedStory(
  resource: SyncGroup | ExchangeServer,
  before: Counted | undefined,
  now: Counted,
): readonly Told[] {
  const isNew = before?.observedGeneration !== now.observedGeneration
  if (!resource.spec.suspend || !isNew || readyOf(now)?.reason === 'Suspended') return []
  const what = named(resource.kind.toLowerCase(), fullNameOf(resource))
  const note = `spec.suspend is true; to continue: kubectl patch ${what} --type=merge -p '{"spec":{"suspend":false}}'`
  return [{ type: 'Normal', reason: 'Suspended', note }]
}

/** The Event for a changed condition Ready of any resource. */
function readyStory(
  before: Status | undefined,
  now: Status,
  remedy: (ready: SyncGroupStatusCondition) => readonly string[],
): readonly Told[] {
  const [was, is] = [readyOf(before), readyOf(now)]
  if (is === undefined || (was?.status === is.status && was.reason === is.reason)) return []
  if (is.status === 'True') return [{ type: 'Normal', reason: is.reason, note: is.message }]
  if (is.reason === 'Guarded') return []
  // Another message is not quoted: it might name a mailbox.
  const calm = ['Progressing', 'Suspended', 'ServerSuspended'].includes(is.reason)
  const note = calm ? is.message : ['not ready', ...remedy(is)].join('; ').replace('; ', ': ')
  return [{ type: calm ? 'Normal' : 'Warning', reason: is.reason, note }]
}

// Problems of an earlier pass stay in the status of one that failed as a whole.
function remedyOfGroup(group: SyncGroup, now: SyncGroupStatus): readonly string[] {
  const ready = readyOf(now)?.reason ?? ''
  const reasons = (now.problems ?? []).map(({ reason }) => reason)
  if (ready !== 'MembersNotReady' && !reasons.includes(ready)) return remedyLines([ready])
  const where = `the members and details: ${statusCommand('cluster', fullNameOf(group), 'problems')}`
  return [...remedyLines(reasons), where]
}

function guardStory(
  group: SyncGroup,
  before: SyncGroupStatus | undefined,
  { guard }: SyncGroupStatus,
): readonly Told[] {
  if (guard === undefined) {
    if (before?.guard === undefined) return []
    return [{ type: 'Normal', reason: 'GuardReleased', note: 'the guard blocks nothing any more' }]
  }
  if (before?.guard?.hash === guard.hash) return []
  const { hash, refusals } = guard
  const left = refusals.length - refusalsMax
  const what = [
    ...refusals
      .slice(0, refusalsMax)
      .map(({ reason, count, limit }) => `${count} ${reason.toLowerCase()} (limit ${limit})`),
    ...(left > 0 ? [`and ${counted(left, 'replica')} more`] : []),
  ].join('; ')
  const above = refusals.some((refusal) => refusal.above)
  const how = approvalText('cluster', group, fullNameOf(group), { hash, above })
  const note = `blocked by the guard: ${what}; ${meanwhileText(refusals.map(({ replica }) => replica))}; undo it in Exchange, or ${how}`
  return [{ type: 'Warning', reason: 'Guarded', note }]
}

function conflictStory(before: SyncGroupStatus | undefined, now: SyncGroupStatus): readonly Told[] {
  const more = (now.conflicts?.total ?? 0) - (before?.conflicts?.total ?? 0)
  if (more <= 0) return []
  const note = `${counted(more, 'conflict')}; the losing edits are in the bin: exsync conflicts shows both sides, exsync bin restore N takes one back`
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

function verifiedStory(
  group: SyncGroup,
  before: SyncGroupStatus | undefined,
  now: SyncGroupStatus,
): readonly Told[] {
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
  const where = statusCommand('cluster', fullNameOf(group), 'verified')
  const note = `${read}: ${found}; the copies: ${where}`
  return [{ type: 'Warning', reason: 'NotVerified', note }]
}

function readyOf(status: Status | undefined): SyncGroupStatusCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
