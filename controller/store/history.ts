// The history of edits: the oldest goes first when it is full, and what is old by the clock goes only when time was
// recorded for as long since it was kept. Runs within a transaction, and knows nothing of it.
import type { Statements } from './statements.ts'

/** The history holds at most this part of the bin's limit, and gives way to the bin. */
const historyShare = 0.5
/** Once it is full it shrinks to this part of its room, so that not every pass makes some. */
const keptShare = 0.95

// What somebody asked to have back stays until it is.
const unasked = 'n NOT IN (SELECT bin FROM restores WHERE done_ms IS NULL)'

/** Lets the oldest edits go as long as the history has more than its room: of the group that has most of it. */
export function makeRoom({
  statements,
  binMaxBytes,
  nowMs,
}: Readonly<{ statements: Statements; binMaxBytes: number; nowMs: number }>): void {
  const { bin_bytes, history_bytes } = statements.sql('SELECT * FROM tally').get() ?? {}
  const room = Math.max(0, Math.min(binMaxBytes * historyShare, binMaxBytes - Number(bin_bytes)))
  let surplus = Number(history_bytes) - room
  if (surplus <= 0) return
  surplus = Number(history_bytes) - room * keptShare
  while (surplus > 0) {
    const largest = statements
      .sql(
        `SELECT grp, sum(size) AS bytes FROM bin WHERE reason = 'Edited' AND ${unasked} GROUP BY grp ORDER BY bytes DESC LIMIT 2`,
      )
      .all()
    const [{ grp = null, bytes = 0 } = {}, second] = largest
    if (grp === null) return
    const excess = second === undefined ? surplus : Number(bytes) - Number(second.bytes)
    const bytesMax = Math.min(surplus, Math.max(excess, 1))
    surplus -= letGo(statements, String(grp), bytesMax, nowMs)
  }
}

// Answers how many bytes went: at least so many, or those of its thousand oldest.
function letGo(statements: Statements, group: string, bytes: number, nowMs: number): number {
  const oldest = statements
    .sql(
      `SELECT n, size, time_ms FROM bin WHERE reason = 'Edited' AND grp = ? AND ${unasked} ORDER BY n LIMIT 1000`,
    )
    .all(group)
  let [freed, last, timeMs] = [0, 0, 0]
  for (const row of oldest) {
    if (freed >= bytes) break
    freed += Number(row.size)
    last = Number(row.n)
    timeMs = Math.max(timeMs, Number(row.time_ms))
  }
  statements
    .sql(`DELETE FROM bin WHERE reason = 'Edited' AND grp = ? AND n <= ? AND ${unasked}`)
    .run(group, last)
  // A clock that was ahead must not say that the history begins in the future.
  ends(statements, group, Math.min(timeMs, nowMs))
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

/** So much of the time between two prunings counts at most: a clock that is ahead once empties nothing. */
const stepMaxMs = 86_400_000

/** The longest window of a guard (spec.guard.window): what it counts outlasts every retention that is shorter. */
const windowMaxMs = 168 * 3_600_000

/** What may go: what is older by the clock, and was kept no later than that number of the bin. */
export type Horizon = Readonly<{ untilMs: number; lastN: number }>

/**
 * Records that time has passed. Answers for a retention (ms) what may go: what is older by the clock, and was there
 * already when time began to be recorded that covers the retention. So neither a clock that is ahead nor what was kept
 * under one that was behind empties anything. Once a clock is back, what it recorded while it was ahead does not count.
 */
export function aged(statements: Statements, nowMs: number): (retentionMs: number) => Horizon {
  statements.sql('DELETE FROM ages WHERE time_ms > ?').run(nowMs)
  const last = statements
    .sql('SELECT time_ms, aged_ms FROM ages ORDER BY aged_ms DESC LIMIT 1')
    .get()
  const step = Math.min(nowMs - Number(last?.time_ms ?? nowMs), stepMaxMs)
  const agedMs = Number(last?.aged_ms ?? 0) + step
  statements
    .sql('INSERT OR REPLACE INTO ages (time_ms, aged_ms, last_n) SELECT ?, ?, last_n FROM tally')
    .run(nowMs, agedMs)
  return (retentionMs) => {
    const mark = statements
      .sql('SELECT time_ms, last_n FROM ages WHERE aged_ms <= ? ORDER BY aged_ms DESC LIMIT 1')
      .get(agedMs - retentionMs)
    if (mark === undefined) return { untilMs: Number.NEGATIVE_INFINITY, lastN: 0 }
    return {
      untilMs: Math.min(nowMs - retentionMs, Number(mark.time_ms)),
      lastN: Number(mark.last_n),
    }
  }
}

/** Lets go of what is older than its retention. What somebody asked to have back stays until it is. */
export function prune(
  statements: Statements,
  nowMs: number,
  { binMs, historyMs }: Readonly<{ binMs: number; historyMs: number }>,
): void {
  const horizon = aged(statements, nowMs)
  const [bin, history] = [horizon(binMs), horizon(historyMs)]
  const old = `time_ms < ? AND n <= ? AND ${unasked}`
  statements.sql(`DELETE FROM bin WHERE ${old} AND reason <> 'Edited'`).run(bin.untilMs, bin.lastN)
  statements
    .sql(`DELETE FROM bin WHERE ${old} AND reason = 'Edited'`)
    .run(history.untilMs, history.lastN)
  statements
    .sql('DELETE FROM history_ends WHERE time_ms < ? AND grp <> ?')
    .run(history.untilMs, all)
  const reachMs = Math.max(bin.untilMs, history.untilMs)
  if (Number.isFinite(reachMs)) ends(statements, all, reachMs)
  const longest = Math.min(bin.untilMs, history.untilMs)
  statements.sql('DELETE FROM journal WHERE time_ms < ?').run(longest)
  const counted = Math.min(longest, horizon(windowMaxMs).untilMs)
  for (const table of ['caused', 'approved', 'ages'])
    statements.sql(`DELETE FROM ${table} WHERE time_ms < ?`).run(counted)
}
