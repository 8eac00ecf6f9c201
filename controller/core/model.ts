// The values that observing and planning share: what all agreed on (Link, Copy), what a replica shows
// (Found, Observation), and one laid beside the other (Row, Cell).
import { digestOfAll, type ItemId, type LinkId, type ReplicaId, type Version } from './id.ts'
import type { Item, ItemType } from './item.ts'
import type { Stamp } from './stamp.ts'
import type { SyncError } from './sync-error.ts'

/** One folder's part in a group. `writes` and `receives` are two facts: a ring and many-to-one need both. */
export type Role = Readonly<{
  id: ReplicaId
  /** Without the hub nothing is decided. */
  hub: boolean
  /** Its edits and deletes travel. */
  writes: boolean
  /** Others' edits arrive here. */
  receives: boolean
  /** What happens to the edits of one that does not write. */
  drift: 'Revert' | 'Ignore'
  /** Whether its own items marked private may leave. */
  private: 'Skip' | 'Copy'
}>

/**
 * Is this the hub of a group whose members only receive? Nothing is ever written to such a hub, so it cannot be brought up
 * to date, and nobody else's edit can be pending there: what it shows is what there is, and what it lacks is gone. So even
 * where it was behind, was rewound to a backup, or was replaced by another folder, its content wins, and what that
 * overwrites is kept in the bin.
 */
export function isAuthoritative({ hub, receives }: Pick<Role, 'hub' | 'receives'>): boolean {
  return hub && !receives
}

/** One item as a replica shows it now. */
export type Found = Readonly<{
  id: ItemId
  version: Version
  item: Item
  stamp?: Stamp | undefined
  /** The server's time of the last change, ms since 1970; for ties only. */
  modifiedMs?: number | undefined
  /** The server's time when the item was made, ms since 1970; undefined where it does not tell. */
  createdMs?: number | undefined
}>

/** Digests of the fields that a copy shows otherwise than agreed: the server rewrote them, or a drift is ignored. */
export type Shown = Readonly<Record<string, string>>

/** One replica's instance of a link, as it was when all agreed last. */
export type Copy = Readonly<{
  id: ItemId
  version: Version
  /** The link's revision that this copy holds; smaller than the link's: it is behind. */
  revision: number
  shown: Shown
  /** Its owner marked it private: edits stay until the mark goes. */
  withheld?: boolean
  /** The version of the codec under which it was read last: fields that came later were never seen. */
  codec?: number
}>

/** One logical item and its copies everywhere. */
export type Link = Readonly<{
  id: LinkId
  /** How often the agreed content has changed; 0: nothing was ever agreed. */
  revision: number
  /** The agreed content; undefined once its deletion is agreed. */
  agreed: Item | undefined
  /** When the edit that led to it was made, ms since 1970, by the editor's server. */
  editedMs?: number | undefined
  /** Earlier agreed content that some copy still holds, by revision. */
  bases: ReadonlyMap<number, Item | undefined>
  copies: ReadonlyMap<ReplicaId, Copy>
  /** What the stamps of its first copies said: the same item, as it was called before the state was lost. */
  aliases: readonly string[]
  /** The mark of the first item that the hub had of it, by which every group over the hub knows it. */
  source?: string | undefined
  /** Receive-only replicas that deleted their copy and whose drift is ignored. */
  declined: ReadonlySet<ReplicaId>
}>

/**
 * What one replica shows now, compared with the baseline: complete or not at all.
 * `changed` holds the items that are new, or whose version is not the recorded one.
 */
export type Observation =
  | Readonly<{ state: 'unknown'; error: SyncError }> // could not be read: no opinion, never "empty"
  | Readonly<{
      state: 'seen'
      changed: readonly Found[]
      gone: readonly ItemId[]
      /** Items that are there and are too large to be read: nothing is known of them. */
      large?: ReadonlySet<ItemId>
    }>

/** What one replica shows of one link. */
export type Cell =
  | Readonly<{ state: 'unknown'; copy?: Copy | undefined }> // could not be read, or is too large: no opinion
  // Never had it; or `was`: in a folder that another one replaced since.
  | Readonly<{ state: 'absent'; was?: Copy | undefined }>
  | Readonly<{ state: 'gone'; copy: Copy; rewound?: boolean }> // had it, has it no more
  | Readonly<{ state: 'same'; copy: Copy }> // as recorded
  // Changed, or new; `rewound`: the folder went back in time, so this is old content, not an edit.
  | Readonly<{ state: 'edited'; copy?: Copy | undefined; found: Found; rewound?: boolean }>

/** A link, and every replica's view of it, while planning. */
export type Row = Readonly<{
  link: Link
  cells: ReadonlyMap<ReplicaId, Cell>
  /** What is wanted back of it. */
  restoration?: Restoration | undefined
  /** What the hub has of it besides, made by other groups in the same moment: edits that are merged and deleted. */
  yields?: readonly Extract<Cell, { state: 'edited' }>[]
  /** Replicas where a new copy must not be tried again yet. */
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

/** Names what was agreed of a link, as it lay in everybody's folders: what is agreed anew has another name. */
export function agreementMark({ revision, copies }: Link): string {
  const lay = [...copies].map(([replica, { id, version }]) => `${replica} ${id} ${version}`).sort()
  return digestOfAll([String(revision), ...lay])
}

/** Was the copy read last under an older codec, so that some of its fields were never seen? */
export function isOfOlderCodec({ codec }: ItemType, copy: Copy | undefined): copy is Copy {
  return copy?.codec !== undefined && copy.codec < codec
}

/** The content that a copy had when it was written down. */
export function baseOf(link: Link, copy: Copy): Item | undefined {
  return copy.revision === link.revision ? link.agreed : link.bases.get(copy.revision)
}

/** Two different edits of one field of one link; `losers` are those whose value did not survive. */
export type FieldConflict = Readonly<{
  field: string
  losers: readonly ReplicaId[]
  agreedLost: boolean
}>

/**
 * Why something is put into the bin: it lost a conflict; a receive-only replica wrote it; it was deleted;
 * something that came back from the bin overwrote it; a folder that was rewound, to a backup, showed it, or
 * overwrote it; its owner takes part no more, and copies are removed. `Edited` is the history: what was agreed before
 * an edit.
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

/** One thing of the bin that is wanted back. */
export type Restoration = Readonly<{
  /** Its number in the bin. */
  n: number
  link: LinkId
  /** Whose version it is. */
  replica: ReplicaId
  reason: KeepReason
  /** The fields that are wanted; empty: the whole item. */
  fields: readonly string[]
  item: Item
  askedMs: number
  /** The hash of the plan that it is part of. */
  plan?: string | undefined
  /** What it would edit, as that plan saw it: see `seenOf`. */
  seen?: string | undefined
  /** Whoever asked saw the whole plan and confirmed it: the guard does not count it. */
  confirmed?: boolean
}>
