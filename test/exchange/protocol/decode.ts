// Reads what clients send as content: the properties of a `t:Contact`, extended properties, members of a
// distribution list. What the server owns may not be written.
import type { Member } from '../store/item.ts'
import { instant, type Value } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { EwsError } from './errors.ts'
import { type Field, fieldNamed, type ItemKind } from './fields.ts'
import { type Extended, extendedOf } from './mapi.ts'
import { wordOf } from './property.ts'

/** What an element sets; undefined takes a value away. */
export type Decoded = Map<string, Value | undefined>

/** Keys that only the server writes, under whatever name they come. */
const SERVER_KEYS = new Set([
  'item:DateTimeCreated',
  'item:LastModifiedTime',
  'item:LastModifiedName',
  'item:DateTimeReceived',
  'item:Size',
  'item:HasAttachments',
  'item:SearchKey',
  'item:InstanceKey',
  'item:StoreEntryId',
  'item:ArticleNumber',
])

/** The values of a whole item element. */
export function decodeItem(kind: ItemKind, element: Element): Decoded {
  const found: Decoded = new Map()
  for (const property of element.children) {
    for (const [key, value] of decodeProperty(kind, property)) found.set(key, value)
  }
  return found
}

/** The values of one property element. Throws `ErrorInvalidPropertySet` where the server owns it. */
export function decodeProperty(kind: ItemKind, element: Element): Decoded {
  if (element.name === 'ExtendedProperty') return decodeExtended(element)
  const field = fieldNamed(kind, element.name)
  if (field?.access !== 'rw') throw new EwsError('ErrorInvalidPropertySet')
  return decodeField(field, element)
}

function decodeField(field: Field, element: Element): Decoded {
  const { uri } = field
  switch (field.kind) {
    case 'date':
      return new Map([[uri, instant(element.text)]])
    case 'boolean':
      return new Map([[uri, booleanText(element.text)]])
    case 'integer':
      return new Map([[uri, element.text.trim()]])
    case 'strings':
      return new Map([[uri, element.children.map((child) => child.text)]])
    case 'body':
      return new Map([
        [uri, element.text],
        [`${uri}#Type`, element.attributes.BodyType ?? 'Text'],
      ])
    case 'flag':
      return new Map([[uri, decodeFlag(element)]])
    case 'emails':
      return merged(element.children.map(decodeEmail))
    case 'phones':
      return merged(element.children.map((entry) => decodeEntry('contacts:PhoneNumber', entry)))
    case 'ims':
      return merged(element.children.map((entry) => decodeEntry('contacts:ImAddress', entry)))
    case 'addresses':
      return merged(element.children.map(decodeAddress))
    case 'members':
      return new Map() // They are not values; see decodeMembers.
    default:
      return new Map([[uri, element.text]])
  }
}

function merged(parts: readonly Decoded[]): Decoded {
  return new Map(parts.flatMap((part) => [...part]))
}

function booleanText(text: string): string {
  return String(text.trim() === 'true' || text.trim() === '1')
}

function decodeEntry(uri: string, entry: Element): Decoded {
  return new Map([[`${uri}/${entry.attributes.Key}`, entry.text]])
}

function decodeEmail(entry: Element): Decoded {
  const key = `contacts:EmailAddress/${entry.attributes.Key}`
  const empty = entry.text === ''
  return new Map([
    [key, empty ? undefined : entry.text],
    [`${key}#Name`, empty ? undefined : entry.attributes.Name],
    [`${key}#RoutingType`, empty ? undefined : (entry.attributes.RoutingType ?? 'SMTP')],
  ])
}

function decodeAddress(entry: Element): Decoded {
  const key = entry.attributes.Key
  return new Map(
    entry.children.map((part) => [`contacts:PhysicalAddress:${part.name}/${key}`, part.text]),
  )
}

function decodeFlag(element: Element): readonly string[] {
  const of = (name: string) => element.children.find((child) => child.name === name)?.text ?? ''
  const date = (name: string) => instant(of(name)) ?? ''
  return [of('FlagStatus'), date('StartDate'), date('DueDate'), date('CompleteDate')]
}

/** The values of a `t:ExtendedProperty`. */
export function decodeExtended(element: Element): Decoded {
  const [path, content] = element.children
  if (!path || !content) throw new EwsError('ErrorInvalidExtendedProperty')
  const extended = extendedOf(path)
  const many = extended.type.endsWith('Array')
  if (many !== (content.name === 'Values')) throw new EwsError('ErrorInvalidExtendedPropertyValue')
  const type = many ? extended.type.slice(0, -'Array'.length) : extended.type
  const values = (many ? content.children : [content]).map(({ text }) => typed(type, text))
  return extendedChanges(extended, many ? values : (values[0] ?? ''))
}

/** What setting or taking away an extended property changes. */
export function extendedChanges(extended: Extended, value: Value | undefined): Decoded {
  const { key } = extended
  if (SERVER_KEYS.has(key)) throw new EwsError('ErrorInvalidPropertySet')
  switch (key) {
    case 'item:TextBody':
      return new Map([
        ['item:Body', value],
        ['item:Body#Type', value === undefined ? undefined : 'Text'],
      ])
    case 'item:HtmlBody':
      return new Map([
        ['item:Body', value],
        ['item:Body#Type', value === undefined ? undefined : 'HTML'],
      ])
    case 'contacts:HasPicture':
      return new Map() // May be written as a MAPI property, and follows the attachments all the same.
    case 'item:IsPrivate':
      return new Map([['item:Sensitivity', value === 'true' ? 'Private' : undefined]])
    case 'item:Sensitivity':
    case 'item:Importance':
      return new Map([[key, value === undefined ? undefined : wordOf(key, String(value))]])
    default:
      return new Map([[key, value]])
  }
}

const TYPED: Readonly<Record<string, RegExp>> = {
  Integer: /^[+-]?\d+$/,
  Short: /^[+-]?\d+$/,
  Long: /^[+-]?\d+$/,
  Currency: /^[+-]?\d+$/,
  Double: /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/,
  Float: /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/,
  Boolean: /^(?:true|false|0|1)$/i,
  Binary: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  CLSID: /^\{?[0-9A-Fa-f-]{36}\}?$/,
}

function typed(type: string, text: string): string {
  if (type === 'String') return text
  const value = text.trim()
  const found = type === 'SystemTime' ? instant(value) : value
  if (found === undefined || (TYPED[type]?.test(found) ?? true) === false) {
    throw new EwsError('ErrorInvalidExtendedPropertyValue')
  }
  return type === 'Boolean' ? booleanText(found.toLowerCase()) : found
}

/** The members that a distribution list's element names; undefined when it does not speak of them. */
export function decodeMembers(element: Element): Member[] | undefined {
  const list = element.children.find((child) => child.name === 'Members')
  return list?.children.map((member) => {
    const mailbox = member.children.find((child) => child.name === 'Mailbox')
    const of = (name: string) => mailbox?.children.find((child) => child.name === name)
    return {
      key: '',
      name: of('Name')?.text,
      address: of('EmailAddress')?.text,
      routingType: of('RoutingType')?.text ?? 'SMTP',
      mailboxType: of('MailboxType')?.text ?? 'OneOff',
      itemId: of('ItemId')?.attributes.Id,
    }
  })
}
