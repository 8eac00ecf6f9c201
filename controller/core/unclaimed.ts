// Orphans: items without a link that every pass reads again until they have one, so that no copy is created twice. They
// are
// - our own copies, and items that have copies: the state was lost, and their equals could not be read yet;
// - all items without a link, while another folder may hold more items than were listed: their equals may appear there.
import { type ItemId, linkIdOf, type ReplicaId } from './id.ts'
import type { Found, Observation, Rules } from './model.ts'
import { sharedMarks, type View } from './rows.ts'
import { groupMark, hubMark, sourceMark } from './stamp.ts'
import type { Plan } from './step.ts'
import type { Work } from './work.ts'

/** The orphans among the seen items, by replica. */
export function* orphansOf(
  rules: Rules,
  view: View,
  observations: ReadonlyMap<ReplicaId, Observation>,
  { steps }: Plan,
): Work<ReadonlyMap<ReplicaId, readonly ItemId[]>> {
  const group = groupMark(rules.group)
  const hub = hubMark(rules.roles.find((role) => role.hub)?.id)
  const linked = new Map<ReplicaId, Set<ItemId>>()
  const note = (replica: ReplicaId, id: ItemId) =>
    linked.set(replica, (linked.get(replica) ?? new Set()).add(id))
  for (const { copies } of [...view.links, ...steps.map(({ known }) => ({ copies: known }))])
    for (const [replica, { id }] of copies) note(replica, id)
  for (const { actions } of steps)
    for (const action of actions) if (action.kind !== 'create') note(action.replica, action.id)
  const shared = sharedMarks(rules, view)
  const short = [...(view.short ?? [])]
  const counts = (replica: ReplicaId, { id, stamp }: Found) => {
    if (short.some((other) => other !== replica)) return true
    return stamp?.group === group
      ? stamp.hub === hub
      : shared.has(sourceMark(replica, id)) || shared.has(linkIdOf(rules.group, replica, id))
  }
  const orphans = new Map<ReplicaId, readonly ItemId[]>()
  for (const [replica, seen] of observations) {
    if (seen.state === 'unknown') continue
    const loose = seen.changed.filter(({ id }) => !linked.get(replica)?.has(id))
    const ids: ItemId[] = []
    for (const one of loose) {
      yield 0.2
      if (counts(replica, one)) ids.push(one.id)
    }
    if (ids.length > 0) orphans.set(replica, ids)
  }
  return orphans
}
