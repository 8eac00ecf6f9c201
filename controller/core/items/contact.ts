// Contacts for the planner: the fields, how each compares and merges, the fields that the server derives, and the
// matching of two entries of a person. Field names are those of EWS (exchange-protocol §3.1); indexed ones have their
// index: `Phone:MobilePhone`, `Email:EmailAddress1`.
import { bodyField, dateField, emailField, partsField, setField, textField } from '../fields.ts'
import type { Field, Item, ItemType, SearchTexts, Value } from '../item.ts'
import { contradicts, naturalKeys } from './contact-identity.ts'

// biome-ignore format: a table
export const phones = [
  'AssistantPhone', 'BusinessFax', 'BusinessPhone', 'BusinessPhone2', 'Callback', 'CarPhone',
  'CompanyMainPhone', 'HomeFax', 'HomePhone', 'HomePhone2', 'Isdn', 'MobilePhone', 'OtherFax',
  'OtherTelephone', 'Pager', 'PrimaryPhone', 'RadioPhone', 'Telex', 'TtyTddPhone',
  'BusinessMobile', 'IPPhone', 'Mms', 'Msn',
] as const
export const emails = ['EmailAddress1', 'EmailAddress2', 'EmailAddress3'] as const
export const messengers = ['ImAddress1', 'ImAddress2', 'ImAddress3'] as const
export const addresses = ['Business', 'Home', 'Other'] as const
export const addressParts = ['Street', 'City', 'State', 'CountryOrRegion', 'PostalCode'] as const

/** Single texts of the contact itself. */
// biome-ignore format: a table
export const texts = [
  'FileAs', 'FileAsMapping', 'DisplayName', 'GivenName', 'Initials', 'MiddleName', 'Nickname',
  'CompanyName', 'AssistantName', 'BusinessHomePage', 'Department', 'Generation', 'JobTitle',
  'Manager', 'Mileage', 'OfficeLocation', 'PostalAddressIndex', 'Profession', 'SpouseName', 'Surname',
] as const
/**
 * Texts of Outlook's contact form without an EWS element, under their names in MS-OXPROPS or in Outlook:
 * a title (Dr.), how names are read in Japanese, numbers, pages, user fields, post office boxes. Gender is a number.
 */
// biome-ignore format: a table
export const mapiTexts = [
  'DisplayNamePrefix', 'YomiFirstName', 'YomiLastName', 'YomiCompanyName',
  'Account', 'BillingInformation', 'ComputerNetworkName', 'CustomerId', 'FreeBusyLocation', 'FtpSite',
  'Gender', 'GovernmentIdNumber', 'Hobbies', 'Language', 'Location', 'OrganizationalIdNumber',
  'PersonalHomePage', 'ReferredByName', 'WebPage', 'UserField1', 'UserField2', 'UserField3', 'UserField4',
  'BusinessPostOfficeBox', 'HomePostOfficeBox', 'OtherPostOfficeBox',
] as const
/** One of `mapiTexts`. */
export type MapiText = (typeof mapiTexts)[number]
/** A time in UTC; or that and the day, free of time zones: `{ utc, local }`. */
export const dates = ['Birthday', 'WeddingAnniversary'] as const
export const sets = ['Categories', 'Children', 'Companies'] as const
/** Fields of every Exchange item that travel with a contact. */
export const itemTexts = ['ItemClass', 'Subject', 'Sensitivity', 'Importance', 'Culture'] as const

/** All fields of a contact that are synchronised. */
export const contactFields: readonly string[] = [
  ...itemTexts,
  'Body',
  ...texts,
  ...mapiTexts,
  ...dates,
  ...sets,
  ...emails.map((slot) => `Email:${slot}`),
  ...addresses.map((place) => `Address:${place}`),
  ...phones.map((key) => `Phone:${key}`),
  ...messengers.map((slot) => `Im:${slot}`),
]

/**
 * The version of how a contact is read and compared. Raise it whenever a field is added to `contactFields` or a
 * canonical form changes (`core/fields.ts`), and list the added fields in `newIn`: the values in a state were read and
 * compared by the version that wrote them.
 */
export const codecVersion = 2

// The new fields of each version. Version 2 also compares dates and bodies in another way.
const newIn: Readonly<Record<number, readonly string[]>> = { 2: mapiTexts }

/** The fields that were added since that version of the codec; 1 is the first. */
export function fieldsNewSince(version: number): ReadonlySet<string> {
  const later = Object.entries(newIn).filter(([raised]) => Number(raised) > version)
  return new Set(later.flatMap(([, fields]) => fields))
}

const fields: ReadonlyMap<string, Field> = new Map([
  ['Body', bodyField] as const,
  ...dates.map((field) => [field, dateField] as const),
  ...sets.map((field) => [field, setField] as const),
  ...emails.map((slot) => [`Email:${slot}`, emailField] as const),
  ...addresses.map((place) => [`Address:${place}`, partsField] as const),
])

