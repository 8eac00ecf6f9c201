// What the engine keeps of a group between two passes: its baseline, and the writes that change it. The adapter is in
// store/.

import type { Holder } from '../api/claims.ts'
import type { Place } from '../api/topology.ts'
import type { Attempt } from '../core/attempt.ts'
import type { Agreement } from '../core/fold.ts'
import type { Caused } from '../core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Copy, KeepReason, Link, Restoration, Role } from '../core/model.ts'
import type { RestoreResult } from '../core/restore.ts'

/** What an adapter remembers of its folder between two passes. */
export type Checkpoint = Readonly<{
  /** The folder's own id, under which the adapter finds it again; undefined: the folder is still to be made. */
  folder?: string | undefined
  /** The adapter's own: JSON, which the engine and the state carry unread, and the adapter reads with care. */
  adapter?: unknown
}>

/** The parts of a role on which it depends what a listing lets pass. */
export type SeenAs = Pick<Role, 'writes' | 'receives' | 'drift' | 'private'>

/** What the engine remembers of a replica between two passes; saved with the baseline that was reached from it. */
export type Memory = Readonly<{
  checkpoint: Checkpoint
  /** The role under which the folder was listed last; undefined: under none that still counts. */
  seenAs?: SeenAs | undefined
  /** Where the folder was declared to be; undefined in a state of version 0.1. */
  place?: Place | undefined
  /** Items to be read again, whatever the checkpoint says. */
  recheck: readonly ItemId[]
  /** The next listing is a whole one, whatever the checkpoint says. */
  relist?: boolean | undefined
  /** The folder went back in time, and the items of `recheck` show old content. */
  rewound?: boolean | undefined
  /** Items that are left out, as they cannot be read; each is named in the group's problems. */
  unread?: readonly Unread[] | undefined
  /** The version of the codec under which every copy has been read. */
  codec?: number | undefined
}>

/** An item that is left out. */
export type Unread = Readonly<{
  id: ItemId
  /** What is wrong: the server's response code, or ours. */
  code: string
  /** Since when, ms since 1970, by our clock. */
  sinceMs: number
  /** It is tried again, as often as at first. */
  again?: boolean
}>

/** What the baseline knows of one replica's copies. */
export interface Known {
  /** The versions of those of the items that are known. */
  versions(ids: readonly ItemId[]): Promise<ReadonlyMap<ItemId, Version>>
  /** The versions of all known copies. Only for a replica that must be enumerated. */
  all(): Promise<ReadonlyMap<ItemId, Version>>
}

/** Something saved before it was overwritten or deleted. */
export type Kept = Readonly<{
  link: LinkId
  replica: ReplicaId
  /** Which loss it is: kept once, however often it is tried. */
  loss: string
  reason: KeepReason
  fields: readonly string[]
  item: Item
  /** What those fields got instead. */
  won?: Item | undefined
}>

/** A conflict as it is remembered: never content. */
export type ConflictNote = Readonly<{
  link: LinkId
  replica: ReplicaId
  field: string
  /** A digest of what lost: met again, it is the same conflict. */
  version: string
}>

/** What a pass did to one copy. */
export type Entry = Readonly<{
  link: LinkId
  replica: ReplicaId
  action: 'create' | 'update' | 'delete'
  result: string
}>

/**
 * What a group is, besides its name: the resource, where there is one, and the server that it is on. What was agreed
 * under another one says nothing about this one.
 */
export type Identity = Readonly<{
  uid?: string | undefined
  /** The ExchangeServer, by namespace/name. */
  server?: string | undefined
  url?: string | undefined
  /** The kind of its items, as `Contacts`. */
  kind?: string | undefined
}>

/** When something is written to the state, and by which pass. */
export type Moment = Readonly<{ timeMs: number; pass: string }>

/** What one create of unknown outcome is by now; `attempt` undefined: its outcome is known by this change. */
export type AttemptNote = Readonly<{
  link: LinkId
  replica: ReplicaId
  attempt: Attempt | undefined
}>

/** What becomes of a wish of the bin, by its number there. */
export type RestoreNote = Readonly<{ n: number; result: RestoreResult }>

/** A copy as it is by now; undefined: the replica has none any more. */
export type CopyNote = Readonly<{ link: LinkId; replica: ReplicaId; copy: Copy | undefined }>

