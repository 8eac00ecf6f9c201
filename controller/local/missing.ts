// Decides which groups end: those that ran and are no longer declared. A short absence ends no group, and neither does
// a reading that does not prove a deletion.

import type { SyncGroup } from '../api/resources.generated.ts'
import { namesIn } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import { least } from '../core/many.ts'
import type { Problem } from '../validation/problem.ts'
import type { Loaded } from '../validation/resources.ts'
import type { Stored } from './statuses.ts'

/** How long a group must be missing before it ends, ms: editors and Git replace files by removing them first. */
const graceMs = 5_000

/** Groups that ran and are missing. */
export class Ended {
  readonly #ran = new Set<GroupId>()
  #missing: ReadonlyMap<GroupId, Readonly<{ stored: Stored; sinceMs: number }>> = new Map()

  /** Records that a group is declared and runs. */
  declared(id: GroupId): void {
    this.#ran.add(id)
  }

  /** Records that exactly these groups are missing. `nowMs`: ms since 1970. */
  missing(left: ReadonlyMap<GroupId, Stored>, nowMs: number): void {
    const since = (id: GroupId) =>
      this.#missing.get(id)?.sinceMs ?? (this.#ran.has(id) ? nowMs : Number.NEGATIVE_INFINITY)
    this.#missing = new Map([...left].map(([id, stored]) => [id, { stored, sinceMs: since(id) }]))
  }

  /** The groups that have been missing for long enough. */
  due(nowMs: number): readonly (readonly [GroupId, Stored])[] {
    return [...this.#missing].flatMap(([id, { stored, sinceMs }]) =>
      nowMs - sinceMs < graceMs ? [] : [[id, stored] as const],
    )
  }

  /** The time until the next group is due, ms; undefined if no group waits. */
  nextMs(nowMs: number): number | undefined {
    const left = [...this.#missing.values()].map(({ sinceMs }) => sinceMs + graceMs - nowMs)
    const waiting = left.filter((ms) => ms > 0)
    return waiting.length === 0 ? undefined : least(waiting)
  }

  /** Records that nothing is left to do for a group. */
  released(id: GroupId): void {
    this.#ran.delete(id)
    this.#missing = new Map([...this.#missing].filter(([each]) => each !== id))
  }
}

/**
 * The reasons why a missing group does not count as deleted: a file cannot be read, declares nothing or is a dangling
 * link, or the directory declares nothing at all. Empty if a missing group was removed on purpose.
 */
export function doubtsOf(loaded: Loaded): readonly Problem[] {
  const at = (file: string, message: string) => ({ file, line: 1, column: 1, path: '', message })
  const unread = loaded.problems.filter(({ ref }) => ref === undefined)
  const blank = loaded.blank.map((file) =>
    at(file, 'declares nothing: put its resources back, or remove the file to end them'),
  )
  const doubts = [...unread, ...blank]
  if (doubts.length > 0 || loaded.documents.length > 0) return doubts
  const remedy = 'put the files back; to end all groups, keep a Secret or an ExchangeServer'
  return [at('', `the directory declares nothing: ${remedy}`)]
}

/** The group from its status file; undefined if it never ran. */
export function endedGroup(
  id: GroupId,
  { metadata, spec }: Stored,
): Readonly<{ group: SyncGroup; generation: number }> | undefined {
  if (spec === undefined) return undefined
  const { generation = 0, creationTimestamp } = metadata ?? {}
  const group = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { ...namesIn(id), creationTimestamp },
    spec,
  } as unknown as SyncGroup
  return { group, generation }
}
