// Folders, and who may do what in them: mailboxes, and public folders with permissions.
import { expect, test } from 'vitest'
import type { Level } from './store/rights.ts'
import {
  all,
  codes,
  createItem,
  deleteItem,
  distinguished,
  exchangeFor,
  field,
  findItem,
  first,
  folderId,
  getFolder,
  getItem,
  impersonating,
  itemId,
  person,
  refs,
  STAMP_PATH,
  START_MS,
  setField,
  stamped,
  syncItems,
  texts,
  updateItem,
} from './support.ts'

let nowMs = START_MS
const exchange = await exchangeFor(undefined, { clock: () => nowMs })
const { store } = exchange
const anna = person(exchange, 'anna')
const jan = person(exchange, 'jan')
const sync = person(exchange, 'sync')
const hub = store.publicFolder('/Company/Contacts')
const hubId = folderId(hub.id())

const find = (parent: string, traversal = 'Shallow', more = '') =>
  `<m:FindFolder Traversal="${traversal}"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>${more}<m:ParentFolderIds>${parent}</m:ParentFolderIds></m:FindFolder>`
const create = (parent: string, name: string, element = 'ContactsFolder', more = '') =>
  `<m:CreateFolder><m:ParentFolderId>${parent}</m:ParentFolderId><m:Folders><t:${element}>${more}<t:DisplayName>${name}</t:DisplayName></t:${element}></m:Folders></m:CreateFolder>`
const remove = (id: string, how = 'HardDelete') =>
  `<m:DeleteFolder DeleteType="${how}"><m:FolderIds>${id}</m:FolderIds></m:DeleteFolder>`
const idOf = (answer: Parameters<typeof first>[0]) => first(answer, 'FolderId').attributes.Id ?? ''

test('a folder is made, found, renamed, stamped and deleted', async () => {
  const parent = distinguished('contacts')
  const id = idOf(await anna.ask(create(parent, 'Company')))
  const again = await anna.ask(create(parent, 'COMPANY'))
  expect(codes(again)).toEqual(['ErrorFolderExists'])
  expect(texts(await anna.ask(find(parent)), 'DisplayName')).toEqual(['Company'])
  const set = (path: string, content: string) =>
    `<t:SetFolderField>${path}<t:ContactsFolder>${content}</t:ContactsFolder></t:SetFolderField>`
  const name = set(field('folder:DisplayName'), '<t:DisplayName>Firma</t:DisplayName>')
  const updates = `<t:Updates>${name}${set(STAMP_PATH, stamped('mine'))}</t:Updates>`
  const change = `<t:FolderChange>${folderId(id)}${updates}</t:FolderChange>`
  const request = `<m:UpdateFolder><m:FolderChanges>${change}</m:FolderChanges></m:UpdateFolder>`
  expect(codes(await anna.ask(request))).toEqual(['NoError'])
  const shown = await anna.ask(getFolder([folderId(id)], 'AllProperties', STAMP_PATH))
  expect(texts(shown, 'DisplayName')).toEqual(['Firma'])
  expect(texts(shown, 'FolderClass')).toEqual(['IPF.Contact'])
  expect(texts(shown, 'Value')).toEqual(['mine'])
  expect(codes(await anna.ask(remove(folderId(id))))).toEqual(['NoError'])
  expect(codes(await anna.ask(getFolder([folderId(id)])))).toEqual(['ErrorFolderNotFound'])
})

test('a deleted folder waits in Deleted Items', async () => {
  const id = idOf(await anna.ask(create(distinguished('contacts'), 'Waiting')))
  expect(codes(await anna.ask(remove(folderId(id), 'MoveToDeletedItems')))).toEqual(['NoError'])
  const bin = await anna.ask(find(distinguished('deleteditems')))
  expect(texts(bin, 'DisplayName')).toEqual(['Waiting'])
})

test('deep traversal finds folders of folders, and restrictions choose among them', async () => {
  store.mailbox('anna@corp.example').createFolder('Contacts/A/B')
  const deep = await anna.ask(find(distinguished('msgfolderroot'), 'Deep'))
  expect(texts(deep, 'DisplayName')).toEqual(expect.arrayContaining(['Contacts', 'A', 'B']))
  const named = `<m:Restriction><t:IsEqualTo>${field('folder:DisplayName')}<t:FieldURIOrConstant><t:Constant Value="B"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`
  const one = await anna.ask(find(distinguished('msgfolderroot'), 'Deep', named))
  expect(texts(one, 'DisplayName')).toEqual(['B'])
})

