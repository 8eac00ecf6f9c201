// The same server through ews-javascript-api: another implementation's idea of EWS. It is used with the
// remedies that the controller has for it, without which it loses data.
import type { Contact, Folder } from 'ews-javascript-api'
import { expect, test } from 'vitest'
import { exchangeService, library } from '../../controller/ews/library.ts'
import { exchangeFor, STAMP, WORLD } from './support.ts'

const exchange = await exchangeFor(WORLD)
const ews = library()
const { store } = exchange

function service(name: string, actAs?: string) {
  const authorization = `Basic ${btoa(`${name}@corp.example:${name}-secret`)}`
  const headers = { authorization, 'content-type': 'text/xml; charset=utf-8' }
  const send = async (soap: string) => {
    const response = await exchange.fetch(exchange.url, { method: 'POST', headers, body: soap })
    return response.text()
  }
  return exchangeService(send, exchange.url, actAs)
}

const stamp = new ews.ExtendedPropertyDefinition(
  new ews.Guid(STAMP.set),
  STAMP.name,
  ews.MapiPropertyType.String,
)

async function roundTrip(asker: ReturnType<typeof service>, folder: Folder): Promise<void> {
  const contact = new ews.Contact(asker)
  contact.GivenName = 'Ewa & <Jan>'
  contact.Surname = 'Żak 🙂'
  contact.CompanyName = '"A" & B'
  contact.EmailAddresses._setItem(
    ews.EmailAddressKey.EmailAddress1,
    new ews.EmailAddress('Ewa "Ż"', 'ewa@example.com'),
  )
  contact.PhoneNumbers._setItem(ews.PhoneNumberKey.MobilePhone, '+48 1')
  const address = new ews.PhysicalAddressEntry()
  address.Street = 'ul. Długa 1'
  address.City = 'Łódź'
  contact.PhysicalAddresses._setItem(ews.PhysicalAddressKey.Home, address)
  contact.Body = new ews.MessageBody(ews.BodyType.Text, 'a note')
  contact.SetExtendedProperty(stamp, '1|2|3')
  await contact.Save(folder.Id)

  const properties = new ews.PropertySet(ews.BasePropertySet.FirstClassProperties, [stamp])
  const read = (await ews.Item.Bind(asker, contact.Id, properties)) as Contact
  expect([read.GivenName, read.Surname, read.CompanyName]).toEqual([
    'Ewa & <Jan>',
    'Żak 🙂',
    '"A" & B',
  ])
  expect(read.EmailAddresses._getItem(ews.EmailAddressKey.EmailAddress1).Name).toBe('Ewa "Ż"')
  expect(read.Body.Text).toBe('a note')

  read.Surname = 'Nowak'
  read.PhysicalAddresses._getItem(ews.PhysicalAddressKey.Home).City = 'Kraków'
  read.PhoneNumbers._setItem(ews.PhoneNumberKey.MobilePhone, null as unknown as string)
  await read.Update(ews.ConflictResolutionMode.NeverOverwrite)

  const view = new ews.ItemView(10)
  const equal = new ews.SearchFilter.IsEqualTo(stamp, '1|2|3')
  const found = await asker.FindItems(folder.Id, equal, view)
  expect(found.TotalCount).toBe(1)
  expect((found.Items[0] as Contact).DisplayName).toBe('Ewa & <Jan> Nowak')
}

test('a contact goes round in a mailbox that somebody acts in', async () => {
  const asker = service('sync', 'anna@corp.example')
  const parent = new ews.FolderId(ews.WellKnownFolderName.Contacts)
  const folder = new ews.ContactsFolder(asker)
  folder.DisplayName = 'Company & more'
  await folder.Save(parent)
  await roundTrip(asker, folder)

  const mailbox = store.mailbox('anna@corp.example').folder('Contacts/Company & more')
  const [item] = mailbox.items()
  expect(item?.contact).toMatchObject({
    PhysicalAddresses: { Home: { Street: 'ul. Długa 1', City: 'Kraków' } },
  })
  expect(item?.contact.PhoneNumbers).toBeUndefined()

  const changes = await asker.SyncFolderItems(
    folder.Id,
    ews.PropertySet.IdOnly,
    [],
    100,
    ews.SyncFolderItemsScope.NormalItems,
    '',
  )
  expect(changes.Count).toBe(1)
  const read = await ews.Item.Bind(asker, new ews.ItemId(item?.id ?? ''))
  await read.Delete(ews.DeleteMode.MoveToDeletedItems)
  expect(mailbox.size()).toBe(0)
})

test('a contact goes round in a public folder', async () => {
  const asker = service('sync')
  const root = await ews.Folder.Bind(asker, ews.WellKnownFolderName.PublicFoldersRoot)
  const [company] = (await root.FindFolders(new ews.FolderView(10))).Folders
  const [folder] = (await company?.FindFolders(new ews.FolderView(10)))?.Folders ?? []
  if (!folder) throw new Error('The public folder was not found')
  const hub = store.publicFolder('/Company/Contacts')
  hub.clear('HardDelete')
  await roundTrip(asker, folder)
  expect(hub.size()).toBe(1)
})

test('a stale update is refused as such', async () => {
  const contacts = store.mailbox('jan@corp.example').folder('Contacts')
  const { id } = contacts.create({ GivenName: 'A' })
  const read = (await ews.Item.Bind(service('jan'), new ews.ItemId(id))) as Contact
  contacts.update(id, { GivenName: 'B' })
  read.Surname = 'S'
  const update = read.Update(ews.ConflictResolutionMode.NeverOverwrite)
  await expect(update).rejects.toMatchObject({
    ErrorCode: ews.ServiceError.ErrorIrresolvableConflict,
  })
})

test('names are resolved among users and contacts', async () => {
  const found = await service('jan').ResolveName('anna')
  expect(found.Count).toBe(1)
  expect(found._getItem(0).Mailbox.Address).toBe('anna@corp.example')
})
