// From a SyncGroup to the parts that its replicas play. Direction is per member, so one group says who
// may write and who only receives.
import { hubPrefix, type ReplicaId } from '../core/id.ts'
import type { ItemType } from '../core/item.ts'
import { itemTypeNamed } from '../core/items.ts'
import type { Role } from '../core/model.ts'
import { canonicalPath, folded, lastName, pathOf } from './path.ts'
import type { SyncGroup } from './resources.generated.ts'

/** A member's place: whose mailbox, and which folder from its top. */
export type Place = Readonly<{ role: Role; mailbox: string; folder: string }>

/** The parts of a group. */
export type Cast = Readonly<{
  hub: Readonly<{ role: Role; path: string }>
  members: readonly Place[]
  /** All of them, hub first. */
  roles: readonly Role[]
}>

/** Which kind of items a group keeps the same. A group declares none so far: all are of the usual kind. */
export function itemTypeOf(_group: SyncGroup): ItemType {
  return itemTypeNamed()
}

/** Who plays which part in this group. */
export function castOf(group: SyncGroup): Cast {
  const { spec } = group
  const path = spec.hub.publicFolder
  const writes = (direction: string | undefined) => (direction ?? spec.direction) === 'TwoWay'
  const hub: Role = {
    id: `${hubPrefix}${keyOf(path)}` as ReplicaId,
    hub: true,
    writes: true,
    receives: spec.members.some(({ direction }) => writes(direction)),
    drift: spec.drift,
    private: 'Copy',
  }
  const usual = pathOf([itemTypeOf(group).home, lastName(path)])
  const members = spec.members.map(({ mailbox, direction, folder = usual }) => ({
    role: {
      id: `${folded(mailbox)}:${keyOf(folder)}` as ReplicaId,
      hub: false,
      writes: writes(direction),
      receives: true,
      drift: spec.drift,
      private: spec.private,
    },
    mailbox,
    folder,
  }))
  return { hub: { role: hub, path }, members, roles: [hub, ...members.map(({ role }) => role)] }
}

function keyOf(path: string): string {
  return folded(canonicalPath(path))
}

/** One who took part once, of whom nothing but the id is known: it receives, and nothing of it travels. */
export function formerPlaceOf(id: ReplicaId): Place {
  const [mailbox = '', ...path] = id.split(':')
  const role: Role = {
    id,
    hub: false,
    writes: false,
    receives: true,
    drift: 'Revert',
    private: 'Skip',
  }
  return { role, mailbox, folder: path.join(':') }
}

/** How people know a replica: `hub`, or the member's mailbox. */
export function nameOf(cast: Cast, replica: ReplicaId): string {
  if (replica === cast.hub.role.id) return 'hub'
  const member = cast.members.find(({ role }) => role.id === replica)
  return (member ?? formerPlaceOf(replica)).mailbox
}
