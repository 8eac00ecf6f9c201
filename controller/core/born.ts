// Names a new link after its first item, and takes the names that it had before from the stamps of its items.
import { linkIdOf, type ReplicaId } from './id.ts'
import type { Family } from './match-place.ts'
import { freshLink, type Link, type Observation, type Rules } from './model.ts'
import { isOurs, type Stamp, sourceMark } from './stamp.ts'

/** Returns the function that makes the link of a family, named after its first item. `links`: the known links. */
export function naming(
  { group, roles }: Rules,
  links: readonly Link[],
  observations: ReadonlyMap<ReplicaId, Observation>,
): (family: Family) => Link {
  const hub = roles.find((role) => role.hub)?.id
  const there = once(() => marksAt(hub, links, observations))
  return (family) => {
    const [first] = family
    if (first === undefined) throw new Error('a family without an item')
    const stamps = family.flatMap(({ found: { stamp } }) =>
      stamp !== undefined && isOurs(group, hub, stamp) ? [stamp] : [],
    )
    const aliases = [...new Set(stamps.flatMap(({ link, source }) => [link, source]))]
    const id = linkIdOf(group, first.role.id, first.found.id)
    const link = freshLink(id, aliases.filter(Boolean))
    if (hub === undefined || family.some(({ role }) => role.hub)) return link
    // After the loss of the state, an item that the hub lacks is created there again. It keeps the source mark of its
    // copies, by which other groups over the hub know it.
    const lacks = ({ link, source }: Stamp) => !there().has(source) && !there().has(link)
    return { ...link, source: stamps.find((each) => each.source !== '' && lacks(each))?.source }
  }
}

// The marks of the items that the hub shows, and the ids of the known links.
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
