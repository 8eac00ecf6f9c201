// From a SyncGroup to its participants: the role, place and server of each. These are independent: a hub may be a
// public folder or a mailbox folder, and so may a member, and each may be on a server of its own.
//
//   id of a replica            place
//   hub:PATH                   the hub, a public folder (PATH begins with a slash)
//   hub:mailbox:MAILBOX:PATH   the hub, a folder of a mailbox
//   MAILBOX:PATH               a member's folder in a mailbox (an address has an @ and no colon)
//   public:PATH                a member, a public folder
//   @SERVER:…                  a member on another server than the hub's (no address begins with an @)
//
// Guarantees: two places of one role never have the same id. The ids of a group with one server are those of version
// 0.1.
import { type GroupId, hubPrefix, type ReplicaId } from '../core/id.ts'
import type { ItemType } from '../core/item.ts'
import { itemTypeNamed } from '../core/items.ts'
import type { Role } from '../core/model.ts'
import { canonicalPath, folded, lastName, pathOf } from './path.ts'
import type { SyncGroup } from './resources.generated.ts'

/** An ExchangeServer, as `namespace/name`. */
export type ServerName = string

/** The declared location of a folder: its server, and a public folder or a mailbox folder there. */
export type Place = Readonly<{ server: ServerName }> &
  (
    | Readonly<{ kind: 'publicFolder'; path: string }>
    | Readonly<{ kind: 'mailbox'; mailbox: string; folder: string }>
  )

/** One folder of a group: its role and its place. */
export type Participant = Readonly<{ role: Role; place: Place }>

/** The participants of a group. */
export type Participants = Readonly<{
  hub: Participant
  members: readonly Participant[]
  /** All of them, hub first. */
  all: readonly Participant[]
  /** Their roles, hub first. */
  roles: readonly Role[]
}>

/** The kind of items of a group. A group cannot declare one yet: all have the default kind. */
export function itemTypeOf(_group: SyncGroup): ItemType {
  return itemTypeNamed()
}

/** The reference of a resource to an ExchangeServer. */
export type ServerRef = SyncGroup['spec']['serverRef']

type Declared = Readonly<{
  publicFolder?: string
  mailbox?: string
  folder?: string
  serverRef?: ServerRef
}>

// A cache: one pass needs the participants many times, and the declaration does not change.
const made = new WeakMap<SyncGroup, Participants>()

/** The participants of a group. Each place is on the group's server unless it names one of its own. */
export function participantsOf(group: SyncGroup): Participants {
  const known = made.get(group) ?? madeOf(group)
  made.set(group, known)
  return known
}

function madeOf(group: SyncGroup): Participants {
  const { spec } = group
  const writes = (direction: string | undefined) => (direction ?? spec.direction) === 'TwoWay'
  const hubPlace = placeOf(group, spec.hub, '')
  const hub: Participant = {
    role: {
      id: `${hubPrefix}${hubPlace.kind === 'mailbox' ? 'mailbox:' : ''}${addressOf(hubPlace)}` as ReplicaId,
      hub: true,
      writes: true,
      receives: spec.members.some(({ direction }) => writes(direction)),
      drift: spec.drift,
      private: 'Copy',
    },
    place: hubPlace,
  }
  const usual = pathOf([itemTypeOf(group).home, lastName(pathIn(hubPlace))])
  const members = spec.members.map((member): Participant => {
    const place = placeOf(group, member, usual)
    const role: Role = {
      id: memberIdOf(place, hubPlace.server),
      hub: false,
      writes: writes(member.direction),
      receives: true,
      drift: spec.drift,
      private: spec.private,
    }
    return { role, place }
  })
  const all = [hub, ...members]
  return { hub, members, all, roles: all.map(({ role }) => role) }
}

/** Anything with the namespace and the name of a resource. */
export type Nameable = Readonly<{
  metadata: Readonly<{ namespace?: string | undefined; name?: string | undefined }>
}>

/** The namespace of a resource; without one it is in `default`. */
export function namespaceOf({ metadata }: Nameable): string {
  return metadata.namespace ?? 'default'
}

/** The name of a resource with its namespace: `namespace/name`. */
export function fullNameOf(resource: Nameable): string {
  return `${namespaceOf(resource)}/${resource.metadata.name ?? ''}`
}

/** The namespace and the name in a `namespace/name`. */
export function namesIn(fullName: string): Readonly<{ namespace: string; name: string }> {
  const [namespace = '', name = ''] = fullName.split('/')
  return { namespace, name }
}

/** The id of a SyncGroup. */
export function idOfGroup(group: Nameable): GroupId {
  return fullNameOf(group) as GroupId
}

/** The name of an ExchangeServer. */
export function nameOfServer(server: Nameable): ServerName {
  return fullNameOf(server)
}

