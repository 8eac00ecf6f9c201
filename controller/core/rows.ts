// Combines the baseline and the observations: one row per link that is changed or behind, one cell per replica. Every
// found item belongs to at most one row.
//
//   link │ hub      ann      bob      carl    │ read as
//   ─────┼────────────────────────────────────┼──────────────────────────────
//   L1   │ same     edited   same     same    │ ann's edit travels
//   L2   │ gone     same     same     unknown │ hub's delete travels; carl later
//   L3   │ gone     edited   same     same    │ an edit beats a delete
//   L4   │ absent   edited   absent   absent  │ ann created an item
import { type Attempt, type Attempts, madeCopyOf } from './attempt.ts'
import { naming } from './born.ts'
import { type Doubles, doublesOf } from './doubles.ts'
import { digestOf, type GroupId, type ItemId, type LinkId, linkIdOf, type ReplicaId } from './id.ts'
import type { ItemType } from './item.ts'
import type { Loose } from './loose.ts'
import { matched } from './match.ts'
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
} from './model.ts'
import { hubMark, isOurs, type Stamp, sourceMark } from './stamp.ts'
import { type Work, weightOf } from './work.ts'

/** The input of a plan. `links` must have every link that is changed or behind; the others may be absent. */
export type View = Readonly<{
  group: GroupId
  type: ItemType
  roles: readonly Role[]
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
  /** Replicas that may hold more items than were listed: nothing is created there in this pass. */
  short?: ReadonlySet<ReplicaId>
  /** Must the create of this attempt wait, at this revision of its link? */
  waits?: (attempt: Attempt | undefined, revision: number) => boolean
}>

/** The items of a rewound folder that show old content: all, or those that were not updated since. */
export type Aged = 'all' | ReadonlySet<ItemId>

/** The rows of a view. Their order does not depend on the order of members or changes. */
export function* rowsOf(view: View): Work<readonly Row[]> {
  const roles = ordered(view.roles)
  const known = indexed(view.links)
  const cells = new Map<LinkId, Map<ReplicaId, Cell>>()
  const links = [...view.links].sort((one, other) => (one.id < other.id ? -1 : 1))
  for (const link of links) cells.set(link.id, new Map())

  const ids = new Set(links.map(({ id }) => id))
  const loose: Loose[] = []
  const surplus: Loose[] = []
  const byLink = new Map(links.map((link) => [link.id, link]))
  const shared = sharedMarks(view)
  for (const role of roles) {
    const observation = view.observations.get(role.id) ?? unseen
    const found = new Map<LinkId, Found>()
    const gone = new Set<ItemId>(observation.state === 'seen' ? observation.gone : [])
    for (const item of observation.state === 'seen' ? byId(observation.changed) : []) {
      yield weightOf(item.item)
      const link = known.get(role.id)?.get(item.id)
      if (link !== undefined) found.set(link, item)
      else if (isSurplus(view, byLink, role, item)) surplus.push({ role, found: item })
      else if (!mayMatch(view, shared, role, item))
        loose.push({ role, found: item, only: 'own copy' })
      else {
        const only = isForeign(view, ids, role, item) ? 'its equal' : undefined
        loose.push({ role, found: item, only })
      }
    }
    const aged = view.rewound?.get(role.id)
    for (const link of links) {
      yield 0.1
      const cell = cellOf(link, role.id, observation, found.get(link.id), gone)
      const was = view.replaced?.get(link.id)?.get(role.id)
      const known = cell.state === 'absent' ? { ...cell, was } : agedOf(cell, aged)
      cells.get(link.id)?.set(role.id, known)
    }
  }
  const aged = view.rewound?.has(hubIn(view) ?? ('' as ReplicaId)) ?? false
  const doubles = aged
    ? []
    : doublesOf(
        roles.find(({ hub }) => hub),
        links,
        cells,
        loose,
      )
  const rows = yield* join(view, roles, links, cells, loose, doubles)
  return [...rows, ...surplus.map((one) => surplusRow(view, roles, one))]
}

