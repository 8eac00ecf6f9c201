// Reads and keeps content right before it is deleted or overwritten. There is no conditional delete: a copy with
// another version is left alone, and a delete counts once the item can no longer be read. The callers: a plan's
// deletes, updates that overwrite unread content, and the end of a replica (deletionPolicy: RemoveCopies).
// Flow: read; keep; delete; check that it is gone; record it.
// Guarantees: only items in the bin are deleted; in a folder that left, only copies with our own stamp are removed, so
// members' own items stay; a crash in between loses nothing; one failing copy does not stop the others.
// Assumptions: no participant has the folder that left; the caller ensures this.
import type { GroupId, ItemId, LinkId, ReplicaId } from '../core/id.ts'
import { difference, empty, type ItemType } from '../core/item.ts'
import type { Found } from '../core/model.ts'
import { groupMark } from '../core/stamp.ts'
import type { Action, Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Job } from './creates.ts'
import type { Commit } from './pass-spec.ts'
import type { Baseline, CopyNote, Entry, Kept, Replica } from './ports.ts'
import { readBack } from './read-back.ts'
import type { Applied, ReplicaTally } from './tally.ts'

/** The maximum number of copies that one request reads or deletes. */
const batchMax = 50

/** An item that is to be deleted, its link, and its kept content. */
type Doomed = Readonly<{ id: ItemId; link: LinkId; kept: readonly Kept[] }>

/** The results, in order: undefined for a deleted item. `unread`: the error of reading back. */
type Removed = Readonly<{
  errors: readonly (SyncError | undefined)[]
  entries: readonly Entry[]
  unread: SyncError | undefined
}>

// Keeps the items, deletes them, and checks which are gone.
async function removed(
  replica: Replica,
  doomed: readonly Doomed[],
  commit: Commit,
  signal: AbortSignal,
): Promise<Removed> {
  await commit([{ write: 'kept', kept: doomed.flatMap(({ kept }) => kept) }])
  if (doomed.length === 0) return { errors: [], entries: [], unread: undefined }
  const ids = doomed.map(({ id }) => id)
  const answers = await replica.remove(ids, signal)
  const deleted = ids.filter((_, index) => answers[index] === undefined)
  const { back, unknown, error: unread } = await readBack(replica, deleted, signal)
  const errors = ids.map(
    (id, index) => answers[index] ?? (back.has(id) || unknown.has(id) ? notDeleted : undefined),
  )
  const entries = doomed.map(({ link }, index): Entry => {
    const result = errors[index]?.code ?? 'Done'
    return { link, replica: replica.role.id, action: 'delete', result }
  })
  return { errors, entries, unread }
}

/** The target of the deletes of a plan. */
export type Deleting = Readonly<{
  type: ItemType
  commit: Commit
  replica: Replica
  applied: Applied
  tally: ReplicaTally
}>

/** Deletes the copies that these jobs name; each is in the bin first. Rejects as the replica and the state do. */
export async function carryOutDeletes(
  jobs: readonly Job[],
  { type, commit, replica, applied, tally }: Deleting,
  signal: AbortSignal,
): Promise<void> {
  const { id } = replica.role
  const found = await replica.read(jobs.map(idOf), signal)
  const doomed = jobs.flatMap(({ step, action }, index): Doomed[] => {
    const item = found[index]
    if (item instanceof SyncError) tally.itemFailed(item)
    // A missing copy is gone, or not visible: the next listing decides; until then nothing is settled.
    else if (action.kind === 'delete' && item?.version === action.expect)
      // The agreed content is in the bin already. A copy with other content is kept, too.
      return [{ id: item.id, link: step.link.id, kept: ownContent(type, step, id, item) }]
    return []
  })
  applied.kept += doomed.flatMap(({ kept }) => kept).length
  const { errors, entries, unread } = await removed(replica, doomed, commit, signal)
  if (doomed.length === 0) return
  if (unread !== undefined) tally.failed(unread, 0)
  const copies: CopyNote[] = []
  doomed.forEach(({ id: item, link }, index) => {
    const error = errors[index]
    if (error !== undefined) tally.itemFailed(error)
    else {
      applied.deleted += 1
      tally.dealtWith(item)
      copies.push({ link, replica: id, copy: undefined })
    }
  })
  applied.written.add(id)
  await commit([
    { write: 'copies', copies },
    { write: 'entries', entries },
  ])
}

/** The server acknowledges a delete, and the item still exists. */
export const notDeleted = new SyncError(
  'stale',
  'NotDeleted',
  'the server says that the item is deleted, and it can still be read; it is tried again',
)

