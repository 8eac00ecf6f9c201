// Decides what shall happen: from rows to a frozen plan, one step per link, at most one action per
// replica. Pure. Four rules: an edit travels, field by field; an edit beats a delete, and a delete
// counts only if whoever deleted had seen the latest revision; two different edits of one field are a
// conflict, whose loser is kept; what receive-only replicas change in our copies is reverted or ignored.
import { digestOf, type ItemId, type LinkId, type ReplicaId, type Version } from './id.ts'
import {
  canonical,
  difference,
  empty,
  fieldsOf,
  type Item,
  type ItemType,
  type Patch,
} from './item.ts'
import {
  baseOf,
  type Cell,
  type Copy,
  type Found,
  freshLink,
  type Link,
  type Role,
  type Row,
  type Shown,
} from './link.ts'
import { changed, changesOf, type Edit, type FieldConflict, merged } from './merge.ts'
import type { Policy } from './policy.ts'
import { ordered } from './rows.ts'

/** Why something is put into the bin. */
export type KeepReason = 'Conflict' | 'Drift' | 'Deleted'

/** Saves what another action would overwrite, before it does. `by`: who caused the loss. */
export type Keep = Readonly<{
  replica: ReplicaId
  item: Item
  reason: KeepReason
  fields: readonly string[]
}>

/** What to do on one replica. `expect` is the version that the server must still have. */
export type Action =
  | Readonly<{ kind: 'create'; replica: ReplicaId }>
  | Readonly<{
      kind: 'update'
      replica: ReplicaId
      id: ItemId
      expect: Version
      patch: Patch
      shown: Shown
      withheld: boolean
    }>
  | Readonly<{ kind: 'delete'; replica: ReplicaId; id: ItemId; expect: Version }>

/** What shall happen to one link. */
export type Step = Readonly<{
  link: Link
  /** The content that all shall agree on; undefined: that it is deleted. */
  agreed: Item | undefined
  revision: number
  editedMs: number | undefined
  keeps: readonly Keep[]
  actions: readonly Action[]
  /**
   * Copies as they are to be written down before anything is done: those that need no action, and those
   * found under another id than recorded, or for the first time.
   */
  known: ReadonlyMap<ReplicaId, Copy>
  /** Copies that are gone and shall be forgotten. */
  dropped: readonly ReplicaId[]
  /** Receive-only replicas that are left without a copy from now on. */
  declined: readonly ReplicaId[]
  conflicts: readonly FieldConflict[]
  /** Who deleted, or who brought it in: what the guard counts. */
  deleters: readonly ReplicaId[]
  publisher: ReplicaId | undefined
}>

/** Everything that a pass shall do. */
export type Plan = Readonly<{ steps: readonly Step[] }>

/** What the plan depends on besides the rows. */
export type Rules = Readonly<{ type: ItemType; roles: readonly Role[]; policy: Policy }>

/** The plan for these rows. Without the hub nothing is decided. */
export function planOf(rules: Rules, rows: readonly Row[]): Plan {
  const roles = ordered(rules.roles)
  const hub = roles.find((role) => role.hub)
  const steps: Step[] = []
  for (const row of rows) {
    if (hub !== undefined && row.cells.get(hub.id)?.state === 'unknown') continue
    steps.push(...stepsOf({ ...rules, roles }, row).filter(effective))
  }
  return { steps }
}

// A step that changes nothing, neither on a replica nor in the baseline, is none.
function effective(step: Step): boolean {
  const { actions, keeps, known, dropped, declined } = step
  const noted = known.size + dropped.length + declined.length + keeps.length
  return step.revision !== step.link.revision || actions.length + noted > 0
}

/** One replica's edit of a row's link, as the planner reads it. */
type Reading = Edit &
  Readonly<{ role: Role; found: Found; copy: Copy | undefined; travels: boolean }>

