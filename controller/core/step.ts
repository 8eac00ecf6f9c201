// What a plan is made of: one step per link, at most one action per replica. Frozen values, which can be
// printed, tested, refused or thrown away.
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import type { Item, Patch } from './item.ts'
import type { Copy, FieldConflict, KeepReason, Link, Shown } from './model.ts'

/** Saves what another action would overwrite, before it does. `replica`: whose version it is, or who deleted. */
export type Keep = Readonly<{
  replica: ReplicaId
  /** Which loss it is: the same when it is tried again, another one when the same content is lost once more. */
  loss: string
  item: Item
  reason: KeepReason
  fields: readonly string[]
}>

/** What to do on one replica. `expect` is the version that the server must still have. */
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
      /** Fields of its user's own doing that it overwrites unread: the copy is read and kept first. */
      overwrites: readonly string[]
    }>
  | Readonly<{ kind: 'delete'; replica: ReplicaId; id: ItemId; expect: Version }>

/** Who replaced which fields of what was agreed. `counted`: the guard counts it. */
export type Replaced = Readonly<{
  replica: ReplicaId
  fields: readonly string[]
  counted: boolean
}>

/** A copy that must be read before anything is done to it: it was read last under an older codec. */
export type Reread = Readonly<{ replica: ReplicaId; id: ItemId }>

/** What shall happen to one link. */
export type Step = Readonly<{
  link: Link
  /** The content that all shall agree on; undefined: that it is deleted. */
  agreed: Item | undefined
  revision: number
  editedMs: number | undefined
  /** The link's `source` from now on. */
  source?: string | undefined
  keeps: readonly Keep[]
  /** Edits of the agreed content, by editor; none of what is new or deleted. */
  replaced: readonly Replaced[]
  /** Does it bring something back from the bin, and was that confirmed? */
  restores: boolean
  confirmed: boolean
  actions: readonly Action[]
  /**
   * Copies as they are to be written down before anything is done: those that need no action, and those
   * found under another id than recorded, or for the first time.
   */
  known: ReadonlyMap<ReplicaId, Copy>
  rereads: readonly Reread[]
  /** Copies that are gone and shall be forgotten. */
  dropped: readonly ReplicaId[]
  /** Receive-only replicas that are left without a copy from now on. */
  declined: readonly ReplicaId[]
  conflicts: readonly FieldConflict[]
  /** Who deleted, or who brought it in: what the guard counts. */
  deleters: readonly ReplicaId[]
  publisher: ReplicaId | undefined
  /** Does it concern somebody who could not be read, and to whom it is done when he can? */
  later: boolean
}>

/** Everything that a pass shall do. */
export type Plan = Readonly<{
  steps: readonly Step[]
  /** What was seen of links of which nothing is decided (held.ts): it is read again. */
  held?: ReadonlyMap<ReplicaId, readonly ItemId[]>
  /** Links of which nothing is decided, as what their edits come to is too large. */
  tooLarge?: readonly LinkId[]
}>
