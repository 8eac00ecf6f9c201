// What one pass of a group is given: its folders, the rules, the limits, and how far it may go.
import type { Judgement, Limits } from '../core/guard.ts'
import type { GroupId } from '../core/id.ts'
import type { Rules } from '../core/plan.ts'
import type { Baseline, Clock, Identity, Left, Replica, Write } from './ports.ts'

/** The kind of a group's items. */
export const kind = 'Contacts'

/** All that a pass needs. Durations in ms. */
export type PassSpec = Readonly<{
  group: GroupId
  /** A name for this pass, for the journal. */
  name: string
  rules: Rules
  replicas: readonly Replica[]
  /** The folders of those who left, when our copies are to be removed from them; undefined: they are left alone. */
  former?: ((left: readonly Left[]) => readonly Replica[]) | undefined
  baseline: Baseline
  /** What the group is. */
  identity?: Identity | undefined
  limits: Limits
  windowMs: number
  /** Hashes of refusals that somebody approved. */
  approved: ReadonlySet<string>
  /** What the servers allow at most, and the hashes that are approved for all of them. */
  ceiling?: Judgement['ceiling']
  /** After this time no further batch is begun. */
  budgetMs: number
  /** Was the controller asked to stop? Then no further batch is begun either. */
  stopping: () => boolean
  /** Does one wait for its place who has less? Then no further batch is begun before the next pass. */
  yields?: () => boolean
  /** Look at everything, not only at what changed. */
  audit: boolean
  clock: Clock
}>

/** Writes to the state of a group, at once and in this order. Rejects as `Baseline.commit` does. */
export type Commit = (writes: readonly Write[]) => Promise<void>

/** How one pass, or what ends a group, writes to its state. */
export function committing({
  baseline,
  clock,
  name,
}: Pick<PassSpec, 'baseline' | 'clock' | 'name'>): Commit {
  return (writes) => baseline.commit({ at: { timeMs: clock.now(), pass: name }, writes })
}
