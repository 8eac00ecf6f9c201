// What the looks at a public folder and at a mailbox folder have in common: reading what is new or changed, and
// making sure that what a listing lacks, or what is told deleted, is really gone. Half a listing, or a folder that we
// may no longer see, reads as a mass deletion: so nothing counts as gone on one witness alone.
import type { ItemId, Version } from '../core/id.ts'
import type { Found } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Known } from '../sync/ports.ts'
import { type Items, readMax, type Sizes } from './batch.ts'
import { type Codec, isOfClass } from './codec.ts'
import type { PassedOver } from './folder-notes.ts'
import type { FolderState } from './folder-state.ts'
import { isId, type Ref } from './operations.ts'
import type { Pool } from './pool.ts'
import { isMalformed } from './response-codes.ts'

/** The items as Replica.read answers them: what the server refuses as no id names nothing that is there. */
export async function readThere(
  items: Items,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<readonly (Found | undefined | SyncError)[]> {
  const got = await items.read(ids, signal)
  return got.map((each) => (each instanceof SyncError && isMalformed(each) ? undefined : each))
}

/** What a read brought: items, those that cannot be read, and those that are not there. */
export type Read = Readonly<{
  found: readonly Found[]
  passedOver: readonly PassedOver[]
  missing: readonly ItemId[]
  /** What was left for the next look, as this one holds enough. */
  rest: readonly ItemId[]
}>

/** Those of the listed items whose version is not the known one. */
export async function moved(refs: readonly Ref[], known: Known): Promise<readonly Ref[]> {
  const versions = await known.versions(refs.map(({ id }) => id))
  return refs.filter(({ id, version }) => versions.get(id) !== version)
}

/** What is known and not listed. */
export async function lacking(refs: readonly Ref[], known: Known): Promise<readonly ItemId[]> {
  const listed = new Set(refs.map(({ id }) => id))
  return [...(await known.all()).keys()].filter((id) => !listed.has(id))
}

/** Of what was not there when it was read: what we know, and is not confirmed gone. It is read again. */
export async function unsettled(
  missing: readonly ItemId[],
  gone: readonly ItemId[],
  known: Known,
): Promise<readonly ItemId[]> {
  if (missing.length === 0) return []
  const ours = await known.versions(missing)
  const left = new Set(gone)
  return missing.filter((id) => ours.has(id) && !left.has(id))
}

/** How many looks in a row read an item again that fails in a way that may pass. */
const triesMax = 3

/**
 * Which items are to be read: those that moved and those of `recheck`, except what was passed over before and is as it
 * was. Answers as well what of the passed over stays so unread.
 */
export function toRead(
  refs: readonly Ref[],
  recheck: readonly ItemId[],
  before: readonly PassedOver[],
): Readonly<{ ids: readonly ItemId[]; left: readonly PassedOver[] }> {
  const ids = new Set<ItemId>(recheck)
  const known = new Map(before.map((each) => [each.id, each]))
  for (const { id, version } of refs) if (known.get(id)?.version !== version) ids.add(id)
  for (const each of before) if (mayPass(each)) ids.add(each.id)
  return { ids: [...ids], left: before.filter(({ id }) => !ids.has(id)) }
}

/**
 * Reads the items. One that cannot be read is passed over, and named; an error that concerns more than an item is
 * the replica's, and thrown.
 */
export async function readAll(
  items: Items,
  pool: Pool,
  ids: readonly ItemId[],
  context: Readonly<{ refs: readonly Ref[]; before: readonly PassedOver[]; known: Known }>,
  signal: AbortSignal,
): Promise<Read> {
  const found: Found[] = []
  const missing: ItemId[] = []
  const failed = new Map<ItemId, SyncError>()
  const sizes = sizesIn(context.refs)
  let from = 0
  while (from < ids.length && pool.room(from === 0) >= 0) {
    const page = ids.slice(from, from + readMax)
    const got = await items.read(page, signal, sizes, pool.room(from === 0))
    from += got.length
    page.slice(0, got.length).forEach((id, index) => {
      const each = got[index]
      if (each instanceof SyncError) {
        // An id that is none names nothing: a whole listing tells what became of the item.
        if (isMalformed(each)) missing.push(id)
        else if (each.code !== 'OtherKind') failed.set(id, each)
        if (each.code === itemTooLarge) pool.passed()
      } else if (each === undefined) missing.push(id)
      else found.push(pool.kept(each))
    })
  }
  const hidden = await hiddenIn(missing, context)
  for (const id of hidden) failed.set(id, notThere)
  const there = missing.filter((id) => !hidden.has(id))
  const rest = ids.slice(from)
  return { found, missing: there, rest, passedOver: await passedOver(failed, context) }
}

function sizesIn(refs: readonly Ref[]): Sizes {
  return new Map(refs.flatMap(({ id, size }) => (size === undefined ? [] : [[id, size] as const])))
}

// What was listed just now, is new, and is not found: it was deleted since, as the next look tells, or it may not be
// seen any more (exchange-protocol §1.5). It is read again, since no cursor and no tag would show it once more.
async function hiddenIn(
  missing: readonly ItemId[],
  { refs, known }: Readonly<{ refs: readonly Ref[]; known: Known }>,
): Promise<ReadonlySet<ItemId>> {
  if (missing.length === 0) return new Set()
  const listed = new Set(refs.map(({ id }) => id))
  const ours = await known.versions(missing)
  return new Set(missing.filter((id) => listed.has(id) && !ours.has(id)))
}

const notThere = new SyncError(
  'stale',
  'ErrorItemNotFound',
  'the item was listed and is not found; it is read again',
)

async function passedOver(
  failed: ReadonlyMap<ItemId, SyncError>,
  {
    refs,
    before,
    known,
  }: Readonly<{ refs: readonly Ref[]; before: readonly PassedOver[]; known: Known }>,
): Promise<readonly PassedOver[]> {
  if (failed.size === 0) return []
  const listed = new Map(refs.map(({ id, version }) => [id, version]))
  const versions = await known.versions([...failed.keys()])
  const lastTime = new Map(before.map((each) => [each.id, each]))
  return [...failed].map(([id, { code }]) => {
    const last = lastTime.get(id)
    const version = listed.get(id) ?? last?.version ?? versions.get(id) ?? ('' as Version)
    const tries = last?.version === version && last.code === code ? last.tries + 1 : 1
    return { id, version, code, tries }
  })
}

/** What of the passed over of the last look still counts: not what is gone, or listed in another version. */
export function carried(
  before: readonly PassedOver[],
  {
    refs,
    gone,
    whole,
  }: Readonly<{ refs: readonly Ref[]; gone: readonly ItemId[]; whole: boolean }>,
  confirmed: readonly ItemId[],
): readonly PassedOver[] {
  if (before.length === 0) return []
  const listed = new Set(refs.map(({ id }) => id))
  const left = new Set([...gone, ...confirmed])
  return before.filter(({ id, code }) => {
    if (code === notListed) return !whole && !listed.has(id) && !left.has(id)
    return whole ? listed.has(id) : !left.has(id)
  })
}

/** All that a look leaves out, each item once; what was seen last counts. */
export function passedOverIn(
  left: readonly PassedOver[],
  read: Read,
  { there, unsure }: Verdict,
  whole: boolean,
): readonly PassedOver[] {
  const unlisted = (whole ? there : []).map(({ id, version }) => {
    return { id, version, code: notListed, tries: 1 }
  })
  const all = [...left, ...read.passedOver, ...unsure, ...unlisted]
  return [...new Map(all.map((each) => [each.id, each])).values()]
}

/** What is there although it is told deleted or not listed, and has another version than the known one. */
export async function movedThere(
  { there }: Verdict,
  found: readonly Found[],
  known: Known,
): Promise<readonly Found[]> {
  const read = new Set(found.map(({ id }) => id))
  const ids = new Set((await moved(there, known)).map(({ id }) => id))
  return there.filter(({ id }) => ids.has(id) && !read.has(id))
}

/**
 * May an item that could not be read be the equal of something that is to be made there? Only what is not known, and
 * was not tried often enough: what fails for ever must not keep all others waiting.
 */
export async function mayHide(passedOver: readonly PassedOver[], known: Known): Promise<boolean> {
  const passing = passedOver.filter(mayPass)
  if (passing.length === 0) return false
  const ours = await known.versions(passing.map(({ id }) => id))
  return passing.some(({ id }) => !ours.has(id))
}

// Was it not tried often enough yet to be given up? One answer alone proves no item corrupt; its size is told by all.
function mayPass({ code, tries }: PassedOver): boolean {
  return tries < triesMax && code !== notListed && code !== itemTooLarge
}

/** The code of an item that can be read in its folder while the folder's listing lacks it. */
export const notListed = 'NotListed'

/** What a second witness says of items that a listing lacks, or that are told deleted. */
export type Verdict = Readonly<{
  /** Not found one by one, or found in another folder. */
  gone: readonly ItemId[]
  /** There, as they are now. */
  there: readonly Found[]
  /** What cannot be read either: it is left as it is. */
  unsure: readonly PassedOver[]
  /** Ids that the server refuses as none. */
  forgotten: readonly ItemId[]
}>

/** The verdict where nothing is lacking. */
export const nothingLacks: Verdict = { gone: [], there: [], unsure: [], forgotten: [] }

/** How many bytes of items, which were told gone and are there, one look takes in. */
const thereBytes = 32 * 1024 * 1024

const enoughThere = new SyncError(
  'transient',
  'CopyNotRead',
  'too many items that the server tells as deleted are there: the next look asks for the others',
)

/** Asks for each item one by one whether it is gone from the folder. */
export async function confirmedGone(
  items: Items,
  missing: readonly ItemId[],
  known: Known,
  signal: AbortSignal,
): Promise<Verdict> {
  const wellFormed = (id: ItemId): boolean => isId(id)
  const asked = missing.filter(wellFormed)
  const forgotten = missing.filter((id) => !wellFormed(id))
  const [gone, there, failed]: [ItemId[], Found[], Map<ItemId, SyncError>] = [[], [], new Map()]
  const got = await items.read(asked, signal, undefined, thereBytes)
  asked.forEach((id, index) => {
    // One that was not asked for any more is not gone.
    const each = index < got.length ? got[index] : enoughThere
    if (each instanceof SyncError) {
      if (isMalformed(each)) forgotten.push(id)
      else failed.set(id, each)
    } else if (each === undefined) gone.push(id)
    else there.push(each)
  })
  const unsure = await passedOver(failed, { refs: [], before: [], known })
  return { gone, there, unsure, forgotten }
}

/** Throws unless the folder holds items of the kind and may be read. */
export function demandReadable(state: FolderState, { folderClass }: Codec): void {
  // Some servers keep silent about the class of a public folder; then items themselves must tell.
  if (state.class !== '' && !isOfClass(state.class, folderClass)) {
    throw new SyncError(
      'terminal',
      'WrongFolderClass',
      `the folder is of class ${state.class}, not ${folderClass}: name another folder`,
    )
  }
  if (!state.rights.read) {
    throw new SyncError(
      'terminal',
      'NoRightToRead',
      'the account may not read the folder: grant it the right',
    )
  }
}

/** Throws unless items may be created, changed and deleted in the folder. */
export function demandWritable({ rights }: FolderState): void {
  const lacking = (['create', 'modify', 'delete'] as const).filter((right) => !rights[right])
  if (lacking.length === 0) return
  throw new SyncError(
    'terminal',
    'NoRightToWrite',
    `the account may not ${lacking.join(', ')} items in the folder: grant it PublishingEditor, or make the members OneWay where it is the hub`,
  )
}
