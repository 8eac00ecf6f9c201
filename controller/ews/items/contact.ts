// Contacts in EWS: the codec, and the item of an element. `contact-writer.ts` writes the fields that are read here;
// `contact-extended.ts` has the fields without an EWS element. Characters that XML forbids are dropped from text that
// people write. Properties without a field of ours stay untouched on every copy.

import { dateField } from '../../core/fields.ts'
import { type Item, legal, type Value } from '../../core/item.ts'
import { addressParts, contact, contactFields, dates, mapiTexts } from '../../core/items/contact.ts'
import { type Codec, isOfClass } from '../codec.ts'
import { type Node, textAt } from '../xml.ts'
import { extendedIn } from './contact-extended.ts'
import { contactXml, defaults, order, shapeXml, updatesXml } from './contact-writer.ts'

const known: ReadonlySet<string> = new Set(contactFields)

/** The values of elements that are enumerations in EWS (types of MS-OXWSCONT, MS-OXWSCORE and MS-OXWSCDATA). */
const enumerations: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    FileAsMapping:
      'None LastCommaFirst FirstSpaceLast Company LastCommaFirstCompany CompanyLastFirst LastFirst ' +
      'LastFirstCompany CompanyLastCommaFirst LastFirstSuffix LastSpaceFirstCompany CompanyLastSpaceFirst ' +
      'LastSpaceFirst DisplayName FirstName LastFirstMiddleSuffix LastName Empty',
    PostalAddressIndex: 'None Business Home Other',
    Sensitivity: 'Normal Personal Private Confidential',
    Importance: 'Low Normal High',
  }).map(([name, values]) => [name, new Set(values.split(' '))]),
)
const bodyTypes: ReadonlySet<string> = new Set(['HTML', 'Text'])

/** The codec of contacts. Distribution lists and other items in a folder of contacts stay untouched. */
export const contactCodec: Codec = {
  type: contact,
  folderClass: 'IPF.Contact',
  folderElement: 'ContactsFolder',
  element: 'Contact',
  elements: order,
  shape: shapeXml(),
  listed,
  holds(node) {
    const itemClass = textAt(node, 'ItemClass')
    return itemClass === undefined
      ? node.name === 'Contact'
      : listed(node) && isOfClass(itemClass, 'IPM.Contact')
  },
  undefinedIn,
  itemOf,
  newXml: contactXml,
  updatesXml,
}

// Some servers show a contact as t:Item.
function listed({ name }: Node): boolean {
  return name === 'Contact' || name === 'Item'
}

function undefinedIn(node: Node): string | undefined {
  return node.children.find(({ name, attributes, text }) => {
    if (name === 'Body') return !bodyTypes.has(attributes.BodyType ?? 'Text')
    return text.trim() !== '' && enumerations.get(name)?.has(text) === false
  })?.name
}

function itemOf(node: Node): Item {
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
  readExtended(node, item)
  return item
}

function readExtended(node: Node, item: Record<string, Value>): void {
  const extended = extendedIn(node)
  for (const field of mapiTexts) {
    const text = legal(extended.get(field) ?? '')
    if (text.trim() !== '' && defaults[field] !== text) item[field] = text
  }
  for (const date of dates) {
    const [utc, local] = [item[date], legal(extended.get(`${date}Local`) ?? '')]
    if (typeof utc === 'string' && local.trim() !== '') item[date] = { utc, local }
    if (dateField.canonical(item[date]) === '') delete item[date]
  }
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
