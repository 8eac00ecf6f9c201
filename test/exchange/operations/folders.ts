// Folders: looking at them, making, changing, moving, emptying and deleting them.

import { batch, type Call } from '../protocol/batch.ts'
import { decodeExtended } from '../protocol/decode.ts'
import { EwsError } from '../protocol/errors.ts'
import { elementOf, folderIdXml, folderShape } from '../protocol/folder-shape.ts'
import { pathOf } from '../protocol/paths.ts'
import { folderOf, rights, type Session } from '../protocol/session.ts'
import { type Disposal, dispose } from '../store/disposal.ts'
import {
  makeFolder,
  moveFolder,
  nameKey,
  removeFolder,
  renameFolder,
  touchFolder,
  within,
} from '../store/folders.ts'
import type { Folder } from '../store/item.ts'
import { LEVELS, type Level } from '../store/rights.ts'
import type { Element } from '../xml/reader.ts'
import { childOf, entriesOf } from './items.ts'

const NO_FOLDERS = '<m:Folders/>'
const CLASSES: Readonly<Record<string, string>> = {
  Folder: 'IPF.Note',
  ContactsFolder: 'IPF.Contact',
  CalendarFolder: 'IPF.Appointment',
  TasksFolder: 'IPF.Task',
}

/** GetFolder. */
export function getFolder(call: Call, request: Element): string {
  const { session } = call
  const one = (id: Element) => {
    const write = folderShape(session, childOf(request, 'FolderShape') ?? request)
    return `<m:Folders>${write(folderOf(session, id))}</m:Folders>`
  }
  return batch(call, 'GetFolder', entriesOf(request, 'FolderIds'), one, NO_FOLDERS)
}

function foldersWithId(folder: Folder): string {
  const element = elementOf(folder.class)
  return `<m:Folders><t:${element}>${folderIdXml(folder)}</t:${element}></m:Folders>`
}

/** CreateFolder. */
export function createFolder(call: Call, request: Element): string {
  const { session } = call
  const one = (element: Element) => {
    const parent = folderOf(session, entriesOf(request, 'ParentFolderId')[0])
    if (!rights(session, parent).subfolders) throw new EwsError('ErrorCreateSubfolderAccessDenied')
    return foldersWithId(created(session, parent, element))
  }
  return batch(call, 'CreateFolder', entriesOf(request, 'Folders'), one, NO_FOLDERS)
}

function created(session: Session, parent: Folder, element: Element): Folder {
  const { state, user } = session
  const standard = CLASSES[element.name]
  if (standard === undefined) throw new EwsError('ErrorInvalidOperation')
  const name = childOf(element, 'DisplayName')?.text.trim() ?? ''
  demandFreeName(parent, name)
  const folderClass = childOf(element, 'FolderClass')?.text ?? standard
  // A plain folder may be of any class; the others are of their own.
  const foreign = elementOf(folderClass) !== element.name && element.name !== 'Folder'
  if (foreign) throw new EwsError('ErrorNoFolderClassOverride')
  const extended = element.children.filter((child) => child.name === 'ExtendedProperty')
  const values = extended.flatMap((property) => [...decodeExtended(property)])
  const folder = makeFolder(state, parent.box, { name, class: folderClass, parent })
  for (const [key, value] of values) if (value !== undefined) folder.values.set(key, value)
  // As in Exchange, whoever makes a public folder owns it.
  if (parent.box.scope === 'public') folder.permissions.set(user.address, 'Owner')
  return folder
}

function demandFreeName(parent: Folder, name: string, self?: Folder): void {
  if (name === '') throw new EwsError('ErrorFolderSavePropertyError', 'A folder needs a name.')
  const found = parent.children.get(nameKey(name))
  if (found && found !== self) throw new EwsError('ErrorFolderExists')
}

/** UpdateFolder. */
export function updateFolder(call: Call, request: Element): string {
  const { session } = call
  const one = (change: Element) => {
    const folder = folderOf(session, change.children[0])
    if (!rights(session, folder).owner) throw new EwsError('ErrorAccessDenied')
    for (const update of entriesOf(change, 'Updates')) applyUpdate(session, folder, update)
    touchFolder(session.state, folder)
    return foldersWithId(folder)
  }
  return batch(call, 'UpdateFolder', entriesOf(request, 'FolderChanges'), one, NO_FOLDERS)
}

