// The data plane: every EWS call as two pure functions, one from values to XML, one from XML to values.

import type { ItemId, Version } from '../core/id.ts'
import type { Item, Patch } from '../core/item.ts'
import type { Found } from '../core/model.ts'
import { type Stamp, stampOf, stampText } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Codec } from './codec.ts'
import { errorOf, folderXml, messagesOf } from './envelope.ts'
import { all, at, element, escaped, type Node, textAt, type Xml } from './xml.ts'

/** One EWS call: the XML of its request, and the result of its answer. */
export type Operation<Request, Result> = Readonly<{
  name: string
  request: (request: Request) => Xml
  result: (answer: Node, request: Request) => Result
}>

/** An EWS call about many items: one response message for each item, read one by one. */
export type Batch<Request, One> = Readonly<{
  name: string
  request: (request: Request) => Xml
  each: (message: Node) => One
}>

/** An item's id and version from the server, and its size in bytes if a listing reports it. */
export type Ref = Readonly<{ id: ItemId; version: Version; size?: number }>

/** The properties that a listing requests. */
const refShape =
  '<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
  '<t:FieldURI FieldURI="item:Size"/></t:AdditionalProperties></m:ItemShape>'

/** Our only named property. Its name never changes: a mailbox has room for few names (exchange-protocol §2.3). */
export const stampProperty = {
  set: 'b0a2f7de-6c55-4d0c-9a3f-0d3f1f6f2a41',
  name: 'exsync-link',
} as const

const stampUri = `<t:ExtendedFieldURI PropertySetId="${stampProperty.set}" PropertyName="${stampProperty.name}" PropertyType="String"/>`

/** Elements requested of every item besides its fields: when it changed and was created, and its folder. */
export const beside = ['LastModifiedTime', 'DateTimeCreated', 'ParentFolderId'] as const

const besideUris = beside.map((name) => `<t:FieldURI FieldURI="item:${name}"/>`).join('')

/** A change that SyncFolderItems reports: an item's present version, or the id of an item that left the folder. */
export type Change = Readonly<{ ref: Ref }> | Readonly<{ gone: ItemId }>

/** One page of SyncFolderItems. */
export type SyncPage = Readonly<{
  /** In the server's order: an item with a Delete and then a Create of the same id exists. */
  changes: readonly Change[]
  /** The number of changes, including those of items of other kinds. */
  told: number
  /** The number of changes that name an existing item. */
  listed: number
  cursor: string
  last: boolean
}>

/** SyncFolderItems: the changes of a mailbox folder since the cursor; without a cursor, every item. */
export const syncFolderItems = (
  codec: Codec,
): Operation<{ folder: string; cursor: string | undefined }, SyncPage> => ({
  name: 'SyncFolderItems',
  request: ({ folder, cursor }) =>
    `<m:SyncFolderItems>${refShape}` +
    `<m:SyncFolderId>${folderXml(folder)}</m:SyncFolderId>` +
    (cursor === undefined ? '' : element('m:SyncState', cursor)) +
    '<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>',
  result: (answer) => {
    const message = only(answer)
    const told = at(message, 'Changes')?.children ?? []
    const cursor = textAt(message, 'SyncState')?.trim() ?? ''
    const last = textAt(message, 'IncludesLastItemInRange')?.trim()
    if (!isId(cursor) || !isFlag(last)) throw incomplete('SyncFolderItems')
    const listed = told.filter(({ name }) => name === 'Create' || name === 'Update').length
    const changes = told.flatMap((change) => changeIn(change, codec))
    return { changes, told: told.length, listed, cursor, last: last === 'true' }
  },
})

function changeIn({ name, children, ...node }: Node, codec: Codec): readonly Change[] {
  if (name === 'Delete')
    return all({ name, children, ...node }, 'ItemId').map(({ attributes: { Id: id } }) => {
      if (!isId(id)) throw incomplete('SyncFolderItems')
      return { gone: id as ItemId }
    })
  if (name !== 'Create' && name !== 'Update') return []
  return children.flatMap((item) =>
    codec.listed(item) ? [{ ref: refIn(item, 'SyncFolderItems') }] : [],
  )
}

