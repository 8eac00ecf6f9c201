// `exsync rollback`: restores the content agreed at a time, as normal edits. Contacts that are new since stay.
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Bin, Binned } from '../sync/ports/bin.ts'
import { changes, doneBy, refuseUnknown } from './history.ts'
import { typed } from './restore.ts'
import { iso } from './table.ts'
import { type Place, refuseGroup, type Showing, undo } from './undo.ts'

/**
 * Shows the content that was agreed before the time and has changed since, and requests it; see `undo`. With a replica: only
 * its own changes, unless others edited the same since. Throws a terminal HistoryTooShort if the history does not reach back
 * to the time. `retentionMs`: the least time that entries are kept.
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
    const message = `the history of ${group} reaches back only to ${iso(reachMs)}, not to ${iso(to)}: name a later time`
    throw new SyncError('terminal', 'HistoryTooShort', message)
  }
  const command = `exsync rollback ${typed(showing)}`
  const notes = ['contacts that are new since then stay; overwritten content goes into the bin']
  if (replica !== undefined) {
    const chosen = await doneBy(bin, replica, { sinceMs: to, group })
    return undo(place, { chosen, manner: 'Spare', command, notes }, showing)
  }
  const chosen = await oldestEach(bin, { sinceMs: to, group })
  return undo(place, { chosen, manner: 'Back', command, notes }, showing)
}

/** The first change of each contact among these: its entry contains the content agreed before. */
export async function oldestEach(
  bin: Bin,
  filter: Parameters<typeof changes>[1],
): Promise<readonly Binned[]> {
  const oldest = new Map<string, Binned>()
  for await (const entry of changes(bin, filter)) oldest.set(entry.link, entry)
  return [...oldest.values()]
}
