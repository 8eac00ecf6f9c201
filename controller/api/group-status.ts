// Computes a group's status once, at the end, from the report of the pass. The previous status matters for the times of the
// conditions, and for a suspended group, which keeps its conditions. Ready is always present; Reconciling, Stalled and
// Guarded only while they are true (kstatus).

import { cut, tokenMax } from '../core/cut.ts'
import { hashOf, meanwhileText } from '../core/guard.ts'
import type { ReplicaId } from '../core/id.ts'
import type { SyncError } from '../core/sync-error.ts'
import { approveAnnotation, forceAnnotation, isForced, requestAnnotation } from './annotations.ts'
import { aloneText, approvalText } from './approval.ts'
import { countOf, iso, messageText, pausedOf, reasonOf } from './conditions.ts'
import { figuresOf, keptFigures } from './group-figures.ts'
import { isStalling } from './reasons.ts'
import type { ConflictLine, Report } from './report.ts'
import type {
  SyncGroupStatusCondition as Condition,
  SyncGroup,
  SyncGroupStatus,
} from './resources.generated.ts'
import { nameOf, type Participants, participantsOf } from './topology.ts'

/** The result for a group, this time. */
export type Result =
  | Readonly<{
      kind: 'passed'
      report: Report
      recent: readonly ConflictLine[]
      /** The verification after the pass. */
      verified?: SyncGroupStatus['verified']
    }>
  | Readonly<{ kind: 'failed'; error: SyncError }>
  | Readonly<{ kind: 'suspended' }>
  // It is no longer declared, and nothing remains to be done.
  | Readonly<{ kind: 'released' }>

/** The inputs of a status. */
export type Facts = Readonly<{
  group: SyncGroup
  generation: number
  result: Exclude<Result, { kind: 'released' }>
  /** Why a newer version of the resource cannot be used. */
  invalid?: string | undefined
  /** It is no longer declared, and is being removed. */
  deleted?: boolean | undefined
  previous: SyncGroupStatus | undefined
  nowMs: number
  /** The values that are declared larger than permitted. */
  cuts?: readonly string[]
}>

type Draft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** The status of a group. */
export function statusOf(facts: Facts): SyncGroupStatus {
  const { group, result, previous } = facts
  const participants = participantsOf(group)
  const verified = (result.kind === 'passed' ? result.verified : undefined) ?? previous?.verified
  return {
    observedGeneration: countOf(facts.generation),
    conditions: conditionsOf(facts, participants).map((draft) => datedOf(draft, facts)),
    ...(result.kind === 'passed'
      ? figuresOf(result.report, result.recent, participants)
      : keptFigures(previous)),
    ...(verified === undefined ? {} : { verified }),
    ...handledOf(facts),
  }
}

// The condition, with the time since which it has its status.
function datedOf(
  { type, status, reason, message }: Draft,
  { generation, previous, nowMs, cuts = [], result }: Facts,
): Condition {
  // A suspended group keeps its message, which has them already.
  const more = type === 'Ready' && result.kind !== 'suspended' ? cuts : []
  const before = previous?.conditions?.find((condition) => condition.type === type)
  return {
    type,
    status,
    reason,
    message: messageText([message, ...more].join('; ')),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : iso(nowMs),
    observedGeneration: countOf(generation),
  }
}

// The requests by annotation that were carried out last. A suspended group carries out none.
function handledOf({ group, result, previous }: Facts): Partial<SyncGroupStatus> {
  const asked = group.metadata.annotations ?? {}
  const idle = result.kind === 'suspended'
  const handled = idle ? previous?.lastHandledReconcileAt : asked[requestAnnotation]
  const forced = isForced(group, previous) && !idle
  const forcedAt = forced ? asked[forceAnnotation] : previous?.lastHandledForceAt
  return {
    ...(handled === undefined ? {} : { lastHandledReconcileAt: cut(handled, tokenMax) }),
    ...(forcedAt === undefined ? {} : { lastHandledForceAt: cut(forcedAt, tokenMax) }),
  }
}

/** Is the group as it should be? */
export function isReady(status: SyncGroupStatus): boolean {
  return status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
}

function conditionsOf(
  { group, result, invalid, deleted, previous }: Facts,
  participants: Participants,
): readonly Draft[] {
  const asked = group.metadata.annotations?.[approveAnnotation]
  const drafts =
    result.kind === 'passed'
      ? judged(result.report, participants, asked)
      : result.kind === 'suspended'
        ? pausedOf(endedOf(previous))
        : failed(result.error, deleted)
  if (invalid === undefined) return drafts
  const bad = {
    reason: 'InvalidSpec',
    message: `${invalid}; the last valid version stays in use`,
  }
  const others = drafts.filter(({ type }) => type === 'Guarded')
  return [
    { type: 'Ready', status: 'False', ...bad },
    { type: 'Stalled', status: 'True', ...bad },
    ...others,
  ]
}

// Ready of a pass that did not end is no result.
function endedOf({ conditions = [], progress }: SyncGroupStatus = {}): readonly Condition[] {
  if (progress === undefined) return conditions
  return conditions.filter(({ type, reason }) => type !== 'Ready' || reason !== 'Progressing')
}