function stepsOf(rules: Rules, row: Row): readonly Step[] {
  const { type, roles, policy } = rules
  const { link } = row
  const readings = new Map<ReplicaId, Reading>()
  for (const role of roles) {
    const cell = row.cells.get(role.id)
    if (cell?.state === 'edited')
      readings.set(role.id, readingOf(type, link, role, cell.copy, cell.found))
  }
  const edits = [...readings.values()].filter(({ travels, changes }) => travels && changes.size > 0)
  const deleters = deletersOf(roles, row)
  // An edit beats a delete, and so does a copy nobody knew of, unless it only says what was agreed.
  if (edits.length === 0 && (deleters.length > 0 || link.agreed === undefined)) {
    return [stepTo(rules, row, readings, { agreed: undefined, conflicts: [], deleters })]
  }
  const base = link.agreed ?? resurrected(edits)
  const { item, conflicts } = merged(type, policy, base, link.editedMs ?? 0, edits)
  const step = stepTo(rules, row, readings, { agreed: item, conflicts, deleters: [] })
  return policy === 'KeepBoth' ? [step, ...twins(rules, row, readings, conflicts)] : [step]
}

// A deleted item that somebody edited lives again as that somebody has it.
function resurrected(edits: readonly Edit[]): Item {
  return edits.find(({ hub }) => hub)?.view ?? edits[0]?.view ?? {}
}

function readingOf(
  type: ItemType,
  link: Link,
  role: Role,
  copy: Copy | undefined,
  found: Found,
): Reading {
  const newcomer = copy === undefined || copy.revision === 0
  const base = newcomer ? {} : (baseOf(link, copy) ?? {})
  const isPrivate = !role.hub && role.private === 'Skip' && type.private(found.item)
  const unmarked = copy?.withheld === true && !isPrivate
  const shown = unmarked ? {} : (copy?.shown ?? {})
  const changes =
    copy === undefined ? newcomerChanges(type, link, found) : changesOf(type, found, base, shown)
  return {
    role,
    found,
    copy,
    replica: role.id,
    hub: role.hub,
    base,
    changes,
    view: newcomer ? found.item : changed(base, changes),
    modifiedMs: found.modifiedMs ?? 0,
    // What its owner marked private stays in the mailbox, whoever wrote the rest of it.
    travels: role.writes && !(isPrivate && !agreedPrivate(type, link)),
  }
}

// An item without a history says what it has, and nothing about what it lacks.
function newcomerChanges(type: ItemType, link: Link, found: Found) {
  if (link.revision === 0) return changesOf(type, found, {}, {}, true)
  return changesOf(type, found, link.agreed ?? {}, {}, true)
}

function agreedPrivate(type: ItemType, link: Link): boolean {
  return link.agreed !== undefined && type.private(link.agreed)
}

// A delete counts only if whoever deleted had seen the latest revision.
function deletersOf(roles: readonly Role[], row: Row): readonly ReplicaId[] {
  return roles
    .filter(({ id, writes }) => {
      const cell = row.cells.get(id)
      if (!writes || cell?.state !== 'gone') return false
      return cell.copy.revision === row.link.revision
    })
    .map(({ id }) => id)
}

type Target = Readonly<{
  agreed: Item | undefined
  conflicts: readonly FieldConflict[]
  deleters: readonly ReplicaId[]
}>

function stepTo(
  { type, roles }: Rules,
  row: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
  target: Target,
): Step {
  const { link } = row
  const { agreed } = target
  const moved = changedContent(type, link, agreed)
  const revision = link.revision + (moved ? 1 : 0)
  const edited = [...readings.values()].filter(
    ({ changes, travels }) => travels && changes.size > 0,
  )
  const draft = {
    keeps: [] as Keep[],
    actions: [] as Action[],
    known: new Map<ReplicaId, Copy>(),
    dropped: [] as ReplicaId[],
    declined: [] as ReplicaId[],
  }
  for (const role of roles) {
    const cell = row.cells.get(role.id) ?? { state: 'unknown' }
    place({ type, link, role, cell, reading: readings.get(role.id), agreed, revision }, draft)
  }
  draft.keeps.push(...losersOf(type, agreed, readings, target.conflicts))
  if (link.agreed !== undefined && target.conflicts.some(({ agreedLost }) => agreedLost)) {
    const fields = target.conflicts.filter(({ agreedLost }) => agreedLost).map(({ field }) => field)
    const hub = roles.find((role) => role.hub) ?? roles[0]
    if (hub) draft.keeps.push({ replica: hub.id, item: link.agreed, reason: 'Conflict', fields })
  }
  const fresh = link.revision === 0
  const publisher = [...readings.values()].find(({ travels }) => travels)?.replica
  return {
    link,
    agreed,
    revision,
    editedMs:
      moved && edited.length > 0
        ? Math.max(...edited.map((edit) => edit.modifiedMs))
        : link.editedMs,
    ...draft,
    conflicts: target.conflicts,
    deleters: target.deleters,
    publisher: fresh ? publisher : undefined,
  }
}

