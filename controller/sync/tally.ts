// What became of a plan: the tally that applying keeps.
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import { into } from '../core/loose.ts'
import { itemTooLarge } from '../core/scope.ts'
import type { SyncError } from '../core/sync-error.ts'

/** What was done, and what could not be. */
export type Applied = {
  created: number
  updated: number
  deleted: number
  /** Copies that were kept because they showed something else than what was agreed. */
  kept: number
  /** Replicas that were written to. */
  readonly written: Set<ReplicaId>
  /** The last error of each replica's, and of how many items. */
  readonly failures: Map<ReplicaId, { error: SyncError; items: number }>
  /** Copies that were dealt with: updated, deleted, or gone already. */
  readonly done: Map<ReplicaId, Set<ItemId>>
  /** Replicas of which it is unknown whether they have a new copy: they are looked at whole. */
  readonly unknown: Set<ReplicaId>
  /** Copies that show what they did before although we wrote something else. */
  readonly untaken: Map<ReplicaId, ItemId[]>
  /** Links whose content is too large to be written there. */
  readonly tooLarge: Map<ReplicaId, LinkId[]>
  /** Did time run out before everything was tried? */
  unfinished: boolean
}

/** The tally before anything was done. */
export function nothingApplied(): Applied {
  return {
    created: 0,
    updated: 0,
    deleted: 0,
    kept: 0,
    written: new Set(),
    failures: new Map(),
    done: new Map(),
    unknown: new Set(),
    untaken: new Map(),
    tooLarge: new Map(),
    unfinished: false,
  }
}

/** One replica's part of the tally. */
export class ReplicaTally {
  readonly #id: ReplicaId
  readonly #applied: Applied

  constructor(id: ReplicaId, applied: Applied) {
    this.#id = id
    this.#applied = applied
  }

  /** An item could not be dealt with. What is stale waits for the next pass, which reads it again. */
  itemFailed(error: SyncError, link?: LinkId): void {
    if (error.code === itemTooLarge && link !== undefined)
      into(this.#applied.tooLarge, this.#id, link)
    else if (error.kind !== 'stale') this.failed(error, 1)
  }

  /** So many items could not be dealt with; 0: a request that carried none. */
  failed(error: SyncError, items: number): void {
    const before = this.#applied.failures.get(this.#id)
    this.#applied.failures.set(this.#id, { error, items: (before?.items ?? 0) + items })
  }

  /** A copy was updated, deleted, or is gone already. */
  dealtWith(item: ItemId): void {
    const done = this.#applied.done.get(this.#id) ?? new Set()
    this.#applied.done.set(this.#id, done.add(item))
  }
}
