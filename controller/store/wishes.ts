// The entries that are requested for restore and wait for a pass, and the names of groups and replicas in the state.
import type { GroupId, LinkId } from '../core/id.ts'
import type { Wish } from '../sync/ports/bin.ts'
import type { Statements } from './statements.ts'

/** The pending restores, of one group or of all. */
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

/** Cancels the pending restores of these numbers, in one transaction. */
export function cancel(statements: Statements, numbers: readonly number[], timeMs: number): void {
  statements.transaction(true, () => {
    const one = statements.sql(
      "UPDATE restores SET done_ms = ?, pass = '', result = 'Cancelled' WHERE bin = ? AND done_ms IS NULL",
    )
    for (const n of numbers) one.run(timeMs, n)
  })
}

/** The groups with folders or entries, or the replicas of one group or of all; sorted. */
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
