// The end of a group that is no longer declared: its copies are removed if it asked for that, and then the state
// forgets the group, so that others may have its folders. The bin and the journal stay.
//
// Guarantees: members' own contacts and the hub are not touched; removed items are in the bin; a member that cannot be
// reached now is retried, and the group stays until then.
// Caveats: if Exchange is gone for good, declare the group once more with deletionPolicy: Orphan, and delete it again.

import { isHub, type ReplicaId } from '../core/id.ts'
import { mayDismiss } from './departed.ts'
import type { Environment, Mode } from './environment.ts'
import { committing } from './pass-spec.ts'
import type { Declared } from './ports.ts'
import { dismiss } from './removal.ts'

/** Ends a group. Rejects with a SyncError when a member's folder cannot be read or written now. */
export async function release(
  declared: Declared,
  environment: Environment,
  { stopping, pace, progress, unshown }: Mode,
  signal: AbortSignal,
): Promise<void> {
  const { id: group } = declared
  const { deletionPolicy, suspend } = declared.group.spec
  const baseline = environment.baseline(group)
  const { clock } = environment
  const name = new Date(clock.now()).toISOString()
  const commit = committing({ baseline, clock, name })
  // A suspended group is not touched.
  if (deletionPolicy === 'RemoveCopies' && !suspend) {
    const [memories, claims] = [await baseline.memories(), await baseline.claims()]
    const ours = ([id, memory]: [ReplicaId, Parameters<typeof mayDismiss>[0]]) =>
      !isHub(id) && mayDismiss(memory, [], claims) === 'yes'
    const left = [...memories].filter(ours).map(([id, { place }]) => ({ id, place }))
    const sizes = new Map<ReplicaId, number>()
    for (const { id } of left) sizes.set(id, (await baseline.known(id).all()).size)
    progress?.planned('Removing', sizes)
    // A member that cannot be reached does not delay the others.
    const failures: unknown[] = []
    for (const replica of left.length === 0
      ? []
      : environment.former(declared, left, signal, pace)) {
      try {
        const { id } = replica.role
        const onRemoved = (count: number) => progress?.dealtWith(id, count)
        await dismiss({ group, baseline, commit, stopping, onRemoved }, replica, signal)
        await commit([{ write: 'left', left: [id] }])
      } catch (error) {
        signal.throwIfAborted()
        if (stopping()) throw error
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  await commit([{ write: 'reset' }])
  // No status of the pass may come after the group is gone.
  await unshown?.()
  await environment.declarations.released(declared)
}
