// What one pass holds of the items that it reads, and how much: what is more is read by the next pass.
import { digestOf } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Found } from '../core/link.ts'

/** How many characters of items one pass holds, of all folders and of one: no folder takes it all for itself. */
export type Held = Readonly<{ all: number; each: number }>

const usual: Held = { all: 48 * 1024 * 1024, each: 32 * 1024 * 1024 }

/** What one folder may hold of the pool. */
export type Share = Readonly<{
  /** Is as much held as may be? */
  isFull: () => boolean
  /** The same, held by nothing but itself. */
  keep: (found: Found) => Found
}>

/**
 * Items that are kept for the length of a pass. Equal ones are held once, whatever the number of members
 * that show them: without that, a lost state of 10,000 items and 10 members took a gigabyte. And V8 cuts
 * texts out of the chunk that they came in, which then stays in memory as long as they do: so what is
 * kept is copied out of it.
 */
export class Pool {
  readonly #items = new Map<string, Item>()
  readonly #most: Held
  #held = 0

  constructor(most: Held = usual) {
    this.#most = most
  }

  /** The share of one folder. */
  share(): Share {
    let own = 0
    return {
      isFull: () => own > this.#most.each || this.#held > this.#most.all,
      keep: ({ item, ...rest }) => {
        const text = JSON.stringify(item)
        const key = digestOf(text)
        const known = this.#items.get(key)
        own += known === undefined ? text.length : 0
        this.#held += known === undefined ? text.length : 0
        const held = known ?? (JSON.parse(text) as Item)
        this.#items.set(key, held)
        return { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), item: held }
      },
    }
  }
}
