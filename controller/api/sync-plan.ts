// A SyncPlan: the SyncGroup that it proposes, as if it were applied, and the status that answers it.
//
//   seen ──► Planned=Unknown (Reconciling) ──► Planned=True    with the summary
//                                         └──► Planned=False   (Stalled), with the reason and the remedy
//
// Guarantees: an answer is final: another question is another SyncPlan. The status is bounded, and has no link, no content and no
// hash, so that nothing in it approves anything.
import { printableUpTo } from '../core/printable.ts'
import { SyncError } from '../core/sync-error.ts'
import { iso, messageText, reasonOf } from './conditions.ts'
import { discreetError } from './discreet.ts'
import { checkedMs } from './duration.ts'
import {
  boundedSummary,
  type Counted,
  changeKinds,
  type PlanSummary,
  statusBounds,
} from './plan-summary.ts'
import type {
  SyncPlanStatusCondition as Condition,
  SyncGroup,
  SyncPlan,
  SyncPlanStatus,
  SyncPlanStatusSummary,
} from './resources.generated.ts'
import { namespaceOf } from './topology.ts'

/** The types of our conditions of a SyncPlan. */
export const planConditions = ['Planned', 'Reconciling', 'Stalled']

/** The answer to a SyncPlan so far. */
export type PlanResult =
  /** It waits for passes, or for the resources that it refers to. Nothing of it was begun. */
  | Readonly<{ kind: 'waiting' }>
  /** `again`: a controller that began it ended before its answer. */
  | Readonly<{ kind: 'planning'; again?: boolean }>
  | Readonly<{ kind: 'planned'; summary: PlanSummary }>
  | Readonly<{ kind: 'refused'; error: SyncError }>

/**
 * The proposed group as if it were applied at `nowMs` (ms since 1970): it continues `existing`, the group of the same name, if
 * there is one that is not being deleted. It carries no annotation, so nothing is approved, forced or requested.
 */
export function proposedGroup(
  { metadata: { namespace, uid }, spec: { syncGroup } }: SyncPlan,
  existing: SyncGroup | undefined,
  nowMs: number,
): SyncGroup {
  const { deletionTimestamp } = existing?.metadata ?? {}
  const before = deletionTimestamp === undefined ? existing?.metadata : undefined
  return {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: {
      name: syncGroup.name,
      namespace,
      // A uid of its own: what the state knows of an earlier group of the name does not count.
      uid: before?.uid ?? uid,
      generation: (before?.generation ?? 0) + 1,
      // Times are texts, although the type says Date. The youngest group claims its folders last.
      creationTimestamp: before?.creationTimestamp ?? (iso(nowMs) as unknown as Date),
    },
    spec: syncGroup.spec,
  } as SyncGroup
}

/** Has the controller answered this version of the plan? */
export function isAnswered({ metadata, status }: SyncPlan): boolean {
  const planned = plannedIn(status)
  return (
    planned !== undefined &&
    planned.status !== 'Unknown' &&
    status?.observedGeneration === metadata.generation
  )
}

/**
 * How a controller that has not begun this plan goes on with it. One that another controller began is tried once more, and then given
 * up: it may be what ended that controller. The status records the try before it is made (`planning`).
 */
export function tryOf({ status }: SyncPlan): 'first' | 'again' | 'none' {
  const planned = plannedIn(status)
  if (planned?.status !== 'Unknown' || planned.reason === 'PassesFirst') return 'first'
  return planned.reason === 'PlanInterrupted' ? 'none' : 'again'
}

/** The condition Planned; undefined before the first look. */
export function plannedIn(status: SyncPlanStatus | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Planned')
}

/** The time at which the plan is to be deleted, ms since 1970: its ttl after the answer, or after its creation without one. */
export function expiryMs({ metadata, spec, status }: SyncPlan, nowMs: number): number {
  const since = Date.parse(status?.plannedAt ?? String(metadata.creationTimestamp ?? ''))
  return (Number.isFinite(since) ? since : nowMs) + checkedMs(spec.ttl)
}

/**
 * The status of a plan. `discreet`: its reader may enter any host, so it does not say why a server cannot be reached.
 * `nowMs`: ms since 1970.
 */
export function planStatusOf(
  plan: SyncPlan,
  result: PlanResult,
  { nowMs, discreet }: Readonly<{ nowMs: number; discreet: boolean | undefined }>,
): SyncPlanStatus {
  const observedGeneration = Math.max(0, plan.metadata.generation ?? 0)
  const since = iso(nowMs)
  const conditions = draftsOf(result, discreet).map((draft): Condition => {
    const before = plan.status?.conditions?.find(({ type }) => type === draft.type)
    const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : since
    return { ...draft, message: messageText(draft.message), lastTransitionTime, observedGeneration }
  })
  if (result.kind === 'planning' || result.kind === 'waiting')
    return { observedGeneration, conditions }
  const status = { observedGeneration, conditions, plannedAt: since }
  const expiresAt = iso(nowMs + checkedMs(plan.spec.ttl))
  if (result.kind === 'refused') return { ...status, expiresAt }
  return { ...status, expiresAt, summary: statusSummary(result.summary, discreet) }
}

