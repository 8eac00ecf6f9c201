// Whose version of a link lost to another one.

import type { Reading } from './edit.ts'
import type { ReplicaId } from './id.ts'
import { difference, empty, type Item, type ItemType, same } from './item.ts'
import type { FieldConflict } from './model.ts'
import type { Keep } from './step.ts'

/** Whoever loses a field loses it into the bin, as a whole item, before the winner is written. */
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

/** Members whose version lost; the hub's own, or what was agreed, cannot lose its place. */
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
