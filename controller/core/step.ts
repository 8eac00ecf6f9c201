// The parts of a plan: one step per link, at most one action per replica. Frozen values, which can be printed, tested,
// refused or dropped.
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import type { Item, Patch } from './item.ts'
import type { Copy, FieldConflict, KeepReason, Link, Shown } from './model.ts'

/** Puts content into the bin before an action overwrites it. `replica`: the replica of the version, or the deleter. */
export type Keep = Readonly<{
  replica: ReplicaId
  /** Identifies the loss: the same on a retry, another one if the same content is lost once more. */
  loss: string
  item: Item
  reason: KeepReason
  fields: readonly string[]
}>

/** One write in one replica. `expect`: the version that the server must still have. */
export type Action =
  | Readonly<{ kind: 'create'; replica: ReplicaId }>
  | Readonly<{
      kind: 'update'
      replica: ReplicaId
      id: ItemId
      expect: Version
      patch: Patch
      shown: Shown
      withheld: boolean
      /** Fields of the user's own drift that it overwrites unread: the copy is read and kept first. */
      overwrites: readonly string[]
    }>
  | Readonly<{ kind: 'delete'; replica: ReplicaId; id: ItemId; expect: Version }>

/** The agreed fields that one replica replaced. `counted`: the guard counts it. */
export type Replaced = Readonly<{
  replica: ReplicaId
  fields: readonly string[]
  counted: boolean
}>

/** A copy that must be read before any action on it: an older codec read it last. */
export type Reread = Readonly<{ replica: ReplicaId; id: ItemId }>

/** The decision about one link. */
export type Step = Readonly<{
  link: Link
  /** The new agreed content; undefined: the deletion is agreed. */
  agreed: Item | undefined
  revision: number
  editedMs: number | undefined
  /** The link's `source` from now on. */
  source?: string | undefined
  keeps: readonly Keep[]
  /** Edits of the agreed content, by editor; empty for a new or deleted link. */
  replaced: readonly Replaced[]
  /** Does it restore an entry of the bin, and was that confirmed? */
  restores: boolean
  confirmed: boolean
  actions: readonly Action[]
  /**
   * Copies to note before any action: those that need no action, those with another id than noted, and those found for
   * the first time.
   */
  known: ReadonlyMap<ReplicaId, Copy>
  rereads: readonly Reread[]
  /** Missing copies that the baseline forgets. */
  dropped: readonly ReplicaId[]
  /** Receive-only replicas that stay without a copy from now on. */
  declined: readonly ReplicaId[]
  conflicts: readonly FieldConflict[]
  /** The replicas that deleted it, and the one that published it: the guard counts them. */
  deleters: readonly ReplicaId[]
  publisher: ReplicaId | undefined
  /** Does it concern a replica that could not be read, and gets the change later? */
  later: boolean
}>

/** All steps of a pass. */
export type Plan = Readonly<{
  steps: readonly Step[]
  /** Seen items of links about which nothing is decided (held.ts): they are read again. */
  held?: ReadonlyMap<ReplicaId, readonly ItemId[]>
  /** Links about which nothing is decided, because the merged item is too large. */
  tooLarge?: readonly LinkId[]
}>
