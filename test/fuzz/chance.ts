// Chance that can be told again: a small generator of numbers from a seed (mulberry32).

/** A sequence of choices that follows from its seed. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0, below `limit`; 0 when there is no choice. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    return Math.floor(fraction * Math.max(1, limit))
  }

  /** One of the list; undefined when the list is empty. */
  of<Value>(list: readonly Value[]): Value | undefined {
    return list[this.below(list.length)]
  }

  /** Two different places in a list of that length; undefined when there are no two. */
  two(length: number): readonly [number, number] | undefined {
    if (length < 2) return undefined
    const first = this.below(length)
    return [first, (first + 1 + this.below(length - 1)) % length]
  }
}
