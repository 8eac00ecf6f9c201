// Decides how one replica gets the agreed content: by an action, or by a note in the baseline if no action is needed.

import { doubtedIn, drifted, driftIn, shownOf, stillDoubted } from './deviation.ts'
import type { Reading } from './edit.ts'
import type { ItemId, ReplicaId, Version } from './id.ts'
import {
  difference,
  empty,
  fieldsOf,
  type Item,
  type ItemType,
  type Patch,
  same,
  touched,
} from './item.ts'
import { append } from './many.ts'
import {
  baseOf,
  type Cell,
  type Copy,
  type Found,
  isOfOlderCodec,
  type Link,
  type Role,
} from './model.ts'
import type { Action, Keep, Reread } from './step.ts'

/** A step's parts while they are put together. */
export type Draft = {
  keeps: Keep[]
  actions: Action[]
  known: Map<ReplicaId, Copy>
  dropped: ReplicaId[]
  declined: ReplicaId[]
  rereads: Reread[]
}

/** One replica in a step: the inputs of its action. */
export type Spot = Readonly<{
  type: ItemType
  link: Link
  role: Role
  cell: Cell
  reading: Reading | undefined
  agreed: Item | undefined
  revision: number
  /** A create must not be retried yet. */
  waits: boolean
}>

/** Adds the action or the notes of this replica to the draft. */
export function place(spot: Spot, draft: Draft): void {
  const { link, role, cell, agreed } = spot
  switch (cell.state) {
    case 'unknown':
      return
    case 'absent':
      if (agreed !== undefined && role.receives && !declines(role, link)) create(spot, draft)
      return
    case 'gone':
      if (agreed === undefined) draft.dropped.push(role.id)
      else if (madeAgain(role, link, cell)) {
        draft.dropped.push(role.id)
        if (role.receives) create(spot, draft)
      } else {
        draft.dropped.push(role.id)
        draft.declined.push(role.id)
      }
      return
    case 'same':
      // The copy is noted, but was not read since: the next read comes before any action.
      if (cell.copy.version === unread) return
      if (agreed !== undefined && isOfOlderCodec(spot.type, cell.copy)) {
        if (link.revision !== spot.revision || cell.copy.revision !== link.revision)
          draft.rereads.push({ replica: role.id, id: cell.copy.id })
        return
      }
      if (agreed === undefined) remove(spot, cell.copy.id, cell.copy.version, draft)
      else bring(spot, baseOf(link, cell.copy) ?? {}, cell.copy, draft)
      return
    case 'edited':
      note(spot, cell.copy, cell.found, draft)
      if (agreed === undefined) remove(spot, cell.found.id, cell.found.version, draft)
      else bringEdited(spot, draft)
  }
}

function create({ role, waits }: Spot, draft: Draft): void {
  if (!waits) draft.actions.push({ kind: 'create', replica: role.id })
}

// Notes a copy as soon as it is seen. Otherwise, after a failure, it would be unknown and created once more. Until it
// is processed, its version is one that no server has.
function note(
  { role, type: { codec } }: Spot,
  copy: Copy | undefined,
  found: Found,
  draft: Draft,
): void {
  if (copy === undefined)
    draft.known.set(role.id, { id: found.id, version: unread, revision: 0, shown: {}, codec })
  else if (copy.id !== found.id)
    draft.known.set(role.id, { ...copy, id: found.id, version: unread })
}

const unread = '' as Version

// Is a missing copy created again? Not if its user deleted it in a receive-only replica with `drift: Ignore`. If the
// deletion was agreed before, the delete was ours, so the copy is created.
function madeAgain(role: Role, link: Link, { rewound }: Extract<Cell, { state: 'gone' }>): boolean {
  return role.writes || role.drift === 'Revert' || rewound === true || link.agreed === undefined
}

function declines(role: Role, link: Link): boolean {
  return link.declined.has(role.id) && !role.writes && role.drift === 'Ignore'
}

// Deletes a copy only in a replica that receives. sync/removal.ts reads and keeps it before the delete.
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
  const patch = sparing(type, copy.withheld ?? false, held, agreed ?? {})
  if (empty(patch)) {
    if (copy.revision !== revision || link.revision !== revision)
      draft.known.set(role.id, { ...copy, revision })
  } else if (role.receives) {
    const { id, version, shown, withheld = false } = copy
    const fields = touched(patch)
    const unsettled = [...driftIn(shown), ...doubtedIn(shown)]
    draft.actions.push({
      kind: 'update',
      replica: role.id,
      id,
      expect: version,
      patch,
      shown,
      withheld,
      overwrites: unsettled.filter((field) => fields.includes(field)),
    })
  }
}

