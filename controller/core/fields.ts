// How fields of items are compared and merged: the forms that kinds choose from. A canonical text leaves out changes
// that servers and clients make to a value without an edit.
import { composed, type Field, type FieldEdit, legal, type Value } from './item.ts'

type Parts = Readonly<Record<string, string>>

/** One text. */
export const textField: Field = { canonical: canonicalWith(named) }
/** A day: a time in UTC, or that and the day, free of time zones: `{ utc, local }`. */
export const dateField: Field = { canonical: canonicalWith(canonicalDate, dayOf) }
/** A set of texts: additions and removals of all editors are merged. */
export const setField: Field = { canonical: canonicalWith(named), merge: union }
/** Parts that travel together, by name. */
export const partsField: Field = { canonical: canonicalWith(named) }
/** A mailbox: `{ address, name, routingType }`. */
export const emailField: Field = { canonical: canonicalWith(canonicalEmail) }
/** A note: `{ type, text }`, of type `Text` or `HTML`. */
export const bodyField: Field = { canonical: canonicalWith(canonicalBody) }

// A value of any field may have any form: another version or a server may have written it.
function canonicalWith(
  ofParts: (parts: Parts) => string,
  ofText: (text: string) => string = folded,
): Field['canonical'] {
  return (value) => {
    if (value === undefined) return ''
    if (typeof value === 'string') return ofText(value)
    if (Array.isArray(value))
      return [...new Set(value.map(folded))].filter(Boolean).sort().join('\n')
    return ofParts(value as Parts)
  }
}

function named(parts: Parts): string {
  const names = Object.keys(parts).sort()
  return names.map((part) => [part, folded(parts[part] ?? '')].join('=')).join('\n')
}

function union(agreed: Value | undefined, edits: readonly FieldEdit[]): Value | undefined {
  const result = new Set(elements(agreed))
  for (const { from, to } of edits) {
    const [was, is] = [elements(from), elements(to)]
    for (const element of was) if (!is.includes(element)) result.delete(element)
    for (const element of is) if (!was.includes(element)) result.add(element)
  }
  return result.size === 0 ? undefined : [...result].sort()
}

function elements(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((text: string) => text.trim()).filter(Boolean) : []
}

function folded(text: string): string {
  return composed(legal(text).replace(/\r\n?/g, '\n').trim())
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

// Clients write these instead of an empty date: the zero of Windows, and the `none` of MAPI.
const noDays = ['1601-01-01', '4501-01-01']

function canonicalDate(parts: Parts): string {
  return localDay(parts.local ?? '') || dayOf(parts.utc ?? '')
}

// A server fills in what is missing: the routing type, and the address as its own display name.
function canonicalEmail(parts: Parts): string {
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
function canonicalBody(parts: Parts): string {
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
/** Tags that show something without text. */
const shownTags = /<(img|hr|table|ul|ol|li|a|svg|object|embed|iframe|input|video|audio)\b/i

// The HTML without these pieces; a piece without an end stays. Linear time: a missing end is searched for only once.
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

// White space other than a single space: a long text may have a million single spaces, and leaving them is cheap.
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
