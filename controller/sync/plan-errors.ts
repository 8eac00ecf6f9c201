// The reasons for which a SyncPlan is not made, besides those for which its group would not be.
import type { PlanResult } from '../api/sync-plan.ts'
import { SyncError } from '../core/sync-error.ts'

/** The SyncPlan was deleted while it was made. */
export const gone = new Error('the SyncPlan was deleted')

/** The plan took longer than `ms`. */
export function late(ms: number): SyncError {
  const message = `the plan took longer than ${ms / 1000}s, the limit of spec.timeout and of plans: check how long the server takes to answer, or split the group`
  return new SyncError('transient', 'PassTimeout', message)
}

const interrupted = new SyncError(
  'terminal',
  'PlanInterrupted',
  'two controllers ended while they made the plan: plan fewer new members at a time',
)
/** The answer to a plan that two controllers began. */
export const givenUp: PlanResult = { kind: 'refused', error: interrupted }

/** The declarations of the cluster are not known. */
export const unlisted = new SyncError(
  'transient',
  'ApiServerUnreachable',
  'the controller has not listed the groups and servers of the cluster: see its log',
)
