// The end of a group that is not declared any more: its copies are removed where it asked for that, and then
// the state forgets it, so that others may have its folders. The bin and the journal stay.
//
// Guarantees: members' own contacts and the hub are not touched; what is removed is in the bin; a
// member who cannot be reached now is tried again, and the group stays until then.
// Caveats: where Exchange is gone for good, declare the group once more with deletionPolicy: Orphan, and
// delete it again.

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
  { stopping, pace }: Mode,
  signal: AbortSignal,
): Promise<void> {
  const { id: group } = declared
  const { deletionPolicy, suspend } = declared.group.spec
  const baseline = environment.baseline(group)
  const { clock } = environment
  const name = new Date(clock.now()).toISOString()
  const commit = committing({ baseline, clock, name })
  // As everywhere, nothing is touched while it is suspended.
  if (deletionPolicy === 'RemoveCopies' && !suspend) {
    const [memories, claims] = [await baseline.memories(), await baseline.claims()]
    const ours = ([id, memory]: [ReplicaId, Parameters<typeof mayDismiss>[0]]) =>
      !isHub(id) && mayDismiss(memory, [], claims) === 'yes'
    const left = [...memories].filter(ours).map(([id, { place }]) => ({ id, place }))
    // Who cannot be reached keeps nobody else waiting.
    const failures: unknown[] = []
    for (const replica of left.length === 0
      ? []
      : environment.former(declared, left, signal, pace)) {
      try {
        await dismiss({ group, baseline, commit, stopping }, replica, signal)
        await commit([{ write: 'left', left: [replica.role.id] }])
      } catch (error) {
        signal.throwIfAborted()
        if (stopping()) throw error
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  await commit([{ write: 'reset' }])
  await environment.declarations.released(declared)
}
