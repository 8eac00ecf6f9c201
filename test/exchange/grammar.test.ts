// The grammar against Microsoft's schemas: of a valid request, and of whatever a few mutations make of it,
// both must say the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { violation } from './grammar/grammar.ts'
import { envelopeOf } from './protocol/soap.ts'
import { schemaMissing, schemaValidator } from './schema.ts'
import {
  bodyOf,
  createItem,
  envelope,
  field,
  findItem,
  folderId,
  getFolder,
  getItem,
  itemId,
  setField,
  slot,
  stamped,
  syncItems,
  updateItem,
} from './support.ts'

const id = folderId('AAA')
const ref = itemId({ id: 'AAA', key: 'BBB' })
const full =
  '<t:ItemClass>IPM.Contact</t:ItemClass><t:Subject>s</t:Subject><t:Sensitivity>Normal</t:Sensitivity><t:Body BodyType="Text">b</t:Body><t:Categories><t:String>c</t:String></t:Categories><t:Importance>Low</t:Importance><t:ReminderDueBy>2026-01-01T00:00:00Z</t:ReminderDueBy><t:ReminderIsSet>true</t:ReminderIsSet><t:ReminderMinutesBeforeStart>5</t:ReminderMinutesBeforeStart>' +
  stamped('v') +
  '<t:Culture>pl-PL</t:Culture><t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag><t:FileAs>f</t:FileAs><t:FileAsMapping>None</t:FileAsMapping><t:DisplayName>d</t:DisplayName><t:GivenName>g</t:GivenName><t:EmailAddresses><t:Entry Key="EmailAddress1" Name="n" RoutingType="SMTP">e</t:Entry></t:EmailAddresses><t:PhysicalAddresses><t:Entry Key="Home"><t:Street>s</t:Street><t:City>c</t:City></t:Entry></t:PhysicalAddresses><t:PhoneNumbers><t:Entry Key="Mms">1</t:Entry></t:PhoneNumbers><t:Birthday>1980-01-01T00:00:00</t:Birthday><t:Children><t:String>c</t:String></t:Children><t:PostalAddressIndex>Home</t:PostalAddressIndex><t:Surname>s</t:Surname>'
const restriction = `<t:Or><t:Exists>${field('item:Subject')}</t:Exists><t:Not><t:And><t:IsEqualTo>${slot('contacts:PhoneNumber', 'Mms')}<t:FieldURIOrConstant><t:Constant Value="v"/></t:FieldURIOrConstant></t:IsEqualTo></t:And></t:Not><t:Contains ContainmentMode="Prefixed">${field('contacts:Surname')}<t:Constant Value="s"/></t:Contains><t:Excludes>${field('item:Size')}<t:Bitmask Value="0x1F"/></t:Excludes></t:Or>`
const sort = `<t:FieldOrder Order="Ascending">${field('contacts:Surname')}</t:FieldOrder>`
const view = '<m:IndexedPageItemView MaxEntriesReturned="5" Offset="0" BasePoint="Beginning"/>'
const list =
  '<m:CreateItem><m:Items><t:DistributionList><t:DisplayName>d</t:DisplayName><t:Members><t:Member Key="k"><t:Mailbox><t:Name>n</t:Name><t:EmailAddress>e</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>OneOff</t:MailboxType></t:Mailbox></t:Member></t:Members></t:DistributionList><t:Message><t:Subject>s</t:Subject><t:ToRecipients><t:Mailbox><t:EmailAddress>e</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>'

