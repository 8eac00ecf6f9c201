// A public folder, as hub or member. Exchange does not support SyncFolderItems there (exchange-protocol §1.1): the
// folder's tag shows whether anything changed, and a full listing shows what changed (§1.2).

import { lastName } from '../api/path.ts'
import type { Place } from '../api/topology.ts'
import type { ItemId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type {
  Checkpoint,
  Creation,
  Known,
  Listing,
  Pace,
  Replica,
  Settled,
  Start,
  Update,
} from '../sync/ports.ts'
import { Items } from './batch.ts'
import type { Codec } from './codec.ts'
import { FolderIdentity, type SeenFolder } from './folder-identity.ts'
import { type FolderMemory, memoryIn, retried, shortAfter } from './folder-notes.ts'
import { demandReadable, demandWritable, type FolderState } from './folder-state.ts'
import { type Control, sameName } from './folders.ts'
import { confirmedGone, lacking, moved, nothingLacks, readThere, type Verdict } from './listing.ts'
import { type Missing, noPublicFolder } from './missing-folder.ts'
import type { Pool } from './pool.ts'
import type { Premises } from './premises.ts'
import { moving, PublicFolderListing } from './public-folder-listing.ts'
import { type Look, listingOf, Reading, unlisted } from './reading.ts'
import { faultOf } from './response-codes.ts'
import type { Route, Transport } from './transport.ts'

/** Without the server's date, a tag is trusted after it was unchanged for this long by our own clock, ms. */
const tagMs = 2000

/** The name of the limit that all requests to public folders share (`Route`). */
export const publicFoldersLimit = 'public folders'

/** The inputs of a public folder's replica. */
export type PublicFolderSite = Readonly<{
  codec: Codec
  role: Role
  place: Extract<Place, { kind: 'publicFolder' }>
  /** The error to report if the folder does not exist. */
  missing: Missing
  transport: Transport
  control: Control
  pool: Pool
  /** May this public folder, by its names, be known to the group? */
  allows: (names: readonly string[]) => boolean
  /** The checks before the folder is used. */
  premises: Premises
  /** The account's user name, if it is an address: hierarchy requests go to its server. */
  account: string | undefined
  /** Our own clock, ms since 1970. */
  now: () => number
  /** The pass that the requests belong to. */
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
      // A folder that was renamed or moved is not the declared one any more: the path decides.
      accepts: ({ name, parent }, memory) =>
        (name === undefined || sameName(name, lastName(site.place.path))) &&
        (memory.parent === undefined || parent === undefined || parent === memory.parent),
    })
  }

  async observe(start: Start | undefined, known: Known, signal: AbortSignal): Promise<Listing> {
    const look = await this.#look(start, signal)
    const { state, memory } = look
    const notes = this.#notes(state, memory)
    const reading = new Reading(this.#items, this.#site.pool, known)
    const asked = {
      recheck: start?.recheck ?? [],
      before: look.same ? retried(memory.passedOver, start?.retry) : [],
    }
    const early = unchanged(look, start)
      ? await reading.read({ ...unlisted, ...asked }, signal)
      : undefined
    // If the tag is unchanged, but an item is missing: list the folder.
    if (early?.missing.length === 0)
      return listingOf({ ...look, rewound: false }, { ...unlisted, ...asked }, early, {
        cursor: state.tag,
        notes,
      })
    const findings = await this.#listed(look, known, signal)
    const context = { ...findings, ...asked, early: early?.changed ?? [] }
    const outcome = await reading.read(context, signal)
    // Another commit within the same second would leave the tag unchanged: do not trust a tag this recent.
    const quiet =
      this.#trusted(state, notes) &&
      outcome.unsettled.length === 0 &&
      findings.listed.odd.length === 0
    return listingOf(look, context, outcome, {
      cursor: quiet ? state.tag : undefined,
      notes: { ...notes, short: shortAfter(memory.notes, findings.count, state.count) },
    })
  }

  async prepare(checkpoint: Checkpoint): Promise<Checkpoint> {
    return checkpoint
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

  async settle(checkpoint: Checkpoint, known: Known, signal: AbortSignal): Promise<Settled> {
    const { folder } = checkpoint
    if (folder === undefined) return { checkpoint, recheck: [] }
    const memory = memoryIn(checkpoint)
    const state = await this.#tagged(folder, signal)
    const notes = this.#notes(state, memory)
    const at = (cursor: string | undefined): Settled => {
      const adapter: FolderMemory = { ...memory, notes, cursor }
      return { checkpoint: { folder, adapter }, recheck: [] }
    }
    if (!this.#trusted(state, notes)) return at(undefined)
    const { refs, odd } = await this.#listing.whole(state, signal, () =>
      this.#tagged(folder, signal),
    )
    const news = (await moved(refs, known)).length + (await lacking(refs, known)).length
    return at(news === 0 && odd.length === 0 ? state.tag : undefined)
  }

  async #look(start: Start | undefined, signal: AbortSignal): Promise<Look> {
    const found = await this.#state(start?.checkpoint, signal)
    const same = start?.checkpoint.folder === found.id
    const memory = memoryIn(start?.checkpoint)
    const seen = same ? memory.highWater : undefined
    const { state, rewound } = await this.#identity.aged(found, seen, signal)
    demandReadable(state, this.#site.codec)
    if (this.role.receives) demandWritable(state)
    return { state, rewound, same, memory }
  }

  // Lists the whole folder, and asks for the known items that the listing lacks.
  async #listed({ state, same }: Look, known: Known, signal: AbortSignal) {
    const tagged = () => this.#tagged(state.id, signal)
    const { refs, count, odd } = await this.#listing.whole(state, signal, tagged)
    const missing = same && odd.length === 0 ? await lacking(refs, known) : []
    const verdict = await this.#verdict(state, missing, known, signal)
    return { listed: { refs, gone: [], whole: true, odd }, count, verdict }
  }

  async #state(checkpoint: Checkpoint | undefined, signal: AbortSignal): Promise<SeenFolder> {
    this.#folder = checkpoint?.folder
    const state = await this.#identity.seen(checkpoint, signal)
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
    throw noPublicFolder(place.path, lookup, allows, missing)
  }

  async #tagged(folder: string, signal: AbortSignal): Promise<SeenFolder> {
    const state = await this.#identity.state(folder, signal)
    this.#contentMailbox = state.contentMailbox
    return state
  }

  #notes(
    { tag }: FolderState,
    { notes: { tag: before, short } }: FolderMemory,
  ): FolderMemory['notes'] {
    if (tag === undefined) return { short }
    return { short, tag: before?.text === tag ? before : { text: tag, firstMs: this.#site.now() } }
  }

  #trusted({ committedMs, serverDateMs }: SeenFolder, { tag }: FolderMemory['notes']): boolean {
    if (committedMs === undefined || Number.isNaN(committedMs) || tag === undefined) return false
    if (serverDateMs !== undefined)
      return Math.floor(serverDateMs / 1000) > Math.floor(committedMs / 1000)
    return this.#site.now() - tag.firstMs >= tagMs
  }

  // An item is gone only if two listings lack it, GetItem does not find it, and the tag did not change meanwhile.
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

  #route(): Route {
    const { account, pace } = this.#site
    return { ...publicFolderRoute(account, this.#contentMailbox), pace }
  }
}

/**
 * The route of requests about a public folder: to the mailbox with its content, if its GUID is known
 * (exchange-protocol §1.3). `account`: the user name, if it is an address.
 */
export function publicFolderRoute(
  account: string | undefined,
  contentMailbox: string | undefined,
): Route {
  const domain = account?.split('@')[1]
  const content =
    contentMailbox === undefined || domain === undefined ? undefined : `${contentMailbox}@${domain}`
  return { anchor: content ?? account, contentMailbox: content, limit: publicFoldersLimit }
}

// Is the folder's tag the one of the last look, and no full listing demanded?
function unchanged({ state, same, memory }: Look, start: Start | undefined): boolean {
  if (!same || start?.whole) return false
  return memory.cursor !== undefined && memory.cursor === state.tag
}
