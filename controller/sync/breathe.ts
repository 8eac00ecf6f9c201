// Long work yields regularly, so that probes, timers and other groups can run.
import { setImmediate } from 'node:timers/promises'
import type { Work } from '../core/work.ts'

/** Yields to the event loop: everything else that is ready runs first. */
export async function breathe(): Promise<void> {
  await setImmediate()
}

/** The weight of the work between two yields. */
const weightMax = 100

/** Runs the work to its result, and yields regularly. Rejects when the work throws. */
export async function breathing<Result>(work: Work<Result>): Promise<Result> {
  let weight = 0
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    weight += value
    if (weight < weightMax) continue
    weight = 0
    await breathe()
  }
}

/** The maximum number of items per request to the state, which does not yield while it answers. */
const partMax = 200

/** Runs the work on the items part by part, and yields after each part. Resolves with all results, in order. */
export async function inParts<Item, Result>(
  items: readonly Item[],
  work: (part: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += partMax) {
    for (const result of await work(items.slice(from, from + partMax))) results.push(result)
    await breathe()
  }
  return results
}
