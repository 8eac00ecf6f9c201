// Reads and writes items of one folder in batches. Answers for every item, in order. If one item stops the server's
// batch (exchange-protocol §8.1), the remaining items are sent again without it.

import type { ItemId } from '../core/id.ts'
import { bytesOf, type Item } from '../core/item.ts'
import { append } from '../core/many.ts'
import type { Found } from '../core/model.ts'
import { BatchSize, isGeneral } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Creation, Update, Written } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { itemTooLargeError } from './intake.ts'
import {
  type Batch,
  createItem,
  type DeleteType,
  deleteItem,
  type Got,
  getItem,
  updateItem,
} from './operations.ts'
import type { Route, Transport } from './transport.ts'

/** The most items in one GetItem. */
export const readMax = 50
/** The most bytes of items in one GetItem, as far as sizes are known; a single item may be larger. */
const readBytes = 2 * 1024 * 1024
/** The assumed size of an item without a known size, bytes. */
const sizeUsual = 16 * 1024

/** The sizes of items in bytes, as far as a listing reports them. */
export type Sizes = ReadonlyMap<ItemId, number>

/** Is `parent`, the folder id that an item names, another folder than the one of these items? */
export type Elsewhere = (parent: string, signal: AbortSignal) => Promise<boolean>

/** The items of one folder. */
export class Items {
  readonly #codec: Codec
  readonly #transport: Transport
  readonly #route: () => Route
  readonly #how: DeleteType
  readonly #isElsewhere: Elsewhere

  /** An item in another folder, as `isElsewhere` decides, reads as not found. */
  constructor(
    codec: Codec,
    transport: Transport,
    route: () => Route,
    how: DeleteType,
    isElsewhere: Elsewhere,
  ) {
    this.#codec = codec
    this.#transport = transport
    this.#route = route
    this.#how = how
    this.#isElsewhere = isElsewhere
  }

