// Who is who: ResolveNames over users and the caller's contacts, ConvertId, pictures of users, time zones.

import { batch, type Call, status } from '../protocol/batch.ts'
import { EwsError } from '../protocol/errors.ts'
import { EMAILS } from '../protocol/fields.ts'
import { itemId } from '../protocol/render.ts'
import { ownFolder, type Session } from '../protocol/session.ts'
import { itemShape } from '../protocol/shape.ts'
import { answer } from '../protocol/soap.ts'
import { kindOf } from '../store/ids.ts'
import type { Item, User } from '../store/item.ts'
import { textAt } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { attribute, leaf } from '../xml/writer.ts'
import { childOf, entriesOf } from './items.ts'

const RESOLUTIONS_MAX = 100

/** ResolveNames. */
export function resolveNames(call: Call, request: Element): string {
  const { session } = call
  return batch(call, 'ResolveNames', [request], () => {
    const wanted = childOf(request, 'UnresolvedEntry')?.text ?? ''
    const scope = request.attributes.SearchScope ?? 'ActiveDirectoryContacts'
    const name = wanted
      .replace(/^smtp:/i, '')
      .trim()
      .toLowerCase()
    const full = /^(?:true|1)$/.test(request.attributes.ReturnFullContactData ?? '')
    const users = scope === 'Contacts' ? [] : usersNamed(session, name)
    const contacts = scope === 'ActiveDirectory' ? [] : contactsNamed(session, name)
    const directory = users.map((user) => userXml(user, full))
    const own = contacts.map((item) => contactXml(session, item, full))
    const all = scope.startsWith('Contacts') ? [...own, ...directory] : [...directory, ...own]
    if (all.length === 0) throw new EwsError('ErrorNameResolutionNoResults')
    const shown = all.slice(0, RESOLUTIONS_MAX)
    const xml = `<m:ResolutionSet TotalItemsInView="${shown.length}" IncludesLastItemInRange="${shown.length === all.length}">${shown.join('')}</m:ResolutionSet>`
    return all.length === 1
      ? xml
      : { warning: new EwsError('ErrorNameResolutionMultipleResults'), xml }
  })
}

function usersNamed(session: Session, name: string): User[] {
  return [...session.state.users.values()].filter(({ address, aliases = [], name: called }) =>
    [address, ...aliases, called.toLowerCase()].some((one) => one.startsWith(name)),
  )
}

function contactsNamed(session: Session, name: string): Item[] {
  const { items } = ownFolder(session, 'contacts')
  return [...items.values()].filter((item) => {
    const of = (key: string) => textAt(item.values, key)?.toLowerCase() ?? ''
    const names = ['DisplayName', 'GivenName', 'Surname', 'FileAs'].map((one) =>
      of(`contacts:${one}`),
    )
    const addresses = EMAILS.map((slot) => of(`contacts:EmailAddress/${slot}`))
    return [...names, ...addresses].some((one) => one.startsWith(name))
  })
}

function userXml({ address, aliases = [], name }: User, full: boolean): string {
  const mailbox = `<t:Mailbox>${leaf('Name', name)}${leaf('EmailAddress', address)}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>`
  const known = [`SMTP:${address}`, ...aliases.map((alias) => `smtp:${alias}`)].slice(0, 3)
  const entries = known.map(
    (one, index) => `<t:Entry Key="EmailAddress${index + 1}">${attribute(one)}</t:Entry>`,
  )
  const contact = full
    ? `<t:Contact>${leaf('DisplayName', name)}<t:EmailAddresses>${entries.join('')}</t:EmailAddresses><t:ContactSource>ActiveDirectory</t:ContactSource></t:Contact>`
    : ''
  return `<t:Resolution>${mailbox}${contact}</t:Resolution>`
}

function contactXml(session: Session, item: Item, full: boolean): string {
  const of = (key: string) => textAt(item.values, key)
  const address = EMAILS.map((slot) => of(`contacts:EmailAddress/${slot}`)).find(Boolean)
  const known = address ? leaf('EmailAddress', address) : ''
  const shape = { name: '', space: '', attributes: {}, text: '', offset: 0 }
  const base = { ...shape, name: 'BaseShape', text: 'Default', children: [] }
  const write = itemShape(session, { ...shape, children: [base] }, 'find')
  const mailbox = `<t:Mailbox>${leaf('Name', of('contacts:DisplayName') ?? '')}${known}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Contact</t:MailboxType>${itemId(item)}</t:Mailbox>`
  return `<t:Resolution>${mailbox}${full ? write(item) : ''}</t:Resolution>`
}

/** ConvertId: between names of the same id, which here are the same text or its bytes in hexadecimal. */
export function convertId(call: Call, request: Element): string {
  const { session } = call
  const wanted = request.attributes.DestinationFormat ?? 'EwsId'
  const one = (source: Element) => {
    if (source.name !== 'AlternateId') throw new EwsError('ErrorInvalidOperation')
    const { Id = '', Format = 'EwsId', Mailbox = '' } = source.attributes
    const ews = Format === 'HexEntryId' ? Buffer.from(Id, 'hex').toString('base64') : Id
    if (kindOf(ews) === undefined) throw new EwsError('ErrorInvalidIdMalformed')
    const id =
      wanted === 'HexEntryId' ? Buffer.from(ews, 'base64').toString('hex').toUpperCase() : ews
    const owner = session.state.items.get(ews)?.folder.box ?? session.state.folders.get(ews)?.box
    const mailbox = owner?.address || Mailbox
    return `<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" Format="${attribute(wanted)}" Id="${attribute(id)}" Mailbox="${attribute(mailbox)}"/>`
  }
  return batch(call, 'ConvertId', entriesOf(request, 'SourceIds'), one)
}

/** GetUserPhoto: nobody here has one. */
export function getUserPhoto(_call: Call, _request: Element): string {
  const error = status(new EwsError('ErrorItemNotFound'))
  return answer(
    'GetUserPhoto',
    `${error}<m:HasChanged>false</m:HasChanged>`,
    ' ResponseClass="Error"',
  )
}

/** GetServerTimeZones: the world's clock is UTC. */
export function getServerTimeZones(call: Call, request: Element): string {
  return batch(call, 'GetServerTimeZones', [request], () => {
    const period = '<t:Periods><t:Period Bias="PT0S" Name="Standard" Id="utc"/></t:Periods>'
    const to = '<t:Transition><t:To Kind="Group">0</t:To></t:Transition>'
    const group = `<t:TransitionsGroups><t:TransitionsGroup Id="0"><t:Transition><t:To Kind="Period">utc</t:To></t:Transition></t:TransitionsGroup></t:TransitionsGroups>`
    return `<m:TimeZoneDefinitions><t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time">${period}${group}<t:Transitions>${to}</t:Transitions></t:TimeZoneDefinition></m:TimeZoneDefinitions>`
  })
}
