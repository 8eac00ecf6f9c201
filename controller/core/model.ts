// The values that observing and planning share: the rules of a group (Role, Rules), the agreement (Link, Copy), the
// content of a replica (Found, Observation), and both combined (Row, Cell).
import {
  digestOfAll,
  type GroupId,
  type ItemId,
  type LinkId,
  type ReplicaId,
  type Version,
} from './id.ts'
import type { Item, ItemType } from './item.ts'
import type { Policy } from './policy.ts'
import type { Stamp } from './stamp.ts'
import type { SyncError } from './sync-error.ts'

/** The role of one folder in a group. `writes` and `receives` are separate: a ring and many-to-one need both. */
export type Role = Readonly<{
  id: ReplicaId
  /** Without the hub nothing is decided. */
  hub: boolean
  /** Its edits and deletes travel. */
  writes: boolean
  /** Others' edits arrive here. */
  receives: boolean
  /** The treatment of edits in a replica that does not write. */
  drift: 'Revert' | 'Ignore'
  /** May its own private items leave it? */
  private: 'Skip' | 'Copy'
}>

/**
 * Is this the hub of a group whose members only receive? We never write to such a hub, so it is never behind and no
 * edit of others is pending there: its content counts as it is, and an item that it lacks is deleted. This also holds
 * after the hub was behind, was rewound to a backup, or was replaced by another folder. Overwritten content is kept in
 * the bin.
 */
export function isAuthoritative({ hub, receives }: Pick<Role, 'hub' | 'receives'>): boolean {
  return hub && !receives
}

/** The rules of a group, the same in every pass until its declaration changes. */
export type Rules = Readonly<{
  group: GroupId
  type: ItemType
  roles: readonly Role[]
  policy: Policy
  /** The size limit of agreed items, in bytes; absent: none. */
  itemBytes?: number | undefined
  /** The most actions of a plan (plan-size.ts); absent: any number. */
  actionsMax?: number | undefined
}>

/** One item as a replica shows it now. */
export type Found = Readonly<{
  id: ItemId
  version: Version
  item: Item
  stamp?: Stamp | undefined
  /** The server's time of the last change, ms since 1970; for ties only. */
  modifiedMs?: number | undefined
  /** The server's time of the create, ms since 1970; undefined if the server does not report it. */
  createdMs?: number | undefined
}>

/** Digests of the fields in which a copy deviates from the agreed content: server rewrites, or ignored drift. */
export type Shown = Readonly<Record<string, string>>

/** One replica's instance of a link, as noted by the last pass. */
export type Copy = Readonly<{
  id: ItemId
  version: Version
  /** The revision of this copy's content; if it is smaller than the link's, the copy is behind. */
  revision: number
  shown: Shown
  /** The owner marked it private: their edits do not travel until they remove the mark. */
  withheld?: boolean
  /** The version of the codec that read it last: later fields were never seen. */
  codec?: number
}>

/** One logical item and its copies everywhere. */
export type Link = Readonly<{
  id: LinkId
  /** The number of changes of the agreed content; 0: nothing was ever agreed. */
  revision: number
  /** The agreed content; undefined once its deletion is agreed. */
  agreed: Item | undefined
  /** The time of the edit that led to it, ms since 1970 by the editor's server. */
  editedMs?: number | undefined
  /** Earlier agreed content that some copy still has, by revision. */
  bases: ReadonlyMap<number, Item | undefined>
  copies: ReadonlyMap<ReplicaId, Copy>
  /** The marks in the stamps of its first copies: former names of the item, from before the state was lost. */
  aliases: readonly string[]
  /** The mark of the hub's first item for this link, by which every group with the hub knows it. */
  source?: string | undefined
  /** Receive-only replicas that deleted their copy and whose drift is ignored. */
  declined: ReadonlySet<ReplicaId>
}>

/**
 * The present content of one replica, compared with the baseline: complete, or unknown. `changed` has the new items,
 * and the items with another version than the baseline's.
 */
