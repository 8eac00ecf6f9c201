// The keeps of a step: versions that lost; agreed content that is deleted, or overwritten by a replica that never
// received it; and content that a restoration, or the removal of a private mark, replaces.
import type { Reading } from './edit.ts'
import type { ReplicaId } from './id.ts'
import { difference, empty, type Item, type ItemType, same, touched } from './item.ts'
import type { Edit } from './merge.ts'
import {
  agreementMark,
  type FieldConflict,
  isAuthoritative,
  type Link,
  type Role,
  type Row,
} from './model.ts'
import { overwritten } from './restore.ts'
import type { Keep } from './step.ts'

/** The new agreement of a step, and the edits that led to it. */
export type Target = Readonly<{
  agreed: Item | undefined
  editedMs: number | undefined
  conflicts: readonly FieldConflict[]
  deleters: readonly ReplicaId[]
  /** All merged edits. */
  edits?: readonly Edit[]
  /** The edit of a restoration from the bin. */
  restoring?: Edit | undefined
  yielded?: readonly Reading[]
}>

/** The keeps of a step, besides those of its actions (action.ts). `roles`: hub first. */
export function keepsOf(
  { type, roles }: Readonly<{ type: ItemType; roles: readonly Role[] }>,
  row: Row,
  readings: ReadonlyMap<ReplicaId, Reading>,
  { agreed, conflicts, deleters, restoring, yielded = [] }: Target,
  all: ReadonlyMap<ReplicaId, Reading>,
): readonly Keep[] {
  const { link } = row
  // Without a hub the first replica is named in its place.
  const [first] = roles
  if (first === undefined) return []
  const content = (replica: ReplicaId, reason: Keep['reason'], fields: readonly string[]) =>
    link.agreed === undefined
      ? []
      : [{ replica, loss: agreementMark(link), item: link.agreed, reason, fields }]
  if (agreed === undefined) return content(deleters[0] ?? first.id, 'Deleted', [])
  const versions = [...all.values(), ...yielded]
  const lost = conflicts.filter(({ agreedLost }) => agreedLost).map(({ field }) => field)
  return [
    ...losersOf(type, agreed, versions, conflicts),
    ...(lost.length > 0 ? content(first.id, 'Conflict', lost) : []),
    ...supersededOf(type, row, agreed, readings),
    ...(restoring === undefined ? [] : overwritten(type, link, first.id, restoring, agreed)),
    ...publishedOf(type, link, first.id, [...readings.values()], agreed),
  ]
}

/** Versions that lost a field: each goes into the bin, as a whole item, before the winner is written. */
export function losersOf(
  type: ItemType,
  agreed: Item,
  readings: readonly Reading[],
  conflicts: readonly FieldConflict[],
): readonly Keep[] {
  const keeps: Keep[] = []
  for (const { replica, found } of readings) {
    const lost = (field: string) => !same(type.field(field), found.item[field], agreed[field])
    const fields = conflicts
      .filter(({ field, losers }) => losers.includes(replica) && lost(field))
      .map(({ field }) => field)
    if (fields.length === 0) continue
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

// A one-way hub may overwrite agreed content that it never received (it was behind, or rewound to a backup). That
// content is kept.
function supersededOf(
  type: ItemType,
  { link, cells }: Row,
  agreed: Item,
  readings: ReadonlyMap<ReplicaId, Reading>,
): readonly Keep[] {
  if (link.agreed === undefined) return []
  const fields = touched(difference(type, link.agreed, agreed))
  for (const [replica, { travels, role, copy }] of readings) {
    const cell = cells.get(replica)
    if (!travels || fields.length === 0 || cell?.state !== 'edited') continue
    const behind = isAuthoritative(role) && copy !== undefined && copy.revision < link.revision
    if (!cell.rewound && !behind) continue
    const reason = cell.rewound ? 'Backup' : 'Conflict'
    return [{ replica, loss: agreementMark(link), item: link.agreed, reason, fields }]
  }
  return []
}

// A member removes a private mark: what they wrote under it travels now, and what it overwrites is kept. All others
// have seen nothing of it, and the member may have forgotten that it was more than the mark.
function publishedOf(
  type: ItemType,
  link: Link,
  hub: ReplicaId,
  readings: readonly Reading[],
  agreed: Item,
): readonly Keep[] {
  const unmarked = readings.filter(({ copy, travels }) => copy?.withheld && travels)
  const keeps = unmarked.flatMap((edit) => overwritten(type, link, hub, edit, agreed))
  const fields = [...new Set(keeps.flatMap((keep) => keep.fields))]
  return keeps.slice(0, 1).map((keep) => ({ ...keep, reason: 'Unmarked', fields }))
}
