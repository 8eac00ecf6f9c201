// Who asks, under which version, and what that gives access to. Every folder and item that an operation
// touches is found here, and here alone it is decided whether the caller may know that it exists: what one
// may not see is not found.
import { primaryOf } from '../store/build.ts'
import { folderBelow, rightsIn } from '../store/folders.ts'
import { kindOf } from '../store/ids.ts'
import type { Box, Folder, Item, State, User } from '../store/item.ts'
import { covers, type Rights } from '../store/rights.ts'
import type { Element } from '../xml/reader.ts'
import { EwsError } from './errors.ts'

/** How this Exchange behaves where real ones differ, or where a test wants it to. */
export type Behaviour = Readonly<{
  /** SyncFolderItems in a public folder: documented as not supported, works for some, or finds nothing. */
  publicFolderSync: 'refused' | 'works' | 'empty'
  /** Whether requests about public items must name the right mailbox in X-PublicFolderMailbox. */
  publicFolderRouting: 'optional' | 'required'
  /** Field URIs that the base shapes leave out, and who wants them must name: real servers differ there. */
  leftOutOfShapes: readonly string[]
  /** What becomes of DeleteItemField for a body: some servers answer Success and keep it. */
  bodyDeletes: 'done' | 'ignored'
}>

/** One request's circumstances. */
export type Session = Readonly<{
  state: State
  /** Whose rights count: the impersonated user, or the one who signed in. */
  user: User
  /** The request's schema version, as a year. */
  version: number
  headers: Readonly<Record<string, string>>
  behaviour: Behaviour
}>

/** What the caller may do in a folder. */
export function rights(session: Session, folder: Folder): Rights {
  return rightsIn(folder, session.user.address)
}

/** The folder that an element names, be it by id or by distinguished name. */
export function folderOf(session: Session, element: Element | undefined): Folder {
  if (!element) throw new EwsError('ErrorInvalidFolderId')
  const folder =
    element.name === 'DistinguishedFolderId'
      ? distinguished(session, element)
      : folderById(session, element)
  open(folder.box)
  if (!rights(session, folder).visible) throw new EwsError('ErrorFolderNotFound')
  return folder
}

function folderById(session: Session, element: Element): Folder {
  const id = element.attributes.Id ?? ''
  if (element.name !== 'FolderId') throw new EwsError('ErrorInvalidOperation')
  const found = session.state.folders.get(id)
  if (found) return found
  if (id === '') throw new EwsError('ErrorInvalidIdEmpty')
  const kind = kindOf(id)
  if (kind === undefined) throw new EwsError('ErrorInvalidIdMalformed')
  if (kind !== 'folder') throw new EwsError('ErrorCannotUseItemIdForFolderId')
  throw new EwsError('ErrorFolderNotFound')
}

function distinguished(session: Session, element: Element): Folder {
  const name = element.attributes.Id ?? ''
  const [mailbox] = element.children
  const address = mailbox?.children.find((child) => child.name === 'EmailAddress')?.text.trim()
  if (name === 'publicfoldersroot') {
    if (mailbox) {
      const message = 'It is not valid to specify a mailbox with the public folder root.'
      throw new EwsError('ErrorInvalidOperation', message)
    }
    return session.state.public.root
  }
  const box = boxOf(session.state, address ?? session.user.address)
  open(box)
  const folder = box.distinguished.get(name)
  if (!folder) throw new EwsError('ErrorFolderNotFound')
  return folder
}

/** The mailbox at an address. */
export function boxOf(state: State, address: string): Box {
  const box = state.mailboxes.get(primaryOf(state, address))
  if (!box) throw new EwsError('ErrorNonExistentMailbox')
  return box
}

function open(box: Box): void {
  if (box.denial !== undefined) throw new EwsError(box.denial)
}

/** The item that a `t:ItemId` names. Its parent must be readable for the caller. */
export function itemOf(session: Session, element: Element): Item {
  if (element.name !== 'ItemId' && element.name !== 'ParentItemId') {
    throw new EwsError('ErrorCalendarCannotUseIdForOccurrenceId')
  }
  return itemById(session, element.attributes.Id ?? '')
}

/** The item with an id. Ids are compared letter by letter, case included. */
export function itemById(session: Session, id: string): Item {
  const item = session.state.items.get(id)
  if (item) return readable(session, item)
  if (id === '') throw new EwsError('ErrorInvalidIdEmpty')
  const kind = kindOf(id)
  if (kind === undefined) throw new EwsError('ErrorInvalidIdMalformed')
  if (kind === 'folder') throw new EwsError('ErrorCannotUseFolderIdForItemId')
  if (kind === 'attachment') throw new EwsError('ErrorInvalidIdMalformed')
  throw new EwsError('ErrorItemNotFound')
}

function readable(session: Session, item: Item): Item {
  const { folder } = item
  open(folder.box)
  const { visible, read } = rights(session, folder)
  if (!visible || !read || !routed(session, folder)) throw new EwsError('ErrorItemNotFound')
  return item
}

/** Whether a request about public content has come to the mailbox that holds it. */
export function routed(session: Session, folder: Folder): boolean {
  const { behaviour, headers, state } = session
  if (folder.contentMailbox === undefined || behaviour.publicFolderRouting === 'optional')
    return true
  const wanted = `${folder.contentMailbox}@${state.domain}`.toLowerCase()
  return headers['x-publicfoldermailbox']?.trim().toLowerCase() === wanted
}

/** Like `folderOf`, for requests about what is in the folder. */
export function contentOf(session: Session, element: Element | undefined): Folder {
  const folder = folderOf(session, element)
  if (!routed(session, folder)) throw new EwsError('ErrorFolderNotFound')
  return folder
}

/** Whether the caller made the item. */
export function owns(session: Session, item: Item): boolean {
  return item.creator === session.user.address
}

/** Refuses whoever may not change this item. */
export function demandEdit(session: Session, item: Item): void {
  const { edit } = rights(session, item.folder)
  if (!covers(edit, owns(session, item))) throw new EwsError('ErrorAccessDenied')
}

/** Refuses whoever may not delete this item. */
export function demandRemove(session: Session, item: Item): void {
  const { remove } = rights(session, item.folder)
  if (!covers(remove, owns(session, item))) throw new EwsError('ErrorAccessDenied')
}

/** Refuses whoever may not put anything into a folder. */
export function demandCreate(session: Session, folder: Folder): void {
  if (!rights(session, folder).create) throw new EwsError('ErrorCreateItemAccessDenied')
}

/** A default folder of the caller's own mailbox. */
export function ownFolder(session: Session, name: string): Folder {
  const box = boxOf(session.state, session.user.address)
  open(box)
  const folder = box.distinguished.get(name) ?? folderBelow(box.root, name)
  if (!folder) throw new EwsError('ErrorFolderNotFound')
  return folder
}