function applyUpdate(session: Session, folder: Folder, update: Element): void {
  const [pathElement, content] = update.children
  if (!pathElement) throw new EwsError('ErrorInvalidRequest')
  const path = pathOf(pathElement)
  if (update.name === 'AppendToFolderField') throw new EwsError('ErrorInvalidPropertyAppend')
  if (update.name === 'DeleteFolderField') {
    if (path.kind === 'extended') folder.values.delete(path.extended.key)
    else if (path.kind === 'field' && path.uri === 'folder:PermissionSet')
      folder.permissions.clear()
    else throw new EwsError('ErrorInvalidPropertyDelete')
    return
  }
  const [property, more] = content?.children ?? []
  if (!property || more) throw new EwsError('ErrorIncorrectUpdatePropertyCount')
  if (path.kind === 'extended') {
    for (const [key, value] of decodeExtended(property)) {
      if (value !== undefined) folder.values.set(key, value)
    }
  } else if (path.kind === 'field' && path.uri === 'folder:DisplayName') {
    if (folder.distinguished) throw new EwsError('ErrorInvalidPropertySet')
    if (folder.parent) demandFreeName(folder.parent, property.text.trim(), folder)
    renameFolder(session.state, folder, property.text.trim())
  } else if (path.kind === 'field' && path.uri === 'folder:FolderClass') {
    folder.class = property.text
  } else if (path.kind === 'field' && path.uri === 'folder:PermissionSet') {
    setPermissions(folder, property)
  } else {
    throw new EwsError('ErrorInvalidPropertySet')
  }
}

function setPermissions(folder: Folder, set: Element): void {
  const wanted = entriesOf(set, 'Permissions').map((permission) => {
    const user = childOf(permission, 'UserId')
    const address = user && childOf(user, 'PrimarySmtpAddress')?.text.toLowerCase()
    const level = childOf(permission, 'PermissionLevel')?.text as Level
    if (!LEVELS.includes(level)) throw new EwsError('ErrorInvalidPermissionSettings')
    return [address ?? 'default', level] as const
  })
  folder.permissions.clear()
  for (const [who, level] of wanted) folder.permissions.set(who, level)
}

/** DeleteFolder. */
export function deleteFolder(call: Call, request: Element): string {
  const { session } = call
  const disposal = request.attributes.DeleteType as Disposal
  const one = (id: Element) => {
    const folder = folderOf(session, id)
    if (folder.distinguished) throw new EwsError('ErrorDeleteDistinguishedFolder')
    if (!rights(session, folder).owner) throw new EwsError('ErrorAccessDenied')
    const bin = folder.box.distinguished.get('deleteditems')
    if (disposal !== 'MoveToDeletedItems') removeFolder(session.state, folder)
    else if (!bin) throw new EwsError('ErrorMoveCopyFailed')
    else if (within(folder, bin)) removeFolder(session.state, folder)
    else binned(session, folder, bin)
    return ''
  }
  return batch(call, 'DeleteFolder', entriesOf(request, 'FolderIds'), one)
}

/** A folder goes to Deleted Items; there it may need another name. */
function binned(session: Session, folder: Folder, bin: Folder): void {
  let name = folder.name
  for (let n = 1; bin.children.has(nameKey(name)); n += 1) name = `${folder.name}${n}`
  if (name !== folder.name) renameFolder(session.state, folder, name)
  moveFolder(session.state, folder, bin)
}

/** MoveFolder, within one store. */
export function moveFolders(call: Call, request: Element): string {
  const { session } = call
  const one = (id: Element) => {
    const folder = folderOf(session, id)
    const target = folderOf(session, entriesOf(request, 'ToFolderId')[0])
    if (folder.distinguished) throw new EwsError('ErrorMoveDistinguishedFolder')
    if (!rights(session, folder).owner || !rights(session, target).subfolders) {
      throw new EwsError('ErrorAccessDenied')
    }
    if (folder.box !== target.box) throw new EwsError('ErrorCrossMailboxMoveCopy')
    if (within(target, folder)) throw new EwsError('ErrorMoveCopyFailed')
    demandFreeName(target, folder.name, folder)
    moveFolder(session.state, folder, target)
    return foldersWithId(folder)
  }
  return batch(call, 'MoveFolder', entriesOf(request, 'FolderIds'), one, NO_FOLDERS)
}

/** EmptyFolder, which public folders do not know. */
export function emptyFolder(call: Call, request: Element): string {
  const { session } = call
  const disposal = request.attributes.DeleteType as Disposal
  const one = (id: Element) => {
    const folder = folderOf(session, id)
    if (folder.box.scope === 'public') throw new EwsError('ErrorCannotEmptyFolder')
    if (rights(session, folder).remove !== 'all') throw new EwsError('ErrorAccessDenied')
    for (const item of [...folder.items.values()]) dispose(session.state, item, disposal)
    if (/^(?:true|1)$/.test(request.attributes.DeleteSubFolders ?? '')) {
      for (const child of [...folder.children.values()]) removeFolder(session.state, child)
    }
    return ''
  }
  return batch(call, 'EmptyFolder', entriesOf(request, 'FolderIds'), one)
}
