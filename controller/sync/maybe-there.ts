// A new copy may exist and be unreadable. Then its stamp cannot be read either, and the copy is not created a second
// time.
import type { Attempt } from '../core/attempt.ts'
import type { Observed } from './observe.ts'
import type { Baseline } from './ports.ts'

/** The creates of unknown outcome whose copy may be one of the unreadable items of a folder. */
export async function maybeThere(
  attempts: readonly Attempt[],
  { memories }: Observed,
  baseline: Baseline,
): Promise<ReadonlySet<Attempt>> {
  const hidden = new Set<Attempt>()
  for (const attempt of attempts) {
    const { replica, sentMs, items, seen } = attempt
    for (const { id, sinceMs } of memories.get(replica)?.unread ?? []) {
      if (seen || (!items.some((each) => each.id === id) && sinceMs < sentMs)) continue
      if ((await baseline.linksOf(replica, [id])).length === 0) hidden.add(attempt)
    }
  }
  return hidden
}
