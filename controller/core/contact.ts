// Contacts as the planner sees them: which fields there are, how each compares and merges, what the
// server derives, and when two people's entries are the same person. Field names are EWS' own
// (exchange-protocol §3.1); indexed ones carry their index: `Phone:MobilePhone`, `Email:EmailAddress1`.
import { canonical, type FieldKind, type Item, type ItemType, type Value } from './item.ts'

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
export const dates = ['Birthday', 'WeddingAnniversary'] as const
export const sets = ['Categories', 'Children', 'Companies'] as const
/** Fields of every Exchange item that travel with a contact. */
export const itemTexts = ['ItemClass', 'Subject', 'Sensitivity', 'Importance', 'Culture'] as const

/** All fields of a contact that are synchronised. */
export const contactFields: readonly string[] = [
  ...itemTexts,
  'Body',
  ...texts,
  ...dates,
  ...sets,
  ...emails.map((slot) => `Email:${slot}`),
  ...addresses.map((place) => `Address:${place}`),
  ...phones.map((key) => `Phone:${key}`),
  ...messengers.map((slot) => `Im:${slot}`),
]

const kinds: ReadonlyMap<string, FieldKind> = new Map([
  ...contactFields.map((field) => [field, 'text'] as const),
  ['Body', 'body'] as const,
  ...dates.map((field) => [field, 'date'] as const),
  ...sets.map((field) => [field, 'set'] as const),
  ...emails.map((slot) => [`Email:${slot}`, 'email'] as const),
  ...addresses.map((place) => [`Address:${place}`, 'parts'] as const),
])

const text = (item: Item, field: string): string => canonical('text', item[field])
const joined = (parts: readonly string[], by: string) => parts.filter(Boolean).join(by)
const first = (item: Item) => joined([text(item, 'GivenName'), text(item, 'MiddleName')], ' ')
const last = (item: Item) => joined([text(item, 'Surname'), text(item, 'Generation')], ' ')

// How servers and clients make FileAs and DisplayName; the same forms as EWS' FileAsMappingType.
const forms: readonly ((item: Item) => string)[] = [
  (item) => joined([first(item), last(item)], ' '),
  (item) => joined([text(item, 'GivenName'), text(item, 'Surname')], ' '),
  (item) => joined([text(item, 'Surname'), first(item)], ', '),
  (item) => joined([text(item, 'Surname'), text(item, 'GivenName')], ', '),
  (item) => joined([last(item), first(item)], ' '),
  (item) => text(item, 'CompanyName'),
  (item) =>
    joined([joined([text(item, 'Surname'), first(item)], ', '), text(item, 'CompanyName')], '\n'),
  (item) =>
    joined([text(item, 'CompanyName'), joined([text(item, 'Surname'), first(item)], ', ')], '\n'),
]

function mapped(item: Item): boolean {
  const mapping = text(item, 'FileAsMapping')
  return mapping !== '' && mapping !== 'None'
}

function emailAddresses(item: Item): readonly string[] {
  const slots = emails.map(
    (slot) => item[`Email:${slot}`] as Readonly<Record<string, string>> | undefined,
  )
  return slots.map((slot) => (slot?.address ?? '').trim().toLowerCase()).filter(Boolean)
}

function numbers(item: Item): readonly string[] {
  const digits = phones.map((key) => text(item, `Phone:${key}`).replace(/[^0-9]/g, ''))
  return digits.filter((number) => number.length > 4).map((number) => number.slice(-9))
}

function personName(item: Item): string {
  const name = joined([text(item, 'GivenName'), text(item, 'Surname')], ' ')
  // Servers call somebody without a name by the address; that is no name.
  const addresses = emailAddresses(item)
  const called = [name, text(item, 'DisplayName'), text(item, 'FileAs')].map((each) =>
    each.toLowerCase(),
  )
  return called.find((each) => each !== '' && !addresses.includes(each)) ?? ''
}

/** Contacts. */
export const contact: ItemType = {
  name: 'Contacts',
  codec: 1,
  newSince: () => new Set(),
  kindOf: (field) => kinds.get(field) ?? 'text',
  sources: ['GivenName', 'MiddleName', 'Surname', 'Generation', 'CompanyName', 'FileAsMapping'],

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

  naturalKeys(item) {
    const name = personName(item)
    const keys = emailAddresses(item).map((address) => `email ${address}`)
    if (name !== '') keys.push(`name ${name}\n${text(item, 'CompanyName').toLowerCase()}`)
    return keys
  },

  // Sharing a mailbox (office@…) or a name does not make two people one: a namesake without a common
  // company must not have another telephone, and whoever shares an address must share a name.
  contradicts(one, other) {
    const shared = emailAddresses(one).some((address) => emailAddresses(other).includes(address))
    const [name, otherName] = [personName(one), personName(other)]
    if (shared) return name !== '' && otherName !== '' && !relatedNames(one, other)
    if (emailAddresses(one).length > 0 && emailAddresses(other).length > 0) return true
    if (text(one, 'CompanyName') !== '') return false
    const [mine, others] = [numbers(one), numbers(other)]
    return mine.length > 0 && others.length > 0 && !mine.some((number) => others.includes(number))
  },

  private(item) {
    return !['', 'Normal'].includes(text(item, 'Sensitivity'))
  },
}

function hasName(item: Item): boolean {
  return ['GivenName', 'MiddleName', 'Surname', 'CompanyName'].some(
    (field) => text(item, field) !== '',
  )
}

// The same name, or one that says less: `Żak` and `Ewa Żak`, never `Jan Żak` and `Ewa Żak`.
function relatedNames(one: Item, other: Item): boolean {
  if (personName(one) === personName(other)) return true
  const parts = (['GivenName', 'Surname'] as const).map((field) => [
    text(one, field).toLowerCase(),
    text(other, field).toLowerCase(),
  ])
  const common = parts.some(([mine, others]) => mine !== '' && mine === others)
  return common && parts.every(([mine, others]) => mine === '' || others === '' || mine === others)
}