// The patch from `held` to `agreed`. An owner's private mark is not removed by others' edits.
function sparing(type: ItemType, withheld: boolean, held: Item, agreed: Item): Patch {
  const patch = difference(type, held, agreed)
  if (!withheld) return patch
  const marks = (item: Item, field: string) => {
    const value = item[field]
    return value !== undefined && type.private({ [field]: value })
  }
  const spared = (field: string) => marks(held, field) || marks(agreed, field)
  const set = Object.entries(patch.set).filter(([field]) => !spared(field))
  return { set: Object.fromEntries(set), clear: patch.clear.filter((field) => !spared(field)) }
}

// Updates a copy that was just read. Deviations that its server made are left as they are.
function bringEdited(spot: Spot, draft: Draft): void {
  const { reading, agreed } = spot
  if (reading === undefined || agreed === undefined)
    throw new Error('an edited cell without a reading')
  const { found } = reading
  const { ignored, held, withheld, patch } = lackOf(spot.type, reading, agreed)
  const replica = spot.role.id
  const before = reading.copy?.shown ?? {}
  const mine = ignored ? [...reading.changes.keys(), ...driftIn(before)] : []
  const noted = (as: Item) =>
    stillDoubted(drifted(shownOf(spot.type, found.item, as), new Set(mine)), before)
  if (empty(patch) || !spot.role.receives) {
    const { id, version } = found
    const target = { id, version, revision: spot.revision, codec: spot.type.codec }
    draft.known.set(replica, { ...target, shown: noted(agreed), ...(withheld && { withheld }) })
    return
  }
  const shown = noted(held)
  const at = { kind: 'update', replica, id: found.id, expect: found.version } as const
  draft.actions.push({ ...at, patch, shown, withheld, overwrites: [] })
  append(draft.keeps, ownKept(reading, ignored, touched(patch)))
}

// The keep for changes of the user that the update overwrites; none if it overwrites none.
function ownKept(reading: Reading, ignored: boolean, fields: readonly string[]): readonly Keep[] {
  const { found, changes, travels, renewed } = reading
  const before = reading.copy?.shown ?? {}
  const drift = driftIn(before)
  // If the edits travel, the update overwrites only ignored drift from before that is no edit now.
  const left = drift.filter((field) => !changes.has(field))
  const undecided = travels ? left : [...changes.keys(), ...(ignored ? drift : []), ...renewed]
  const own = [...undecided, ...doubtedIn(before).filter((field) => !changes.has(field))]
  if (!own.some((field) => fields.includes(field))) return []
  const reason = reading.aged ? 'Backup' : 'Drift'
  return [{ replica: reading.replica, loss: found.version, item: found.item, reason, fields }]
}

/** The difference between a copy that was just read and the agreed content, and the user's own part of it. */
export type Lack = Readonly<{
  /** The user's own changes stay in the copy for now. */
  ignored: boolean
  /** The content that the patch starts from. */
  held: Item
  /** The owner marked it private. */
  withheld: boolean
  /** Brings the copy to the agreed content. */
  patch: Patch
}>

/** Compares a copy that was just read with what is agreed, as every pass does. */
export function lackOf(type: ItemType, reading: Reading, agreed: Item): Lack {
  const { role, view, travels, aged } = reading
  const ignored = !travels && !aged && (role.writes || role.drift === 'Ignore')
  const held = ignored ? agreedSince(type, reading, agreed) : view
  const withheld = role.writes && !travels && !aged
  const patch = sparing(type, withheld, held, agreed)
  return { ignored, held, withheld, patch }
}

// The content that an update starts from if the drift is ignored. A field gets a new agreed value; otherwise the value
// of the user stays. A deviation that the user did not make is our own write with a lost reply: it is updated as in any
// other copy.
function agreedSince(type: ItemType, { base, view, changes }: Reading, agreed: Item): Item {
  const held: Record<string, Item[string]> = { ...agreed }
  for (const field of fieldsOf(base, agreed, view)) {
    const rule = type.field(field)
    if (same(rule, view[field], agreed[field])) continue
    if (same(rule, base[field], agreed[field]) && changes.has(field)) continue
    const value = view[field]
    if (value === undefined) delete held[field]
    else held[field] = value
  }
  return held
}