const refusals = [
  [
    'deleting a folder everybody has',
    remove(distinguished('contacts')),
    'ErrorDeleteDistinguishedFolder',
  ],
  [
    'another’s mailbox',
    getFolder([distinguished('contacts', 'jan@corp.example')]),
    'ErrorFolderNotFound',
  ],
  [
    'a mailbox that is not there',
    getFolder([distinguished('inbox', 'no@corp.example')]),
    'ErrorNonExistentMailbox',
  ],
  ['a malformed id', getFolder([folderId('hello')]), 'ErrorInvalidIdMalformed'],
  ['no id', getFolder([folderId('')]), 'ErrorInvalidIdEmpty'],
  [
    'a class of another kind',
    create(
      distinguished('contacts'),
      'X',
      'ContactsFolder',
      '<t:FolderClass>IPF.Note</t:FolderClass>',
    ),
    'ErrorNoFolderClassOverride',
  ],
  [
    'searching public folders deeply',
    find(distinguished('publicfoldersroot'), 'Deep'),
    'ErrorInvalidOperation',
  ],
  [
    'the public root of a mailbox',
    getFolder([distinguished('publicfoldersroot', 'anna@corp.example')]),
    'ErrorInvalidOperation',
  ],
] as const

test.each(refusals)('%s is refused', async (_, request, code) => {
  expect(codes(await anna.ask(request))).toEqual([code])
})

test('an item’s id is no folder’s id', async () => {
  const [ref] = refs(await anna.ask(createItem(['<t:GivenName>A</t:GivenName>'])))
  const answer = await anna.ask(getFolder([folderId(ref?.id ?? '')]))
  expect(codes(answer)).toEqual(['ErrorCannotUseItemIdForFolderId'])
})

test('public folders are found level by level, by those who may see them', async () => {
  const [company] = all(await anna.ask(find(distinguished('publicfoldersroot'))), 'FolderId')
  const below = await anna.ask(find(folderId(company?.attributes.Id ?? '')))
  expect(texts(below, 'DisplayName')).toEqual(['Contacts'])
  const hidden = await jan.ask(find(folderId(company?.attributes.Id ?? '')))
  expect(texts(hidden, 'DisplayName')).toEqual([])
  expect(codes(await jan.ask(getFolder([hubId])))).toEqual(['ErrorFolderNotFound'])
})

test('a folder’s tag moves with what happens in it', async () => {
  const tags = ['0x670A SystemTime', '0x670B Integer', '0x3602 Integer', '0x6698 Binary'].map(
    (one) => {
      const [tag, type] = one.split(' ')
      return `<t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/>`
    },
  )
  const tag = async () => {
    return texts(await sync.ask(getFolder([hubId], 'IdOnly', tags.join(''))), 'Value')
  }
  const before = await tag()
  expect(Buffer.from(before[3] ?? '', 'base64').toString()).toMatch(/^[0-9a-f-]{36}\0$/)
  nowMs += 60_000
  const { id } = hub.create({ GivenName: 'A' })
  expect(await tag()).toEqual(['2026-01-01T00:01:00Z', '0', '2', before[3]])
  hub.delete(id)
  expect(await tag()).toEqual(['2026-01-01T00:01:00Z', '1', '1', before[3]])
})

test('AllProperties leaves the counts of public folders out', async () => {
  expect(texts(await sync.ask(getFolder([hubId], 'AllProperties')), 'TotalCount')).toEqual([])
  const asked = getFolder([hubId], 'AllProperties', field('folder:TotalCount'))
  expect(texts(await sync.ask(asked), 'TotalCount')).toEqual(['1'])
})

