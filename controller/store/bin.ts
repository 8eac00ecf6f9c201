// The bin: every deleted item and every losing edit, complete, with replica, time, pass and reason. The history: the
// agreed content before each edit. Also the requests to restore entries, and the conflicts with both of their sides.

import type { SQLInputValue } from 'node:sqlite'
import type { GroupId, LinkId, ReplicaId } from '../core/id.ts'
import type { KeepReason } from '../core/model.ts'
import type { RestoreResult } from '../core/restore.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Asking, Binned, Conflicted, Filter, Wish } from '../sync/ports/bin.ts'
import type { SeenAs } from '../sync/ports.ts'
import type { Vault } from './encryption.ts'
import { unopened } from './errors.ts'
import { all } from './history.ts'
import { itemOf, memoryOf, parsed } from './rows.ts'
import { binSpot } from './spots.ts'
import type { Row, Statements } from './statements.ts'
import { cancel, namesIn, pendingIn } from './wishes.ts'

/** The bin in a state file. Its methods are synchronous; `port.ts` makes the Bin port of it. */
export class SqliteBin {
  readonly #statements: Statements
  readonly #vault: Vault

  constructor(statements: Statements, vault: Vault) {
    this.#statements = statements
    this.#vault = vault
  }

  /**
   * The newest entries first, at most `limit`, with numbers below `below`: page by page. A damaged entry is listed
   * without its content, so that it does not hide the others.
   */
  list(
    limit: number,
    below: number = Number.MAX_SAFE_INTEGER,
    filter: Filter = {},
  ): readonly Binned[] {
    const rows = this.#statements
      .sql(`${binned} WHERE n < ?1 AND ${meant} ORDER BY n DESC LIMIT ?10`)
      .all(below, ...this.#valuesOf(filter), limit)
    return rows.map((row) => listedOf(row, this.#vault))
  }

  #valuesOf(filter: Filter): readonly SQLInputValue[] {
    const { history, group, link, replica, reason, pass, sinceMs, untilMs } = filter
    const afterN = sinceMs === undefined ? undefined : this.#lastBefore(sinceMs, group)
    const given = [group, link, replica, reason, pass, afterN, untilMs]
    return [Number(history === true || reason === 'Edited'), ...given.map((value) => value ?? null)]
  }

  #lastBefore(timeMs: number, group: GroupId | undefined): number {
    const row = this.#statements
      .sql('SELECT max(n) AS n FROM bin WHERE time_ms < ?1 AND (?2 IS NULL OR grp = ?2)')
      .get(timeMs, group ?? null)
    return Number(row?.n ?? 0)
  }

  /** The pending restores, of one group or of all. */
  pending(group?: GroupId): readonly Wish[] {
    return pendingIn(this.#statements, group)
  }

  /** Cancels the pending restores of these numbers. */
  cancel(numbers: readonly number[], timeMs: number): void {
    cancel(this.#statements, numbers, timeMs)
  }

  /** The groups that the state knows, or a group's replicas, sorted. */
  names(what: 'grp' | 'replica', group?: GroupId): readonly string[] {
    return namesIn(this.#statements, what, group)
  }

  /** The number of matching entries, and of all noted conflicts. */
  counts(filter: Filter = {}): Readonly<{ bin: number; conflicts: number }> {
    const total = (text: string, ...given: readonly SQLInputValue[]) =>
      Number(this.#statements.sql(text).get(...given)?.total)
    return {
      bin: total(
        `SELECT count(*) AS total FROM bin WHERE ?1 AND ${meant}`,
        1,
        ...this.#valuesOf(filter),
      ),
      conflicts: total('SELECT count(*) AS total FROM conflicts'),
    }
  }

  /** The groups whose history was too full for its retention: edits up to this time are missing (ms since 1970). */
  historyEnds(): ReadonlyMap<GroupId, number> {
    const rows = this.#statements
      .sql('SELECT grp, time_ms FROM history_ends WHERE grp <> ?')
      .all(all)
    return new Map(rows.map(({ grp, time_ms }) => [String(grp) as GroupId, Number(time_ms)]))
  }

  /** Entries of the group up to this time (ms) were dropped, by age or for lack of room; undefined: none was. */
  goneUntil(group: GroupId): number | undefined {
    const row = this.#statements
      .sql('SELECT max(time_ms) AS time_ms FROM history_ends WHERE grp IN (?, ?)')
      .get(group, all)
    return row?.time_ms == null ? undefined : Number(row.time_ms)
  }

  /** One entry by its number; undefined if there is none. */
  get(n: number): Binned | undefined {
    const row = this.#statements.sql(`${binned} WHERE n = ?`).get(n)
    return row === undefined ? undefined : binnedOf(row, this.#vault)
  }

  /** The newest conflicts first, at most `limit`, with numbers below `below`, of one group or of all. */
  conflicts(
    limit: number,
    group?: GroupId,
    below: number = Number.MAX_SAFE_INTEGER,
  ): readonly Conflicted[] {
    const where = group === undefined ? '' : 'AND grp = ?'
    const given = group === undefined ? [below, limit] : [below, group, limit]
    const rows = this.#statements
      .sql(`SELECT * FROM conflicts WHERE n < ? ${where} ORDER BY n DESC LIMIT ?`)
      .all(...given)
    return rows.map(conflictedOf)
  }

  /** One conflict by its number, with its entry as long as that is in the bin. */
  conflict(n: number): Readonly<{ conflict: Conflicted; kept: Binned | undefined }> | undefined {
    const row = this.#statements.sql('SELECT * FROM conflicts WHERE n = ?').get(n)
    if (row === undefined) return undefined
    const { grp, link, replica, version } = row
    const carried = this.#vault.carriedFingerprint?.(String(version)) ?? String(version)
    const kept = this.#statements
      .sql(
        `${binned} WHERE bin.grp = ? AND link = ? AND replica = ? AND print IN (?, ?) AND reason = 'Conflict'`,
      )
      .get(...[grp ?? null, link ?? null, replica ?? null, version ?? null, carried])
    return {
      conflict: conflictedOf(row),
      kept: kept === undefined ? undefined : binnedOf(kept, this.#vault),
    }
  }

  /** How each replica of a group was seen at its last listing; undefined if no listing counts any more. */
  seenAs(group: GroupId): ReadonlyMap<ReplicaId, SeenAs | undefined> {
    const rows = this.#statements.sql('SELECT * FROM replicas WHERE grp = ?').all(group)
    return new Map(rows.map((row) => [String(row.replica) as ReplicaId, memoryOf(row).seenAs]))
  }

  /** Requests restores, all or none; the group's next pass carries them out. */
  ask(wanted: ReadonlyMap<number, Asking>, timeMs: number): void {
    this.#statements.transaction(true, () => {
      const one = this.#statements.sql(
        `INSERT INTO restores (bin, grp, asked_ms, fields, plan, seen, confirmed) SELECT n, grp, ?, ?, ?, ?, ? FROM bin WHERE n = ?
         ON CONFLICT (bin) DO UPDATE SET fields = excluded.fields, plan = excluded.plan, seen = excluded.seen, confirmed = excluded.confirmed,
           asked_ms = excluded.asked_ms, done_ms = NULL, pass = NULL, result = NULL
         WHERE done_ms IS NULL OR result <> 'Restored' OR ?`,
      )
      for (const [
        n,
        { fields, plan = null, seen = null, confirmed = false, again = false },
      ] of wanted) {
        const only = fields === undefined ? null : JSON.stringify(fields)
        one.run(timeMs, only, plan, seen, Number(confirmed), n, Number(again))
      }
    })
  }
}

// The id of a replica without the server that it may name (api/topology.ts, `isNamed`).
const local =
  "CASE WHEN bin.replica LIKE '@%' THEN substr(bin.replica, instr(bin.replica, ':') + 1) ELSE bin.replica END"

const meant = `(?2 OR bin.reason <> 'Edited') AND (?3 IS NULL OR bin.grp = ?3) AND (?4 IS NULL OR bin.link = ?4)
  AND (?5 IS NULL OR bin.replica = ?5 OR ${local} IN (?5, 'public:' || ?5) OR substr(${local}, 1, length(?5) + 1) = ?5 || ':')
  AND (?6 IS NULL OR bin.reason = ?6) AND (?7 IS NULL OR bin.pass = ?7)
  AND (?8 IS NULL OR bin.n > ?8) AND (?9 IS NULL OR bin.time_ms < ?9)`

const binned =
  'SELECT bin.*, restores.asked_ms, restores.result FROM bin LEFT JOIN restores ON restores.bin = bin.n'

function listedOf(row: Row, vault: Vault): Binned {
  try {
    return binnedOf(row, vault)
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    return { ...labelOf(row), fields: [], item: {}, won: undefined, restore: 'Damaged' }
  }
}

/** Throws a terminal StateUnreadable, about this entry only, if its content does not open. */
function binnedOf(row: Row, vault: Vault): Binned {
  try {
    return {
      ...labelOf(row),
      fields: parsed(row.fields) as string[],
      item: itemOf(row.item, vault, binSpot('item', row)) ?? {},
      won: itemOf(row.won, vault, binSpot('won', row)),
      restore: restoreOf(row),
    }
  } catch (error) {
    throw error instanceof SyncError ? unopened(Number(row.n), error) : error
  }
}

function labelOf(
  row: Row,
): Pick<Binned, 'n' | 'group' | 'link' | 'replica' | 'reason' | 'timeMs' | 'pass'> {
  return {
    n: Number(row.n),
    group: String(row.grp) as GroupId,
    link: String(row.link) as LinkId,
    replica: String(row.replica) as ReplicaId,
    reason: String(row.reason) as KeepReason,
    timeMs: Number(row.time_ms),
    pass: String(row.pass),
  }
}

function restoreOf({ asked_ms, result }: Row): Binned['restore'] {
  if (asked_ms == null) return undefined
  return result == null ? 'Pending' : (String(result) as RestoreResult)
}

function conflictedOf(row: Row): Conflicted {
  return {
    n: Number(row.n),
    group: String(row.grp) as GroupId,
    link: String(row.link) as LinkId,
    replica: String(row.replica) as ReplicaId,
    field: String(row.field),
    timeMs: Number(row.time_ms),
  }
}
