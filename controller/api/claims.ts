// Two groups must not keep one folder: the older one keeps it, the other is refused. A folder may be the hub of several groups,
// or a member of one: what is written to a member's folder for one group must not be another group's business.
//
// Guarantees: by its declaration alone a group keeps a folder only from groups of its own namespace. Another namespace is another
// tenant, who could name every folder without having access to any: there the state decides, by the folders that groups have.
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { SyncGroup } from './resources.generated.ts'
import { addressOf, type Participant, participantsOf, titleOf } from './topology.ts'

/** A group that may claim folders. */
export type Claimant = Readonly<{
  id: GroupId
  group: SyncGroup
  /** What names a participant's folder (`folderKey`); undefined: it may not have it, and keeps it from nobody. */
  folderOf: (participant: Participant) => string | undefined
}>

/** A folder that a group has, as far as another group must know. */
export type Holder = Readonly<{ group: GroupId; hub: boolean }>

/** Does the holder keep the folder from another group, which wants it as a hub or not? */
export function keepsFrom(holder: Holder, hub: boolean): boolean {
  return !(holder.hub && hub)
}

/** Why a group may not have a folder as its hub, or as a member's. */
export function claimedBy(group: GroupId, holder: Holder, hub: boolean): SyncError {
  const what = holder.hub ? 'is the hub of' : 'belongs to'
  const remedy = hub
    ? 'name another one in spec.hub, or remove the member there'
    : holder.hub
      ? 'remove the member, or name another folder'
      : 'remove the member here or there, or name another folder'
  const message = `the folder ${what} ${holderText(group, holder.group)}: ${remedy}`
  return new SyncError('terminal', 'FolderClaimed', message)
}

/** Who holds a folder, as the owner of another group may know it: what is in other namespaces is not told. */
export function holderText(group: GroupId, holder: GroupId): string {
  const [namespace] = group.split('/')
  return holder.startsWith(`${namespace}/`) ? `the group ${holder}` : 'a group of another namespace'
}

/** What names the folder of a place among all servers, by the URL of its own. */
export function folderKey({ place }: Participant, url: string): string {
  return JSON.stringify([url.toLowerCase(), addressOf(place)])
}

/** Participants of one group whose folder an earlier one has already, under another name of its server perhaps. */
export function twiceIn(
  all: readonly Participant[],
  folderOf: Claimant['folderOf'],
): ReadonlyMap<Participant, Participant> {
  const first = new Map<string, Participant>()
  const twice = new Map<Participant, Participant>()
  for (const participant of all) {
    const folder = folderOf(participant)
    const earlier = folder === undefined ? undefined : first.get(folder)
    if (earlier !== undefined) twice.set(participant, earlier)
    else if (folder !== undefined) first.set(folder, participant)
  }
  return twice
}

/** What is wrong with a participant whose folder an earlier one has. */
export function twiceText(earlier: Participant): string {
  const who = earlier.role.hub ? 'the hub' : `the member ${titleOf(earlier.place)}`
  return `the folder is that of ${who} already: remove one of them, or name another folder`
}

/** The groups that are refused, each with the group that has the folder and the name of its place. */
export function refusedClaims(
  claimants: readonly Claimant[],
): ReadonlyMap<GroupId, Readonly<{ by: GroupId; place: string }>> {
  const age = ({ group }: Claimant) => String(group.metadata.creationTimestamp ?? '')
  const oldestFirst = [...claimants].sort((one, other) => {
    if (age(one) !== age(other)) return age(one) < age(other) ? -1 : 1
    return one.id < other.id ? -1 : 1
  })
  const holders = new Map<string, Holder>()
  const refused = new Map<GroupId, { by: GroupId; place: string }>()
  for (const { id, group, folderOf } of oldestFirst) {
    const wanted = participantsOf(group).all.flatMap((participant) => {
      const folder = folderOf(participant)
      return folder === undefined
        ? []
        : [{ participant, key: JSON.stringify([group.metadata.namespace, folder]) }]
    })
    const taken = wanted.flatMap(({ participant, key }) => {
      const holder = holders.get(key)
      if (holder === undefined || !keepsFrom(holder, participant.role.hub)) return []
      return [{ by: holder.group, place: titleOf(participant.place) }]
    })
    const [first] = taken
    if (first !== undefined) refused.set(id, first)
    else
      for (const { key, participant } of wanted)
        holders.set(key, { group: id, hub: participant.role.hub })
  }
  return refused
}