  /**
   * The present items, in order (`Replica.read`); undefined for one that is not found, an error for one of another kind
   * or too large. A request that fails as a whole, or whose answer is too large, is split until only the item that
   * causes it is left. Rejects with an error that concerns more than one item. Stops after `most` bytes of items, and
   * answers for the items read so far.
   */
  async read(
    ids: readonly ItemId[],
    signal: AbortSignal,
    sizes: Sizes = new Map(),
    most = Number.POSITIVE_INFINITY,
  ): Promise<readonly (Found | undefined | SyncError)[]> {
    const got: (Found | undefined | SyncError)[] = []
    const batch = new BatchSize(readMax)
    let held = 0
    while (got.length < ids.length && held <= most) {
      const page = fitting(ids.slice(got.length, got.length + batch.size), sizes)
      try {
        const answers = await this.#each(getItem(this.#codec), page, (items) => items, signal)
        for (const [index, each] of answers.entries()) {
          const answered = await this.#answered(each, page[index], signal)
          if (answered !== undefined && !(answered instanceof SyncError))
            held += bytesOf(answered.item)
          got.push(answered)
        }
        batch.answered()
      } catch (error) {
        if (!(error instanceof SyncError)) throw error
        const isLarge = error.code === 'AnswerTooLarge'
        if (isLarge) batch.tooMuch(page.length)
        else batch.failed(error, page.length)
        if (page.length === 1) got.push(isLarge ? this.#tooLarge : error)
      }
    }
    return got
  }

  // The answer for the requested id; an item with another id is an error.
  async #answered(
    got: Got,
    asked: ItemId | undefined,
    signal: AbortSignal,
  ): Promise<Found | undefined | SyncError> {
    if (got === 'OtherKind') return otherKind
    if (got instanceof SyncError) {
      if (isGeneral(got)) throw got
      return got
    }
    if (got === undefined) return undefined
    if (got.id !== asked) return otherItem
    // Without a reported folder the item counts as being in this one.
    const { parent } = got
    if (parent !== undefined && (await this.#isElsewhere(parent, signal))) return undefined
    return this.#fits(got.item) ? got : this.#tooLarge
  }

  #fits(item: Item): boolean {
    return bytesOf(item) <= this.#transport.intake.itemBytes
  }

  get #tooLarge(): SyncError {
    return itemTooLargeError(this.#transport.intake.itemBytes)
  }

  async create(
    folder: string,
    items: readonly Creation[],
    signal: AbortSignal,
  ): Promise<readonly Written[]> {
    const fitting = items.filter(({ item }) => this.#fits(item))
    if (fitting.length === 0) return items.map(() => this.#tooLarge)
    const request = (some: readonly Creation[]) => ({ folder, items: some })
    const answers = await this.#each(createItem(this.#codec), fitting, request, signal)
    const byItem = new Map(fitting.map((each, index) => [each, answers[index]]))
    return items.map((each) => byItem.get(each) ?? this.#tooLarge)
  }

  async update(updates: readonly Update[], signal: AbortSignal): Promise<readonly Written[]> {
    const tooLarge = new Set(updates.filter(({ agreed }) => !this.#fits(agreed)))
    // An update that has no XML (a field that the server derives) is done already.
    const said = updates.filter((update) => {
      return !tooLarge.has(update) && this.#codec.updatesXml(update.patch, update.agreed) !== ''
    })
    const answers =
      said.length === 0
        ? []
        : await this.#each(updateItem(this.#codec), said, (some) => some, signal)
    const byUpdate = new Map(
      said.map((update, index) => {
        const answer = answers[index]
        const other = answer && !(answer instanceof SyncError) && answer.id !== update.id
        return [update, other ? otherItem : answer]
      }),
    )
    return updates.map((update) =>
      tooLarge.has(update)
        ? this.#tooLarge
        : (byUpdate.get(update) ?? { id: update.id, version: update.expect }),
    )
  }

  async remove(
    ids: readonly ItemId[],
    signal: AbortSignal,
  ): Promise<readonly (undefined | SyncError)[]> {
    return this.#each(deleteItem, ids, (some) => ({ ids: some, how: this.#how }), signal)
  }

  async #each<Item, Request, Result>(
    batch: Batch<Request, Result | SyncError>,
    items: readonly Item[],
    request: (items: readonly Item[]) => Request,
    signal: AbortSignal,
  ): Promise<readonly (Result | SyncError)[]> {
    const done: (Result | SyncError)[] = []
    while (done.length < items.length) {
      const rest = items.slice(done.length)
      const answers = await this.#transport.callEach(batch, request(rest), this.#route(), signal)
      const stop = answers.findIndex(stopped)
      const some = stop < 0 ? answers : answers.slice(0, stop)
      const [first] = some
      // A single error for several items concerns the whole request.
      if (some.length < rest.length && some.length === 1 && stop < 0 && first instanceof SyncError)
        throw first
      if (some.length === 0 || (stop < 0 && some.length !== rest.length)) {
        throw new SyncError(
          'transient',
          'IncompleteAnswer',
          'the server did not answer for every item',
        )
      }
      append(done, some)
    }
    return done
  }
}

// The first items, as many as one answer should contain.
function fitting(ids: readonly ItemId[], sizes: Sizes): readonly ItemId[] {
  let bytes = 0
  const end = ids.findIndex((id, index) => {
    bytes += sizes.get(id) ?? sizeUsual
    return index > 0 && bytes > readBytes
  })
  return end < 0 ? ids : ids.slice(0, end)
}

function stopped(answer: unknown): boolean {
  return answer instanceof SyncError && answer.code === 'ErrorBatchProcessingStopped'
}

const otherItem = new SyncError(
  'transient',
  'OtherItem',
  'the server answered with another item than the one that was asked for',
)

const otherKind = new SyncError(
  'terminal',
  'OtherKind',
  'the item is of another kind; it is left alone',
)
