// The location of folders and the owner of a mailbox: GetFolder for several folders at once, and ConvertId, which reports
// the primary address of the mailbox that an id belongs to (exchange-protocol §2.2).
import { type Home, legal } from '../core/item.ts'
import type { SyncError } from '../core/sync-error.ts'
import { errorOf, folderXml } from './envelope.ts'
import { type Batch, incomplete, isId, type Operation, only } from './operations.ts'
import { at, element, escaped, textAt, type Xml } from './xml.ts'

/** A folder by its id, or a well-known one: of a mailbox, or of all public folders. */
export type Which =
  | Readonly<{ folder: string }>
  | Readonly<{ home: Home; mailbox: string }>
  | Readonly<{ top: 'msgfolderroot'; mailbox: string }>
  | Readonly<{ top: 'publicfoldersroot' }>

/** A folder: its name and the id of its parent, if the server reports them. */
export type Spot = Readonly<{ id: string; name: string | undefined; parent: string | undefined }>

/** GetFolder: the locations of these folders; one answer for each, in order. */
export const getPlaces: Batch<readonly Which[], Spot | SyncError> = {
  name: 'GetFolder',
  request: (folders) =>
    '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
    '<t:FieldURI FieldURI="folder:ParentFolderId"/><t:FieldURI FieldURI="folder:DisplayName"/>' +
    '</t:AdditionalProperties></m:FolderShape>' +
    `<m:FolderIds>${folders.map(whichXml).join('')}</m:FolderIds></m:GetFolder>`,
  each: (message) => {
    const error = errorOf(message)
    if (error !== undefined) return error
    const node = at(message, 'Folders')?.children[0]
    const id = at(node, 'FolderId')?.attributes.Id
    const parent = at(node, 'ParentFolderId')?.attributes.Id
    const name = textAt(node, 'DisplayName')
    if (!isId(id) || (parent !== undefined && !isId(parent))) return incomplete('GetFolder')
    return { id, parent, name: name === undefined ? undefined : legal(name) }
  },
}

function whichXml(which: Which): Xml {
  if ('folder' in which) return folderXml(which.folder)
  const mailbox =
    'mailbox' in which ? `<t:Mailbox>${element('t:EmailAddress', which.mailbox)}</t:Mailbox>` : ''
  // Exchange calls a mailbox's own folders so, in small letters.
  const top = 'home' in which ? which.home.toLowerCase() : which.top
  return `<t:DistinguishedFolderId Id="${top}">${mailbox}</t:DistinguishedFolderId>`
}

/** The address that ConvertId is sent. A server that only repeats it has reported no address. */
const placeholder = 'unknown@mailbox.invalid'

/** ConvertId: the primary address of the mailbox that a folder's id belongs to; undefined if it is not reported. */
export const ownerOf: Operation<{ folder: string }, string | undefined> = {
  name: 'ConvertId',
  request: ({ folder }) =>
    '<m:ConvertId DestinationFormat="EwsId"><m:SourceIds>' +
    `<t:AlternateId Format="EwsId" Id="${escaped(folder)}" Mailbox="${placeholder}"/>` +
    '</m:SourceIds></m:ConvertId>',
  result: (answer) => {
    const mailbox = at(only(answer), 'AlternateId')?.attributes.Mailbox?.trim()
    const reported = mailbox?.includes('@') && mailbox.toLowerCase() !== placeholder
    return reported ? mailbox : undefined
  },
}
