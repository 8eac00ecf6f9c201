// Who left a group whose deletionPolicy is RemoveCopies: whose copies may be removed, and removing them at the
// end of a pass. Who cannot be read now is tried again; without RemoveCopies, who left is simply forgotten.

import type { Holder } from '../api/claims.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Commit, PassSpec } from './pass-spec.ts'
import type { Memory, Replica } from './ports.ts'
import type { Proposal } from './propose.ts'
import { dismiss } from './removal.ts'
import type { Applied } from './tally.ts'

/**
 * Whether our copies may be removed from the folder of a replica that left: not while one that takes part may
 * have the very folder, under another address or path, and not when another group has it.
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

/** The folders of those who left from which copies are to be removed, and may be. */
export async function leaversOf(
  { former, baseline, rules }: PassSpec,
  { left, observed }: Proposal,
): Promise<readonly Replica[]> {
  const members = left.filter((id) => !isHub(id))
  if (former === undefined || members.length === 0) return []
  const [before, claims] = [await baseline.memories(), await baseline.claims()]
  const present = rules.roles.map(({ id }) => observed.memories.get(id) ?? before.get(id))
  const may = (id: ReplicaId) => mayDismiss(before.get(id), present, claims) !== 'no'
  const leaving = members.filter(may)
  return former(leaving.map((id) => ({ id, place: before.get(id)?.place })))
}

/** Removes our copies from their folders, and forgets them. */
export async function removeDeparted(
  { baseline, group, rules, stopping }: PassSpec,
  commit: Commit,
  leaving: readonly Replica[],
  applied: Applied,
  signal: AbortSignal,
): Promise<void> {
  if (leaving.length === 0) return
  const [memories, claims] = [await baseline.memories(), await baseline.claims()]
  const present = rules.roles.map(({ id }) => memories.get(id))
  for (const replica of leaving) {
    const { id } = replica.role
    try {
      // A replica that takes part and was never seen could have this very folder, under a new address.
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
