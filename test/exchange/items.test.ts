// Items: what is created is read back, what may be changed is changed, and who has not seen the latest
// version is told so.
import { expect, test } from 'vitest'
import {
  all,
  codes,
  createItem,
  deleteItem,
  distinguished,
  exchangeFor,
  field,
  first,
  folderId,
  getItem,
  itemId,
  person,
  refs,
  STAMP,
  STAMP_PATH,
  START_MS,
  setField,
  slot,
  stamped,
  texts,
  updateItem,
} from './support.ts'

let nowMs = START_MS
const exchange = await exchangeFor(undefined, { clock: () => nowMs })
const anna = person(exchange, 'anna')
const contacts = exchange.store.mailbox('anna@corp.example').folder('Contacts')

async function created(content: string): Promise<{ id: string; key: string }> {
  const [ref] = refs(await anna.ask(createItem([content])))
  if (!ref) throw new Error('Nothing was created')
  return ref
}

const FULL = `<t:Subject>A subject</t:Subject><t:Sensitivity>Private</t:Sensitivity><t:Body BodyType="HTML">&lt;p&gt;Zażółć &amp;amp; 🙂&lt;/p&gt;</t:Body><t:Categories><t:String>A &amp; B</t:String></t:Categories>${stamped('1|2|3')}<t:FileAs>Literally</t:FileAs><t:DisplayName>Ewa Ż</t:DisplayName><t:GivenName>Ewa</t:GivenName><t:Initials>E.Ż.</t:Initials><t:MiddleName>Maria</t:MiddleName><t:Nickname>Ewka</t:Nickname><t:CompanyName>A &lt;B&gt; &amp; "C"</t:CompanyName><t:EmailAddresses><t:Entry Key="EmailAddress1" Name="&quot;Ewa&quot;" RoutingType="SMTP">ewa@example.com</t:Entry></t:EmailAddresses><t:PhysicalAddresses><t:Entry Key="Home"><t:Street>ul. Długa 1
m. 2</t:Street><t:City>Łódź</t:City></t:Entry></t:PhysicalAddresses><t:PhoneNumbers><t:Entry Key="MobilePhone">+48 1</t:Entry><t:Entry Key="IPPhone">sip</t:Entry></t:PhoneNumbers><t:Birthday>1980-05-12T00:00:00+02:00</t:Birthday><t:Children><t:String>Jan</t:String></t:Children><t:ImAddresses><t:Entry Key="ImAddress1">im</t:Entry></t:ImAddresses><t:Surname>Żak</t:Surname><t:WeddingAnniversary>2001-02-03T00:00:00.123Z</t:WeddingAnniversary>`

test('what is created is read back, as Exchange keeps it', async () => {
  const ref = await created(FULL)
  const answer = await anna.ask(getItem([itemId(ref)], 'AllProperties', STAMP_PATH))
  const contact = first(answer, 'Contact')
  const shown = Object.fromEntries(
    contact.children
      .filter(({ children }) => children.length === 0)
      .map((one) => [one.name, one.text]),
  )
  expect(shown).toMatchObject({
    ItemClass: 'IPM.Contact',
    Subject: 'A subject',
    Sensitivity: 'Private',
    FileAs: 'Literally',
    FileAsMapping: 'None',
    DisplayName: 'Ewa Ż',
    CompanyName: 'A <B> & "C"',
    Birthday: '1980-05-11T22:00:00Z',
    WeddingAnniversary: '2001-02-03T00:00:00Z',
    DateTimeCreated: '2026-01-01T00:00:00Z',
    LastModifiedName: 'Anna',
    HasPicture: 'false',
  })
  expect(first(contact, 'Body').text).toContain('<body>\r\n<p>Zażółć &amp; 🙂</p>')
  expect(texts(first(contact, 'Categories'), 'String')).toEqual(['A & B'])
  expect(first(first(contact, 'EmailAddresses'), 'Entry').attributes.Name).toBe('"Ewa"')
  expect(texts(contact, 'Street')).toEqual(['ul. Długa 1\nm. 2'])
  expect(texts(first(contact, 'PhoneNumbers'), 'Entry')).toEqual(['+48 1', 'sip'])
  expect(texts(contact, 'Value')).toEqual(['1|2|3'])
  expect(texts(contact, 'FullName')).toEqual(['Ewa Maria Żak'])
})

