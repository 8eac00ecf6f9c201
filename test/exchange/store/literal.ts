// Contacts as people write them, in worlds and in tests: `{ GivenName: Ewa, MobilePhone: '+48 …' }`.
// Every name is that of an element of EWS, or of a property of Outlook's form that is none; slots of the dictionaries may stand flat or nested.
import {
  ADDRESS_PARTS,
  ADDRESSES,
  EMAILS,
  type Field,
  fieldNamed,
  fieldsOf,
  IMS,
  PHONES,
} from '../protocol/fields.ts'
import { FORM_KEYS } from '../protocol/mapi.ts'
import type { Item } from './item.ts'
import { instant, textAt, type Value, type Values } from './values.ts'

/** A contact, or the part of one that changes; `null` takes a value away. */
export type Literal = Readonly<Record<string, unknown>>

/** A literal is not a contact; `path` leads to what is wrong with it. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError'
  readonly path: readonly (string | number)[]
  constructor(message: string, path: readonly (string | number)[]) {
    super(message)
    this.path = path
  }
}

type Path = readonly (string | number)[]
type Found = Map<string, Value | undefined>

const WORDS: Readonly<Record<string, readonly string[]>> = {
  Sensitivity: ['Normal', 'Personal', 'Private', 'Confidential'],
  Importance: ['Low', 'Normal', 'High'],
  PostalAddressIndex: ['None', 'Business', 'Home', 'Other'],
  FileAsMapping:
    'None LastCommaFirst FirstSpaceLast Company LastCommaFirstCompany CompanyLastFirst LastFirst LastFirstCompany CompanyLastCommaFirst LastFirstSuffix LastSpaceFirstCompany CompanyLastSpaceFirst LastSpaceFirst DisplayName FirstName LastFirstMiddleSuffix LastName Empty'.split(
      ' ',
    ),
}

const SLOTS: ReadonlyMap<string, string> = new Map([
  ...PHONES.map((slot) => [slot, 'contacts:PhoneNumber'] as const),
  ...EMAILS.map((slot) => [slot, 'contacts:EmailAddress'] as const),
  ...IMS.map((slot) => [slot, 'contacts:ImAddress'] as const),
])

/** Every key that a literal contact may have. */
export const LITERAL_KEYS: readonly string[] = [
  ...fieldsOf('Contact')
    .filter(({ access }) => access === 'rw')
    .map(({ name }) => name),
  ...SLOTS.keys(),
  ...FORM_KEYS.keys(),
]

/** The values that a literal stands for. Throws `LiteralError`. */
export function valuesOf(literal: unknown, path: Path = []): Values {
  const values: Values = new Map()
  for (const [key, value] of changesOf(literal, path)) {
    if (value !== undefined) values.set(key, value)
  }
  return values
}

/** The changes that a literal stands for: undefined where it says `null`. Throws `LiteralError`. */
export function changesOf(literal: unknown, path: Path = []): Found {
  const found: Found = new Map()
  for (const [key, value] of Object.entries(mapping(literal, path))) {
    const at = [...path, key]
    const dictionary = SLOTS.get(key)
    const field = fieldNamed('Contact', key)
    const property = FORM_KEYS.get(key)
    if (property) found.set(property, value === null ? undefined : textOf(value, at))
    else if (dictionary) slot(found, dictionary, key, value, at)
    else if (field?.access === 'rw') assign(found, field, value, at)
    else throw unknown(key, LITERAL_KEYS, at)
  }
  return found
}

function assign(found: Found, field: Field, value: unknown, path: Path): void {
  const { kind, uri } = field
  if (kind === 'emails') dictionary(found, 'contacts:EmailAddress', EMAILS, value, path)
  else if (kind === 'phones') dictionary(found, 'contacts:PhoneNumber', PHONES, value, path)
  else if (kind === 'ims') dictionary(found, 'contacts:ImAddress', IMS, value, path)
  else if (kind === 'addresses') addresses(found, value, path)
  else if (kind === 'body') body(found, value, path)
  else if (value === null) found.set(uri, undefined)
  else if (kind === 'strings' || kind === 'flag') found.set(uri, list(value, path))
  else found.set(uri, scalar(field, value, path))
}

function scalar(field: Field, value: unknown, path: Path): string {
  const text = textOf(value, path)
  if (field.kind === 'date') {
    const date = /^\d{4}-\d\d-\d\d$/.test(text) ? instant(`${text}T00:00:00Z`) : instant(text)
    if (date === undefined)
      throw new LiteralError(`"${text}" is not a date; write 1980-05-12`, path)
    return date
  }
  const words = WORDS[field.name]
  if (words && !words.includes(text)) throw unknown(text, words, path)
  return text
}

function dictionary(
  found: Found,
  uri: string,
  slots: readonly string[],
  value: unknown,
  path: Path,
): void {
  const entries =
    value === null ? slots.map((key) => [key, null]) : Object.entries(mapping(value, path))
  for (const [key, entry] of entries as [string, unknown][]) {
    if (!slots.includes(key)) throw unknown(key, slots, [...path, key])
    slot(found, uri, key, entry, [...path, key])
  }
}

