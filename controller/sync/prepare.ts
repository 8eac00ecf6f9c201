// Makes sure that folders that will be written to exist, and may be written to.
import type { ReplicaId } from '../core/id.ts'
import type { Step } from '../core/step.ts'
import { type SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Memory, Replica } from './ports.ts'

type Failures = Map<ReplicaId, { error: SyncError; items: number }>

/**
 * Prepares the replicas that the steps write to; resolves with the memories afterwards, and with the errors of those
 * that failed.
 */
export async function prepared(
  steps: readonly Step[],
  replicas: readonly Replica[],
  memories: ReadonlyMap<ReplicaId, Memory>,
  signal: AbortSignal,
): Promise<{ memories: Map<ReplicaId, Memory>; failures: Failures }> {
  const needed = new Set(steps.flatMap(({ actions }) => actions.map(({ replica }) => replica)))
  const ready = new Map(memories)
  const failures: Failures = new Map()
  const prepare = async (replica: Replica): Promise<void> => {
    const { id } = replica.role
    const memory = memories.get(id)
    if (memory === undefined || !needed.has(id)) return
    try {
      ready.set(id, { ...memory, checkpoint: await replica.prepare(memory.checkpoint, signal) })
    } catch (error) {
      signal.throwIfAborted()
      failures.set(id, { error: syncErrorOf(error), items: 0 })
    }
  }
  await Promise.all(replicas.map(prepare))
  return { memories: ready, failures }
}
