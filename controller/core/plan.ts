// Makes the plan: from rows to frozen values, one step per link, at most one action per replica. Pure. Four rules:
// - An edit travels, field by field.
// - An edit beats a delete. A delete counts only if the deleting replica had the latest revision.
// - Two different edits of one field are a conflict: the policy picks the winner, and the loser is kept.
// - Edits of receive-only replicas in our copies are reverted or ignored.

import { type Draft, place } from './action.ts'
import { yieldingSteps } from './doubles.ts'
import { type Reading, readingOf } from './edit.ts'
import { Held, weightOfRow } from './held.ts'
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import { bytesOf, difference, empty, type Item, type ItemType } from './item.ts'
import { keepsOf, losersIn, type Target } from './keeps.ts'
import { append } from './many.ts'
import { type Edit, merged } from './merge.ts'
import { type Cell, freshLink, type Link, type Role, type Row, type Rules } from './model.ts'
import { demandSize } from './plan-size.ts'
import { replacedIn } from './replaced.ts'
import { restoringEdit } from './restore.ts'
import { ordered } from './rows.ts'
import { sourceMark } from './stamp.ts'
import type { Plan, Step } from './step.ts'
import type { Work } from './work.ts'

/** The plan for these rows. A row whose hub could not be read is held: nothing is decided about it. */
export function* planOf(rules: Rules, rows: readonly Row[]): Work<Plan> {
  const roles = ordered(rules.roles)
  const hub = roles.find((role) => role.hub)
  const steps: Step[] = []
  const held = new Held()
  let actions = 0
  for (const row of rows) {
    yield weightOfRow(row)
    if (hub !== undefined && row.cells.get(hub.id)?.state === 'unknown') {
      held.hold(row)
      continue
    }
    const yielded = yieldedOf(rules.type, hub, row)
    const [first, ...others] = stepsOf({ ...rules, roles }, row, yielded)
    if (first === undefined) held.hold(row, row.link.id)
    else {
      for (const step of [first, ...others]) actions += step.actions.length
      demandSize(rules, { actions })
      append(steps, [first, ...others].filter(effective))
      append(steps, yieldingSteps(first, yielded))
    }
  }
  return { steps, ...held.noted() }
}

function yieldedOf(type: ItemType, hub: Role | undefined, { link, yields = [] }: Row) {
  return hub === undefined ? [] : yields.map((seen) => readingOf(type, link, hub, seen))
}

// A step is dropped if it changes nothing, neither in a replica nor in the baseline.
function effective(step: Step): boolean {
  const { actions, keeps, known, dropped, declined, rereads } = step
  const noted = known.size + dropped.length + declined.length + keeps.length + rereads.length
  return step.revision !== step.link.revision || actions.length + noted > 0
}

// The steps of one link, its own step first. `yielded`: doubles of the item in the hub. One story per branch:
//
//   the replicas show …                                              the steps …
//   a delete of the latest revision, and no edit                     delete every copy
//   a deletion that is agreed already, and no edit                   delete the copies that are left
//   edits that make the item too large together                      none: the row is held, and read again
//   no edit, and no delete that counts                               update the copies that are behind
//   edits of different fields, or a delete and an edit               merge the edits; update or create the other copies
//   different edits of one field                                     take the winner of the policy; the loser is kept
//   different edits of one field, KeepBoth                           … and make each losing version a separate link
function stepsOf(rules: Rules, row: Row, yielded: readonly Reading[]): readonly Step[] {
  const { link } = row
  const readings = readingsOf(rules, row)
  const edited = editsOf(rules, row, [...readings.values(), ...yielded])
  const deleters = deletersOf(rules.roles, row)
  // An edit beats a delete, and so does an unknown copy, unless it shows agreed content only.
  if (edited.edits.length === 0 && (deleters.length > 0 || link.agreed === undefined)) {
    const { editedMs } = link
    return [stepTo(rules, row, readings, { agreed: undefined, editedMs, conflicts: [], deleters })]
  }
  const merge = mergeOf(rules, link, edited.edits)
  if (merge === undefined) return []
  const target = { ...merge, ...edited, deleters: [], yielded }
  return rules.policy === 'KeepBoth'
    ? keepingBoth(rules, row, readings, target)
    : [stepTo(rules, row, readings, target)]
}

// All edits of a link, with the edit that a restoration from the bin makes.
function editsOf(
  { type, policy }: Rules,
  { link, restoration }: Row,
  readings: readonly Reading[],
): Readonly<{ edits: readonly Edit[]; restoring: Edit | undefined }> {
  const own = readings.filter(
    ({ travels, changes, revives }) => travels && (changes.size > 0 || revives),
  )
  const restoring = restoration && restoringEdit(type, policy, link, restoration)
  return { edits: restoring === undefined ? own : [...own, restoring], restoring }
}

// Merges the edits; undefined if the result is too large.
function mergeOf(
  { type, policy, itemBytes = Number.POSITIVE_INFINITY }: Rules,
  link: Link,
  edits: readonly Edit[],
): Pick<Target, 'agreed' | 'editedMs' | 'conflicts'> | undefined {
  const base = link.agreed ?? resurrected(edits)
  const baseMs = link.revision === 0 ? undefined : (link.editedMs ?? 0)
  const { item, editedMs, conflicts } = merged(type, policy, base, baseMs, edits)
  return bytesOf(item) > itemBytes ? undefined : { agreed: item, editedMs, conflicts }
}

