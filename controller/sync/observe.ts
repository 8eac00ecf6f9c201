// Looks at all replicas at once. A replica that cannot be read is unknown; it never reads as empty.
import type { Attempt } from '../core/attempt.ts'
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Observation, Role } from '../core/model.ts'
import type { Aged } from '../core/rows.ts'
import { itemTooLarge } from '../core/scope.ts'
import { type SyncError, syncErrorOf } from '../core/sync-error.ts'
import { inParts } from './breathe.ts'
import { doubtedAgain, unreadIn } from './doubt.ts'
import {
  type Baseline,
  type Look,
  type Memory,
  type PassedOver,
  type Replica,
  UnsureError,
} from './ports.ts'

/** What was seen, and what each replica will remember once that has been used. */
export type Observed = Readonly<{
  observations: Map<ReplicaId, Observation>
  memories: Map<ReplicaId, Memory>
  /** Replicas that look for the first time, or under another role than before. */
  fresh: readonly ReplicaId[]
  /** Replicas whose folder is not the one we knew: they begin anew, and nothing counts as deleted. */
  replaced: readonly ReplicaId[]
  /** Replicas whose folder went back in time: what these items show is old, not new. */
  restored: ReadonlyMap<ReplicaId, Aged>
  /** Replicas of which the whole folder was listed. */
  whole: ReadonlySet<ReplicaId>
  /** Replicas whose listing names fewer items than the folder counts. */
  short: ReadonlySet<ReplicaId>
  /** Replicas of which more is to be read. */
  more: ReadonlySet<ReplicaId>
  /** Known ids that are no ids: these copies are forgotten. */
  forgotten: ReadonlyMap<ReplicaId, ReadonlySet<ItemId>>
  /** What is odd about a folder's listing. */
  odd: ReadonlyMap<ReplicaId, readonly SyncError[]>
  /** What looks that could not be made leave to remember. */
  unsure: ReadonlyMap<ReplicaId, Memory>
}>

/** How a pass looks: at everything, or only at what changed; and which items besides, whatever has changed. */
export type Manner = Readonly<{
  audit: boolean
  attempts: readonly Attempt[]
  /** Copies that were read last under an older codec than this one are read again, so many at a time. */
  codec: number
  /** Now, ms since 1970. */
  nowMs: number
}>

/** How many copies of a folder one pass reads again after an upgrade of the codec. */
const outdatedMax = 500

/** Under which role a replica looks: another one must look at everything again. */
export function lensOf(role: Role): string {
  const { writes, receives, drift, private: hidden } = role
  return [writes ? 'writes' : '', receives ? 'receives' : '', drift, hidden].join(',')
}

/** What a lens tells of the role that looked. */
export function roleUnder(lens: string): Readonly<{ receives: boolean; private: string }> {
  const [, receives, , hidden = ''] = lens.split(',')
  return { receives: receives === 'receives', private: hidden }
}

