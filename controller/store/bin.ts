// The bin: every deleted item and every losing edit, whole, with who, when, in which pass and why.
import type { DatabaseSync } from 'node:sqlite'
import type { GroupId, LinkId, ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { KeepReason } from '../core/step.ts'

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
  timeMs: number
  pass: string
}>

/** One field of one link for which there were two different edits; never content. */
export type Conflicted = Readonly<{
  group: GroupId
  link: LinkId
  replica: ReplicaId
  field: string
  timeMs: number
}>

/** Reads what was kept. */
export class Bin {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** The newest first, at most `limit`. */
  list(limit: number): readonly Binned[] {
    return this.#db.prepare('SELECT * FROM bin ORDER BY n DESC LIMIT ?').all(limit).map(binnedOf)
  }

  /** One thing by its number. */
  get(n: number): Binned | undefined {
    const row = this.#db.prepare('SELECT * FROM bin WHERE n = ?').get(n)
    return row === undefined ? undefined : binnedOf(row)
  }

  /** The newest conflicts first, at most `limit`, of one group or of all. */
  conflicts(limit: number, group?: GroupId): readonly Conflicted[] {
    const where = group === undefined ? '' : 'WHERE grp = ?'
    const given = group === undefined ? [limit] : [group, limit]
    const rows = this.#db
      .prepare(`SELECT * FROM conflicts ${where} ORDER BY n DESC LIMIT ?`)
      .all(...given)
    return rows.map((row) => ({
      group: String(row.grp) as GroupId,
      link: String(row.link) as LinkId,
      replica: String(row.replica) as ReplicaId,
      field: String(row.field),
      timeMs: Number(row.time_ms),
    }))
  }
}

function binnedOf(row: Record<string, unknown>): Binned {
  return {
    n: Number(row.n),
    group: String(row.grp) as GroupId,
    link: String(row.link) as LinkId,
    replica: String(row.replica) as ReplicaId,
    reason: String(row.reason) as KeepReason,
    fields: JSON.parse(String(row.fields)) as string[],
    item: JSON.parse(String(row.item)) as Item,
    timeMs: Number(row.time_ms),
    pass: String(row.pass),
  }
}
