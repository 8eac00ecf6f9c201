// What another group over the hub has made again there: the links that it may be of are looked at, and what the hub has
// of them already is read, since its stamp tells whether both were made in the same moment (core/doubles.ts).
import { madeAgainOf } from '../core/doubles.ts'
import type { LinkId } from '../core/id.ts'
import { groupMark, hubMark } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Sight } from './observe.ts'
import type { Baseline } from './ports.ts'
import type { Course } from './propose.ts'

/**
 * Adds to what was seen of the hub what must be read besides; answers the links that it is of. Rejects with a SyncError
 * when the hub cannot be read: what is new there must not be taken for another contact.
 */
export async function doublesRead(
  { group, replicas }: Course,
  baseline: Baseline,
  { observations }: Sight,
  signal: AbortSignal,
): Promise<readonly LinkId[]> {
  const hub = replicas.find(({ role }) => role.hub && role.writes && role.receives)
  const seen = hub && observations.get(hub.role.id)
  if (hub === undefined || seen?.state !== 'seen') return []
  const { id } = hub.role
  const [mine, ours] = [groupMark(group), hubMark(id)]
  const others = seen.changed.flatMap(({ stamp }) =>
    stamp !== undefined && stamp.hub === ours && stamp.group !== mine ? [stamp] : [],
  )
  if (others.length === 0) return []
  const marks = others.flatMap(({ link, source }) => [link, source]).filter(Boolean)
  const links = await baseline.links(await baseline.linksNamed([...new Set(marks)]))
  const again = links.filter((link) => others.some((stamp) => madeAgainOf(link, stamp)))
  const known = new Set([...seen.changed.map((found) => found.id), ...seen.gone])
  const held = again.flatMap(({ copies }) => copies.get(id)?.id ?? [])
  const unread = held.filter((item) => !known.has(item))
  const read = (unread.length === 0 ? [] : await hub.read(unread, signal)).flatMap(
    (one) => one ?? [],
  )
  for (const one of read) if (one instanceof SyncError && one.kind === 'transient') throw one
  const changed = read.flatMap((one) => (one instanceof SyncError ? [] : [one]))
  observations.set(id, { ...seen, changed: [...seen.changed, ...changed] })
  return again.map((link) => link.id)
}