// A second copy of ours: the server acknowledged its id to an earlier attempt, but the copy was not visible then.
function isSurplus(
  view: View,
  links: ReadonlyMap<LinkId, Link>,
  role: Role,
  { id, stamp }: Found,
): boolean {
  const attempt = stamp && view.attempts?.get(stamp.link)?.get(role.id)
  const copy = attempt && links.get(attempt.link)?.copies.get(role.id)
  if (copy === undefined || !attempt?.items.some((each) => each.id === id)) return false
  const observation = view.observations.get(role.id)
  return observation?.state === 'seen' && !observation.gone.includes(copy.id)
}

// The row of a separate link whose deletion is agreed: the copy is put into the bin and deleted, and its edits do not
// travel.
function surplusRow({ observations }: View, roles: readonly Role[], { role, found }: Loose): Row {
  const id = digestOf('surplus', role.id, found.id) as LinkId
  const copy = { id: found.id, version: found.version, revision: 1, shown: {} }
  const link: Link = {
    ...freshLink(id),
    revision: 2,
    agreed: undefined,
    bases: new Map([[1, found.item]]),
    copies: new Map([[role.id, copy]]),
  }
  const cells = emptyCells(roles, observations)
  return { link, cells: cells.set(role.id, { state: 'edited', copy, found }) }
}

