// The bin: every deleted item and every losing edit, whole, with who, when, in which pass and why; what of it
// somebody asked to have back; and the conflicts with both of their sides.
import type { GroupId, LinkId, ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { RestoreResult } from '../core/restore.ts'
import type { KeepReason } from '../core/step.ts'
import { itemOf, parsed, type Row } from './rows.ts'
import { binSpot } from './spots.ts'
import type { Statements } from './statements.ts'
import type { Vault } from './vault.ts'

/** One thing in the bin. */
export type Binned = Readonly<{
  n: number
  group: GroupId
  link: LinkId
  /** Whose version it is. */
  replica: ReplicaId
  reason: KeepReason
  /** The fields that lost; empty for a deleted item. */
  fields: readonly string[]
  item: Item
  /** What those fields got instead, as far as it was written down. */
  won: Item | undefined
  timeMs: number
  pass: string
  /** What became of asking for it; undefined while nobody has. */
  restore: 'Pending' | RestoreResult | undefined
}>

/** One field of one link for which there were two different edits; never content. */
export type Conflicted = Readonly<{
  n: number
  group: GroupId
  link: LinkId
  /** Who lost. */
  replica: ReplicaId
  field: string
  timeMs: number
}>

/** Reads what was kept, and takes down what is wanted back. */
export class Bin {
  readonly #statements: Statements
  readonly #vault: Vault

  constructor(statements: Statements, vault: Vault) {
    this.#statements = statements
    this.#vault = vault
  }

  /** The newest first, at most `limit`; those before the number `below`, to go on from there. */
  list(limit: number, below: number = Number.MAX_SAFE_INTEGER): readonly Binned[] {
    const rows = this.#statements
      .sql(`${binned} WHERE n < ? ORDER BY n DESC LIMIT ?`)
      .all(below, limit)
    return rows.map((row) => binnedOf(row, this.#vault))
  }

  /** How many things there are in the bin, and how many conflicts are remembered. */
  counts(): Readonly<{ bin: number; conflicts: number }> {
    const count = (table: string) =>
      Number(this.#statements.sql(`SELECT count(*) AS total FROM ${table}`).get()?.total)
    return { bin: count('bin'), conflicts: count('conflicts') }
  }

  /** One thing by its number. */
  get(n: number): Binned | undefined {
    const row = this.#statements.sql(`${binned} WHERE n = ?`).get(n)
    return row === undefined ? undefined : binnedOf(row, this.#vault)
  }

  /** The newest conflicts first, at most `limit`, of one group or of all; those before the number `below`. */
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

  /** One conflict by its number, with what was kept of it as long as that is in the bin. */
  conflict(n: number): Readonly<{ conflict: Conflicted; kept: Binned | undefined }> | undefined {
    const row = this.#statements.sql('SELECT * FROM conflicts WHERE n = ?').get(n)
    if (row === undefined) return undefined
    const { grp, link, replica, version } = row
    const carried = this.#vault.reprint?.(String(version)) ?? String(version)
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

  /** Under which role each of a group's replicas looks. */
  lenses(group: GroupId): ReadonlyMap<ReplicaId, string> {
    const rows = this.#statements.sql('SELECT replica, lens FROM replicas WHERE grp = ?').all(group)
    return new Map(rows.map(({ replica, lens }) => [String(replica) as ReplicaId, String(lens)]))
  }

  /** Asks to have it back: the group's next pass does it. What was asked before is not asked twice. */
  ask(n: number, timeMs: number): void {
    this.#statements.transaction(true, () => {
      this.#statements
        .sql(
          `INSERT INTO restores (bin, grp, asked_ms) SELECT n, grp, ? FROM bin WHERE n = ?
           ON CONFLICT (bin) DO UPDATE SET asked_ms = excluded.asked_ms, done_ms = NULL, pass = NULL, result = NULL
           WHERE done_ms IS NOT NULL AND result <> 'Restored'`,
        )
        .run(timeMs, n)
    })
  }
}

const binned =
  'SELECT bin.*, restores.asked_ms, restores.result FROM bin LEFT JOIN restores ON restores.bin = bin.n'

function binnedOf(row: Row, vault: Vault): Binned {
  return {
    n: Number(row.n),
    group: String(row.grp) as GroupId,
    link: String(row.link) as LinkId,
    replica: String(row.replica) as ReplicaId,
    reason: String(row.reason) as KeepReason,
    fields: parsed(row.fields) as string[],
    item: itemOf(row.item, vault, binSpot('item', row)) ?? {},
    won: itemOf(row.won, vault, binSpot('won', row)),
    timeMs: Number(row.time_ms),
    pass: String(row.pass),
    restore:
      row.asked_ms == null
        ? undefined
        : row.result == null
          ? 'Pending'
          : (String(row.result) as RestoreResult),
  }
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