function slot(found: Found, uri: string, key: string, value: unknown, path: Path): void {
  if (uri !== 'contacts:EmailAddress') {
    found.set(`${uri}/${key}`, value === null ? undefined : textOf(value, path))
    return
  }
  const plain = value === null || typeof value !== 'object'
  const { address, name, routingType, ...rest } = plain
    ? { address: value, name: undefined, routingType: undefined }
    : mapping(value, path)
  const [other] = Object.keys(rest)
  if (other) throw unknown(other, ['address', 'name', 'routingType'], [...path, other])
  const optional = (one: unknown) => (one == null ? undefined : textOf(one, path))
  found.set(`${uri}/${key}`, optional(address))
  found.set(`${uri}/${key}#Name`, optional(name))
  found.set(`${uri}/${key}#RoutingType`, optional(routingType))
}

function addresses(found: Found, value: unknown, path: Path): void {
  const whole = value === null ? Object.fromEntries(ADDRESSES.map((key) => [key, null])) : value
  for (const [key, address] of Object.entries(mapping(whole, path))) {
    const at = [...path, key]
    if (!ADDRESSES.includes(key)) throw unknown(key, ADDRESSES, at)
    const empty = Object.fromEntries(ADDRESS_PARTS.map((part) => [part, null]))
    for (const [part, text] of Object.entries(address === null ? empty : mapping(address, at))) {
      if (!ADDRESS_PARTS.includes(part)) throw unknown(part, ADDRESS_PARTS, [...at, part])
      const stored = text === null ? undefined : textOf(text, [...at, part])
      found.set(`contacts:PhysicalAddress:${part}/${key}`, stored)
    }
  }
}

function body(found: Found, value: unknown, path: Path): void {
  const plain = value === null || typeof value !== 'object'
  const { type, text, ...rest } = plain ? { type: 'Text', text: value } : mapping(value, path)
  const [other] = Object.keys(rest)
  if (other) throw unknown(other, ['type', 'text'], [...path, other])
  const kind = textOf(type ?? 'Text', path)
  if (kind !== 'HTML' && kind !== 'Text') throw unknown(kind, ['HTML', 'Text'], [...path, 'type'])
  found.set('item:Body', text == null ? undefined : textOf(text, path))
  found.set('item:Body#Type', text == null ? undefined : kind)
}

function textOf(value: unknown, path: Path): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new LiteralError('A text is wanted here', path)
}

function list(value: unknown, path: Path): string[] {
  if (!Array.isArray(value)) throw new LiteralError('A list of texts is wanted here', path)
  return value.map((one, index) => textOf(one, [...path, index]))
}

function mapping(value: unknown, path: Path): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new LiteralError('A mapping of names to values is wanted here', path)
}

function unknown(name: string, allowed: readonly string[], path: Path): LiteralError {
  return new LiteralError(`"${name}" is not known here; allowed are ${allowed.join(', ')}`, path)
}

/** The literal of an item, in nested form. `valuesOf` of it gives the item's values back. */
export function literalOf(item: Item): Literal {
  const literal: Record<string, unknown> = {}
  for (const field of fieldsOf(item.kind)) {
    if (field.access !== 'rw') continue
    const value = literalValue(item.values, field)
    const usual = field.name === 'ItemClass' && /^IPM\.(?:Contact|DistList)$/.test(String(value))
    if (value !== undefined && !usual) literal[field.name] = value
  }
  for (const [name, key] of FORM_KEYS) {
    const value = item.values.get(key)
    if (value !== undefined) literal[name] = value
  }
  return literal
}

function literalValue(values: Values, field: Field): unknown {
  switch (field.kind) {
    case 'emails':
      return collected(EMAILS, (key) => email(values, `contacts:EmailAddress/${key}`))
    case 'phones':
      return collected(PHONES, (key) => textAt(values, `contacts:PhoneNumber/${key}`))
    case 'ims':
      return collected(IMS, (key) => textAt(values, `contacts:ImAddress/${key}`))
    case 'addresses':
      return collected(ADDRESSES, (key) =>
        collected(ADDRESS_PARTS, (part) =>
          textAt(values, `contacts:PhysicalAddress:${part}/${key}`),
        ),
      )
    case 'body': {
      const text = textAt(values, field.uri)
      return text === undefined ? undefined : { type: textAt(values, `${field.uri}#Type`), text }
    }
    default:
      return values.get(field.uri)
  }
}

function email(values: Values, key: string): unknown {
  const address = textAt(values, key)
  const name = textAt(values, `${key}#Name`)
  const routingType = textAt(values, `${key}#RoutingType`)
  if (name === undefined && routingType === undefined) return address
  return { address, ...(name && { name }), ...(routingType && { routingType }) }
}

function collected(keys: readonly string[], of: (key: string) => unknown): unknown {
  const found = keys
    .map((key) => [key, of(key)] as const)
    .filter(([, value]) => value !== undefined)
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
