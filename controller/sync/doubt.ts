// What was given up as unreadable, and what another folder shows only now, which may be its equal.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Observation } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { type Baseline, type Memory, notTaken, type Unread } from './ports.ts'

/** What of the items that are left out could not be read. */
export function unreadIn({ unread = [] }: Memory): readonly Unread[] {
  return unread.filter(({ code }) => code !== notTaken)
}

/** What was seen: of whom for the first time, and of whom more is to be read. */
type Seen = Readonly<{
  observations: ReadonlyMap<ReplicaId, Observation>
  memories: ReadonlyMap<ReplicaId, Memory>
  fresh: readonly ReplicaId[]
  more: ReadonlySet<ReplicaId>
}>

/**
 * What was given up as unreadable may be the equal of what another folder shows only now: at its own first look, which
 * may take several passes, or because it could not be read there either. From this look on it is tried again, as often
 * as at first, and meanwhile nothing new is made beside it. Answers whose memories are others therefore.
 */
export async function doubtedAgain(
  before: ReadonlyMap<ReplicaId, Memory>,
  seen: Seen,
  baseline: Baseline,
): Promise<readonly (readonly [ReplicaId, Memory])[]> {
  const strangers = async (replica: ReplicaId, ids: readonly ItemId[]) => {
    const known = ids.length === 0 ? undefined : await baseline.known(replica).versions(ids)
    return new Set(ids.filter((id) => !known?.has(id)))
  }
  const again: (readonly [ReplicaId, Memory])[] = []
  for (const [id, memory] of seen.memories) {
    const unread = unreadIn(memory).filter(({ code }) => code !== itemTooLarge)
    const ids = unread.map((each) => each.id)
    const doubted = await strangers(id, ids)
    if (doubted.size === 0) continue
    let news = 0
    for (const other of seen.memories.keys())
      if (other !== id && news === 0)
        news = (await strangers(other, seenFirst(other, before.get(other), seen))).size
    if (news === 0) continue
    const marked = memory.unread?.map((each) =>
      doubted.has(each.id) ? { ...each, again: true } : each,
    )
    again.push([id, { ...memory, unread: marked }])
  }
  return again
}

// Of what was found, what no earlier look of a whole folder could show.
function seenFirst(
  replica: ReplicaId,
  before: Memory | undefined,
  { observations, fresh, more }: Seen,
): readonly ItemId[] {
  const observation = observations.get(replica)
  const found = observation?.state === 'seen' ? observation.changed.map(({ id }) => id) : []
  if (before === undefined || fresh.includes(replica) || more.has(replica)) return found
  const unread = new Set(unreadIn(before).map(({ id }) => id))
  return unread.size === 0 ? [] : found.filter((id) => unread.has(id))
}
