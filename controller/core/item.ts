// An item is the fields that we synchronise, by name. What is absent is absent: no empty strings, no
// nulls. Two values are the same when their canonical texts are: servers trim, fold and re-wrap what
// they are given, and that must not read as an edit.

/** One field's value: a text, a set of texts, or parts that travel together (an address, a body, a date and its day). */
export type Value = string | readonly string[] | Readonly<Record<string, string>>

/** The fields of one contact (later appointment, task, note …). */
export type Item = Readonly<Record<string, Value>>

/** How a field's values are compared and merged. */
export type FieldKind = 'text' | 'date' | 'set' | 'parts' | 'email' | 'body'

/** A change to an item: fields that get a value, fields that go. */
export type Patch = Readonly<{ set: Item; clear: readonly string[] }>

/** A mailbox's own folder of a kind, by its name in Outlook and in EWS. */
export type Home = 'Contacts' | 'Calendar' | 'Tasks' | 'Notes'

/** Everything the planner must know about a kind of item. `items/contact.ts` is the first. */
export type ItemType = Readonly<{
  /** The kind's name, `Contacts`. */
  name: string
  /** Where items of the kind lie in a mailbox: the first segment of a folder's path. */
  home: Home
  /** The version of what is read and how it is compared: larger since a field came, or a canonical form changed. */
  codec: number
  /** The fields that came after that version. */
  newSince(codec: number): ReadonlySet<string>
  /** How a field behaves. */
  kindOf(field: string): FieldKind
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
}>

/** No fields at all: what a first sync merges from. */
export const nothing: Item = Object.freeze({})

/** The text by which values are compared; '' for an absent one. */
export function canonical(kind: FieldKind, value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return kind === 'date' ? dayOf(value) : folded(value)
  if (Array.isArray(value)) return [...new Set(value.map(folded))].filter(Boolean).sort().join('\n')
  const parts = value as Readonly<Record<string, string>>
  if (kind === 'date') return localDay(parts.local ?? '') || dayOf(parts.utc ?? '')
  if (kind === 'email') return canonicalEmail(parts)
  if (kind === 'body') return canonicalBody(parts)
  const named = Object.keys(parts).sort()
  return named.map((part) => [part, folded(parts[part] ?? '')].join('=')).join('\n')
}

/** Are the two values the same, as far as any server keeps them apart? */
export function same(kind: FieldKind, one: Value | undefined, other: Value | undefined): boolean {
  return identical(one, other) || canonical(kind, one) === canonical(kind, other)
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
    if (same(type.kindOf(field), from[field], to[field])) continue
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
    const text = canonical(type.kindOf(field), item[field])
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

function folded(text: string): string {
  return composed(legal(text).replace(/\r\n?/g, '\n').trim())
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

const dayMs = 86_400_000

// Clients write a day as a time: 00:00Z, 11:59Z (MS-OXOCNTC §2.2.1.5), or midnight where they are. The nearest
// midnight in UTC is the day; a time without a zone is in UTC.
function dayOf(text: string): string {
  const time = folded(text)
  const ms = Date.parse(/T[\d:.]+$/.test(time) ? `${time}Z` : time)
  return Number.isNaN(ms) ? time : dayAt(Math.floor(ms / dayMs + 0.5) * dayMs)
}

// The day that a client wrote beside the time, free of time zones; '' when it is none.
function localDay(text: string): string {
  const ms = Date.parse(folded(text).slice(0, 10))
  return Number.isNaN(ms) ? '' : dayAt(ms)
}

function dayAt(ms: number): string {
  const [day = ''] = new Date(ms).toISOString().split('T')
  return noDays.includes(day) ? '' : day
}

// What clients write where there is no date: the zero of Windows, and the `none` of MAPI.
const noDays = ['1601-01-01', '4501-01-01']

// A server fills in what is missing: the routing type, and the address as its own display name.
function canonicalEmail(parts: Readonly<Record<string, string>>): string {
  const routing = folded(parts.routingType ?? '') || 'SMTP'
  const address = folded(parts.address ?? '')
  const name = folded(parts.name ?? '')
  const shown = name.toLowerCase() === address.toLowerCase() ? '' : name
  const key = routing.toUpperCase() === 'SMTP' ? address.toLowerCase() : address
  return [routing.toUpperCase(), key, shown].join('\n')
}

// Exchange wraps HTML in html, head and body, moves white space and may turn plain text into HTML of
// the same words. A body without real markup is its text; other markup counts, but not around nothing:
// Outlook leaves an empty paragraph where a note was.
function canonicalBody(parts: Readonly<Record<string, string>>): string {
  const text = parts.text ?? ''
  if ((parts.type ?? 'Text').toUpperCase() !== 'HTML') return plain(text)
  const inner = without(without(text, comments), wrappers)
  const bare = inner
    .replace(spaces, ' ')
    .replace(/<br\s*\/?>\s*/gi, '\n')
    .replace(/<\/(p|div)\s*>\s*/gi, '\n')
    .replace(/<(p|div)\s*>/gi, '')
  if (!/<[a-z/]/i.test(bare)) return plain(decoded(bare))
  const isEmpty = !shownTags.test(bare) && plain(decoded(without(bare, anyTag))) === ''
  return isEmpty ? '' : `html:${inner.replace(spaces, ' ').trim()}`
}

/** Pieces of HTML: how one begins (sticky, in small letters), and with what it ends. */
type Pieces = readonly (readonly [begin: RegExp, end: string])[]

const comments: Pieces = [[/<!--/y, '-->']]
const wrappers: Pieces = [
  [/<head\b/y, '</head'],
  [/<\/?(html|body|meta|!doctype)\b/y, '>'],
]
const anyTag: Pieces = [[/<\/?[a-z]/y, '>']]
/** Tags that show something without words. */
const shownTags = /<(img|hr|table|ul|ol|li|a|svg|object|embed|iframe|input|video|audio)\b/i

// The HTML without such pieces; what does not end stays. Linear: an end that is missing is looked for once.
function without(html: string, pieces: Pieces): string {
  const small = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const missing = new Set<string>()
  const endOf = (open: number): number => {
    const piece = pieces.find(([begin]) => {
      begin.lastIndex = open
      return begin.test(small)
    })
    if (piece === undefined || missing.has(piece[1])) return -1
    const at = small.indexOf(piece[1], open)
    const end = at < 0 ? -1 : small.indexOf('>', at + piece[1].length - 1)
    if (end < 0) missing.add(piece[1])
    return end
  }
  let [kept, from] = ['', 0]
  for (let open = small.indexOf('<'); open >= 0; ) {
    const end = endOf(open)
    if (end >= 0) {
      kept += html.slice(from, open)
      from = end + 1
    }
    open = small.indexOf('<', Math.max(open, end) + 1)
  }
  return kept + html.slice(from)
}

// White space that is not one space already: a long text has a million of those, and is cheap to leave as it is.
const spaces = /\s{2,}|[^\S ]/g
const blanks = /[ \t]{2,}|\t/g

function plain(text: string): string {
  const lines = folded(text.replace(/\u00a0/g, ' ')).split('\n')
  return lines.map((line) => line.replace(blanks, ' ').trim()).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

function decoded(html: string): string {
  return html.replace(/&(#x[0-9a-f]+|#[0-9]+|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name.toLowerCase()] ?? whole
    const code =
      name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
