// Items that another group with the same hub has created again there, and items of this group that yielded to one of
// those, and could not be deleted. The links that they may belong to are processed, and the copies of these links in the
// hub are read: their stamps show whether both were created in the same moment (core/doubles.ts).

import { madeAgainOf } from '../core/doubles.ts'
import type { GroupId, ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Found, Link, Observation } from '../core/model.ts'
import { groupMark, hubMark, type Stamp } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Observed } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Baseline, Replica } from './ports.ts'

/**
 * Adds the items that must also be read to the observation of the hub; resolves with the links that they belong to.
 * Rejects with a SyncError when the hub cannot be read.
 */
export async function doublesRead(
  { rules, replicas }: PassSpec,
  baseline: Baseline,
  { observations, memories }: Observed,
  signal: AbortSignal,
): Promise<readonly LinkId[]> {
  const hub = replicas.find(({ role }) => role.hub && role.writes && role.receives)
  const seen = hub && observations.get(hub.role.id)
  if (hub === undefined || seen?.state !== 'seen') return []
  const { id } = hub.role
  const others = await unknownIn(rules.group, id, seen.changed, baseline)
  if (others.length === 0) return []
  const again = await madeAgain(baseline, others)
  const copies = await copiesRead(hub, again.flatMap(copyIn(id)).filter(isUnseen(seen)), signal)
  // While the copy of a link in the hub cannot be read, new items of that link wait: they must not count as other
  // contacts.
  const unsure = again.filter((link) => copyIn(id)(link).some(copies.isUnreadable))
  const waits = waitsFor(unsure, others)
  rememberWaiting(memories, id, seen.changed.filter(waits))
  observations.set(id, {
    ...seen,
    changed: [...seen.changed.filter((found) => !waits(found)), ...copies.found],
  })
  return again.map((link) => link.id)
}

// The copies that can be read, and which ones cannot.
async function copiesRead(
  hub: Replica,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<Readonly<{ found: readonly Found[]; isUnreadable: (id: ItemId) => boolean }>> {
  const read = ids.length === 0 ? [] : await hub.read(ids, signal)
  const unreadable = new Set(ids.filter((_, index) => read[index] instanceof SyncError))
  return {
    found: read.flatMap((one) => (one === undefined || one instanceof SyncError ? [] : [one])),
    isUnreadable: (id) => unreadable.has(id),
  }
}

function isUnseen({ changed, gone }: Extract<Observation, { state: 'seen' }>) {
  const known = new Set([...changed.map(({ id }) => id), ...gone])
  return (item: ItemId) => !known.has(item)
}

// The stamps of other groups with this hub, and of this group on items that are not known.
async function unknownIn(
  group: GroupId,
  hub: ReplicaId,
  changed: readonly Found[],
  baseline: Baseline,
): Promise<readonly Stamp[]> {
  const [mine, ours] = [groupMark(group), hubMark(hub)]
  const stamped = changed.filter(({ stamp }) => stamp?.hub === ours)
  const own = stamped.flatMap(({ id, stamp }) => (stamp?.group === mine ? [id] : []))
  const known = await baseline.known(hub).versions(own)
  return stamped.flatMap(({ id, stamp }) => (stamp === undefined || known.has(id) ? [] : [stamp]))
}

async function madeAgain(baseline: Baseline, others: readonly Stamp[]): Promise<readonly Link[]> {
  const marks = others.flatMap(({ link, source }) => [link, source]).filter(Boolean)
  const links = await baseline.links(await baseline.linksNamed([...new Set(marks)]))
  return links.filter((link) => others.some((stamp) => madeAgainOf(link, stamp)))
}

function copyIn(hub: ReplicaId): (link: Link) => readonly ItemId[] {
  return ({ copies }) => {
    const copy = copies.get(hub)
    return copy === undefined ? [] : [copy.id]
  }
}

function waitsFor(unsure: readonly Link[], others: readonly Stamp[]): (found: Found) => boolean {
  return ({ stamp }) =>
    stamp !== undefined && others.includes(stamp) && unsure.some((link) => madeAgainOf(link, stamp))
}

function rememberWaiting(
  memories: Observed['memories'],
  id: ReplicaId,
  waiting: readonly Found[],
): void {
  const memory = memories.get(id)
  if (memory === undefined || waiting.length === 0) return
  memories.set(id, { ...memory, recheck: [...memory.recheck, ...waiting.map((each) => each.id)] })
}
