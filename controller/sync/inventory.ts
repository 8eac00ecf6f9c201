// A whole listing of every folder, compared with the baseline for a verification. Writes nothing.

import type { Problem } from '../api/report.ts'
import type { ItemId, ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import { inParts } from './breathe.ts'
import { snapshotOf } from './continuity.ts'
import type { Observed } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import { type Baseline, notTaken, type Replica } from './ports.ts'
import { refuseClaimed } from './propose.ts'

/** One folder that can be read. `absent`: it does not exist, or another folder has its place. */
export type Place = Readonly<{ replica: Replica; role: Role; absent: boolean }>

/** All folders as they were listed. */
export type Inventory = Readonly<{
  baseline: Baseline
  places: readonly Place[]
  problems: Problem[]
  /** Items that the baseline does not know. */
  strays: ReadonlyMap<ReplicaId, readonly ItemId[]>
}>

/**
 * Lists every folder. Does not retain the content that was read. Rejects when the state cannot be read, and when the
 * signal aborts.
 */
export async function inventoryOf(spec: PassSpec, signal: AbortSignal): Promise<Inventory> {
  const { baseline, observed, before } = await snapshotOf({ ...spec, audit: true }, signal)
  await refuseClaimed(spec, observed, before)
  const places = spec.replicas.flatMap((replica) => {
    const { role } = replica
    if (observed.observations.get(role.id)?.state !== 'seen') return []
    return [{ replica, role, absent: observed.replaced.includes(role.id) }]
  })
  return {
    baseline,
    places,
    problems: problemsIn(observed),
    strays: await straysOf(baseline, observed),
  }
}

// Items that a whole listing names and the baseline does not know, including those left for a later listing.
async function straysOf(baseline: Baseline, observed: Observed): Promise<Inventory['strays']> {
  const strays = new Map<ReplicaId, readonly ItemId[]>()
  for (const [replica, seen] of observed.observations) {
    if (seen.state !== 'seen') continue
    const { recheck = [], unread = [] } = observed.memories.get(replica) ?? {}
    const hidden = unread.filter(({ code }) => code !== notTaken)
    const listed = [seen.changed, hidden].flatMap((some) => some.map(({ id }) => id))
    const ids = [...new Set([...listed, ...recheck])]
    const unknown = await inParts(ids, async (part) => {
      const known = await baseline.known(replica).versions(part)
      return part.filter((id) => !known.has(id))
    })
    strays.set(replica, unknown)
  }
  return strays
}

// A folder that was not listed, or only in part, proves nothing about its other items.
function problemsIn({ observations, odd, short, more }: Observed): Problem[] {
  const problems: Problem[] = []
  for (const [id, seen] of observations) {
    if (seen.state === 'unknown') problems.push(problemOf(id, seen.error))
    const [first] = odd.get(id) ?? []
    if (first !== undefined) problems.push(problemOf(id, first))
    else if (short.has(id) && !more.has(id)) problems.push(problemOf(id, listedInPart))
  }
  return problems
}

/** An error of a replica as its problem. */
export function problemOf(
  replica: ReplicaId,
  { kind, code, message, backOffMs }: SyncError,
): Problem {
  return { replica, kind, reason: code, message, backOffMs }
}

const listedInPart = new SyncError(
  'transient',
  'ListingShort',
  'the folder’s listing names fewer items than the folder counts: its other items are unknown; have the folder checked on the server',
)
