// The hub: a public folder. SyncFolderItems is not supported there (exchange-protocol §1.1), so the
// folder's own tag tells whether anything moved, and a full listing tells what (§1.2).
import type { ItemId, Version } from '../core/id.ts'
import type { Role } from '../core/link.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Creation, Known, Look, Memory, Replica, Update } from '../sync/ports.ts'
import { type Control, sameName } from './control.ts'
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
import { findItem, type Ref } from './operations.ts'
import type { Dated, Route, Transport } from './transport.ts'

/** Exchange's own limit for one page (EWSFindCountLimit). */
const pageSize = 1000
const pagesMax = 2000

/** What the hub's replica needs. */
export type HubSite = Readonly<{
  role: Role
  path: string
  transport: Transport
  control: Control
  pool: Pool
  /** The account's address, where it is one: hierarchy requests go to its server. */
  account: string | undefined
  /** Do members' edits arrive here? */
  written: boolean
}>

// A folder's state, with the server's clock when it told it.
type Seen = FolderState & Pick<Dated<FolderState>, 'serverDateMs'>

/** The Replica port over a public folder. */
export class Hub implements Replica {
  readonly role: Role
  readonly #site: HubSite
  readonly #items: Items
  #contentMailbox: string | undefined

  constructor(site: HubSite) {
    this.role = site.role
    this.#site = site
    this.#items = new Items(site.transport, () => this.#route(), 'SoftDelete')
  }

  async observe(memory: Memory | undefined, known: Known, signal: AbortSignal): Promise<Look> {
    const state = await this.#state(memory?.folder, signal, memory?.parent)
    // A commit within the very second in which we looked could be followed by another with the same tag.
    const trusted = this.#trusted(state)
    demandReadable(state)
    if (this.#site.written) demandWritable(state, 'the public folder')
    const recheck = memory?.recheck ?? []
    const same = memory?.folder === state.id
    const restored = same && wentBack(state.stand, memory.stand)
    const { id: folder, parent, stand } = state
    const base = { folder, parent, stand, lens: memory?.lens ?? '' }
    if (same && memory.cursor !== undefined && memory.cursor === state.tag) {
      const read = await readAll(this.#items, this.#site.pool, recheck, signal)
      const { found, unreadable } = read
      // The tag says that nothing moved, and yet it is not there: the listing decides.
      if (read.missing.length === 0)
        return {
          changed: found,
          gone: [],
          memory: { ...base, cursor: state.tag, recheck: unreadable },
        }
    }
    const refs = await this.#listed(state, signal)
    const missing = same ? await lacking(refs, known) : []
    const gone = missing.length === 0 ? [] : await this.#gone(state, missing, signal)
    const ids = new Set([...(await moved(refs, known)), ...recheck])
    const read = await readAll(this.#items, this.#site.pool, [...ids], signal)
    const again = [...read.unreadable, ...(await unsettled(read.missing, gone, known))]
    const cursor = trusted && again.length === 0 ? state.tag : undefined
    return { changed: read.found, gone, restored, memory: { ...base, cursor, recheck: again } }
  }

  async prepare(memory: Memory): Promise<Memory> {
    return memory
  }

  read(ids: readonly ItemId[], signal: AbortSignal) {
    return this.#items.read(ids, signal)
  }

  create(items: readonly Creation[], signal: AbortSignal) {
    return this.#items.create(this.#folder ?? '', items, signal)
  }

  update(updates: readonly Update[], signal: AbortSignal) {
    return this.#items.update(updates, signal)
  }

  remove(ids: readonly ItemId[], signal: AbortSignal) {
    return this.#items.remove(ids, signal)
  }

  async settle(memory: Memory, known: Known, signal: AbortSignal): Promise<Memory> {
    const state = await this.#state(memory.folder, signal)
    if (!this.#trusted(state)) return { ...memory, cursor: undefined }
    const refs = await this.#listed(state, signal)
    const news = (await moved(refs, known)).length + (await lacking(refs, known)).length
    return { ...memory, cursor: news === 0 ? state.tag : undefined }
  }

  #folder: string | undefined

  async #state(folder: string | undefined, signal: AbortSignal, parent?: string): Promise<Seen> {
    this.#folder = folder ?? (await this.#find())
    try {
      const state = await this.#tagged(this.#folder, signal)
      this.#contentMailbox = state.contentMailbox
      // Renamed or moved away, it is not the one that is declared: the path decides.
      const named = this.#site.path.split('/').filter(Boolean).at(-1) ?? ''
      const renamed = state.name !== undefined && !sameName(state.name, named)
      const moved = parent !== undefined && state.parent !== undefined && parent !== state.parent
      return folder !== undefined && (renamed || moved) ? this.#state(undefined, signal) : state
    } catch (error) {
      const lost =
        error instanceof SyncError &&
        ['ErrorFolderNotFound', 'ErrorItemNotFound'].includes(error.code)
      if (!lost || folder === undefined) throw error
      // Renamed away, or replaced by another of the same name: the path decides.
      return this.#state(undefined, signal)
    }
  }

  async #find(): Promise<string> {
    const { path } = this.#site
    const lookup = await this.#site.control.find(path)
    if (lookup.found) return lookup.folder.id
    const names = lookup.children.slice(0, 10).map((name) => JSON.stringify(name))
    const more = lookup.children.length > 10 ? ', …' : ''
    const there =
      names.length === 0
        ? 'the account sees no folder there'
        : `it holds ${names.join(', ')}${more}`
    throw new SyncError(
      'terminal',
      'HubNotFound',
      `there is no public folder ${path}: the nearest existing one is ${lookup.parent}; ${there}. Correct spec.hub.publicFolder, or the account’s permissions`,
    )
  }

  async #tagged(folder: string, signal: AbortSignal): Promise<Seen> {
    const route = this.#route()
    const dated = await this.#site.transport.callDated(getFolder, { folder }, route, signal)
    return { ...dated.result, serverDateMs: dated.serverDateMs }
  }

  #trusted({ committedMs, serverDateMs }: Seen): boolean {
    if (committedMs === undefined || Number.isNaN(committedMs) || serverDateMs === undefined)
      return false
    return Math.floor(serverDateMs / 1000) > Math.floor(committedMs / 1000)
  }