const text = (item: Item, field: string): string => textField.canonical(item[field])
const joined = (parts: readonly string[], by: string) => parts.filter(Boolean).join(by)
const first = (item: Item) => joined([text(item, 'GivenName'), text(item, 'MiddleName')], ' ')
const last = (item: Item) => joined([text(item, 'Surname'), text(item, 'Generation')], ' ')

type Form = (item: Item) => string

const fullNames: readonly Form[] = [
  (item) => joined([first(item), last(item)], ' '),
  givenAndSurname,
]

// Outlook writes the title (Dr.) before the full name; some servers drop it when they derive the name again.
const titled = (form: Form) => (item: Item) =>
  joined([text(item, 'DisplayNamePrefix'), form(item)], ' ')

// The forms of FileAs and DisplayName that servers and clients derive; the same as EWS' FileAsMappingType.
const forms: readonly Form[] = [
  ...fullNames,
  (item) => joined([text(item, 'Surname'), first(item)], ', '),
  (item) => joined([text(item, 'Surname'), text(item, 'GivenName')], ', '),
  (item) => joined([last(item), first(item)], ' '),
  (item) => text(item, 'CompanyName'),
  (item) =>
    joined([joined([text(item, 'Surname'), first(item)], ', '), text(item, 'CompanyName')], '\n'),
  (item) =>
    joined([text(item, 'CompanyName'), joined([text(item, 'Surname'), first(item)], ', ')], '\n'),
  ...fullNames.map(titled),
]

function mapped(item: Item): boolean {
  const mapping = text(item, 'FileAsMapping')
  return mapping !== '' && mapping !== 'None'
}

/** Contacts. */
export const contact: ItemType = {
  name: 'Contacts',
  home: 'Contacts',
  codec: codecVersion,
  newSince: fieldsNewSince,
  field: (name) => fields.get(name) ?? textField,
  sources: [
    'DisplayNamePrefix',
    'GivenName',
    'MiddleName',
    'Surname',
    'Generation',
    'CompanyName',
    'FileAsMapping',
  ],

  derived(field, item) {
    if (field === 'DisplayName' || field === 'Subject') return hasName(item)
    // Servers fill it in with the mailbox's own language.
    if (field === 'Culture') return true
    return field === 'FileAs' && mapped(item)
  },

  derive(field, example, merged): Value | undefined {
    const was = text(example, field)
    const form = was === '' ? undefined : forms.find((make) => make(example) === was)
    return form?.(merged) || undefined
  },

  kept(field, agreed, edited): Value | undefined {
    const [was, is] = [text(agreed, field), text(edited, field)]
    const named = field === 'DisplayName' || field === 'Subject'
    if (!named || [agreed, edited].some((item) => text(item, 'DisplayNamePrefix') === ''))
      return undefined
    const form = fullNames.find((make) => titled(make)(agreed) === was && make(edited) === is)
    return form === undefined ? undefined : titled(form)(edited)
  },

  naturalKeys,
  contradicts,

  private(item) {
    return !['', 'Normal'].includes(text(item, 'Sensitivity'))
  },

  title(item) {
    const called = [text(item, 'DisplayName'), givenAndSurname(item), text(item, 'FileAs')]
    return [...called, text(item, 'CompanyName'), ...addressesIn(item)].find(Boolean) ?? ''
  },

  searchTexts,
}

const nameFields = [
  ...['DisplayName', 'FileAs', 'Subject', 'GivenName', 'MiddleName', 'Surname', 'Nickname'],
  ...['YomiFirstName', 'YomiLastName', 'CompanyName'],
]

function searchTexts(item: Item): SearchTexts {
  const [given, surname] = [text(item, 'GivenName'), text(item, 'Surname')]
  return {
    names: [
      ...nameFields.map((field) => text(item, field)),
      ...[`${given} ${surname}`, `${surname} ${given}`, `${surname}, ${given}`],
    ],
    addresses: addressesIn(item),
    numbers: phones.map((key) => text(item, `Phone:${key}`)).filter(Boolean),
  }
}

function givenAndSurname(item: Item): string {
  return joined([text(item, 'GivenName'), text(item, 'Surname')], ' ')
}

// The addresses for e-mail and messages, each with its display name.
function addressesIn(item: Item): readonly string[] {
  const values = Object.entries(item).filter(([field]) => /^(Email|Im):/.test(field))
  return values.flatMap(([, value]) => (typeof value === 'string' ? [value] : Object.values(value)))
}

function hasName(item: Item): boolean {
  return ['GivenName', 'MiddleName', 'Surname', 'CompanyName'].some(
    (field) => text(item, field) !== '',
  )
}
