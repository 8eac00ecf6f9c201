// The baseline of one group, which the engine keeps between two passes, and the writes that change it. The adapter is
// in store/.

import type { Holder } from '../api/claims.ts'
import type { Place } from '../api/topology.ts'
import type { Attempt } from '../core/attempt.ts'
import type { Agreement } from '../core/fold.ts'
import type { Caused } from '../core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../core/id.ts'
import type { Copy, Link, Restoration, Role } from '../core/model.ts'
import type { ConflictNote, Kept, RestoreNote } from '../core/record.ts'

export type { ConflictNote, Kept, RestoreNote }

/** The position of an adapter in its folder, kept between two passes. */
export type Checkpoint = Readonly<{
  /** The server's id of the folder, by which the adapter finds it; undefined: the folder is not created yet. */
  folder?: string | undefined
  /** Opaque JSON of the adapter. The engine and the state do not read it; the adapter validates it. */
  adapter?: unknown
}>

/** The parts of a role that decide which listed items the engine ignores. */
export type SeenAs = Pick<Role, 'writes' | 'receives' | 'drift' | 'private'>

/** The memory of a replica between two passes. It is saved together with the baseline that results from it. */
export type Memory = Readonly<{
  checkpoint: Checkpoint
  /**
   * The role under which the folder was listed last; undefined: the last listing does not count, and the next one is
   * whole.
   */
  seenAs?: SeenAs | undefined
  /** The declared place of the folder; undefined in a state of version 0.1. */
  place?: Place | undefined
  /** Items that the next listing reads again, regardless of the checkpoint. */
  recheck: readonly ItemId[]
  /** The next listing is whole, regardless of the checkpoint. */
  relist?: boolean | undefined
  /** The folder went back in time (it was restored from a backup): the items of `recheck` show old content. */
  rewound?: boolean | undefined
  /** Items that are left out because they cannot be read. Each is named in the problems of the group. */
  unread?: readonly Unread[] | undefined
  /** The codec version with which every copy has been read; undefined: some copies were read with an older one. */
  codec?: number | undefined
}>

/** An item that is left out. */
export type Unread = Readonly<{
  id: ItemId
  /** The reason: a response code of the server, or a code of ours. */
  code: string
  /** The time of the first failure, ms since 1970, by our clock. */
  sinceMs: number
  /** It is retried as often as a new item. */
  again?: boolean
}>

/** The copies of one replica that the baseline knows. */
export interface Known {
  /** The versions of these items; unknown items are absent. */
  versions(ids: readonly ItemId[]): Promise<ReadonlyMap<ItemId, Version>>
  /** The versions of all known copies. Only for a replica that must be enumerated. */
  all(): Promise<ReadonlyMap<ItemId, Version>>
}

/** One line of the journal: an action of a pass on one copy. */
export type Entry = Readonly<{
  link: LinkId
  replica: ReplicaId
  action: 'create' | 'update' | 'delete'
  result: string
}>

/**
 * The identity of a group besides its name: its resource, if it has one, and its server. Agreements under another
 * identity do not count for this one.
 */
export type Identity = Readonly<{
  uid?: string | undefined
  /** The ExchangeServer, by namespace/name. */
  server?: string | undefined
  url?: string | undefined
  /** The kind of its items, for example `Contacts`. */
  kind?: string | undefined
}>

/** The time of a write to the state, ms since 1970, and the name of the pass that writes. */
export type Moment = Readonly<{ timeMs: number; pass: string }>

/** The current record of a create of unknown outcome; `attempt` undefined: this change settles the outcome. */
export type AttemptNote = Readonly<{
  link: LinkId
  replica: ReplicaId
  attempt: Attempt | undefined
}>

/** The current copy; undefined: the replica no longer has one. */
export type CopyNote = Readonly<{ link: LinkId; replica: ReplicaId; copy: Copy | undefined }>

