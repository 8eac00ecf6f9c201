// The cells of a row: how one replica shows one link.
import type { ItemId, ReplicaId } from './id.ts'
import type { Cell, Found, Link, Observation, Role } from './model.ts'

/** The items of a rewound folder that show old content: all, or those that were not updated since. */
export type Aged = 'all' | ReadonlySet<ItemId>

/** The cells of a link that no replica has. */
export function emptyCells(
  roles: readonly Role[],
  observations: ReadonlyMap<ReplicaId, Observation>,
): Map<ReplicaId, Cell> {
  return new Map(
    roles.map(({ id }) => {
      const state = observations.get(id)?.state === 'seen' ? 'absent' : 'unknown'
      return [id, { state }]
    }),
  )
}

/** The cell of a link in a replica; `found`: its item, if that changed; `gone`: the items that the replica lacks now. */
export function cellOf(
  link: Link,
  replica: ReplicaId,
  seen: Pick<Observation, 'state'> & Readonly<{ large?: ReadonlySet<ItemId> }>,
  found: Found | undefined,
  gone: ReadonlySet<ItemId>,
): Cell {
  const copy = link.copies.get(replica)
  if (seen.state === 'unknown') return { state: 'unknown', copy }
  if (copy === undefined) return { state: 'absent' }
  if (seen.large?.has(copy.id)) return { state: 'unknown', copy }
  if (found !== undefined) return { state: 'edited', copy, found }
  return gone.has(copy.id) ? { state: 'gone', copy } : { state: 'same', copy }
}

/** The cell in a rewound folder, which shows old content: an item that it lacks was not deleted. */
export function agedOf(cell: Cell, aged: Aged | undefined): Cell {
  if (aged === undefined || (cell.state !== 'edited' && cell.state !== 'gone')) return cell
  const id = cell.state === 'edited' ? cell.found.id : cell.copy.id
  return aged === 'all' || aged.has(id) ? { ...cell, rewound: true } : cell
}
