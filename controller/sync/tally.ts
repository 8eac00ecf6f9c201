// The tally of a plan while it is carried out.
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import { into } from '../core/many.ts'
import { itemTooLarge } from '../core/scope.ts'
import type { SyncError } from '../core/sync-error.ts'

/** The completed work, and the failures. */
export type Applied = {
  created: number
  updated: number
  deleted: number
  /** Copies that were kept because they differed from the agreed content. */
  kept: number
  /** Replicas that were written to. */
  readonly written: Set<ReplicaId>
  /** The last error of each replica, and the number of items that failed. */
  readonly failures: Map<ReplicaId, { error: SyncError; items: number }>
  /** Copies that were updated, deleted, or already gone. */
  readonly done: Map<ReplicaId, Set<ItemId>>
  /** Replicas that may have an unknown new copy: they are listed whole. */
  readonly unknown: Set<ReplicaId>
  /** Copies that still show their former content although we wrote something else. */
  readonly untaken: Map<ReplicaId, ItemId[]>
  /** Links whose content is too large to be written there. */
  readonly tooLarge: Map<ReplicaId, LinkId[]>
  /** Did the time run out before everything was tried? */
  unfinished: boolean
}

/** The empty tally. */
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

  /** Records the failure of one item. A stale item waits for the next pass, which reads it again. */
  itemFailed(error: SyncError, link?: LinkId): void {
    if (error.code === itemTooLarge && link !== undefined)
      into(this.#applied.tooLarge, this.#id, link)
    else if (error.kind !== 'stale') this.failed(error, 1)
  }

  /** Records the failure of this many items; 0: a request that carried none. */
  failed(error: SyncError, items: number): void {
    const before = this.#applied.failures.get(this.#id)
    this.#applied.failures.set(this.#id, { error, items: (before?.items ?? 0) + items })
  }

  /** Records that a copy was updated, deleted, or already gone. */
  dealtWith(item: ItemId): void {
    const done = this.#applied.done.get(this.#id) ?? new Set()
    this.#applied.done.set(this.#id, done.add(item))
  }
}
