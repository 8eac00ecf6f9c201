// Deletes of one replica, carried out. There is no conditional delete: each item is read right before, kept as it is,
// and left alone when it moved. A delete counts once the item can no longer be read.
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { ItemType } from '../core/item.ts'
import type { Found } from '../core/model.ts'
import type { Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Job } from './creates.ts'
import { ownContent } from './overwritten.ts'
import type { Baseline, Entry, Moment, Replica } from './ports.ts'
import { readBack } from './read-back.ts'
import type { Applied, ReplicaTally } from './tally.ts'

/** Where deletes are carried out. */
export type Deleting = Readonly<{
  site: Readonly<{ type: ItemType; baseline: Baseline; at: () => Moment }>
  replica: Replica
  applied: Applied
  tally: ReplicaTally
}>

/** Deletes the copies that these jobs name, each into the bin first. Rejects as the replica and the state do. */
export async function carryOutDeletes(
  jobs: readonly Job[],
  { site, replica, applied, tally }: Deleting,
  signal: AbortSignal,
): Promise<void> {
  const { role } = replica
  const { type } = site
  const found = await replica.read(jobs.map(idOf), signal)
  const doomed: { job: Job; item: Found }[] = []
  jobs.forEach((job, index) => {
    const item = found[index]
    if (item instanceof SyncError) tally.itemFailed(item)
    // Gone already, or not to be seen any more? The next look tells; until then nothing is settled.
    else if (job.action.kind === 'delete' && item?.version === job.action.expect)
      doomed.push({ job, item })
  })
  // The agreed content is in the bin already; a copy that shows something else is kept as well.
  const kept = doomed.flatMap(({ job: { step }, item }) => ownContent(type, step, role.id, item))
  applied.kept += kept.length
  await site.baseline.commit({ at: site.at(), writes: [{ write: 'kept', kept }] })
  if (doomed.length === 0) return
  const answers = await replica.remove(
    doomed.map(({ item }) => item.id),
    signal,
  )
  const entries: Entry[] = []
  const done: { link: Step['link']['id']; replica: ReplicaId; copy: undefined }[] = []
  const deleted = doomed.flatMap(({ item }, index) =>
    answers[index] === undefined ? [item.id] : [],
  )
  const { back, unknown, error: unread } = await readBack(replica, deleted, signal)
  if (unread !== undefined) tally.failed(unread, 0)
  doomed.forEach(({ job, item }, index) => {
    const still = unknown.has(item.id) || back.has(item.id)
    const error = answers[index] ?? (still ? notDeleted : undefined)
    const link = job.step.link.id
    entries.push({ link, replica: role.id, action: 'delete', result: error?.code ?? 'Done' })
    if (error !== undefined) tally.itemFailed(error)
    else {
      applied.deleted += 1
      tally.dealtWith(idOf(job))
      done.push({ link, replica: role.id, copy: undefined })
    }
  })
  applied.written.add(role.id)
  await site.baseline.commit({
    at: site.at(),
    writes: [
      { write: 'copies', copies: done },
      { write: 'entries', entries },
    ],
  })
}

/** The server says that an item is deleted, and it is still there. */
export const notDeleted = new SyncError(
  'stale',
  'NotDeleted',
  'the server says that the item is deleted, and it can still be read; it is tried again',
)

function idOf({ action }: Job): ItemId {
  if (action.kind === 'create') throw new Error('a new copy has no id yet')
  return action.id
}
