// The input of reconciling besides the declaration of a group, its options, and its result.
import type { Result } from '../api/group-status.ts'
import type { ConflictLine } from '../api/report.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { ServerName } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { PassCeilings } from './ceilings.ts'
import type { Baseline, Clock, Declarations, Declared, Left, Pace, Replica } from './ports.ts'
import type { Progress, ProgressOptions } from './progress.ts'
import type { Servers } from './server-health.ts'

/** Members' servers that are left alone for now, each with the reason. */
export type Resting = ReadonlyMap<ServerName, SyncError>

/** The collaborators of reconciling. */
export type Environment = Readonly<{
  declarations: Declarations
  /** The folders of a group. A folder whose server is blocked, or resting now, is included and rejects. */
  replicas: (
    declared: Declared,
    signal: AbortSignal,
    pace?: Pace,
    resting?: Resting,
  ) => readonly Replica[]
  /** The folders of members that are no longer declared. */
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
  /** The maximum size of a contact that is synchronised, bytes. */
  itemBytes?: number | undefined
  servers: Servers
  /** A controller probes the servers itself, and its probe is the first try. */
  watched?: boolean
  /** Statuses do not say why a server cannot be reached. */
  discreet?: boolean
  /** The upper limits of groups; undefined: no limits. */
  ceilings?: PassCeilings
  /** How passes under way are shown; undefined: they are not. */
  progress?: ProgressOptions
  /** Called once per pass. */
  onEnded: (ended: Ended) => void
}>

/** The result of a pass, or of its refusal. */
export type Ended = Readonly<{
  declared: Declared
  result: Result
  /** The reported status; undefined for a group that was released. */
  status: SyncGroupStatus | undefined
  /** The error if the status could not be written. */
  unreported: SyncError | undefined
  tookMs: number
}>

/** The options of a pass. */
export type Mode = Readonly<{
  /**
   * The duration of one slice, ms: slices keep a long first sync from delaying edits of others. Undefined: no slices.
   */
  sliceMs: number | undefined
  audit: boolean
  stopping: () => boolean
  /** Is the group suspended by a newer declaration? */
  suspended?: () => boolean
  /** Called for each request of the pass. */
  pace?: Pace
  /** Aborts when the pass is cancelled, with the SyncError that says why. */
  givenUp?: AbortSignal
  /** True if the pass is to end between two batches, and to continue at its next turn. */
  yields?: () => boolean
  /** The group that already holds one of its folders, and the name of the place. */
  claimed: Readonly<{ by: GroupId; place: string }> | undefined
  /** Learns how far the pass is. */
  progress?: Progress
  /** Ends the showing of the pass; resolves when no status is written any more. */
  unshown?: () => Promise<void>
}>

/** The result, and the earliest time for the next pass, ms from now. */
export type Reconciled = Readonly<{
  result: Result
  /** The status that was reported, or should have been; undefined for a group that was released. */
  status: SyncGroupStatus | undefined
  ready: boolean
  againMs: number
}>