/** One write to the baseline of a group: rows of one kind. */
export type Write =
  /** The group has another hub, or ends: all that is known of it is forgotten, and what was asked back is cancelled. */
  | Readonly<{ write: 'reset' }>
  /** What the group is by now. */
  | Readonly<{ write: 'identity'; identity: Identity }>
  /** Replicas that are known by another name from now on: new name → old. */
  | Readonly<{ write: 'renames'; renames: ReadonlyMap<ReplicaId, ReplicaId> }>
  /** Replicas that no longer take part: their copies and memories are forgotten. */
  | Readonly<{ write: 'left'; left: readonly ReplicaId[] }>
  /** Copies whose recorded ids are none. */
  | Readonly<{ write: 'forgotten'; forgotten: ReadonlyMap<ReplicaId, ReadonlySet<ItemId>> }>
  /** Every link must be looked at again: a replica joined, or plays another role. */
  | Readonly<{ write: 'unsettle' }>
  /** What goes into the bin and the history, each loss once. Fails with a terminal BinFull. */
  | Readonly<{ write: 'kept'; kept: readonly Kept[] }>
  | Readonly<{ write: 'conflicts'; conflicts: readonly ConflictNote[] }>
  | Readonly<{ write: 'agreements'; agreements: readonly Agreement[] }>
  /** What was wanted back, and what becomes of it by this very change. */
  | Readonly<{ write: 'restored'; restored: readonly RestoreNote[] }>
  /** Fails when a copy's link does not exist. */
  | Readonly<{ write: 'copies'; copies: readonly CopyNote[] }>
  /** What the guard counts. */
  | Readonly<{ write: 'caused'; caused: ReadonlyMap<ReplicaId, Caused> }>
  /** Approvals that are used up by this, by hash. */
  | Readonly<{ write: 'approvals'; approvals: readonly string[] }>
  /** Fails with a terminal FolderClaimed when another group has a member's folder. */
  | Readonly<{ write: 'memories'; memories: ReadonlyMap<ReplicaId, Memory> }>
  | Readonly<{ write: 'attempts'; attempts: readonly AttemptNote[] }>
  /** The journal. */
  | Readonly<{ write: 'entries'; entries: readonly Entry[] }>
  /** Links that no replica is behind with: what they held before is not needed any more. */
  | Readonly<{ write: 'settled'; settled: readonly LinkId[] }>
  /** Links whose deletion has reached every replica. */
  | Readonly<{ write: 'ended'; ended: readonly LinkId[] }>

/**
 * One change of the state: its writes are carried out in their order, all of them or none. What is agreed or kept
 * survives a power cut once the change is committed.
 */
export type Change = Readonly<{ at: Moment; writes: readonly Write[] }>

/** The baseline of one group. */
export interface Baseline {
  readonly group: GroupId
  /** Until when the history is gone because it was full, ms since 1970; undefined: it is whole. */
  historySince(): Promise<number | undefined>
  /** What it was when something was agreed last. */
  identity(): Promise<Identity>
  memories(): Promise<ReadonlyMap<ReplicaId, Memory>>
  known(replica: ReplicaId): Known
  /** The links that hold these items of a replica. */
  linksOf(replica: ReplicaId, items: readonly ItemId[]): Promise<readonly LinkId[]>
  /** The links whose `source` is one of the marks, or that have one of them among their aliases. */
  linksNamed(marks: readonly string[]): Promise<readonly LinkId[]>
  /** A replica's copies that show something else than agreed, are withheld, or are behind. */
  deviating(replica: ReplicaId): Promise<readonly ItemId[]>
  /** Links that somebody is behind with. */
  unsettled(): Promise<readonly LinkId[]>
  /** All links. Only for joining and auditing. */
  everything(): Promise<readonly LinkId[]>
  /** The links of these ids that exist, whole. */
  links(ids: readonly LinkId[]): Promise<readonly Link[]>
  /** How many links are alive. */
  count(): Promise<number>
  /** What each replica has caused since then. */
  causedSince(timeMs: number): Promise<ReadonlyMap<ReplicaId, Caused>>
  /** How many approvals have been used since the group began. */
  approvals(): Promise<number>
  /** Conflicts since the group began. */
  conflicts(): Promise<Readonly<{ total: number; lastMs: number | undefined }>>
  /** Creates whose outcome is unknown. */
  attempts(): Promise<readonly Attempt[]>
  /** Copies that were read last under an older codec, oldest links first: at most `max` of a replica's. */
  outdated(replica: ReplicaId, codec: number, max: number): Promise<readonly ItemId[]>
  /** The folders that other groups have, by id. One that is a member's in one group and a hub in others is the member's. */
  claims(): Promise<ReadonlyMap<string, Holder>>
  /** What is wanted back from the bin and has not come yet. */
  restorations(): Promise<readonly Restoration[]>
  /** Rejects with a SyncError when the state cannot be written, or refuses one of the writes; then nothing is written. */
  commit(change: Change): Promise<void>
}
