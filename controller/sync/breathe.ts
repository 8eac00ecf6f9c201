// Long work gives way now and then, so that probes, timers and other groups have their turn.
import { setImmediate } from 'node:timers/promises'
import type { Work } from '../core/work.ts'

/** Lets everything else that is ready run first. */
export async function breathe(): Promise<void> {
  await setImmediate()
}

/** How much work is done between two breaths. */
const weightMax = 100

/** What the work comes to, with a breath now and then. */
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

/** How many items are asked for at once of the state, which answers without giving way. */
const partMax = 200

/** Does something with many items, part by part, with a breath after each; all results. */
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
