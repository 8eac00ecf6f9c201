// The fields of a contact that have no element in EWS. They travel as extended properties, with the tags and ids of
// MS-OXPROPS (types and meaning: MS-OXOCNTC §2.2.1; those that DavMail writes: its Field.java).

import type { Value } from '../../core/item.ts'
import type { MapiText } from '../../core/items/contact.ts'
import { all, at, element, type Node, textAt, type Xml } from '../xml.ts'

/** The name of a property: its tag, or its id in a property set (`Address`, `Common`). */
type Name = readonly [
  set: 'tag' | 'Address' | 'Common',
  number: number,
  type?: 'Short' | 'SystemTime',
]

const names: Readonly<Record<MapiText | 'BirthdayLocal' | 'WeddingAnniversaryLocal', Name>> = {
  DisplayNamePrefix: ['tag', 0x3a45],
  YomiFirstName: ['Address', 0x802c],
  YomiLastName: ['Address', 0x802d],
  YomiCompanyName: ['Address', 0x802e],
  Account: ['tag', 0x3a00],
  BillingInformation: ['Common', 0x8535],
  ComputerNetworkName: ['tag', 0x3a49],
  CustomerId: ['tag', 0x3a4a],
  FreeBusyLocation: ['Address', 0x80d8],
  FtpSite: ['tag', 0x3a4c],
  Gender: ['tag', 0x3a4d, 'Short'],
  GovernmentIdNumber: ['tag', 0x3a07],
  Hobbies: ['tag', 0x3a43],
  Language: ['tag', 0x3a0c],
  Location: ['tag', 0x3a0d],
  OrganizationalIdNumber: ['tag', 0x3a10],
  PersonalHomePage: ['tag', 0x3a50],
  ReferredByName: ['tag', 0x3a47],
  WebPage: ['Address', 0x802b],
  UserField1: ['Address', 0x804f],
  UserField2: ['Address', 0x8050],
  UserField3: ['Address', 0x8051],
  UserField4: ['Address', 0x8052],
  BusinessPostOfficeBox: ['Address', 0x804a],
  HomePostOfficeBox: ['tag', 0x3a5e],
  OtherPostOfficeBox: ['tag', 0x3a64],
  // The day of a date without a time zone.
  BirthdayLocal: ['Address', 0x80de, 'SystemTime'],
  WeddingAnniversaryLocal: ['Address', 0x80df, 'SystemTime'],
}

const byNumber = new Map(Object.entries(names).map(([field, [, number]]) => [number, field]))

/** Is the field an extended property? */
export function isExtended(field: string): field is keyof typeof names {
  return Object.hasOwn(names, field)
}

/** The t:ExtendedFieldURI of a field; undefined for a field with an EWS element. */
export function extendedUri(field: string): Xml | undefined {
  if (!isExtended(field)) return undefined
  const [set, number, type = 'String'] = names[field]
  const name =
    set === 'tag'
      ? `PropertyTag="0x${number.toString(16)}"`
      : `DistinguishedPropertySetId="${set}" PropertyId="${number}"`
  return `<t:ExtendedFieldURI ${name} PropertyType="${type}"/>`
}

/** The t:ExtendedFieldURIs of all such fields. */
export const extendedUris: Xml = Object.keys(names).map(extendedUri).join('')

/** The t:ExtendedProperty of a field with this value; empty without a value. */
export function extendedXml(field: string, value: Value | undefined): Xml {
  const uri = extendedUri(field)
  return uri === undefined || typeof value !== 'string'
    ? ''
    : `<t:ExtendedProperty>${uri}${element('t:Value', value)}</t:ExtendedProperty>`
}

/** The extended properties in an item's XML, by field, unconverted. Properties that belong to no field are left out. */
export function extendedIn(node: Node): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const property of all(node, 'ExtendedProperty')) {
    const { PropertyTag, PropertyId } = at(property, 'ExtendedFieldURI')?.attributes ?? {}
    const field = byNumber.get(Number(PropertyTag ?? PropertyId))
    const value = textAt(property, 'Value')
    if (field !== undefined && value !== undefined) found.set(field, value)
  }
  return found
}
