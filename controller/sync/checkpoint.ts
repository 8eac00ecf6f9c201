// The memories of replicas between passes: their checkpoints, and the items to read again. Nothing that was seen is
// dropped before it has been processed.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type { Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import { seenAs } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import { type Memory, notTaken, type Replica } from './ports.ts'
import type { Applied } from './tally.ts'

/** The copies that the steps change or read again, by replica. A copy whose change does not happen is read again. */
export function pendingOf(steps: readonly Step[]): ReadonlyMap<ReplicaId, readonly ItemId[]> {
  const pending = new Map<ReplicaId, ItemId[]>()
  for (const { actions, rereads } of steps) {
    for (const one of [...actions, ...rereads]) {
      if (!('id' in one)) continue
      const ids = pending.get(one.replica)
      if (ids === undefined) pending.set(one.replica, [one.id])
      else ids.push(one.id)
    }
  }
  return pending
}

/** The memories, with the pending items added to `recheck`. */
export function withRecheck(
  memories: ReadonlyMap<ReplicaId, Memory>,
  pending: ReadonlyMap<ReplicaId, readonly ItemId[]>,
): ReadonlyMap<ReplicaId, Memory> {
  const both = (id: ReplicaId, before: readonly ItemId[]) => [
    ...new Set([...before, ...(pending.get(id) ?? [])]),
  ]
  return new Map(
    [...memories].map(([id, memory]) => [id, { ...memory, recheck: both(id, memory.recheck) }]),
  )
}

/** The memories, with `rewound` set for each folder that went back in time: its pending items are not edits. */
export function agedIn(
  memories: ReadonlyMap<ReplicaId, Memory>,
  rewound: ReadonlyMap<ReplicaId, unknown>,
): ReadonlyMap<ReplicaId, Memory> {
  return new Map([...memories].map(([id, memory]) => [id, { ...memory, rewound: rewound.has(id) }]))
}

/**
 * The memories while copies are being created. A listing from a checkpoint omits items that were created and deleted
 * after it. `relist` makes the next listing whole after a crash in between.
 */
export function relisting(
  memories: ReadonlyMap<ReplicaId, Memory>,
  steps: readonly Step[],
): ReadonlyMap<ReplicaId, Memory> {
  const making = new Set(
    steps.flatMap(({ actions }) =>
      actions.flatMap(({ kind, replica }) => (kind === 'create' ? [replica] : [])),
    ),
  )
  return new Map(
    [...memories].map(([id, memory]) => [
      id,
      making.has(id) ? { ...memory, relist: true } : memory,
    ]),
  )
}

/** The results of a pass that the next listing depends on. */
export type Done = Readonly<{
  steps: readonly Step[]
  applied: Applied
  /** Replicas that have more to read. */
  more: ReadonlySet<ReplicaId>
}>

/**
 * The memories after a pass, with their checkpoints moved past our own writes. A checkpoint that cannot be moved stays:
 * the next pass then lists our own writes, and recognises them. Rejects when the state cannot be read.
 */
export async function checkpoints(
  { replicas, baseline, clock }: Pick<PassSpec, 'replicas' | 'baseline' | 'clock'>,
  memories: ReadonlyMap<ReplicaId, Memory>,
  done: Done,
  signal: AbortSignal,
): Promise<ReadonlyMap<ReplicaId, Memory>> {
  const { steps, applied } = done
  const next = new Map<ReplicaId, Memory>()
  const unsettled = relisting(memories, steps)
  const one = async (replica: Replica): Promise<void> => {
    const { id } = replica.role
    const memory = memories.get(id)
    if (memory === undefined) return
    const written = applied.written.has(id) || applied.unknown.has(id)
    const after = memoryAfter(replica.role, memory, done, clock.now())
    next.set(id, written ? { ...after, relist: unsettled.get(id)?.relist } : after)
    // A folder that may hold an unknown new copy is listed whole next.
    if (!written || applied.unknown.has(id) || applied.unfinished || signal.aborted) return
    try {
      const settled = await replica.settle(memory.checkpoint, baseline.known(id), signal)
      const recheck = [...new Set([...after.recheck, ...settled.recheck])]
      next.set(id, { ...after, checkpoint: settled.checkpoint, recheck })
    } catch (error) {
      if (!(error instanceof SyncError) && !signal.aborted) throw error
    }
  }
  await Promise.all(replicas.map(one))
  return next
}

// Copies that were not changed are read again. A changed copy leaves `unread`, unless the server did not take the
// change.
function memoryAfter(
  role: Role,
  memory: Memory,
  { steps, applied, more }: Done,
  nowMs: number,
): Memory {
  const { id } = role
  const done = applied.done.get(id) ?? new Set()
  const left = (pendingOf(steps).get(id) ?? []).filter((item) => !done.has(item))
  const untaken = applied.untaken.get(id) ?? []
  const unread = memory.unread ?? []
  const solved = unread.filter((each) => done.has(each.id) && each.code !== notTaken)
  const recheck = new Set([...memory.recheck, ...left, ...solved.map((each) => each.id)])
  const still = unread.filter((each) => !done.has(each.id) && !untaken.includes(each.id))
  const now = untaken.map((item) => ({ id: item, code: notTaken, sinceMs: nowMs }))
  return {
    ...memory,
    recheck: [...recheck],
    rewound: memory.rewound && (left.length > 0 || more.has(id)),
    seenAs: seenAs(role),
    unread: [...still, ...now],
  }
}