const requests = [
  createItem([full, '<t:GivenName>g</t:GivenName>'], id),
  list,
  getItem(
    [ref, ref],
    'AllProperties',
    field('item:Subject') + slot('contacts:ImAddress', 'ImAddress1'),
  ),
  updateItem(
    ref,
    setField(field('contacts:Surname'), '<t:Surname>s</t:Surname>') +
      `<t:DeleteItemField>${field('item:Body')}</t:DeleteItemField>`,
  ),
  findItem(id, { view, restriction, sort, more: field('item:Subject') }),
  syncItems(id, 'state', 100, ref),
  getFolder(
    [
      id,
      '<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>a</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>',
    ],
    'Default',
    field('folder:DisplayName'),
  ),
  `<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:IndexedPageFolderView Offset="0" BasePoint="End"/><m:ParentFolderIds>${id}</m:ParentFolderIds></m:FindFolder>`,
  `<m:CreateFolder><m:ParentFolderId>${id}</m:ParentFolderId><m:Folders><t:ContactsFolder><t:FolderClass>IPF.Contact</t:FolderClass><t:DisplayName>n</t:DisplayName>${stamped('v')}</t:ContactsFolder><t:Folder><t:DisplayName>n</t:DisplayName><t:UnreadCount>0</t:UnreadCount></t:Folder></m:Folders></m:CreateFolder>`,
  `<m:UpdateFolder><m:FolderChanges><t:FolderChange>${id}<t:Updates><t:SetFolderField>${field('folder:DisplayName')}<t:Folder><t:DisplayName>n</t:DisplayName></t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`,
  `<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>${id}</m:FolderIds></m:DeleteFolder>`,
  `<m:DeleteItem DeleteType="SoftDelete" SuppressReadReceipts="true"><m:ItemIds>${ref}</m:ItemIds></m:DeleteItem>`,
  `<m:MoveItem><m:ToFolderId>${id}</m:ToFolderId><m:ItemIds>${ref}</m:ItemIds><m:ReturnNewItemIds>true</m:ReturnNewItemIds></m:MoveItem>`,
  '<m:ResolveNames ReturnFullContactData="true" SearchScope="Contacts"><m:UnresolvedEntry>a</m:UnresolvedEntry></m:ResolveNames>',
  '<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Id="A" Mailbox="m"/></m:SourceIds></m:ConvertId>',
  '<m:CreateAttachment><m:ParentItemId Id="A"/><m:Attachments><t:FileAttachment><t:Name>n</t:Name><t:IsInline>0</t:IsInline><t:IsContactPhoto>true</t:IsContactPhoto><t:Content>AAAA</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>',
  '<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape></m:SyncFolderHierarchy>',
].map((request) => envelope(request))

const reason = schemaMissing === undefined ? '' : ` (skipped: ${schemaMissing})`

function accepts(xml: string): boolean {
  try {
    const { request, operation } = envelopeOf(xml)
    return violation(request, operation) === undefined
  } catch {
    return false
  }
}

test.skipIf(schemaMissing)(`valid requests are valid here, too${reason}`, () => {
  const validator = schemaValidator()
  for (const xml of requests) {
    expect(validator?.check(xml)).toBeUndefined()
    const request = bodyOf(xml)
    expect(violation(request, request.name)).toBeUndefined()
  }
})

type Mutation = Readonly<{ kind: 'drop' | 'double' | 'swap' | 'attribute' | 'value'; at: number }>
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('drop', 'double', 'swap', 'attribute', 'value'),
  at: fc.nat(1000),
})

/** Does something to one of the elements below the operation that have no children of their own. */
function mutated(xml: string, { kind, at }: Mutation): string {
  const [head = '', body = '', tail = ''] = xml.split(/(<soap:Body>.*<\/soap:Body>)/s)
  const leaves = [...body.matchAll(/<([tm]:\w+)((?: \w+="[^"]*")*)(?:\/>|>[^<]*<\/\1>)/g)]
  const leaf = leaves[at % Math.max(1, leaves.length)]
  if (!leaf) return xml
  const [whole, name = '', attributes = ''] = leaf
  const other = leaves[(at + 1) % leaves.length]?.[0] ?? ''
  const change = {
    drop: '',
    double: whole + whole,
    swap: other + whole,
    attribute: whole.replace(attributes, attributes.replace(/ \w+="[^"]*"/, '')),
    value: `<${name}${attributes}>value</${name}>`,
  }[kind]
  const before = body.slice(0, leaf.index)
  return head + before + change + body.slice(leaf.index + whole.length) + tail
}

test.skipIf(schemaMissing)(`on mutated requests both say the same${reason}`, () => {
  const validator = schemaValidator()
  const verdicts = { valid: 0, invalid: 0 }
  const law = fc.property(
    fc.constantFrom(...requests),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
    (xml, steps) => {
      const changed = steps.reduce(mutated, xml)
      const error = validator?.check(changed)
      verdicts[error === undefined ? 'valid' : 'invalid'] += 1
      expect({ changed, valid: accepts(changed) }).toEqual({ changed, valid: error === undefined })
    },
  )
  fc.assert(law, { numRuns: 600 })
  expect(verdicts.valid).toBeGreaterThan(20)
  expect(verdicts.invalid).toBeGreaterThan(20)
})
