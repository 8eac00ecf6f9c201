// The history of edits: the oldest goes first when it is full, and what is old by the clock goes only when passes were
// recorded for as long. Runs within a transaction, and knows nothing of it.
import type { Desk } from './keep.ts'
import type { Statements } from './statements.ts'

/** The history holds at most this part of the bin's limit, and gives way to the bin. */
const historyShare = 0.5
/** Once it is full it shrinks to this part of its room, so that not every pass makes some. */
const keptShare = 0.95

/** Lets the oldest edits go as long as the history has more than its room: of the group that has most of it. */
export function makeRoom({
  statements,
  binMaxBytes,
}: Pick<Desk, 'statements' | 'binMaxBytes'>): void {
  const { bin_bytes, history_bytes } = statements.sql('SELECT * FROM tally').get() ?? {}
  const room = Math.max(0, Math.min(binMaxBytes * historyShare, binMaxBytes - Number(bin_bytes)))
  let surplus = Number(history_bytes) - room
  if (surplus <= 0) return
  surplus = Number(history_bytes) - room * keptShare
  while (surplus > 0) {
    const largest = statements
      .sql(
        "SELECT grp, sum(size) AS bytes FROM bin WHERE reason = 'Edited' GROUP BY grp ORDER BY bytes DESC LIMIT 2",
      )
      .all()
    const [{ grp = null, bytes = 0 } = {}, second] = largest
    if (grp === null) return
    const excess = second === undefined ? surplus : Number(bytes) - Number(second.bytes)
    surplus -= letGo(statements, String(grp), Math.min(surplus, Math.max(excess, 1)))
  }
}

// Answers how many bytes went: at least so many, or those of its thousand oldest.
function letGo(statements: Statements, group: string, bytes: number): number {
  const oldest = statements
    .sql(
      "SELECT n, size, time_ms FROM bin WHERE reason = 'Edited' AND grp = ? ORDER BY n LIMIT 1000",
    )
    .all(group)
  let [freed, last, timeMs] = [0, 0, 0]
  for (const row of oldest) {
    if (freed >= bytes) break
    freed += Number(row.size)
    last = Number(row.n)
    timeMs = Math.max(timeMs, Number(row.time_ms))
  }
  statements.sql("DELETE FROM bin WHERE reason = 'Edited' AND grp = ? AND n <= ?").run(group, last)
  ends(statements, group, timeMs)
  return Math.max(freed, 1)
}

/** The row of `history_ends` that says until when the retention let things go, of all groups. No group is called that. */
export const all = ''

function ends(statements: Statements, group: string, timeMs: number): void {
  statements
    .sql(
      `INSERT INTO history_ends (grp, time_ms) VALUES (?, ?)
       ON CONFLICT (grp) DO UPDATE SET time_ms = max(time_ms, excluded.time_ms)`,
    )
    .run(group, timeMs)
}

/** So much of the time between two sweeps counts at most: a clock that is ahead once empties nothing. */
const stepMaxMs = 86_400_000

/**
 * Records that time has passed. Answers for a retention (ms) until when things may go (ms since 1970): what is older by
 * the clock, and was there already when passes began to be recorded that cover the retention.
 */
export function aged(statements: Statements, nowMs: number): (retentionMs: number) => number {
  const last = statements
    .sql('SELECT time_ms, aged_ms FROM ages ORDER BY aged_ms DESC LIMIT 1')
    .get()
  const step = Math.min(Math.max(0, nowMs - Number(last?.time_ms ?? nowMs)), stepMaxMs)
  const agedMs = Number(last?.aged_ms ?? 0) + step
  statements.sql('INSERT OR REPLACE INTO ages (time_ms, aged_ms) VALUES (?, ?)').run(nowMs, agedMs)
  return (retentionMs) => {
    const mark = statements
      .sql('SELECT max(time_ms) AS time_ms FROM ages WHERE aged_ms <= ?')
      .get(agedMs - retentionMs)
    const markMs = mark?.time_ms == null ? Number.NEGATIVE_INFINITY : Number(mark.time_ms)
    return Math.min(nowMs - retentionMs, markMs)
  }
}

/** Lets go of what is older than its retention. What somebody asked to have back stays until it is. */
export function sweep(
  statements: Statements,
  nowMs: number,
  { binMs, historyMs }: Readonly<{ binMs: number; historyMs: number }>,
): void {
  const until = aged(statements, nowMs)
  const [binUntil, historyUntil] = [until(binMs), until(historyMs)]
  const wanted = 'n NOT IN (SELECT bin FROM restores WHERE done_ms IS NULL)'
  statements
    .sql(`DELETE FROM bin WHERE time_ms < ? AND reason <> 'Edited' AND ${wanted}`)
    .run(binUntil)
  statements
    .sql(`DELETE FROM bin WHERE time_ms < ? AND reason = 'Edited' AND ${wanted}`)
    .run(historyUntil)
  statements.sql('DELETE FROM history_ends WHERE time_ms < ? AND grp <> ?').run(historyUntil, all)
  const reachMs = Math.max(binUntil, historyUntil)
  if (Number.isFinite(reachMs)) ends(statements, all, reachMs)
  const longest = Math.min(binUntil, historyUntil)
  for (const table of ['journal', 'caused', 'approved', 'ages'])
    statements.sql(`DELETE FROM ${table} WHERE time_ms < ?`).run(longest)
}
