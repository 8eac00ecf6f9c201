// ews-javascript-api as a client, with its own HTTP. It has the remedies without which it loses data (controller/ews/library.ts).
import { Agent } from 'node:https'
import { createRequire } from 'node:module'
import type { Contact, ExchangeService, FolderId } from 'ews-javascript-api'
import { library } from '../../controller/ews/library.ts'
import type { Card, Client, Place } from './client.ts'
import { ANNA, type SignIn, tokenFrom } from './sign-ins.ts'

const ews = library()
const load = createRequire(createRequire(import.meta.url).resolve('ews-javascript-api'))

/** A client of the Exchange at an address, whose authority has this certificate (PEM). */
export async function libraryClient(url: string, signIn: SignIn, ca?: string): Promise<Client> {
  const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2016, ews.TimeZoneInfo.Utc)
  service.Url = new ews.Uri(url)
  service.Credentials =
    signIn.way === 'OAuth'
      ? new ews.OAuthCredentials(await tokenFrom(url, ca ?? ''))
      : new ews.WebCredentials(ANNA.user, ANNA.password)
  service.XHRApi = httpFor(signIn, ca) as unknown as typeof service.XHRApi
  const folders = new Map<Place, FolderId>()
  const states = new Map<Place, { state: string; known: Set<string> }>()
  const folder = async (place: Place): Promise<FolderId> => {
    const found = folders.get(place) ?? (await folderIn(service, place))
    folders.set(place, found)
    return found
  }
  const read = async (id: string): Promise<Card | undefined> => {
    const contact = await bound(service, id)
    return contact && cardOf(contact)
  }
  const every = async (ids: Iterable<string>) => {
    // One after the other: its NTLM needs that each request gets the connection of the one before.
    const cards: Card[] = []
    for (const id of ids) {
      const card = await read(id)
      if (card) cards.push(card)
    }
    return cards
  }
  return {
    create: async (place, card) => {
      const contact = new ews.Contact(service)
      fill(contact, card)
      await contact.Save(await folder(place))
      return contact.Id.UniqueId
    },
    read: (_, id) => read(id),
    change: async (_, id, card) => {
      const contact = await existing(service, id)
      fill(contact, card)
      await contact.Update(ews.ConflictResolutionMode.NeverOverwrite)
    },
    delete: async (_, id) => {
      await (await existing(service, id)).Delete(ews.DeleteMode.HardDelete)
    },
    list: async (place) => {
      const found = await service.FindItems(await folder(place), new ews.ItemView(100))
      return every(found.Items.map((item) => item.Id.UniqueId))
    },
    sync: async (place) => {
      const { state, known } = states.get(place) ?? { state: '', known: new Set<string>() }
      const { IdOnly } = ews.PropertySet
      const { NormalItems } = ews.SyncFolderItemsScope
      const id = await folder(place)
      const changes = await service.SyncFolderItems(id, IdOnly, [], 100, NormalItems, state)
      for (let at = 0; at < changes.Count; at += 1) {
        const change = changes._getItem(at)
        if (change.ChangeType === ews.ChangeType.Delete) known.delete(change.ItemId.UniqueId)
        else known.add(change.ItemId.UniqueId)
      }
      states.set(place, { state: changes.SyncState, known })
      return every(known)
    },
    close: async () => {},
  }
}

// For NTLM it makes agents of its own, which know no other authority than those of the machine.
function httpFor({ way }: SignIn, ca: string | undefined): Http {
  const { XhrApi } = load('@ewsjs/xhr') as { XhrApi: new (options: object) => Http }
  if (way === 'NTLM') {
    const options = { rejectUnauthorized: ca === undefined }
    return new XhrApi(options).useNtlmAuthentication(ANNA.user, ANNA.password)
  }
  return new XhrApi({ httpsAgent: new Agent({ keepAlive: true, ...(ca !== undefined && { ca }) }) })
}

type Http = Readonly<{ useNtlmAuthentication: (user: string, password: string) => Http }>