type Draft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function draftsOf(result: PlanResult, discreet: boolean | undefined): readonly Draft[] {
  if (result.kind === 'waiting' || result.kind === 'planning') {
    const progress = result.kind === 'waiting' ? waiting : result.again ? again : begun
    return [
      { type: 'Planned', status: 'Unknown', ...progress },
      { type: 'Reconciling', status: 'True', ...progress },
    ]
  }
  if (result.kind === 'planned') {
    const message = headline(result.summary)
    return [{ type: 'Planned', status: 'True', reason: 'Succeeded', message }]
  }
  const error = discreet ? discreetError(result.error) : result.error
  const message = `${error.message}; then create another SyncPlan`
  const refused = { reason: reasonOf(error.code), message }
  return [
    { type: 'Planned', status: 'False', ...refused },
    { type: 'Stalled', status: 'True', ...refused },
  ]
}

const waiting = {
  reason: 'PassesFirst',
  message: 'the plan waits for passes that are due, or for the resources that it refers to',
}
const begun = { reason: 'Progressing', message: 'the controller reads the folders' }
const again = {
  reason: 'PlanInterrupted',
  message: 'a controller ended while it made the plan: it is tried once more',
}

/** One line about a summary: the changes in all replicas, and what waits for a person. */
export function headline(summary: PlanSummary): string {
  const { suspended, error, totals, replicas, joins, forgets, leaving, problems, guard } = summary
  if (error) return `${error.reason}: ${error.message}`
  if (suspended) return 'spec.suspend is true: no pass would run'
  const some = (count: number, text: string) => (count > 0 ? [`${count} ${text}`] : [])
  const changes = changeKinds.flatMap((kind) => some(totals[kind], `to ${kind}`))
  return [
    changes.length === 0 ? 'nothing to do' : changes.join(', '),
    `${replicas.length} replicas`,
    ...some(joins.length, 'join'),
    ...some(forgets.length + leaving.length, 'leave'),
    ...some(problems.length, 'cannot be read now'),
    ...some(guard?.refusals.length ?? 0, 'refused by the guard'),
  ].join('; ')
}

const nameMax = 254
const tokenMax = 128

/** The summary in the form of a status: bounded, and without what only an approval needs. */
function statusSummary(whole: PlanSummary, discreet: boolean | undefined): SyncPlanStatusSummary {
  const summary = boundedSummary(whole, statusBounds)
  const name = (text: string) => printableUpTo(text, nameMax)
  const names = (texts: readonly string[]) => texts.map(name)
  const counted = (all: readonly Counted[]) =>
    all.map((each) => ({ name: printableUpTo(each.name, tokenMax), count: each.count }))
  const problemOf = (reason: string, message: string): SyncError => {
    const error = new SyncError('transient', reason, message)
    return discreet ? discreetError(error) : error
  }
  const problem = ({ replica, reason, message }: PlanSummary['problems'][number]) => {
    const shown = problemOf(reason, message)
    return {
      replica: name(replica),
      reason: reasonOf(shown.code),
      message: messageText(shown.message),
    }
  }
  const { suspended, totals, replicas, changes, problems, guard, leaving, turns, omitted } = summary
  return {
    ...(suspended && { suspended }),
    totals,
    replicas: replicas.map((each) => ({
      ...each,
      replica: name(each.replica),
      fields: counted(each.fields),
    })),
    changes: changes.map(({ reasons, ...each }) => ({
      ...each,
      replicas: names(each.replicas),
      fields: counted(each.fields),
      ...(reasons && { reasons: counted(reasons) }),
    })),
    problems: problems.map(problem),
    ...(guard && {
      guard: {
        refusals: guard.refusals.map(({ hash: _, ...each }) => ({
          ...each,
          replica: name(each.replica),
        })),
      },
    }),
    joins: names(summary.joins),
    forgets: names(summary.forgets),
    leaving: leaving.map(({ waits, ...each }) => ({
      ...each,
      replica: name(each.replica),
      ...(waits !== undefined && { waits: problemOf(waits, '').code }),
    })),
    turns: turns.map((each) => ({ ...each, replica: name(each.replica) })),
    ...(omitted && { omitted }),
  }
}

/** The summary that the status of a plan holds, as `exsync plan` shows it. Undefined before the answer. */
export function summaryIn(plan: SyncPlan): PlanSummary | undefined {
  const { status, spec } = plan
  const planned = plannedIn(status)
  const group = `${namespaceOf(plan)}/${spec.syncGroup.name}`
  const none = { create: 0, update: 0, delete: 0, keep: 0 }
  const empty = { problems: [], changes: [], joins: [], forgets: [], leaving: [], turns: [] }
  if (planned === undefined || planned.status === 'Unknown') return undefined
  if (status?.summary === undefined) {
    const { reason, message } = planned
    return { group, ...empty, totals: none, replicas: [], error: { reason, message } }
  }
  const { suspended, guard, ...summary } = status.summary
  return {
    group,
    ...empty,
    ...summary,
    ...(suspended && { suspended }),
    // A plan approves nothing, so it has no hash.
    ...(guard && {
      guard: { hash: '', refusals: guard.refusals.map((each) => ({ ...each, hash: '' })) },
    }),
    replicas: summary.replicas.map((each) => ({ fields: [], ...each })),
    changes: (summary.changes ?? []).map((each) => ({ replicas: [], fields: [], ...each })),
  }
}
