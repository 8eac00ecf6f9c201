// Contacts between our items and EWS' XML. The order of elements is the schema's (MS-OXWSCONT,
// MS-OXWSCORE): Exchange refuses any other. What a server shows by default (IPM.Contact, Normal) is
// absent in an item, so that absent and default are the same.
import {
  addresses,
  addressParts,
  contactFields,
  emails,
  messengers,
  phones,
} from '../core/contact.ts'
import { type Item, legal, type Patch, type Value } from '../core/item.ts'
import { all, at, element, escaped, type Node, textAt, type Xml } from './xml.ts'

type Parts = Readonly<Record<string, string>>

const defaults: Readonly<Record<string, string>> = {
  ItemClass: 'IPM.Contact',
  Sensitivity: 'Normal',
  Importance: 'Normal',
  // These two cannot be deleted, only set to nothing (ContactSchema of Microsoft's own client).
  FileAsMapping: 'None',
  PostalAddressIndex: 'None',
}

/** Elements of t:Item and t:Contact in the schema's order; what stands between our fields is left out. */
// biome-ignore format: a table
const order = [
  'ItemClass', 'Subject', 'Sensitivity', 'Body', 'Categories', 'Importance', 'ExtendedProperty', 'Culture',
  'FileAs', 'FileAsMapping', 'DisplayName', 'GivenName', 'Initials', 'MiddleName', 'Nickname',
  'CompanyName', 'EmailAddresses', 'PhysicalAddresses', 'PhoneNumbers', 'AssistantName', 'Birthday',
  'BusinessHomePage', 'Children', 'Companies', 'Department', 'Generation', 'ImAddresses', 'JobTitle',
  'Manager', 'Mileage', 'OfficeLocation', 'PostalAddressIndex', 'Profession', 'SpouseName', 'Surname',
  'WeddingAnniversary',
]

/** What a server may show beyond that is left alone, on every copy. */
const known: ReadonlySet<string> = new Set(contactFields)

const itemFields = [
  'ItemClass',
  'Subject',
  'Sensitivity',
  'Body',
  'Categories',
  'Importance',
  'Culture',
  'LastModifiedTime',
  'ParentFolderId',
]

/**
 * The t:AdditionalProperties that show all that `itemOf` reads, when the item changed, and in which folder it
 * lies; `extended` stands beside them. Everything is asked for by name: what `AllProperties` holds is the
 * server's choice, and it is two thirds more.
 */
export function shapeXml(extended: Xml): Xml {
  const names = [...order.filter((name) => name !== 'ExtendedProperty'), ...beside]
  return names.map(uriXml).join('') + extended
}

const beside = ['LastModifiedTime', 'ParentFolderId']

/** The item that a t:Contact element shows, without characters that XML forbids. */
export function itemOf(node: Node): Item {
  const item: Record<string, Value> = {}
  for (const { name, attributes, children, text: raw } of node.children) {
    const text = legal(raw)
    if (name === 'Body') {
      if (text.trim() !== '') item.Body = { type: attributes.BodyType ?? 'Text', text }
    } else if (name === 'Categories' || name === 'Children' || name === 'Companies') {
      const values = children
        .map((child) => legal(child.text))
        .filter((value) => value.trim() !== '')
      if (values.length > 0) item[name] = values
    } else if (name === 'EmailAddresses') readEmails(children, item)
    else if (name === 'PhysicalAddresses') readAddresses(children, item)
    else if (name === 'PhoneNumbers') readEntries('Phone', children, item)
    else if (name === 'ImAddresses') readEntries('Im', children, item)
    else if (order.includes(name) && name !== 'ExtendedProperty' && text.trim() !== '') {
      if (defaults[name] !== text) item[name] = text
    }
  }
  return item
}

/** The inside of a new t:Contact; `extended` stands where the schema wants extended properties. */
export function contactXml(item: Item, extended: Xml): Xml {
  return order
    .map((name) => (name === 'ExtendedProperty' ? extended : elementXml(name, item)))
    .join('')
}

/**
 * The t:Updates of a patch towards what is agreed: one change per property; empty when nothing is to be
 * said to the server. Under a mapping FileAs is left out: writing it would end the mapping.
 */
export function updatesXml(patch: Patch, agreed: Item): Xml {
  const said = (field: string) => field !== 'FileAs' || !derivedByServer(agreed)
  const set = Object.entries(patch.set).filter(([field]) => said(field))
  const clear = patch.clear.filter(said)
  return [...clear.map(clearXml), ...set.map(([field, value]) => setXml(field, value))].join('')
}

function elementXml(name: string, item: Item): Xml {
  if (name === 'EmailAddresses')
    return dictionary(
      name,
      emails.map((slot) => emailXml(slot, item[`Email:${slot}`])),
    )
  if (name === 'PhysicalAddresses') {
    return dictionary(
      name,
      addresses.map((place) => addressXml(place, item[`Address:${place}`] as Parts | undefined)),
    )
  }
  if (name === 'PhoneNumbers')
    return dictionary(
      name,
      phones.map((key) => entryXml(key, item[`Phone:${key}`])),
    )
  if (name === 'ImAddresses')
    return dictionary(
      name,
      messengers.map((key) => entryXml(key, item[`Im:${key}`])),
    )
  const value = item[name]
  if (value === undefined || (name === 'FileAs' && derivedByServer(item))) return ''
  return plainXml(name, value)
}

// Under a mapping the server makes FileAs, and would make it again.
function derivedByServer(item: Item): boolean {
  return item.FileAsMapping !== undefined && item.FileAsMapping !== 'None'
}