async function folderIn(service: ExchangeService, place: Place): Promise<FolderId> {
  if (place === 'mailbox') return new ews.FolderId(ews.WellKnownFolderName.Contacts)
  let at = await ews.Folder.Bind(service, ews.WellKnownFolderName.PublicFoldersRoot)
  for (const name of ['Company', 'Contacts']) {
    const { Folders: below } = await at.FindFolders(new ews.FolderView(10))
    const found = below.find(({ DisplayName }) => DisplayName === name)
    if (!found) throw new Error(`there is no folder ${name}`)
    at = found
  }
  return at.Id
}

async function bound(service: ExchangeService, id: string): Promise<Contact | undefined> {
  const properties = new ews.PropertySet(ews.BasePropertySet.FirstClassProperties)
  properties.RequestedBodyType = ews.BodyType.Text
  try {
    return (await ews.Item.Bind(service, new ews.ItemId(id), properties)) as Contact
  } catch (error) {
    const { ErrorItemNotFound } = ews.ServiceError
    if ((error as { ErrorCode?: unknown }).ErrorCode === ErrorItemNotFound) return undefined
    throw error
  }
}

async function existing(service: ExchangeService, id: string): Promise<Contact> {
  const contact = await bound(service, id)
  if (!contact) throw new Error('there is no such contact')
  return contact
}

// Its types do not know that null takes a value away.
const NONE = null as never

const { Home } = ews.PhysicalAddressKey
const PLAIN = ['GivenName', 'Surname', 'CompanyName', 'JobTitle'] as const
const PHONES = ['MobilePhone', 'BusinessPhone'] as const

function fill(contact: Contact, card: Card): void {
  for (const name of PLAIN) if (card[name] ?? !contact.IsNew) contact[name] = card[name] ?? NONE
  for (const name of PHONES) {
    const key = ews.PhoneNumberKey[name]
    if (card[name] ?? contact.PhoneNumbers.Contains(key))
      contact.PhoneNumbers._setItem(key, card[name] ?? NONE)
  }
  const { EmailAddress1 } = ews.EmailAddressKey
  if (card.EmailAddress1 ?? contact.EmailAddresses.Contains(EmailAddress1)) {
    const email = card.EmailAddress1 === undefined ? NONE : new ews.EmailAddress(card.EmailAddress1)
    contact.EmailAddresses._setItem(EmailAddress1, email)
  }
  if (card.Body !== undefined) contact.Body = new ews.MessageBody(ews.BodyType.Text, card.Body)
  else if (!contact.IsNew) contact.Body = NONE
  const known = contact.PhysicalAddresses.Contains(Home)
  if (!known && (card.Street ?? card.City) === undefined) return
  const address = known ? contact.PhysicalAddresses._getItem(Home) : new ews.PhysicalAddressEntry()
  address.Street = card.Street ?? NONE
  address.City = card.City ?? NONE
  if (!known) contact.PhysicalAddresses._setItem(Home, address)
}

function cardOf(contact: Contact): Card {
  const phones = contact.PhoneNumbers
  const home = contact.PhysicalAddresses.Contains(Home)
    ? contact.PhysicalAddresses._getItem(Home)
    : undefined
  const { EmailAddress1 } = ews.EmailAddressKey
  const email = contact.EmailAddresses.Contains(EmailAddress1)
    ? contact.EmailAddresses._getItem(EmailAddress1)
    : undefined
  const number = (name: (typeof PHONES)[number]) => {
    const key = ews.PhoneNumberKey[name]
    return phones.Contains(key) ? phones._getItem(key) : undefined
  }
  const found: Record<keyof Card, string | undefined> = {
    GivenName: contact.GivenName,
    Surname: contact.Surname,
    CompanyName: contact.CompanyName,
    JobTitle: contact.JobTitle,
    EmailAddress1: email?.Address,
    MobilePhone: number('MobilePhone'),
    BusinessPhone: number('BusinessPhone'),
    Street: home?.Street,
    City: home?.City,
    Body: contact.Body?.Text,
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value))
}
