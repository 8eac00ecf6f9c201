// The versions of a link that lost a conflict.

import type { Reading } from './edit.ts'
import type { ReplicaId } from './id.ts'
import { difference, empty, type Item, type ItemType, same } from './item.ts'
import type { FieldConflict } from './model.ts'
import type { Keep } from './step.ts'

/** For each reading that lost a field: puts the whole item into the bin, before the winner is written. */
export function losersOf(
  type: ItemType,
  agreed: Item | undefined,
  readings: readonly Reading[],
  conflicts: readonly FieldConflict[],
): readonly Keep[] {
  const keeps: Keep[] = []
  for (const { replica, found } of readings) {
    const lost = (field: string) => !same(type.field(field), found.item[field], agreed?.[field])
    const fields = conflicts
      .filter(({ field, losers }) => losers.includes(replica) && lost(field))
      .map(({ field }) => field)
    if (fields.length === 0 || agreed === undefined) continue
    if (empty(difference(type, found.item, agreed))) continue
    keeps.push({ replica, loss: found.version, item: found.item, reason: 'Conflict', fields })
  }
  return keeps
}

/** The readings of members whose version lost. The hub's version and the agreed one are not among them. */
export function losersIn(
  conflicts: readonly FieldConflict[],
  readings: ReadonlyMap<ReplicaId, Reading>,
): readonly Reading[] {
  const ids = new Set(conflicts.flatMap(({ losers }) => losers))
  return [...ids].sort().flatMap((id) => {
    const reading = readings.get(id)
    return reading === undefined || reading.hub ? [] : [reading]
  })
}
