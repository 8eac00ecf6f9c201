// The places in which items that nobody has linked yet may find their equals (match.ts).
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import { canonicalItem, type Item, type ItemType } from './item.ts'
import type { Loose } from './loose.ts'
import { baseOf, type Cell, type Link } from './model.ts'

/** A place in which a loose item may find its equal: a link of the baseline, or a family being formed. */
export type Place = {
  readonly link: LinkId | undefined
  item: Item
  readonly members: Loose[]
  readonly moved: Set<Loose>
  /** What copies that are gone, or were in a folder that is replaced, held, by replica. */
  readonly held: ReadonlyMap<ReplicaId, string>
  fingerprint: string
  /** Marks of the items that are there. */
  readonly own: readonly string[]
  /** Marks that their stamps carry. */
  readonly marks: readonly string[]
  /** Of a deletion that is agreed, and done there: what turns up in the hub brings the link back. */
  readonly ended: boolean
  readonly free: (replica: ReplicaId) => boolean
}

/** What copies of the link that are gone held, by replica. */
export function heldBy(
  type: ItemType,
  link: Link,
  row: ReadonlyMap<ReplicaId, Cell> | undefined,
): ReadonlyMap<ReplicaId, string> {
  const held = new Map<ReplicaId, string>()
  for (const [replica, cell] of row ?? []) {
    const copy = cell.state === 'gone' ? cell.copy : cell.state === 'absent' ? cell.was : undefined
    const item = copy && baseOf(link, copy)
    if (item !== undefined) held.set(replica, fingerprintOf(type, item))
  }
  return held
}

/** May the replica give the place one of its items? */
export function free(place: Place, replica: ReplicaId): boolean {
  return place.free(replica) && !place.members.some(({ role }) => role.id === replica)
}

/** Gives the item its place. */
export function take(place: Place, one: Loose, rest: Set<Loose>): void {
  place.members.push(one)
  rest.delete(one)
}

/** Equal for equal items. */
export function fingerprintOf(type: ItemType, item: Item): string {
  return digestOf(canonicalItem(type, item))
}

/** Finds free places in lists that many items share. */
export class FreePlaces {
  /** Before it every place of the list is taken for the replica, and stays so. */
  readonly #starts = new WeakMap<readonly Place[], Map<ReplicaId, number>>()

  /** The first free place of these lists that fits. */
  first(
    lists: readonly (readonly Place[])[],
    replica: ReplicaId,
    fits: (place: Place) => boolean,
  ): Place | undefined {
    for (const list of lists) {
      for (let index = this.#startOf(list, replica); index < list.length; index += 1) {
        const place = list[index]
        if (place !== undefined && fits(place) && free(place, replica)) return place
      }
    }
    return undefined
  }

  #startOf(list: readonly Place[], replica: ReplicaId): number {
    const starts = this.#starts.get(list) ?? new Map<ReplicaId, number>()
    this.#starts.set(list, starts)
    let start = starts.get(replica) ?? 0
    for (let place = list[start]; place !== undefined; place = list[start]) {
      if (free(place, replica)) break
      start += 1
    }
    starts.set(replica, start)
    return start
  }
}
