// Writes the properties of items as XML, one writer per field. A writer is made once per request and then
// called for every item, so everything that can be decided beforehand is decided here.
import { fullName } from '../store/derive.ts'
import { type Attachment, changeKeyOf, folderKeyOf, type Item, type Member } from '../store/item.ts'
import { covers } from '../store/rights.ts'
import { textAt, timestamp, type Value } from '../store/values.ts'
import { attribute, attributeOf, leaf, text } from '../xml/writer.ts'
import { ADDRESS_PARTS, ADDRESSES, EMAILS, type Field, IMS, PHONES } from './fields.ts'
import { bodyOf, extendedValueOf, propertyOf } from './property.ts'
import { owns, rights, type Session } from './session.ts'
import { type Slots, type View, type Writer, wantsAddress, wantsPart } from './shape.ts'

/** In FindItem, texts end here. */
const FIND_TEXT_MAX = 255

/** The writer of a field. */
export function writerOf(view: View, field: Field, slots: Slots): Writer {
  const { name, uri } = field
  const wants = (slot: string) => slots === 'all' || slots.has(slot)
  switch (field.kind) {
    case 'text':
    case 'date':
    case 'boolean':
    case 'integer':
      return (item) => {
        const value = propertyOf(item, uri)
        return typeof value === 'string' ? leaf(name, cut(view, value)) : ''
      }
    case 'strings':
      return (item) => strings(name, item.values.get(uri))
    case 'body':
      return view.depth === 'whole' ? (item) => body(item, view.bodyType) : () => ''
    case 'flag':
      return (item) => flag(item.values.get(uri))
    case 'emails':
      return entries(name, EMAILS.filter(wants), (item, slot) => email(item, slot))
    case 'phones':
      return entries(name, PHONES.filter(wants), (item, slot) =>
        entry(slot, textAt(item.values, `contacts:PhoneNumber/${slot}`)),
      )
    case 'ims':
      return entries(name, IMS.filter(wants), (item, slot) =>
        entry(slot, textAt(item.values, `contacts:ImAddress/${slot}`)),
      )
    case 'addresses':
      return entries(
        name,
        ADDRESSES.filter((key) => wantsAddress(slots, key)),
        (item, key) => address(item, key, slots),
      )
    case 'members':
      return (item) => members(item.members)
    case 'computed':
      return computed(view, field)
  }
}

function computed(view: View, { name, uri }: Field): Writer {
  switch (name) {
    case 'ItemId':
      return itemId
    case 'ParentFolderId':
      return ({ folder }) =>
        `<t:ParentFolderId Id="${folder.id}" ChangeKey="${folderKeyOf(folder)}"/>`
    case 'Attachments':
      return view.depth === 'whole' ? (item) => attachments(item) : () => ''
    case 'ExtendedProperty':
      return (item) =>
        view.extended
          .map(({ key, type, xml }) => extendedProperty(xml, extendedValueOf(item, key, type)))
          .join('')
    case 'EffectiveRights':
      return (item) => effectiveRights(view.session, item)
    case 'CompleteName':
      return completeName
    case 'TextBody':
      return (item) => {
        const found = view.depth === 'whole' ? bodyOf(item, 'Text') : undefined
        return found ? `<t:TextBody BodyType="Text">${text(found.text)}</t:TextBody>` : ''
      }
    case 'LastModifiedName':
      return ({ modifier }) => leaf(name, view.session.state.users.get(modifier)?.name ?? modifier)
    default:
      return (item) => {
        const value = propertyOf(item, uri)
        return typeof value === 'string' ? leaf(name, cut(view, value)) : ''
      }
  }
}

/** `t:ItemId` with the change key of the moment. */
export function itemId(item: Item): string {
  return `<t:ItemId Id="${item.id}" ChangeKey="${changeKeyOf(item)}"/>`
}

/** A `t:ExtendedProperty`; nothing when there is no value. */
export function extendedProperty(path: string, value: Value | undefined): string {
  if (value === undefined) return ''
  const content =
    typeof value === 'string'
      ? leaf('Value', value)
      : `<t:Values>${value.map((one) => leaf('Value', one)).join('')}</t:Values>`
  return `<t:ExtendedProperty>${path}${content}</t:ExtendedProperty>`
}

function cut(view: View, value: string): string {
  return view.depth === 'find' && value.length > FIND_TEXT_MAX
    ? value.slice(0, FIND_TEXT_MAX)
    : value
}

function strings(name: string, value: Value | undefined): string {
  if (typeof value !== 'object' || value.length === 0) return ''
  return `<t:${name}>${value.map((one) => leaf('String', one)).join('')}</t:${name}>`
}

function body(item: Item, wanted: View['bodyType']): string {
  const found = bodyOf(item, wanted)
  if (!found || found.text === '') return `<t:Body BodyType="${found?.type ?? 'Text'}"/>`
  return `<t:Body BodyType="${found.type}" IsTruncated="false">${text(found.text)}</t:Body>`
}

function flag(value: Value | undefined): string {
  const [status = 'NotFlagged', start, due, complete] = typeof value === 'object' ? value : []
  const date = (name: string, one: string | undefined) => (one ? leaf(name, one) : '')
  const dates = date('StartDate', start) + date('DueDate', due) + date('CompleteDate', complete)
  return `<t:Flag>${leaf('FlagStatus', status)}${dates}</t:Flag>`
}

