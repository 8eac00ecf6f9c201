// Two groups over one hub may bring a contact back there in the same moment: each saw that it was gone, and neither saw
// the other's. Both items name the item that the hub had first, and the stamps name two groups. One of them stays, the
// same in both groups; what the others show is an edit of it, and they are deleted.
//
// Guarantees: what a user copied stays a contact of its own, since it bears the stamp of one and the same group; what
// yields is compared before it goes, and kept where it deviates from what all have then.
// Caveats: a user's copy of the item that yields, made before it went, is taken for it by the group that never saw it.

import type { Reading } from './edit.ts'
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import { into, type Loose } from './loose.ts'
import { type Cell, type Found, freshLink, type Link, type Role } from './model.ts'
import { hubMark, type Stamp, sourceMark } from './stamp.ts'
import type { Step } from './step.ts'

type Seen = Extract<Cell, { state: 'edited' }>

/** What the hub has twice of one link: the cell of the item that stays, and those of the items that yield. */
export type Doubles = Readonly<{ link: LinkId; stays: Seen; yields: readonly Seen[] }>

/** Was the item made again in the hub, by any group, of what this link is about? */
export function madeAgainOf(link: Link, stamp: Stamp): boolean {
  return link.aliases.includes(stamp.link) || (stamp.source !== '' && stamp.source === link.source)
}

/** What a hub that is written to has twice, of the links, of which every item was read; in the order of the links. */
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
    // While the item that the hub had first is there, nothing was made again of it.
    const made = ({ found }: Seen) =>
      found.stamp?.hub === mark && link.source !== sourceMark(hub.id, found.id)
    const own = cell.state === 'edited' && made(cell) ? [cell] : []
    if (cell.state === 'edited' && own.length === 0) return []
    // What bears this link's own stamp beside an item that was known is a user's copy of that.
    const copied = (stamp: Stamp) => cell.state !== 'absent' && stamp.link === link.id
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

// One item of each group, the link's own first: what a user copied bears the same stamp. In an order that is the same
// in every group.
function oneOfEach(seen: readonly Seen[]): readonly Seen[] {
  const groups = new Map<string, Seen>()
  for (const one of seen) {
    const group = one.found.stamp?.group ?? ''
    if (!groups.has(group)) groups.set(group, one)
  }
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each)
}

/** The steps that delete what yields; `step`: what becomes of its link. */
export function yieldingSteps(step: Step, yielded: readonly Reading[]): readonly Step[] {
  return yielded.map(({ replica, found }) => {
    const kept = step.keeps.some((keep) => keep.replica === replica && keep.loss === found.version)
    const id = digestOf('double', step.link.id, found.id) as LinkId
    return {
      // It is compared, before it is deleted, with what stays of it; what is kept already is not kept twice.
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
