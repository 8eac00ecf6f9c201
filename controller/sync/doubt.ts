// Items that were given up as unreadable, and items that another folder shows only now and that may be equal to them.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Observation } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { type Baseline, type Memory, notTaken, type Unread } from './ports.ts'

/** The left-out items that could not be read. */
export function unreadIn({ unread = [] }: Memory): readonly Unread[] {
  return unread.filter(({ code }) => code !== notTaken)
}

/** The observations. `fresh`: replicas that were listed for the first time. `more`: replicas that have more to read. */
type Seen = Readonly<{
  observations: ReadonlyMap<ReplicaId, Observation>
  memories: ReadonlyMap<ReplicaId, Memory>
  fresh: readonly ReplicaId[]
  more: ReadonlySet<ReplicaId>
}>

/**
 * An item that was given up as unreadable may be equal to an item that another folder shows only now: in its first
 * listing, which may take several passes, or because the item was unreadable there, too. From now on it is retried as
 * often as a new item, and meanwhile nothing new is created beside it. Resolves with the changed memories.
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
  const news = new Map<ReplicaId, boolean>()
  const hasNews = async (id: ReplicaId) => {
    const known =
      news.get(id) ?? (await strangers(id, seenFirst(id, before.get(id), seen))).size > 0
    news.set(id, known)
    return known
  }
  const anotherHasNews = async (id: ReplicaId) => {
    for (const other of seen.memories.keys())
      if (other !== id && (await hasNews(other))) return true
    return false
  }
  const again: (readonly [ReplicaId, Memory])[] = []
  for (const [id, memory] of seen.memories) {
    const unread = unreadIn(memory).filter(({ code }) => code !== itemTooLarge)
    const ids = unread.map((each) => each.id)
    const doubted = await strangers(id, ids)
    if (doubted.size === 0 || !(await anotherHasNews(id))) continue
    const marked = memory.unread?.map((each) =>
      doubted.has(each.id) ? { ...each, again: true } : each,
    )
    again.push([id, { ...memory, unread: marked }])
  }
  return again
}

// The found items that no earlier whole listing could show.
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
