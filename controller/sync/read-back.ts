// Reads written items back: an acknowledgement alone proves nothing.
import type { ItemId } from '../core/id.ts'
import type { Found } from '../core/model.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Replica } from './ports.ts'

/** The items that were read back. */
export type ReadBack = Readonly<{
  back: ReadonlyMap<ItemId, Found>
  unknown: ReadonlySet<ItemId>
  error?: SyncError
}>

/**
 * Reads the items, by id. `unknown`: the server cannot read these items. `error`: the request failed, and then all are
 * unknown. Rejects only when the signal aborts.
 */
export async function readBack(
  replica: Replica,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<ReadBack> {
  if (ids.length === 0) return { back: new Map(), unknown: new Set() }
  try {
    const found = await replica.read(ids, signal)
    const there = found.flatMap((each) =>
      each === undefined || each instanceof SyncError ? [] : [each],
    )
    const unknown = new Set(ids.filter((_, index) => found[index] instanceof SyncError))
    return { back: new Map(there.map((each) => [each.id, each])), unknown }
  } catch (error) {
    signal.throwIfAborted()
    return { back: new Map(), unknown: new Set(ids), error: syncErrorOf(error) }
  }
}