function entries(
  name: string,
  slots: readonly string[],
  of: (item: Item, slot: string) => string,
): Writer {
  return (item) => {
    let found = ''
    for (const slot of slots) found += of(item, slot)
    return found === '' ? '' : `<t:${name}>${found}</t:${name}>`
  }
}

function entry(slot: string, value: string | undefined): string {
  return value === undefined ? '' : `<t:Entry Key="${slot}">${text(value)}</t:Entry>`
}

function email(item: Item, slot: string): string {
  const key = `contacts:EmailAddress/${slot}`
  const value = textAt(item.values, key)
  if (value === undefined) return ''
  const name = textAt(item.values, `${key}#Name`)
  const routingType = textAt(item.values, `${key}#RoutingType`) ?? 'SMTP'
  return `<t:Entry Key="${slot}"${attributeOf('Name', name)} RoutingType="${attribute(routingType)}">${text(value)}</t:Entry>`
}

function address(item: Item, key: string, slots: Slots): string {
  let found = ''
  for (const part of ADDRESS_PARTS) {
    const value = textAt(item.values, `contacts:PhysicalAddress:${part}/${key}`)
    if (value !== undefined && wantsPart(slots, part, key)) found += leaf(part, value)
  }
  return found === '' ? '' : `<t:Entry Key="${key}">${found}</t:Entry>`
}

function members(all: readonly Member[]): string {
  if (all.length === 0) return ''
  const found = all.map((member) => {
    const optional = (name: string, value: string | undefined) =>
      value === undefined ? '' : leaf(name, value)
    const id = member.itemId === undefined ? '' : `<t:ItemId Id="${attribute(member.itemId)}"/>`
    const mailbox = `<t:Mailbox>${optional('Name', member.name)}${optional('EmailAddress', member.address)}${optional('RoutingType', member.routingType)}${optional('MailboxType', member.mailboxType)}${id}</t:Mailbox>`
    return `<t:Member Key="${attribute(member.key)}">${mailbox}<t:Status>Normal</t:Status></t:Member>`
  })
  return `<t:Members>${found.join('')}</t:Members>`
}

function attachments(item: Item): string {
  if (item.attachments.length === 0) return ''
  return `<t:Attachments>${item.attachments.map((one) => fileAttachment(one, '')).join('')}</t:Attachments>`
}

/** A `t:FileAttachment`, with more attributes for its id, and with its content when that is wanted. */
export function fileAttachment(one: Attachment, idAttributes: string, content?: string): string {
  const optional = (name: string, value: string | undefined) =>
    value === undefined ? '' : leaf(name, value)
  const size = Math.floor((one.content.length * 3) / 4)
  const data = content === undefined ? '' : `<t:Content>${content}</t:Content>`
  return `<t:FileAttachment><t:AttachmentId Id="${one.id}"${idAttributes}/>${leaf('Name', one.name)}${optional('ContentType', one.contentType)}${optional('ContentId', one.contentId)}<t:Size>${size}</t:Size><t:LastModifiedTime>${timestamp(one.createdMs)}</t:LastModifiedTime><t:IsInline>${one.inline}</t:IsInline><t:IsContactPhoto>${one.photo}</t:IsContactPhoto>${data}</t:FileAttachment>`
}

function completeName(item: Item): string {
  const of = (name: string) => textAt(item.values, `contacts:${name}`)
  const parts = [
    ['Title', textAt(item.values, 'x:tag:3a45/String')],
    ['FirstName', of('GivenName')],
    ['MiddleName', of('MiddleName')],
    ['LastName', of('Surname')],
    ['Suffix', of('Generation')],
    ['Initials', of('Initials')],
    ['FullName', fullName(item.values) || undefined],
    ['Nickname', of('Nickname')],
  ] as const
  const found = parts
    .map(([name, value]) => (value === undefined ? '' : leaf(name, value)))
    .join('')
  return found === '' ? '' : `<t:CompleteName>${found}</t:CompleteName>`
}

function effectiveRights(session: Session, item: Item): string {
  const { create, subfolders, read, edit, remove } = rights(session, item.folder)
  const own = owns(session, item)
  return rightsXml({
    create,
    subfolders,
    remove: covers(remove, own),
    edit: covers(edit, own),
    read,
    private: item.folder.box.address === session.user.address,
  })
}

/** `t:EffectiveRights`. */
export function rightsXml(
  can: Readonly<Record<'create' | 'subfolders' | 'remove' | 'edit' | 'read' | 'private', boolean>>,
): string {
  return `<t:EffectiveRights><t:CreateAssociated>${can.create}</t:CreateAssociated><t:CreateContents>${can.create}</t:CreateContents><t:CreateHierarchy>${can.subfolders}</t:CreateHierarchy><t:Delete>${can.remove}</t:Delete><t:Modify>${can.edit}</t:Modify><t:Read>${can.read}</t:Read><t:ViewPrivateItems>${can.private}</t:ViewPrivateItems></t:EffectiveRights>`
}
