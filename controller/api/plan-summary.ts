// The summary of a plan: counts, names of fields and of replicas, and what the guard says. Never content and never a link, so
// that it may be shown in a review comment or a status. Bounded by boundedSummary.
import type { SyncGroup } from './resources.generated.ts'

/** The kinds of change, in the order in which they are shown. */
export const changeKinds = ['create', 'update', 'delete', 'keep'] as const

/** One kind of change: `keep` is content that is kept in the bin before it is overwritten or deleted. */
export type ChangeKind = (typeof changeKinds)[number]

/** A name and how often it occurs; lists of them begin with the greatest count. */
export type Counted = Readonly<{ name: string; count: number }>

/** The number of changes of each kind. */
export type ChangeCounts = Readonly<Record<ChangeKind, number>>

/** The effects on one replica. `fields`: the fields of its updates. */
export type ReplicaSummary = ChangeCounts &
  Readonly<{ replica: string; fields: readonly Counted[] }>

/**
 * The same change in one or more replicas: the same items and, for updates, the same fields. `fields`: those of an update,
 * or those that are kept. `reasons`: why content is kept.
 */
export type SummaryChange = Readonly<{
  kind: ChangeKind
  items: number
  replicas: readonly string[]
  /** The number of replicas, also those that a bounded summary leaves out. */
  replicaCount: number
  fields: readonly Counted[]
  reasons?: readonly Counted[]
}>

/** An error of one replica: it cannot be read now. */
export type SummaryProblem = Readonly<{ replica: string; reason: string; message: string }>

/** One refusal of the guard. `above`: only the annotation of the ExchangeServer approves it. */
export type SummaryRefusal = Readonly<{
  replica: string
  reason: 'Deletions' | 'Publications' | 'Updates'
  count: number
  limit: number
  hash: string
  above?: boolean
}>

/**
 * A folder that leaves and whose copies are removed: their number, and of those to be removed. `waits`: why none is removed
 * for now.
 */
export type SummaryLeaver = Readonly<{
  replica: string
  copies: number
  removes?: number
  waits?: string
}>

/** A member whose direction differs from that of the last pass. */
export type SummaryTurn = Readonly<{ replica: string; before: Direction; now: Direction }>

/** The direction of a member, as a SyncGroup declares it. */
export type Direction = SyncGroup['spec']['direction']

/** The lists of a summary that a bound can shorten. */
export type SummaryList =
  | 'replicas'
  | 'changes'
  | 'problems'
  | 'refusals'
  | 'joins'
  | 'forgets'
  | 'leaving'
  | 'turns'

/** The effects of a pass of one group, without content. */
export type PlanSummary = Readonly<{
  /** The group, as `namespace/name`. */
  group: string
  suspended?: true
  deleted?: true
  /** The group cannot be planned. */
  error?: Readonly<{ reason: string; message: string }>
  problems: readonly SummaryProblem[]
  /** The guard blocks the plan. `hash` approves all refusals; '' for a group that is only proposed. */
  guard?: Readonly<{ hash: string; refusals: readonly SummaryRefusal[] }>
  /** The sum over all replicas. */
  totals: ChangeCounts
  /** All replicas, hub first. */
  replicas: readonly ReplicaSummary[]
  changes: readonly SummaryChange[]
  /** The folders that take part for the first time. */
  joins: readonly string[]
  /** The folders that no longer take part, and keep their copies. */
  forgets: readonly string[]
  leaving: readonly SummaryLeaver[]
  /** The members with another direction than before. */
  turns: readonly SummaryTurn[]
  /** The number of entries that a bound left out of each list. */
  omitted?: Readonly<Partial<Record<SummaryList, number>>>
}>

/** Would a pass change something, or wait for an approval? */
export function isChange({ guard, totals, leaving }: PlanSummary): boolean {
  return guard !== undefined || leaving.length > 0 || changeKinds.some((kind) => totals[kind] > 0)
}

/** The most entries of each list in a bounded summary; `names`: of replicas or fields in one entry. */
export type SummaryBounds = Readonly<Record<SummaryList | 'names', number>>

/** Bounds for a status. */
export const statusBounds: SummaryBounds = {
  replicas: 100,
  changes: 20,
  problems: 20,
  refusals: 20,
  joins: 50,
  forgets: 50,
  leaving: 50,
  turns: 50,
  names: 20,
}

/**
 * The summary with shorter lists; `omitted` counts what they leave out. Replicas with changes come before those without, in
 * their order, when not all fit.
 */
export function boundedSummary(summary: PlanSummary, most: SummaryBounds): PlanSummary {
  const { replicas, changes, problems, guard, joins, forgets, leaving, turns } = summary
  const omitted: Partial<Record<SummaryList, number>> = { ...summary.omitted }
  const upTo = <Each>(list: SummaryList, all: readonly Each[]): readonly Each[] => {
    if (all.length <= most[list]) return all
    omitted[list] = (omitted[list] ?? 0) + all.length - most[list]
    return all.slice(0, most[list])
  }
  const few = <Each>(all: readonly Each[]) => all.slice(0, most.names)
  const short: PlanSummary = {
    ...summary,
    problems: upTo('problems', problems),
    ...(guard && { guard: { ...guard, refusals: upTo('refusals', guard.refusals) } }),
    replicas: upTo(
      'replicas',
      replicas.length > most.replicas ? changedFirst(replicas) : replicas,
    ).map((each) => ({ ...each, fields: few(each.fields) })),
    changes: upTo('changes', changes).map((each) => ({
      ...each,
      replicas: few(each.replicas),
      fields: few(each.fields),
    })),
    joins: upTo('joins', joins),
    forgets: upTo('forgets', forgets),
    leaving: upTo('leaving', leaving),
    turns: upTo('turns', turns),
  }
  return Object.keys(omitted).length === 0 ? short : { ...short, omitted }
}

function changedFirst(replicas: readonly ReplicaSummary[]): readonly ReplicaSummary[] {
  const changed = (each: ReplicaSummary) => changeKinds.some((kind) => each[kind] > 0)
  return [...replicas.filter(changed), ...replicas.filter((each) => !changed(each))]
}
