// What was written is read back: an answer alone proves nothing.
import type { ItemId } from '../core/id.ts'
import type { Found } from '../core/link.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Replica } from './ports.ts'

/** The items that can be read now, by id. `error`: they could not be asked for; then nothing is known of them. */
export async function readBack(
  replica: Replica,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<Readonly<{ back: ReadonlyMap<ItemId, Found>; error?: SyncError }>> {
  if (ids.length === 0) return { back: new Map() }
  try {
    const found = await replica.read(ids, signal)
    const there = found.flatMap((each) =>
      each === undefined || each instanceof SyncError ? [] : [each],
    )
    return { back: new Map(there.map((each) => [each.id, each])) }
  } catch (error) {
    signal.throwIfAborted()
    return { back: new Map(), error: syncErrorOf(error) }
  }
}
