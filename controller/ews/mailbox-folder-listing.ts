// What SyncFolderItems tells of a mailbox folder, page by page, to its end (exchange-protocol §2.1).
import type { ItemId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { type Ref, type SyncPage, syncFolderItems } from './operations.ts'
import { itemsMax, tooMany } from './public-folder-listing.ts'
import type { Route, Transport } from './transport.ts'

const pagesMax = 10_000
/** How many pages in a row without news are read before a listing that declares no last page is ended. */
const idleMax = 10

/** What was told. `whole`: from the beginning; `count`: of how many items, contacts or not. */
export type Told = Readonly<{
  refs: readonly Ref[]
  gone: readonly ItemId[]
  cursor: string
  count: number
  /** How many items it names that are there, contacts or not. */
  listed: number
  whole: boolean
  /** What is odd about the listing, for people; then what it lacks is not gone. */
  odd: readonly SyncError[]
}>

/** The listing of one mailbox's folders. */
export class MailboxFolderListing {
  readonly #transport: Transport
  readonly #route: Route

  constructor(transport: Transport, route: Route) {
    this.#transport = transport
    this.#route = route
  }

  /** What changed since the cursor; everything without one, and where the server no longer takes it. */
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

  /**
   * The pages since the cursor. A page without a new state ends them, and so do many in a row without news, whatever
   * the server says of more to come.
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
      const answer = await this.#transport.call(syncFolderItems, request, this.#route, signal)
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
