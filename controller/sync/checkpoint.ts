// What replicas remember between passes: their checkpoints, and what they must read again. Nothing that was
// seen is forgotten before it has been dealt with.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type { Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import { seenAs } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import { type Memory, notTaken, type Replica } from './ports.ts'
import type { Applied } from './tally.ts'

/** Copies that are to be changed: should it not come to that, they are read again. */
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

/** The memories, with what is pending to be read again. */
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

/** The memories, with a note of whose folder went back in time: what is pending there is not an edit. */
export function agedIn(
  memories: ReadonlyMap<ReplicaId, Memory>,
  rewound: ReadonlyMap<ReplicaId, unknown>,
): ReadonlyMap<ReplicaId, Memory> {
  return new Map([...memories].map(([id, memory]) => [id, { ...memory, rewound: rewound.has(id) }]))
}

/**
 * The memories as they must be while copies are being made. No listing from a checkpoint shows an item that was made and
 * deleted after it, so that a crash in between forces a whole listing.
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

/** What a pass did, as far as the next listing depends on it. */
export type Done = Readonly<{
  steps: readonly Step[]
  applied: Applied
  /** Replicas of which more is to be read. */
  more: ReadonlySet<ReplicaId>
}>

/**
 * What the replicas remember after a pass, moved past our own writes. A checkpoint that cannot be moved stays where it is:
 * our own writes are then seen by the next pass, as what they are. Rejects when the state cannot be read.
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
    // Where a new copy may be of which nothing is known, the whole folder is listed next.
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

// What is not done is read again. What was dealt with is judged by what became of it.
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
