// The items that one pass holds in memory.
import { digestOf } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Found } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'

/** The limit for one pass, bytes: several passes fit into a container of 1 GiB. */
const poolBytes = 48 * 1024 * 1024

/**
 * Items that are kept for the length of a pass. Equal ones are held once, however many members have them: without that, a
 * lost state with 10,000 items and 10 members took a gigabyte. V8 keeps a text as a slice of the chunk it came in, and so
 * keeps the chunk in memory; texts are therefore copied.
 *
 * Above the limit, the rest waits for the next pass, so that neither the memory nor one commit of the state grows with the
 * content of the folders.
 */
export class Pool {
  readonly #items = new Map<string, Item>()
  readonly #most: number
  #bytes = 0

  /** `most`: the limit for the items of one pass, bytes (approximate). */
  constructor(most = poolBytes) {
    this.#most = most
  }

  /**
   * The bytes that may still be read in this pass; negative: none. `first`: for a folder's first page, which gets more
   * room.
   */
  room(first: boolean): number {
    return (first ? 2 : 1) * this.#most - this.#bytes
  }

  /** Takes the answers to a read in. An item that was too large counts: it was read, but is not held. */
  hold(
    got: readonly (Found | undefined | SyncError)[],
  ): readonly (Found | undefined | SyncError)[] {
    return got.map((each) => {
      if (!(each instanceof SyncError)) return each && this.#held(each)
      if (each.code === itemTooLarge) this.#bytes += this.#most / 16
      return each
    })
  }

  // A copy of the item that shares no memory with the answer.
  #held({ item, ...rest }: Found): Found {
    const text = JSON.stringify(item)
    const key = digestOf(text)
    const known = this.#items.get(key)
    const held = known ?? (JSON.parse(text) as Item)
    if (known === undefined) this.#bytes += text.length
    this.#items.set(key, held)
    return { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), item: held }
  }
}
