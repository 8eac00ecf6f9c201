// A public folder, whatever its role. SyncFolderItems is not supported there (exchange-protocol §1.1), so the
// folder's own tag tells whether anything moved, and a full listing tells what (§1.2).

import { lastName, namesIn } from '../api/path.ts'
import type { Place } from '../api/topology.ts'
import type { ItemId, Version } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Creation, Known, Look, Memory, Pace, Replica, Update } from '../sync/ports.ts'
import { Items } from './batch.ts'
import type { Codec } from './codec.ts'
import { FolderIdentity, type SeenFolder } from './folder-identity.ts'
import { type FolderNotes, isShort, notesIn, shortAfter } from './folder-notes.ts'
import type { FolderState } from './folder-state.ts'
import { type Control, type Lookup, sameName } from './folders.ts'
import {
  carried,
  confirmedGone,
  demandReadable,
  demandWritable,
  mayHide,
  moved,
  movedThere,
  passedOverIn,
  type Read,
  readAll,
  readThere,
  toRead,
  unsettled,
  type Verdict,
} from './listing.ts'
import type { Ref } from './operations.ts'
import type { Pool } from './pool.ts'
import type { Premises } from './premises.ts'
import { moving, PublicFolderListing } from './public-folder-listing.ts'
import { faultOf } from './response-codes.ts'
import type { Route, Transport } from './transport.ts'

/** Without the server's date a tag counts once it has stood for so long by our own clock, ms. */
const tagMs = 2000

export const publicFoldersLane = 'public folders'
/** A folder that has to be there: the error's code when it is not, and the field of the spec to correct. */
export type Missing = Readonly<{ code: string; field: string }>

/** What the replica of a public folder needs. */
export type PublicFolderSite = Readonly<{
  codec: Codec
  role: Role
  place: Extract<Place, { kind: 'publicFolder' }>
  /** What is said when it is not there. */
  missing: Missing
  transport: Transport
  control: Control
  pool: Pool
  /** May this public folder, by its names, be known to the group? */
  allows: (names: readonly string[]) => boolean
  /** What Exchange is asked before the folder is used. */
  premises: Premises
  /** The account's address, where it is one: hierarchy requests go to its server. */
  account: string | undefined
  /** Our own clock, ms since 1970. */
  now: () => number
  /** The pass that asks. */
  pace?: Pace | undefined
}>

/** The Replica port over a public folder. */
export class PublicFolder implements Replica {
  readonly role: Role
  readonly place: Place
  readonly #site: PublicFolderSite
  readonly #items: Items
  readonly #identity: FolderIdentity
  readonly #listing: PublicFolderListing
  #folder: string | undefined
  #contentMailbox: string | undefined

