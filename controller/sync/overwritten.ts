// What its user did to a copy, and nobody has read since, is kept before it is overwritten.
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
