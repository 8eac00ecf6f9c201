// What somebody asked to have back and waits for a pass, and whose the entries of the state are.
import type { GroupId, LinkId } from '../core/id.ts'
import type { Wish } from '../sync/ports/bin.ts'
import type { Statements } from './statements.ts'

/** What waits, of a group or of all. */
export function pendingIn(statements: Statements, group?: GroupId): readonly Wish[] {
  const rows = statements
    .sql(
      `SELECT bin.n, bin.grp, bin.link, plan FROM restores JOIN bin ON bin.n = restores.bin
       WHERE done_ms IS NULL AND (?1 IS NULL OR bin.grp = ?1) ORDER BY bin.n`,
    )
    .all(group ?? null)
  return rows.map(({ n, grp, link, plan }) => ({
    n: Number(n),
    group: String(grp) as GroupId,
    link: String(link) as LinkId,
    plan: plan == null ? undefined : String(plan),
  }))
}

/** Takes back what waits of these numbers, all at once. */
export function cancel(statements: Statements, numbers: readonly number[], timeMs: number): void {
  statements.transaction(true, () => {
    const one = statements.sql(
      "UPDATE restores SET done_ms = ?, pass = '', result = 'Cancelled' WHERE bin = ? AND done_ms IS NULL",
    )
    for (const n of numbers) one.run(timeMs, n)
  })
}

/** The groups that hold folders or entries, or the replicas of a group or of all, sorted. */
export function namesIn(
  statements: Statements,
  what: 'grp' | 'replica',
  group?: GroupId,
): readonly string[] {
  const any = ['replicas', 'bin'].map(
    (table) => `SELECT ${what} AS name FROM ${table} WHERE (?1 IS NULL OR grp = ?1)`,
  )
  const rows = statements.sql(`${any.join(' UNION ')} ORDER BY name`).all(group ?? null)
  return rows.map(({ name }) => String(name))
}
