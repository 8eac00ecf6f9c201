// The borders of the engine: what a replica, the state, the declarations and the clock must be able to do. Replica has its
// adapters in ews/, Baseline in store/, Declarations in local/ and kube/, Clock in main.ts. Replica and Declarations have
// a conformance suite each (test/conformance).

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

/** From where a folder is listed. */
export type Start = Readonly<{
  checkpoint: Checkpoint
  /** Items to be read again, whatever the checkpoint says. */
  recheck: readonly ItemId[]
  /** The folder is listed whole, not only what changed since the checkpoint. */
  whole?: boolean
  /** What could not be read is tried as if for the first time: all of it, or these items. */
  retry?: 'all' | ReadonlySet<ItemId>
}>

/** A complete listing of what differs in a replica, and the checkpoint from which the next one starts. */
export type Listing = Readonly<{
  changed: readonly Found[]
  gone: readonly ItemId[]
  checkpoint: Checkpoint
  /** Items that are to be read again by the next listing. */
  recheck: readonly ItemId[]
  /** Items that are left out since they cannot be read, with the code of what is wrong. */
  unread?: readonly Pick<Unread, 'id' | 'code'>[]
  /** The folder went back in time: it was put back from a backup. Then everything is listed. */
  rewound?: boolean
  /** The whole folder was listed: what is not among `changed` and not known is not there. */
  whole?: boolean
  /** Known ids that the server refuses as no ids at all: their copies are forgotten; nothing was deleted. */
  forgotten?: readonly ItemId[]
  /** There may be more than was read: nothing new is made there before that is known. `more`: the next listing reads on. */
  short?: boolean
  more?: boolean
  /** What is odd about the folder's listing, for people. */
  odd?: readonly SyncError[]
}>

/** Where a checkpoint is after our own writes, and what is to be read again because of them. */
export type Settled = Pick<Listing, 'checkpoint' | 'recheck'>

/** A listing that could not be made, with a checkpoint to compare the next one with. */
export class UnsureError extends SyncError {
  readonly checkpoint: Checkpoint

  constructor({ kind, code, message, backOffMs }: SyncError, checkpoint: Checkpoint) {
    super(kind, code, message, { backOffMs })
    this.checkpoint = checkpoint
  }
}

/** The code of a copy that shows what it did before although the server took our change. */
export const notTaken = 'NotTaken'

/** The answer to one item of a batch. */
export type Written = Readonly<{ id: ItemId; version: Version }> | SyncError

/** A change to one copy at the version that the server must still have. */
export type Update = Readonly<{ id: ItemId; expect: Version; patch: Patch; agreed: Item }>

/** A new copy. */
export type Creation = Readonly<{ item: Item; stamp: Stamp }>

/**
 * One folder that takes part. Every method either answers for every item, in order, or rejects with a
 * SyncError that concerns the whole replica. Nothing is retried whose effect is unknown.
 */
export interface Replica {
  readonly role: Role
  /** Where it is declared to be. */
  readonly place?: Place | undefined
  /**
   * What differs from what is known; proves that it is complete, or rejects. Writes nothing. Without a start the folder
   * is listed for the first time.
   */
  observe(start: Start | undefined, known: Known, signal: AbortSignal): Promise<Listing>
  /** Makes sure that the folder can be written to; makes it when it is missing. */
  prepare(checkpoint: Checkpoint, signal: AbortSignal): Promise<Checkpoint>
  /** The items as they are now; undefined for one that is not there, the error for an unreadable one. */
  read(
    ids: readonly ItemId[],
    signal: AbortSignal,
  ): Promise<readonly (Found | undefined | SyncError)[]>
  /** Creates copies that carry the stamp. */
  create(items: readonly Creation[], signal: AbortSignal): Promise<readonly Written[]>
  /** Changes copies that still have the expected version; `stale` for others. */
  update(updates: readonly Update[], signal: AbortSignal): Promise<readonly Written[]>
  /** Deletes copies; undefined where that is done, `stale` where one was not found: the next look tells. */
  remove(ids: readonly ItemId[], signal: AbortSignal): Promise<readonly (undefined | SyncError)[]>
  /**
   * Gives the folder its declared name if it still bears the last name of `from`, a path; otherwise, and where
   * that name is taken, it keeps the one it has.
   */
  rename?(checkpoint: Checkpoint, from: string, signal: AbortSignal): Promise<void>
  /** Moves the checkpoint past our own writes, and never past another's change. */
  settle(checkpoint: Checkpoint, known: Known, signal: AbortSignal): Promise<Settled>
}

/** A replica that takes no part any more, with where its folder was declared to be; undefined: only its id tells. */
export type Left = Readonly<{ id: ReplicaId; place: Place | undefined }>

/** Time, handed down. */
export interface Clock {
  now(): number
  /** Resolves after the delay; rejects when the signal aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
}

/** Called when a request of a pass begins; what it answers is awaited at its end, with its error. */
export type Pace = () => (error: unknown) => Promise<void>

/** One SyncGroup as it is declared now, with what it refers to. */
export type Declared = Accessing &
  Readonly<{
    id: GroupId
    generation: number
    /** Changes whenever any of the above does. */
    fingerprint: string
    /** A newer version that cannot be used, and why. */
    invalid: string | undefined
    previous: SyncGroupStatus | undefined
    /** It is not declared any more; it is told until it has been released. */
    deleted?: boolean
  }>

/** Where groups are declared, and where their status goes. */
export interface Declarations {
  /** The groups as they are declared now. */
  groups(): Promise<readonly Declared[]>
  /** Resolves when something may have changed since the last call of `groups`. */
  changed(signal: AbortSignal): Promise<void>
  /** Makes sure that the end of the group will be told. Before its first pass, and again before each. */
  hold(declared: Declared): Promise<void>
  /** Writes the status of a group. */
  report(declared: Declared, status: SyncGroupStatus): Promise<void>
  /** A group that was deleted needs nothing any more: it is forgotten, with its status. */
  released(declared: Declared): Promise<void>
}