export type Observation =
  | Readonly<{ state: 'unknown'; error: SyncError }> // could not be read: unknown, never empty
  | Readonly<{
      state: 'seen'
      changed: readonly Found[]
      gone: readonly ItemId[]
      /** Items that exist but are too large to be read: their content is unknown. */
      large?: ReadonlySet<ItemId>
    }>

/** The state of one link in one replica. */
export type Cell =
  | Readonly<{ state: 'unknown'; copy?: Copy | undefined }> // could not be read, or is too large
  // Never had it. `was`: the copy in a former folder, which another folder replaced.
  | Readonly<{ state: 'absent'; was?: Copy | undefined }>
  | Readonly<{ state: 'gone'; copy: Copy; rewound?: boolean }> // had it, and lacks it now
  | Readonly<{ state: 'same'; copy: Copy }> // as recorded
  // Changed, or new; `rewound`: the folder went back in time, so this is old content, not an edit.
  | Readonly<{ state: 'edited'; copy?: Copy | undefined; found: Found; rewound?: boolean }>

/** A link with its cell in every replica, while planning. */
export type Row = Readonly<{
  link: Link
  cells: ReadonlyMap<ReplicaId, Cell>
  /** A restoration of it from the bin. */
  restoration?: Restoration | undefined
  /** Doubles in the hub, which other groups created at the same time: they are merged as edits, and deleted. */
  yields?: readonly Extract<Cell, { state: 'edited' }>[]
  /** Must a create in this replica wait, at this revision of the link? */
  waits?: (replica: ReplicaId, revision: number) => boolean
}>

/** A link about which nothing was ever agreed. */
export function freshLink(id: LinkId, aliases: readonly string[] = []): Link {
  return {
    id,
    revision: 0,
    agreed: {},
    bases: new Map(),
    copies: new Map(),
    aliases,
    declined: new Set(),
  }
}

/** A digest of the agreed revision and its copies in all replicas: each new agreement has another one. */
export function agreementMark({ revision, copies }: Link): string {
  const lay = [...copies].map(([replica, { id, version }]) => `${replica} ${id} ${version}`).sort()
  return digestOfAll([String(revision), ...lay])
}

/** Did an older codec read the copy last, so that some of its fields were never seen? */
export function isOfOlderCodec({ codec }: ItemType, copy: Copy | undefined): copy is Copy {
  return copy?.codec !== undefined && copy.codec < codec
}

/** The content of a copy when it was noted. */
export function baseOf(link: Link, copy: Copy): Item | undefined {
  return copy.revision === link.revision ? link.agreed : link.bases.get(copy.revision)
}

/** Two different edits of one field of one link; `losers`: the replicas whose value lost. */
export type FieldConflict = Readonly<{
  field: string
  losers: readonly ReplicaId[]
  agreedLost: boolean
}>

/**
 * The reason for an entry of the bin. `Conflict`: it lost a conflict. `Drift`: a receive-only replica wrote it.
 * `Deleted`: it was deleted. `Restored`: a restoration from the bin overwrote it. `Backup`: a folder that was rewound
 * to a backup showed or overwrote it. `Removed`: its member left the group, and copies are removed. `Unmarked`: content
 * that a member wrote under a private mark overwrote it when the mark was removed. `Edited`: the history, with the
 * agreed content before an edit.
 */
export type KeepReason =
  | 'Edited'
  | 'Conflict'
  | 'Drift'
  | 'Deleted'
  | 'Restored'
  | 'Backup'
  | 'Removed'
  | 'Unmarked'

/** A request to restore one entry of the bin. */
export type Restoration = Readonly<{
  /** The number of the entry. */
  n: number
  link: LinkId
  /** The replica of the version. */
  replica: ReplicaId
  reason: KeepReason
  /** The fields to restore; empty: the whole item. */
  fields: readonly string[]
  item: Item
  askedMs: number
  /** The hash of the plan that it is part of. */
  plan?: string | undefined
  /** The state of its link in that plan: see `seenOf`. */
  seen?: string | undefined
  /** The requester saw the whole plan and confirmed it: the guard does not count it. */
  confirmed?: boolean
}>
