// Groups that claim one folder, as far as their files show it: the controller would refuse one of them (FolderClaimed).
import { type Claimant, claimedBy, folderKey, keepsFrom, refusedClaims } from '../api/claims.ts'
import { type Participant, participantsOf } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import type { Fault } from './problem.ts'

/** A group with its place in the files, and the key of the folder of a participant (`folderKey`), if it may use it. */
export type Claiming = Claimant & Readonly<{ at: string }>

/** The faults of the groups that would be refused, by their ids. Groups of one namespace count only. */
export function claimFaults(groups: readonly Claiming[]): ReadonlyMap<GroupId, readonly Fault[]> {
  const known = new Map(groups.map((group) => [group.id, group]))
  const faults = [...refusedClaims(groups)].flatMap(([id, { by }]) => {
    const [refused, holder] = [known.get(id), known.get(by)]
    return refused && holder ? [[id, faultsOf(refused, holder)] as const] : []
  })
  return new Map(faults)
}

function faultsOf(refused: Claiming, holder: Claiming): readonly Fault[] {
  const held = new Map(
    participantsOf(holder.group).all.map((each) => [holder.folderOf(each), each.role.hub] as const),
  )
  const { members, all } = participantsOf(refused.group)
  return all.flatMap((participant) => {
    const folder = refused.folderOf(participant)
    const hub = folder === undefined ? undefined : held.get(folder)
    if (hub === undefined || !keepsFrom({ group: holder.id, hub }, participant.role.hub)) return []
    const { message } = claimedBy(refused.id, { group: holder.id, hub }, participant.role.hub)
    return [
      { path: pathOf(participant, members), at: 'value', message: `${message} (${holder.at})` },
    ]
  })
}

function pathOf(participant: Participant, members: readonly Participant[]): Fault['path'] {
  return participant.role.hub ? ['spec', 'hub'] : ['spec', 'members', members.indexOf(participant)]
}

/** The key of the folder of a participant on a server with this URL; undefined without one. */
export function folderOn(url: string | undefined, participant: Participant): string | undefined {
  return url === undefined ? undefined : folderKey(participant, url)
}
