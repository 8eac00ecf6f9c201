// Decides which entries to restore so that chosen changes of one contact are undone: the content that the contact gets,
// taken from as few entries as contain it. Pure.

import { digestOfAll, type LinkId } from './id.ts'
import { difference, empty, type Item, type ItemType, same, touched, type Value } from './item.ts'
import { into } from './many.ts'
import { changed } from './merge.ts'
import type { KeepReason, Restoration } from './model.ts'

/** An entry of the bin or of the history. Without fields it is about the whole contact. */
export type Entry = Omit<Restoration, 'askedMs' | 'plan' | 'seen' | 'confirmed'>

/** Fields that stay unchanged because another entry changed them later. No fields: the contact stays deleted. */
export type Left = Readonly<{ fields: readonly string[]; by: Entry | undefined }>

/** The entries to restore, each with its wanted fields, and the fields that stay unchanged. */
export type Undoing = Readonly<{ sources: readonly Entry[]; left: readonly Left[] }>

/** Does such an entry contain the agreed content before a change, so that the change can be undone? */
export function holdsAgreed(reason: KeepReason): boolean {
  return reason === 'Edited' || reason === 'Deleted' || reason === 'Restored'
}

/**
 * Undoes the chosen entries of one contact, from the newest to the oldest: each field gets its value from the oldest entry
 * that names it; a field that did not exist then is cleared. `now` is the agreed content, undefined if the contact is
 * deleted. With `others`, all other entries of its history, their later changes stay, and a deleted contact comes back
 * only if its delete was chosen.
 */
export function undoingOf(
  type: ItemType,
  now: Item | undefined,
  chosen: readonly Entry[],
  others?: readonly Entry[],
): Undoing {
  const newestFirst = chosen.toSorted((one, other) => other.n - one.n)
  if (others === undefined) return { sources: sourcesOf(type, now, newestFirst), left: [] }
  const { spared, left } =
    now === undefined
      ? sparedDeleted(newestFirst, others)
      : sparedAlive(type, now, newestFirst, others)
  return { sources: sourcesOf(type, now, spared), left }
}

/** Brings back the whole content of an entry; clears fields that were added since. */
export function backTo(type: ItemType, now: Item | undefined, entry: Entry): readonly Entry[] {
  if (now === undefined) return [{ ...entry, fields: [] }]
  const fields = touched(difference(type, now, entry.item))
  return onlyDerived(type, fields, entry.item) ? [] : [{ ...entry, fields }]
}

/** The hash of a plan: the same while the same entries and fields are requested and no contact has changed. */
export function hashOfPlan(
  asked: Iterable<
    Readonly<{ n: number; link: LinkId; revision: number; fields: readonly string[] }>
  >,
): string {
  const parts = [...asked].sort((one, other) => one.n - other.n)
  const texts = parts.map((each) => JSON.stringify([each.n, each.link, each.revision, each.fields]))
  return digestOfAll(['undo', ...texts]).slice(0, 12)
}

function sourcesOf(
  type: ItemType,
  now: Item | undefined,
  newestFirst: readonly Entry[],
): readonly Entry[] {
  return now === undefined ? reviving(type, newestFirst) : goingBack(type, now, newestFirst)
}

// Requests the whole base entry (preferably one with the target content): a pass restores one whole entry per contact, the
// one with the lowest number. The other entries supply the fields that differ from it.
function reviving(type: ItemType, newestFirst: readonly Entry[]): readonly Entry[] {
  const [newest] = newestFirst
  if (newest === undefined) return []
  let content = newest.item
  for (const { fields, item } of newestFirst) {
    const values = fields.map((field) => [field, item[field]] as const)
    content = fields.length === 0 ? item : changed(content, new Map(values))
  }
  const entries = newestFirst.toReversed()
  const differs = ({ item }: Entry) => difference(type, item, content)
  const base = entries.find((each) => empty(differs(each))) ?? entries[0] ?? newest
  const rest = covering(type, content, touched(differs(base)), entries)
  return [{ ...base, fields: [] }, ...rest]
}

function goingBack(type: ItemType, now: Item, newestFirst: readonly Entry[]): readonly Entry[] {
  const wanted = new Map<string, Value | undefined>()
  for (const { fields, item } of newestFirst) {
    // For a whole item, fields that the contact has got since stay.
    for (const field of fields.length === 0 ? Object.keys(item) : fields)
      wanted.set(field, item[field])
  }
  const target = changed(now, wanted)
  const fields = touched(difference(type, now, target))
  if (onlyDerived(type, fields, target)) return []
  return covering(type, target, fields, newestFirst.toReversed())
}

// Servers compute derived fields themselves: if only those differ, there is nothing to undo.
function onlyDerived(type: ItemType, fields: readonly string[], target: Item): boolean {
  return fields.every((field) => type.derived(field, target))
}

// Entries that contain these fields of the target: the one with the most fields first; among equals the oldest.
function covering(
  type: ItemType,
  target: Item,
  fields: readonly string[],
  oldestFirst: readonly Entry[],
): readonly Entry[] {
  const sources: Entry[] = []
  for (let open = fields; open.length > 0; ) {
    let most: Entry | undefined
    for (const entry of oldestFirst) {
      const its = open.filter((field) => same(type.field(field), entry.item[field], target[field]))
      if (its.length > (most?.fields.length ?? 0)) most = { ...entry, fields: its }
    }
    if (most === undefined) break
    sources.push(most)
    const { fields: held } = most
    open = open.filter((field) => !held.includes(field))
  }
  return sources
}

type Spared = Readonly<{ spared: readonly Entry[]; left: readonly Left[] }>

// A deleted contact comes back only if its last delete was chosen.
function sparedDeleted(newestFirst: readonly Entry[], others: readonly Entry[]): Spared {
  const newest = newestFirst.find(({ fields }) => fields.length === 0)
  const by = lastOf(others.filter(({ fields }) => fields.length === 0))
  if (newest === undefined || (by?.n ?? 0) > newest.n)
    return { spared: [], left: [{ fields: [], by }] }
  const spared = newestFirst.filter(({ n }) => n <= newest.n)
  return { spared: spared.flatMap((entry) => withoutChanged(entry, others)), left: [] }
}

// The contact exists: its deletes are undone already.
function sparedAlive(
  type: ItemType,
  now: Item,
  newestFirst: readonly Entry[],
  others: readonly Entry[],
): Spared {
  const edits = newestFirst.filter(({ fields }) => fields.length > 0)
  const spared = edits.flatMap((entry) => withoutChanged(entry, others))
  const done = new Set(spared.flatMap(({ fields }) => fields))
  const left = new Map<Entry, string[]>()
  for (const { n, fields, item } of edits) {
    for (const field of fields) {
      if (done.has(field) || type.derived(field, now)) continue
      done.add(field)
      const by = lastOf(others.filter((each) => each.n > n && each.fields.includes(field)))
      if (by === undefined || same(type.field(field), now[field], item[field])) continue
      into(left, by, field)
    }
  }
  return { spared, left: [...left].map(([by, fields]) => ({ by, fields: fields.sort() })) }
}

// The entry, with those of its fields that no other entry changed later.
function withoutChanged(entry: Entry, others: readonly Entry[]): readonly Entry[] {
  if (entry.fields.length === 0) return [entry]
  const later = others.filter(({ n }) => n > entry.n)
  const fields = entry.fields.filter((field) => !later.some((each) => each.fields.includes(field)))
  return fields.length === 0 ? [] : [{ ...entry, fields }]
}

function lastOf(entries: readonly Entry[]): Entry | undefined {
  return entries.toSorted((one, other) => other.n - one.n)[0]
}