function plainXml(name: string, value: Value): Xml {
  if (typeof value === 'string') return element(`t:${name}`, value)
  if (Array.isArray(value))
    return `<t:${name}>${value.map((text) => element('t:String', text)).join('')}</t:${name}>`
  const { type = 'Text', text = '' } = value as Parts
  return `<t:Body BodyType="${type.toUpperCase() === 'HTML' ? 'HTML' : 'Text'}">${escaped(text)}</t:Body>`
}

function dictionary(name: string, entries: readonly Xml[]): Xml {
  const inside = entries.join('')
  return inside === '' ? '' : `<t:${name}>${inside}</t:${name}>`
}

function entryXml(key: string, value: Value | undefined): Xml {
  return typeof value === 'string' ? `<t:Entry Key="${key}">${escaped(value)}</t:Entry>` : ''
}

function emailXml(slot: string, value: Value | undefined): Xml {
  if (value === undefined) return ''
  const { address = '', name, routingType } = value as Parts
  const shown = name === undefined ? '' : ` Name="${escaped(name)}"`
  const routing = routingType === undefined ? '' : ` RoutingType="${escaped(routingType)}"`
  return `<t:Entry Key="${slot}"${shown}${routing}>${escaped(address)}</t:Entry>`
}

function addressXml(place: string, value: Parts | undefined): Xml {
  if (value === undefined) return ''
  const parts = addressParts.map((part) =>
    value[part] === undefined ? '' : element(`t:${part}`, value[part]),
  )
  return `<t:Entry Key="${place}">${parts.join('')}</t:Entry>`
}

function setXml(field: string, value: Value): Xml {
  const [group = '', key = ''] = field.split(':')
  if (group === 'Address') {
    const parts = value as Parts
    return addressParts.map((part) => addressPartXml(key, part, parts[part])).join('')
  }
  const dictionaries: Readonly<Record<string, [string, (key: string, value: Value) => Xml]>> = {
    Email: ['EmailAddresses', emailXml],
    Phone: ['PhoneNumbers', entryXml],
    Im: ['ImAddresses', entryXml],
  }
  const [outer, entry] = dictionaries[group] ?? []
  const inside =
    outer !== undefined && entry ? dictionary(outer, [entry(key, value)]) : plainXml(field, value)
  return `<t:SetItemField>${uriXml(field)}<t:Contact>${inside}</t:Contact></t:SetItemField>`
}

// One address travels as one field: a part that it has no more goes, too.
function addressPartXml(place: string, part: string, text: string | undefined): Xml {
  const uri = `<t:IndexedFieldURI FieldURI="contacts:PhysicalAddress:${part}" FieldIndex="${place}"/>`
  if (text === undefined || text === '') return `<t:DeleteItemField>${uri}</t:DeleteItemField>`
  const inside = dictionary('PhysicalAddresses', [
    `<t:Entry Key="${place}">${element(`t:${part}`, text)}</t:Entry>`,
  ])
  return `<t:SetItemField>${uri}<t:Contact>${inside}</t:Contact></t:SetItemField>`
}

function clearXml(field: string): Xml {
  const byDefault = defaults[field]
  if (byDefault !== undefined) return setXml(field, byDefault)
  const [group, key = ''] = field.split(':')
  if (group === 'Address')
    return addressParts.map((part) => addressPartXml(key, part, undefined)).join('')
  return `<t:DeleteItemField>${uriXml(field)}</t:DeleteItemField>`
}

const indexed: Readonly<Record<string, string>> = {
  Email: 'contacts:EmailAddress',
  Phone: 'contacts:PhoneNumber',
  Im: 'contacts:ImAddress',
}

function uriXml(field: string): Xml {
  const [group = '', key = ''] = field.split(':')
  const dictionaryUri = indexed[group]
  if (dictionaryUri !== undefined)
    return `<t:IndexedFieldURI FieldURI="${dictionaryUri}" FieldIndex="${key}"/>`
  return `<t:FieldURI FieldURI="${itemFields.includes(field) ? 'item' : 'contacts'}:${field}"/>`
}

function readEntries(group: string, entries: readonly Node[], item: Record<string, Value>): void {
  for (const { attributes, text: raw } of entries) {
    const text = legal(raw)
    const field = `${group}:${attributes.Key}`
    if (known.has(field) && text.trim() !== '') item[field] = text
  }
}

function readEmails(entries: readonly Node[], item: Record<string, Value>): void {
  for (const { attributes, text } of entries) {
    const { Key: key } = attributes
    const [address, name, routingType] = [text, attributes.Name, attributes.RoutingType].map(
      (value) => legal(value ?? ''),
    )
    if (!known.has(`Email:${key}`) || address === undefined || address.trim() === '') continue
    item[`Email:${key}`] = {
      address,
      ...(name ? { name } : {}),
      ...(routingType ? { routingType } : {}),
    }
  }
}

function readAddresses(entries: readonly Node[], item: Record<string, Value>): void {
  for (const entry of entries) {
    const parts: Record<string, string> = {}
    for (const part of addressParts) {
      const text = legal(textAt(entry, part) ?? '')
      if (text.trim() !== '') parts[part] = text
    }
    const field = `Address:${entry.attributes.Key}`
    if (known.has(field) && Object.keys(parts).length > 0) item[field] = parts
  }
}

/** The value of an extended property with that name in an item's XML. */
export function extendedOf(node: Node, name: string): string | undefined {
  const property = all(node, 'ExtendedProperty').find(
    (each) => at(each, 'ExtendedFieldURI')?.attributes.PropertyName === name,
  )
  return textAt(property, 'Value')
}
