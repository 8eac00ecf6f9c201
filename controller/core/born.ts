// A link that begins with items that were found: what it is called, and what their stamps say that it was called before.
import { type GroupId, linkIdOf, type ReplicaId } from './id.ts'
import { freshLink, type Link, type Observation } from './link.ts'
import type { Family } from './loose.ts'
import { isOurs, type Stamp, sourceMark } from './stamp.ts'

/** The link of a family, whose first item names it; `links`: those that are known. */
export function bornLink(
  group: GroupId,
  hub: ReplicaId | undefined,
  links: readonly Link[],
  observations: ReadonlyMap<ReplicaId, Observation>,
  family: Family,
): Link {
  const [eldest] = family
  if (eldest === undefined) throw new Error('a family without an item')
  const stamps = family.flatMap(({ found: { stamp } }) =>
    stamp !== undefined && isOurs(group, hub, stamp) ? [stamp] : [],
  )
  const aliases = [...new Set(stamps.flatMap(({ link, source }) => [link, source]))].filter(Boolean)
  const link = freshLink(linkIdOf(group, eldest.role.id, eldest.found.id), aliases)
  if (hub === undefined || family.some(({ role }) => role.hub)) return link
  const seen = observations.get(hub)
  return { ...link, source: sourceAt(hub, links, seen, stamps) }
}

// After the state was lost, what the hub lacks by now is made again there under the mark of what its copies were
// copied from, by which other groups over the hub know it.
function sourceAt(
  hub: ReplicaId,
  links: readonly Link[],
  seen: Observation | undefined,
  stamps: readonly Stamp[],
): string | undefined {
  const there = new Set([
    ...(seen?.state === 'seen' ? seen.changed : []).map(({ id }) => sourceMark(hub, id)),
    ...links.map(({ id }) => id),
  ])
  const lacks = ({ link, source }: Stamp) => !there.has(source) && !there.has(link)
  return stamps.find((stamp) => stamp.source !== '' && lacks(stamp))?.source
}
