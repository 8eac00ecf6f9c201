// Matches items that no link knows: with a link that lacks a copy in their replica, or with each other, as a new link.
// Replica by replica, each unmatched item takes its first free candidate, by the first rule that finds one. A candidate
// is a link, or items of other replicas that will be one. "Ours": with a stamp of this group, or of another group over
// the hub.
//
//   rule          the candidate …                                            typical cause
//   moved         lost a copy with equal content in this same folder         moved out and back: a new id
//   directEqual   has the source item that our stamp names, equal content    state lost
//   direct        has the source item that our stamp names                   state lost, edited since
//   stampedEqual  shares a mark (item, or link or source of a stamp), equal  a user copied our copy
//   equal         has equal content                                          first sync
//   stamped       shares a mark                                              the same copy, edited since
//   returned      lost a copy here, shares a natural key                     edited and moved at once
//   natural       shares a natural key, unambiguous on both sides            first sync, one person, two contents
//   leftOver      shares one; the only free candidate left, item is ours     the other candidates are taken
//
// Guarantees: nothing is matched twice, and one replica never gives two items to one link. Two equal "Reception" stay
// two, and two people who share an address stay two. A link whose deletion is agreed matches by marks and by the
// content of its missing copies only; when an item of the hub matches it, it matches by that item's content and keys,
// too.
import { type GroupId, type LinkId, linkIdOf, type ReplicaId } from './id.ts'
import { type ItemType, nothing } from './item.ts'
import { into } from './many.ts'
import {
  type Adopted,
  byReplica,
  type Family,
  FreePlaces,
  fingerprintOf,
  free,
  type Loose,
  type Place,
  placeOf,
  take,
} from './match-place.ts'
import type { Cell, Found, Link, Rules } from './model.ts'
import { isOurs, type Stamp, sourceMark } from './stamp.ts'
import { type Work, weightOf } from './work.ts'

/** Matches the loose items, given in the order of `ordered` roles; see the file's head for the rule. */
export function* matched(
  { group, type, roles }: Rules,
  links: readonly Link[],
  cells: ReadonlyMap<LinkId, ReadonlyMap<ReplicaId, Cell>>,
  loose: readonly Loose[],
): Work<Readonly<{ adopted: readonly Adopted[]; born: readonly Family[] }>> {
  if (loose.length === 0) return { adopted: [], born: [] }
  const hub = roles.find((role) => role.hub)?.id
  const places = new Places(group, hub, type)
  for (const link of links) {
    yield weightOf(link.agreed ?? nothing)
    places.add(placeOf(type, hub, link, cells.get(link.id)))
  }
  const open = loose.filter(({ only }) => only === undefined)
  // Items of receive-only replicas come last: they must not take a candidate from an item that travels.
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
  // A copy from another hub is matched only with a candidate of equal content. All others stay as they are.
  for (const family of byReplica(loose.filter(({ only }) => only === 'its equal'))) {
    yield* places.equal(new Set(family))
  }
  // A copy that was moved and marked private at once is still the link's copy, but its edits do not travel.
  for (const family of byReplica(loose.filter(({ only }) => only === 'own copy'))) {
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

  // Adds the place to the indexes, by the content and the marks of its items.
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

  /** Starts a family, with an item that has no match. */
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

  // The hub shows the item of an agreed deletion again: from now on its content and keys match, too.
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

  // The replica lacks a copy of the link: an item with the same natural key is that copy, edited and moved at once.
  returned(rest: Set<Loose>): Work<void> {
    const held = (place: Place, replica: ReplicaId) => place.held.has(replica)
    return this.#byNaturalKey(rest, [...rest], held, true)
  }

  natural(rest: Set<Loose>): Work<void> {
    return this.#byNaturalKey(rest, [...rest], () => true)
  }

  // Our own copy with exactly one remaining candidate is matched to it.
  leftOver(rest: Set<Loose>): Work<void> {
    const ours = [...rest].filter(({ found }) => this.#ours(found) !== undefined)
    return this.#byNaturalKey(rest, ours, free)
  }

  // Matches only what is unambiguous on both sides; with `anyEqual`, items of equal content count as one.
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

  // Gives each item the first free place of those that the rule lists.
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

  // Places that hold the source item of our stamp; with `print`, only those with equal content.
  #sources({ found }: Loose, print?: string): readonly (readonly Place[] | undefined)[] {
    const source = this.#ours(found)?.source ?? ''
    if (source === '') return []
    return [
      print === undefined ? this.#byOwn.get(source) : this.#byOwnEqual.get(`${source} ${print}`),
    ]
  }

  // Places that share a mark with this item; with `print`, only those with equal content.
  #marked({ role, found }: Loose, print?: string): readonly (readonly Place[] | undefined)[] {
    const stamp = this.#ours(found)
    const marks = [sourceMark(role.id, found.id), linkIdOf(this.#group, role.id, found.id)]
    if (stamp !== undefined) marks.push(stamp.link, stamp.source)
    return marks.map((mark) =>
      print === undefined ? this.#byMark.get(mark) : this.#byMarkEqual.get(`${mark} ${print}`),
    )
  }
}
