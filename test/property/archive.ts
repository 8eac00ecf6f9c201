// What one state ever agreed on, noted from outside as it is written down: each content of an item is still agreed, or
// lies in the bin or the history of that item, whole.

import type { LinkId } from '../../controller/core/id.ts'
import { canonicalItem, type Item, type ItemType } from '../../controller/core/item.ts'
import type { Change } from '../../controller/sync/ports.ts'
import { written } from '../support/written.ts'
import type { Memory } from './memory.ts'

/** Every content that was agreed, by link. */
export class Archive {
  readonly #type: ItemType
  readonly #agreed = new Map<LinkId, Map<string, Item>>()

  constructor(type: ItemType) {
    this.#type = type
  }

  /** A change was written down. */
  committed(change: Change): void {
    for (const { agreements } of written(change, 'agreements'))
      for (const { link, agreed } of agreements) this.#note(link, agreed)
  }

  /** What a state that is opened agrees on. */
  async begin({ baseline }: Pick<Memory, 'baseline'>): Promise<void> {
    this.#agreed.clear()
    for (const { id, agreed } of await baseline.links(await baseline.everything()))
      this.#note(id, agreed)
  }

  /** What was agreed, and can be had back from nowhere. */
  async irretrievable({ baseline, kept }: Pick<Memory, 'baseline' | 'kept'>): Promise<string[]> {
    const there = new Map<LinkId, Set<string>>()
    const has = (link: LinkId, item: Item | undefined) => {
      if (item === undefined) return
      there.set(link, (there.get(link) ?? new Set()).add(canonicalItem(this.#type, item)))
    }
    for (const { id, agreed } of await baseline.links([...this.#agreed.keys()])) has(id, agreed)
    for (const { link, item } of kept()) has(link, item)
    return [...this.#agreed].flatMap(([link, contents]) =>
      [...contents].flatMap(([text, item]) =>
        there.get(link)?.has(text) ? [] : [JSON.stringify(item)],
      ),
    )
  }

  #note(link: LinkId, item: Item | undefined): void {
    if (item === undefined) return
    const contents = this.#agreed.get(link) ?? new Map<string, Item>()
    this.#agreed.set(link, contents.set(canonicalItem(this.#type, item), item))
  }
}
