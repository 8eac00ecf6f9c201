// Looking people up, converting ids, and the smaller things that clients ask for.
import { expect, test } from 'vitest'
import {
  all,
  codes,
  distinguished,
  exchangeFor,
  first,
  folderId,
  person,
  refs,
  texts,
} from './support.ts'

const exchange = await exchangeFor()
const anna = person(exchange, 'anna')
const mailbox = exchange.store.mailbox('anna@corp.example')
mailbox.folder('Contacts').create({ GivenName: 'Jan', Surname: 'Nowak', EmailAddress1: 'jn@x.y' })

const resolve = (name: string, scope = 'ContactsActiveDirectory', full = 'true') =>
  `<m:ResolveNames ReturnFullContactData="${full}" SearchScope="${scope}"><m:UnresolvedEntry>${name}</m:UnresolvedEntry></m:ResolveNames>`

//   name                          where                       code                                   found
const names = [
  [
    'jan',
    'ContactsActiveDirectory',
    'ErrorNameResolutionMultipleResults',
    ['jn@x.y', 'jan@corp.example'],
  ],
  ['jan', 'ActiveDirectory', 'NoError', ['jan@corp.example']],
  ['nowak', 'Contacts', 'NoError', ['jn@x.y']],
  ['smtp:jn@x', 'ActiveDirectoryContacts', 'NoError', ['jn@x.y']],
  ['nobody', 'ActiveDirectoryContacts', 'ErrorNameResolutionNoResults', []],
] as const

test.each(names)('%s in %s: %s', async (name, scope, code, found) => {
  const answer = await anna.ask(resolve(name, scope))
  expect(codes(answer)).toEqual([code])
  const mailboxes = all(answer, 'Mailbox')
  expect(mailboxes.flatMap((one) => texts(one, 'EmailAddress'))).toEqual(found)
})

test('an id is the same id in every format, and tells whose it is', async () => {
  const id = mailbox.folder('Contacts').id()
  const convert = (format: string, value: string, wanted: string) =>
    `<m:ConvertId DestinationFormat="${wanted}"><m:SourceIds><t:AlternateId Format="${format}" Id="${value}" Mailbox="x@y"/></m:SourceIds></m:ConvertId>`
  const hex = first(await anna.ask(convert('EwsId', id, 'HexEntryId')), 'AlternateId').attributes
  expect(hex).toMatchObject({ Format: 'HexEntryId', Mailbox: 'anna@corp.example' })
  const back = await anna.ask(convert('HexEntryId', hex.Id ?? '', 'EwsId'))
  expect(first(back, 'AlternateId').attributes.Id).toBe(id)
  const wrong = await anna.ask(convert('EwsId', 'hello', 'EwsId'))
  expect(codes(wrong)).toEqual(['ErrorInvalidIdMalformed'])
})

test('nobody has a picture, and the clock is in UTC', async () => {
  const photo =
    '<m:GetUserPhoto><m:Email>anna@corp.example</m:Email><m:SizeRequested>HR48x48</m:SizeRequested></m:GetUserPhoto>'
  expect(codes(await anna.ask(photo))).toEqual(['ErrorItemNotFound'])
  const zones = await anna.ask('<m:GetServerTimeZones ReturnFullTimeZoneData="true"/>')
  expect(first(zones, 'TimeZoneDefinition').attributes.Id).toBe('UTC')
})

test('a folder is moved with all that is in it, but not into itself', async () => {
  const folder = mailbox.createFolder('Contacts/Moving/Deep')
  const { id } = folder.create({ GivenName: 'A' })
  const top = folderId(mailbox.folder('Contacts/Moving').id())
  const move = (to: string) =>
    `<m:MoveFolder><m:ToFolderId>${to}</m:ToFolderId><m:FolderIds>${top}</m:FolderIds></m:MoveFolder>`
  const inside = await anna.ask(move(folderId(folder.id())))
  expect(codes(inside)).toEqual(['ErrorMoveCopyFailed'])
  expect(codes(await anna.ask(move(distinguished('tasks'))))).toEqual(['NoError'])
  expect(mailbox.folder('Tasks/Moving/Deep').item(id)).toBeDefined()
})

test('a folder is emptied, sub-folders and all, unless it is public', async () => {
  const folder = mailbox.createFolder('Contacts/Full')
  folder.create({ GivenName: 'A' })
  mailbox.createFolder('Contacts/Full/Sub')
  const empty = (id: string) =>
    `<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true"><m:FolderIds>${folderId(id)}</m:FolderIds></m:EmptyFolder>`
  expect(codes(await anna.ask(empty(folder.id())))).toEqual(['NoError'])
  expect([folder.size(), folder.children()]).toEqual([0, []])
  const hub = exchange.store.publicFolder('/Company/Contacts').id()
  expect(codes(await anna.ask(empty(hub)))).toEqual(['ErrorCannotEmptyFolder'])
})

test('mail and posts are kept beside contacts, as far as they go', async () => {
  const message = '<t:Message><t:Subject>s</t:Subject></t:Message>'
  const made = await anna.ask(
    `<m:CreateItem MessageDisposition="SaveOnly"><m:Items>${message}</m:Items></m:CreateItem>`,
  )
  expect(codes(made)).toEqual(['NoError'])
  expect(all(made, 'Message')).toHaveLength(1)
  expect(refs(made)[0]?.key).toMatch(/^CQAAABYAAA/)
  const task = '<t:Task><t:Subject>s</t:Subject></t:Task>'
  const refused = await anna.ask(`<m:CreateItem><m:Items>${task}</m:Items></m:CreateItem>`)
  expect(codes(refused)).toEqual(['ErrorInvalidItemForOperationCreateItem'])
})
