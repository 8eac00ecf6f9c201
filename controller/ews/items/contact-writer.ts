// A contact as EWS XML. The elements are in the schema's order (MS-OXWSCONT, MS-OXWSCORE): Exchange refuses any other.
// A server's default value (IPM.Contact, Normal) is absent in an item, so that absent and default are equal.
// `contact-extended.ts` has the fields without an element; `contact.ts` reads the fields that are written here.

import type { Item, Patch, Value } from '../../core/item.ts'
import {
  addresses,
  addressParts,
  dates,
  emails,
  mapiTexts,
  messengers,
  phones,
} from '../../core/items/contact.ts'
import { element, escaped, type Xml } from '../xml.ts'
import { extendedUri, extendedUris, extendedXml, isExtended } from './contact-extended.ts'

type Parts = Readonly<Record<string, string>>

/** The values that servers show for properties that were never set. */
export const defaults: Readonly<Record<string, string>> = {
  ItemClass: 'IPM.Contact',
  Sensitivity: 'Normal',
  Importance: 'Normal',
  // These two cannot be deleted, only set to nothing (ContactSchema of Microsoft's own client).
  FileAsMapping: 'None',
  PostalAddressIndex: 'None',
  // Unspecified (MS-OXOCNTC §2.2.1.10.20).
  Gender: '0',
}

/** Elements of t:Item and t:Contact in the schema's order; elements without a field of ours are left out. */
// biome-ignore format: a table
export const order = [
  'ItemClass', 'Subject', 'Sensitivity', 'Body', 'Categories', 'Importance', 'ExtendedProperty', 'Culture',
  'FileAs', 'FileAsMapping', 'DisplayName', 'GivenName', 'Initials', 'MiddleName', 'Nickname',
  'CompanyName', 'EmailAddresses', 'PhysicalAddresses', 'PhoneNumbers', 'AssistantName', 'Birthday',
  'BusinessHomePage', 'Children', 'Companies', 'Department', 'Generation', 'ImAddresses', 'JobTitle',
  'Manager', 'Mileage', 'OfficeLocation', 'PostalAddressIndex', 'Profession', 'SpouseName', 'Surname',
  'WeddingAnniversary',
]

const itemFields = [
  'ItemClass',
  'Subject',
  'Sensitivity',
  'Body',
  'Categories',
  'Importance',
  'Culture',
]

/** The t:AdditionalProperties of all fields, by name: `AllProperties` is the server's choice, and two thirds larger. */
export function shapeXml(): Xml {
  return (
    order
      .filter((name) => name !== 'ExtendedProperty')
      .map(uriXml)
      .join('') + extendedUris
  )
}

/** The inside of a new t:Contact; `extended`: further extended properties, besides those of its fields. */
export function contactXml(item: Item, extended: Xml): Xml {
  const ours =
    extended +
    mapiTexts.map((field) => extendedXml(field, item[field])).join('') +
    dates.map((date) => extendedXml(`${date}Local`, localOf(item[date]))).join('')
  return order.map((name) => (name === 'ExtendedProperty' ? ours : elementXml(name, item))).join('')
}

// A date is a time in UTC. Some clients also write the day itself, without a time zone (MS-OXOCNTC §2.2.1.5).
function localOf(date: Value | undefined): string | undefined {
  return typeof date === 'object' ? (date as Parts).local : undefined
}

/**
 * The t:Updates of a patch towards the agreed item: one change per property; empty if the server need not change
 * anything. FileAs is left out under a mapping: writing it would end the mapping.
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

// Under a mapping the server derives FileAs, and would overwrite a written one.
function derivedByServer(item: Item): boolean {
  return item.FileAsMapping !== undefined && item.FileAsMapping !== 'None'
}

function plainXml(name: string, value: Value): Xml {
  if (typeof value === 'string') return element(`t:${name}`, value)
  if (Array.isArray(value))
    return `<t:${name}>${value.map((text) => element('t:String', text)).join('')}</t:${name}>`
  if (isDate(name)) return element(`t:${name}`, (value as Parts).utc ?? '')
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

function isDate(field: string): boolean {
  return (dates as readonly string[]).includes(field)
}

function setXml(field: string, value: Value): Xml {
  if (isDate(field)) {
    const local = localOf(value)
    const day = `${field}Local`
    const other = local === undefined ? deletionXml(day) : settingXml(day, extendedXml(day, local))
    return settingXml(field, plainXml(field, value)) + other
  }
  if (isExtended(field)) return settingXml(field, extendedXml(field, value))
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
  return settingXml(field, inside)
}

function settingXml(field: string, inside: Xml): Xml {
  return `<t:SetItemField>${uriXml(field)}<t:Contact>${inside}</t:Contact></t:SetItemField>`
}

function deletionXml(field: string): Xml {
  return `<t:DeleteItemField>${uriXml(field)}</t:DeleteItemField>`
}

// An address is one field: a part that it no longer has is deleted, too.
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
  // Some servers ignore the deletion of a body; an empty body counts as none.
  if (field === 'Body') return setXml(field, { type: 'Text', text: '' })
  return deletionXml(field) + (isDate(field) ? deletionXml(`${field}Local`) : '')
}

const indexed: Readonly<Record<string, string>> = {
  Email: 'contacts:EmailAddress',
  Phone: 'contacts:PhoneNumber',
  Im: 'contacts:ImAddress',
}

function uriXml(field: string): Xml {
  const extended = extendedUri(field)
  if (extended !== undefined) return extended
  const [group = '', key = ''] = field.split(':')
  const dictionaryUri = indexed[group]
  if (dictionaryUri !== undefined)
    return `<t:IndexedFieldURI FieldURI="${dictionaryUri}" FieldIndex="${key}"/>`
  return `<t:FieldURI FieldURI="${itemFields.includes(field) ? 'item' : 'contacts'}:${field}"/>`
}
