// Combines the baseline and the observations: one row per link that is changed or behind, one cell per replica. Every
// found item belongs to at most one row.
//
//   link │ hub      ann      bob      carl    │ read as
//   ─────┼────────────────────────────────────┼──────────────────────────────
//   L1   │ same     edited   same     same    │ ann's edit travels
//   L2   │ gone     same     same     unknown │ hub's delete travels; carl later
//   L3   │ gone     edited   same     same    │ an edit beats a delete
//   L4   │ absent   edited   absent   absent  │ ann created an item
import { type Attempt, type Attempts, isPutOff, madeCopyOf } from './attempt.ts'
import { naming } from './born.ts'
import { type Aged, agedOf, cellOf, emptyCells } from './cells.ts'
import { type Doubles, doublesOf } from './doubles.ts'
import { digestOf, type ItemId, type LinkId, linkIdOf, type ReplicaId } from './id.ts'
import type { ItemType } from './item.ts'
import { matched } from './match.ts'
import type { Adopted, Family, Loose } from './match-place.ts'
import {
  type Cell,
  type Copy,
  type Found,
  freshLink,
  type Link,
  type Observation,
  type Restoration,
  type Role,
  type Row,
  type Rules,
} from './model.ts'
import { demandSize } from './plan-size.ts'
import { hubMark, isOurs, type Stamp, sourceMark } from './stamp.ts'
import { type Work, weightOf } from './work.ts'

/** The things that a pass saw. `links` must have every link that is changed or behind; the others may be absent. */
export type View = Readonly<{
  links: readonly Link[]
  observations: ReadonlyMap<ReplicaId, Observation>
  /** Replicas whose folder went back in time, and the items there that show old content. */
  rewound?: ReadonlyMap<ReplicaId, Aged>
  /** Former copies of these links, in folders that were replaced. Items of the new folder may be the same ones. */
  replaced?: ReadonlyMap<LinkId, ReadonlyMap<ReplicaId, Copy>>
  /** Restorations from the bin: at most one for each link. `links` has all these links. */
  restorations?: readonly Restoration[]
  /** Creates whose outcome is unknown, by link. */
  attempts?: ReadonlyMap<LinkId, Attempts>
  /** Those of them whose copy may be an item that could not be read. */
  hidden?: ReadonlySet<Attempt>
  /** Replicas that may hold more items than were listed: nothing is created there in this pass. */
  short?: ReadonlySet<ReplicaId>
  /** The time of this look, ms since 1970; absent: no create waits for a time. */
  nowMs?: number | undefined
}>

// A view whose rows are made: the roles and the links in their order, and the cells of each link so far.
type Table = Readonly<{
  rules: Rules
  view: View
  links: ReadonlyMap<LinkId, Link>
  cells: ReadonlyMap<LinkId, Map<ReplicaId, Cell>>
}>

function tableOf(rules: Rules, view: View): Table {
  const links = [...view.links].sort((one, other) => (one.id < other.id ? -1 : 1))
  return {
    rules: { ...rules, roles: ordered(rules.roles) },
    view,
    links: new Map(links.map((link) => [link.id, link])),
    cells: new Map(links.map(({ id }) => [id, new Map()])),
  }
}

/** The rows of a view. Their order does not depend on the order of members or changes. */
export function* rowsOf(rules: Rules, view: View): Work<readonly Row[]> {
  const table = tableOf(rules, view)
  const known = indexed(view.links)
  const limitOf = limits(rules, view)
  const loose: Loose[] = []
  const surplus: Loose[] = []
  for (const role of table.rules.roles) {
    const observation = observed(view, role)
    const found = new Map<LinkId, Found>()
    for (const item of observation.state === 'seen' ? byId(observation.changed) : []) {
      yield weightOf(item.item)
      const link = known.get(role.id)?.get(item.id)
      if (link !== undefined) found.set(link, item)
      else if (isSurplus(table, role, item)) surplus.push({ role, found: item })
      else loose.push({ role, found: item, only: limitOf(role, item) })
    }
    yield* fill(table, role, found)
  }
  const rows = yield* join(table, loose)
  return [...rows, ...surplus.map((one) => surplusRow(table, one))]
}

function observed({ observations }: View, { id }: Role): Observation | typeof unseen {
  return observations.get(id) ?? unseen
}

const unseen = { state: 'unknown' } as const