test('named properties come only when asked for, by name', async () => {
  const ref = await created(stamped('here'))
  expect(texts(await anna.ask(getItem([itemId(ref)])), 'Value')).toEqual([])
  expect(contacts.item(ref.id)?.stamp(STAMP)).toBe('here')
})

const shapes = [
  ['a field', field('contacts:Surname'), { Surname: 'Żak' }],
  ['a phone', slot('contacts:PhoneNumber', 'MobilePhone'), { Entry: '+48 1' }],
  [
    'an e-mail address',
    slot('contacts:EmailAddress', 'EmailAddress1'),
    { Entry: 'ewa@example.com' },
  ],
  ['an instant messaging address', slot('contacts:ImAddress', 'ImAddress1'), { Entry: 'im' }],
  ['a part of an address', slot('contacts:PhysicalAddress:City', 'Home'), { City: 'Łódź' }],
  ['a tag', '<t:ExtendedFieldURI PropertyTag="0x3A06" PropertyType="String"/>', { Value: 'Ewa' }],
  [
    'a tag in decimal',
    '<t:ExtendedFieldURI PropertyTag="14854" PropertyType="String"/>',
    { Value: 'Ewa' },
  ],
  [
    'a number for a word',
    '<t:ExtendedFieldURI PropertyTag="0x36" PropertyType="Integer"/>',
    { Value: '2' },
  ],
  [
    'an id in a distinguished set',
    '<t:ExtendedFieldURI DistinguishedPropertySetId="Address" PropertyId="32899" PropertyType="String"/>',
    { Value: 'ewa@example.com' },
  ],
  [
    'an id in a set',
    '<t:ExtendedFieldURI PropertySetId="00062004-0000-0000-C000-000000000046" PropertyId="32899" PropertyType="String"/>',
    { Value: 'ewa@example.com' },
  ],
  [
    'a flag worked out',
    '<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="34054" PropertyType="Boolean"/>',
    { Value: 'true' },
  ],
] as const

test.each(shapes)('%s is shown alone', async (_, path, wanted) => {
  const answer = await anna.ask(getItem([itemId(await created(FULL))], 'IdOnly', path))
  const leaves = all(answer, 'Contact').flatMap((contact) => {
    return ['Surname', 'Entry', 'City', 'Street', 'Value'].flatMap((name) =>
      all(contact, name)
        .filter(({ children }) => children.length === 0)
        .map(({ text }) => [name, text]),
    )
  })
  expect(Object.fromEntries(leaves)).toEqual(wanted)
})

test('what DavMail writes as MAPI properties is a contact like any other', async () => {
  const tag = (number: string, type: string, value: string) =>
    `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="${number}" PropertyType="${type}"/><t:Value>${value}</t:Value></t:ExtendedProperty>`
  const properties = [
    tag('0x3A06', 'String', 'Ewa'),
    tag('0x3A11', 'String', 'Żak'),
    tag('0x1000', 'String', 'a note'),
    tag('0x3A42', 'SystemTime', '1980-05-12T00:00:00.000Z'),
    tag('0x36', 'Integer', '2'),
  ]
  const ref = await created(properties.join(''))
  expect(contacts.item(ref.id)?.contact).toMatchObject({
    GivenName: 'Ewa',
    Surname: 'Żak',
    DisplayName: 'Ewa Żak',
    Birthday: '1980-05-12T00:00:00Z',
    Sensitivity: 'Private',
    Body: { type: 'Text', text: 'a note' },
  })
})

