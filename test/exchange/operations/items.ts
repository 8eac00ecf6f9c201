// Reading, creating, deleting, moving and copying items.

import { batch, type Call } from '../protocol/batch.ts'
import { decodeItem, decodeMembers } from '../protocol/decode.ts'
import { EwsError } from '../protocol/errors.ts'
import type { ItemKind } from '../protocol/fields.ts'
import { itemId } from '../protocol/render.ts'
import {
  contentOf,
  demandCreate,
  demandRemove,
  folderOf,
  itemOf,
  ownFolder,
  routed,
  type Session,
} from '../protocol/session.ts'
import { itemShape } from '../protocol/shape.ts'
import { copyItem, createItem, moveItem } from '../store/changes.ts'
import { type Disposal, dispose } from '../store/disposal.ts'
import type { Folder, Item } from '../store/item.ts'
import type { Values } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'

/** A message about items that holds none. */
export const NO_ITEMS = '<m:Items/>'

/** The child of a request with this name. */
export function childOf(request: Element, name: string): Element | undefined {
  return request.children.find((child) => child.name === name)
}

/** The children of a child: what the request is about. */
export function entriesOf(request: Element, name: string): readonly Element[] {
  return childOf(request, name)?.children ?? []
}

/** GetItem. */
export function getItem(call: Call, request: Element): string {
  const { session } = call
  const shape = childOf(request, 'ItemShape') ?? request
  let write: ((item: Item) => string) | undefined
  const one = (id: Element) => {
    write ??= itemShape(session, shape, 'whole')
    return `<m:Items>${write(itemOf(session, id))}</m:Items>`
  }
  return batch(call, 'GetItem', entriesOf(request, 'ItemIds'), one, NO_ITEMS)
}

/** `m:Items` with nothing but the id of an item. */
export function itemsWithId(item: Item): string {
  return `<m:Items><t:${item.kind}>${itemId(item)}</t:${item.kind}></m:Items>`
}

const DEFAULT_FOLDERS: Readonly<Record<ItemKind, string>> = {
  Contact: 'contacts',
  DistributionList: 'contacts',
  Message: 'drafts',
  PostItem: 'drafts',
  Item: 'drafts',
}

/** CreateItem. */
export function createItems(call: Call, request: Element): string {
  const { session } = call
  const target = childOf(request, 'SavedItemFolderId')?.children[0]
  const one = (element: Element) => {
    const kind = element.name as ItemKind
    if (!(kind in DEFAULT_FOLDERS)) throw new EwsError('ErrorInvalidItemForOperationCreateItem')
    const folder = target ? contentOf(session, target) : ownFolder(session, DEFAULT_FOLDERS[kind])
    return itemsWithId(created(session, folder, kind, element))
  }
  return batch(call, 'CreateItem', entriesOf(request, 'Items'), one, NO_ITEMS)
}

function created(session: Session, folder: Folder, kind: ItemKind, element: Element): Item {
  demandCreate(session, folder)
  const contactKind = kind === 'Contact' || kind === 'DistributionList'
  if (contactKind && !/^IPF\.Contact(?:\.|$)/i.test(folder.class)) {
    throw new EwsError('ErrorCannotCreateContactInNonContactFolder')
  }
  const values: Values = new Map()
  for (const [key, value] of decodeItem(kind, element)) {
    if (value !== undefined) values.set(key, value)
  }
  demandClass(kind, values.get('item:ItemClass'))
  const members = decodeMembers(element) ?? []
  return createItem(session.state, folder, { kind, values, members, by: session.user.address })
}

/** Refuses an item class that belongs to another kind of item. */
export function demandClass(kind: ItemKind, itemClass: unknown): void {
  if (itemClass === undefined) return
  const prefix =
    kind === 'Contact' ? 'ipm.contact' : kind === 'DistributionList' ? 'ipm.distlist' : ''
  if (!String(itemClass).toLowerCase().startsWith(prefix))
    throw new EwsError('ErrorObjectTypeChanged')
}

/** DeleteItem. */
export function deleteItems(call: Call, request: Element): string {
  const { session } = call
  const disposal = request.attributes.DeleteType as Disposal
  const one = (id: Element) => {
    const item = itemOf(session, id)
    demandRemove(session, item)
    if (!dispose(session.state, item, disposal)) {
      const message = 'Items of public folders cannot be moved to the Deleted Items folder.'
      throw new EwsError('ErrorMoveCopyFailed', message)
    }
    return ''
  }
  return batch(call, 'DeleteItem', entriesOf(request, 'ItemIds'), one)
}

/** MoveItem and CopyItem. */
export function transferItems(call: Call, request: Element): string {
  const { session } = call
  const moving = request.name === 'MoveItem'
  const one = (id: Element) => {
    const item = itemOf(session, id)
    const folder = targetOf(session, childOf(request, 'ToFolderId')?.children[0])
    demandCreate(session, folder)
    if (moving) demandRemove(session, item)
    const contactKind = item.kind === 'Contact' || item.kind === 'DistributionList'
    if (contactKind && !/^IPF\.Contact(?:\.|$)/i.test(folder.class) && !isBin(folder)) {
      throw new EwsError('ErrorCannotCreateContactInNonContactFolder')
    }
    const crossing = item.folder.box !== folder.box
    const result = moving
      ? moveItem(session.state, item, folder)
      : copyItem(session.state, item, folder, session.user.address)
    // Between stores, Exchange does not say under which id the item is to be found now.
    return crossing ? NO_ITEMS : itemsWithId(result)
  }
  return batch(call, request.name, entriesOf(request, 'ItemIds'), one, NO_ITEMS)
}

function isBin({ distinguished }: Folder): boolean {
  return distinguished === 'deleteditems' || distinguished === 'recoverableitemsdeletions'
}

function targetOf(session: Session, element: Element | undefined): Folder {
  try {
    const folder = folderOf(session, element)
    if (routed(session, folder)) return folder
  } catch (error) {
    if (!(error instanceof EwsError) || error.code !== 'ErrorFolderNotFound') throw error
  }
  throw new EwsError('ErrorToFolderNotFound')
}
