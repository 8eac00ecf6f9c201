// Two groups must not use one folder: the older group keeps it, and the other is refused. A folder may be the hub of
// several groups, or a member of one group: the content of a member's folder must not reach another group.
//
// Guarantees: a declaration alone claims a folder only against groups of the same namespace. Another namespace is
// another tenant, which could name every folder without access to any. Between namespaces the state decides, by the
// folders in use.
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { SyncGroup } from './resources.generated.ts'
import {
  addressOf,
  namesIn,
  namespaceOf,
  type Participant,
  participantsOf,
  titleOf,
} from './topology.ts'

/** A group that may claim folders. */
export type Claimant = Readonly<{
  id: GroupId
  group: SyncGroup
  /** The key of a participant's folder (`folderKey`); undefined: it may not use the folder, so it claims nothing. */
  folderOf: (participant: Participant) => string | undefined
}>

/** The group that uses a folder, and whether as its hub. */
export type Holder = Readonly<{ group: GroupId; hub: boolean }>

/** Does the holder exclude another group from the folder? `hub`: the other group wants it as its hub. */
export function keepsFrom(holder: Holder, hub: boolean): boolean {
  return !(holder.hub && hub)
}

/** The error for a group that may not use a folder, as its hub (`hub`) or as a member's folder. */
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

/** The holder of a folder, for the status of another group. Names of other namespaces are not disclosed. */
export function holderText(group: GroupId, holder: GroupId): string {
  const { namespace } = namesIn(group)
  return holder.startsWith(`${namespace}/`) ? `the group ${holder}` : 'a group of another namespace'
}

/** A key for the folder of a place, unique among all servers. `url`: the URL of its server. */
export function folderKey({ place }: Participant, url: string): string {
  return JSON.stringify([url.toLowerCase(), addressOf(place)])
}

/** Participants of one group whose folder an earlier participant has, perhaps under another name of its server. */
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

/** The message for a participant whose folder an earlier participant has. */
export function twiceText(earlier: Participant): string {
  const who = earlier.role.hub ? 'the hub' : `the member ${titleOf(earlier.place)}`
  return `the folder is that of ${who} already: remove one of them, or name another folder`
}

/** The refused groups, each with the group that has the folder, and the name of the place. */
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
        : [{ participant, key: JSON.stringify([namespaceOf(group), folder]) }]
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