function failed(error: SyncError, deleted = false): readonly Draft[] {
  const { code, message } = error
  // These errors can occur in the middle of a pass.
  const midway = code.startsWith('State') || code === 'PassTimeout' || code === 'ServerSilent'
  const unchanged = midway ? '' : 'nothing was changed: '
  const before = deleted ? 'the group was deleted and its copies are being removed: ' : unchanged
  const remedy = deleted
    ? '; to keep them, set spec.deletionPolicy: Orphan (in a directory: put the file back with this setting, then remove it again)'
    : ''
  const said = { reason: reasonOf(code), message: before + message + remedy }
  const ready: Draft = { type: 'Ready', status: 'False', ...said }
  return isStalling(error) ? [ready, { ...ready, type: 'Stalled', status: 'True' }] : [ready]
}

function judged(
  report: Report,
  participants: Participants,
  approved: string | undefined,
): readonly Draft[] {
  const { refusals, problems } = report
  const ready = readyOf(report, participants, approved)
  const guarded = refusals.length === 0 ? [] : [guardedOf(refusals, ready)]
  const { waiting, passing } = sidesOf(report, participants)
  if (waiting.length > 0 && !passing) {
    const message = stalledText(ready, waiting, participants)
    return [ready, ...guarded, { ...ready, type: 'Stalled', status: 'True', message }]
  }
  const soon = report.unfinished || (report.members.behind > 0 && problems.length === 0)
  if (!soon && waiting.length === 0) return [ready, ...guarded]
  const message = soon ? 'the next pass follows at once' : 'the next pass tries again what may pass'
  const next: Draft = { type: 'Reconciling', status: 'True', reason: 'Progressing', message }
  return [ready, ...guarded, next]
}

type Waiting = Readonly<{ replica: ReplicaId; reason: string }>

// The problems that wait for a person or for another declaration, and whether anything else may pass by itself.
function sidesOf(
  report: Report,
  { hub }: Participants,
): Readonly<{ waiting: readonly Waiting[]; passing: boolean }> {
  const { refusals, problems, members, unfinished } = report
  const stalling = ({ kind, reason }: Report['problems'][number]) =>
    isStalling({ kind, code: reason })
  const refused = refusals.map(({ replica }) => ({ replica, reason: 'Guarded' }))
  const waiting = [...refused, ...problems.filter(stalling)]
  const named = new Set(waiting.map(({ replica }) => replica))
  // A problem of the hub explains late members. Other late members are late because of edits during the pass.
  const late = Math.max(0, members.behind + members.unreachable - named.size)
  const explained = named.has(hub.role.id) || (report.unexplained ?? late) === 0
  return { waiting, passing: unfinished || !explained || !problems.every(stalling) }
}

const namedMax = 10

// The members first, because the message may be cut.
function stalledText(
  { message }: Draft,
  waiting: readonly Waiting[],
  participants: Participants,
): string {
  const reasons = new Map<ReplicaId, string>()
  for (const { replica, reason } of waiting)
    if (!reasons.has(replica)) reasons.set(replica, reasonOf(reason))
  const all = [...reasons].map(
    ([replica, reason]) => `${nameOf(participants, replica)} (${reason})`,
  )
  const more = all.length > namedMax ? ` and ${all.length - namedMax} more` : ''
  return `waits for a person: ${all.slice(0, namedMax).join(', ')}${more}; ${message}`
}

function guardedOf([first]: Report['refusals'], { message }: Draft): Draft {
  return { type: 'Guarded', status: 'True', reason: first?.reason ?? 'Deletions', message }
}

function readyOf(report: Report, participants: Participants, approved: string | undefined): Draft {
  const { refusals, problems, members, unfinished } = report
  const not = { type: 'Ready', status: 'False' } as const
  if (refusals.length > 0) {
    const message = refusalText(refusals, participants, approved)
    return { ...not, reason: 'Guarded', message }
  }
  if (problems.length > 0) {
    const reasons = [...new Set(problems.map(({ reason }) => reason))]
    const reason = reasons.length === 1 ? reasonOf(reasons[0] ?? '') : 'MembersNotReady'
    return { ...not, reason, message: problemText(report, participants) }
  }
  const ofAll = `of ${members.total} members`
  if (unfinished || members.behind > 0) {
    const why = unfinished ? 'time ran out' : 'users edited meanwhile'
    return {
      ...not,
      reason: 'Progressing',
      message: `${why}; ${members.behind} ${ofAll} are behind`,
    }
  }
  const message = `${report.items} items, ${members.current} ${ofAll} current`
  return { type: 'Ready', status: 'True', reason: 'Succeeded', message }
}

// The number of late members, and the first problem.
function problemText({ problems, members }: Report, participants: Participants): string {
  const late = members.behind + members.unreachable
  const how = late === 0 ? '' : `${late} of ${members.total} members are not current: `
  const [first] = problems
  if (first === undefined) return how
  const ofHub = first.replica === participants.hub.role.id
  const who = ofHub ? '' : `${nameOf(participants, first.replica)}: `
  return how + who + first.message
}

// The remedy comes first: a message may be cut.
function refusalText(
  refusals: Report['refusals'],
  participants: Participants,
  approved: string | undefined,
): string {
  const told = refusals.map(
    ({ replica, reason, count, limit, hash }) =>
      `${nameOf(participants, replica)} would cause ${count} ${reason.toLowerCase()} (limit ${limit})${
        refusals.length > 1 ? aloneText(hash) : ''
      }`,
  )
  const names = refusals.map(({ replica }) => nameOf(participants, replica))
  const onServer = refusals.some(({ above }) => above === true)
  const approval = approvalText(hashOf(refusals), onServer)
  const other = approved ? '; the present annotation names another hash' : ''
  const how = `blocked by the guard: undo it in Exchange, or approve it with the annotation ${approval}${other}`
  return [how, meanwhileText(names), ...told].join('; ')
}