test('a batch answers in order, and one refusal does not disturb the others', async () => {
  const contact = '<t:GivenName>A</t:GivenName>'
  const sized = '<t:Size>5</t:Size>'
  const answer = await anna.ask(createItem([contact, sized, contact]))
  expect(codes(answer)).toEqual(['NoError', 'ErrorInvalidPropertySet', 'NoError'])
})

const wrongIds = [
  ['an id in another case', (id: string) => swapped(id), 'ErrorItemNotFound'],
  ['no id', () => '', 'ErrorInvalidIdEmpty'],
  ['anything', () => 'hello', 'ErrorInvalidIdMalformed'],
  ['a folder’s id', () => contacts.id(), 'ErrorCannotUseFolderIdForItemId'],
] as const

test.each(wrongIds)('%s is refused', async (_, wrong, code) => {
  const { id } = await created('<t:GivenName>A</t:GivenName>')
  await created('<t:GivenName>B</t:GivenName>')
  exchange.store.mailbox('anna@corp.example').folder('Contacts').clear('HardDelete')
  expect(codes(await anna.ask(getItem([itemId({ id: wrong(id) })])))).toEqual([code])
})

/** The same id with the last letter of its counter in the other case: its neighbour’s. */
function swapped(id: string): string {
  const letter = id[147] ?? ''
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  return id.slice(0, 147) + other + id.slice(148)
}

test('ids differ, sometimes only in the case of a letter', async () => {
  const made = refs(await anna.ask(createItem(Array(20).fill('<t:GivenName>A</t:GivenName>'))))
  expect(new Set(made.map(({ id }) => id)).size).toBe(20)
  expect(new Set(made.map(({ id }) => id.toLowerCase())).size).toBeLessThan(20)
  for (const { id } of made) expect(id).toMatch(/^AAMk[\w+/]{147,}=?$/)
})

const updates = [
  [
    'a name is set',
    setField(field('contacts:Surname'), '<t:Surname>Nowak</t:Surname>'),
    { Surname: 'Nowak' },
  ],
  [
    'a phone is set, the others stay',
    setField(
      slot('contacts:PhoneNumber', 'HomePhone'),
      '<t:PhoneNumbers><t:Entry Key="HomePhone">2</t:Entry></t:PhoneNumbers>',
    ),
    { PhoneNumbers: { HomePhone: '2', MobilePhone: '+48 1', IPPhone: 'sip' } },
  ],
  [
    'an e-mail address is set, its name goes',
    setField(
      slot('contacts:EmailAddress', 'EmailAddress1'),
      '<t:EmailAddresses><t:Entry Key="EmailAddress1">b@example.com</t:Entry></t:EmailAddresses>',
    ),
    { EmailAddresses: { EmailAddress1: { address: 'b@example.com', routingType: 'SMTP' } } },
  ],
  [
    'a part of an address is set, the others stay',
    setField(
      slot('contacts:PhysicalAddress:Street', 'Home'),
      '<t:PhysicalAddresses><t:Entry Key="Home"><t:Street>S</t:Street></t:Entry></t:PhysicalAddresses>',
    ),
    { PhysicalAddresses: { Home: { Street: 'S', City: 'Łódź' } } },
  ],
  [
    'text is appended to the body',
    `<t:AppendToItemField>${field('item:Body')}<t:Contact><t:Body BodyType="HTML">&lt;p&gt;more&lt;/p&gt;</t:Body></t:Contact></t:AppendToItemField>`,
    { Body: { text: expect.stringContaining('</p><p>more</p>\r\n</body>') } },
  ],
  [
    'a list may be empty',
    setField(field('item:Categories'), '<t:Categories/>'),
    { Categories: [] },
  ],
  [
    'an empty text is no absent one',
    setField(field('contacts:Nickname'), '<t:Nickname/>'),
    { Nickname: '' },
  ],
  ['a stamp is set', setField(STAMP_PATH, stamped('4')), {}],
] as const

