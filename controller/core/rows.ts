// Lays the baseline beside the observations: one row per link that somebody changed or that is behind,
// one cell per replica. Every item that was found belongs to exactly one row, or to none.
//
//   link │ hub      ann      bob      carl    │ read as
//   ─────┼────────────────────────────────────┼──────────────────────────────
//   L1   │ same     edited   same     same    │ ann's edit travels
//   L2   │ gone     same     same     unknown │ hub's delete travels; carl later
//   L3   │ gone     edited   same     same    │ an edit beats a delete
//   L4   │ absent   edited   absent   absent  │ ann made a new one
import { type GroupId, type ItemId, type LinkId, linkIdOf, type ReplicaId } from './id.ts'
import type { ItemType } from './item.ts'
import {
  type Cell,
  type Found,
  freshLink,
  type Link,
  type Observation,
  type Role,
  type Row,
} from './link.ts'
import { type Loose, matched } from './match.ts'
import { groupMark, hubMark, sourceMark } from './stamp.ts'

/** All that a plan is made from. `links` holds every link that is changed or behind, and no more need be. */
export type View = Readonly<{
  group: GroupId
  type: ItemType
  roles: readonly Role[]
  links: readonly Link[]
  observations: ReadonlyMap<ReplicaId, Observation>
}>

/** The rows of a view, in an order that does not depend on that of members or changes. */
export function rowsOf(view: View): readonly Row[] {
  const roles = ordered(view.roles)
  const known = indexed(view.links)
  const cells = new Map<LinkId, Map<ReplicaId, Cell>>()
  const links = [...view.links].sort((one, other) => (one.id < other.id ? -1 : 1))
  for (const link of links) cells.set(link.id, new Map())

  const loose: Loose[] = []
  const shared = sharedMarks(view)
  for (const role of roles) {
    const observation = view.observations.get(role.id) ?? unseen
    const found = new Map<LinkId, Found>()
    const gone = new Set<ItemId>(observation.state === 'seen' ? observation.gone : [])
    for (const item of observation.state === 'seen' ? byId(observation.changed) : []) {
      const link = known.get(role.id)?.get(item.id)
      if (link !== undefined) found.set(link, item)
      else if (mayMatch(view, shared, role, item)) loose.push({ role, found: item })
    }
    for (const link of links) {
      cells
        .get(link.id)
        ?.set(role.id, cellOf(link, role.id, observation.state, found.get(link.id), gone))
    }
  }
  return [...join(view, roles, links, cells, loose)]
}

/** Hub first, then by id: the order in which everything is decided. */
export function ordered(roles: readonly Role[]): readonly Role[] {
  return [...roles].sort(
    (one, other) => Number(other.hub) - Number(one.hub) || (one.id < other.id ? -1 : 1),
  )
}

// No server promises an order, and which of several is matched first must not depend on it.
function byId(items: readonly Found[]): readonly Found[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1))
}

const unseen = { state: 'unknown' } as const

function indexed(links: readonly Link[]): Map<ReplicaId, Map<ItemId, LinkId>> {
  const index = new Map<ReplicaId, Map<ItemId, LinkId>>()
  for (const link of links) {
    for (const [replica, copy] of link.copies) {
      const items = index.get(replica) ?? new Map<ItemId, LinkId>()
      index.set(replica, items.set(copy.id, link.id))
    }
  }
  return index
}

// May it be compared with others? What a member marked private may not, unless it is a copy that we made
// or what others were copied from. And what we copied there from another hub belongs to that one, not to this.
function mayMatch(view: View, shared: ReadonlySet<string>, role: Role, found: Found): boolean {
  const ours = found.stamp?.group === groupMark(view.group)
  if (role.hub) return true
  if (ours && found.stamp?.hub !== hubMark(view.roles.find(({ hub }) => hub)?.id)) return false
  if (ours || mayLeave(view.type, role, found)) return true
  const { id } = found
  return shared.has(sourceMark(role.id, id)) || shared.has(linkIdOf(view.group, role.id, id))
}

/** Marks of items from which something was copied. */
export function sharedMarks({ group, links, observations }: View): ReadonlySet<string> {
  const mine = groupMark(group)
  const stamps = [...observations.values()].flatMap((seen) =>
    seen.state === 'seen' ? seen.changed.map(({ stamp }) => stamp) : [],
  )
  const named = stamps.flatMap((stamp) => (stamp?.group === mine ? [stamp.link, stamp.source] : []))
  return new Set([...named, ...links.flatMap(({ id, aliases }) => [id, ...aliases])])
}

// A member's own item that is marked private never leaves the mailbox.
function mayLeave(type: ItemType, role: Role, found: Found): boolean {
  return role.hub || role.private === 'Copy' || !type.private(found.item)
}

function cellOf(
  link: Link,
  replica: ReplicaId,
  state: Observation['state'],
  found: Found | undefined,
  gone: ReadonlySet<ItemId>,
): Cell {
  const copy = link.copies.get(replica)
  if (state === 'unknown') return { state: 'unknown', copy }
  if (copy === undefined) return { state: 'absent' }
  if (found !== undefined) return { state: 'edited', copy, found }
  return gone.has(copy.id) ? { state: 'gone', copy } : { state: 'same', copy }
}

// Gives every loose item its row: that of a link it belongs to, or a new one together with its equals.
function* join(
  view: View,
  roles: readonly Role[],
  links: readonly Link[],
  cells: ReadonlyMap<LinkId, Map<ReplicaId, Cell>>,
  loose: readonly Loose[],
): Iterable<Row> {
  const { adopted, born } = matched(view.group, view.type, links, cells, loose)
  for (const { link, role, found, moved } of adopted) {
    const cell = cells.get(link)?.get(role.id)
    // What was only moved keeps its history, and so does what is nobody else's doing; anything else, restored
    // perhaps, is compared as if never seen.
    const own = moved || !role.receives
    const copy = own && cell?.state === 'gone' ? cell.copy : undefined
    cells.get(link)?.set(role.id, { state: 'edited', copy, found })
  }
  for (const link of links) yield { link, cells: cells.get(link.id) ?? new Map() }

  for (const family of born) {
    const [eldest] = family
    // What a receive-only member puts beside our copies is left alone, and so is what is marked private.
    const travels = ({ role, found }: Loose) => role.writes && mayLeave(view.type, role, found)
    if (eldest === undefined || !family.some(travels)) continue
    const row = new Map<ReplicaId, Cell>()
    for (const role of roles) {
      const state = view.observations.get(role.id)?.state === 'seen' ? 'absent' : 'unknown'
      row.set(role.id, { state })
    }
    for (const { role, found } of family) row.set(role.id, { state: 'edited', found })
    const id = linkIdOf(view.group, eldest.role.id, eldest.found.id)
    yield { link: freshLink(id, aliasesOf(view.group, family)), cells: row }
  }
}

function aliasesOf(group: GroupId, family: readonly Loose[]): readonly string[] {
  const mine = groupMark(group)
  const stamps = family.flatMap(({ found }) => (found.stamp?.group === mine ? [found.stamp] : []))
  return [...new Set(stamps.flatMap(({ link, source }) => [link, source]))].filter(Boolean)
}
