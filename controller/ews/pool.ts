// What the looks of one pass hold.
import { digestOf } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Found } from '../core/model.ts'

/** The bytes of the items that one pass holds: several passes fit into a container of 1 GiB. */
const poolBytes = 48 * 1024 * 1024

/**
 * Items that are kept for the length of a pass. Equal ones are held once, whatever the number of members
 * that show them: without that, a lost state of 10,000 items and 10 members took a gigabyte. And V8 cuts
 * texts out of the chunk that they came in, which then stays in memory as long as they do: so what is
 * kept is copied out of it.
 *
 * It holds only so much: what is more is left for the next pass, so that neither the memory nor one commit of the state
 * grows with what lies in the folders.
 */
export class Pool {
  readonly #items = new Map<string, Item>()
  readonly #most: number
  #bytes = 0

  /** `most`: the bytes of the items that one pass holds, about. */
  constructor(most = poolBytes) {
    this.#most = most
  }

  /**
   * How many bytes of items may still be read in this pass; less than none: it holds enough. `first`: it would be a
   * folder's first page, for which there is more room.
   */
  room(first: boolean): number {
    return (first ? 2 : 1) * this.#most - this.#bytes
  }

  /** An item was too large: reading it has cost time, and nothing is held of it. */
  passed(): void {
    this.#bytes += this.#most / 16
  }

  /** The same, held by nothing but itself. */
  kept({ item, ...rest }: Found): Found {
    const text = JSON.stringify(item)
    const key = digestOf(text)
    const known = this.#items.get(key)
    const held = known ?? (JSON.parse(text) as Item)
    if (known === undefined) this.#bytes += text.length
    this.#items.set(key, held)
    return { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), item: held }
  }
}