test.each(updates)('%s', async (_, update, wanted) => {
  const ref = await created(FULL)
  const answer = await anna.ask(updateItem(itemId(ref), update))
  expect(codes(answer)).toEqual(['NoError'])
  expect(texts(answer, 'Count')).toEqual(['0'])
  expect(refs(answer)[0]?.id).toBe(ref.id)
  expect(refs(answer)[0]?.key).not.toBe(ref.key)
  expect(contacts.item(ref.id)?.contact).toMatchObject(wanted)
})

const removals = [
  ['a name', field('contacts:Surname'), 'contacts:Surname'],
  ['a body', field('item:Body'), 'item:Body'],
  ['categories', field('item:Categories'), 'item:Categories'],
  ['a date', field('contacts:Birthday'), 'contacts:Birthday'],
  ['a phone', slot('contacts:PhoneNumber', 'MobilePhone'), 'contacts:PhoneNumber/MobilePhone'],
  [
    'an e-mail address and its name',
    slot('contacts:EmailAddress', 'EmailAddress1'),
    'contacts:EmailAddress/EmailAddress1#Name',
  ],
  [
    'a part of an address',
    slot('contacts:PhysicalAddress:City', 'Home'),
    'contacts:PhysicalAddress:City/Home',
  ],
  ['a stamp', STAMP_PATH, `x:${STAMP.set}/name:${STAMP.name}/String`],
] as const

test.each(removals)('%s can be taken away, twice', async (_, path, key) => {
  const ref = await created(FULL)
  expect(contacts.item(ref.id)?.values.has(key)).toBe(true)
  const removal = `<t:DeleteItemField>${path}</t:DeleteItemField>`
  const [again] = refs(await anna.ask(updateItem(itemId(ref), removal)))
  expect(contacts.item(ref.id)?.values.has(key)).toBe(false)
  expect(codes(await anna.ask(updateItem(itemId(again ?? ref), removal)))).toEqual(['NoError'])
})

test('certificates, which no contact has here, can be taken away', async () => {
  const uris = ['contacts:UserSMIMECertificate', 'contacts:MSExchangeCertificate'].map(field)
  const removals = uris.map((path) => `<t:DeleteItemField>${path}</t:DeleteItemField>`).join('')
  const ref = await created(FULL)
  expect(codes(await anna.ask(updateItem(itemId(ref), removals)))).toEqual(['NoError'])
})