/** One write to the baseline of a group: rows of one kind. */
export type Write =
  /**
   * The group begins from nothing, or ends: its baseline is deleted, and its pending restore requests are cancelled.
   */
  | Readonly<{ write: 'reset' }>
  /** The current identity of the group. */
  | Readonly<{ write: 'identity'; identity: Identity }>
  /** Renamed replicas: new id → old id. */
  | Readonly<{ write: 'renames'; renames: ReadonlyMap<ReplicaId, ReplicaId> }>
  /** Replicas that left, or whose folder was replaced: their copies and memories are deleted. */
  | Readonly<{ write: 'left'; left: readonly ReplicaId[] }>
  /** Copies whose recorded ids the server refuses as invalid. */
  | Readonly<{ write: 'forgotten'; forgotten: ReadonlyMap<ReplicaId, ReadonlySet<ItemId>> }>
  /** Every link must be processed again: a replica joined, or has another role. */
  | Readonly<{ write: 'unsettle' }>
  /** Content for the bin and the history; each loss is stored once. Fails with a terminal BinFull. */
  | Readonly<{ write: 'kept'; kept: readonly Kept[] }>
  | Readonly<{ write: 'conflicts'; conflicts: readonly ConflictNote[] }>
  | Readonly<{ write: 'agreements'; agreements: readonly Agreement[] }>
  /** Restore requests, with the results that this change gives them. */
  | Readonly<{ write: 'restored'; restored: readonly RestoreNote[] }>
  /** Fails when a copy's link does not exist. */
  | Readonly<{ write: 'copies'; copies: readonly CopyNote[] }>
  /** The effects that the guard counts. */
  | Readonly<{ write: 'caused'; caused: ReadonlyMap<ReplicaId, Caused> }>
  /** Approvals that this change uses up, by hash. */
  | Readonly<{ write: 'approvals'; approvals: readonly string[] }>
  /** Fails with a terminal FolderClaimed when another group has a member's folder. */
  | Readonly<{ write: 'memories'; memories: ReadonlyMap<ReplicaId, Memory> }>
  | Readonly<{ write: 'attempts'; attempts: readonly AttemptNote[] }>
  /** The journal. */
  | Readonly<{ write: 'entries'; entries: readonly Entry[] }>
  /** Links that no replica is behind with: their earlier contents are no longer needed. */
  | Readonly<{ write: 'settled'; settled: readonly LinkId[] }>
  /** Links whose deletion has reached every replica. */
  | Readonly<{ write: 'ended'; ended: readonly LinkId[] }>

/**
 * One change of the state. Its writes are applied in order, all or none. Agreements and kept content survive a power
 * cut once the change is committed.
 */
export type Change = Readonly<{ at: Moment; writes: readonly Write[] }>

/** The baseline of one group. */
export interface Baseline {
  readonly group: GroupId
  /** The end of the deleted part of the history (it was full), ms since 1970; undefined: the history is complete. */
  historySince(): Promise<number | undefined>
  /** The identity at the time of the last agreement. */
  identity(): Promise<Identity>
  memories(): Promise<ReadonlyMap<ReplicaId, Memory>>
  known(replica: ReplicaId): Known
  /** The links that hold these items of a replica. */
  linksOf(replica: ReplicaId, items: readonly ItemId[]): Promise<readonly LinkId[]>
  /** The links whose `source` is one of the marks, or that have one of them among their aliases. */
  linksNamed(marks: readonly string[]): Promise<readonly LinkId[]>
  /** The items of a replica whose copies differ from the agreed content, are withheld, or are behind. */
  deviating(replica: ReplicaId): Promise<readonly ItemId[]>
  /** Links that a replica is behind with. */
  unsettled(): Promise<readonly LinkId[]>
  /** All links. Use it only for joining and auditing. */
  everything(): Promise<readonly LinkId[]>
  /** The whole links of these ids; missing ids are left out. */
  links(ids: readonly LinkId[]): Promise<readonly Link[]>
  /** The number of live links. */
  count(): Promise<number>
  /** The effects that each replica has caused since this time (ms since 1970). */
  causedSince(timeMs: number): Promise<ReadonlyMap<ReplicaId, Caused>>
  /** The number of approvals used since the group began. */
  approvals(): Promise<number>
  /** The conflicts since the group began; `lastMs` in ms since 1970. */
  conflicts(): Promise<Readonly<{ total: number; lastMs: number | undefined }>>
  /** Creates whose outcome is unknown. */
  attempts(): Promise<readonly Attempt[]>
  /** At most `max` items of a replica that were last read with an older codec, oldest links first. */
  outdated(replica: ReplicaId, codec: number, max: number): Promise<readonly ItemId[]>
  /**
   * The folders that other groups hold, by folder id. A folder of a member in one group and of a hub in others counts
   * as the member's.
   */
  claims(): Promise<ReadonlyMap<string, Holder>>
  /** The pending restore requests. */
  restorations(): Promise<readonly Restoration[]>
  /** Rejects with a SyncError when the state cannot be written or refuses a write; then nothing is written. */
  commit(change: Change): Promise<void>
}