  constructor(site: PublicFolderSite) {
    this.role = site.role
    this.place = site.place
    this.#site = site
    this.#items = new Items(
      site.codec,
      site.transport,
      () => this.#route(),
      'SoftDelete',
      (parent, signal) => this.#identity.isElsewhere(this.#folder, parent, signal),
    )
    this.#listing = new PublicFolderListing(site.codec, site.transport, () => this.#route())
    this.#identity = new FolderIdentity({
      codec: site.codec,
      transport: site.transport,
      route: () => this.#route(),
      find: () => this.#find(),
      // Renamed or moved away, it is not the one that is declared: the path decides.
      accepts: ({ name, parent }, memory) =>
        (name === undefined || sameName(name, lastName(site.place.path))) &&
        (memory.parent === undefined || parent === undefined || parent === memory.parent),
    })
  }

  async observe(memory: Memory | undefined, known: Known, signal: AbortSignal): Promise<Look> {
    const found = await this.#state(memory, signal)
    const seen = memory?.folder === found.id ? memory.stand : undefined
    const { state, restored } = await this.#identity.aged(found, seen, signal)
    demandReadable(state, this.#site.codec)
    if (this.role.receives) demandWritable(state)
    const same = memory?.folder === state.id
    const before = same ? (memory.passedOver ?? []) : []
    const recheck = memory?.recheck ?? []
    const { id: folder, parent, stand } = state
    const notes = this.#notes(state, memory)
    const base = { folder, parent, stand, lens: memory?.lens ?? '', notes }
    let early: Read['found'] = []
    if (same && memory.cursor !== undefined && memory.cursor === state.tag) {
      const { ids, left } = toRead([], recheck, before)
      const context = { refs: [], before, known }
      const read = await readAll(this.#items, this.#site.pool, ids, context, signal)
      const passedOver = passedOverIn(left, read, nothingLacks, false)
      // The tag says that nothing moved, and yet something is not there: the listing decides.
      if (read.missing.length === 0)
        return {
          changed: read.found,
          gone: [],
          short: read.rest.length > 0 || (await mayHide(passedOver, known)),
          more: read.rest.length > 0,
          memory: { ...base, cursor: state.tag, recheck: read.rest, passedOver },
        }
      early = read.found
    }
    const listed = await this.#listing.whole(state, signal, () => this.#tagged(state.id, signal))
    const missing = same && listed.odd.length === 0 ? await lacking(listed.refs, known) : []
    const verdict = await this.#verdict(state, missing, known, signal)
    const passed = carried(before, { refs: listed.refs, gone: [], whole: true }, verdict.gone)
    const { ids, left } = toRead(await moved(listed.refs, known), recheck, passed)
    const context = { refs: listed.refs, before: passed, known }
    // What was read before the listing counts: there may be no room to read it once more.
    const gone = new Set(verdict.gone)
    const there = early.filter(({ id }) => !gone.has(id))
    const done = new Set(there.map(({ id }) => id))
    const others = ids.filter((id) => !done.has(id))
    const late = await readAll(this.#items, this.#site.pool, others, context, signal)
    const read = { ...late, found: [...there, ...late.found] }
    const again = await unsettled(read.missing, verdict.gone, known)
    // A commit within the very second in which we looked could be followed by another with the same tag.
    const quiet = this.#trusted(state, notes) && again.length === 0 && listed.odd.length === 0
    const short = shortAfter(notesIn(memory), listed.count, state.count)
    const passedOver = passedOverIn(left, read, verdict, true)
    const more = read.rest.length > 0
    return {
      changed: [...read.found, ...(await movedThere(verdict, read.found, known))],
      gone: verdict.gone,
      forgotten: verdict.forgotten,
      odd: listed.odd,
      restored,
      whole: !more,
      more,
      short: more || isShort(short) || (await mayHide(passedOver, known)),
      memory: {
        ...base,
        notes: { ...notes, short },
        cursor: quiet && !isShort(short) ? state.tag : undefined,
        recheck: [...again, ...read.rest],
        passedOver,
      },
    }
  }

  async prepare(memory: Memory): Promise<Memory> {
    return memory
  }

  read(ids: readonly ItemId[], signal: AbortSignal) {
    return readThere(this.#items, ids, signal)
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
    const { folder } = memory
    if (folder === undefined) return memory
    const state = await this.#tagged(folder, signal)
    const notes = this.#notes(state, memory)
    if (!this.#trusted(state, notes)) return { ...memory, notes, cursor: undefined }
    const { refs, odd } = await this.#listing.whole(state, signal, () =>
      this.#tagged(folder, signal),
    )
    const news = (await moved(refs, known)).length + (await lacking(refs, known)).length
    const quiet = news === 0 && odd.length === 0
    return { ...memory, notes, cursor: quiet ? state.tag : undefined }
  }

  async #state(memory: Memory | undefined, signal: AbortSignal): Promise<SeenFolder> {
    this.#folder = memory?.folder
    const state = await this.#identity.seen(memory, signal)
    if (state === undefined) throw faultOf('ErrorFolderNotFound')
    await this.#site.premises.demandPlace(state, signal)
    this.#folder = state.id
    this.#contentMailbox = state.contentMailbox
    return state
  }

  async #find(): Promise<string> {
    const { place, control, allows, missing } = this.#site
    const lookup = await control.find(place.path)
    if (lookup.found) return lookup.folder.id
    const message = `${notFoundText(place.path, lookup, allows)}. Correct ${missing.field}, or the account’s permissions`
    throw new SyncError('terminal', missing.code, message)
  }

  async #tagged(folder: string, signal: AbortSignal): Promise<SeenFolder> {
    const state = await this.#identity.state(folder, signal)
    this.#contentMailbox = state.contentMailbox
    return state
  }

  #notes({ tag }: FolderState, memory: Memory | undefined): FolderNotes {
    const { tag: before, short } = notesIn(memory)
    if (tag === undefined) return { short }
    return { short, tag: before?.text === tag ? before : { text: tag, firstMs: this.#site.now() } }
  }

  #trusted({ committedMs, serverDateMs }: SeenFolder, { tag }: FolderNotes): boolean {
    if (committedMs === undefined || Number.isNaN(committedMs) || tag === undefined) return false
    if (serverDateMs !== undefined)
      return Math.floor(serverDateMs / 1000) > Math.floor(committedMs / 1000)
    return this.#site.now() - tag.firstMs >= tagMs
  }

  // Absent from two listings, denied one by one, and the folder did not move in between.
  async #verdict(
    state: FolderState,
    missing: readonly ItemId[],
    known: Known,
    signal: AbortSignal,
  ): Promise<Verdict> {
    if (missing.length === 0) return nothingLacks
    const tagged = () => this.#tagged(state.id, signal)
    const again = await this.#listing.whole(state, signal, tagged)
    if (again.odd.length > 0) return nothingLacks
    const listed = new Set(again.refs.map(({ id }) => id))
    const twice = missing.filter((id) => !listed.has(id))
    const verdict = await confirmedGone(this.#items, twice, known, signal)
    const after = await tagged()
    if (after.tag !== state.tag) throw moving
    demandReadable(after, this.#site.codec)
    return verdict
  }

  // Content requests go to the folder's content mailbox (exchange-protocol §1.3).
  #route(): Route {
    const { account, pace } = this.#site
    const domain = account?.split('@')[1]
    const content =
      this.#contentMailbox === undefined || domain === undefined
        ? undefined
        : `${this.#contentMailbox}@${domain}`
    return { anchor: content ?? account, contentMailbox: content, lane: publicFoldersLane, pace }
  }
}

// What lies outside of what is allowed is not told, nor that it is there.
function notFoundText(
  path: string,
  { parent, children }: Extract<Lookup, { found: false }>,
  allows: PublicFolderSite['allows'],
): string {
  const above = namesIn(parent)
  const allowed = children.filter((child) => allows([...above, ...namesIn(child)]))
  const names = allowed.slice(0, 10).map((name) => JSON.stringify(name))
  const more = allowed.length > 10 ? ', …' : ''
  const holds =
    names.length > 0
      ? `; it holds ${names.join(', ')}${more}`
      : children.length === 0
        ? '; the account sees no folder there'
        : ''
  const nearest = allows(above) ? `: the nearest existing one is ${parent}${holds}` : ''
  return `there is no public folder ${path}${nearest}`
}

const nothingLacks: Verdict = { gone: [], there: [], unsure: [], forgotten: [] }

async function lacking(refs: readonly Ref[], known: Known): Promise<readonly ItemId[]> {
  const all: ReadonlyMap<ItemId, Version> = await known.all()
  const listed = new Set(refs.map(({ id }) => id))
  return [...all.keys()].filter((id) => !listed.has(id))
}
