// Looks at all replicas at once. A replica that cannot be read is unknown; it never reads as empty.
import type { LinkId, ReplicaId } from '../core/id.ts'
import type { Observation, Role } from '../core/link.ts'
import type { Aged } from '../core/rows.ts'
import { syncErrorOf } from '../core/sync-error.ts'
import type { Baseline, Look, Memory, Replica } from './ports.ts'

/** What was seen, and what each replica will remember once that has been used. */
export type Sight = Readonly<{
  observations: Map<ReplicaId, Observation>
  memories: ReadonlyMap<ReplicaId, Memory>
  /** What those who take part remembered before. */
  before: ReadonlyMap<ReplicaId, Memory>
  /** Replicas that look for the first time, or under another role than before. */
  fresh: readonly ReplicaId[]
  /** Replicas whose folder is not the one we knew: they begin anew, and nothing counts as deleted. */
  replaced: readonly ReplicaId[]
  /** Replicas whose folder went back in time: what these items show is old, not new. */
  restored: ReadonlyMap<ReplicaId, Aged>
}>

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
  audit: boolean,
  signal: AbortSignal,
): Promise<Sight> {
  const before = await baseline.memories()
  const observations = new Map<ReplicaId, Observation>()
  const memories = new Map<ReplicaId, Memory>()
  const fresh: ReplicaId[] = []
  const replaced: ReplicaId[] = []
  const restored = new Map<ReplicaId, Aged>()
  const look = async (replica: Replica, anew: boolean): Promise<void> => {
    const { id } = replica.role
    const memory = before.get(id)
    const changedLens = memory !== undefined && memory.lens !== lensOf(replica.role)
    try {
      // With another role other items count, and so does what was let pass under the old one.
      const start =
        memory !== undefined && (changedLens || anew)
          ? {
              ...memory,
              cursor: undefined,
              recheck: [...memory.recheck, ...(changedLens ? await baseline.deviating(id) : [])],
            }
          : memory
      const seen: Look = await replica.observe(start, baseline.known(id), signal)
      observations.set(id, { state: 'seen', changed: seen.changed, gone: seen.gone })
      memories.set(id, { ...seen.memory, lens: lensOf(replica.role) })
      const other = memory?.folder !== undefined && memory.folder !== seen.memory.folder
      if (other && !replaced.includes(id)) replaced.push(id)
      if (seen.restored) restored.set(id, 'all')
      else if (memory?.restored) restored.set(id, new Set(memory.recheck))
      if ((memory === undefined || changedLens || other) && !fresh.includes(id)) fresh.push(id)
    } catch (error) {
      signal.throwIfAborted()
      observations.set(id, { state: 'unknown', error: syncErrorOf(error) })
    }
  }
  await Promise.all(replicas.map((replica) => look(replica, audit)))
  // What was of no use before may be one with what somebody brings who joins.
  const others = replicas.filter(({ role: { id } }) => memories.has(id) && !fresh.includes(id))
  if (fresh.length > 0 && !audit) await Promise.all(others.map((replica) => look(replica, true)))
  const present = new Set(replicas.map(({ role }) => role.id))
  const known = new Map([...before].filter(([id]) => present.has(id)))
  return { observations, memories, before: known, fresh, replaced, restored }
}

/** The links that somebody changed, or that carry a found item's stamp. */
export async function touchedLinks(baseline: Baseline, sight: Sight): Promise<ReadonlySet<LinkId>> {
  const touched = new Set<LinkId>(await baseline.unsettled())
  for (const [replica, observation] of sight.observations) {
    if (observation.state === 'unknown') continue
    const ids = [...observation.changed.map(({ id }) => id), ...observation.gone]
    for (const link of await baseline.linksOf(replica, ids)) touched.add(link)
    for (const { stamp } of observation.changed) if (stamp !== undefined) touched.add(stamp.link)
  }
  return touched
}
