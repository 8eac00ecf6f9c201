// The full listing of a public folder by FindItem (exchange-protocol §1.2), checked for completeness page by page.
import type { ItemId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Codec } from './codec.ts'
import type { FolderState } from './folder-state.ts'
import { findItem, type Ref } from './operations.ts'
import type { Route, Transport } from './transport.ts'

/** Exchange's own limit for one page, in items (EWSFindCountLimit). */
const pageSize = 1000
const pagesMax = 2000
const triesMax = 3
/** A folder with more items is not listed: their ids alone would fill the memory. */
export const itemsMax = 250_000

/** A listing. `odd`: its inconsistency, as a text; items that such a listing lacks do not count as deleted. */
export type Listed = Readonly<{ refs: readonly Ref[]; count: number; odd: readonly SyncError[] }>

type Pages = Readonly<{ all: readonly Ref[]; count: number; pages: number; complete: boolean }>

/** Lists one public folder. */
export class PublicFolderListing {
  readonly #codec: Codec
  readonly #transport: Transport
  readonly #route: () => Route

  constructor(codec: Codec, transport: Transport, route: () => Route) {
    this.#codec = codec
    this.#transport = transport
    this.#route = route
  }

  /**
   * All ids and versions. Tries at most three times. Rejects with `moving` while the folder changes, as `tagged` shows. If
   * the folder does not change and its listing is still inconsistent, answers what was listed.
   */
  async whole(
    before: FolderState,
    signal: AbortSignal,
    tagged: () => Promise<FolderState>,
  ): Promise<Listed> {
    let state = before
    let [refs, moved]: [Map<ItemId, Ref>, boolean] = [new Map(), false]
    for (let tries = 0; tries < triesMax; tries += 1) {
      const listed = await this.#pages(state.id, signal)
      if (listed.complete && listed.pages === 1)
        return { refs: listed.all, count: listed.count, odd: [] }
      const after = await tagged()
      if (after.tag === state.tag) {
        if (listed.complete) return { refs: listed.all, count: listed.count, odd: [] }
      } else {
        moved = true
        refs = new Map()
      }
      for (const ref of listed.all) refs.set(ref.id, ref)
      state = after
    }
    if (moved) throw moving
    return { refs: [...refs.values()], count: refs.size, odd: [unequal] }
  }

  // Pages overlap by one item, to detect a shift between them. No item may come twice, and the count must stay the same.
  async #pages(folder: string, signal: AbortSignal): Promise<Pages> {
    const refs = new Map<ItemId, Ref>()
    const seen: ItemId[] = []
    let total: number | undefined
    let pages = 0
    const as = (complete: boolean) => ({
      all: [...refs.values()],
      count: seen.length,
      pages,
      complete,
    })
    while (pages < pagesMax) {
      pages += 1
      const offset = Math.max(0, seen.length - 1)
      const request = { folder, offset, size: pageSize }
      const page = await this.#transport.call(findItem(this.#codec), request, this.#route(), signal)
      total ??= page.total
      if (Math.max(page.total, seen.length) > itemsMax) throw tooMany
      const overlaps = pages === 1 || page.ids[0] === seen.at(-1)
      const news = pages === 1 ? page.ids : page.ids.slice(1)
      for (const ref of page.refs) refs.set(ref.id, ref)
      for (const id of news) seen.push(id)
      if (page.last) {
        const whole = seen.length === total && new Set(seen).size === total
        return as(whole && page.total === total && overlaps)
      }
      if (page.total !== total || !overlaps || news.length === 0) return as(false)
    }
    return as(false)
  }
}

/** The error for a folder with too many items. */
export const tooMany = new SyncError(
  'transient',
  'FolderTooLarge',
  `the server lists more than ${itemsMax} items in the folder: check the folder on the server, and which server answers at spec.url; distribute the contacts over several folders`,
)

/** The error for a folder that changes while it is listed. */
export const moving = new SyncError(
  'transient',
  'ListingIncomplete',
  'the public folder changed while it was listed; the controller lists it again',
)

const unequal = new SyncError(
  'transient',
  'ListingIncomplete',
  'the server’s listing does not match the folder’s item count: items that the listing lacks do not count as deleted',
)
