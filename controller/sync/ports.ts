// The borders of the engine: what a replica, the state, the declarations and the clock must be able to do. Replica has its
// adapters in ews/, Baseline in store/, Declarations in local/ and kube/, Clock in main.ts. Replica and Declarations have
// a conformance suite each (test/conformance).

import type { Holder } from '../api/claims.ts'
import type { Accessing } from '../api/references.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { Place } from '../api/topology.ts'
import type { Attempt } from '../core/attempt.ts'
import type { Agreement } from '../core/fold.ts'
import type { Caused } from '../core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../core/id.ts'
import type { Item, Patch } from '../core/item.ts'
import type { Copy, Found, KeepReason, Link, Restoration, Role } from '../core/model.ts'
import type { RestoreResult } from '../core/restore.ts'
import type { Stamp } from '../core/stamp.ts'
import { SyncError } from '../core/sync-error.ts'

/** What in a folder only grows: the time of its latest commit (ms since 1970, by the server), and how many deletes. */
export type Stand = Readonly<{ committedMs: number; deletedTotal: number }>

/**
 * What a replica remembers between two passes; saved with the baseline that was reached from it.
 * `cursor`, `folder` and `stand` are the adapter's own; `lens` tells under which role it looked.
 */
export type Memory = Readonly<{
  folder?: string | undefined
  /** Where the folder lay: one that was moved away, into Deleted Items perhaps, is not ours any more. */
  parent?: string | undefined
  cursor?: string | undefined
  /** How far the folder had come when it was looked at last. */
  stand?: Stand | undefined
  /** The folder was restored from a backup, and what is to be read again shows old content. */
  restored?: boolean | undefined
  lens: string
  /** Where the folder was declared to be; the engine notes it. Undefined in a state of version 0.1. */
  place?: Place | undefined
  /** Items to be read again, whatever the cursor says. */
  recheck: readonly ItemId[]
  /** Items that a look leaves out, since they cannot be read; each is named in the group's problems. */
  passedOver?: readonly PassedOver[] | undefined
  /** The version of the codec under which every copy has been read; the engine notes it. */
  codec?: number | undefined
  /** What the adapter notes besides its cursor. The engine and the state carry it unread. */
  notes?: unknown
}>

/** An item that is left out. It is read again when it has another version, and at an audit. */
export type PassedOver = Readonly<{
  id: ItemId
  /** The version that could not be read; '' where none is known. */
  version: Version
  /** What is wrong: the server's response code, or ours. */
  code: string
  /** How many looks in a row it could not be read. */
  tries: number
  /** When it was passed over first, ms since 1970; the engine notes it. */
  sinceMs?: number | undefined
}>

/** What the baseline knows of one replica's copies. */
export interface Known {
  /** The versions of those of the items that are known. */
  versions(ids: readonly ItemId[]): Promise<ReadonlyMap<ItemId, Version>>
  /** The versions of all known copies. Only for a replica that must be enumerated. */
  all(): Promise<ReadonlyMap<ItemId, Version>>
}

/** A complete look at a replica, and what it will remember once the look has been used. */
export type Look = Readonly<{
  changed: readonly Found[]
  gone: readonly ItemId[]
  memory: Memory
  /** The folder went back in time: it was restored from a backup. Then everything is listed. */
  restored?: boolean
  /** The whole folder was listed: what is not among `changed` and not known is not there. */
  whole?: boolean
  /** Known ids that the server refuses as no ids at all: their copies are forgotten; nothing was deleted. */
  forgotten?: readonly ItemId[]
  /** There may be more than was read: nothing new is made there before that is known. `more`: the next look reads on. */
  short?: boolean
  more?: boolean
  /** What is odd about the folder's listing, for people. */
  odd?: readonly SyncError[]
}>

/** A look that could not be made, with what it leaves to compare the next one with. */
export class UnsureError extends SyncError {
  readonly memory: Memory

  constructor({ kind, code, message, backOffMs }: SyncError, memory: Memory) {
    super(kind, code, message, { backOffMs })
    this.memory = memory
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
  /** What differs from what is known; proves that it is complete, or rejects. Writes nothing. */
  observe(memory: Memory | undefined, known: Known, signal: AbortSignal): Promise<Look>
  /** Makes sure that the folder can be written to; makes it when it is missing. */
  prepare(memory: Memory, signal: AbortSignal): Promise<Memory>
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
  rename?(memory: Memory, from: string, signal: AbortSignal): Promise<void>
  /** Moves the memory past the echo of our own writes, and never past anybody else's change. */
  settle(memory: Memory, known: Known, signal: AbortSignal): Promise<Memory>
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
}>

/** One write to the state: all of it or nothing. */
export type Change = Readonly<{
  at: Readonly<{ timeMs: number; pass: string }>
  /** What the group is by now. */
  identity?: Identity
  /** The group has another hub, or ends: all links and copies are forgotten. */
  reset?: boolean
  /** Replicas that are known by another name from now on: new name → old. */
  renames?: ReadonlyMap<ReplicaId, ReplicaId>
  /** Replicas that no longer take part. */
  left?: readonly ReplicaId[]
  /** Copies whose recorded ids are none: forgotten before anything else is written. */
  forgotten?: ReadonlyMap<ReplicaId, ReadonlySet<ItemId>>
  /** Every link must be looked at again: somebody joined, or plays another role. */
  unsettle?: boolean
  agreements?: readonly Agreement[]
  copies?: readonly Readonly<{ link: LinkId; replica: ReplicaId; copy: Copy | undefined }>[]
  kept?: readonly Kept[]
  conflicts?: readonly ConflictNote[]
  caused?: ReadonlyMap<ReplicaId, Caused>
  /** Approvals that are used up by this, by hash. */
  approvals?: readonly string[]
  memories?: ReadonlyMap<ReplicaId, Memory>
  /** Creates whose outcome is unknown, as they are now; `attempt` undefined: it is known by this change. */
  attempts?: readonly Readonly<{ link: LinkId; replica: ReplicaId; attempt: Attempt | undefined }>[]
  /** What was wanted back, and what becomes of it by this very change. */
  restored?: readonly Readonly<{ n: number; result: RestoreResult }>[]
  entries?: readonly Entry[]
  /** Links that nobody is behind with. */
  settled?: readonly LinkId[]
  /** Links whose deletion has reached everybody. */
  ended?: readonly LinkId[]
}>

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
  commit(change: Change): Promise<void>
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
