// The items that no link knows, and their candidates (match.ts).
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import { canonicalItem, type Item, type ItemType, nothing } from './item.ts'
import { into } from './many.ts'
import { baseOf, type Cell, type Found, type Link, type Role } from './model.ts'
import { sourceMark } from './stamp.ts'

/**
 * An item that no link knows. `only` limits its matches: `its equal`, for a copy of another hub's item; `own copy`, for
 * an item that its owner marked private, which may only be a missing copy in the same folder.
 */
export type Loose = Readonly<{
  role: Role
  found: Found
  only?: 'its equal' | 'own copy' | undefined
}>

/** A loose item that belongs to a link; `moved`: it is the copy that the link had there, under a new id. */
export type Adopted = Loose & Readonly<{ link: LinkId; moved: boolean }>

/** Loose items that become one new link; hub first. */
export type Family = readonly Loose[]

/** Groups the items by replica, and keeps their order. */
export function byReplica(loose: readonly Loose[]): readonly (readonly Loose[])[] {
  const groups = new Map<ReplicaId, Loose[]>()
  for (const one of loose) into(groups, one.role.id, one)
  return [...groups.values()]
}

/** A candidate for loose items: a link of the baseline, or a family that is being formed. */
export type Place = {
  readonly link: LinkId | undefined
  item: Item
  readonly members: Loose[]
  readonly moved: Set<Loose>
  /** The content of copies that are gone, or were in a replaced folder: fingerprints by replica. */
  readonly held: ReadonlyMap<ReplicaId, string>
  fingerprint: string
  /** Marks of its items. */
  readonly own: readonly string[]
  /** Marks that the stamps of its items name. */
  readonly marks: readonly string[]
  /** A link whose deletion is agreed and done in the hub: an item that appears there restores the link. */
  readonly ended: boolean
  readonly free: (replica: ReplicaId) => boolean
}

/** The place of a link, as its cells in the replicas show it; `hub`: the hub's id. */
export function placeOf(
  type: ItemType,
  hub: ReplicaId | undefined,
  link: Link,
  row: ReadonlyMap<ReplicaId, Cell> | undefined,
): Place {
  // A link with an agreed deletion accepts unknown copies of its item: found by their stamp, not by their content.
  const item = link.agreed ?? nothing
  return {
    link: link.id,
    item,
    members: [],
    moved: new Set(),
    held: heldBy(type, link, row),
    fingerprint: link.agreed === undefined ? link.id : fingerprintOf(type, item),
    own: [
      ...[...link.copies].map(([replica, copy]) => sourceMark(replica, copy.id)),
      ...(link.source === undefined ? [] : [link.source]),
    ],
    marks: [link.id, ...link.aliases],
    ended: link.agreed === undefined && hub !== undefined && !link.copies.has(hub),
    free: (replica) => ['absent', 'gone'].includes(row?.get(replica)?.state ?? 'unknown'),
  }
}

// The content of the link's missing copies: fingerprints by replica.
function heldBy(
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

/** Has the place no item of this replica yet, and may it take one? */
export function free(place: Place, replica: ReplicaId): boolean {
  return place.free(replica) && !place.members.some(({ role }) => role.id === replica)
}

/** Puts the item into the place, and removes it from `rest`. */
export function take(place: Place, one: Loose, rest: Set<Loose>): void {
  place.members.push(one)
  rest.delete(one)
}

/** A digest of the canonical content: equal for equal items. */
export function fingerprintOf(type: ItemType, item: Item): string {
  return digestOf(canonicalItem(type, item))
}

/** Finds free places in lists that many items share. */
export class FreePlaces {
  /** Index into a list, by replica: all places before it are taken, and stay taken. */
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
