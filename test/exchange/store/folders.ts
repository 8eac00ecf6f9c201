// The tree of folders: making, finding, renaming, moving and taking away, and who may see what of it.

import { guidOf, idsOf } from './ids.ts'
import type { Box, Folder, Item, State } from './item.ts'
import { emptyLog } from './log.ts'
import { type Level, type Rights, rightsOf } from './rights.ts'

/** The folders that every mailbox has: name for clients, name for people, class, and where. */
const DISTINGUISHED = [
  ['root', 'Root', '', ''],
  ['msgfolderroot', 'Top of Information Store', 'IPF.Note', 'root'],
  ['inbox', 'Inbox', 'IPF.Note', 'msgfolderroot'],
  ['contacts', 'Contacts', 'IPF.Contact', 'msgfolderroot'],
  ['deleteditems', 'Deleted Items', 'IPF.Note', 'msgfolderroot'],
  ['drafts', 'Drafts', 'IPF.Note', 'msgfolderroot'],
  ['sentitems', 'Sent Items', 'IPF.Note', 'msgfolderroot'],
  ['calendar', 'Calendar', 'IPF.Appointment', 'msgfolderroot'],
  ['tasks', 'Tasks', 'IPF.Task', 'msgfolderroot'],
  ['notes', 'Notes', 'IPF.StickyNote', 'msgfolderroot'],
  ['journal', 'Journal', 'IPF.Journal', 'msgfolderroot'],
  ['junkemail', 'Junk Email', 'IPF.Note', 'msgfolderroot'],
  ['outbox', 'Outbox', 'IPF.Note', 'msgfolderroot'],
  ['searchfolders', 'Finder', '', 'root'],
  ['recoverableitemsroot', 'Recoverable Items', '', 'root'],
  ['recoverableitemsdeletions', 'Deletions', '', 'recoverableitemsroot'],
  ['recoverableitemsversions', 'Versions', '', 'recoverableitemsroot'],
  ['recoverableitemspurges', 'Purges', '', 'recoverableitemsroot'],
] as const

/** What a folder is made of. */
export type FolderPlan = Readonly<{
  name: string
  class: string
  parent: Folder | undefined
  distinguished?: string
}>

/** A mailbox with the folders that every mailbox has. `generation` makes its ids differ from earlier ones. */
export function makeMailbox(state: State, address: string, generation: number): Box {
  const box = emptyBox('mailbox', address, `${state.domain}/${address}/${generation}`)
  box.epoch = generation
  for (const [distinguished, name, folderClass, parent] of DISTINGUISHED) {
    const folder = makeFolder(state, box, {
      name,
      class: folderClass,
      parent: box.distinguished.get(parent),
      distinguished,
    })
    if (distinguished === 'root') box.root = folder
    box.distinguished.set(distinguished, folder)
  }
  return box
}

/** The tree of public folders, with nothing but its root. Everybody sees the root. */
export function makePublic(state: State, domain: string): Box {
  const box = emptyBox('public', '', `${domain}/public`)
  const plan = { name: 'IPM_SUBTREE', class: 'IPF.Note', parent: undefined }
  box.root = makeFolder(state, box, { ...plan, distinguished: 'publicfoldersroot' })
  box.root.permissions.set('default', 'Reviewer')
  box.distinguished.set('publicfoldersroot', box.root)
  return box
}

function emptyBox(scope: Box['scope'], address: string, seed: string): Box {
  return {
    scope,
    address,
    ids: idsOf(seed, scope),
    root: undefined as unknown as Folder, // set before the box leaves this file
    distinguished: new Map(),
    serial: 0,
    change: 0,
    epoch: 0,
    denial: undefined,
    hierarchy: [],
  }
}

