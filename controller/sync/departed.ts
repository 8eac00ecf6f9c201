// Members that left a group whose deletionPolicy is RemoveCopies: decides whose copies may be removed, and removes them
// at the end of a pass. A member that cannot be read now is retried. Without RemoveCopies, a member that left is only
// forgotten.

import type { Holder } from '../api/claims.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Commit, PassSpec } from './pass-spec.ts'
import type { Memory, Replica } from './ports.ts'
import type { Proposal } from './propose.ts'
import { dismiss } from './removal.ts'
import type { Applied } from './tally.ts'

/**
 * Whether our copies may be removed from the folder of a replica that left. `no`: its folder is unknown, a participant
 * has it (under another address or path), or another group holds it. `wait`: the folder of a participant is not known
 * yet, and may be this one.
 */
export function mayDismiss(
  memory: Memory | undefined,
  present: readonly (Memory | undefined)[],
  claims: ReadonlyMap<string, Holder>,
): 'yes' | 'wait' | 'no' {
  const folder = memory?.checkpoint.folder
  if (folder === undefined || claims.has(folder)) return 'no'
  if (present.some((each) => each?.checkpoint.folder === folder)) return 'no'
  return present.includes(undefined) ? 'wait' : 'yes'
}

/** The folders of members that left, from which our copies may be removed, now or later. */
export async function leaversOf(
  { former, baseline, rules: { roles } }: PassSpec,
  { left, observed }: Proposal,
): Promise<readonly Replica[]> {
  const members = left.filter((id) => !isHub(id))
  if (former === undefined || members.length === 0) return []
  const [before, claims] = [await baseline.memories(), await baseline.claims()]
  const present = roles.map(({ id }) => observed.memories.get(id) ?? before.get(id))
  const may = (id: ReplicaId) => mayDismiss(before.get(id), present, claims) !== 'no'
  const leaving = members.filter(may)
  return former(leaving.map((id) => ({ id, place: before.get(id)?.place })))
}

/**
 * Removes our copies from these folders, and forgets the replicas. Errors become failures of the replica. Rejects only
 * when the signal aborts, or the memories cannot be read.
 */
export async function removeDeparted(
  { baseline, rules: { group, roles }, stopping }: PassSpec,
  commit: Commit,
  leaving: readonly Replica[],
  applied: Applied,
  signal: AbortSignal,
): Promise<void> {
  if (leaving.length === 0) return
  const [memories, claims] = [await baseline.memories(), await baseline.claims()]
  const present = roles.map(({ id }) => memories.get(id))
  for (const replica of leaving) {
    const { id } = replica.role
    try {
      // A participant that was never seen could have this same folder under a new address.
      if (mayDismiss(memories.get(id), present, claims) !== 'yes') throw memberUnseen
      applied.deleted += await dismiss({ group, baseline, commit, stopping }, replica, signal)
      await commit([{ write: 'left', left: [id] }])
    } catch (error) {
      signal.throwIfAborted()
      applied.failures.set(id, { error: syncErrorOf(error), items: 0 })
    }
  }
}

const memberUnseen = new SyncError(
  'transient',
  'WaitingForMembers',
  'copies are removed once every member’s folder has been seen; to leave them, set deletionPolicy: Orphan',
)