const refusals = [
  [
    'what the server owns',
    setField(field('item:Size'), '<t:Size>1</t:Size>'),
    'ErrorInvalidPropertySet',
  ],
  [
    'what only the directory knows',
    setField(field('contacts:Notes'), '<t:Notes>n</t:Notes>'),
    'ErrorInvalidPropertySet',
  ],
  [
    'what follows from something else',
    setField(field('contacts:HasPicture'), '<t:HasPicture>true</t:HasPicture>'),
    'ErrorInvalidPropertySet',
  ],
  [
    'a dictionary as a whole',
    setField(
      field('contacts:PhoneNumbers'),
      '<t:PhoneNumbers><t:Entry Key="HomePhone">2</t:Entry></t:PhoneNumbers>',
    ),
    'ErrorInvalidPropertySet',
  ],
  [
    'another property than the path says',
    setField(field('contacts:Surname'), '<t:GivenName>G</t:GivenName>'),
    'ErrorUpdatePropertyMismatch',
  ],
  [
    'another slot than the path says',
    setField(
      slot('contacts:PhoneNumber', 'HomePhone'),
      '<t:PhoneNumbers><t:Entry Key="MobilePhone">2</t:Entry></t:PhoneNumbers>',
    ),
    'ErrorUpdatePropertyMismatch',
  ],
  [
    'two properties at once',
    setField(field('contacts:GivenName'), '<t:GivenName>G</t:GivenName><t:Surname>S</t:Surname>'),
    'ErrorIncorrectUpdatePropertyCount',
  ],
  [
    'appending to a name',
    `<t:AppendToItemField>${field('contacts:Surname')}<t:Contact><t:Surname>S</t:Surname></t:Contact></t:AppendToItemField>`,
    'ErrorInvalidPropertyAppend',
  ],
  [
    'deleting the class',
    `<t:DeleteItemField>${field('item:ItemClass')}</t:DeleteItemField>`,
    'ErrorInvalidPropertyDelete',
  ],
  [
    'a class of another kind',
    setField(field('item:ItemClass'), '<t:ItemClass>IPM.Note</t:ItemClass>'),
    'ErrorObjectTypeChanged',
  ],
  [
    'a path that contradicts itself',
    setField(
      '<t:ExtendedFieldURI PropertyTag="0x3a06" PropertyName="x" PropertyType="String"/>',
      '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3a06" PropertyName="x" PropertyType="String"/><t:Value>v</t:Value></t:ExtendedProperty>',
    ),
    'ErrorInvalidExtendedProperty',
  ],
  [
    'a text for a number',
    setField(
      '<t:ExtendedFieldURI PropertyTag="0x3a0" PropertyType="Integer"/>',
      '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3a0" PropertyType="Integer"/><t:Value>many</t:Value></t:ExtendedProperty>',
    ),
    'ErrorInvalidExtendedPropertyValue',
  ],
] as const

test.each(refusals)('%s is refused', async (_, update, code) => {
  const ref = await created(FULL)
  expect(codes(await anna.ask(updateItem(itemId(ref), update)))).toEqual([code])
  expect(contacts.item(ref.id)?.changeKey).toBe(ref.key)
})

const surname = (text: string) =>
  setField(field('contacts:Surname'), `<t:Surname>${text}</t:Surname>`)

//   resolution         has seen    somebody changed   comes of it
const conflicts = [
  ['NeverOverwrite', 'the latest', 'nothing', 'NoError', 'mine'],
  ['NeverOverwrite', 'an old one', 'Nickname', 'ErrorIrresolvableConflict', 'Żak'],
  ['NeverOverwrite', 'an old one', 'Surname', 'ErrorIrresolvableConflict', 'theirs'],
  ['AutoResolve', 'an old one', 'Nickname', 'NoError', 'mine'],
  ['AutoResolve', 'an old one', 'Surname', 'NoError', 'theirs'],
  ['AlwaysOverwrite', 'an old one', 'Surname', 'NoError', 'mine'],
  ['NeverOverwrite', 'none', 'nothing', 'ErrorChangeKeyRequiredForWriteOperations', 'Żak'],
  ['AlwaysOverwrite', 'nonsense', 'nothing', 'ErrorInvalidChangeKey', 'Żak'],
] as const

test.each(conflicts)('%s by who has seen %s, after %s changed: %s', async (...row) => {
  const [resolution, seen, changed, code, wanted] = row
  const ref = await created(FULL)
  if (changed !== 'nothing') contacts.update(ref.id, { [changed]: 'theirs' })
  const key = seen === 'none' ? {} : { key: seen === 'nonsense' ? 'nonsense' : ref.key }
  const request = updateItem(itemId({ id: ref.id, ...key }), surname('mine'), resolution)
  expect(codes(await anna.ask(request))).toEqual([code])
  expect(contacts.item(ref.id)?.contact.Surname).toBe(wanted)
})

const deletions = [
  ['MoveToDeletedItems', 'deleteditems'],
  ['SoftDelete', 'recoverableitemsdeletions'],
  ['HardDelete', undefined],
] as const

