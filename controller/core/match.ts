// Which of the items that nobody has linked yet are one: with a link that lacks a copy there, or with each
// other. First those that were only moved (what a copy that is gone from the same replica held); then those
// whose stamp names the very item as their source, the equal ones first; then equal ones, the stamped ones
// first; then those of one stamp (a user's copy carries it, too); then those with the same natural key where it
// is unambiguous on both sides, where a copy is gone from the same replica first; a copy of ours may be matched
// with what is left over. A link whose deletion is agreed is known by marks alone, until the hub has it again.
// Nothing is matched twice, and one replica never gives two items to one link: two equal "Reception" stay two,
// and two people who share an address stay two people.
import { type GroupId, type LinkId, linkIdOf, type ReplicaId } from './id.ts'
import { type ItemType, nothing } from './item.ts'
import { type Adopted, byReplica, type Family, into, type Loose } from './loose.ts'
import { FreePlaces, fingerprintOf, free, heldBy, type Place, take } from './match-place.ts'
import type { Cell, Found, Link } from './model.ts'
import { isOurs, type Stamp, sourceMark } from './stamp.ts'
import { type Work, weightOf } from './work.ts'

/** Matches the loose items, given in the order of `ordered` roles; see the file's head for the rule. */
export function* matched(
  group: GroupId,
  hub: ReplicaId | undefined,
  type: ItemType,
  links: readonly Link[],
  cells: ReadonlyMap<LinkId, ReadonlyMap<ReplicaId, Cell>>,
  loose: readonly Loose[],
): Work<Readonly<{ adopted: readonly Adopted[]; born: readonly Family[] }>> {
  if (loose.length === 0) return { adopted: [], born: [] }
  const places = new Places(group, hub, type)
  for (const link of links) {
    const row = cells.get(link.id)
    // An agreed deletion is a place only for copies of it that nobody knew of; see by stamp, not by looks.
    const item = link.agreed ?? nothing
    yield weightOf(item)
    places.add({
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
    })
  }
  const open = loose.filter(({ only }) => only === undefined)
  // What receive-only replicas have of their own comes last: it must not come between what travels.
  const inTurn = [
    ...open.filter(({ role }) => role.writes),
    ...open.filter(({ role }) => !role.writes),
  ]
  for (const family of byReplica(inTurn)) {
    const rest = new Set(family)
    for (const rule of [
      places.moved,
      places.directEqual,
      places.direct,
      places.stampedEqual,
      places.equal,
      places.stamped,
      places.returned,
      places.natural,
      places.leftOver,
    ]) {
      if (rest.size > 0) yield* rule.call(places, rest)
    }
    for (const one of rest) {
      yield weightOf(one.found.item)
      places.open(one)
    }
  }
  // Of what was copied from another hub, only what this one has as well is the same; the rest is left alone.
  for (const family of byReplica(loose.filter(({ only }) => only === 'its equal'))) {
    yield* places.equal(new Set(family))
  }
  // Moved and marked private at once, it is still her copy; it just says nothing to others.
  for (const family of byReplica(loose.filter(({ only }) => only === 'her own'))) {
    yield* places.returned(new Set(family))
  }
  return places.result()
}

class Places {
  readonly #group: GroupId
  readonly #hub: ReplicaId | undefined
  readonly #type: ItemType
  readonly #all: Place[] = []
  readonly #free = new FreePlaces()
  readonly #prints = new WeakMap<Found, string>()
  readonly #byFingerprint = new Map<string, Place[]>()
  readonly #byOwn = new Map<string, Place[]>()
  readonly #byHeld = new Map<string, Place[]>()
  readonly #byMark = new Map<string, Place[]>()
  readonly #byKey = new Map<string, Place[]>()
  /** By mark and fingerprint: many items may carry one mark. */
  readonly #byOwnEqual = new Map<string, Place[]>()
  readonly #byMarkEqual = new Map<string, Place[]>()

  constructor(group: GroupId, hub: ReplicaId | undefined, type: ItemType) {
    this.#group = group
    this.#hub = hub
    this.#type = type
  }

