// Files on items, contact pictures among them. Hanging one on or taking one off is a change of the item.

import { batch, type Call } from '../protocol/batch.ts'
import { EwsError } from '../protocol/errors.ts'
import { fileAttachment } from '../protocol/render.ts'
import { demandEdit, itemById, itemOf, type Session } from '../protocol/session.ts'
import { setAttachments } from '../store/changes.ts'
import { type Attachment, changeKeyOf, type Item } from '../store/item.ts'
import type { Element } from '../xml/reader.ts'
import { attributeOf } from '../xml/writer.ts'
import { childOf, entriesOf } from './items.ts'

const NO_ATTACHMENTS = '<m:Attachments/>'
const CONTENT_MAX = 35 * 1024 * 1024

/** CreateAttachment. */
export function createAttachment(call: Call, request: Element): string {
  const { session } = call
  const parent = childOf(request, 'ParentItemId') ?? request
  const one = (element: Element) => {
    const item = itemOf(session, parent)
    demandEdit(session, item)
    const made = attachmentOf(session, item, element)
    // There is one picture at most.
    const others = item.attachments.filter(({ photo }) => !(photo && made.photo))
    setAttachments(session.state, item, [...others, made], session.user.address)
    const root = `${attributeOf('RootItemId', item.id)}${attributeOf('RootItemChangeKey', changeKeyOf(item))}`
    return `<m:Attachments><t:FileAttachment><t:AttachmentId Id="${made.id}"${root}/></t:FileAttachment></m:Attachments>`
  }
  return batch(call, 'CreateAttachment', entriesOf(request, 'Attachments'), one, NO_ATTACHMENTS)
}

function attachmentOf(session: Session, item: Item, element: Element): Attachment {
  if (element.name !== 'FileAttachment') throw new EwsError('ErrorInvalidOperation')
  const of = (name: string) => childOf(element, name)?.text
  const isTrue = (name: string) => /^(?:true|1)$/.test(of(name)?.trim() ?? '')
  const content = (of('Content') ?? '').replace(/\s+/g, '')
  if (content.length > CONTENT_MAX) throw new EwsError('ErrorAttachmentSizeLimitExceeded')
  const { box } = item.folder
  box.serial += 1
  return {
    id: box.ids.attachment(item.id, box.serial),
    name: of('Name') ?? 'attachment',
    contentType: of('ContentType'),
    contentId: of('ContentId'),
    content,
    photo: isTrue('IsContactPhoto'),
    inline: isTrue('IsInline'),
    createdMs: session.state.clock(),
  }
}

type Found = Readonly<{ item: Item; attachment: Attachment }>

function found(session: Session, element: Element): Found {
  const id = element.attributes.Id ?? ''
  const owner = session.state.attachments.get(id)
  if (!owner) throw new EwsError('ErrorInvalidAttachmentId')
  const item = itemById(session, owner.id)
  const attachment = item.attachments.find((one) => one.id === id)
  if (!attachment) throw new EwsError('ErrorInvalidAttachmentId')
  return { item, attachment }
}

/** GetAttachment. */
export function getAttachment(call: Call, request: Element): string {
  const one = (id: Element) => {
    const { attachment } = found(call.session, id)
    return `<m:Attachments>${fileAttachment(attachment, '', attachment.content)}</m:Attachments>`
  }
  return batch(call, 'GetAttachment', entriesOf(request, 'AttachmentIds'), one, NO_ATTACHMENTS)
}

/** DeleteAttachment. */
export function deleteAttachment(call: Call, request: Element): string {
  const { session } = call
  const one = (id: Element) => {
    const { item, attachment } = found(session, id)
    demandEdit(session, item)
    const others = item.attachments.filter((other) => other !== attachment)
    setAttachments(session.state, item, others, session.user.address)
    return `<m:RootItemId RootItemId="${item.id}" RootItemChangeKey="${changeKeyOf(item)}"/>`
  }
  return batch(call, 'DeleteAttachment', entriesOf(request, 'AttachmentIds'), one)
}
