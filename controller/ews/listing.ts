// The common part of the looks at public folders and mailbox folders: reads new and changed items, and checks that an
// item that a listing lacks, or that is reported as deleted, is really gone. An incomplete listing, or a folder that we
// may not see any more, looks like a mass deletion: so one answer alone never proves that an item is gone.
import type { ItemId, Version } from '../core/id.ts'
import type { Found } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Known } from '../sync/ports.ts'
import { type Items, readMax, type Sizes } from './batch.ts'
import type { PassedOver } from './folder-notes.ts'
import { isId, type Ref } from './operations.ts'
import type { Pool } from './pool.ts'
import { isMalformed } from './response-codes.ts'

/** The items as `Replica.read` answers them. An id that the server refuses as malformed reads as not found. */
export async function readThere(
  items: Items,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<readonly (Found | undefined | SyncError)[]> {
  const got = await items.read(ids, signal)
  return got.map((each) => (each instanceof SyncError && isMalformed(each) ? undefined : each))
}

/** The result of a read: the items, those that cannot be read, and the ids that are not found. */
export type Read = Readonly<{
  found: readonly Found[]
  passedOver: readonly PassedOver[]
  missing: readonly ItemId[]
  /** The ids left for the next look, because this pass has no more room. */
  rest: readonly ItemId[]
}>

/** The listed items whose version differs from the known one. */
export async function moved(refs: readonly Ref[], known: Known): Promise<readonly Ref[]> {
  const versions = await known.versions(refs.map(({ id }) => id))
  return refs.filter(({ id, version }) => versions.get(id) !== version)
}

/** The known items that are not listed. */
export async function lacking(refs: readonly Ref[], known: Known): Promise<readonly ItemId[]> {
  const listed = new Set(refs.map(({ id }) => id))
  return [...(await known.all()).keys()].filter((id) => !listed.has(id))
}

/** The known items that a read did not find and that are not confirmed gone. They are read again. */
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

/** The number of looks in a row that read an item again after an error that may be temporary. */
const triesMax = 3

/**
 * The items to read: those that changed, those of `recheck`, and passed-over items that may be readable by now.
 * `left`: the other passed-over items. They are not read as long as their version stays.
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
 * Reads the items, as far as the pool has room. An item that cannot be read is answered as passed over. Rejects with an
 * error that concerns more than one item.
 */
export async function readAll(
  items: Items,
  pool: Pool,
  ids: readonly ItemId[],
  context: Readonly<{ refs: readonly Ref[]; before: readonly PassedOver[]; known: Known }>,
  signal: AbortSignal,
): Promise<Read> {
  const { found, missing, malformed, failed, count } = await answersOf(
    items,
    pool,
    ids,
    context.refs,
    signal,
  )
  // A malformed id names no item: a whole listing shows whether the item still exists.
  const absent = [...missing, ...malformed]
  const hidden = await hiddenIn(absent, context)
  const errors = [...failed].filter(([, { code }]) => code !== 'OtherKind')
  for (const id of hidden) errors.push([id, notThere])
  return {
    found,
    missing: absent.filter((id) => !hidden.has(id)),
    rest: ids.slice(count),
    passedOver: await passedOver(errors, context),
  }
}

// The answers to a read, by their kind.
class Answers {
  readonly found: Found[] = []
  readonly missing: ItemId[] = []
  readonly malformed: ItemId[] = []
  readonly failed = new Map<ItemId, SyncError>()
  count = 0

  add(ids: readonly ItemId[], got: readonly (Found | undefined | SyncError)[]): void {
    ids.slice(0, got.length).forEach((id, index) => {
      const each = got[index]
      if (each === undefined) this.missing.push(id)
      else if (!(each instanceof SyncError)) this.found.push(each)
      else if (isMalformed(each)) this.malformed.push(id)
      else this.failed.set(id, each)
    })
    this.count += got.length
  }
}

// Reads page by page, as far as the pool has room.
async function answersOf(
  items: Items,
  pool: Pool,
  ids: readonly ItemId[],
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<Answers> {
  const answers = new Answers()
  const sizes = sizesIn(refs)
  for (let from = 0; from < ids.length && pool.room(from === 0) >= 0; from = answers.count) {
    const page = ids.slice(from, from + readMax)
    const got = await items.read(page, signal, sizes, pool.room(from === 0))
    answers.add(page, pool.hold(got))
  }
  return answers
}

function sizesIn(refs: readonly Ref[]): Sizes {
  return new Map(refs.flatMap(({ id, size }) => (size === undefined ? [] : [[id, size] as const])))
}

// New items that were just listed and are not found: each was deleted since, as the next look shows, or is not visible
// any more (exchange-protocol §1.5). They are read again, because no cursor and no tag would report them again.
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
  failed: readonly (readonly [ItemId, SyncError])[],
  {
    refs,
    before,
    known,
  }: Readonly<{ refs: readonly Ref[]; before: readonly PassedOver[]; known: Known }>,
): Promise<readonly PassedOver[]> {
  if (failed.length === 0) return []
  const listed = new Map(refs.map(({ id, version }) => [id, version]))
  const versions = await known.versions(failed.map(([id]) => id))
  const lastTime = new Map(before.map((each) => [each.id, each]))
  return failed.map(([id, { code }]) => {
    const last = lastTime.get(id)
    const version = listed.get(id) ?? last?.version ?? versions.get(id) ?? ('' as Version)
    const tries = last?.version === version && last.code === code ? last.tries + 1 : 1
    return { id, version, code, tries }
  })
}

/** The last look's passed-over items that still count: not gone ones, nor `NotListed` ones that this look decides. */
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

/** All items that a look passes over, each once; the latest entry of an item counts. */
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

/** The changed items that exist although they are reported as deleted or not listed; without those of `found`. */
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
 * May an unreadable item equal an item that is about to be created there? Only an unknown item that was not tried often
 * enough yet: an item that is never readable must not block all others.
 */
export async function mayHide(passedOver: readonly PassedOver[], known: Known): Promise<boolean> {
  const passing = passedOver.filter(mayPass)
  if (passing.length === 0) return false
  const ours = await known.versions(passing.map(({ id }) => id))
  return passing.some(({ id }) => !ours.has(id))
}

// May another try succeed? One failed answer does not prove that an item is corrupt. A size limit does not change.
function mayPass({ code, tries }: PassedOver): boolean {
  return tries < triesMax && code !== notListed && code !== itemTooLarge
}

/** The code of an item that can be read in its folder while the folder's listing lacks it. */
export const notListed = 'NotListed'

/** The result of GetItem for items that a listing lacks, or that are reported as deleted. */
export type Verdict = Readonly<{
  /** Not found, or found in another folder. */
  gone: readonly ItemId[]
  /** The items that still exist, as they are now. */
  there: readonly Found[]
  /** Items that cannot be read: they count as existing, and are passed over. */
  unsure: readonly PassedOver[]
  /** Malformed ids: they do not name an item at all. */
  forgotten: readonly ItemId[]
}>

/** The verdict if no item is missing. */
export const nothingLacks: Verdict = { gone: [], there: [], unsure: [], forgotten: [] }

/** The most bytes that one look reads of items that were reported as deleted and still exist. */
const thereBytes = 32 * 1024 * 1024

const enoughThere = new SyncError(
  'transient',
  'CopyNotRead',
  'too many items that the server reports as deleted still exist: the next look checks the others',
)

/** Asks by GetItem whether each item is gone from the folder. */
export async function confirmedGone(
  items: Items,
  missing: readonly ItemId[],
  known: Known,
  signal: AbortSignal,
): Promise<Verdict> {
  const wellFormed = (id: ItemId): boolean => isId(id)
  const asked = missing.filter(wellFormed)
  const got = await items.read(asked, signal, undefined, thereBytes)
  const answers = new Answers()
  // An item that was not read because of the limit is not gone.
  answers.add(
    asked,
    asked.map((_, index) => (index < got.length ? got[index] : enoughThere)),
  )
  return {
    gone: answers.missing,
    there: answers.found,
    unsure: await passedOver([...answers.failed], { refs: [], before: [], known }),
    forgotten: [...missing.filter((id) => !wellFormed(id)), ...answers.malformed],
  }
}
