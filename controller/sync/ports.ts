// The ports of the engine: a replica, the declarations and the clock; the baseline is in baseline.ts, other ports are
// in ports/. Replica has its adapters in ews/, Baseline in store/, Declarations in local/ and kube/, Clock in main.ts.
// Replica and Declarations have a conformance suite each (test/conformance).

import type { Accessing } from '../api/references.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { Place } from '../api/topology.ts'
import type { GroupId, ItemId, ReplicaId, Version } from '../core/id.ts'
import type { Item, Patch } from '../core/item.ts'
import type { Found, Role } from '../core/model.ts'
import type { Stamp } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Checkpoint, Known, Unread } from './baseline.ts'

export type * from './baseline.ts'

/** The start of a listing. */
export type Start = Readonly<{
  checkpoint: Checkpoint
  /** Items that are read again, regardless of the checkpoint. */
  recheck: readonly ItemId[]
  /** List the whole folder, not only the changes since the checkpoint. */
  whole?: boolean
  /** Unreadable items that are tried as if for the first time: all of them, or these. */
  retry?: 'all' | ReadonlySet<ItemId>
}>

/** A complete listing of the differences in a replica, and the checkpoint from which the next one starts. */
export type Listing = Readonly<{
  changed: readonly Found[]
  gone: readonly ItemId[]
  checkpoint: Checkpoint
  /** Items that the next listing reads again. */
  recheck: readonly ItemId[]
  /** Items that are left out because they cannot be read, each with the code of the reason. */
  unread?: readonly Pick<Unread, 'id' | 'code'>[]
  /** The folder went back in time: it was restored from a backup. Then everything is listed. */
  rewound?: boolean
  /** The whole folder was listed: an item that is neither known nor in `changed` does not exist. */
  whole?: boolean
  /** Known ids that the server refuses as invalid: their copies are forgotten; nothing was deleted. */
  forgotten?: readonly ItemId[]
  /**
   * There may be more than was read: until that is known, nothing new is created there. `more`: the next listing reads
   * on.
   */
  short?: boolean
  more?: boolean
  /** Oddities of the folder's listing, for people. */
  odd?: readonly SyncError[]
}>

/** The checkpoint after our own writes, and the items to be read again because of them. */
export type Settled = Pick<Listing, 'checkpoint' | 'recheck'>

/** A failed listing, with a checkpoint to compare the next one with. */
export class UnsureError extends SyncError {
  readonly checkpoint: Checkpoint

  constructor({ kind, code, message, backOffMs }: SyncError, checkpoint: Checkpoint) {
    super(kind, code, message, { backOffMs })
    this.checkpoint = checkpoint
  }
}

/** The code of a copy that still shows its former content although the server acknowledged our change. */
export const notTaken = 'NotTaken'

/** The answer to one item of a batch. */
export type Written = Readonly<{ id: ItemId; version: Version }> | SyncError

/** A change to one copy, at the version that the server must still have. */
export type Update = Readonly<{ id: ItemId; expect: Version; patch: Patch; agreed: Item }>

/** A new copy. */
export type Creation = Readonly<{ item: Item; stamp: Stamp }>

/**
 * One participating folder. Every method either answers for every item, in order, or rejects with a SyncError that
 * concerns the whole replica. A request of unknown effect is never retried.
 */
export interface Replica {
  readonly role: Role
  /** The declared place. */
  readonly place?: Place | undefined
  /**
   * Lists the differences from what is known; proves that the listing is complete, or rejects. Writes nothing. Without
   * a start the folder is listed for the first time.
   */
  observe(start: Start | undefined, known: Known, signal: AbortSignal): Promise<Listing>
  /** Makes sure that the folder can be written to; creates it when it is missing. */
  prepare(checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint>
  /** The current items; undefined for a missing one, the error for an unreadable one. */
  read(
    ids: readonly ItemId[],
    signal: AbortSignal,
  ): Promise<readonly (Found | undefined | SyncError)[]>
  /** Creates copies that carry the stamp. */
  create(items: readonly Creation[], signal: AbortSignal): Promise<readonly Written[]>
  /** Changes copies that still have the expected version; answers `stale` for others. */
  update(updates: readonly Update[], signal: AbortSignal): Promise<readonly Written[]>
  /**
   * Deletes copies: undefined for a deleted one, `stale` for one that was not found; the next listing shows its state.
   */
  remove(ids: readonly ItemId[], signal: AbortSignal): Promise<readonly (undefined | SyncError)[]>
  /**
   * Gives the folder its declared name if it still has the last name of `from`, a path. Otherwise, or if that name is
   * taken, the folder keeps its name.
   */
  rename?(checkpoint: Checkpoint, from: string, signal: AbortSignal): Promise<void>
  /** Moves the checkpoint past our own writes, and never past a change by others. */
  settle(checkpoint: Checkpoint, known: Known, signal: AbortSignal): Promise<Settled>
}

/** A replica that left, with the last declared place of its folder; undefined: only its id is known. */
export type Left = Readonly<{ id: ReplicaId; place: Place | undefined }>

/** The time. */
export interface Clock {
  now(): number
  /** Resolves after the delay; rejects when the signal aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
}

/**
 * Called when a request of a pass begins. The returned function is awaited when the request ends, with its error. `behind`: the
 * requests wait behind those of others, at every server.
 */
export type Pace = (() => (error: unknown) => Promise<void>) & Readonly<{ behind?: true }>

/** One SyncGroup as it is declared now, with the resources that it refers to. */
export type Declared = Accessing &
  Readonly<{
    id: GroupId
    generation: number
    /** Changes whenever any of the above does. */
    fingerprint: string
    /** The reason why a newer version cannot be used; undefined: there is none. */
    invalid: string | undefined
    previous: SyncGroupStatus | undefined
    /** It is no longer declared. It is listed until it has been released. */
    deleted?: boolean
  }>

/** The declarations of groups, and their statuses. */
export interface Declarations {
  /** The groups as they are declared now. */
  groups(): Promise<readonly Declared[]>
  /** Resolves when something may have changed since the last call of `groups`. */
  changed(signal: AbortSignal): Promise<void>
  /** Makes sure that the deletion of the group will be noticed. Called before each pass. */
  hold(declared: Declared): Promise<void>
  /** Writes the status of a group. */
  report(declared: Declared, status: SyncGroupStatus): Promise<void>
  /** A deleted group is finished: it is forgotten, with its status. */
  released(declared: Declared): Promise<void>
}
