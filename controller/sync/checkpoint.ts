// What replicas remember between passes: their cursors, and what they must read again. Nothing that was
// seen is forgotten before it has been dealt with.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import { lensOf } from './observe.ts'
import type { Baseline, Memory, Moment, PassedOver, Replica } from './ports.ts'
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
  restored: ReadonlyMap<ReplicaId, unknown>,
): ReadonlyMap<ReplicaId, Memory> {
  return new Map(
    [...memories].map(([id, memory]) => [id, { ...memory, restored: restored.has(id) }]),
  )
}

/**
 * The memories as they must be while copies are being made: a copy that is made and deleted after a cursor
 * is not told of by any look that starts there. Whoever dies in between looks at the whole folder again.
 */
export function withoutCursors(
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
      making.has(id) ? { ...memory, cursor: undefined } : memory,
    ]),
  )
}

/** Saves what the replicas remember, moved past the echo of what we just wrote. */
export async function remember(
  { replicas, baseline }: Readonly<{ replicas: readonly Replica[]; baseline: Baseline }>,
  at: () => Moment,
  memories: ReadonlyMap<ReplicaId, Memory>,
  steps: readonly Step[],
  { applied, more }: Readonly<{ applied: Applied; more: ReadonlySet<ReplicaId> }>,
  signal: AbortSignal,
): Promise<void> {
  const next = new Map<ReplicaId, Memory>()
  const pending = pendingOf(steps)
  const unsettled = withoutCursors(memories, steps)
  const one = async (replica: Replica): Promise<void> => {
    const { id } = replica.role
    const memory = memories.get(id)
    if (memory === undefined) return
    const done = applied.done.get(id)
    const left = (pending.get(id) ?? []).filter((item) => !done?.has(item))
    const recheck = [...new Set([...memory.recheck, ...left])]
    const rest = {
      restored: memory.restored && (left.length > 0 || more.has(id)),
      lens: lensOf(replica.role),
      passedOver: passedOverAfter(memory, done, applied.untaken.get(id) ?? []),
    }
    const written = applied.written.has(id) || applied.unknown.has(id)
    const start = written ? unsettled.get(id) : memory
    next.set(id, { ...(start ?? memory), recheck, ...rest })
    try {
      // Where a new copy may be of which nothing is known, the whole folder is listed next.
      if (!written || applied.unknown.has(id) || applied.unfinished || signal.aborted) return
      const moved = await replica.settle(memory, baseline.known(id), signal)
      next.set(id, { ...moved, recheck: [...new Set([...recheck, ...moved.recheck])], ...rest })
    } catch (error) {
      // The echo is simply seen again by the next pass, as what it is.
      if (!(error instanceof SyncError) && !signal.aborted) throw error
    }
  }
  await Promise.all(replicas.map(one))
  await baseline.commit({ at: at(), writes: [{ write: 'memories', memories: next }] })
}

// What was written since is judged by what became of it.
function passedOverAfter(
  { passedOver = [] }: Memory,
  done: ReadonlySet<ItemId> | undefined,
  untaken: readonly PassedOver[],
): readonly PassedOver[] {
  const again = new Set(untaken.map(({ id }) => id))
  return [...passedOver.filter(({ id }) => !done?.has(id) && !again.has(id)), ...untaken]
}
