// The baseline of one group over SQLite. Every commit is one transaction: all of it or nothing.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Agreement } from '../core/fold.ts'
import type { Caused } from '../core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Copy, Link } from '../core/link.ts'
import type { Baseline, Change, ConflictNote, Kept, Known, Memory } from '../sync/ports.ts'
import { linkOf, memoryOf, versionsIn } from './rows.ts'

/** The Baseline port over an open database. */
export class SqliteBaseline implements Baseline {
  readonly group: GroupId
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, group: GroupId) {
    this.#db = db
    this.group = group
  }

  async memories(): Promise<ReadonlyMap<ReplicaId, Memory>> {
    const rows = this.#sql('SELECT * FROM replicas WHERE grp = ?').all(this.group)
    return new Map(rows.map((row) => [String(row.replica) as ReplicaId, memoryOf(row)]))
  }

  known(replica: ReplicaId): Known {
    return {
      versions: async (ids) => {
        const some = this.#sql(
          'SELECT id, version FROM copies WHERE grp = ? AND replica = ? AND id IN (SELECT value FROM json_each(?))',
        )
        return versionsIn(some.iterate(this.group, replica, JSON.stringify(ids)))
      },
      all: async () => {
        const rows = this.#sql('SELECT id, version FROM copies WHERE grp = ? AND replica = ?')
        return versionsIn(rows.iterate(this.group, replica))
      },
    }
  }

  async linksOf(replica: ReplicaId, items: readonly ItemId[]): Promise<readonly LinkId[]> {
    const one = this.#sql(
      'SELECT links.id FROM copies JOIN links ON links.n = copies.link WHERE copies.grp = ? AND replica = ? AND copies.id = ?',
    )
    return items.flatMap((item) => {
      const row = one.get(this.group, replica, item)
      return row === undefined ? [] : [String(row.id) as LinkId]
    })
  }

  async deviating(replica: ReplicaId): Promise<readonly ItemId[]> {
    const rows = this.#sql(
      `SELECT copies.id FROM copies JOIN links ON links.n = copies.link WHERE copies.grp = ? AND replica = ?
       AND (shown IS NOT NULL OR withheld = 1 OR copies.revision < links.revision)`,
    ).all(this.group, replica)
    return rows.map(({ id }) => String(id) as ItemId)
  }

  async unsettled(): Promise<readonly LinkId[]> {
    return this.#ids('SELECT id FROM links WHERE grp = ? AND settled = 0')
  }

  async everything(): Promise<readonly LinkId[]> {
    return this.#ids('SELECT id FROM links WHERE grp = ?')
  }

  async links(ids: readonly LinkId[]): Promise<readonly Link[]> {
    const one = this.#sql('SELECT * FROM links WHERE grp = ? AND id = ?')
    const copies = this.#sql('SELECT * FROM copies WHERE link = ?')
    const bases = this.#sql('SELECT * FROM bases WHERE link = ?')
    return ids.flatMap((id) => {
      const row = one.get(this.group, id)
      if (row === undefined) return []
      const n = Number(row.n)
      return [linkOf(row, copies.all(n), Number(row.settled) === 1 ? [] : bases.all(n))]
    })
  }

  async count(): Promise<number> {
    const row = this.#sql(
      'SELECT count(*) AS items FROM links WHERE grp = ? AND agreed IS NOT NULL',
    ).get(this.group)
    return Number(row?.items ?? 0)
  }

  async causedSince(timeMs: number): Promise<ReadonlyMap<ReplicaId, Caused>> {
    const rows = this.#sql(
      'SELECT replica, sum(deletions) AS d, sum(publications) AS p FROM caused WHERE grp = ? AND time_ms >= ? GROUP BY replica',
    ).all(this.group, timeMs)
    return new Map(
      rows.map((row) => [
        String(row.replica) as ReplicaId,
        { deletions: Number(row.d), publications: Number(row.p) },
      ]),
    )
  }

  async conflicts(): Promise<Readonly<{ total: number; lastMs: number | undefined }>> {
    const row = this.#sql(
      'SELECT count(*) AS total, max(time_ms) AS last FROM conflicts WHERE grp = ?',
    ).get(this.group)
    return {
      total: Number(row?.total ?? 0),
      lastMs: row?.last == null ? undefined : Number(row.last),
    }
  }

  async claims(): Promise<ReadonlyMap<string, GroupId>> {
    const rows = this.#sql(
      "SELECT grp, folder FROM replicas WHERE grp <> ? AND folder IS NOT NULL AND replica NOT LIKE 'hub:%'",
    ).all(this.group)
    return new Map(rows.map((row) => [String(row.folder), String(row.grp) as GroupId]))
  }

  async commit(change: Change): Promise<void> {
    // What is agreed or kept must survive a power cut. An outcome that does not is found again by its stamp.
    const durable = change.agreements !== undefined || change.kept !== undefined
    this.#db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}; BEGIN IMMEDIATE`)
    try {
      this.#write(change)
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #write(change: Change): void {
    const { timeMs, pass } = change.at
    if (change.reset) {
      this.#sql('DELETE FROM links WHERE grp = ?').run(this.group)
      this.#sql('DELETE FROM replicas WHERE grp = ?').run(this.group)
    }
    for (const replica of change.left ?? []) {
      this.#sql('DELETE FROM copies WHERE grp = ? AND replica = ?').run(this.group, replica)
      this.#sql('DELETE FROM replicas WHERE grp = ? AND replica = ?').run(this.group, replica)
    }
    if (change.unsettle) this.#sql('UPDATE links SET settled = 0 WHERE grp = ?').run(this.group)
    for (const kept of change.kept ?? []) this.#keep(kept, change.at)
    for (const conflict of change.conflicts ?? []) this.#note(conflict, change.at)
    for (const agreement of change.agreements ?? []) this.#agree(agreement)
    for (const { link, replica, copy } of change.copies ?? []) this.#copy(link, replica, copy)
    for (const [replica, { deletions, publications }] of change.caused ?? []) {
      this.#sql(
        'INSERT INTO caused (grp, replica, time_ms, deletions, publications) VALUES (?, ?, ?, ?, ?)',
      ).run(this.group, replica, timeMs, deletions, publications)
    }
    for (const [replica, memory] of change.memories ?? []) this.#remember(replica, memory)
    for (const { link, replica, action, result } of change.entries ?? []) {
      this.#sql(
        'INSERT INTO journal (grp, time_ms, pass, link, replica, action, result) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(this.group, timeMs, pass, link, replica, action, result)
    }
    for (const link of change.settled ?? []) this.#settle(link)
    for (const link of change.ended ?? [])
      this.#sql('DELETE FROM links WHERE grp = ? AND id = ?').run(this.group, link)
  }

  // What is tried again is the same loss, not another one.
  #keep({ link, replica, reason, fields, item }: Kept, { timeMs, pass }: Change['at']): void {
    const text = JSON.stringify(item)
    this.#sql(
      `INSERT INTO bin (grp, link, replica, reason, fields, item, time_ms, pass) SELECT ?, ?, ?, ?, ?, ?, ?, ?
       WHERE NOT EXISTS (SELECT 1 FROM bin WHERE grp = ? AND link = ? AND replica = ? AND reason = ? AND item = ?)`,
    ).run(
      this.group,
      link,
      replica,
      reason,
      JSON.stringify(fields),
      text,
      timeMs,
      pass,
      this.group,
      link,
      replica,
      reason,
      text,
    )
  }

  #note({ link, replica, field, version }: ConflictNote, { timeMs, pass }: Change['at']): void {
    this.#sql(
      `INSERT INTO conflicts (grp, link, replica, field, version, time_ms, pass) SELECT ?, ?, ?, ?, ?, ?, ?
       WHERE NOT EXISTS (SELECT 1 FROM conflicts WHERE grp = ? AND link = ? AND replica = ? AND field = ? AND version = ?)`,
    ).run(
      this.group,
      link,
      replica,
      field,
      version,
      timeMs,
      pass,
      this.group,
      link,
      replica,
      field,
      version,
    )
  }

  #agree(agreement: Agreement): void {
    const { link, revision, agreed, editedMs, aliases, base, copies, dropped, declined } = agreement
    const row = this.#sql(
      `INSERT INTO links (grp, id, revision, agreed, edited_ms, aliases) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (grp, id) DO UPDATE SET revision = excluded.revision, agreed = excluded.agreed,
         edited_ms = excluded.edited_ms, settled = 0 RETURNING n, declined`,
    ).get(
      this.group,
      link,
      revision,
      agreed === undefined ? null : JSON.stringify(agreed),
      editedMs ?? null,
      JSON.stringify(aliases),
    )
    const n = Number(row?.n)
    if (base !== undefined) {
      this.#sql('INSERT OR IGNORE INTO bases (link, revision, item) VALUES (?, ?, ?)').run(
        n,
        base.revision,
        base.item === undefined ? null : JSON.stringify(base.item),
      )
    }
    if (declined.length > 0) {
      const before = JSON.parse(String(row?.declined)) as string[]
      const all = JSON.stringify([...new Set([...before, ...declined])])
      this.#sql('UPDATE links SET declined = ? WHERE n = ?').run(all, n)
    }
    for (const replica of dropped) {
      this.#sql('DELETE FROM copies WHERE link = ? AND replica = ?').run(n, replica)
    }
    for (const [replica, copy] of copies) this.#copy(link, replica, copy)
  }

  #copy(link: LinkId, replica: ReplicaId, copy: Copy | undefined): void {
    if (copy === undefined) {
      this.#sql(
        'DELETE FROM copies WHERE replica = ? AND link = (SELECT n FROM links WHERE grp = ? AND id = ?)',
      ).run(replica, this.group, link)
      return
    }
    const shown = Object.keys(copy.shown).length === 0 ? null : JSON.stringify(copy.shown)
    const { id, version, revision, withheld } = copy
    const { changes } = this.#sql(
      `INSERT OR REPLACE INTO copies (link, grp, replica, id, version, revision, shown, withheld)
       SELECT n, grp, ?, ?, ?, ?, ?, ? FROM links WHERE grp = ? AND id = ?`,
    ).run(replica, id, version, revision, shown, withheld === true ? 1 : 0, this.group, link)
    if (changes === 0) throw new Error('a copy of a link that does not exist')
  }

  #remember(replica: ReplicaId, { folder, parent, cursor, lens, recheck }: Memory): void {
    this.#sql(
      'INSERT OR REPLACE INTO replicas (grp, replica, folder, parent, cursor, lens, recheck) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(
      this.group,
      replica,
      folder ?? null,
      parent ?? null,
      cursor ?? null,
      lens,
      JSON.stringify(recheck),
    )
  }

  #settle(link: LinkId): void {
    const row = this.#sql('UPDATE links SET settled = 1 WHERE grp = ? AND id = ? RETURNING n').get(
      this.group,
      link,
    )
    if (row !== undefined) this.#sql('DELETE FROM bases WHERE link = ?').run(Number(row.n))
  }

  #ids(text: string): readonly LinkId[] {
    return this.#sql(text)
      .all(this.group)
      .map((row) => String(row.id) as LinkId)
  }

  #sql(text: string): StatementSync {
    const ready = this.#statements.get(text) ?? this.#db.prepare(text)
    this.#statements.set(text, ready)
    return ready
  }
}
