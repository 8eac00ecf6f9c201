// The State and Bin ports over an open SQLite state. SQLite is synchronous: each call is one statement or one
// transaction. An error that it throws becomes a rejection.
import type { Bin } from '../sync/ports/bin.ts'
import type { State } from '../sync/ports/state.ts'
import type { SqliteBin } from './bin.ts'
import type { SqliteState } from './state.ts'

/** The State port over an open state. */
export function stateOver(sqlite: SqliteState): State {
  return {
    baseline: (group) => sqlite.baseline(group),
    bin: binOver(sqlite.bin),
    groups: async () => sqlite.groups(),
    prune: async (nowMs, retention) => sqlite.prune(nowMs, retention),
    sizes: async () => sqlite.sizes(),
    close: async () => sqlite.close(),
  }
}

function binOver(bin: SqliteBin): Bin {
  return {
    list: async (limit, below, filter) => bin.list(limit, below, filter),
    get: async (n) => bin.get(n),
    counts: async (filter) => bin.counts(filter),
    conflicts: async (limit, group, below) => bin.conflicts(limit, group, below),
    conflict: async (n) => bin.conflict(n),
    ask: async (wanted, timeMs) => bin.ask(wanted, timeMs),
    pending: async (group) => bin.pending(group),
    cancel: async (numbers, timeMs) => bin.cancel(numbers, timeMs),
    names: async (what, group) => bin.names(what, group),
    historyEnds: async () => bin.historyEnds(),
    goneUntil: async (group) => bin.goneUntil(group),
    seenAs: async (group) => bin.seenAs(group),
  }
}
