// A folder in a mailbox, as hub or member. SyncFolderItems with a saved cursor reports the changes
// (exchange-protocol §2.1). Without a cursor it reports every item; a known item that it then omits may be gone.
//
// Guarantees: an item that is reported as deleted, or omitted, counts as gone only after GetItem does not find it. If
// the folder's mark changed and nothing is reported, the whole folder is listed; ever more rarely while it has no news.

import { lastName } from '../api/path.ts'
import type { Place } from '../api/topology.ts'
import type { ItemId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import type {
  Checkpoint,
  Creation,
  Known,
  Listing,
  Replica,
  Settled,
  Start,
  Update,
} from '../sync/ports.ts'
import { Items } from './batch.ts'
import type { Codec } from './codec.ts'
import { FolderIdentity, type SeenFolder } from './folder-identity.ts'
import {
  type FolderMemory,
  type FolderNotes,
  memoryIn,
  retried,
  shortAfter,
} from './folder-notes.ts'
import { demandReadable, demandWritable, type FolderState } from './folder-state.ts'
import { type Control, sameName } from './folders.ts'
import { confirmedGone, readThere, type Verdict } from './listing.ts'
import { MailboxFolderListing, type Told } from './mailbox-folder-listing.ts'
import { type Missing, noMailboxFolder } from './missing-folder.ts'
import type { Pool } from './pool.ts'
import type { Premises } from './premises.ts'
import { type Findings, type Look, listingOf, type Outcome, Reading } from './reading.ts'
import { faultOf } from './response-codes.ts'
import type { Route, Transport } from './transport.ts'

/** The limit of `vain`: while a changed mark brings no news, full listings become rarer, down to one in 2^6 looks. */
const vainMax = 6

/** The changes. `suspected`: the folder's mark changed although no change was reported. */
type Suspected = Told & Readonly<{ suspected: boolean }>

/** The inputs of a mailbox folder's replica. */
export type MailboxFolderSite = Readonly<{
  codec: Codec
  role: Role
  place: Extract<Place, { kind: 'mailbox' }>
  /** The error to report if the folder does not exist; undefined: the folder is created. */
  missing: Missing | undefined
  transport: Transport
  control: Control
  pool: Pool
  route: Route
  /** The checks before the folder is used. */
  premises: Premises
  /** Do we act as the owner, who sees every folder? A delegate may be unable to see a folder that exists. */
  asOwner: boolean
}>

/** The Replica port over a mailbox folder. */
export class MailboxFolder implements Replica {
  readonly role: Role
  readonly place: Place
  readonly #site: MailboxFolderSite
  readonly #items: Items
  readonly #identity: FolderIdentity
  readonly #listing: MailboxFolderListing
  #folder: string | undefined
  #state: FolderState | undefined
  readonly #created = new Set<ItemId>()

  constructor(site: MailboxFolderSite) {
    this.role = site.role
    this.place = site.place
    this.#site = site
    this.#items = new Items(
      site.codec,
      site.transport,
      () => site.route,
      'MoveToDeletedItems',
      (parent, signal) => this.#identity.isElsewhere(this.#folder, parent, signal),
    )
    this.#listing = new MailboxFolderListing(site.codec, site.transport, site.route)
    this.#identity = new FolderIdentity({
      codec: site.codec,
      transport: site.transport,
      route: () => site.route,
      find: async () => {
        const lookup = await site.control.find(site.place.folder)
        return lookup.found ? lookup.folder.id : undefined
      },
      // A renamed folder still takes part. A moved one, such as in Deleted Items, does not: the path decides.
      accepts: ({ parent }, memory) =>
        memory.parent === undefined || parent === undefined || parent === memory.parent,
    })
  }

  async observe(start: Start | undefined, known: Known, signal: AbortSignal): Promise<Listing> {
    const look = await this.#look(start, signal)
    // A folder that does not exist yet is empty, and nothing in it is gone.
    if (look === undefined)
      return { changed: [], gone: [], whole: true, checkpoint: {}, recheck: [] }
    const { state, same, memory } = look
    const listed = await this.#told(look, start?.whole === true, signal)
    const verdict = await this.#verdict(listed, same, known, signal)
    const recheck = (same ? start?.recheck : undefined) ?? []
    const before = retried(memory.passedOver, start?.retry)
    const findings = { listed, verdict, recheck, before, early: [] }
    const reading = new Reading(this.#items, this.#site.pool, known)
    const outcome = await reading.read(findings, signal)
    // SyncFolderItems omits an item that was created and deleted after the cursor: then list the whole folder.
    if (start !== undefined && isOmitted(findings, outcome))
      return this.observe({ ...start, whole: true }, known, signal)
    const notes = notesAfter(
      memory.notes,
      state,
      listed,
      outcome.changed.length + verdict.gone.length,
    )
    return listingOf(look, findings, outcome, { cursor: listed.cursor, notes })
  }

  async prepare(checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint> {
    if (checkpoint.folder !== undefined) {
      if (this.#state !== undefined) demandWritable(this.#state)
      return checkpoint
    }
    const { id: folder, made } = await this.#site.control.make(this.#site.place.folder)
    if (!made) throw appeared
    this.#folder = folder
    const state = await this.#identity.state(folder, signal)
    await this.#site.premises.demandPlace(state, signal)
    demandReadable(state, this.#site.codec)
    demandWritable(state)
    const adapter: FolderMemory = { ...memoryIn(checkpoint), parent: state.parent }
    return { folder, adapter }
  }

  async rename({ folder }: Checkpoint, from: string, signal: AbortSignal): Promise<void> {
    if (folder === undefined) return
    const { name } = await this.#identity.state(folder, signal)
    if (name === undefined || !sameName(name, lastName(from))) return
    await this.#site.control.rename(folder, lastName(this.#site.place.folder))
  }

  read(ids: readonly ItemId[], signal: AbortSignal) {
    return readThere(this.#items, ids, signal)
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

  // Moves the cursor past our own writes. The next pass reads the first page with another change. An item that we
  // created and that is not reported may be deleted without a report: it is read again.
  async settle(checkpoint: Checkpoint, known: Known, signal: AbortSignal): Promise<Settled> {
    const { folder } = checkpoint
    if (folder === undefined) return { checkpoint, recheck: [] }
    const memory = memoryIn(checkpoint)
    const { mark } = await this.#identity.state(folder, signal)
    const own = await this.#listing.ownWrites(folder, memory.cursor, known, signal)
    const notes = own.last ? { short: memory.notes.short, mark } : memory.notes
    const adapter: FolderMemory = { ...memory, cursor: own.cursor, notes }
    const recheck = [...this.#created].filter((id) => !own.reported.has(id))
    return { checkpoint: { folder, adapter }, recheck }
  }

  async #look(start: Start | undefined, signal: AbortSignal): Promise<Look | undefined> {
    const seen = await this.#seen(start?.checkpoint, signal)
    if (seen === undefined) return undefined
    demandReadable(seen, this.#site.codec)
    // Without a recorded folder id, known items can only be in this folder: we created it, and the id was not saved.
    const remembered = start?.checkpoint.folder
    const same = remembered === undefined || remembered === seen.id
    const memory = memoryIn(same ? start?.checkpoint : undefined)
    return { ...(await this.#identity.aged(seen, memory.highWater, signal)), same, memory }
  }

  async #seen(
    checkpoint: Checkpoint | undefined,
    signal: AbortSignal,
  ): Promise<SeenFolder | undefined> {
    this.#state = undefined
    this.#folder = checkpoint?.folder
    await this.#site.premises.demandMailbox(signal)
    const state = await this.#identity.seen(checkpoint, signal)
    if (state !== undefined) await this.#site.premises.demandPlace(state, signal)
    if (state === undefined && checkpoint?.folder !== undefined && !this.#site.asOwner)
      throw faultOf('ErrorFolderNotFound')
    const { missing, place } = this.#site
    if (state === undefined && missing !== undefined)
      throw noMailboxFolder(place.mailbox, place.folder, missing)
    this.#folder = state?.id
    this.#state = state
    return state
  }

  // Reads the changes. If the mark changed but none is reported, lists the whole folder (while `skip` is 0).
  async #told(
    { state, rewound, memory }: Look,
    whole: boolean,
    signal: AbortSignal,
  ): Promise<Suspected> {
    const { mark, skip = 0 } = memory.notes
    const cursor = rewound || whole ? undefined : memory.cursor
    const told = await this.#listing.told(state.id, cursor, signal)
    const moves = mark !== undefined && state.mark !== undefined && mark !== state.mark
    const suspected = !told.whole && told.count === 0 && moves
    if (!suspected || skip > 0) return { ...told, suspected }
    return { ...(await this.#listing.told(state.id, undefined, signal)), suspected }
  }

  // Known items that a whole listing lacks, or that are reported as deleted: GetItem decides whether they are gone.
  async #verdict(told: Told, same: boolean, known: Known, signal: AbortSignal): Promise<Verdict> {
    const listed = new Set(told.refs.map(({ id }) => id))
    const ours = !same ? [] : told.whole ? [...(await known.all()).keys()] : told.gone
    const missing = ours.filter((id) => !listed.has(id))
    const asked = told.whole ? missing : [...(await known.versions(missing)).keys()]
    const verdict = await confirmedGone(this.#items, asked, known, signal)
    // An incomplete listing does not prove that an item is gone.
    return told.whole && told.odd.length > 0 ? { ...verdict, gone: [], there: [] } : verdict
  }
}

const appeared = new SyncError(
  'transient',
  'FolderAppeared',
  'another program created the folder meanwhile; the next pass reads it first',
)

// Is an item of `recheck` neither reported, found nor confirmed gone? Only a listing of changes may omit one.
function isOmitted(
  { listed, verdict, recheck }: Findings,
  { missing }: Pick<Outcome, 'missing'>,
): boolean {
  const [gone, asked] = [new Set(verdict.gone), new Set(recheck)]
  return !listed.whole && missing.some((id) => !gone.has(id) && asked.has(id))
}

// The notes after a look, with the number of short listings.
function notesAfter(
  before: FolderNotes,
  { mark, count }: FolderState,
  told: Suspected,
  news: number,
): FolderNotes {
  const short = told.whole ? shortAfter(before, told.listed, count) : (before.short ?? 0)
  return { ...suspicionAfter(before, mark, told, news), short }
}

// Each full listing that finds no news for a changed mark makes the next ones rarer.
function suspicionAfter(
  before: FolderNotes,
  mark: string | undefined,
  { suspected, whole }: Suspected,
  news: number,
): FolderNotes {
  if (!suspected) return { mark }
  if (!whole) return { ...before, skip: Math.max(0, (before.skip ?? 0) - 1) }
  if (news > 0) return { mark }
  const vain = Math.min(vainMax, (before.vain ?? 0) + 1)
  return { mark, vain, skip: 2 ** vain - 1 }
}
