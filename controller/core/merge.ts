// The three-way merge of one link, field by field. An edit is a difference from the content that its own copy had.
// Edits of different fields merge; fields such as sets merge by their own rule; two different edits of any other field
// are a conflict, and the policy picks the winner.

import { shows } from './deviation.ts'
import type { ReplicaId } from './id.ts'
import {
  type Field,
  type FieldEdit,
  type Item,
  type ItemType,
  patched,
  same,
  type Value,
} from './item.ts'
import { greatest } from './many.ts'
import type { FieldConflict, Found, Shown } from './model.ts'
import { type Contender, type Policy, winner } from './policy.ts'

/** The changes of one replica: fields with their new values, undefined for a removed field. */
export type Edit = Readonly<{
  replica: ReplicaId
  hub: boolean
  /** The content before the edit. */
  base: Item
  changes: ReadonlyMap<string, Value | undefined>
  /** The editor's version of the whole item; fields without an edit have the base's values. */
  view: Item
  modifiedMs: number
}>

/** The merged content, the time of its last edit (ms since 1970), and the conflicts. */
export type Merged = Readonly<{
  item: Item
  editedMs: number
  conflicts: readonly FieldConflict[]
}>

/**
 * The differences between a found item and its base. A field that still shows the noted deviation (`shown`) is
 * unchanged. `firstTime`: the item was never linked, so a missing field is not an edit.
 */
export function changesOf(
  type: ItemType,
  found: Found,
  base: Item,
  shown: Shown,
  firstTime = false,
): ReadonlyMap<string, Value | undefined> {
  const changes = new Map<string, Value | undefined>()
  for (const field of new Set([...Object.keys(found.item), ...Object.keys(base)])) {
    const rule = type.field(field)
    const value = found.item[field]
    if (same(rule, value, base[field])) continue
    const text = rule.canonical(value)
    if (shows(shown, field, text)) continue
    if (firstTime && text === '') continue
    changes.set(field, value)
  }
  return changes
}

/** The item after the changes. */
export function changed(item: Item, changes: ReadonlyMap<string, Value | undefined>): Item {
  const set: Record<string, Value> = {}
  const clear: string[] = []
  for (const [field, value] of changes) {
    if (value === undefined) clear.push(field)
    else set[field] = value
  }
  return patched(item, { set, clear })
}

/**
 * Merges the edits into the agreed content. `agreedMs`: the time of its last edit, ms since 1970; undefined if nothing
 * was ever agreed.
 */
export function merged(
  type: ItemType,
  policy: Policy,
  agreed: Item,
  agreedMs: number | undefined,
  edits: readonly Edit[],
): Merged {
  const fields = [...new Set(edits.flatMap((edit) => [...edit.changes.keys()]))].sort()
  const conflicts: FieldConflict[] = []
  const result = new Map<string, Value | undefined>()
  let editedMs = agreedMs ?? 0
  for (const field of fields) {
    const rule = type.field(field)
    const contenders = contendersOf(type, field, agreed, agreedMs, edits)
    const values = new Set(contenders.map(({ value }) => rule.canonical(value)))
    if (values.size === 1) {
      result.set(field, preferred(contenders).value)
      editedMs = latest(editedMs, contenders)
    } else if (rule.merge !== undefined) {
      result.set(field, rule.merge(agreed[field], editsOf(field, edits)))
      editedMs = latest(editedMs, contenders)
    } else {
      const won = winner(policy, contenders)
      result.set(field, won.value)
      editedMs = latest(editedMs, [won])
      if (edits.some(({ view }) => type.derived(field, view))) continue
      const lost = contenders.filter(({ value }) => !same(rule, value, won.value))
      conflicts.push({
        field,
        losers: lost.flatMap(({ replica }) => (replica === undefined ? [] : [replica])),
        agreedLost: lost.some(({ replica }) => replica === undefined),
      })
    }
  }
  const item = rederived(type, agreed, changed(agreed, result), fields, edits)
  return { item, editedMs, conflicts }
}

function latest(ms: number, contenders: readonly Contender[]): number {
  return Math.max(ms, greatest(contenders.map(({ modifiedMs }) => modifiedMs)))
}

// All edits of the field, and the agreed value if it changed after the base of one of the edits.
function contendersOf(
  type: ItemType,
  field: string,
  agreed: Item,
  agreedMs: number | undefined,
  edits: readonly Edit[],
): readonly Contender[] {
  const rule = type.field(field)
  const editors = edits.filter(({ changes }) => changes.has(field))
  const blind = editors.some(({ base }) => !same(rule, base[field], agreed[field]))
  const contenders: Contender[] = editors.map(({ replica, hub, changes, modifiedMs }) => ({
    replica,
    hub,
    value: changes.get(field),
    modifiedMs,
  }))
  if (agreedMs === undefined) return sinceFirst(rule, contenders)
  if (blind) {
    contenders.push({ replica: undefined, hub: false, value: agreed[field], modifiedMs: agreedMs })
  }
  return contenders
}

// Without a history some items may be copies that we created later: a value has the time of its oldest item.
function sinceFirst(rule: Field, contenders: readonly Contender[]): readonly Contender[] {
  const texts = contenders.map(({ value }) => rule.canonical(value))
  const oldest = new Map<string, number>()
  contenders.forEach(({ modifiedMs }, index) => {
    const text = texts[index] ?? ''
    oldest.set(text, Math.min(modifiedMs, oldest.get(text) ?? modifiedMs))
  })
  return contenders.map((one, index) => {
    return { ...one, modifiedMs: oldest.get(texts[index] ?? '') ?? one.modifiedMs }
  })
}

// Picks one form of equal values: the hub's, else the agreed one, else that of the smallest replica id.
function preferred(contenders: readonly Contender[]): Contender {
  return winner(
    'HubWins',
    contenders.map((each) => ({ ...each, modifiedMs: 0 })),
  )
}

function editsOf(field: string, edits: readonly Edit[]): readonly FieldEdit[] {
  return edits.flatMap(({ base, changes }) =>
    changes.has(field) ? [{ from: base[field], to: changes.get(field) }] : [],
  )
}

// Updates the derived fields. If several editors changed the sources of a derived field, no editor's value is right: it
// is derived again, by the rule that made one of them. If one editor did, parts that their server dropped are kept.
function rederived(
  type: ItemType,
  agreed: Item,
  item: Item,
  fields: readonly string[],
  edits: readonly Edit[],
): Item {
  const authors = edits.filter(({ changes }) => type.sources.some((field) => changes.has(field)))
  if (authors.length === 0) return item
  const next: Record<string, Value> = { ...item }
  for (const field of fields) {
    if (type.sources.includes(field)) continue
    const made =
      authors.length === 1
        ? [type.kept(field, agreed, item)]
        : authors.map(({ view }) => type.derive(field, view, item))
    const value = made.find((each) => each !== undefined)
    if (value !== undefined) next[field] = value
  }
  return next
}
