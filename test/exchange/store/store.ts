// What tests hold in their hands: they look into mailboxes and act there as users would, without HTTP, and
// they let the misfortunes of a real server happen. Rights are not asked here; the server asks them.
import { backupOf } from './backup.ts'
import {
  ADMINISTRATOR,
  ensureFolder,
  renameMailbox,
  replaceMailbox,
  setLevel,
  setPassword,
} from './build.ts'
import { copyItem, createItem, moveItem, saveItem } from './changes.ts'
import { type Disposal, dispose } from './disposal.ts'
import { folderBelow, moveFolder, pathOf, removeFolder, renameFolder } from './folders.ts'
import { changeKeyOf, type Folder, type Item, type State } from './item.ts'
import { changesOf, type Literal, literalOf, valuesOf } from './literal.ts'
import type { Level } from './rights.ts'
import type { Value, Values } from './values.ts'

/** A named extended property of type String, as programs stamp it on items. */
export type Stamp = Readonly<{ set: string; name: string }>

/** An item as it was at one moment. */
export type Snapshot = Readonly<{
  id: string
  changeKey: string
  kind: string
  contact: Literal
  /** The value of a named property of type String; undefined when the item has none. */
  stamp: (stamp: Stamp) => string | undefined
  values: ReadonlyMap<string, Value>
  creator: string
  modifier: string
  createdMs: number
  modifiedMs: number
  attachments: readonly string[]
}>

/** A folder in a test's hands. It is looked up anew at every call. */
export type FolderHandle = Readonly<{
  path: string
  id: () => string
  exists: () => boolean
  children: () => readonly string[]
  size: () => number
  items: () => readonly Snapshot[]
  item: (id: string) => Snapshot | undefined
  /** Acts as somebody: who is named as the creator, and as who changed an item last. */
  as: (address: string) => FolderHandle
  create: (contact: Literal, stamps?: readonly (Stamp & { value: string })[]) => Snapshot
  update: (id: string, contact: Literal) => Snapshot
  stamp: (id: string, stamp: Stamp, value: string | undefined) => Snapshot
  delete: (id: string, how?: Disposal) => void
  clear: (how?: Disposal) => void
  move: (id: string, to: FolderHandle) => Snapshot
  copy: (id: string, to: FolderHandle) => Snapshot
  setPermission: (who: string, level: Level | undefined) => void
  rename: (name: string) => FolderHandle
  /** Moves the folder, with all that is in it, below another one. */
  moveTo: (parent: FolderHandle) => void
  remove: () => void
  /** What it holds now; the answer puts that back in place, ids and change keys and all. */
  backup: () => () => void
}>

/** A mailbox in a test's hands. */
export type MailboxHandle = Readonly<{
  address: string
  /** A folder by its path below the root of what people see, such as `Contacts/Company`. */
  folder: (path: string) => FolderHandle
  createFolder: (path: string, folderClass?: string) => FolderHandle
  /** From now on every request about this mailbox is answered with this code; undefined ends it. */
  deny: (code: string | undefined) => void
  /** The mailbox comes back from a backup, or from another server: all ids are new. */
  restore: () => void
  /** Another, empty mailbox takes its place. */
  replace: () => void
  /** The mailbox and its user are deleted. */
  remove: () => void
  /** Sync states of this mailbox are worth nothing any more. */
  loseSyncStates: () => void
  /** Its owner gets another address, and the old one is nobody's; ids stay. */
  rename: (to: string) => MailboxHandle
  /** Its owner gets another password. */
  setPassword: (password: string) => void
}>

/** Everything that an Exchange holds. */
export type Store = Readonly<{
  state: State
  mailbox: (address: string) => MailboxHandle
  publicFolder: (path: string) => FolderHandle
  createPublicFolder: (path: string, folderClass?: string) => FolderHandle
  loseSyncStates: () => void
}>

/** The store over a state. */
export function storeOf(state: State): Store {
  const top = (path: string) => folderBelow(state.public.root, path)
  return {
    state,
    mailbox: (address) => mailboxOf(state, address.toLowerCase()),
    publicFolder: (path) => handleOf(state, path, ADMINISTRATOR, () => top(path)),
    createPublicFolder: (path, folderClass = 'IPF.Contact') => {
      ensureFolder(state, state.public, path, folderClass)
      return handleOf(state, path, ADMINISTRATOR, () => top(path))
    },
    loseSyncStates: () => {
      for (const box of state.mailboxes.values()) box.epoch += 1
      state.public.epoch += 1
    },
  }
}

