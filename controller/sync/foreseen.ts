// The content that a pass will keep besides the keeps of its plan: copies that are read right before they are deleted
// or overwritten, and differ from the agreed content. Reads them as `apply` does, and writes nothing, so that `exsync
// plan` counts what the pass will report.

import type { ReplicaId } from '../core/id.ts'
import { append, into } from '../core/many.ts'
import type { Action, Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Kept, Replica } from './ports.ts'
import type { Proposal } from './propose.ts'
import { overwritten, ownContent } from './removal.ts'

type Job = Readonly<{ step: Step; action: Action }>

/** The maximum number of copies per read request. */
const batchMax = 50

/**
 * The content that carrying the proposal out will keep besides the keeps of its plan, as long as nothing changes in
 * between. A replica that can no longer be read adds nothing.
 */
export async function foreseen(
  { rules, replicas }: Pick<PassSpec, 'rules' | 'replicas'>,
  { guarded }: Proposal,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const jobs = new Map<ReplicaId, Job[]>()
  for (const step of guarded.plan.steps) {
    for (const action of step.actions) {
      // A create overwrites and deletes nothing.
      if (action.kind !== 'create') into(jobs, action.replica, { step, action })
    }
  }
  const one = async (replica: Replica): Promise<readonly Kept[]> => {
    const kept: Kept[] = []
    const mine = jobs.get(replica.role.id) ?? []
    try {
      for (let from = 0; from < mine.length; from += batchMax) {
        const batch = mine.slice(from, from + batchMax)
        append(kept, await overwritten(batch, replica, signal))
        append(kept, await deleted(rules, batch, replica, signal))
      }
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
    }
    return kept
  }
  return (await Promise.all(replicas.map(one))).flat()
}

async function deleted(
  { type }: PassSpec['rules'],
  jobs: readonly Job[],
  replica: Replica,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const doomed = jobs.flatMap(({ step, action }) =>
    action.kind === 'delete' ? [{ step, id: action.id, expect: action.expect }] : [],
  )
  if (doomed.length === 0) return []
  const found = await replica.read(
    doomed.map(({ id }) => id),
    signal,
  )
  return doomed.flatMap(({ step, expect }, index) => {
    const item = found[index]
    if (item === undefined || item instanceof SyncError || item.version !== expect) return []
    return ownContent(type, step, replica.role.id, item)
  })
}
