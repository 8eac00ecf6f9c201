// The progress of a pass under way in a group's status: the counts in status.progress, and the conditions of a group
// that a user waits for. Counts only, so that it may be shown everywhere.
//
// Guarantees: a group that is Ready and is passed in routine stays Ready. observedGeneration and the handled requests
// stay those of the last finished pass, so that an interrupted pass is made again.
import { isWanted, verificationAsked } from './annotations.ts'
import { countOf, iso } from './conditions.ts'
import type {
  SyncGroupStatusCondition as Condition,
  SyncGroup,
  SyncGroupStatus,
} from './resources.generated.ts'

/** The part of a pass that is under way. */
export type Phase = NonNullable<SyncGroupStatus['progress']>['phase']

/** The counts of a pass under way, in copies and members. While folders are listed, no copies are planned yet. */
export type Sample = Readonly<{
  phase: Phase
  done: number
  planned: number
  membersDone: number
  members: number
}>

/** The group that is passed, and its last status. */
export type Awaiting = Readonly<{
  group: SyncGroup
  generation: number
  invalid: string | undefined
  deleted?: boolean
  previous: SyncGroupStatus | undefined
}>

/**
 * A pass under way now; times in ms since 1970, `endMs` is an estimate. `carried`: the copies that earlier slices wrote.
 */
export type Moment = Readonly<{
  sample: Sample
  startMs: number
  endMs: number | undefined
  carried: number
}>

/** The times of a pass, ms since 1970. */
export type Times = Readonly<{ startMs: number; nowMs: number; endMs: number | undefined }>

/** Does a user wait for this pass: is the group new, edited, deleted, requested, or not finished by the pass before? */
export function isAwaited({ group, generation, invalid, deleted, previous }: Awaiting): boolean {
  if (invalid !== undefined) return false
  const ready = conditionIn(previous, 'Ready')
  if (deleted || ready === undefined || ready.status === 'Unknown') return true
  return isContinued(previous) || asked({ group, generation, previous })
}

function asked(declared: Pick<Awaiting, 'group' | 'generation' | 'previous'>): boolean {
  if (isWanted(declared)) return true
  // A verification stays requested until it succeeds: while the group fails, each retry is a routine pass.
  const { group, previous } = declared
  const ready = conditionIn(previous, 'Ready')?.status === 'True'
  return ready && verificationAsked(group, previous) !== undefined
}

// Did the pass before end, or stop, before everything was done? A group may be Reconciling for other reasons, too.
function isContinued(previous: SyncGroupStatus | undefined): boolean {
  const counted = previous?.progress !== undefined
  if (!counted && conditionIn(previous, 'Ready')?.reason !== 'Progressing') return false
  return conditionIn(previous, 'Reconciling')?.status === 'True'
}

/** The copies that earlier slices of an unfinished pass wrote. */
export function carriedFrom(previous: SyncGroupStatus | undefined): number {
  return isContinued(previous) ? (previous?.progress?.done ?? 0) : 0
}

/** The status of a group while it is passed. */
export function underWayStatus(declared: Awaiting, sample: Sample, times: Times): SyncGroupStatus {
  const { previous } = declared
  return {
    ...previous,
    observedGeneration: previous?.observedGeneration ?? -1,
    conditions: isAwaited(declared)
      ? awaitedConditions(declared, sample, times)
      : (previous?.conditions ?? []),
    progress: progressOf(sample, times),
  }
}

/** The status of a new group whose first pass has not begun. `nowMs`: ms since 1970. */
export function waitingStatus(declared: Awaiting, nowMs: number): SyncGroupStatus {
  const { previous } = declared
  const message = 'waits for its turn: its first pass has not begun'
  return {
    ...previous,
    observedGeneration: previous?.observedGeneration ?? -1,
    conditions: progressing(declared, message, nowMs),
  }
}

/** The status after an unfinished pass: it keeps its progress, because it is continued at once. */
export function continuedStatus(
  status: SyncGroupStatus,
  sample: Sample,
  times: Times,
): SyncGroupStatus {
  return { ...status, progress: progressOf(sample, times) }
}

/**
 * The status after a pass that ended because the group was suspended: it has the figures of the pass, and is otherwise as
 * before it.
 */
export function interruptedStatus(
  {
    conditions: _,
    lastHandledReconcileAt: __,
    lastHandledForceAt: ___,
    ...figures
  }: SyncGroupStatus,
  before: SyncGroupStatus | undefined,
): SyncGroupStatus {
  const { lastHandledReconcileAt, lastHandledForceAt, progress } = before ?? {}
  return {
    ...figures,
    observedGeneration: before?.observedGeneration ?? -1,
    conditions: before?.conditions ?? [],
    ...(lastHandledReconcileAt === undefined ? {} : { lastHandledReconcileAt }),
    ...(lastHandledForceAt === undefined ? {} : { lastHandledForceAt }),
    ...(progress === undefined ? {} : { progress }),
  }
}

function progressOf(sample: Sample, { startMs, nowMs, endMs }: Times) {
  return {
    ...sample,
    startTime: iso(startMs),
    time: iso(nowMs),
    ...(endMs === undefined ? {} : { estimatedEnd: iso(endMs) }),
  }
}

function awaitedConditions(
  declared: Awaiting,
  sample: Sample,
  { nowMs }: Times,
): readonly Condition[] {
  const text = `${declared.deleted ? 'the group was deleted: ' : ''}${progressText(sample)}`
  return progressing(declared, text, nowMs)
}

function progressing(
  { previous, generation, deleted }: Awaiting,
  message: string,
  nowMs: number,
): readonly Condition[] {
  const was = conditionIn(previous, 'Ready')
  // A group without a finished pass is neither ready nor unready.
  const isNew = !deleted && (was === undefined || was.status === 'Unknown')
  const condition = (type: string, status: Condition['status']): Condition => {
    const before = conditionIn(previous, type)
    return {
      type,
      status,
      reason: 'Progressing',
      message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : iso(nowMs),
      observedGeneration: countOf(generation),
    }
  }
  const guarded = conditionIn(previous, 'Guarded')
  return [
    condition('Ready', isNew ? 'Unknown' : 'False'),
    condition('Reconciling', 'True'),
    ...(guarded === undefined ? [] : [guarded]),
  ]
}

/** The counts for people: `1,200 of 12,000 copies, 3 of 10 members done`. */
export function progressText({ phase, done, planned, membersDone, members }: Sample): string {
  const ofAll = `${grouped(membersDone)} of ${grouped(members)} members`
  if (phase === 'Reading') return `reading folders: ${ofAll} read`
  // The number of copies in a folder is known for certain once they are read.
  if (phase === 'Removing')
    return `at most ${grouped(planned - done)} of ${grouped(planned)} copies are left to remove, ${ofAll} done`
  return `${grouped(done)} of ${grouped(planned)} copies, ${ofAll} done`
}

/** A count for people: 12,000. */
export function grouped(count: number): string {
  return Number(count).toLocaleString('en-US')
}

function conditionIn(status: SyncGroupStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((each) => each.type === type)
}
