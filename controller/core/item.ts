// An item has the fields that we synchronise, by name. A field without a value is absent: no empty strings, no nulls.
// Two values are the same if their canonical texts are the same (`Field`): servers trim, fold and re-wrap values, and
// that is not an edit.

/** One field's value: a text, a set of texts, or parts that travel together (an address, a body, a date and day). */
export type Value = string | readonly string[] | Readonly<Record<string, string>>

/** The fields of one contact (later appointment, task, note …). */
export type Item = Readonly<Record<string, Value>>

/** One editor's change of a field: its value before and after. */
export type FieldEdit = Readonly<{ from: Value | undefined; to: Value | undefined }>

/** How a field's values are compared and merged. `fields.ts` has the usual ones. */
export type Field = Readonly<{
  /** The text by which values are compared; '' for an absent one. */
  canonical: (value: Value | undefined) => string
  /** Merges different edits of the agreed value; absent if the policy picks one of them. */
  merge?: (agreed: Value | undefined, edits: readonly FieldEdit[]) => Value | undefined
}>

/** The texts of an item that a search uses, as they were written. */
export type SearchTexts = Readonly<{
  /** Its names, in every usual order. */
  names: readonly string[]
  addresses: readonly string[]
  /** Telephone numbers and similar texts, which a search also finds without their signs. */
  numbers: readonly string[]
}>

/** A change to an item: fields that get a value, and fields that are removed. */
export type Patch = Readonly<{ set: Item; clear: readonly string[] }>

/** A mailbox's default folder of a kind, by its name in Outlook and in EWS. */
export type Home = 'Contacts' | 'Calendar' | 'Tasks' | 'Notes'

/** Everything that the planner needs to know about a kind of item. `items/contact.ts` is the first kind. */
export type ItemType = Readonly<{
  /** The kind's name, `Contacts`. */
  name: string
  /** The mailbox's default folder of the kind: the first segment of a folder's path. */
  home: Home
  /** The version of the fields and their canonical forms: raised by each change of either. */
  codec: number
  /** The fields that were added after that version. */
  newSince(codec: number): ReadonlySet<string>
  /** How a field behaves. */
  field(name: string): Field
  /** Does the server derive this field from others of this item? Then it is never a conflict. */
  derived(field: string, item: Item): boolean
  /** The fields from which derived fields are made. */
  sources: readonly string[]
  /** The derived field's value for a merged item, by the rule of the example; undefined if no rule fits the example. */
  derive(field: string, example: Item, merged: Item): Value | undefined
  /**
   * The derived field's value after one editor changed its sources, if the editor's server drops a part of the agreed
   * value (a title); undefined if the editor's value stays.
   */
  kept(field: string, agreed: Item, edited: Item): Value | undefined
  /** The natural keys: entries of two replicas with a common key may be the same item at first sync. */
  naturalKeys(item: Item): readonly string[]
  /** Do these two, which share a natural key, contradict each other? */
  contradicts(one: Item, other: Item): boolean
  /** Did the user mark it private? */
  private(item: Item): boolean
  /** The item's name, for people; '' if it has none. */
  title(item: Item): string
  /** The texts that a search uses. */
  searchTexts(item: Item): SearchTexts
}>

/** An item without fields: the base of a first sync. */
export const nothing: Item = Object.freeze({})

/** Are the two values the same, apart from differences that servers make? */
export function same(
  { canonical }: Field,
  one: Value | undefined,
  other: Value | undefined,
): boolean {
  return identical(one, other) || canonical(one) === canonical(other)
}

// The usual case, and much cheaper than canonical texts: the values are identical.
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

/** The patch from `from` to `to`; fields in sorted order. */
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

/** Is the patch empty? */
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

/** The number of bytes of text in the item (UTF-8). */
export function bytesOf(item: Item): number {
  let bytes = 0
  for (const value of Object.values(item)) {
    const texts = typeof value === 'string' ? [value] : Object.values(value)
    for (const text of texts) bytes += Buffer.byteLength(text)
  }
  return bytes
}

/** The canonical text of the whole item: equal for equal items from any server. */
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

/** The text without characters that XML 1.0 forbids. Mailboxes contain some of them; no request may. */
export function legal(text: string): string {
  return text.replace(illegal, '')
}

/** The longest row of marks that is composed: the limit of Unicode's stream-safe text (UAX 15). */
const marksMax = 30
const marks = /\p{M}{31,}/gu

/**
 * The text in its composed form (NFC), for comparisons. Composing sorts marks by insertion, so a letter with n marks
 * costs n² steps: a row of marks that is longer than in any script stays as it is.
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