// The ExchangeServer that a reference in the group names.
function serverNameOf(group: SyncGroup, { name, namespace }: ServerRef): ServerName {
  return fullNameOf({ metadata: { name, namespace: namespace ?? namespaceOf(group) } })
}

/** A reference to an ExchangeServer, and the first field that has it, for messages. */
export type Named = Readonly<{ ref: ServerRef; field: string }>

/** The ExchangeServers of all participants, the hub's first. */
export function serversNamedBy(group: SyncGroup): ReadonlyMap<ServerName, Named> {
  const named = new Map<ServerName, Named>()
  const note = (own: ServerRef | undefined, field: string) => {
    const which =
      own === undefined
        ? { ref: group.spec.serverRef, field: 'spec.serverRef' }
        : { ref: own, field }
    const name = serverNameOf(group, which.ref)
    if (!named.has(name)) named.set(name, which)
  }
  note(group.spec.hub.serverRef, 'spec.hub.serverRef')
  for (const [at, { serverRef }] of group.spec.members.entries())
    note(serverRef, `spec.members[${at}].serverRef`)
  return named
}

function placeOf(group: SyncGroup, declared: Declared, usual: string): Place {
  const { mailbox = '', publicFolder = '', folder = usual, serverRef } = declared
  const server = serverNameOf(group, serverRef ?? group.spec.serverRef)
  if (mailbox === '') return { server, kind: 'publicFolder', path: publicFolder }
  return { server, kind: 'mailbox', mailbox, folder }
}

/** The path of a place, from the top of the public folders or of its mailbox. */
export function pathIn(place: Place): string {
  return place.kind === 'mailbox' ? place.folder : place.path
}

/** The canonical address of a place on its server, the same in every role; case is folded. */
export function addressOf(place: Place): string {
  const path = folded(canonicalPath(pathIn(place)))
  return place.kind === 'mailbox' ? `${folded(place.mailbox)}:${path}` : path
}

function memberIdOf(place: Place, hubServer: ServerName): ReplicaId {
  const kind = place.kind === 'mailbox' ? '' : 'public:'
  const server = place.server === hubServer ? '' : `@${place.server}:`
  return `${server}${kind}${addressOf(place)}` as ReplicaId
}

/**
 * The place of a replica: as it is declared, else as the state `noted` it, else as its id says. Only the id is known of
 * a former participant in the note of a conflict, and of one in a state older than schema 7 that was not listed since.
 */
export function placeIn({ hub, all }: Participants, replica: ReplicaId, noted?: Place): Place {
  const declared = all.find(({ role }) => role.id === replica)?.place
  return declared ?? noted ?? placeOfId(replica, hub.place.server)
}

/** The place that an id describes. `hubServer`: the hub's server, which is that of every place that names no other. */
export function placeOfId(id: ReplicaId, hubServer: ServerName): Place {
  const [, named, rest = id] = /^@([^:]*):(.*)$/s.exec(id) ?? []
  const server = named ?? hubServer
  const [, path] = /^(?:hub|public):(\/.*)$/s.exec(rest) ?? []
  if (path !== undefined) return { server, kind: 'publicFolder', path }
  const address = rest.replace(/^hub:mailbox:/, '')
  const colon = address.includes(':') ? address.indexOf(':') : address.length
  return {
    server,
    kind: 'mailbox',
    mailbox: address.slice(0, colon),
    folder: address.slice(colon + 1),
  }
}

/** Is the replica on another server than the hub, as its id says? */
export function isElsewhere(id: ReplicaId): boolean {
  return id.startsWith('@')
}

/** Is `name` a name of this replica: its id, its mailbox, the path of its public folder, or `hub`? */
export function isNamed(id: ReplicaId, name: string): boolean {
  const local = id.replace(/^@[^:]*:/, '')
  return id === name || local === name || local === `public:${name}` || local.startsWith(`${name}:`)
}

/** A former participant: it receives, and its edits do not travel. */
export function formerParticipant(id: ReplicaId, place: Place): Participant {
  const rest = {
    hub: false,
    writes: false,
    receives: true,
    drift: 'Revert',
    private: 'Skip',
  } as const
  return { role: { id, ...rest }, place }
}

/** The name of a place for people: its mailbox, or the path of its public folder. */
export function titleOf(place: Place): string {
  return place.kind === 'mailbox' ? place.mailbox : place.path
}

/** The name of a replica for people: `hub`, its mailbox or its public folder. `noted`: a former participant's place. */
export function nameOf(participants: Participants, replica: ReplicaId, noted?: Place): string {
  if (replica === participants.hub.role.id) return 'hub'
  return titleOf(placeIn(participants, replica, noted))
}
