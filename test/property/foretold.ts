// What a plan says that a pass will do, in numbers, as `exsync plan` counts them.

import { SyncError } from '../../controller/core/sync-error.ts'
import { foreseen } from '../../controller/sync/foreseen.ts'
import type { PassSpec } from '../../controller/sync/pass-spec.ts'
import { propose } from '../../controller/sync/propose.ts'

/** How much is done, or would be. */
export type Counts = Readonly<{ created: number; updated: number; deleted: number; kept: number }>

/** What a pass would report; undefined when none can be made. */
export async function foretold(course: PassSpec): Promise<Counts | undefined> {
  const { signal } = new AbortController()
  try {
    const proposal = await propose(course, signal)
    const { steps } = proposal.guarded.plan
    const actions = steps.flatMap((step) => step.actions)
    const count = (kind: string) => actions.filter((each) => each.kind === kind).length
    const keeps = steps.flatMap((step) => step.keeps).length
    const more = await foreseen(course, proposal, signal)
    return {
      created: count('create'),
      updated: count('update'),
      deleted: count('delete'),
      kept: keeps + more.length,
    }
  } catch (error) {
    if (error instanceof SyncError) return undefined
    throw error
  }
}

/** The numbers of a report, or of what was foretold. */
export function countsIn({ created, updated, deleted, kept }: Counts): string {
  return `created ${created}, updated ${updated}, deleted ${deleted}, kept ${kept}`
}