/** One page of FindItem: the items of a folder, oldest first. */
export type FindPage = Readonly<{
  /** The items of the page that may be of the kind. */
  refs: readonly Ref[]
  /** All items of the page, of any kind. */
  ids: readonly ItemId[]
  total: number
  last: boolean
}>

/** FindItem: a page of a folder's ids and change keys, in a stable order. */
export const findItem = (
  codec: Codec,
): Operation<{ folder: string; offset: number; size: number }, FindPage> => ({
  name: 'FindItem',
  request: ({ folder, offset, size }) =>
    `<m:FindItem Traversal="Shallow">${refShape}` +
    `<m:IndexedPageItemView MaxEntriesReturned="${size}" Offset="${offset}" BasePoint="Beginning"/>` +
    '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeCreated"/></t:FieldOrder></m:SortOrder>' +
    `<m:ParentFolderIds>${folderXml(folder)}</m:ParentFolderIds></m:FindItem>`,
  result: (answer) => {
    const root = at(only(answer), 'RootFolder')
    const items = at(root, 'Items')?.children ?? []
    const { TotalItemsInView: total, IncludesLastItemInRange: last } = root?.attributes ?? {}
    if (!/^\d{1,10}$/.test(total ?? '') || !isFlag(last)) throw incomplete('FindItem')
    return {
      refs: items.filter(codec.listed).map((item) => refIn(item, 'FindItem')),
      ids: items.flatMap((item) => refOf(item)?.id ?? []),
      total: Number(total),
      last: last === 'true',
    }
  },
})

/** An item from GetItem. `parent`: the id of its folder, if the server reports it. */
export type Read = Found & Readonly<{ parent?: string }>

/** The answer of GetItem for one id: the item, undefined if it is not found, OtherKind, or its error. */
export type Got = Read | undefined | 'OtherKind' | SyncError

/** GetItem: the fields that are synchronised. An item of another kind is OtherKind and stays untouched. */
export const getItem = (codec: Codec): Batch<readonly ItemId[], Got> => ({
  name: 'GetItem',
  request: (ids) =>
    '<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:BodyType>Best</t:BodyType>' +
    `<t:AdditionalProperties>${codec.shape}${besideUris}${stampUri}</t:AdditionalProperties></m:ItemShape>` +
    `<m:ItemIds>${ids.map((id) => `<t:ItemId Id="${escaped(id)}"/>`).join('')}</m:ItemIds></m:GetItem>`,
  each: (message) => {
    const error = errorOf(message)
    if (error?.code === 'ErrorItemNotFound') return undefined
    if (error !== undefined) return error
    const node = at(message, 'Items')?.children[0]
    const ref = node && refOf(node)
    if (node === undefined || ref === undefined) return incomplete('GetItem')
    if (!codec.holds(node)) return 'OtherKind'
    const odd = codec.undefinedIn(node)
    return odd === undefined ? foundIn(node, ref, codec) : undefinedValue(odd)
  },
})

// Taken over, the value would make every write of the item fail until the item changes.
function undefinedValue(name: string): SyncError {
  const message = `the item's ${name} has a value that EWS does not define: the item is read again. Check any proxy before the server; if this stays, correct the item in Outlook`
  return new SyncError('transient', 'UndefinedValue', message)
}

/** CreateItem: new items with their stamps. */
export const createItem = ({
  element: name,
  newXml,
}: Codec): Batch<
  { folder: string; items: readonly Readonly<{ item: Item; stamp: Stamp }>[] },
  Ref | SyncError
> => ({
  name: 'CreateItem',
  request: ({ folder, items }) =>
    `<m:CreateItem><m:SavedItemFolderId>${folderXml(folder)}</m:SavedItemFolderId>` +
    `<m:Items>${items.map(({ item, stamp }) => `<t:${name}>${newXml(item, stampXml(stamp))}</t:${name}>`).join('')}</m:Items></m:CreateItem>`,
  each: written,
})

/** UpdateItem: changes to items that still have the expected version. */
export const updateItem = (
  codec: Codec,
): Batch<
  readonly Readonly<{ id: ItemId; expect: Version; patch: Patch; agreed: Item }>[],
  Ref | SyncError