// Sets the cell of every link in one replica; `found`: the changed items there, by link.
function* fill(
  { view, links, cells }: Table,
  role: Role,
  found: ReadonlyMap<LinkId, Found>,
): Work<void> {
  const observation = observed(view, role)
  const gone = new Set<ItemId>(observation.state === 'seen' ? observation.gone : [])
  const aged = view.rewound?.get(role.id)
  for (const link of links.values()) {
    yield 0.1
    const cell = cellOf(link, role.id, observation, found.get(link.id), gone)
    const was = view.replaced?.get(link.id)?.get(role.id)
    const known = cell.state === 'absent' ? { ...cell, was } : agedOf(cell, aged)
    cells.get(link.id)?.set(role.id, known)
  }
}

// Assigns every loose item to a row: the row of its link, or a new row for all items of its family.
function* join(table: Table, loose: readonly Loose[]): Work<Row[]> {
  const { rules, view, links, cells } = table
  const doubles = doublesIn(table, loose)
  for (const { link, stays } of doubles) cells.get(link)?.set(hubIn(rules) as ReplicaId, stays)
  const left = withoutDoubles(loose, doubles)
  const { adopted, born } = yield* matched(rules, [...links.values()], cells, left)
  for (const one of adopted) cells.get(one.link)?.set(one.role.id, adoptedCell(table, one))
  const rows = knownRows(table, doubles)
  const { length: receivers } = rules.roles.filter(
    (role) => role.receives && observed(view, role).state === 'seen',
  )
  let creates = 0
  const name = naming(rules, view.links, view.observations)
  for (const family of born) {
    yield 1
    if (!travels(rules, family)) continue
    creates += Math.max(0, receivers - family.length)
    demandSize(rules, { actions: creates, cells: rows.length * rules.roles.length })
    rows.push(bornRow(table, family, name(family)))
  }
  return rows
}

// A rewound hub shows old items, which say nothing about what other groups created.
function doublesIn({ rules, view, links, cells }: Table, loose: readonly Loose[]) {
  const hub = rules.roles.find((role) => role.hub)
  if (hub !== undefined && view.rewound?.has(hub.id)) return []
  return doublesOf(hub, [...links.values()], cells, loose)
}

function withoutDoubles(loose: readonly Loose[], doubles: readonly Doubles[]): readonly Loose[] {
  const seen = doubles.flatMap(({ stays, yields }) => [stays, ...yields])
  const taken = new Set(seen.map(({ found }) => found))
  return loose.filter(({ found }) => !taken.has(found))
}

function adoptedCell(table: Table, { link, role, found, moved }: Adopted): Cell {
  const { view, cells } = table
  const cell = cells.get(link)?.get(role.id)
  // A moved copy keeps its history, and so does the item of a replica that does not receive: we never write there.
  // Any other item is compared as if it was never seen; it may come from a backup.
  const own = moved || !role.receives
  const known = own && cell?.state === 'gone' ? cell.copy : undefined
  const copy = known ?? madeCopy(table, link, role, found)
  return agedOf({ state: 'edited', copy, found }, view.rewound?.get(role.id))
}

// Our copy from a create of unknown outcome: the sent content is known, and so are the edits of the user since then.
function madeCopy({ rules, view, links }: Table, id: LinkId, role: Role, found: Found) {
  const link = links.get(id)
  const attempt = view.attempts?.get(id)?.get(role.id)
  if (link === undefined || attempt === undefined || found.stamp?.link !== id) return undefined
  return madeCopyOf(rules.type, link, attempt, found)
}

// The rows of the links, in their order.
function knownRows({ view, links, cells }: Table, doubles: readonly Doubles[]): Row[] {
  const restorations = new Map(view.restorations?.map((each) => [each.link, each]))
  const yielded = new Map(doubles.map(({ link, yields }) => [link, yields]))
  return [...links.values()].map((link) => {
    const restoration = restorations.get(link.id)
    const yields = yielded.get(link.id)
    const attempts = view.attempts?.get(link.id)
    const waits = (replica: ReplicaId, revision: number) =>
      view.short?.has(replica) || isPutOff(view, attempts?.get(replica), revision)
    const row = { link, cells: cells.get(link.id) ?? new Map(), restoration, waits }
    return { ...row, ...(yields && { yields }) }
  })
}

// A family of which no item travels (receive-only replicas, private items) gets no row.
function travels({ type }: Rules, family: Family): boolean {
  return family.some(({ role, found }) => role.writes && mayLeave(type, role, found))
}

