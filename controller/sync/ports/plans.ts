// The port of the declared SyncPlans, and of their statuses.
import type { SyncPlan, SyncPlanStatus } from '../../api/resources.generated.ts'
import type { SyncError } from '../../core/sync-error.ts'
import type { Declared } from '../ports.ts'

/** One SyncPlan as it is declared now. */
export type DeclaredPlan = Readonly<{
  /** namespace/name. */
  id: string
  /** With the status that was reported last. */
  plan: SyncPlan
  /** The error of an invalid spec: nothing of it can be used. */
  broken: SyncError | undefined
}>

/** The proposed group, as if it were applied, among the other groups. */
export type Proposed = Readonly<{
  declared: Declared
  others: readonly Declared[]
  /** A Secret is not known yet, or the labels of a namespace. */
  pending: boolean
}>

/** Reads the declared SyncPlans, writes their statuses, and deletes them. */
export interface PlanDeclarations {
  /** The SyncPlans as they are declared now, the oldest first. */
  plans(): Promise<readonly DeclaredPlan[]>
  /** Resolves when something may have changed since the last call of `plans`. */
  changed(signal: AbortSignal): Promise<void>
  /** The proposed group. Undefined while the declarations of groups and servers are not known. */
  proposed(declared: DeclaredPlan): Proposed | undefined
  /** Writes the status of a plan. Writes nothing for a plan that is no longer declared. Rejects with a SyncError. */
  report(declared: DeclaredPlan, status: SyncPlanStatus, signal: AbortSignal): Promise<void>
  /** Deletes a plan, unless it is another one by now. Rejects with a SyncError. */
  remove(declared: DeclaredPlan, signal: AbortSignal): Promise<void>
}
