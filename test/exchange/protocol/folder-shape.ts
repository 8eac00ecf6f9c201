// What of a folder a client wants to see, and the properties that folders have.
import { rightsIn } from '../store/folders.ts'
import { type Folder, folderKeyOf } from '../store/item.ts'
import { timestamp, type Value } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { leaf } from '../xml/writer.ts'
import { EwsError } from './errors.ts'
import type { Extended } from './mapi.ts'
import { type PropertyPath, pathOf } from './paths.ts'
import { permissionSet } from './permissions.ts'
import { extendedProperty, rightsXml } from './render.ts'
import { rights, type Session } from './session.ts'

/** Writes folders as a client wants to see them. */
export type FolderShape = (folder: Folder) => string

const FIELDS = [
  ['FolderId', 'id'],
  ['ParentFolderId', 'all'],
  ['FolderClass', 'all'],
  ['DisplayName', 'default'],
  ['TotalCount', 'default'],
  ['ChildFolderCount', 'default'],
  ['ExtendedProperty', 'ask'],
  ['EffectiveRights', 'all'],
  ['DistinguishedFolderId', 'ask'],
  ['ReplicaList', 'ask'],
  ['PermissionSet', 'ask'],
  ['UnreadCount', 'default'],
] as const
const RANK = { id: 0, default: 1, all: 2, ask: 3 } as const
const BASES: Readonly<Record<string, number>> = { IdOnly: 0, Default: 1, AllProperties: 2 }

/** The shape that an `m:FolderShape` describes. */
export function folderShape(session: Session, shape: Element): FolderShape {
  const child = (name: string) => shape.children.find((one) => one.name === name)
  const base = BASES[child('BaseShape')?.text ?? 'IdOnly'] ?? 0
  const asked = new Set<string>()
  const extended: Extended[] = []
  for (const element of child('AdditionalProperties')?.children ?? []) {
    const path = pathOf(element)
    if (path.kind === 'extended') extended.push(path.extended)
    else if (path.kind === 'field' && path.uri.startsWith('folder:')) asked.add(path.uri.slice(7))
    else throw new EwsError('ErrorInvalidPropertyRequest')
  }
  const wanted = FIELDS.filter(
    ([name, rank]) => name === 'ExtendedProperty' || asked.has(name) || RANK[rank] <= base,
  )
  return (folder) => {
    const element = elementOf(folder.class)
    let xml = ''
    for (const [name] of wanted) {
      // As documented, AllProperties leaves the counts of public folders out.
      const counts = name === 'TotalCount' || name === 'UnreadCount'
      const left = counts && base === 2 && folder.box.scope === 'public' && !asked.has(name)
      if (name === 'ExtendedProperty') xml += extensions(folder, extended)
      else if (!left) xml += write(session, folder, name)
    }
    return `<t:${element}>${xml}</t:${element}>`
  }
}

function extensions(folder: Folder, extended: readonly Extended[]): string {
  return extended
    .map((one) => extendedProperty(one.xml, extendedOfFolder(folder, one.key)))
    .join('')
}

/** The element for folders of a class. */
export function elementOf(folderClass: string): string {
  if (/^IPF\.Contact/i.test(folderClass)) return 'ContactsFolder'
  if (/^IPF\.Appointment/i.test(folderClass)) return 'CalendarFolder'
  if (/^IPF\.Task/i.test(folderClass)) return 'TasksFolder'
  return 'Folder'
}

/** `t:FolderId`, or another element with the same content. */
export function folderIdXml(folder: Folder, element = 'FolderId'): string {
  return `<t:${element} Id="${folder.id}" ChangeKey="${folderKeyOf(folder)}"/>`
}

function write(session: Session, folder: Folder, name: string): string {
  switch (name) {
    case 'FolderId':
      return folderIdXml(folder)
    case 'ParentFolderId':
      return folderIdXml(folder.parent ?? folder, name)
    case 'EffectiveRights':
      return effectiveRights(session, folder)
    case 'ReplicaList':
      return folder.contentMailbox === undefined
        ? ''
        : `<t:ReplicaList>${leaf('String', folder.contentMailbox)}</t:ReplicaList>`
    case 'PermissionSet':
      return permissionSet(session, folder)
    case 'DistinguishedFolderId':
      return folder.distinguished === undefined ? '' : leaf(name, folder.distinguished)
    case 'UnreadCount':
      return /^(?:Tasks)?Folder$/.test(elementOf(folder.class)) ? leaf(name, '0') : ''
    default: {
      const value = folderProperty(session, folder, `folder:${name}`)
      return value === undefined ? '' : leaf(name, String(value))
    }
  }
}

function effectiveRights(session: Session, folder: Folder): string {
  const { create, subfolders, read, edit, remove, owner } = rights(session, folder)
  return rightsXml({
    create,
    subfolders,
    remove: owner || remove !== 'none',
    edit: owner || edit !== 'none',
    read,
    private: folder.box.address === session.user.address,
  })
}

/** A first-class property of a folder, for showing and for comparing. */
function folderProperty(session: Session, folder: Folder, uri: string): Value | undefined {
  switch (uri) {
    case 'folder:FolderId':
      return folder.id
    case 'folder:ParentFolderId':
      return (folder.parent ?? folder).id
    case 'folder:FolderClass':
      return folder.class === '' ? undefined : folder.class
    case 'folder:DisplayName':
      return folder.name
    case 'folder:TotalCount':
      return String(folder.items.size)
    case 'folder:UnreadCount':
      return '0'
    case 'folder:ChildFolderCount':
      return String(visibleChildren(session, folder).length)
    default:
      return undefined
  }
}

/** What a restriction of FindFolder compares. */
export function folderValue(session: Session) {
  return (folder: Folder, path: PropertyPath): Value | undefined => {
    if (path.kind === 'extended') return extendedOfFolder(folder, path.extended.key)
    return path.kind === 'field' ? folderProperty(session, folder, path.uri) : undefined
  }
}

/** The children that the caller may see. */
export function visibleChildren(session: Session, folder: Folder): Folder[] {
  const { address } = session.user
  return [...folder.children.values()].filter((child) => rightsIn(child, address).visible)
}

/** An extended property of a folder: kept, or worked out. */
export function extendedOfFolder(folder: Folder, key: string): Value | undefined {
  return folder.values.get(key) ?? COMPUTED[key]?.(folder)
}

const COMPUTED: Readonly<Record<string, (folder: Folder) => Value | undefined>> = {
  'x:tag:670a/SystemTime': ({ commitMs }) => timestamp(commitMs),
  'x:tag:670b/Integer': ({ deletedTotal }) => String(deletedTotal),
  'x:tag:3602/Integer': ({ items }) => String(items.size),
  'x:tag:3603/Integer': () => '0',
  'x:tag:3617/Integer': () => '0',
  'x:tag:360a/Boolean': ({ children }) => String(children.size > 0),
  'x:tag:3613/String': (folder) => (folder.class === '' ? undefined : folder.class),
  'x:tag:10f4/Boolean': () => 'false',
  'x:tag:6698/Binary': ({ contentMailbox }) =>
    contentMailbox === undefined
      ? undefined
      : Buffer.from(`${contentMailbox}\u0000`, 'ascii').toString('base64'),
  'contacts:DisplayName': ({ name }) => name,
  'item:DateTimeCreated': ({ createdMs }) => timestamp(createdMs),
  'item:LastModifiedTime': ({ modifiedMs }) => timestamp(modifiedMs),
  'item:StoreEntryId': ({ id }) => id,
}
