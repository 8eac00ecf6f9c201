// What became of a plan: the tally that applying keeps.
import type { ItemId, ReplicaId } from '../core/id.ts'
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
    unfinished: false,
  }
}