//   level               create                         read another's         edit own        another's            delete own    another's
const levels: readonly (readonly [Level, string, string, string, string, string, string])[] = [
  ['None', 'ErrorFolderNotFound', 'ErrorItemNotFound', '-', '-', '-', '-'],
  ['Contributor', 'NoError', 'ErrorItemNotFound', '-', '-', '-', '-'],
  [
    'Reviewer',
    'ErrorCreateItemAccessDenied',
    'NoError',
    '-',
    'ErrorAccessDenied',
    '-',
    'ErrorAccessDenied',
  ],
  [
    'NoneditingAuthor',
    'NoError',
    'NoError',
    'ErrorAccessDenied',
    'ErrorAccessDenied',
    'NoError',
    'ErrorAccessDenied',
  ],
  ['Author', 'NoError', 'NoError', 'NoError', 'ErrorAccessDenied', 'NoError', 'ErrorAccessDenied'],
  [
    'PublishingAuthor',
    'NoError',
    'NoError',
    'NoError',
    'ErrorAccessDenied',
    'NoError',
    'ErrorAccessDenied',
  ],
  ['Editor', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError'],
  ['PublishingEditor', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError'],
  ['Owner', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError', 'NoError'],
]

test.each(levels)(
  '%s',
  async (level, creating, reading, editOwn, editOther, deleteOwn, deleteOther) => {
    const folder = store.createPublicFolder(`/Levels/${level}`)
    folder.setPermission('jan@corp.example', level)
    const other = folder.create({ GivenName: 'theirs' })
    const own = folder.as('jan@corp.example').create({ GivenName: 'mine' })
    const made = createItem(['<t:GivenName>new</t:GivenName>'], folderId(folder.id()))
    const one = async (request: string) => (await jan.ask(request).then(codes))[0]
    const edit = (ref: typeof own) => {
      const id = itemId({ id: ref.id, key: ref.changeKey })
      return updateItem(id, setField(field('contacts:Surname'), '<t:Surname>S</t:Surname>'))
    }
    expect(await one(made)).toBe(creating)
    expect(await one(getItem([itemId(other)]))).toBe(reading)
    if (editOwn !== '-') expect(await one(edit(own))).toBe(editOwn)
    if (editOther !== '-') expect(await one(edit(other))).toBe(editOther)
    if (deleteOwn !== '-')
      expect(await one(deleteItem([itemId(own)], 'SoftDelete'))).toBe(deleteOwn)
    if (deleteOther !== '-')
      expect(await one(deleteItem([itemId(other)], 'SoftDelete'))).toBe(deleteOther)
  },
)

test('effective rights say beforehand what will be allowed', async () => {
  const folder = store.createPublicFolder('/Levels/Own')
  folder.setPermission('jan@corp.example', 'Author')
  const other = folder.create({ GivenName: 'theirs' })
  const own = folder.as('jan@corp.example').create({ GivenName: 'mine' })
  const rights = async (request: string) => {
    const found = all(await jan.ask(request), 'EffectiveRights')
    return found.map(({ children }) =>
      children
        .filter(({ text }) => text === 'true')
        .map(({ name }) => name)
        .join(' '),
    )
  }
  expect(await rights(getFolder([folderId(folder.id())], 'AllProperties'))).toEqual([
    'CreateAssociated CreateContents Delete Modify Read',
  ])
  const more = field('item:EffectiveRights')
  expect(await rights(getItem([itemId(own), itemId(other)], 'IdOnly', more))).toEqual([
    'CreateAssociated CreateContents Delete Modify Read',
    'CreateAssociated CreateContents Read',
  ])
})

test('who may only add sees an empty folder', async () => {
  const folder = store.createPublicFolder('/Levels/Box')
  folder.setPermission('jan@corp.example', 'Contributor')
  folder.create({ GivenName: 'theirs' })
  const root = first(await jan.ask(findItem(folderId(folder.id()))), 'RootFolder')
  expect(root.attributes).toMatchObject({ TotalItemsInView: '0', IncludesLastItemInRange: 'true' })
})

test('lost permissions look like a folder that is not there', async () => {
  const { id } = hub.create({ GivenName: 'A' })
  hub.setPermission('anna@corp.example', undefined)
  expect(codes(await anna.ask(findItem(hubId)))).toEqual(['ErrorFolderNotFound'])
  expect(codes(await anna.ask(getItem([itemId({ id })])))).toEqual(['ErrorItemNotFound'])
  hub.setPermission('anna@corp.example', 'Reviewer')
  expect(codes(await anna.ask(findItem(hubId)))).toEqual(['NoError'])
})

test('in public folders nothing moves to Deleted Items, and nothing is synchronised', async () => {
  const { id } = hub.create({ GivenName: 'A' })
  const away = await sync.ask(deleteItem([itemId({ id })], 'MoveToDeletedItems'))
  expect(codes(away)).toEqual(['ErrorMoveCopyFailed'])
  expect(hub.item(id)).toBeDefined()
  expect(codes(await sync.ask(deleteItem([itemId({ id })], 'SoftDelete')))).toEqual(['NoError'])
  expect(codes(await sync.ask(syncItems(hubId, '')))).toEqual(['ErrorInvalidOperation'])
})

test('between stores, a copy does not say where it is', async () => {
  const contact = store.mailbox('sync@corp.example').folder('Contacts').create({ GivenName: 'A' })
  const size = hub.size()
  const copy = `<m:CopyItem><m:ToFolderId>${hubId}</m:ToFolderId><m:ItemIds>${itemId(contact)}</m:ItemIds></m:CopyItem>`
  const answer = await sync.ask(copy)
  expect(codes(answer)).toEqual(['NoError'])
  expect(refs(answer)).toEqual([])
  expect(hub.size()).toBe(size + 1)
})

test('who acts as somebody has their rights, and no others', async () => {
  const as = impersonating('jan@corp.example')
  expect(codes(await sync.ask(getFolder([distinguished('contacts')]), as))).toEqual(['NoError'])
  expect(codes(await sync.ask(getFolder([hubId]), as))).toEqual(['ErrorFolderNotFound'])
  const refused = await anna.ask(getFolder([distinguished('contacts')]), as)
  expect(codes(refused)).toEqual(['ErrorImpersonateUserDenied'])
  const nobody = impersonating('nobody@corp.example')
  const missing = await sync.ask(getFolder([distinguished('contacts')]), nobody)
  expect(codes(missing)).toEqual(['ErrorNonExistentMailbox'])
})

test('a mailbox can be closed, and a folder can be shared', async () => {
  const mailbox = store.mailbox('jan@corp.example')
  mailbox.deny('ErrorMailboxMoveInProgress')
  const two = getFolder([distinguished('contacts'), distinguished('inbox')])
  expect(codes(await jan.ask(two))).toEqual([
    'ErrorMailboxMoveInProgress',
    'ErrorBatchProcessingStopped',
  ])
  mailbox.deny(undefined)
  mailbox.folder('Contacts').setPermission('anna@corp.example', 'Reviewer')
  const shared = getFolder([distinguished('contacts', 'jan@corp.example')])
  expect(codes(await anna.ask(shared))).toEqual(['NoError'])
})

test('the owner of a folder sees and sets its permissions', async () => {
  const folder = store.createPublicFolder('/Levels/Mine')
  folder.setPermission('jan@corp.example', 'Owner')
  const shown = getFolder([folderId(folder.id())], 'IdOnly', field('folder:PermissionSet'))
  expect(texts(await jan.ask(shown), 'PermissionLevel')).toContain('Owner')
  expect(texts(await anna.ask(shown), 'PermissionLevel')).toEqual([])
})

test('requests about public items may have to name the mailbox that holds them', async () => {
  const strict = await exchangeFor(undefined, { publicFolderRouting: 'required' })
  const folder = strict.store.publicFolder('/Company/Contacts')
  const asker = person(strict, 'sync')
  const id = folderId(folder.id())
  expect(codes(await asker.ask(findItem(id)))).toEqual(['ErrorFolderNotFound'])
  const replicas = '<t:ExtendedFieldURI PropertyTag="26264" PropertyType="Binary"/>'
  const [value = ''] = texts(await asker.ask(getFolder([id], 'IdOnly', replicas)), 'Value')
  const guid = Buffer.from(value, 'base64').toString().slice(0, 36)
  const request = (await import('./support.ts')).envelope(findItem(id))
  const response = await asker.post(request, { 'X-PublicFolderMailbox': `${guid}@corp.example` })
  expect(await response.text()).toContain('NoError')
})
