// A contact of ews-javascript-api as a card, and back: flat fields by EWS' own names, so that two people's
// contacts can be compared, and shown, field by field.
import type { Contact, IOutParam, PropertyDefinition } from 'ews-javascript-api'
import { library } from '../../controller/ews/library.ts'
import type { Card } from './user.ts'

/** Every field of a contact that users fill in, and that has a value. */
export function cardOf(contact: Contact): Card {
  const { ContactSchema: schema, ItemSchema: item, Sensitivity } = library()
  const definitions: readonly PropertyDefinition[] = [
    schema.FileAs,
    schema.DisplayName,
    schema.GivenName,
    schema.Initials,
    schema.MiddleName,
    schema.NickName,
    schema.Surname,
    schema.Generation,
    schema.CompanyName,
    schema.Department,
    schema.JobTitle,
    schema.Profession,
    schema.Manager,
    schema.AssistantName,
    schema.SpouseName,
    schema.OfficeLocation,
    schema.BusinessHomePage,
    schema.Birthday,
    schema.WeddingAnniversary,
    schema.Children,
    schema.Companies,
    item.Categories,
    item.Body,
  ]
  const sensitivity = Sensitivity[held(contact, item.Sensitivity) as number] ?? ''
  const texts = definitions.map((each) => [each.Name, textOf(held(contact, each))] as const)
  const slots = [
    ...entriesOf(contact, schema.PhoneNumbers, 'PhoneNumberKey', 'PhoneNumber'),
    ...entriesOf(contact, schema.EmailAddresses, 'EmailAddressKey', 'EmailAddress'),
    ...entriesOf(contact, schema.ImAddresses, 'ImAddressKey', 'ImAddress'),
    ...entriesOf(contact, schema.PhysicalAddresses, 'PhysicalAddressKey', ''),
  ]
  const all = [...texts, ...slots, ['Sensitivity', sensitivity] as const]
  return Object.fromEntries(all.filter(([, value]) => value !== ''))
}

/** Fills in one field of a contact: a text of its own, or a telephone or e-mail slot. */
export function write(contact: Contact, field: string, value: string): void {
  const { PhoneNumberKey: phones, EmailAddressKey: emails, EmailAddress } = library()
  if (field in phones) {
    contact.PhoneNumbers._setItem(phones[field as keyof typeof phones], value)
  } else if (field in emails) {
    const key = emails[field as keyof typeof emails]
    contact.EmailAddresses._setItem(key, new EmailAddress(value))
  } else if (field in contact) {
    Object.assign(contact, { [field]: value })
  } else {
    throw new Error(`a contact has no field ${field}`)
  }
}

type Keys = 'PhoneNumberKey' | 'EmailAddressKey' | 'ImAddressKey' | 'PhysicalAddressKey'

function entriesOf(
  contact: Contact,
  definition: PropertyDefinition,
  keys: Keys,
  part: string,
): readonly (readonly [string, string])[] {
  type Slots = { Entries: { Items: readonly { key: number; value: Record<string, unknown> }[] } }
  const slots = held(contact, definition) as Slots | undefined
  return (slots?.Entries.Items ?? []).map(({ key, value }) => [
    library()[keys][key] ?? String(key),
    part === '' ? addressText(value) : textOf(value[part]),
  ])
}

function addressText(address: Record<string, unknown>): string {
  const parts = ['Street', 'PostalCode', 'City', 'State', 'CountryOrRegion']
  return parts
    .map((part) => textOf(address[part]))
    .filter(Boolean)
    .join(', ')
}

function held(contact: Contact, definition: PropertyDefinition): unknown {
  const out: IOutParam<unknown> = { outValue: undefined }
  return contact.TryGetProperty(definition, out) ? out.outValue : undefined
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'object') return String(value)
  const { DateTime, EmailAddress, MessageBody, StringList } = library()
  if (value instanceof StringList) return [...value.GetEnumerator()].sort().join(', ')
  if (value instanceof DateTime) return value.ToISOString()
  if (value instanceof MessageBody) return value.Text ?? ''
  if (value instanceof EmailAddress) return [value.Address, value.Name].filter(Boolean).join(' ')
  throw new Error('a contact has a value of a kind that the demo does not know')
}