function idOf({ action }: Job): ItemId {
  if (action.kind === 'create') throw new Error('a new copy has no id yet')
  return action.id
}

/** Reads the copies whose user edits these updates overwrite, as they are to be kept. */
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

/** The content to keep of a copy that will be deleted; empty if it shows the agreed content, which is kept already. */
export function ownContent(
  type: ItemType,
  { link: { id: link, agreed } }: Step,
  replica: ReplicaId,
  { item, version: loss }: Found,
): readonly Kept[] {
  if (agreed !== undefined && empty(difference(type, agreed, item))) return []
  return [{ link, replica, loss, reason: 'Deleted', fields: [], item }]
}

/** The scope of removing our copies. */
export type Dismissing = Readonly<{
  group: GroupId
  baseline: Baseline
  commit: Commit
  stopping: () => boolean
  onRemoved?: (count: number) => void
}>

/**
 * Removes our copies from the folder of a replica that left, and forgets them; resolves with their number. Rejects with
 * a SyncError when the folder, or a copy in it, cannot be read or written now.
 */
export async function dismiss(
  dismissing: Dismissing,
  replica: Replica,
  signal: AbortSignal,
): Promise<number> {
  const { baseline, commit, stopping } = dismissing
  const { id } = replica.role
  const memory = (await baseline.memories()).get(id)
  // Proves that the folder can be read. Otherwise all its items would seem to be missing.
  await replica.observe(memory, baseline.known(id), signal)
  // If it takes part again before this is done, everything is listed again.
  if (memory !== undefined) {
    const memories = new Map([[id, { ...memory, seenAs: undefined }]])
    await commit([{ write: 'memories', memories }])
  }
  const ids = [...(await baseline.known(id).all()).keys()]
  let count = 0
  let failed: SyncError | undefined
  for (let from = 0; from < ids.length; from += batchMax) {
    if (stopping())
      throw new SyncError('transient', 'Progressing', 'interrupted; continues in the next pass')
    const done = await dismissed(dismissing, replica, ids.slice(from, from + batchMax), signal)
    count += done.count
    failed ??= done.failed
    dismissing.onRemoved?.(Math.min(batchMax, ids.length - from))
  }
  if (failed !== undefined) throw failed
  return count
}

/** The number of copies that would be removed; writes nothing. Rejects with a SyncError if the folder is unreadable. */
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

// Selects the items with the stamp of the group, and those that cannot be read now.
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
      // An item that is permanently unreadable stays.
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
  { group, baseline, commit }: Dismissing,
  replica: Replica,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<Readonly<{ count: number; failed: SyncError | undefined }>> {
  const { id } = replica.role
  const links = await linksBy(baseline, id, ids)
  const { ours, unread } = await oursOf(group, replica, ids, signal)
  const doomed = doomedOf(id, ours, links)
  const { errors, entries } = await removed(replica, doomed, commit, signal)
  const still = new Set([...unread.keys(), ...doomed.flatMap(failedIn(errors))])
  const copies = [...links].flatMap(([item, link]): CopyNote[] =>
    still.has(item) ? [] : [{ link, replica: id, copy: undefined }],
  )
  await commit([
    { write: 'copies', copies },
    { write: 'entries', entries },
  ])
  return { count: doomed.length - failuresIn(errors).length, failed: failureOf(unread, errors) }
}

function doomedOf(
  replica: ReplicaId,
  ours: readonly Found[],
  links: ReadonlyMap<ItemId, LinkId>,
): readonly Doomed[] {
  return ours.flatMap(({ id, version: loss, item }): Doomed[] => {
    const link = links.get(id)
    if (link === undefined) return []
    return [{ id, link, kept: [{ link, replica, loss, reason: 'Removed', fields: [], item }] }]
  })
}

function failuresIn(errors: Removed['errors']): readonly SyncError[] {
  return errors.filter((error) => error !== undefined)
}

function failureOf(
  unread: ReadonlyMap<ItemId, SyncError>,
  errors: Removed['errors'],
): SyncError | undefined {
  const refused = failuresIn(errors).find(({ kind }) => kind !== 'stale')
  const [unreadable = refused] = unread.values()
  return unreadable ?? (errors.includes(notDeleted) ? stillThere : undefined)
}

function failedIn(errors: readonly (SyncError | undefined)[]) {
  return ({ id }: Doomed, index: number) => (errors[index] === undefined ? [] : [id])
}

const stillThere = new SyncError(
  'transient',
  'CopiesNotDeleted',
  'the server says that copies are deleted, and they can still be read; it is tried again',
)
