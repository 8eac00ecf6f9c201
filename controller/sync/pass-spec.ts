// The input of one pass of a group: its folders, the rules, and the limits.
import type { Judgement, Limits } from '../core/guard.ts'
import type { Rules } from '../core/model.ts'
import type { Baseline, Clock, Identity, Left, Replica, Write } from './ports.ts'
import type { Progress } from './progress.ts'

/** The input of a pass. Durations in ms. */
export type PassSpec = Readonly<{
  /** A name for this pass, for the journal. */
  name: string
  rules: Rules
  replicas: readonly Replica[]
  /** The folders of members that left, when our copies are to be removed from them; undefined: they are left alone. */
  former?: ((left: readonly Left[]) => readonly Replica[]) | undefined
  baseline: Baseline
  /** The identity of the group. */
  identity?: Identity | undefined
  limits: Limits
  windowMs: number
  /** Hashes of approved refusals. */
  approved: ReadonlySet<string>
  /** The upper limits of the servers, and the hashes that are approved for all of them. */
  ceiling?: Judgement['ceiling']
  /** After this time no further batch is begun. */
  budgetMs: number
  /** Was the controller asked to stop? Then no further batch begins, either. */
  stopping: () => boolean
  /** Does a party wait that holds fewer places? Then this pass begins no further batch. */
  yields?: () => boolean
  /** List everything, not only changes. */
  audit: boolean
  clock: Clock
  /** Learns how far the pass is. */
  progress?: Progress | undefined
}>

/** Writes to the state of a group, in one change and in this order. Rejects as `Baseline.commit` does. */
export type Commit = (writes: readonly Write[]) => Promise<void>

/** The commit function of one pass, or of the end of a group. */
export function committing({
  baseline,
  clock,
  name,
}: Pick<PassSpec, 'baseline' | 'clock' | 'name'>): Commit {
  return (writes) => baseline.commit({ at: { timeMs: clock.now(), pass: name }, writes })
}