test.each(deletions)('%s puts an item where it belongs, under a new id', async (how, bin) => {
  const content = `<t:GivenName>${how}</t:GivenName>`
  const ref = await created(content)
  expect(codes(await anna.ask(deleteItem([itemId(ref)], how)))).toEqual(['NoError'])
  expect(codes(await anna.ask(getItem([itemId(ref)])))).toEqual(['ErrorItemNotFound'])
  expect(codes(await anna.ask(deleteItem([itemId(ref)], how)))).toEqual(['ErrorItemNotFound'])
  const { distinguished: folders } = exchange.store.state.mailboxes.get('anna@corp.example') ?? {}
  const found = [...(folders?.get(bin ?? '')?.items.values() ?? [])]
  const again = found.filter(({ values }) => values.get('contacts:GivenName') === how)
  expect(again.length).toBe(bin ? 1 : 0)
  expect(again[0]?.id).not.toBe(ref.id)
})

test('a contact is not created, moved or copied into a folder for something else', async () => {
  const code = 'ErrorCannotCreateContactInNonContactFolder'
  const inbox = distinguished('inbox')
  const content = '<t:GivenName>A</t:GivenName>'
  expect(codes(await anna.ask(createItem([content], inbox)))).toEqual([code])
  const ref = await created(content)
  const move = `<m:MoveItem><m:ToFolderId>${inbox}</m:ToFolderId><m:ItemIds>${itemId(ref)}</m:ItemIds></m:MoveItem>`
  expect(codes(await anna.ask(move))).toEqual([code])
})

test.each(['MoveItem', 'CopyItem'])('%s gives a new id, and keeps stamps', async (operation) => {
  const ref = await created(`${stamped('s')}<t:GivenName>A</t:GivenName>`)
  const other = exchange.store.mailbox('anna@corp.example').createFolder('Contacts/Other')
  const request = `<m:${operation}><m:ToFolderId>${folderId(other.id())}</m:ToFolderId><m:ItemIds>${itemId(ref)}</m:ItemIds></m:${operation}>`
  const [made] = refs(await anna.ask(request))
  expect(made?.id).not.toBe(ref.id)
  expect(other.item(made?.id ?? '')?.stamp(STAMP)).toBe('s')
  expect(contacts.item(ref.id) === undefined).toBe(operation === 'MoveItem')
})

test('names that change take what is derived from them along', async () => {
  const ref = await created(
    '<t:FileAsMapping>LastCommaFirst</t:FileAsMapping><t:GivenName>Ewa</t:GivenName><t:Surname>Żak</t:Surname>',
  )
  const derived = () => {
    const { FileAs, DisplayName, Subject } = contacts.item(ref.id)?.contact ?? {}
    return { FileAs, DisplayName, Subject }
  }
  expect(derived()).toEqual({ FileAs: 'Żak, Ewa', DisplayName: 'Ewa Żak', Subject: 'Ewa Żak' })
  const [next] = refs(await anna.ask(updateItem(itemId(ref), surname('Nowak'))))
  expect(derived()).toEqual({
    FileAs: 'Nowak, Ewa',
    DisplayName: 'Ewa Nowak',
    Subject: 'Ewa Nowak',
  })
  const literal = setField(field('contacts:FileAs'), '<t:FileAs>Mine</t:FileAs>')
  const [last] = refs(await anna.ask(updateItem(itemId(next ?? ref), literal)))
  await anna.ask(updateItem(itemId(last ?? ref), surname('Groß')))
  expect(derived()).toMatchObject({ FileAs: 'Mine', DisplayName: 'Ewa Groß' })
})

test('a body is shown in the form that is asked for', async () => {
  const ref = await created('<t:Body BodyType="Text">a &lt; b\nc</t:Body>')
  const shown = async (type: string) => {
    const shape = `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:BodyType>${type}</t:BodyType><t:AdditionalProperties>${field('item:Body')}</t:AdditionalProperties></m:ItemShape>`
    const request = `<m:GetItem>${shape}<m:ItemIds>${itemId(ref)}</m:ItemIds></m:GetItem>`
    return first(await anna.ask(request), 'Body')
  }
  expect((await shown('Best')).text).toBe('a < b\r\nc')
  expect((await shown('HTML')).attributes.BodyType).toBe('HTML')
  expect((await shown('HTML')).text).toContain('a &lt; b<br>\r\nc')
  expect((await shown('Text')).text).toBe('a < b\r\nc')
})

