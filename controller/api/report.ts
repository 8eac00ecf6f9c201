// What a pass did, for people: counts, conflicts and problems. Never content.
import type { Refusal } from '../core/guard.ts'
import type { LinkId, ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type { Kind } from '../core/sync-error.ts'

/** What keeps one replica from being current. */
export type Problem = Readonly<{
  replica: ReplicaId
  kind: Kind
  reason: string
  message: string
  backOffMs?: number | undefined
}>

/** One field of one link for which there were two different edits. */
export type ConflictLine = Readonly<{
  link: LinkId
  field: string
  replica: ReplicaId
  timeMs: number
}>

/** What a pass did. */
export type Report = Readonly<{
  startMs: number
  durationMs: number
  /** Links that are alive. */
  items: number
  /** Edits from before are not in the history any more, since it was full; ms since 1970. */
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
  /** Time ran out, or there is more to be read or to be brought back: there is more to do at once. */
  unfinished: boolean
  /** More was in the folders than one pass holds: the next one goes on reading. */
  reading?: boolean
}>

/** How the members stand: whoever could not be read is unreachable, whoever lacks something is behind. */
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