function emptyCells(
  roles: readonly Role[],
  observations: View['observations'],
): Map<ReplicaId, Cell> {
  return new Map(
    roles.map(({ id }) => {
      const state = observations.get(id)?.state === 'seen' ? 'absent' : 'unknown'
      return [id, { state }]
    }),
  )
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

// May the item be matched with others? A private item of a member may not, unless it is our copy of another item, or
// the source of copies.
function mayMatch(view: View, shared: ReadonlySet<string>, role: Role, found: Found): boolean {
  const { id, stamp } = found
  if (role.hub || oursIn(view, stamp) !== undefined || mayLeave(view.type, role, found)) return true
  return shared.has(sourceMark(role.id, id)) || shared.has(linkIdOf(view.group, role.id, id))
}

function oursIn(view: View, stamp: Stamp | undefined): Stamp | undefined {
  return stamp !== undefined && isOurs(view.group, hubIn(view), stamp) ? stamp : undefined
}

/** The marks of items that have copies: the links and sources that stamps name, and the ids and aliases of links. */
export function sharedMarks(view: View): ReadonlySet<string> {
  const found = [...view.observations.values()].flatMap((seen) =>
    seen.state === 'seen' ? seen.changed : [],
  )
  const named = found.flatMap(({ stamp }) => {
    const ours = oursIn(view, stamp)
    return ours === undefined ? [] : [ours.link, ours.source]
  })
  return new Set([...named, ...view.links.flatMap(({ id, aliases }) => [id, ...aliases])])
}

// Copies stamped by another hub, in this or any other group, must not reach this hub. Exception: the stamp's link id is
// ours (the hub was renamed).
function isForeign(view: View, links: ReadonlySet<LinkId>, role: Role, { stamp }: Found): boolean {
  if (role.hub || stamp === undefined || links.has(stamp.link)) return false
  return stamp.hub !== hubMark(hubIn(view))
}

function hubIn({ roles }: View): ReplicaId | undefined {
  return roles.find(({ hub }) => hub)?.id
}

// A member's private item does not leave the mailbox, unless the group copies private items.
function mayLeave(type: ItemType, role: Role, found: Found): boolean {
  return role.hub || role.private === 'Copy' || !type.private(found.item)
}

function cellOf(
  link: Link,
  replica: ReplicaId,
  seen: Pick<Observation, 'state'> & Readonly<{ large?: ReadonlySet<ItemId> }>,
  found: Found | undefined,
  gone: ReadonlySet<ItemId>,
): Cell {
  const copy = link.copies.get(replica)
  if (seen.state === 'unknown') return { state: 'unknown', copy }
  if (copy === undefined) return { state: 'absent' }
  if (seen.large?.has(copy.id)) return { state: 'unknown', copy }
  if (found !== undefined) return { state: 'edited', copy, found }
  return gone.has(copy.id) ? { state: 'gone', copy } : { state: 'same', copy }
}

// A rewound folder shows old content, and an item that it lacks was not deleted.
function agedOf(cell: Cell, aged: Aged | undefined): Cell {
  if (aged === undefined || (cell.state !== 'edited' && cell.state !== 'gone')) return cell
  const id = cell.state === 'edited' ? cell.found.id : cell.copy.id
  return aged === 'all' || aged.has(id) ? { ...cell, rewound: true } : cell
}

// Assigns every loose item to a row: the row of its link, or a new row for all items of its family.
function* join(
  view: View,
  roles: readonly Role[],
  links: readonly Link[],
  cells: ReadonlyMap<LinkId, Map<ReplicaId, Cell>>,
  loose: readonly Loose[],
  doubles: readonly Doubles[],
): Work<Row[]> {
  const rows: Row[] = []
  const taken = new Set(
    doubles.flatMap(({ stays, yields }) => [stays, ...yields]).map(({ found }) => found),
  )
  for (const { link, stays } of doubles) cells.get(link)?.set(hubIn(view) as ReplicaId, stays)
  const left = loose.filter(({ found }) => !taken.has(found))
  const byId = new Map(links.map((link) => [link.id, link]))
  const { adopted, born } = yield* matched(view.group, hubIn(view), view.type, links, cells, left)
  for (const { link, role, found, moved } of adopted) {
    const cell = cells.get(link)?.get(role.id)
    // A moved copy keeps its history, and so does the item of a replica that does not receive: we never write there.
    // Any other item is compared as if it was never seen; it may come from a backup.
    const own = moved || !role.receives
    const known = own && cell?.state === 'gone' ? cell.copy : undefined
    const copy = known ?? madeCopy(view, byId.get(link), role, found)
    const seen: Cell = { state: 'edited', copy, found }
    cells.get(link)?.set(role.id, agedOf(seen, view.rewound?.get(role.id)))
  }
  const restorations = new Map(view.restorations?.map((each) => [each.link, each]))
  const yielded = new Map(doubles.map(({ link, yields }) => [link, yields]))
  for (const link of links) {
    const restoration = restorations.get(link.id)
    const yields = yielded.get(link.id)
    const attempts = view.attempts?.get(link.id)
    const waits = (replica: ReplicaId, revision: number) =>
      view.short?.has(replica) || (view.waits?.(attempts?.get(replica), revision) ?? false)
    const row = { link, cells: cells.get(link.id) ?? new Map(), restoration, waits }
    rows.push({ ...row, ...(yields && { yields }) })
  }

  const name = naming(view.group, hubIn(view), view.links, view.observations)
  for (const family of born) {
    yield 1
    const [first] = family
    // A family of which no item travels (receive-only replicas, private items) gets no row.
    const travels = ({ role, found }: Loose) => role.writes && mayLeave(view.type, role, found)
    if (first === undefined || !family.some(travels)) continue
    const row = emptyCells(roles, view.observations)
    for (const { role, found } of family) row.set(role.id, { state: 'edited', found })
    const link = name(family)
    const waits = (replica: ReplicaId) => view.short?.has(replica) ?? false
    rows.push({ link, cells: row, waits })
  }
  return rows
}

// Our copy from a create of unknown outcome: the sent content is known, and so are the edits of the user since then.
function madeCopy(view: View, link: Link | undefined, role: Role, found: Found) {
  const attempt = link && view.attempts?.get(link.id)?.get(role.id)
  if (link === undefined || attempt === undefined || found.stamp?.link !== link.id) return undefined
  return madeCopyOf(view.type, link, attempt, found)
}