/** A new folder below its parent. The name must be free there. */
export function makeFolder(state: State, box: Box, plan: FolderPlan): Folder {
  box.serial += 1
  box.change += 1
  const now = state.clock()
  const id = box.ids.folder(box.serial)
  const folder: Folder = {
    box,
    serial: box.serial,
    id,
    distinguished: plan.distinguished,
    createdMs: now,
    children: new Map(),
    items: new Map(),
    log: emptyLog(),
    permissions: new Map(),
    values: new Map(),
    contentMailbox: box.scope === 'public' ? guidOf(`${state.domain}/content`) : undefined,
    parent: plan.parent,
    name: plan.name,
    class: plan.class,
    change: box.change,
    modifiedMs: now,
    commitMs: now,
    deletedTotal: 0,
  }
  // As in Exchange, a new public folder is born with its parent's permissions.
  if (box.scope === 'public') {
    for (const [who, level] of plan.parent?.permissions ?? []) folder.permissions.set(who, level)
  }
  plan.parent?.children.set(nameKey(plan.name), folder)
  state.folders.set(id, folder)
  box.hierarchy.push({ id, folder })
  return folder
}

/** Something about the folder itself has changed. */
export function touchFolder(state: State, folder: Folder): void {
  folder.box.change += 1
  folder.change = folder.box.change
  folder.modifiedMs = state.clock()
  folder.box.hierarchy.push({ id: folder.id, folder })
}

/** Gives a folder another name. */
export function renameFolder(state: State, folder: Folder, name: string): void {
  folder.parent?.children.delete(nameKey(folder.name))
  folder.name = name
  folder.parent?.children.set(nameKey(name), folder)
  touchFolder(state, folder)
}

/** Puts a folder below another one, of the same box. Ids stay as they are. */
export function moveFolder(state: State, folder: Folder, parent: Folder): void {
  folder.parent?.children.delete(nameKey(folder.name))
  folder.parent = parent
  parent.children.set(nameKey(folder.name), folder)
  touchFolder(state, folder)
}

/** Takes a folder away with all that is in it. */
export function removeFolder(state: State, folder: Folder): void {
  for (const child of [...folder.children.values()]) removeFolder(state, child)
  for (const item of folder.items.values()) forget(state, item)
  folder.items.clear()
  folder.parent?.children.delete(nameKey(folder.name))
  state.folders.delete(folder.id)
  folder.box.hierarchy.push({ id: folder.id, folder: undefined })
}

/** Takes an item's ids out of the indexes. */
export function forget(state: State, item: Item): void {
  state.items.delete(item.id)
  for (const { id } of item.attachments) state.attachments.delete(id)
}

/** Names of folders are compared without regard to case. */
export function nameKey(name: string): string {
  return name.toLowerCase()
}

/** The names between the slashes of a path; `\/` is a slash in a name, `\\` a backslash. */
export function namesOf(path: string): readonly string[] {
  const parts = path.match(/(?:\\[\\/]|[^/])+/g) ?? []
  return parts.map((part) => part.replace(/\\([\\/])/g, '$1'))
}

/** The folder below another one, by names between slashes. */
export function folderBelow(folder: Folder, path: string): Folder | undefined {
  let found: Folder | undefined = folder
  for (const name of namesOf(path)) {
    found = found?.children.get(nameKey(name))
  }
  return found
}

/** Names from the root of what people see, between slashes. */
export function pathOf(folder: Folder): string {
  const top =
    folder.box.scope === 'public' ? folder.box.root : folder.box.distinguished.get('msgfolderroot')
  return folder === top || !folder.parent ? '' : `${pathOf(folder.parent)}/${folder.name}`
}

/** A folder and everything below it, parents first. */
export function descendants(folder: Folder): Folder[] {
  return [...folder.children.values()].flatMap((child) => [child, ...descendants(child)])
}

/** Whether one folder lies below another, or is it. */
export function within(folder: Folder, ancestor: Folder): boolean {
  let at: Folder | undefined = folder
  while (at && at !== ancestor) at = at.parent
  return at === ancestor
}

/** What somebody may do in a folder. */
export function rightsIn(folder: Folder, address: string): Rights {
  if (folder.box.scope === 'mailbox' && folder.box.address === address) return rightsOf('Owner')
  const level: Level | undefined = folder.permissions.get(address)
  return rightsOf(level ?? folder.permissions.get('default') ?? 'None')
}
