// `exsync rollback`: what was agreed at a moment comes back as edits, by the normal path. Contacts that are new since stay.
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Bin, Binned } from '../sync/ports/bin.ts'
import { changes, doneBy, refuseUnknown } from './history.ts'
import { typed } from './restore.ts'
import { iso } from './table.ts'
import { type Place, refuseGroup, type Showing, undo } from './undo.ts'

/**
 * Shows what was agreed before the moment and is not now, and asks for it; see `undo`. With a replica only what that one
 * did since, as far as nobody else edited the same since. Throws a terminal HistoryTooShort when the history does not reach
 * back to the moment. `retentionMs`: how long entries are kept at least.
 */
export async function rollback(
  place: Place,
  retentionMs: number,
  showing: Showing,
): Promise<number> {
  const { group, to, replica } = showing
  if (group === undefined || to === undefined)
    throw invalidArguments('exsync rollback needs --group NS/NAME and --to TIME')
  const { bin } = place.state
  await refuseUnknown(bin, showing)
  await refuseGroup(bin, place.directory, group, 'exsync bin show N')
  const reachMs = Math.max((await bin.goneUntil(group)) ?? 0, place.nowMs - retentionMs)
  if (to <= reachMs) {
    const message = `the history of ${group} reaches back to ${iso(reachMs)} only, not to ${iso(to)}: name a later time`
    throw new SyncError('terminal', 'HistoryTooShort', message)
  }
  const command = `exsync rollback ${typed(showing)}`
  const notes = ['contacts that are new since then stay; what is overwritten goes into the bin']
  if (replica !== undefined) {
    const chosen = await doneBy(bin, replica, { sinceMs: to, group })
    return undo(place, { chosen, manner: 'Spare', command, notes }, showing)
  }
  const chosen = await oldestEach(bin, { sinceMs: to, group })
  return undo(place, { chosen, manner: 'Back', command, notes }, showing)
}

/** The first change of each contact, of these: it holds what was agreed before. */
export async function oldestEach(
  bin: Bin,
  filter: Parameters<typeof changes>[1],
): Promise<readonly Binned[]> {
  const oldest = new Map<string, Binned>()
  for await (const entry of changes(bin, filter)) oldest.set(entry.link, entry)
  return [...oldest.values()]
}
