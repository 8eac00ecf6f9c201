// The port of the bin: every deleted item and every losing edit, whole, with its replica, time, pass and reason; the
// history: the agreed content before each edit; the restore requests of users; and the conflicts, with both of their
// sides. test/conformance/bin.ts says what every implementation does.
import type { GroupId, LinkId, ReplicaId } from '../../core/id.ts'
import type { Item } from '../../core/item.ts'
import type { KeepReason } from '../../core/model.ts'
import type { RestoreResult } from '../../core/restore.ts'
import type { SeenAs } from '../baseline.ts'

/** One entry of the bin. */
export type Binned = Readonly<{
  n: number
  group: GroupId
  link: LinkId
  /** The replica whose version it is. */
  replica: ReplicaId
  reason: KeepReason
  /** The fields that lost; empty for a deleted item. */
  fields: readonly string[]
  item: Item
  /** The values that these fields got instead, if they were recorded. */
  won: Item | undefined
  timeMs: number
  pass: string
  /** The state of its restore; undefined if none was requested. Damaged: its content does not open. */
  restore: 'Pending' | 'Damaged' | RestoreResult | undefined
}>

/** Selects entries; a field that is not given admits any. `history`: also edits, which are not in the bin. */
export type Filter = Readonly<{
  history?: boolean
  group?: GroupId | undefined
  link?: LinkId | undefined
  /** A replica, or all replicas of a mailbox. */
  replica?: string | undefined
  reason?: KeepReason | undefined
  pass?: string | undefined
  /**
   * Entries kept after all that have an earlier time than `sinceMs`, and entries with an earlier time than `untilMs`; ms
   * since 1970. An entry with a later time that a clock ahead gave it, and that an earlier one follows, does not count.
   */
  sinceMs?: number | undefined
  untilMs?: number | undefined
}>

/** The options of a restore request. */
export type Asking = Readonly<{
  /** Only these of its fields; default: the fields that it is about. */
  fields?: readonly string[]
  /** The hash of the plan that it belongs to. An annotation with this hash confirms the plan. */
  plan?: string
  /** The item that it would edit, as the plan saw it (`seenOf`): if it changed since, the annotation confirms nothing. */
  seen?: string
  /** The whole plan was shown and confirmed: the guard does not count it. */
  confirmed?: boolean
  /** Also restore an entry that was restored before and overwritten since. */
  again?: boolean
}>

/** One field of one link with two different edits; never content. */
export type Conflicted = Readonly<{
  n: number
  group: GroupId
  link: LinkId
  /** The replica that lost. */
  replica: ReplicaId
  field: string
  timeMs: number
}>

/** A pending restore of entry `n`. `plan`: the hash of the plan that it belongs to. */
export type Wish = Readonly<{ n: number; group: GroupId; link: LinkId; plan: string | undefined }>

/** Reads the kept entries, and records requests to restore them. Every method rejects with a SyncError. */
export interface Bin {
  /**
   * The newest first, at most `limit`; with `below`, those before that number, to continue a list. An entry whose
   * content does not open is listed as Damaged, without its content: it must not hide all others.
   */
  list(limit: number, below?: number, filter?: Filter): Promise<readonly Binned[]>
  /** One entry by its number; rejects with StateUnreadable if its content does not open. */
  get(n: number): Promise<Binned | undefined>
  /** The number of such entries, and the number of recorded conflicts. */
  counts(filter?: Filter): Promise<Readonly<{ bin: number; conflicts: number }>>
  /** The newest conflicts first, at most `limit`, of one group or of all; those before the number `below`. */
  conflicts(limit: number, group?: GroupId, below?: number): Promise<readonly Conflicted[]>
  /** One conflict by its number, with its kept content as long as that is in the bin. */
  conflict(
    n: number,
  ): Promise<Readonly<{ conflict: Conflicted; kept: Binned | undefined }> | undefined>
  /**
   * Requests restores, which the next pass of the group carries out. All of them or none: an unknown number requests
   * nothing.
   */
  ask(wanted: ReadonlyMap<number, Asking>, timeMs: number): Promise<void>
  /** The pending requests, of a group or of all, by number. */
  pending(group?: GroupId): Promise<readonly Wish[]>
  /** Cancels the pending requests of all these numbers. */
  cancel(numbers: readonly number[], timeMs: number): Promise<void>
  /** The groups that the state knows, or the replicas of a group or of all, sorted. */
  names(what: 'grp' | 'replica', group?: GroupId): Promise<readonly string[]>
  /** Groups whose history is shorter than its retention, because it was full: the end of the deleted part, ms. */
  historyEnds(): Promise<ReadonlyMap<GroupId, number>>
  /** Up to this time entries of the group are gone, by age or since the history was full; undefined: all are there. */
  goneUntil(group: GroupId): Promise<number | undefined>
  /** The role under which each replica of a group was listed last; undefined: the last listing does not count. */
  seenAs(group: GroupId): Promise<ReadonlyMap<ReplicaId, SeenAs | undefined>>
}