// The readings of all replicas whose item is new or changed.
function readingsOf({ type, roles }: Rules, { link, cells }: Row): ReadonlyMap<ReplicaId, Reading> {
  const readings = new Map<ReplicaId, Reading>()
  for (const role of roles) {
    const cell = cells.get(role.id)
    if (cell?.state === 'edited') readings.set(role.id, readingOf(type, link, role, cell))
  }
  return readings
}

// Each losing version stays in its replica as a separate contact. The loser gets a new copy of this contact.
function keepingBoth(
  rules: Rules,
  row: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
  target: Target,
): readonly Step[] {
  const losers = losersIn(target.conflicts, readings)
  if (losers.length === 0) return [stepTo(rules, row, readings, target)]
  const others = new Map([...readings].filter(([id]) => !losers.some(({ role }) => role.id === id)))
  const cells = new Map(row.cells)
  for (const { role, copy = row.link.copies.get(role.id) } of losers) {
    cells.set(role.id, copy === undefined ? { state: 'absent' } : { state: 'gone', copy })
  }
  return [
    stepTo(rules, { ...row, cells }, others, target, readings),
    ...losers.map((loser) => conflictCopy(rules, row, loser)),
  ]
}

// The base of a deleted item that is edited: the editor's version, the hub's first.
function resurrected(edits: readonly Edit[]): Item {
  return edits.find(({ hub }) => hub)?.view ?? edits[0]?.view ?? {}
}

// A delete counts only if the replica had the latest revision. An item that a backup lacks was not deleted.
function deletersOf(roles: readonly Role[], row: Row): readonly ReplicaId[] {
  return roles
    .filter(({ id, writes, receives }) => {
      const cell = row.cells.get(id)
      if (!writes || cell?.state !== 'gone' || (cell.rewound && receives)) return false
      return cell.copy.revision === row.link.revision
    })
    .map(({ id }) => id)
}

function stepTo(
  { type, roles }: Rules,
  row: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
  target: Target,
  /** The readings whose losing versions are kept; with KeepBoth more than the readings of the step. */
  all = readings,
): Step {
  const { link, restoration } = row
  const { agreed } = target
  const moved = changedContent(type, link, agreed)
  const revision = link.revision + (moved ? 1 : 0)
  const draft: Draft = {
    keeps: [],
    actions: [],
    known: new Map(),
    dropped: [],
    declined: [],
    rereads: [],
  }
  for (const role of roles) {
    const cell = row.cells.get(role.id) ?? { state: 'unknown' }
    const waits = row.waits?.(role.id, revision) ?? false
    const reading = readings.get(role.id)
    place({ type, link, role, cell, reading, agreed, revision, waits }, draft)
  }
  append(draft.keeps, keepsOf({ type, roles }, row, readings, target, all))
  return {
    link,
    agreed,
    revision,
    editedMs: moved ? target.editedMs : link.editedMs,
    source: sourceIn(roles, link, readings),
    replaced: moved ? replacedIn(type, link, agreed, target.edits ?? [], draft.keeps) : [],
    restores: moved && restoration !== undefined,
    confirmed: restoration?.confirmed === true,
    ...draft,
    conflicts: target.conflicts,
    deleters: target.deleters,
    publisher: link.revision === 0 ? publisherIn(readings) : undefined,
    later: waiting(roles, row, readings),
  }
}

function publisherIn(readings: ReadonlyMap<ReplicaId, Reading>): ReplicaId | undefined {
  return [...readings.values()].find(({ travels }) => travels)?.replica
}

// An item that was moved or created again keeps its first mark: every group over the hub has seen that one.
function sourceIn(
  roles: readonly Role[],
  link: Link,
  readings: ReadonlyMap<ReplicaId, Reading>,
): string | undefined {
  const hub = roles.find((role) => role.hub)?.id
  if (hub === undefined || link.source !== undefined) return link.source
  const { id } = link.copies.get(hub) ?? readings.get(hub)?.found ?? {}
  return id === undefined ? undefined : sourceMark(hub, id)
}

// Must a replica that could not be read get a copy or an update of this later? An item already present in two replicas
// has no publisher; the guard does not count it.
function waiting(
  roles: readonly Role[],
  { link, cells }: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
): boolean {
  return roles.some(({ id, receives }) => {
    const cell = cells.get(id)
    if (!receives || cell?.state !== 'unknown') return false
    return link.revision === 0 ? readings.size === 1 : cell.copy !== undefined
  })
}

function changedContent(type: ItemType, link: Link, agreed: Item | undefined): boolean {
  if (link.revision === 0) return true
  if (agreed === undefined || link.agreed === undefined) return agreed !== link.agreed
  return !empty(difference(type, link.agreed, agreed))
}

// The losing version as a new link: so far only its editor has a copy.
function conflictCopy(rules: Rules, row: Row, { role, found }: Reading): Step {
  const link = freshLink(digestOf('twin', row.link.id, role.id, found.id, found.version) as LinkId)
  const cells = new Map<ReplicaId, Cell>(
    rules.roles.map(({ id }) => {
      const unreadable = row.cells.get(id)?.state === 'unknown'
      return [id, { state: unreadable ? 'unknown' : 'absent' }]
    }),
  )
  cells.set(role.id, { state: 'edited', found })
  const reading = readingOf(rules.type, link, role, { found })
  const target = { agreed: found.item, editedMs: found.modifiedMs, conflicts: [], deleters: [] }
  return stepTo(rules, { link, cells }, new Map([[role.id, reading]]), target)
}