> => ({
  name: 'UpdateItem',
  request: (updates) =>
    '<m:UpdateItem ConflictResolution="NeverOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges>' +
    updates
      .map(
        ({ id, expect, patch, agreed }) =>
          `<t:ItemChange><t:ItemId Id="${escaped(id)}" ChangeKey="${escaped(expect)}"/>` +
          `<t:Updates>${codec.updatesXml(patch, agreed)}</t:Updates></t:ItemChange>`,
      )
      .join('') +
    '</m:ItemChanges></m:UpdateItem>',
  each: written,
})

/** How items are deleted: users can recover them from Deleted Items, or from the folder's dumpster. */
export type DeleteType = 'MoveToDeletedItems' | 'SoftDelete'

/** DeleteItem: undefined for a deleted item. One that is not found may be gone or invisible: its error is `stale`. */
export const deleteItem: Batch<{ ids: readonly ItemId[]; how: DeleteType }, undefined | SyncError> =
  {
    name: 'DeleteItem',
    request: ({ ids, how }) =>
      `<m:DeleteItem DeleteType="${how}"><m:ItemIds>${ids.map((id) => `<t:ItemId Id="${escaped(id)}"/>`).join('')}</m:ItemIds></m:DeleteItem>`,
    each: (message) => errorOf(message),
  }

function written(message: Node): Ref | SyncError {
  const error = errorOf(message)
  if (error !== undefined) return error
  const [node] = at(message, 'Items')?.children ?? []
  return (node && refOf(node)) ?? incomplete('the write')
}

function foundIn(node: Node, ref: Ref, codec: Codec): Read {
  const parent = at(node, 'ParentFolderId')?.attributes.Id
  return {
    ...ref,
    item: codec.itemOf(node),
    stamp: stampOf(stampIn(node)),
    modifiedMs: timeIn(node, 'LastModifiedTime'),
    createdMs: timeIn(node, 'DateTimeCreated'),
    ...(isId(parent) ? { parent } : {}),
  }
}

function timeIn(node: Node, name: string): number | undefined {
  const ms = Date.parse(textAt(node, name) ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

function stampIn(node: Node): string | undefined {
  const property = all(node, 'ExtendedProperty').find(
    (each) => at(each, 'ExtendedFieldURI')?.attributes.PropertyName === stampProperty.name,
  )
  return textAt(property, 'Value')
}

function stampXml(stamp: Stamp): Xml {
  return `<t:ExtendedProperty>${stampUri}${element('t:Value', stampText(stamp))}</t:ExtendedProperty>`
}

/** The longest accepted id or sync state, characters. Any sync state is shorter; ids have a few hundred. */
const idMax = 1024 * 1024

/** Does it look like an id, a change key or a sync state? One damaged byte must not name another item. */
export function isId(text: string | undefined): text is string {
  return text !== undefined && text.length <= idMax && /^[A-Za-z0-9+/=_-]+$/.test(text)
}

function isFlag(text: string | undefined): text is 'true' | 'false' {
  return text === 'true' || text === 'false'
}

function refOf(node: Node): Ref | undefined {
  const { Id: id, ChangeKey: version } = at(node, 'ItemId')?.attributes ?? {}
  if (!isId(id) || !isId(version)) return undefined
  const size = textAt(node, 'Size') ?? ''
  const ref = { id: id as ItemId, version: version as Version }
  return /^\d{1,12}$/.test(size) ? { ...ref, size: Number(size) } : ref
}

function refIn(node: Node, what: string): Ref {
  const ref = refOf(node)
  if (ref === undefined) throw incomplete(what)
  return ref
}

/** The only response message. Throws its error, or IncompleteAnswer without a message. */
export function only(answer: Node): Node {
  const [message] = messagesOf(answer)
  if (message === undefined) throw incomplete('the answer')
  const error = errorOf(message)
  if (error !== undefined) throw error
  return message
}

/** The error for an incomplete answer; `what` names the answer. */
export function incomplete(what: string): SyncError {
  return new SyncError(
    'transient',
    'IncompleteAnswer',
    `${what} lacks a part that the protocol requires; the controller asks again`,
  )
}