function mailboxOf(state: State, address: string): MailboxHandle {
  const box = () => {
    const found = state.mailboxes.get(address)
    if (!found) throw new Error(`There is no mailbox ${address}`)
    return found
  }
  const folder = (path: string) =>
    handleOf(state, path, address, () => {
      const root = state.mailboxes.get(address)?.distinguished.get('msgfolderroot')
      return root && folderBelow(root, path)
    })
  return {
    address,
    folder,
    createFolder: (path, folderClass = 'IPF.Contact') => {
      ensureFolder(state, box(), path, folderClass)
      return folder(path)
    },
    deny: (code) => {
      box().denial = code
    },
    restore: () => replaceMailbox(state, address, true),
    replace: () => replaceMailbox(state, address, false),
    remove: () => {
      removeFolder(state, box().root)
      state.mailboxes.delete(address)
      state.users.delete(address)
    },
    loseSyncStates: () => {
      box().epoch += 1
    },
    rename: (to) => {
      renameMailbox(state, address, to.toLowerCase())
      return mailboxOf(state, to.toLowerCase())
    },
    setPassword: (password) => setPassword(state, address, password),
  }
}

function handleOf(
  state: State,
  path: string,
  by: string,
  find: () => Folder | undefined,
): FolderHandle {
  const folder = () => {
    const found = find()
    if (!found) throw new Error(`There is no folder ${path}`)
    return found
  }
  const item = (id: string) => {
    const found = folder().items.get(id)
    if (!found) throw new Error(`There is no item ${id} in ${path}`)
    return found
  }
  const saved = (id: string, changes: ReadonlyMap<string, Value | undefined>) => {
    const found = item(id)
    saveItem(state, found, changes, by)
    return snapshotOf(found)
  }
  const remove = (id: string, how: Disposal = defaultDisposal(folder())) => {
    if (!dispose(state, item(id), how)) throw new Error(`${how} is not possible in ${path}`)
  }
  return {
    path,
    id: () => folder().id,
    exists: () => find() !== undefined,
    children: () => [...folder().children.values()].map(({ name }) => name),
    size: () => folder().items.size,
    items: () => [...folder().items.values()].map(snapshotOf),
    item: (id) => {
      const found = folder().items.get(id)
      return found && snapshotOf(found)
    },
    as: (address) => handleOf(state, path, address.toLowerCase(), find),
    create: (contact, stamps = []) => {
      const values: Values = valuesOf(contact)
      for (const { value, ...stamp } of stamps) values.set(keyOfStamp(stamp), value)
      return snapshotOf(createItem(state, folder(), { kind: 'Contact', values, by }))
    },
    update: (id, contact) => saved(id, changesOf(contact)),
    stamp: (id, stamp, value) => saved(id, new Map([[keyOfStamp(stamp), value]])),
    delete: remove,
    clear: (how) => {
      for (const id of [...folder().items.keys()]) remove(id, how)
    },
    move: (id, to) => snapshotOf(moveItem(state, item(id), targetOf(state, to))),
    copy: (id, to) => snapshotOf(copyItem(state, item(id), targetOf(state, to), by)),
    setPermission: (who, level) => setLevel(folder(), who, level),
    rename: (name) => {
      const found = folder()
      renameFolder(state, found, name)
      return handleOf(state, pathOf(found), by, () => state.folders.get(found.id))
    },
    moveTo: (parent) => moveFolder(state, folder(), targetOf(state, parent)),
    remove: () => removeFolder(state, folder()),
    backup: () => backupOf(state, folder()),
  }
}

function defaultDisposal(folder: Folder): Disposal {
  return folder.box.scope === 'public' ? 'SoftDelete' : 'MoveToDeletedItems'
}

function targetOf(state: State, handle: FolderHandle): Folder {
  const found = state.folders.get(handle.id())
  if (!found) throw new Error(`There is no folder ${handle.path}`)
  return found
}

function keyOfStamp({ set, name }: Stamp): string {
  return `x:${set.toLowerCase()}/name:${name}/String`
}

function snapshotOf(item: Item): Snapshot {
  const { values } = item
  return {
    id: item.id,
    changeKey: changeKeyOf(item),
    kind: item.kind,
    contact: literalOf(item),
    stamp: (stamp) => {
      const value = values.get(keyOfStamp(stamp))
      return typeof value === 'string' ? value : undefined
    },
    values,
    creator: item.creator,
    modifier: item.modifier,
    createdMs: item.createdMs,
    modifiedMs: item.modifiedMs,
    attachments: item.attachments.map(({ name }) => name),
  }
}
