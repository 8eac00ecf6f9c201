// Which groups are ended: those that ran once, and are not declared any more. What only looks so for a moment,
// or says nothing about who was deleted, ends nobody.

import type { SyncGroup } from '../api/resources.generated.ts'
import type { GroupId } from '../core/id.ts'
import { least } from '../core/many.ts'
import type { Problem } from '../validation/problem.ts'
import type { Loaded } from '../validation/resources.ts'
import type { Stored } from './statuses.ts'

/** How long a group that ran must be missing before it is ended: editors and Git replace files, too. */
const graceMs = 5_000

/** Groups that ran, and are missing. */
export class Ended {
  readonly #ran = new Set<GroupId>()
  #missing: ReadonlyMap<GroupId, Readonly<{ stored: Stored; sinceMs: number }>> = new Map()

  /** A group is declared, and runs. */
  declared(id: GroupId): void {
    this.#ran.add(id)
  }

  /** These are missing, and no others. */
  missing(left: ReadonlyMap<GroupId, Stored>, nowMs: number): void {
    const since = (id: GroupId) =>
      this.#missing.get(id)?.sinceMs ?? (this.#ran.has(id) ? nowMs : Number.NEGATIVE_INFINITY)
    this.#missing = new Map([...left].map(([id, stored]) => [id, { stored, sinceMs: since(id) }]))
  }

  /** Those that have been missing for long enough. */
  due(nowMs: number): readonly (readonly [GroupId, Stored])[] {
    return [...this.#missing].flatMap(([id, { stored, sinceMs }]) =>
      nowMs - sinceMs < graceMs ? [] : [[id, stored] as const],
    )
  }

  /** In how many ms another one will have been; undefined when none is missing for less. */
  nextMs(nowMs: number): number | undefined {
    const left = [...this.#missing.values()].map(({ sinceMs }) => sinceMs + graceMs - nowMs)
    const waiting = left.filter((ms) => ms > 0)
    return waiting.length === 0 ? undefined : least(waiting)
  }

  /** Nothing is left to do for this one. */
  released(id: GroupId): void {
    this.#ran.delete(id)
    this.#missing = new Map([...this.#missing].filter(([each]) => each !== id))
  }
}

/**
 * Why what was read does not say what was deleted: a file cannot be read, declares nothing or leads nowhere, or
 * nothing is declared at all. None when what is missing was taken out on purpose.
 */
export function doubtsOf(loaded: Loaded): readonly Problem[] {
  const at = (file: string, message: string) => ({ file, line: 1, column: 1, path: '', message })
  const unread = loaded.problems.filter(({ ref }) => ref === undefined)
  const blank = loaded.blank.map((file) =>
    at(file, 'declares nothing: put its resources back, or remove the file if they are to end'),
  )
  const doubts = [...unread, ...blank]
  if (doubts.length > 0 || loaded.documents.length > 0) return doubts
  const remedy =
    'put the files back; where all groups are to end, leave a Secret or an ExchangeServer'
  return [at('', `the directory declares nothing: ${remedy}`)]
}

/** The group as its status file tells of it; none when it never ran. */
export function endedGroup(
  id: GroupId,
  { metadata, spec }: Stored,
): Readonly<{ group: SyncGroup; generation: number }> | undefined {
  if (spec === undefined) return undefined
  const [namespace = 'default'] = id.split('/')
  const { name = '', generation = 0, creationTimestamp } = metadata ?? {}
  const group = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name, namespace, creationTimestamp },
    spec,
  } as unknown as SyncGroup
  return { group, generation }
}
