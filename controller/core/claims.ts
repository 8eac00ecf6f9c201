// Two groups must not keep one member's folder: the older one keeps it, the other is refused.
import type { GroupId } from './id.ts'
import type { SyncGroup } from './resources.generated.ts'
import { castOf, type Place } from './roles.ts'

/** A group that may claim folders on a server. */
export type Claimant = Readonly<{
  id: GroupId
  group: SyncGroup
  server: string | undefined
  /** May the group have this member's folder at all? What it may not have, it keeps from nobody. */
  allows?: (member: Place) => boolean
}>

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
    const keys = members.map(({ role }) => JSON.stringify([server?.toLowerCase(), role.id]))
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
