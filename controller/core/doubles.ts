// Two groups with one hub may create the same contact again there at the same time: each saw it missing, and neither saw the
// other's. Both new items name the same former hub item in their stamps, and the stamps name two groups. One item stays,
// the same in both groups; the content of the others counts as an edit of it, and they are deleted.
//
// Guarantees: a user's copy stays a separate contact, because it has the stamp of the item that it was copied from. An item
// that yields is compared before its deletion, and kept in the bin if it deviates from the content that stays. An item of
// this group that could not be deleted when it yielded still yields: its stamp is not that of the item that stays.
// Caveats: if a user copied the yielding item before its deletion, a group that never saw the original takes the copy for it.

import type { Reading } from './edit.ts'
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import { into } from './many.ts'
import type { Loose } from './match-place.ts'
import { type Cell, type Found, freshLink, type Link, type Role } from './model.ts'
import { hubMark, type Stamp, sourceMark } from './stamp.ts'
import type { Step } from './step.ts'

type Seen = Extract<Cell, { state: 'edited' }>

/** The doubles of one link in the hub: the cell of the item that stays, and those of the items that yield. */
export type Doubles = Readonly<{ link: LinkId; stays: Seen; yields: readonly Seen[] }>

/** Was this item created again in the hub, by any group, for the same contact as this link? */
export function madeAgainOf(link: Link, stamp: Stamp): boolean {
  return link.aliases.includes(stamp.link) || (stamp.source !== '' && stamp.source === link.source)
}

/** The doubles in a hub that writes and receives, in the order of the links. Every item of these links has been read. */
export function doublesOf(
  hub: Role | undefined,
  links: readonly Link[],
  cells: ReadonlyMap<LinkId, ReadonlyMap<ReplicaId, Cell>>,
  loose: readonly Loose[],
): readonly Doubles[] {
  if (hub === undefined || !hub.writes || !hub.receives) return []
  const mark = hubMark(hub.id)
  const free = new Set(
    loose
      .filter(({ role, found }) => role.hub && found.stamp?.hub === mark)
      .map(({ found }) => found),
  )
  if (free.size === 0) return []
  const byMark = new Map<string, Found[]>()
  for (const found of free)
    for (const mark of new Set([found.stamp?.link, found.stamp?.source]))
      if (mark) into(byMark, mark, found)
  return links.flatMap((link) => {
    const cell = cells.get(link.id)?.get(hub.id)
    if (cell === undefined || cell.state === 'unknown' || cell.state === 'same') return []
    // While the original hub item exists, none was created again for it.
    const made = ({ found }: Seen) =>
      found.stamp?.hub === mark && link.source !== sourceMark(hub.id, found.id)
    const own = cell.state === 'edited' && made(cell) ? [cell] : []
    if (cell.state === 'edited' && own.length === 0) return []
    // An item with this link's own stamp, next to a known item, is a user's copy; exception: the known item is another
    // group's, so this one has yielded to it before.
    const isOthers = cell.state === 'edited' && cell.found.stamp?.link !== link.id
    const copied = (stamp: Stamp) => cell.state !== 'absent' && stamp.link === link.id && !isOthers
    const named = new Set(
      [...link.aliases, link.source ?? ''].flatMap((mark) => byMark.get(mark) ?? []),
    )
    const others = [...named].filter(
      (found) =>
        free.has(found) &&
        found.stamp !== undefined &&
        madeAgainOf(link, found.stamp) &&
        !copied(found.stamp),
    )
    const all = oneOfEach([...own, ...others.map((found): Seen => ({ state: 'edited', found }))])
    const [stays, ...yields] = all
    if (stays === undefined || yields.length === 0) return []
    for (const { found } of all) free.delete(found)
    return [{ link: link.id, stays, yields }]
  })
}

// One item per group, the link's own first, because a user's copy has the same stamp. The order is the same in every group.
function oneOfEach(seen: readonly Seen[]): readonly Seen[] {
  const groups = new Map<string, Seen>()
  for (const one of seen) {
    const group = one.found.stamp?.group ?? ''
    if (!groups.has(group)) groups.set(group, one)
  }
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each)
}

/** The steps that delete the yielding items; `step` is the step of their link. */
export function yieldingSteps(step: Step, yielded: readonly Reading[]): readonly Step[] {
  return yielded.map(({ replica, found }) => {
    const kept = step.keeps.some((keep) => keep.replica === replica && keep.loss === found.version)
    const id = digestOf('double', step.link.id, found.id) as LinkId
    return {
      // Before it is deleted, it is compared with this content; an item that is kept already is not kept twice.
      link: { ...freshLink(id), agreed: kept ? found.item : (step.agreed ?? step.link.agreed) },
      agreed: undefined,
      revision: 1,
      editedMs: undefined,
      keeps: [],
      replaced: [],
      restores: false,
      confirmed: false,
      actions: [{ kind: 'delete', replica, id: found.id, expect: found.version }],
      known: new Map(),
      rereads: [],
      dropped: [],
      declined: [],
      conflicts: [],
      deleters: [],
      publisher: undefined,
      later: false,
    }
  })
}
