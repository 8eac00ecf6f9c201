// A link that begins with items that were found: what it is called, and what their stamps say that it was called before.
import { type GroupId, linkIdOf, type ReplicaId } from './id.ts'
import type { Family } from './loose.ts'
import { freshLink, type Link, type Observation } from './model.ts'
import { isOurs, type Stamp, sourceMark } from './stamp.ts'

/** Names the link of a family, after its first item; `links`: those that are known. */
export function naming(
  group: GroupId,
  hub: ReplicaId | undefined,
  links: readonly Link[],
  observations: ReadonlyMap<ReplicaId, Observation>,
): (family: Family) => Link {
  const there = once(() => marksAt(hub, links, observations))
  return (family) => {
    const [eldest] = family
    if (eldest === undefined) throw new Error('a family without an item')
    const stamps = family.flatMap(({ found: { stamp } }) =>
      stamp !== undefined && isOurs(group, hub, stamp) ? [stamp] : [],
    )
    const aliases = [...new Set(stamps.flatMap(({ link, source }) => [link, source]))]
    const id = linkIdOf(group, eldest.role.id, eldest.found.id)
    const link = freshLink(id, aliases.filter(Boolean))
    if (hub === undefined || family.some(({ role }) => role.hub)) return link
    // After the state was lost, what the hub lacks by now is made again there under the mark of what its copies were
    // copied from, by which other groups over the hub know it.
    const lacks = ({ link, source }: Stamp) => !there().has(source) && !there().has(link)
    return { ...link, source: stamps.find((each) => each.source !== '' && lacks(each))?.source }
  }
}

// The marks of what the hub shows, and of the links that are known.
function marksAt(
  hub: ReplicaId | undefined,
  links: readonly Link[],
  observations: ReadonlyMap<ReplicaId, Observation>,
): ReadonlySet<string> {
  const seen = hub === undefined ? undefined : observations.get(hub)
  const marks = new Set<string>(links.map(({ id }) => id))
  for (const { id } of hub !== undefined && seen?.state === 'seen' ? seen.changed : [])
    marks.add(sourceMark(hub as ReplicaId, id))
  return marks
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
