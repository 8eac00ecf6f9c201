// A member: a folder in a mailbox. SyncFolderItems with a saved cursor tells what changed
// (exchange-protocol §2.1); without one it tells everything, and what is known and not told is gone.
import type { ItemId } from '../core/id.ts'
import type { Role } from '../core/link.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Creation, Known, Look, Memory, Replica, Update } from '../sync/ports.ts'
import type { Control } from './control.ts'
import { faultOf } from './faults.ts'
import { type FolderState, getFolder, wentBack } from './folder-state.ts'
import { Items } from './items.ts'
import {
  confirmedGone,
  demandReadable,
  demandWritable,
  moved,
  type Pool,
  readAll,
  unsettled,
} from './looks.ts'
import { type Ref, syncFolderItems } from './operations.ts'
import type { Route, Transport } from './transport.ts'

const pagesMax = 10_000

/** What a member's replica needs. */
export type MemberSite = Readonly<{
  role: Role
  path: string
  transport: Transport
  control: Control
  pool: Pool
  route: Route
  /** Do we act as the owner, who sees every folder of hers? A delegate may just not see it. */
  asOwner: boolean
}>

/** The Replica port over a mailbox folder. */
export class Member implements Replica {
  readonly role: Role
  readonly #site: MemberSite
  readonly #items: Items
  #folder: string | undefined
  #state: FolderState | undefined
  readonly #created = new Set<ItemId>()

  constructor(site: MemberSite) {
    this.role = site.role
    this.#site = site
    this.#items = new Items(site.transport, () => site.route, 'MoveToDeletedItems')
  }