/** Observes every replica, anew when auditing; never rejects, except for the caller's own abort. */
export async function observe(
  replicas: readonly Replica[],
  baseline: Baseline,
  { audit, attempts, codec, nowMs }: Manner,
  signal: AbortSignal,
): Promise<Observed> {
  const before = await baseline.memories()
  const observations = new Map<ReplicaId, Observation>()
  const memories = new Map<ReplicaId, Memory>()
  const fresh: ReplicaId[] = []
  const replaced: ReplicaId[] = []
  const restored = new Map<ReplicaId, Aged>()
  const whole = new Set<ReplicaId>()
  const short = new Set<ReplicaId>()
  const more = new Set<ReplicaId>()
  const forgotten = new Map<ReplicaId, ReadonlySet<ItemId>>()
  const odd = new Map<ReplicaId, readonly SyncError[]>()
  const unsure = new Map<ReplicaId, Memory>()
  const look = async (replica: Replica): Promise<void> => {
    const { id } = replica.role
    const memory = before.get(id)
    const changedLens = memory !== undefined && memory.lens !== lensOf(replica.role)
    try {
      const acknowledged = attempts.filter((each) => each.replica === id)
      const outdated =
        memory?.codec === codec ? [] : await baseline.outdated(id, codec, outdatedMax)
      const start = memory && {
        ...(changedLens || audit ? fromScratch(memory, audit) : memory),
        recheck: [
          ...new Set([
            ...memory.recheck,
            ...(audit ? unreadIn(memory).map((each) => each.id) : []),
            ...acknowledged.flatMap(({ items }) => items.map((each) => each.id)),
            // With another role other items count, and so does what was let pass under the old one.
            ...(changedLens ? await baseline.deviating(id) : []),
            ...outdated,
          ]),
        ],
      }
      const seen: Look = await replica.observe(start, baseline.known(id), signal)
      if (seen.whole) whole.add(id)
      if (seen.short) short.add(id)
      if (seen.more) more.add(id)
      if (seen.forgotten?.length) forgotten.set(id, new Set(seen.forgotten))
      if (seen.odd?.length) odd.set(id, seen.odd)
      const large = new Set(largeIn(seen.memory).map((each) => each.id))
      const { changed, gone } = seen
      observations.set(id, { state: 'seen', changed, gone, ...(large.size > 0 && { large }) })
      const passedOver = dated(seen.memory.passedOver ?? [], memory?.passedOver ?? [], nowMs)
      const current = outdated.length === 0 ? codec : undefined
      const noted = { lens: lensOf(replica.role), place: replica.place }
      memories.set(id, { ...seen.memory, passedOver, codec: current, ...noted })
      const other = memory?.folder !== undefined && memory.folder !== seen.memory.folder
      if (other) replaced.push(id)
      if (seen.restored) restored.set(id, 'all')
      else if (memory?.restored) restored.set(id, new Set(memory.recheck))
      if (memory === undefined || changedLens || other) fresh.push(id)
    } catch (error) {
      signal.throwIfAborted()
      observations.set(id, { state: 'unknown', error: syncErrorOf(error) })
      if (error instanceof UnsureError) unsure.set(id, { ...error.memory, place: replica.place })
    }
  }
  await Promise.all(replicas.map(look))
  const seen = { observations, memories, fresh, replaced, restored }
  for (const [id, memory] of await doubtedAgain(before, { ...seen, more }, baseline)) {
    memories.set(id, memory)
    short.add(id)
  }
  return { ...seen, whole, short, more, forgotten, odd, unsure }
}

function largeIn({ passedOver = [] }: Memory): readonly PassedOver[] {
  return passedOver.filter(({ code }) => code === itemTooLarge)
}

function dated(
  now: readonly PassedOver[],
  before: readonly PassedOver[],
  nowMs: number,
): readonly PassedOver[] {
  const since = new Map(before.map(({ id, sinceMs }) => [id, sinceMs]))
  return now.map((each) => ({ ...each, sinceMs: since.get(each.id) ?? nowMs }))
}

// Everything is listed; at an audit what was passed over is tried again, too.
function fromScratch(memory: Memory, audit: boolean): Memory {
  if (!audit) return { ...memory, cursor: undefined }
  const unread = new Set(unreadIn(memory))
  const passedOver = memory.passedOver?.filter((each) => !unread.has(each))
  return { ...memory, cursor: undefined, passedOver }
}

/** The links that somebody changed, or that carry a found item's stamp. */
export async function touchedLinks(
  baseline: Baseline,
  sight: Observed,
): Promise<ReadonlySet<LinkId>> {
  const touched = new Set<LinkId>(await baseline.unsettled())
  for (const [replica, ids] of sight.forgotten)
    for (const link of await inParts([...ids], (part) => baseline.linksOf(replica, part)))
      touched.add(link)
  for (const [replica, observation] of sight.observations) {
    if (observation.state === 'unknown') continue
    const ids = [...observation.changed.map(({ id }) => id), ...observation.gone]
    for (const link of await inParts(ids, (part) => baseline.linksOf(replica, part)))
      touched.add(link)
    for (const { stamp } of observation.changed) if (stamp !== undefined) touched.add(stamp.link)
  }
  return touched
}
