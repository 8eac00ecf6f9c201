// The ceiling of a plan that one question may cause: it is refused while it is counted, before its parts take memory.
import type { Rules } from './model.ts'
import { SyncError } from './sync-error.ts'

/** How many copies are compared at most for each action that a plan may have. */
const cellsPerAction = 4

/**
 * Throws a terminal `PlanTooLarge` above `actionsMax`. `actions`: the writes of the plan so far; `cells`: the copies that it
 * compares. Without a ceiling nothing is refused: a pass carries out what there is.
 */
export function demandSize(
  { actionsMax = Number.POSITIVE_INFINITY }: Pick<Rules, 'actionsMax'>,
  { actions = 0, cells = 0 }: Readonly<{ actions?: number; cells?: number }>,
): void {
  if (actions <= actionsMax && cells <= actionsMax * cellsPerAction) return
  throw new SyncError(
    'terminal',
    'PlanTooLarge',
    `the plan has more than ${actionsMax} changes, or compares more than ${actionsMax * cellsPerAction} copies: plan fewer new members at a time, or plan apart from the controller with a copy of the state (exsync plan --kubeconfig FILE --state COPY --against FILE)`,
  )
}