  async observe(memory: Memory | undefined, known: Known, signal: AbortSignal): Promise<Look> {
    const state = await this.#look(memory, signal)
    const lens = memory?.lens ?? ''
    // A folder that is still to be made holds nothing, and has lost nothing.
    if (state === undefined) return { changed: [], gone: [], memory: { lens, recheck: [] } }
    demandReadable(state)
    // What is known of a folder that was made, but not yet written down, can only lie in there.
    const same = memory?.folder === undefined || memory.folder === state.id
    const restored = same && wentBack(state.stand, memory?.stand)
    const before = same ? memory : undefined
    const from = restored ? undefined : before?.cursor
    const { refs, gone, cursor } = await this.#changes(state.id, from, known, same, signal)
    const recheck = before?.recheck ?? []
    const ids = [...new Set([...(await moved(refs, known)), ...recheck])]
    const read = await readAll(this.#items, this.#site.pool, ids, signal)
    const { found, unreadable } = read
    // Made and deleted since the cursor, it is not told of at all: then the whole folder must be listed.
    const untold = recheck.some((id) => read.missing.includes(id) && !gone.includes(id))
    if (untold && before !== undefined && from !== undefined)
      return this.observe({ ...before, cursor: undefined }, known, signal)
    const again = await unsettled(read.missing, gone, known)
    const { id: folder, parent, stand } = state
    return {
      changed: found,
      gone,
      restored,
      memory: { folder, parent, stand, lens, cursor, recheck: [...unreadable, ...again] },
    }
  }

  async prepare(memory: Memory, signal: AbortSignal): Promise<Memory> {
    if (memory.folder !== undefined) {
      if (this.#state !== undefined) demandWritable(this.#state, 'the member’s folder')
      return memory
    }
    const folder = await this.#site.control.make(this.#site.path)
    this.#folder = folder
    const state = await this.#site.transport.call(getFolder, { folder }, this.#site.route, signal)
    demandReadable(state)
    demandWritable(state, 'the member’s folder')
    return { ...memory, folder, parent: state.parent }
  }

  read(ids: readonly ItemId[], signal: AbortSignal) {
    return this.#items.read(ids, signal)
  }

  async create(items: readonly Creation[], signal: AbortSignal) {
    const written = await this.#items.create(this.#folder ?? '', items, signal)
    for (const each of written) if (!(each instanceof SyncError)) this.#created.add(each.id)
    return written
  }

  update(updates: readonly Update[], signal: AbortSignal) {
    return this.#items.update(updates, signal)
  }

  remove(ids: readonly ItemId[], signal: AbortSignal) {
    return this.#items.remove(ids, signal)
  }

  // Page by page past our own echo; the first page with anybody else's change is left for the next pass.
  // What we made and is not told of, or not yet passed, may be gone without ever being told: it is read again.
  async settle(memory: Memory, known: Known, signal: AbortSignal): Promise<Memory> {
    const { folder } = memory
    if (folder === undefined) return memory
    let { cursor } = memory
    const untold = new Set(this.#created)
    for (let page = 0; page < pagesMax; page += 1) {
      const answer = await this.#site.transport.call(
        syncFolderItems,
        { folder, cursor },
        this.#site.route,
        signal,
      )
      const lost = await known.versions(answer.gone)
      if ((await moved(answer.changed, known)).length > 0 || lost.size > 0) break
      cursor = answer.cursor
      for (const { id } of answer.changed) untold.delete(id)
      if (answer.last) break
    }
    return { ...memory, cursor, recheck: [...memory.recheck, ...untold] }
  }

  async #look(memory: Memory | undefined, signal: AbortSignal): Promise<FolderState | undefined> {
    const folder = memory?.folder
    this.#folder = folder ?? (await this.#find())
    this.#state = undefined
    if (this.#folder === undefined) return undefined
    try {
      this.#state = await this.#site.transport.call(
        getFolder,
        { folder: this.#folder },
        this.#site.route,
        signal,
      )
      // Renamed, it is still hers; moved, into Deleted Items perhaps, it is not: the path decides.
      const { parent } = this.#state
      const same = memory?.parent === undefined || parent === undefined || parent === memory.parent
      return same ? this.#state : this.#look(undefined, signal)
    } catch (error) {
      const lost =
        error instanceof SyncError &&
        ['ErrorFolderNotFound', 'ErrorItemNotFound'].includes(error.code)
      if (!lost || folder === undefined) throw error
      const another = await this.#look(undefined, signal)
      if (another === undefined && !this.#site.asOwner) throw faultOf('ErrorFolderNotFound')
      return another
    }
  }

  async #find(): Promise<string | undefined> {
    const lookup = await this.#site.control.find(this.#site.path)
    return lookup.found ? lookup.folder.id : undefined
  }

  async #changes(
    folder: string,
    cursor: string | undefined,
    known: Known,
    sameFolder: boolean,
    signal: AbortSignal,
  ): Promise<{ refs: readonly Ref[]; gone: readonly ItemId[]; cursor: string }> {
    try {
      const told = await this.#told(folder, cursor, signal)
      if (cursor !== undefined) return told
      const listed = new Set(told.refs.map(({ id }) => id))
      const all = sameFolder ? [...(await known.all()).keys()] : []
      const missing = all.filter((id) => !listed.has(id))
      return { ...told, gone: await confirmedGone(this.#items, missing, signal) }
    } catch (error) {
      // The server lost, or no longer takes, what it gave us: everything is told anew.
      const invalid = error instanceof SyncError && error.code === 'ErrorInvalidSyncStateData'
      if (!invalid || cursor === undefined) throw error
      return this.#changes(folder, undefined, known, sameFolder, signal)
    }
  }

  async #told(folder: string, from: string | undefined, signal: AbortSignal) {
    const refs = new Map<ItemId, Ref>()
    const gone = new Set<ItemId>()
    let cursor = from
    for (let page = 0; page < pagesMax; page += 1) {
      const answer = await this.#site.transport.call(
        syncFolderItems,
        { folder, cursor },
        this.#site.route,
        signal,
      )
      for (const ref of answer.changed) {
        refs.set(ref.id, ref)
        gone.delete(ref.id)
      }
      for (const id of answer.gone) {
        gone.add(id)
        refs.delete(id)
      }
      cursor = answer.cursor
      if (answer.last) return { refs: [...refs.values()], gone: [...gone], cursor }
    }
    throw new SyncError(
      'transient',
      'ListingIncomplete',
      'the folder did not come to an end; it is listed again',
    )
  }
}
