// The baseline of one group, in SQLite. Each commit is one transaction.
import type { Holder } from '../api/claims.ts'
import type { Attempt } from '../core/attempt.ts'
import { type Caused, type Effects, noEffects } from '../core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { KeepReason, Link, Restoration } from '../core/model.ts'
import type { Baseline, Change, Identity, Known, Memory, Write } from '../sync/ports.ts'
import { write } from './changes.ts'
import type { Store } from './keep.ts'
import { attemptOf, itemOf, linkOf, memoryOf, parsed, versionsIn } from './rows.ts'
import { binSpot } from './spots.ts'
import type { Statement } from './statements.ts'

/** The writes that must survive a power cut. */
const lasting: ReadonlySet<Write['write']> = new Set(['agreements', 'kept'])

/** The most entries of the bin that one pass restores. */
const restorationsMax = 1000

/** The Baseline port over an open database. */
export class SqliteBaseline implements Baseline {
  readonly group: GroupId
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
    this.group = store.group
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

  async linksNamed(marks: readonly string[]): Promise<readonly LinkId[]> {
    const rows = this.#sql(
      `SELECT id FROM links WHERE grp = ?1 AND (source IN (SELECT value FROM json_each(?2))
       OR EXISTS (SELECT 1 FROM json_each(links.aliases) WHERE value IN (SELECT value FROM json_each(?2))))`,
    ).all(this.group, JSON.stringify(marks))
    return rows.map(({ id }) => String(id) as LinkId)
  }

  async deviating(replica: ReplicaId): Promise<readonly ItemId[]> {
    const rows = this.#sql(
      `SELECT copies.id FROM copies JOIN links ON links.n = copies.link WHERE copies.grp = ? AND replica = ?
       AND (shown IS NOT NULL OR withheld = 1 OR copies.revision < links.revision)`,
    ).all(this.group, replica)
    return rows.map(({ id }) => String(id) as ItemId)
  }

  async outdated(replica: ReplicaId, codec: number, max: number): Promise<readonly ItemId[]> {
    const rows = this.#sql(
      'SELECT id FROM copies WHERE grp = ? AND replica = ? AND codec < ? ORDER BY link LIMIT ?',
    ).all(this.group, replica, codec, max)
    return rows.map(({ id }) => String(id) as ItemId)
  }

  async attempts(): Promise<readonly Attempt[]> {
    return this.#sql('SELECT * FROM attempts WHERE grp = ?').all(this.group).map(attemptOf)
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
      return [
        linkOf(
          row,
          copies.all(n),
          Number(row.settled) === 1 ? [] : bases.all(n),
          this.#store.vault,
        ),
      ]
    })
  }

  async count(): Promise<number> {
    const row = this.#sql(
      'SELECT count(*) AS items FROM links WHERE grp = ? AND agreed IS NOT NULL',
    ).get(this.group)
    return Number(row?.items ?? 0)
  }

  async causedSince(timeMs: number): Promise<ReadonlyMap<ReplicaId, Caused>> {
    const sums = (table: string): ReadonlyMap<ReplicaId, Effects> => {
      const rows = this.#sql(
        `SELECT replica, sum(deletions) AS d, sum(publications) AS p, json_group_array(json(updated)) AS u
         FROM ${table} WHERE grp = ? AND time_ms >= ? GROUP BY replica`,
      ).all(this.group, timeMs)
      return new Map(
        rows.map(({ replica, d, p, u }) => {
          const updates = [...new Set((parsed(u) as LinkId[][]).flat())]
          const effects = { deletions: Number(d), publications: Number(p), updates }
          return [String(replica) as ReplicaId, effects]
        }),
      )
    }
    const caused = new Map<ReplicaId, Caused>(sums('caused'))
    for (const [id, approved] of sums('approved'))
      caused.set(id, { ...(caused.get(id) ?? noEffects), approved })
    return caused
  }

  async approvals(): Promise<number> {
    const row = this.#sql('SELECT count(*) AS used FROM approvals WHERE grp = ?').get(this.group)
    return Number(row?.used ?? 0)
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

  async historySince(): Promise<number | undefined> {
    const row = this.#sql('SELECT time_ms FROM history_ends WHERE grp = ?').get(this.group)
    return row === undefined ? undefined : Number(row.time_ms)
  }

  async identity(): Promise<Identity> {
    const row = this.#sql('SELECT * FROM identities WHERE grp = ?').get(this.group)
    const text = (value: unknown) => (value == null ? undefined : String(value))
    const { uid, server, url, kind } = row ?? {}
    return { uid: text(uid), server: text(server), url: text(url), kind: text(kind) }
  }

  async claims(): Promise<ReadonlyMap<string, Holder>> {
    // A folder may be both a hub and a member's. The claims of members come last, so they win in the map.
    const rows = this.#sql(
      `SELECT grp, folder, replica LIKE 'hub:%' AS hub FROM replicas WHERE grp <> ? AND folder IS NOT NULL
       ORDER BY hub DESC, grp DESC`,
    ).all(this.group)
    return new Map(
      rows.map((row) => [
        String(row.folder),
        { group: String(row.grp) as GroupId, hub: Number(row.hub) === 1 },
      ]),
    )
  }

  async restorations(): Promise<readonly Restoration[]> {
    const rows = this.#sql(
      `SELECT bin.*, asked_ms, restores.fields AS wanted, plan, seen, confirmed FROM restores JOIN bin ON bin.n = restores.bin
       WHERE restores.grp = ? AND done_ms IS NULL ORDER BY asked_ms, bin.n LIMIT ${restorationsMax}`,
    ).all(this.group)
    return rows.map((row) => ({
      n: Number(row.n),
      link: String(row.link) as LinkId,
      replica: String(row.replica) as ReplicaId,
      reason: String(row.reason) as KeepReason,
      fields: parsed(row.wanted ?? row.fields) as string[],
      item: itemOf(row.item, this.#store.vault, binSpot('item', row)) ?? {},
      askedMs: Number(row.asked_ms),
      plan: row.plan == null ? undefined : String(row.plan),
      seen: row.seen == null ? undefined : String(row.seen),
      confirmed: Number(row.confirmed) === 1,
    }))
  }

  async commit(change: Change): Promise<void> {
    // Agreements and kept content must survive a power cut. A lost outcome is found again by the stamp of its copy.
    const durable = change.writes.some(({ write: what }) => lasting.has(what))
    this.#store.statements.transaction(durable, () => write(this.#store, change))
  }

  #ids(text: string): readonly LinkId[] {
    return this.#sql(text)
      .all(this.group)
      .map((row) => String(row.id) as LinkId)
  }

  #sql(text: string): Statement {
    return this.#store.statements.sql(text)
  }
}