function bornRow({ rules, view }: Table, family: Family, link: Link): Row {
  const cells = emptyCells(rules.roles, view.observations)
  for (const { role, found } of family) cells.set(role.id, { state: 'edited', found })
  return { link, cells, waits: (replica) => view.short?.has(replica) ?? false }
}

// A second copy of ours: the server acknowledged its id to an earlier attempt, but the copy was not visible then.
function isSurplus({ view, links }: Table, role: Role, { id, stamp }: Found): boolean {
  const attempt = stamp && view.attempts?.get(stamp.link)?.get(role.id)
  const copy = attempt && links.get(attempt.link)?.copies.get(role.id)
  if (copy === undefined || !attempt?.items.some((each) => each.id === id)) return false
  const observation = view.observations.get(role.id)
  return observation?.state === 'seen' && !observation.gone.includes(copy.id)
}

// The row of a separate link whose deletion is agreed: the copy is put into the bin and deleted, and its edits do not
// travel.
function surplusRow({ rules, view }: Table, { role, found }: Loose): Row {
  const id = digestOf('surplus', role.id, found.id) as LinkId
  const copy = { id: found.id, version: found.version, revision: 1, shown: {} }
  const link: Link = {
    ...freshLink(id),
    revision: 2,
    agreed: undefined,
    bases: new Map([[1, found.item]]),
    copies: new Map([[role.id, copy]]),
  }
  const cells = emptyCells(rules.roles, view.observations)
  return { link, cells: cells.set(role.id, { state: 'edited', copy, found }) }
}

/** The roles, hub first, then by id: the order of all decisions. */
export function ordered(roles: readonly Role[]): readonly Role[] {
  return [...roles].sort(
    (one, other) => Number(other.hub) - Number(one.hub) || (one.id < other.id ? -1 : 1),
  )
}

// No server guarantees an order, and the matching must not depend on it.
function byId(items: readonly Found[]): readonly Found[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1))
}

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

// Returns the function that limits the matches of an item that no link knows.
function limits(rules: Rules, view: View): (role: Role, found: Found) => Loose['only'] {
  const ids = new Set(view.links.map(({ id }) => id))
  const shared = sharedMarks(rules, view)
  return (role, found) => {
    if (!mayMatch(rules, shared, role, found)) return 'own copy'
    return isForeign(rules, ids, role, found) ? 'its equal' : undefined
  }
}

// May the item be matched with others? A private item of a member may not, unless it is our copy of another item, or
// the source of copies.
function mayMatch(rules: Rules, shared: ReadonlySet<string>, role: Role, found: Found): boolean {
  const { id, stamp } = found
  if (role.hub || oursIn(rules, stamp) !== undefined || mayLeave(rules.type, role, found))
    return true
  return shared.has(sourceMark(role.id, id)) || shared.has(linkIdOf(rules.group, role.id, id))
}

function oursIn(rules: Rules, stamp: Stamp | undefined): Stamp | undefined {
  return stamp !== undefined && isOurs(rules.group, hubIn(rules), stamp) ? stamp : undefined
}

/** The marks of items that have copies: the links and sources that stamps name, and the ids and aliases of links. */
export function sharedMarks(rules: Rules, view: View): ReadonlySet<string> {
  const found = [...view.observations.values()].flatMap((seen) =>
    seen.state === 'seen' ? seen.changed : [],
  )
  const named = found.flatMap(({ stamp }) => {
    const ours = oursIn(rules, stamp)
    return ours === undefined ? [] : [ours.link, ours.source]
  })
  return new Set([...named, ...view.links.flatMap(({ id, aliases }) => [id, ...aliases])])
}

// Copies stamped by another hub, in this or any other group, must not reach this hub. Exception: the stamp's link id is
// ours (the hub was renamed).
function isForeign(rules: Rules, links: ReadonlySet<LinkId>, role: Role, found: Found): boolean {
  const { stamp } = found
  if (role.hub || stamp === undefined || links.has(stamp.link)) return false
  return stamp.hub !== hubMark(hubIn(rules))
}

function hubIn({ roles }: Rules): ReplicaId | undefined {
  return roles.find(({ hub }) => hub)?.id
}

// A member's private item does not leave the mailbox, unless the group copies private items.
function mayLeave(type: ItemType, role: Role, found: Found): boolean {
  return role.hub || role.private === 'Copy' || !type.private(found.item)
}
