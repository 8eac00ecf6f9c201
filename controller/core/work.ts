// Work that takes long with many items, or large ones, is done piece by piece: a generator, so that whoever does it can
// give way to others in between. What it comes to depends on nothing but what it was given.
import { bytesOf, type Item } from './item.ts'

/** Work in pieces, each of which tells its weight: 1 for an item of a few kilobytes. */
export type Work<Result> = Generator<number, Result>

/** What work in pieces comes to, done all at once. */
export function finished<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** How much work an item is. */
export function weightOf(item: Item): number {
  return 1 + Math.floor(bytesOf(item) / 4096)
}