  // All ids and versions, proven complete, or it is tried again, three times at most.
  async #listed(state: FolderState, signal: AbortSignal): Promise<readonly Ref[]> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refs = await this.#pages(state.id, signal)
      if (refs === undefined) continue
      if (refs.pages === 1) return refs.all
      const after = await this.#tagged(state.id, signal)
      if (after.tag === state.tag) return refs.all
      state = after
    }
    throw moving
  }

  // Pages overlap by one item, so that what moves between two of them shows; none twice, the count unmoved.
  async #pages(
    folder: string,
    signal: AbortSignal,
  ): Promise<{ all: readonly Ref[]; pages: number } | undefined> {
    const refs = new Map<ItemId, Ref>()
    const seen: ItemId[] = []
    let total: number | undefined
    for (let pages = 1; pages <= pagesMax; pages += 1) {
      const offset = Math.max(0, seen.length - 1)
      const request = { folder, offset, size: pageSize }
      const page = await this.#site.transport.call(findItem, request, this.#route(), signal)
      total ??= page.total
      const news = pages === 1 ? page.ids : page.ids.slice(1)
      if (page.total !== total || (pages > 1 && page.ids[0] !== seen.at(-1))) return undefined
      for (const ref of page.refs) refs.set(ref.id, ref)
      seen.push(...news)
      if (page.last) {
        const whole = seen.length === total && new Set(seen).size === total
        return whole ? { all: [...refs.values()], pages } : undefined
      }
      if (news.length === 0) return undefined
    }
    return undefined
  }

  // Absent from two listings, denied one by one, and the folder did not move in between.
  async #gone(
    state: FolderState,
    missing: readonly ItemId[],
    signal: AbortSignal,
  ): Promise<readonly ItemId[]> {
    const again = new Set((await this.#listed(state, signal)).map(({ id }) => id))
    const twice = missing.filter((id) => !again.has(id))
    const gone = await confirmedGone(this.#items, twice, signal)
    const after = await this.#tagged(state.id, signal)
    if (after.tag !== state.tag) throw moving
    demandReadable(after)
    return gone
  }

  // Content requests go to the folder's content mailbox (exchange-protocol §1.3).
  #route(): Route {
    const { account } = this.#site
    const domain = account?.split('@')[1]
    const content =
      this.#contentMailbox === undefined || domain === undefined
        ? undefined
        : `${this.#contentMailbox}@${domain}`
    return { anchor: content ?? account, contentMailbox: content, lane: 'hub' }
  }
}

const moving = new SyncError(
  'transient',
  'ListingIncomplete',
  'the public folder changed while it was listed; it is listed again',
)

async function lacking(refs: readonly Ref[], known: Known): Promise<readonly ItemId[]> {
  const all: ReadonlyMap<ItemId, Version> = await known.all()
  const listed = new Set(refs.map(({ id }) => id))
  return [...all.keys()].filter((id) => !listed.has(id))
}