function changedContent(type: ItemType, link: Link, agreed: Item | undefined): boolean {
  if (link.revision === 0) return true
  if (agreed === undefined || link.agreed === undefined) return agreed !== link.agreed
  return !empty(difference(type, link.agreed, agreed))
}

type Draft = {
  keeps: Keep[]
  actions: Action[]
  known: Map<ReplicaId, Copy>
  dropped: ReplicaId[]
  declined: ReplicaId[]
}

type Spot = Readonly<{
  type: ItemType
  link: Link
  role: Role
  cell: Cell
  reading: Reading | undefined
  agreed: Item | undefined
  revision: number
}>

// What happens on one replica so that it holds what is agreed.
function place(spot: Spot, draft: Draft): void {
  const { link, role, cell, agreed } = spot
  switch (cell.state) {
    case 'unknown':
      return
    case 'absent':
      if (agreed !== undefined && role.receives && !declines(role, link)) {
        draft.actions.push({ kind: 'create', replica: role.id })
      }
      return
    case 'gone':
      if (agreed === undefined) draft.dropped.push(role.id)
      else if (role.writes || role.drift === 'Revert') {
        draft.dropped.push(role.id)
        if (role.receives) draft.actions.push({ kind: 'create', replica: role.id })
      } else {
        draft.dropped.push(role.id)
        draft.declined.push(role.id)
      }
      return
    case 'same':
      if (agreed === undefined) remove(spot, cell.copy.id, cell.copy.version, draft)
      else bring(spot, baseOf(link, cell.copy) ?? {}, cell.copy, draft)
      return
    case 'edited':
      note(spot, cell.copy, cell.found, draft)
      if (agreed === undefined) remove(spot, cell.found.id, cell.found.version, draft)
      else bringEdited(spot, draft)
  }
}

// A copy is written down as soon as it is seen, so that no failure makes it a stranger that would be
// created once more. Until it has been dealt with, its version is one that no server has.
function note({ role }: Spot, copy: Copy | undefined, found: Found, draft: Draft): void {
  if (copy === undefined)
    draft.known.set(role.id, { id: found.id, version: unread, revision: 0, shown: {} })
  else if (copy.id !== found.id)
    draft.known.set(role.id, { ...copy, id: found.id, version: unread })
}

const unread = '' as Version

function declines(role: Role, link: Link): boolean {
  return link.declined.has(role.id) && !role.writes && role.drift === 'Ignore'
}

// A copy is deleted only where others' edits may arrive; it is read and kept first, by whoever applies.
function remove({ role }: Spot, id: ItemId, expect: Version, draft: Draft): void {
  if (role.receives) draft.actions.push({ kind: 'delete', replica: role.id, id, expect })
  else draft.dropped.push(role.id)
}

function bring(
  { type, role, link, agreed, revision }: Spot,
  held: Item,
  copy: Copy,
  draft: Draft,
): void {
  const patch = difference(type, held, agreed ?? {})
  if (empty(patch)) {
    if (copy.revision !== revision || link.revision !== revision)
      draft.known.set(role.id, { ...copy, revision })
  } else if (role.receives) {
    const { id, version, shown, withheld = false } = copy
    draft.actions.push({
      kind: 'update',
      replica: role.id,
      id,
      expect: version,
      patch,
      shown,
      withheld,
    })
  }
}

