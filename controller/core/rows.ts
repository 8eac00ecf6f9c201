// Lays the baseline beside the observations: one row per link that somebody changed or that is behind,
// one cell per replica. Every item that was found belongs to exactly one row, or to none.
//
//   link │ hub      ann      bob      carl    │ read as
//   ─────┼────────────────────────────────────┼──────────────────────────────
//   L1   │ same     edited   same     same    │ ann's edit travels
//   L2   │ gone     same     same     unknown │ hub's delete travels; carl later
//   L3   │ gone     edited   same     same    │ an edit beats a delete
//   L4   │ absent   edited   absent   absent  │ ann made a new one
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

/** All that a plan is made from. `links` holds every link that is changed or behind, and no more need be. */
export type View = Readonly<{
  group: GroupId
  type: ItemType
  roles: readonly Role[]
  links: readonly Link[]
  observations: ReadonlyMap<ReplicaId, Observation>
  /** Replicas whose folder went back in time, and which of their items show old content therefore. */
  rewound?: ReadonlyMap<ReplicaId, Aged>
  /** What folders that others replaced held of these links: no copies any more, but what is there may be them. */
  replaced?: ReadonlyMap<LinkId, ReadonlyMap<ReplicaId, Copy>>
  /** What is wanted back from the bin, at most one for each link, whose links are all there. */
  restorations?: readonly Restoration[]
  /** Creates whose outcome is unknown, by link. */
  attempts?: ReadonlyMap<LinkId, Attempts>
  /** Replicas that may hold more than was listed: nothing new is made there in this pass. */
  short?: ReadonlySet<ReplicaId>
  /** Must such a create wait, at this revision of its link? */
  waits?: (attempt: Attempt | undefined, revision: number) => boolean
}>

/** Which items of a rewound folder show old content: all, or those not yet brought up to date. */
export type Aged = 'all' | ReadonlySet<ItemId>

/** The rows of a view, in an order that does not depend on that of members or changes. */
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
        loose.push({ role, found: item, only: 'her own' })
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

// A second copy, under an id that the server acknowledged to an earlier try of ours, and that was not to be seen then.
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

// As a link of its own whose deletion is agreed: nothing of it travels, and it goes into the bin.
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

// May it be compared with others? What a member marked private may not, unless it is a copy that was made of
// the hub's, or what others were copied from.
function mayMatch(view: View, shared: ReadonlySet<string>, role: Role, found: Found): boolean {
  const { id, stamp } = found
  if (role.hub || oursIn(view, stamp) !== undefined || mayLeave(view.type, role, found)) return true
  return shared.has(sourceMark(role.id, id)) || shared.has(linkIdOf(view.group, role.id, id))
}

function oursIn(view: View, stamp: Stamp | undefined): Stamp | undefined {
  return stamp !== undefined && isOurs(view.group, hubIn(view), stamp) ? stamp : undefined
}

/** Marks of items from which something was copied. */
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

// What was copied from another hub, by this group or by any other, belongs to that one, and must not reach
// this. The hub may have had another name then: a link of ours, known by its id, is ours all the same.
function isForeign(view: View, links: ReadonlySet<LinkId>, role: Role, { stamp }: Found): boolean {
  if (role.hub || stamp === undefined || links.has(stamp.link)) return false
  return stamp.hub !== hubMark(hubIn(view))
}

function hubIn({ roles }: View): ReplicaId | undefined {
  return roles.find(({ hub }) => hub)?.id
}

// A member's own item that is marked private never leaves the mailbox.
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

// A rewound folder shows what it once held; what it lacks was not deleted.
function agedOf(cell: Cell, aged: Aged | undefined): Cell {
  if (aged === undefined || (cell.state !== 'edited' && cell.state !== 'gone')) return cell
  const id = cell.state === 'edited' ? cell.found.id : cell.copy.id
  return aged === 'all' || aged.has(id) ? { ...cell, rewound: true } : cell
}

// Gives every loose item its row: that of a link it belongs to, or a new one together with its equals.
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
    // What was only moved keeps its history, and so does what is nobody else's doing; anything else, rewound
    // perhaps, is compared as if never seen.
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
    const [eldest] = family
    // What a receive-only member puts beside our copies is left alone, and so is what is marked private.
    const travels = ({ role, found }: Loose) => role.writes && mayLeave(view.type, role, found)
    if (eldest === undefined || !family.some(travels)) continue
    const row = emptyCells(roles, view.observations)
    for (const { role, found } of family) row.set(role.id, { state: 'edited', found })
    const link = name(family)
    const waits = (replica: ReplicaId) => view.short?.has(replica) ?? false
    rows.push({ link, cells: row, waits })
  }
  return rows
}

// A copy of ours whose create was of unknown outcome: what was sent is known, and so what its user changed since.
function madeCopy(view: View, link: Link | undefined, role: Role, found: Found) {
  const attempt = link && view.attempts?.get(link.id)?.get(role.id)
  if (link === undefined || attempt === undefined || found.stamp?.link !== link.id) return undefined
  return madeCopyOf(view.type, link, attempt, found)
}
