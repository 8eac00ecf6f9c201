// Lists all replicas at once. A replica that cannot be read is unknown; it never counts as empty.
import type { Attempt } from '../core/attempt.ts'
import type { Aged } from '../core/cells.ts'
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Observation, Role } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { type SyncError, syncErrorOf } from '../core/sync-error.ts'
import { inParts } from './breathe.ts'
import { doubtedAgain } from './doubt.ts'
import {
  type Baseline,
  type Listing,
  type Memory,
  notTaken,
  type Replica,
  type SeenAs,
  type Start,
  type Unread,
  UnsureError,
} from './ports.ts'

/** The observations, and the memory of each replica, which is saved once they have been used. */
export type Observed = Readonly<{
  observations: Map<ReplicaId, Observation>
  memories: Map<ReplicaId, Memory>
  /** Replicas that are listed for the first time, or under another role than before, or that were replaced. */
  fresh: readonly ReplicaId[]
  /** Replicas whose folder is not the known one: they begin from nothing, and nothing counts as deleted. */
  replaced: readonly ReplicaId[]
  /** Replicas whose folder went back in time: these items show old content, not new content. */
  rewound: ReadonlyMap<ReplicaId, Aged>
  /** Replicas whose whole folder was listed. */
  whole: ReadonlySet<ReplicaId>
  /** Replicas whose listing names fewer items than the folder counts. */
  short: ReadonlySet<ReplicaId>
  /** Replicas that have more to read. */
  more: ReadonlySet<ReplicaId>
  /** Known ids that the server refuses as invalid: these copies are forgotten. */
  forgotten: ReadonlyMap<ReplicaId, ReadonlySet<ItemId>>
  /** Oddities of the listing of a folder. */
  odd: ReadonlyMap<ReplicaId, readonly SyncError[]>
  /** The memories of replicas whose listing failed but left a checkpoint (UnsureError). */
  unsure: ReadonlyMap<ReplicaId, Memory>
}>

/** The scope of the listings: everything or only changes, and items that are read in any case. */
export type Manner = Readonly<{
  audit: boolean
  attempts: readonly Attempt[]
  /** Copies that were last read with an older codec than this one are read again, a limited number at a time. */
  codec: number
  /** Now, ms since 1970. */
  nowMs: number
  /** Called when a folder is listed. */
  onListed?: (replica: ReplicaId) => void
}>

/** The maximum number of copies of a folder that one pass reads again after an upgrade of the codec. */
const outdatedMax = 500

/** The parts of a role that a memory records. When they change, everything must be listed again. */
export function seenAs({ writes, receives, drift, private: hidden }: Role): SeenAs {
  return { writes, receives, drift, private: hidden }
}

/**
 * Observes every replica, from the beginning when auditing. A replica that fails is unknown. Rejects only when the
 * signal aborts, or the state cannot be read.
 */
export async function observe(
  replicas: readonly Replica[],
  baseline: Baseline,
  manner: Manner,
  signal: AbortSignal,
): Promise<Observed> {
  const memories = await baseline.memories()
  const results = replicas.map((replica) =>
    observeOne(replica, memories.get(replica.role.id), baseline, manner, signal),
  )
  const observed = observedOf(await Promise.all(results))
  const again = await doubtedAgain(memories, observed, baseline)
  return {
    ...observed,
    memories: new Map([...observed.memories, ...again]),
    short: new Set([...observed.short, ...again.map(([id]) => id)]),
  }
}

type Seen = Readonly<{
  id: ReplicaId
  before: Memory | undefined
  listing: Listing
  memory: Memory
  /** Is the role another one than at the last listing? */
  roleChanged: boolean
}>
type Unseen = Readonly<{ id: ReplicaId; error: SyncError; unsure: Memory | undefined }>

async function observeOne(
  replica: Replica,
  before: Memory | undefined,
  baseline: Baseline,
  manner: Manner,
  signal: AbortSignal,
): Promise<Seen | Unseen> {
  const { role } = replica
  const { id } = role
  const roleChanged = before !== undefined && !isSame(before.seenAs, role)
  try {
    const outdated =
      before?.codec === manner.codec ? [] : await baseline.outdated(id, manner.codec, outdatedMax)
    // Under another role other items count, including those that the former role ignored.
    const more = roleChanged ? [...outdated, ...(await baseline.deviating(id))] : outdated
    const start = before && startFrom(id, before, { ...manner, more, roleChanged })
    const listing = await replica.observe(start, baseline.known(id), signal)
    manner.onListed?.(id)
    const memory: Memory = {
      checkpoint: listing.checkpoint,
      seenAs: seenAs(role),
      place: replica.place,
      recheck: listing.recheck,
      unread: unreadAfter(before, listing, manner.nowMs),
      codec: outdated.length === 0 ? manner.codec : undefined,
    }
    return { id, before, listing, memory, roleChanged }
  } catch (error) {
    signal.throwIfAborted()
    const unsure = error instanceof UnsureError && before !== undefined
    return {
      id,
      error: syncErrorOf(error),
      unsure: unsure
        ? { ...before, checkpoint: error.checkpoint, place: replica.place }
        : undefined,
    }
  }
}

