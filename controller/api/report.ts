// The report of a pass, for people: counts, conflicts and problems. Never content.
import type { Refusal } from '../core/guard.ts'
import type { LinkId, ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type { Kind } from '../core/sync-error.ts'

/** A reason why one replica is not current. */
export type Problem = Readonly<{
  replica: ReplicaId
  kind: Kind
  reason: string
  message: string
  backOffMs?: number | undefined
}>

/** One field of one link with two different edits. */
export type ConflictLine = Readonly<{
  link: LinkId
  field: string
  replica: ReplicaId
  timeMs: number
}>

/** The result of a pass. */
export type Report = Readonly<{
  startMs: number
  durationMs: number
  /** The number of living links. */
  items: number
  /** The history was full: edits before this time are missing from it; ms since 1970. */
  historySinceMs?: number | undefined
  created: number
  updated: number
  deleted: number
  kept: number
  /** Since the group began. */
  conflicts: Readonly<{ total: number; lastMs: number | undefined }>
  members: Readonly<{ total: number; current: number; behind: number; unreachable: number }>
  problems: readonly Problem[]
  refusals: readonly Refusal[]
  /** Members that are behind without a problem or a refusal of their own: they were edited during the pass. */
  unexplained?: number
  /** Time ran out, or more must be read or written: another pass should follow at once. */
  unfinished: boolean
  /** The folders have more items than one pass holds: the next one continues reading. */
  reading?: boolean
}>

/** The states of the members: one that could not be read is unreachable, one with missing changes is behind. */
export function membersOf(
  roles: readonly Role[],
  unreachable: ReadonlySet<ReplicaId>,
  behind: ReadonlySet<ReplicaId>,
): Report['members'] {
  const members = roles.filter(({ hub }) => !hub)
  const lost = members.filter(({ id }) => unreachable.has(id)).length
  const late = members.filter(({ id }) => !unreachable.has(id) && behind.has(id)).length
  return {
    total: members.length,
    current: members.length - lost - late,
    behind: late,
    unreachable: lost,
  }
}