// A copy that was just read: compared as it is, with what the server made of it left alone.
function bringEdited({ type, role, reading, agreed, revision }: Spot, draft: Draft): void {
  if (reading === undefined || agreed === undefined)
    throw new Error('an edited cell without a reading')
  const { found, base, view, changes, travels } = reading
  const ignored = !travels && (role.writes || role.drift === 'Ignore')
  const held = ignored ? agreedSince(type, base, agreed, view) : view
  const patch = difference(type, held, agreed)
  const withheld = role.writes && !travels
  const target = { id: found.id, version: found.version, revision }
  if (empty(patch) || !role.receives) {
    const shown = shownOf(type, found.item, agreed)
    draft.known.set(role.id, { ...target, shown, ...(withheld ? { withheld } : {}) })
    return
  }
  const shown = shownOf(type, found.item, held)
  draft.actions.push({
    kind: 'update',
    replica: role.id,
    id: found.id,
    expect: found.version,
    patch,
    shown,
    withheld,
  })
  if (!travels && !ignored && changes.size > 0) {
    draft.keeps.push({
      replica: role.id,
      item: found.item,
      reason: 'Drift',
      fields: touched(patch),
    })
  }
}

// For a drift that is ignored: where the agreed content moved it counts, elsewhere the user's own does.
function agreedSince(type: ItemType, base: Item, agreed: Item, view: Item): Item {
  const held: Record<string, Item[string]> = { ...agreed }
  for (const field of fieldsOf(base, agreed, view)) {
    const kind = type.kindOf(field)
    if (canonical(kind, base[field]) === canonical(kind, agreed[field])) continue
    if (canonical(kind, view[field]) === canonical(kind, agreed[field])) continue
    const value = view[field]
    if (value === undefined) delete held[field]
    else held[field] = value
  }
  return held
}

/** Digests of the fields in which a copy shows something else than agreed. */
export function shownOf(type: ItemType, item: Item, agreed: Item): Shown {
  const shown: Record<string, string> = {}
  for (const field of fieldsOf(item, agreed)) {
    const kind = type.kindOf(field)
    const text = canonical(kind, item[field])
    if (text !== canonical(kind, agreed[field])) shown[field] = digestOf(text)
  }
  return shown
}

/** The fields that a patch touches, sorted. */
export function touched(patch: Patch): readonly string[] {
  return [...Object.keys(patch.set), ...patch.clear].sort()
}

// Whoever loses a field loses it into the bin, as a whole item, before the winner is written.
function losersOf(
  type: ItemType,
  agreed: Item | undefined,
  readings: ReadonlyMap<ReplicaId, Reading>,
  conflicts: readonly FieldConflict[],
): readonly Keep[] {
  const keeps: Keep[] = []
  for (const [replica, { found }] of readings) {
    const fields = conflicts
      .filter(({ losers }) => losers.includes(replica))
      .map(({ field }) => field)
    if (fields.length === 0 || agreed === undefined) continue
    if (empty(difference(type, found.item, agreed))) continue
    keeps.push({ replica, item: found.item, reason: 'Conflict', fields })
  }
  return keeps
}

// KeepBoth: the losing version lives on as a contact of its own, everywhere.
function twins(
  rules: Rules,
  row: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
  conflicts: readonly FieldConflict[],
): readonly Step[] {
  const losers = new Set(conflicts.flatMap((conflict) => conflict.losers))
  return [...losers].sort().flatMap((replica) => {
    const reading = readings.get(replica)
    if (reading === undefined) return []
    const id = digestOf('twin', row.link.id, replica, reading.found.version) as LinkId
    const cells = new Map<ReplicaId, Cell>(
      rules.roles.map((role) => {
        const unreadable = row.cells.get(role.id)?.state === 'unknown'
        return [role.id, unreadable ? { state: 'unknown' } : { state: 'absent' }]
      }),
    )
    return [
      stepTo(rules, { link: freshLink(id), cells }, new Map(), {
        agreed: reading.view,
        conflicts: [],
        deleters: [],
      }),
    ]
  })
}