  add(place: Place): void {
    this.#all.push(place)
    for (const [replica, held] of place.held) into(this.#byHeld, `${replica} ${held}`, place)
    this.#note(place, place)
  }

  // How a place is found: by what is there.
  #note(place: Place, { item, fingerprint, own, marks }: Place): void {
    into(this.#byFingerprint, fingerprint, place)
    for (const mark of own) {
      into(this.#byOwn, mark, place)
      into(this.#byOwnEqual, `${mark} ${fingerprint}`, place)
    }
    for (const mark of [...own, ...marks]) {
      into(this.#byMark, mark, place)
      into(this.#byMarkEqual, `${mark} ${fingerprint}`, place)
    }
    for (const key of this.#type.naturalKeys(item)) into(this.#byKey, key, place)
  }

  /** Begins a family with an item that found no equal. */
  open(loose: Loose): void {
    this.add(this.#familyOf(loose))
  }

  #familyOf(loose: Loose): Place {
    const { found, role } = loose
    const ours = this.#ours(found)
    const stamp = ours === undefined ? [] : [ours.link, ours.source]
    return {
      link: undefined,
      item: found.item,
      members: [loose],
      moved: new Set(),
      held: new Map(),
      fingerprint: this.#print(loose),
      own: [sourceMark(role.id, found.id), linkIdOf(this.#group, role.id, found.id)],
      marks: stamp.filter(Boolean),
      ended: false,
      free: () => true,
    }
  }

  // From now on it is a place for its equals as well.
  #revive(place: Place, by: Loose): void {
    const family = this.#familyOf(by)
    place.item = family.item
    place.fingerprint = family.fingerprint
    this.#note(place, family)
  }

  moved(rest: Set<Loose>): Work<void> {
    return this.#settle(
      rest,
      (one, print) => [this.#byHeld.get(`${one.role.id} ${print}`)],
      'moved',
    )
  }

  directEqual(rest: Set<Loose>): Work<void> {
    return this.#settle(rest, (one, print) => this.#sources(one, print), 'equal')
  }

  direct(rest: Set<Loose>): Work<void> {
    return this.#settle(rest, (one) => this.#sources(one))
  }

  stampedEqual(rest: Set<Loose>): Work<void> {
    return this.#settle(rest, (one, print) => this.#marked(one, print), 'equal')
  }

  equal(rest: Set<Loose>): Work<void> {
    return this.#settle(rest, (_one, print) => [this.#byFingerprint.get(print)])
  }

  stamped(rest: Set<Loose>): Work<void> {
    return this.#settle(rest, (one) => this.#marked(one))
  }

  // Where a copy of this replica's is gone, what looks like it was edited and moved at once.
  returned(rest: Set<Loose>): Work<void> {
    const held = (place: Place, replica: ReplicaId) => place.held.has(replica)
    return this.#byNaturalKey(rest, [...rest], held, true)
  }

  natural(rest: Set<Loose>): Work<void> {
    return this.#byNaturalKey(rest, [...rest], () => true)
  }

  // A copy that we made is somebody's: where only one is left that it can be of, the others being taken, it is.
  leftOver(rest: Set<Loose>): Work<void> {
    const ours = [...rest].filter(({ found }) => this.#ours(found) !== undefined)
    return this.#byNaturalKey(rest, ours, free)
  }

  // Unambiguous on both sides, or not at all; where any will do, equal ones are as one.
  *#byNaturalKey(
    rest: Set<Loose>,
    claimants: readonly Loose[],
    counts: typeof free,
    anyEqual = false,
  ): Work<void> {
    const claims = new Map<string, Loose[]>()
    for (const one of claimants) {
      yield 0.5
      for (const key of this.#type.naturalKeys(one.found.item)) into(claims, key, one)
    }
    for (const [key, [one, ...others]] of claims) {
      yield 0.5 + others.length / 100
      if (one === undefined || !rest.has(one)) continue
      const print = this.#print(one)
      if (others.some((other) => !anyEqual || this.#print(other) !== print)) continue
      const { id } = one.role
      const [place, ...more] = (this.#byKey.get(key) ?? []).filter((each) => counts(each, id))
      if (place === undefined || !free(place, id)) continue
      if (more.some((other) => !anyEqual || other.fingerprint !== place.fingerprint)) continue
      if (!this.#type.contradicts(place.item, one.found.item)) take(place, one, rest)
    }
  }

  result(): { adopted: Adopted[]; born: Family[] } {
    const adopted: Adopted[] = []
    const born: Family[] = []
    for (const { link, members, moved } of this.#all) {
      if (link === undefined) born.push(members)
      else for (const one of members) adopted.push({ ...one, link, moved: moved.has(one) })
    }
    return { adopted, born }
  }

  // Gives each its first free place, of those that the rule names.
  *#settle(
    rest: Set<Loose>,
    places: (one: Loose, print: string) => readonly (readonly Place[] | undefined)[],
    how?: 'equal' | 'moved',
  ): Work<void> {
    for (const one of rest) {
      yield this.#prints.has(one.found) ? 0.2 : weightOf(one.found.item)
      const print = this.#print(one)
      const fits = (each: Place) => how !== 'equal' || each.fingerprint === print
      const lists = places(one, print).filter((list) => list !== undefined)
      const place = this.#free.first(lists, one.role.id, fits)
      if (place === undefined) continue
      if (how === 'moved') place.moved.add(one)
      take(place, one, rest)
      if (place.ended && one.role.hub && one.role.writes) this.#revive(place, one)
    }
  }

  #print({ found }: Loose): string {
    const known = this.#prints.get(found) ?? fingerprintOf(this.#type, found.item)
    this.#prints.set(found, known)
    return known
  }

  #ours({ stamp }: Found): Stamp | undefined {
    return stamp !== undefined && isOurs(this.#group, this.#hub, stamp) ? stamp : undefined
  }

  // Places that hold the very item from which this one was copied; `print`: those of equal content.
  #sources({ found }: Loose, print?: string): readonly (readonly Place[] | undefined)[] {
    const source = this.#ours(found)?.source ?? ''
    if (source === '') return []
    return [
      print === undefined ? this.#byOwn.get(source) : this.#byOwnEqual.get(`${source} ${print}`),
    ]
  }

  #marked({ role, found }: Loose, print?: string): readonly (readonly Place[] | undefined)[] {
    const stamp = this.#ours(found)
    const marks = [sourceMark(role.id, found.id), linkIdOf(this.#group, role.id, found.id)]
    if (stamp !== undefined) marks.push(stamp.link, stamp.source)
    return marks.map((mark) =>
      print === undefined ? this.#byMark.get(mark) : this.#byMarkEqual.get(`${mark} ${print}`),
    )
  }
}
