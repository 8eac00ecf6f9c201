// Long work on many or large items runs in pieces: a generator, so that the caller can let other work run in between.
// The result depends on the inputs only.
import { bytesOf, type Item } from './item.ts'

/** Work in pieces. Each yields its weight: 1 for an item of a few kilobytes. */
export type Work<Result> = Generator<number, Result>

/** The result of the work, done without a break. */
export function finished<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** The weight of an item: 1, and 1 for each further 4 KiB. */
export function weightOf(item: Item): number {
  return 1 + Math.floor(bytesOf(item) / 4096)
}
