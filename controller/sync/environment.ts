// What reconciling needs besides the declaration of a group, how it is to be done, and what it came to.
import type { Result } from '../api/group-status.ts'
import type { ConflictLine } from '../api/report.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { ServerName } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { PassCeilings } from './ceilings.ts'
import type { Baseline, Clock, Declarations, Declared, Left, Pace, Replica } from './ports.ts'
import type { Servers } from './server-health.ts'

/** Members' servers that are left alone for now, each with why. */
export type Resting = ReadonlyMap<ServerName, SyncError>

/** What reconciling needs of the outside. */
export type Environment = Readonly<{
  declarations: Declarations
  /** The folders of a group; one whose server is blocked, or resting now, is there and rejects. */
  replicas: (
    declared: Declared,
    signal: AbortSignal,
    pace?: Pace,
    resting?: Resting,
  ) => readonly Replica[]
  /** The folders of members who are not declared any more. */
  former: (
    declared: Declared,
    left: readonly Left[],
    signal: AbortSignal,
    pace?: Pace,
  ) => readonly Replica[]
  baseline: (group: GroupId) => Baseline
  /** The newest conflicts of a group. */
  recent: (group: GroupId) => Promise<readonly ConflictLine[]>
  clock: Clock
  /** The bytes of the largest contact that is synchronised. */
  itemBytes?: number | undefined
  servers: Servers
  /** A controller probes servers by itself, and is first to try one. */
  watched?: boolean
  /** Statuses do not say why a server cannot be reached. */
  discreet?: boolean
  /** What groups may ask for at most; none: whatever they say. */
  ceilings?: PassCeilings
  /** Called once per pass. */
  onEnded: (ended: Ended) => void
}>

/** What a pass, or the refusal of one, came to. */
export type Ended = Readonly<{
  declared: Declared
  result: Result
  /** What was reported; none of one that was released. */
  status: SyncGroupStatus | undefined
  /** Why the status could not be written, when it could not. */
  unreported: SyncError | undefined
  tookMs: number
}>

/** How a pass is to be made. */
export type Mode = Readonly<{
  /** Finish in slices, so that a long seeding does not delay others' edits. */
  sliceMs: number | undefined
  audit: boolean
  stopping: () => boolean
  /** Told of the pass's requests. */
  pace?: Pace
  /** Aborts when the pass is given up, with the SyncError that says why. */
  givenUp?: AbortSignal
  /** Shall it end between two batches, and be gone on with when it is its turn again? */
  yields?: () => boolean
  /** The group that has one of its folders already, and the name of its place. */
  claimed: Readonly<{ by: GroupId; place: string }> | undefined
}>

/** What became of it, and when to look again at the earliest, in ms. */
export type Reconciled = Readonly<{
  result: Result
  /** What was reported, or would have been; none of one that was released. */
  status: SyncGroupStatus | undefined
  ready: boolean
  againMs: number
}>
