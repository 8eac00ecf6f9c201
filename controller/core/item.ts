// An item is the fields that we synchronise, by name. An absent field is absent: no empty strings, no
// nulls. Two values are the same when their canonical texts are (`Field`): servers trim, fold and re-wrap what
// they are given, and that must not read as an edit.

/** One field's value: a text, a set of texts, or parts that travel together (an address, a body, a date and its day). */
export type Value = string | readonly string[] | Readonly<Record<string, string>>

/** The fields of one contact (later appointment, task, note …). */
export type Item = Readonly<Record<string, Value>>

/** One editor's change of a field: its value before and after. */
export type FieldEdit = Readonly<{ from: Value | undefined; to: Value | undefined }>

/** How a field's values are compared and merged. Those of `fields.ts` are what most kinds need. */
export type Field = Readonly<{
  /** The text by which values are compared; '' for an absent one. */
  canonical: (value: Value | undefined) => string
  /** The value that different edits of the agreed one come to together; absent where the policy picks one of them. */
  merge?: (agreed: Value | undefined, edits: readonly FieldEdit[]) => Value | undefined
}>

/** The texts of an item by which people look for it, as they were written. */
export type SearchTexts = Readonly<{
  /** Its names, in each order in which people write them. */
  names: readonly string[]
  addresses: readonly string[]
  /** Telephone numbers and the like, which are also found without their signs. */
  numbers: readonly string[]
}>

/** A change to an item: fields that get a value, fields that go. */
export type Patch = Readonly<{ set: Item; clear: readonly string[] }>

/** A mailbox's own folder of a kind, by its name in Outlook and in EWS. */
export type Home = 'Contacts' | 'Calendar' | 'Tasks' | 'Notes'

/** Everything the planner must know about a kind of item. `items/contact.ts` is the first. */
export type ItemType = Readonly<{
  /** The kind's name, `Contacts`. */
  name: string
  /** The mailbox's own folder of the kind: the first segment of a folder's path. */
  home: Home
  /** The version of what is read and how it is compared: larger since a field came, or a canonical form changed. */
  codec: number
  /** The fields that came after that version. */
  newSince(codec: number): ReadonlySet<string>
  /** How a field behaves. */
  field(name: string): Field
  /** Does the server make this field from others of this item, so that it is never a conflict? */
  derived(field: string, item: Item): boolean
  /** Fields from which `derived` ones are made. */
  sources: readonly string[]
  /** The derived field's value for a merged item, where the rule can be read off an example. */
  derive(field: string, example: Item, merged: Item): Value | undefined
  /**
   * The derived field's value after one editor's change of its sources, where their server drops what the agreed
   * form shows (a title); undefined where theirs stays.
   */
  kept(field: string, agreed: Item, edited: Item): Value | undefined
  /** Keys under which two people's entries are taken for the same one at first sync. */
  naturalKeys(item: Item): readonly string[]
  /** Do these two, which share a natural key, contradict each other? */
  contradicts(one: Item, other: Item): boolean
  /** Did the user mark it private? */
  private(item: Item): boolean
  /** The item's name, for people; '' when nothing in it tells. */
  title(item: Item): string
  /** The texts by which people look for it. */
  searchTexts(item: Item): SearchTexts
}>

/** No fields at all: what a first sync merges from. */
export const nothing: Item = Object.freeze({})

/** Are the two values the same, as far as any server keeps them apart? */
export function same(
  { canonical }: Field,
  one: Value | undefined,
  other: Value | undefined,
): boolean {
  return identical(one, other) || canonical(one) === canonical(other)
}

// The usual case, a hundred thousand times in a first sync: not even the spelling differs.
function identical(one: Value | undefined, other: Value | undefined): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object') return false
  const [mine, others] = [Object.entries(one), other as Readonly<Record<string, string>>]
  return (
    mine.length === Object.keys(other).length && mine.every(([key, text]) => others[key] === text)
  )
}

/** The item after the change. */
export function patched(item: Item, patch: Patch): Item {
  const next: Record<string, Value> = { ...item, ...patch.set }
  for (const field of patch.clear) delete next[field]
  return next
}

/** What turns `from` into `to`, field by field; fields in sorted order. */
export function difference(type: ItemType, from: Item, to: Item): Patch {
  const set: Record<string, Value> = {}
  const clear: string[] = []
  for (const field of fieldsOf(from, to)) {
    if (same(type.field(field), from[field], to[field])) continue
    const value = to[field]
    if (value === undefined) clear.push(field)
    else set[field] = value
  }
  return { set, clear }
}

/** Does the change change nothing? */
export function empty(patch: Patch): boolean {
  return patch.clear.length === 0 && Object.keys(patch.set).length === 0
}

/** The fields that a patch touches, sorted. */
export function touched(patch: Patch): readonly string[] {
  return [...Object.keys(patch.set), ...patch.clear].sort()
}

/** The names of all fields that any of the items has, sorted. */
export function fieldsOf(...items: readonly Item[]): readonly string[] {
  return [...new Set(items.flatMap((item) => Object.keys(item)))].sort()
}

/** How many bytes of text the item has. */
export function bytesOf(item: Item): number {
  let bytes = 0
  for (const value of Object.values(item)) {
    const texts = typeof value === 'string' ? [value] : Object.values(value)
    for (const text of texts) bytes += Buffer.byteLength(text)
  }
  return bytes
}

/** The canonical text of the whole item: equal for equal items, whatever server they come from. */
export function canonicalItem(type: ItemType, item: Item): string {
  const lines: string[] = []
  for (const field of fieldsOf(item)) {
    const text = type.field(field).canonical(item[field])
    if (text !== '' && !type.derived(field, item)) lines.push(JSON.stringify([field, text]))
  }
  return lines.join('\n')
}

const illegal =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** The text without characters that XML 1.0 cannot carry; mailboxes hold some, no request may. */
export function legal(text: string): string {
  return text.replace(illegal, '')
}

/** How many marks in a row are sorted: those of Unicode's stream-safe text (UAX 15). */
const marksMax = 30
const marks = /\p{M}{31,}/gu

/**
 * The text in its composed form (NFC), by which texts are compared. Composing sorts marks by insertion, so that a letter
 * with n marks costs n² steps: a longer row of marks than any script has stays as it is.
 */
export function composed(text: string): string {
  if (text.length <= marksMax) return text.normalize('NFC')
  let [done, from] = ['', 0]
  for (const { 0: row, index } of text.matchAll(marks)) {
    done += text.slice(from, index).normalize('NFC') + row
    from = index + row.length
  }
  return done + text.slice(from).normalize('NFC')
}
