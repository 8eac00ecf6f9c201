// What its user did to a copy, and nobody has read since, is kept before it is overwritten or deleted.
import type { ReplicaId } from '../core/id.ts'
import { difference, empty, type ItemType } from '../core/item.ts'
import type { Found } from '../core/model.ts'
import type { Action, Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Kept, Replica } from './ports.ts'

/** Reads the copies whose users' own doing these updates overwrite, as they are to be kept. */
export async function overwritten(
  jobs: readonly Readonly<{ step: Step; action: Action }>[],
  replica: Replica,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const some = jobs.flatMap(({ step: { link }, action }) =>
    action.kind === 'update' && action.overwrites.length > 0
      ? [{ link: link.id, id: action.id, fields: action.overwrites }]
      : [],
  )
  if (some.length === 0) return []
  const found = await replica.read(
    some.map(({ id }) => id),
    signal,
  )
  return some.flatMap(({ link, fields }, index) => {
    const one = found[index]
    if (one === undefined || one instanceof SyncError) return []
    const { item, version: loss } = one
    return [{ link, replica: replica.role.id, loss, reason: 'Drift', fields, item }]
  })
}

/** A copy that is about to be deleted, as it is to be kept; none when it shows what was agreed, which is kept already. */
export function ownContent(
  type: ItemType,
  { link: { id: link, agreed } }: Step,
  replica: ReplicaId,
  { item, version: loss }: Found,
): readonly Kept[] {
  if (agreed !== undefined && empty(difference(type, agreed, item))) return []
  return [{ link, replica, loss, reason: 'Deleted', fields: [], item }]
}
