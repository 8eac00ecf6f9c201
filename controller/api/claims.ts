// Two groups must not keep one member's folder: the older one keeps it, the other is refused.
//
// Guarantees: by its declaration alone a group keeps a folder only from groups of its own namespace. Another namespace is another
// tenant, who could name every folder without having access to any: there the state decides, by the folders that groups have.
import type { GroupId } from '../core/id.ts'
import type { SyncGroup } from './resources.generated.ts'
import { castOf, type Place } from './topology.ts'

/** A group that may claim folders on a server. */
export type Claimant = Readonly<{
  id: GroupId
  group: SyncGroup
  server: string | undefined
  /** May the group have this member's folder at all? What it may not have, it keeps from nobody. */
  allows?: (member: Place) => boolean
}>

/** Who holds a folder, as the owner of another group may know it: what is in other namespaces is not told. */
export function holderText(group: GroupId, holder: GroupId): string {
  const [namespace] = group.split('/')
  return holder.startsWith(`${namespace}/`) ? `the group ${holder}` : 'a group of another namespace'
}

/** The groups that are refused, each with the group that has the folder and the member that it is of. */
export function refusedClaims(
  claimants: readonly Claimant[],
): ReadonlyMap<GroupId, Readonly<{ by: GroupId; mailbox: string }>> {
  const age = ({ group }: Claimant) => String(group.metadata.creationTimestamp ?? '')
  const oldestFirst = [...claimants].sort((one, other) => {
    if (age(one) !== age(other)) return age(one) < age(other) ? -1 : 1
    return one.id < other.id ? -1 : 1
  })
  const holders = new Map<string, GroupId>()
  const refused = new Map<GroupId, { by: GroupId; mailbox: string }>()
  for (const { id, group, server, allows = () => true } of oldestFirst) {
    const members = castOf(group).members.filter(allows)
    const { namespace } = group.metadata
    const where = [namespace, server?.toLowerCase()]
    const keys = members.map(({ role }) => JSON.stringify([...where, role.id]))
    const taken = keys.findIndex((key) => holders.has(key))
    if (taken < 0) for (const key of keys) holders.set(key, id)
    else
      refused.set(id, {
        by: holders.get(keys[taken] ?? '') ?? id,
        mailbox: members[taken]?.mailbox ?? '',
      })
  }
  return refused
}