function isSame(before: SeenAs | undefined, role: Role): boolean {
  if (before === undefined) return false
  const { writes, receives, drift, private: hidden } = before
  return (
    writes === role.writes &&
    receives === role.receives &&
    drift === role.drift &&
    hidden === role.private
  )
}

function startFrom(
  id: ReplicaId,
  { checkpoint, recheck, relist = false, unread = [] }: Memory,
  {
    audit,
    attempts,
    more,
    roleChanged,
  }: Manner & Readonly<{ more: readonly ItemId[]; roleChanged: boolean }>,
): Start {
  const acknowledged = attempts.filter((each) => each.replica === id)
  const marked = new Set(unread.filter(({ again }) => again).map((each) => each.id))
  const again = audit ? unread.filter(({ code }) => code !== notTaken) : []
  const items = [...again, ...acknowledged.flatMap((each) => each.items)]
  return {
    checkpoint,
    recheck: [...new Set([...recheck, ...items.map((each) => each.id), ...more])],
    whole: relist || roleChanged || audit,
    retry: audit ? 'all' : marked,
  }
}

// The items that cannot be read, each with the time of its first failure; and the copies that did not take a change,
// until they are read or gone.
function unreadAfter(
  before: Memory | undefined,
  { checkpoint, changed, gone, forgotten = [], unread = [] }: Listing,
  nowMs: number,
): readonly Unread[] {
  const known = before?.unread ?? []
  const since = new Map(known.map(({ id, sinceMs }) => [id, sinceMs]))
  const now = unread.map(({ id, code }) => ({ id, code, sinceMs: since.get(id) ?? nowMs }))
  if (before?.checkpoint.folder !== checkpoint.folder) return now
  const news = new Set([...changed, ...unread].map(({ id }) => id).concat(gone, forgotten))
  return [...now, ...known.filter(({ id, code }) => code === notTaken && !news.has(id))]
}

function observedOf(results: readonly (Seen | Unseen)[]): Observed {
  const seen = results.filter((each): each is Seen => 'listing' in each)
  const unseen = results.filter((each): each is Unseen => !('listing' in each))
  const where = (has: (listing: Listing) => boolean | undefined) =>
    new Set(seen.filter(({ listing }) => has(listing)).map(({ id }) => id))
  const isReplaced = ({ before, listing }: Seen) =>
    before?.checkpoint.folder !== undefined &&
    before.checkpoint.folder !== listing.checkpoint.folder
  const isFresh = (each: Seen) => each.before === undefined || each.roleChanged || isReplaced(each)
  const odd = where((listing) => (listing.odd?.length ?? 0) > 0)
  const forgotten = where((listing) => (listing.forgotten?.length ?? 0) > 0)
  const some = <Value>(ids: ReadonlySet<ReplicaId>, of: (listing: Listing) => Value) =>
    new Map(seen.flatMap(({ id, listing }) => (ids.has(id) ? [[id, of(listing)] as const] : [])))
  return {
    observations: new Map(results.map((each) => [each.id, observationOf(each)])),
    memories: new Map(seen.map(({ id, memory }) => [id, memory])),
    fresh: seen.filter(isFresh).map(({ id }) => id),
    replaced: seen.filter(isReplaced).map(({ id }) => id),
    rewound: new Map(seen.flatMap(rewoundOf)),
    whole: where((listing) => listing.whole),
    short: where((listing) => listing.short),
    more: where((listing) => listing.more),
    forgotten: some(forgotten, (listing) => new Set(listing.forgotten)),
    odd: some(odd, (listing) => listing.odd ?? []),
    unsure: new Map(unseen.flatMap(({ id, unsure }) => (unsure ? [[id, unsure] as const] : []))),
  }
}

function observationOf(each: Seen | Unseen): Observation {
  if (!('listing' in each)) return { state: 'unknown', error: each.error }
  const { changed, gone, unread = [] } = each.listing
  const large = new Set(unread.filter(({ code }) => code === itemTooLarge).map(({ id }) => id))
  return { state: 'seen', changed, gone, ...(large.size > 0 && { large }) }
}

function rewoundOf({ id, before, listing }: Seen): readonly (readonly [ReplicaId, Aged])[] {
  if (listing.rewound) return [[id, 'all']]
  return before?.rewound ? [[id, new Set(before.recheck)]] : []
}

/** The links that changed in a replica, that a replica is behind with, or that the stamp of a found item names. */
export async function touchedLinks(
  baseline: Baseline,
  observed: Observed,
): Promise<ReadonlySet<LinkId>> {
  const touched = new Set<LinkId>(await baseline.unsettled())
  for (const [replica, ids] of observed.forgotten)
    for (const link of await inParts([...ids], (part) => baseline.linksOf(replica, part)))
      touched.add(link)
  for (const [replica, observation] of observed.observations) {
    if (observation.state === 'unknown') continue
    const ids = [...observation.changed.map(({ id }) => id), ...observation.gone]
    for (const link of await inParts(ids, (part) => baseline.linksOf(replica, part)))
      touched.add(link)
    for (const { stamp } of observation.changed) if (stamp !== undefined) touched.add(stamp.link)
  }
  return touched
}
