// Removing our copies from a folder that takes no part any more (deletionPolicy: RemoveCopies).
//
// Flow: read the copies that are written down, batch by batch; keep each as it is; delete it; see that it is gone; forget it.
// Guarantees: only what carries our own stamp is removed, so what members entered themselves stays; nothing
// is deleted that is not in the bin; it may die anywhere, and goes on; one copy that fails keeps no other.
// Assumptions: nobody who still takes part has this folder; whoever calls makes sure of that.
import type { Holder } from '../api/claims.ts'
import type { GroupId, ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Found } from '../core/model.ts'
import { groupMark } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'
import { notDeleted } from './deleting.ts'
import type { Baseline, Memory, Moment, Replica } from './ports.ts'
import { readBack } from './read-back.ts'

/** How many copies one request reads and one deletes. */
const batchMax = 50

/** How many copies were removed. Rejects with a SyncError when the folder, or a copy in it, cannot be read or written now. */
export async function dismiss(
  group: GroupId,
  replica: Replica,
  baseline: Baseline,
  at: () => Moment,
  stopping: () => boolean,
  signal: AbortSignal,
): Promise<number> {
  const { id } = replica.role
  const memory = (await baseline.memories()).get(id)
  // Proves that the folder may be read: else everything in it would just not be found.
  await replica.observe(memory, baseline.known(id), signal)
  // Should it take part again before this is done, everything is looked at anew.
  if (memory !== undefined)
    await baseline.commit({
      at: at(),
      writes: [{ write: 'memories', memories: new Map([[id, { ...memory, lens: 'leaving' }]]) }],
    })
  const ids = [...(await baseline.known(id).all()).keys()]
  let removed = 0
  let failed: SyncError | undefined
  for (let from = 0; from < ids.length; from += batchMax) {
    if (stopping())
      throw new SyncError('transient', 'Progressing', 'it was stopped, and is gone on with')
    const batch = ids.slice(from, from + batchMax)
    const done = await dismissed(group, replica, baseline, batch, at, signal)
    removed += done.removed
    failed ??= done.failed
  }
  if (failed !== undefined) throw failed
  return removed
}

/**
 * Whether our copies may be removed from the folder of one who left: not while somebody who takes part may
 * have the very folder, under another address or path, and not when another group has it.
 */
export function mayDismiss(
  memory: Memory | undefined,
  present: readonly (Memory | undefined)[],
  claims: ReadonlyMap<string, Holder>,
): 'yes' | 'wait' | 'no' {
  const folder = memory?.folder
  if (folder === undefined || claims.has(folder)) return 'no'
  if (present.some((each) => each?.folder === folder)) return 'no'
  return present.includes(undefined) ? 'wait' : 'yes'
}

/** How many copies would be removed; writes nothing. Rejects with a SyncError when the folder cannot be read now. */
export async function dismissible(
  group: GroupId,
  replica: Replica,
  baseline: Baseline,
  signal: AbortSignal,
): Promise<number> {
  const { id } = replica.role
  await replica.observe((await baseline.memories()).get(id), baseline.known(id), signal)
  const ids = [...(await baseline.known(id).all()).keys()]
  let count = 0
  for (let from = 0; from < ids.length; from += batchMax) {
    const { ours } = await oursOf(group, replica, ids.slice(from, from + batchMax), signal)
    count += ours.length
  }
  return count
}

// Of the items those that carry the group's stamp, and those that cannot be read now.
async function oursOf(
  group: GroupId,
  replica: Replica,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<Readonly<{ ours: readonly Found[]; unread: ReadonlyMap<ItemId, SyncError> }>> {
  const ours: Found[] = []
  const unread = new Map<ItemId, SyncError>()
  const read = await replica.read(ids, signal)
  ids.forEach((id, index) => {
    const item = read[index]
    if (item instanceof SyncError) {
      // What cannot be read for good stays where it is.
      if (item.kind !== 'terminal') unread.set(id, item)
    } else if (item?.stamp?.group === groupMark(group)) ours.push(item)
  })
  return { ours, unread }
}

async function linksBy(
  baseline: Baseline,
  replica: ReplicaId,
  ids: readonly ItemId[],
): Promise<ReadonlyMap<ItemId, LinkId>> {
  const links = new Map<ItemId, LinkId>()
  for (const id of ids) {
    const [link] = await baseline.linksOf(replica, [id])
    if (link !== undefined) links.set(id, link)
  }
  return links
}

async function dismissed(
  group: GroupId,
  replica: Replica,
  baseline: Baseline,
  ids: readonly ItemId[],
  at: () => Moment,
  signal: AbortSignal,
): Promise<Readonly<{ removed: number; failed: SyncError | undefined }>> {
  const { id } = replica.role
  const links = await linksBy(baseline, id, ids)
  const { ours, unread } = await oursOf(group, replica, ids, signal)
  const kept = ours.flatMap(({ id: item, version: loss, item: content }) => {
    const link = links.get(item)
    if (link === undefined) return []
    return [{ link, replica: id, loss, reason: 'Removed' as const, fields: [], item: content }]
  })
  await baseline.commit({ at: at(), writes: [{ write: 'kept', kept }] })
  const doomed = ours.map((item) => item.id)
  const answers = doomed.length === 0 ? [] : await replica.remove(doomed, signal)
  const { back, unknown } = await readBack(replica, doomed, signal)
  const errorOf = (item: ItemId, index: number) =>
    answers[index] ?? (back.has(item) || unknown.has(item) ? notDeleted : undefined)
  const errors = doomed.map(errorOf)
  const still = new Set(doomed.filter((_, index) => errors[index] !== undefined))
  const gone = [...links].filter(([item]) => !still.has(item) && !unread.has(item))
  await baseline.commit({
    at: at(),
    writes: [
      { write: 'copies', copies: gone.map(([, link]) => ({ link, replica: id, copy: undefined })) },
      {
        write: 'entries',
        entries: doomed.flatMap((item, index) => {
          const [link, result] = [links.get(item), errors[index]?.code ?? 'Done']
          return link === undefined
            ? []
            : [{ link, replica: id, action: 'delete' as const, result }]
        }),
      },
    ],
  })
  const refused = errors.find((error) => error !== undefined && error.kind !== 'stale')
  const [unreadable = refused] = unread.values()
  const left = errors.includes(notDeleted) ? stillThere : undefined
  return { removed: doomed.length - still.size, failed: unreadable ?? left }
}

const stillThere = new SyncError(
  'transient',
  'CopiesNotDeleted',
  'the server says that copies are deleted, and they can still be read; it is tried again',
)
