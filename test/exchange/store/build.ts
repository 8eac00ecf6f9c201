// Builds the state of an Exchange out of a world.
import type { Contacts, FolderContent, World, WorldPublicFolder } from '../world.ts'
import { copyItem, createItem } from './changes.ts'
import { makeFolder, makeMailbox, makePublic, nameKey, namesOf } from './folders.ts'
import { generatedContacts, seedOf } from './generate.ts'
import type { Box, Folder, Normalise, State } from './item.ts'
import { valuesOf } from './literal.ts'
import type { Level } from './rights.ts'

/** What a state needs besides its world. */
export type StateOptions = Readonly<{ clock: () => number; normalise: Normalise }>

/** Who made what was there from the beginning. */
export const ADMINISTRATOR = 'administrator'

/** A state with everything that the world says. */
export function buildState(world: World, { clock, normalise }: StateOptions): State {
  const bare = {
    domain: world.domain,
    users: new Map(),
    mailboxes: new Map(),
    public: undefined as unknown as Box, // set in the next statement but one
    items: new Map(),
    folders: new Map(),
    attachments: new Map(),
    ...(world.signIn && { signIn: world.signIn }),
    clock,
    normalise,
  }
  const state: State = Object.assign(bare, { public: makePublic(bare, world.domain) })
  for (const { mailbox, password, impersonates, aliases = [], folders = {} } of world.users) {
    const address = mailbox.toLowerCase()
    const others = impersonates === 'all' ? 'all' : new Set(impersonates?.map(lower))
    const user = { address, name: nameOf(address), password, aliases: aliases.map(lower) }
    state.users.set(address, { ...user, impersonates: others })
    const box = makeMailbox(state, address, 1)
    state.mailboxes.set(address, box)
    for (const [path, content] of Object.entries(folders)) fillMailbox(state, box, path, content)
  }
  const byDepth = [...(world.publicFolders ?? [])].sort((a, b) => depth(a.path) - depth(b.path))
  for (const folder of byDepth) fillPublic(state, folder)
  return state
}

/** A person's name, guessed from the address. */
function nameOf(address: string): string {
  const [local = address] = address.split('@')
  return local
    .split(/[._-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(' ')
}

function fillMailbox(state: State, box: Box, path: string, content: FolderContent): void {
  const long = typeof content === 'object' && !Array.isArray(content)
  const plan = long
    ? (content as Exclude<FolderContent, Contacts>)
    : { contacts: content as Contacts }
  const folderClass = plan.class ?? 'IPF.Contact'
  const folder = ensureFolder(state, box, path, folderClass)
  const seed = plan.seed ?? seedOf(`${box.address}/${path}`)
  fill(state, folder, plan.contacts ?? 0, seed, box.address)
}

function fillPublic(state: State, plan: WorldPublicFolder): void {
  const { path, permissions = {}, contacts = 0 } = plan
  const folder = ensureFolder(state, state.public, path, plan.class ?? 'IPF.Contact')
  folder.permissions.clear()
  for (const [who, level] of Object.entries(permissions)) setLevel(folder, who, level)
  fill(state, folder, contacts, plan.seed ?? seedOf(path), ADMINISTRATOR)
}

/** Gives somebody, or `Default`, a permission level in a folder. */
export function setLevel(folder: Folder, who: string, level: Level | undefined): void {
  if (level === undefined) folder.permissions.delete(lower(who))
  else folder.permissions.set(lower(who), level)
}

/** The folder at a path, made when it is missing, with its parents. */
export function ensureFolder(state: State, box: Box, path: string, folderClass: string): Folder {
  const top =
    box.scope === 'public' ? box.root : (box.distinguished.get('msgfolderroot') ?? box.root)
  let at = top
  const names = namesOf(path)
  names.forEach((name, index) => {
    const found = at.children.get(nameKey(name))
    // Parents that a world does not mention are only there to lead to what it does mention.
    const leading = box.scope === 'public' && index < names.length - 1
    const plan = { name, class: leading ? 'IPF.Note' : folderClass, parent: at }
    at = found ?? makeFolder(state, box, plan)
  })
  return at
}

function fill(state: State, folder: Folder, contacts: Contacts, seed: number, by: string): void {
  const all = Array.isArray(contacts)
    ? contacts.map((literal) => valuesOf(literal))
    : generatedContacts(contacts as number, seed)
  for (const values of all) createItem(state, folder, { kind: 'Contact', values, by })
}

/** The primary address of the mailbox that has this address; itself where none has. */
export function primaryOf(state: State, address: string): string {
  const wanted = lower(address)
  if (state.mailboxes.has(wanted)) return wanted
  for (const user of state.users.values()) if (user.aliases?.includes(wanted)) return user.address
  return wanted
}

/** Gives a mailbox and its owner another address; the old one is nobody's then. */
export function renameMailbox(state: State, from: string, to: string): void {
  const [box, user] = [state.mailboxes.get(from), state.users.get(from)]
  if (!box || !user) return
  box.address = to
  state.mailboxes.delete(from)
  state.mailboxes.set(to, box)
  state.users.delete(from)
  state.users.set(to, { ...user, address: to })
}

/** Gives a user another password; connections that are signed in stay so. */
export function setPassword(state: State, address: string, password: string): void {
  const user = state.users.get(address)
  if (user) state.users.set(address, { ...user, password })
}

/** Puts another mailbox in a mailbox's place: the same folders and items under new ids, or none at all. */
export function replaceMailbox(state: State, address: string, keep: boolean): void {
  const old = state.mailboxes.get(address)
  if (!old) return
  const box = makeMailbox(state, address, old.epoch + 1)
  if (keep) replaceContent(state, old.root, box.root)
  for (const [id, folder] of [...state.folders]) if (folder.box === old) state.folders.delete(id)
  for (const [id, item] of [...state.items]) if (item.folder.box === old) state.items.delete(id)
  state.mailboxes.set(address, box)
}

function replaceContent(state: State, from: Folder, to: Folder): void {
  for (const [key, value] of from.values) to.values.set(key, value)
  for (const [who, level] of from.permissions) to.permissions.set(who, level)
  for (const item of from.items.values()) copyItem(state, item, to, item.modifier)
  for (const child of from.children.values()) {
    const plan = { name: child.name, class: child.class, parent: to }
    const target = to.children.get(nameKey(child.name)) ?? makeFolder(state, to.box, plan)
    replaceContent(state, child, target)
  }
}

function depth(path: string): number {
  return namesOf(path).length
}

function lower(text: string): string {
  return text.toLowerCase()
}