test('a picture comes and goes with the change key', async () => {
  const ref = await created('<t:GivenName>A</t:GivenName>')
  const file = `<t:FileAttachment><t:Name>ContactPicture.jpg</t:Name><t:IsContactPhoto>true</t:IsContactPhoto><t:Content>${btoa('jpeg')}</t:Content></t:FileAttachment>`
  const make = `<m:CreateAttachment><m:ParentItemId Id="${ref.id}" ChangeKey="${ref.key}"/><m:Attachments>${file}</m:Attachments></m:CreateAttachment>`
  const { Id = '', RootItemChangeKey } = first(await anna.ask(make), 'AttachmentId').attributes
  expect(RootItemChangeKey).toBe(contacts.item(ref.id)?.changeKey)
  expect(RootItemChangeKey).not.toBe(ref.key)
  const shown = await anna.ask(getItem([itemId(ref)]))
  expect(texts(shown, 'HasPicture')).toEqual(['true'])
  const ids = `<m:AttachmentIds><t:AttachmentId Id="${Id}"/></m:AttachmentIds>`
  const got = await anna.ask(`<m:GetAttachment>${ids}</m:GetAttachment>`)
  expect(texts(got, 'Content')).toEqual([btoa('jpeg')])
  const gone = await anna.ask(`<m:DeleteAttachment>${ids}</m:DeleteAttachment>`)
  expect(first(gone, 'RootItemId').attributes.RootItemId).toBe(ref.id)
  expect(texts(await anna.ask(getItem([itemId(ref)])), 'HasPicture')).toEqual(['false'])
})

test('a distribution list is created, read, changed and deleted', async () => {
  const member = (name: string) =>
    `<t:Member><t:Mailbox><t:Name>${name}</t:Name><t:EmailAddress>${name}@example.com</t:EmailAddress></t:Mailbox></t:Member>`
  const list = `<t:DistributionList><t:DisplayName>Team</t:DisplayName><t:Members>${member('a')}${member('b')}</t:Members></t:DistributionList>`
  const made = await anna.ask(`<m:CreateItem><m:Items>${list}</m:Items></m:CreateItem>`)
  const [ref = { id: '', key: '' }] = refs(made)
  const shown = await anna.ask(getItem([itemId(ref)]))
  expect(texts(shown, 'Name')).toEqual(['a', 'b'])
  expect(texts(shown, 'Subject')).toEqual(['Team'])
  const key = all(shown, 'Member')[0]?.attributes.Key ?? ''
  const without = `<t:DeleteItemField><t:IndexedFieldURI FieldURI="distributionlist:Members:Member" FieldIndex="${key}"/></t:DeleteItemField>`
  await anna.ask(updateItem(itemId(ref), without))
  expect(texts(await anna.ask(getItem([itemId(ref)])), 'Name')).toEqual(['b'])
  expect(codes(await anna.ask(deleteItem([itemId(ref)], 'HardDelete')))).toEqual(['NoError'])
})

test('time passes', async () => {
  const ref = await created('<t:GivenName>A</t:GivenName>')
  nowMs += 5_400_000
  const [key] = refs(await anna.ask(updateItem(itemId(ref), surname('B'))))
  const shown = await anna.ask(getItem([itemId(key ?? ref)]))
  expect(texts(shown, 'LastModifiedTime')).toEqual(['2026-01-01T01:30:00Z'])
  expect(texts(shown, 'DateTimeCreated')).toEqual(['2026-01-01T00:00:00Z'])
})
