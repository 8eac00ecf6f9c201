// The three-way merge of one link, field by field. An edit is what differs from the content that its
// own copy had; edits of different fields merge, fields such as sets merge by their own rule, and two
// different edits of any other field are a conflict that the policy settles.

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

/** What one replica changed: fields with their new value, undefined for a field that went. */
export type Edit = Readonly<{
  replica: ReplicaId
  hub: boolean
  /** The content that the edit was made on. */
  base: Item
  changes: ReadonlyMap<string, Value | undefined>
  /** The whole item as it looks to its editor, in agreed terms. */
  view: Item
  modifiedMs: number
}>

/** The merged content, when it was edited last, and what could not be merged. */
export type Merged = Readonly<{
  item: Item
  editedMs: number
  conflicts: readonly FieldConflict[]
}>

/**
 * What a found item changes against its base. A field that shows what it showed when it was written
 * down (`shown`) is unchanged, whatever the server made of it. `firstTime`: never linked, so that a
 * field which is not there says nothing.
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

/** The item with the changes made. */
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
 * Merges the edits into what is agreed. `agreedMs`: when the agreed content was edited last; undefined
 * when nothing was ever agreed.
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

// Every edit of the field, and what was agreed meanwhile when an editor had not seen it.
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

// Without a history some of them may be copies that we made late: a value is as old as its oldest holder.
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

// Of values that are the same, the hub's form is taken, else the agreed one, else that of the first id.
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

// When several people changed what a derived field is made of, none of their versions is right: it is
// made again by the rule that made one of theirs. What one made keeps what the agreed one shows.
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
