// Every operation that the embedded Exchange performs, by name.
import type { Call } from '../protocol/batch.ts'
import type { Element } from '../xml/reader.ts'
import { createAttachment, deleteAttachment, getAttachment } from './attachments.ts'
import { convertId, getServerTimeZones, getUserPhoto, resolveNames } from './directory.ts'
import { findFolder, findItem } from './find.ts'
import {
  createFolder,
  deleteFolder,
  emptyFolder,
  getFolder,
  moveFolders,
  updateFolder,
} from './folders.ts'
import { createItems, deleteItems, getItem, transferItems } from './items.ts'
import { syncFolderHierarchy, syncFolderItems } from './sync.ts'
import { updateItems } from './update.ts'

/** Answers a request that the schema has found no fault with. */
export type Operation = (call: Call, request: Element) => string

/** The operations. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['ConvertId', convertId],
  ['CopyItem', transferItems],
  ['CreateAttachment', createAttachment],
  ['CreateFolder', createFolder],
  ['CreateItem', createItems],
  ['DeleteAttachment', deleteAttachment],
  ['DeleteFolder', deleteFolder],
  ['DeleteItem', deleteItems],
  ['EmptyFolder', emptyFolder],
  ['FindFolder', findFolder],
  ['FindItem', findItem],
  ['GetAttachment', getAttachment],
  ['GetFolder', getFolder],
  ['GetItem', getItem],
  ['GetServerTimeZones', getServerTimeZones],
  ['GetUserPhoto', getUserPhoto],
  ['MoveFolder', moveFolders],
  ['MoveItem', transferItems],
  ['ResolveNames', resolveNames],
  ['SyncFolderHierarchy', syncFolderHierarchy],
  ['SyncFolderItems', syncFolderItems],
  ['UpdateFolder', updateFolder],
  ['UpdateItem', updateItems],
])
