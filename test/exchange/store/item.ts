// What the store is made of: boxes (a mailbox each, and one for the public folders), folders and items.
// Everything else reads these values; only store/changes.ts and store/folders.ts write them.
import type { ItemKind } from '../protocol/fields.ts'
import type { WorldSignIn } from '../sign-in/settings.ts'
import type { Ids } from './ids.ts'
import type { Log, Track } from './log.ts'
import type { Level } from './rights.ts'
import type { Values } from './values.ts'

/** A file that hangs on an item. */
export type Attachment = Readonly<{
  id: string
  name: string
  contentType: string | undefined
  contentId: string | undefined
  content: string
  photo: boolean
  inline: boolean
  createdMs: number
}>

/** Somebody on a distribution list. */
export type Member = Readonly<{
  key: string
  name: string | undefined
  address: string | undefined
  routingType: string | undefined
  mailboxType: string | undefined
  itemId: string | undefined
}>

/** One item. Its id changes when it moves, its `change` whenever it is saved. */
export type Item = {
  readonly kind: ItemKind
  readonly createdMs: number
  readonly creator: string
  /** What the search key is made from; a copy has the same. */
  readonly searchSeed: string
  id: string
  serial: number
  folder: Folder
  track: Track
  change: number
  values: Values
  modifiedMs: number
  modifier: string
  attachments: readonly Attachment[]
  members: readonly Member[]
  /** Which change set a value last; what is not there has been as it is since the item was created. */
  touched: Map<string, number> | undefined
}

/** One folder. */
export type Folder = {
  readonly box: Box
  readonly serial: number
  readonly id: string
  readonly distinguished: string | undefined
  readonly createdMs: number
  readonly children: Map<string, Folder>
  /** In the order in which they came; newest last. */
  readonly items: Map<string, Item>
  readonly log: Log
  readonly permissions: Map<string, Level>
  readonly values: Values
  /** The public folder mailbox that holds the content; undefined in a mailbox. */
  readonly contentMailbox: string | undefined
  parent: Folder | undefined
  name: string
  class: string
  change: number
  modifiedMs: number
  /** When anything in here was last saved or deleted. */
  commitMs: number
  deletedTotal: number
}

/** A mailbox, or all public folders. */
export type Box = {
  readonly scope: 'mailbox' | 'public'
  address: string
  ids: Ids
  root: Folder
  readonly distinguished: Map<string, Folder>
  serial: number
  change: number
  /** Sync states of an earlier epoch are worth nothing. */
  epoch: number
  /** When it is set, every request about this mailbox gets this code. */
  denial: string | undefined
  /** Folders that are no more, for SyncFolderHierarchy. */
  hierarchy: HierarchyEntry[]
}

/** Something that happened to a folder. */
export type HierarchyEntry = Readonly<{ id: string; folder: Folder | undefined }>

/** Somebody who may sign in. */
export type User = Readonly<{
  address: string
  name: string
  password: string
  /** Other addresses of the mailbox. */
  aliases?: readonly string[]
  impersonates: 'all' | ReadonlySet<string>
}>

/** All of it. */
export type State = {
  readonly domain: string
  readonly users: Map<string, User>
  readonly mailboxes: Map<string, Box>
  readonly public: Box
  readonly items: Map<string, Item>
  readonly folders: Map<string, Folder>
  /** The item that an attachment's id belongs to. */
  readonly attachments: Map<string, Item>
  /** How people sign in, as the world says. */
  readonly signIn?: WorldSignIn
  readonly clock: () => number
  readonly normalise: Normalise
}

/** What the server rewrites when it stores something, as Exchange does. */
export type Normalise = Readonly<{
  /** FileAs under its mapping, and DisplayName and Subject, follow the names. */
  names: boolean
  /** DisplayName, made from the names, begins with the title (0x3A45). Default: no; Outlook does, a server need not. */
  titles: boolean
  /** An HTML body gets the `html`, `head` and `body` it lacks. */
  bodies: boolean
  /** The lines of a text body end with CR LF. */
  lines: boolean
}>

/** The change key of an item. */
export function changeKeyOf(item: Item): string {
  return item.folder.box.ids.changeKey(item.kind, item.change)
}

/** The change key of a folder. */
export function folderKeyOf(folder: Folder): string {
  return folder.box.ids.changeKey('folder', folder.change)
}
