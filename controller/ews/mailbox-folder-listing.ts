// Reads the changes of a mailbox folder by SyncFolderItems, page by page to the end (exchange-protocol §2.1).
import type { ItemId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Known } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { moved } from './listing.ts'
import { type Ref, type SyncPage, syncFolderItems } from './operations.ts'
import { itemsMax, tooMany } from './public-folder-listing.ts'
import type { Route, Transport } from './transport.ts'

const pagesMax = 10_000
/** Pages in a row without news after which a listing without a last page is ended. */
const idleMax = 10

/** The changes. `whole`: a listing from the beginning; `count`: the items in it, contacts or not. */
export type Told = Readonly<{
  refs: readonly Ref[]
  gone: readonly ItemId[]
  cursor: string
  count: number
  /** The number of existing items in it, contacts or not. */
  listed: number
  whole: boolean
  /** The inconsistency of the listing, as a text; items that such a listing lacks do not count as deleted. */
  odd: readonly SyncError[]
}>

/** Our own writes at the beginning of the changes. */
export type OwnWrites = Readonly<{
  /** The start of the first page with another change; the end of the changes without one. */
  cursor: string | undefined
  /** The items that they created or changed. */
  reported: ReadonlySet<ItemId>
  /** No other change follows. */
  last: boolean
}>

/** Lists one folder of a mailbox. */
export class MailboxFolderListing {
  readonly #codec: Codec
  readonly #transport: Transport
  readonly #route: Route

  constructor(codec: Codec, transport: Transport, route: Route) {
    this.#codec = codec
    this.#transport = transport
    this.#route = route
  }

  /** The changes since the cursor; everything without a cursor, or if the server no longer accepts it. */
  async told(folder: string, cursor: string | undefined, signal: AbortSignal): Promise<Told> {
    try {
      return await this.#all(folder, cursor, signal)
    } catch (error) {
      const invalid = error instanceof SyncError && error.code === 'ErrorInvalidSyncStateData'
      if (!invalid || cursor === undefined) throw error
      return this.#all(folder, undefined, signal)
    }
  }

  async #all(folder: string, from: string | undefined, signal: AbortSignal): Promise<Told> {
    const refs = new Map<ItemId, Ref>()
    const gone = new Set<ItemId>()
    let [cursor, count, listed, last] = [from ?? '', 0, 0, false]
    for await (const page of this.pages(folder, from, signal)) {
      for (const change of page.changes) {
        if ('gone' in change) {
          gone.add(change.gone)
          refs.delete(change.gone)
        } else {
          refs.set(change.ref.id, change.ref)
          gone.delete(change.ref.id)
        }
      }
      count += page.told
      listed += page.listed
      cursor = page.cursor
      last = page.last
    }
    const odd = last ? [] : [endless]
    const whole = from === undefined
    const told = { refs: [...refs.values()], gone: [...gone] }
    return { ...told, cursor, count, listed, whole, odd }
  }

  /** The pages since the cursor that report only our own writes: what the baseline knows. */
  async ownWrites(
    folder: string,
    from: string | undefined,
    known: Known,
    signal: AbortSignal,
  ): Promise<OwnWrites> {
    let cursor = from
    const reported = new Set<ItemId>()
    for await (const page of this.pages(folder, from, signal)) {
      const gone = page.changes.flatMap((one) => ('gone' in one ? one.gone : []))
      const refs = page.changes.flatMap((one) => ('ref' in one ? one.ref : []))
      const lost = await known.versions(gone)
      const changed = await moved(refs, known)
      if (lost.size + changed.length > 0) return { cursor, reported, last: false }
      cursor = page.cursor
      for (const { id } of refs) reported.add(id)
    }
    return { cursor, reported, last: true }
  }

  /**
   * The pages since the cursor. They end with a page without a new state, or after many pages in a row without news, even
   * if the server announces more.
   */
  async *pages(
    folder: string,
    from: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SyncPage> {
    const seen = new Set<string>()
    let [cursor, idle] = [from, 0]
    for (let page = 0; page < pagesMax; page += 1) {
      const request = { folder, cursor }
      const answer = await this.#transport.call(
        syncFolderItems(this.#codec),
        request,
        this.#route,
        signal,
      )
      const before = seen.size
      for (const change of answer.changes)
        seen.add('gone' in change ? change.gone : `${change.ref.id} ${change.ref.version}`)
      if (seen.size > itemsMax) throw tooMany
      idle = seen.size > before ? 0 : idle + 1
      yield answer
      if (answer.last || answer.cursor === cursor || idle >= idleMax) return
      cursor = answer.cursor
    }
  }
}

const endless = new SyncError(
  'transient',
  'ListingIncomplete',
  'the server lists the folder without a last page: what the listing lacks does not count as deleted',
)
