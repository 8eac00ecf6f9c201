// The history of edits. When it is full, the oldest edits are dropped. An edit that is old by the clock is dropped only if
// the recorded time since it was kept also covers the retention. The caller opens the transaction.
import type { Statements } from './statements.ts'

/** The largest part of the bin's limit that the history may use. The bin has precedence. */
const historyShare = 0.5
/** A full history shrinks to this part of its room, so that not every pass has to shrink it. */
const keptShare = 0.95

// Entries that wait to be restored stay.
const unasked = 'n NOT IN (SELECT bin FROM restores WHERE done_ms IS NULL)'

/** The room of the history beside a bin of this size, bytes. */
export function roomBeside(binBytes: number, binMaxBytes: number): number {
  return Math.max(0, Math.min(binMaxBytes * historyShare, binMaxBytes - binBytes))
}

/** While the history exceeds its room, drops the oldest edits of the group that uses most of it. */
export function makeRoom({
  statements,
  binMaxBytes,
  nowMs,
}: Readonly<{ statements: Statements; binMaxBytes: number; nowMs: number }>): void {
  const { bin_bytes, history_bytes } = statements.sql('SELECT * FROM tally').get() ?? {}
  const room = roomBeside(Number(bin_bytes), binMaxBytes)
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

// Drops at least this many bytes of a group's oldest edits, at most a thousand edits. Answers the bytes freed.
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
  // With a clock that was ahead, the history must not appear to begin in the future.
  ends(statements, group, Math.min(timeMs, nowMs))
  return Math.max(freed, 1)
}

/** The group key of the `history_ends` row that holds the limit of the retention for all groups. No group has this name. */
export const all = ''

function ends(statements: Statements, group: string, timeMs: number): void {
  statements
    .sql(
      `INSERT INTO history_ends (grp, time_ms) VALUES (?, ?)
       ON CONFLICT (grp) DO UPDATE SET time_ms = max(time_ms, excluded.time_ms)`,
    )
    .run(group, timeMs)
}

/** The most that counts between two prunings, ms: a clock that jumps ahead once must not empty the bin. */
const stepMaxMs = 86_400_000

/** The longest window of a guard (spec.guard.window), ms: its counts outlast every shorter retention. */
const windowMaxMs = 168 * 3_600_000

/** The entries that may be dropped: older than `untilMs` and with a number up to `lastN`. */
export type Horizon = Readonly<{ untilMs: number; lastN: number }>

/**
 * Records the passing of time. Answers, for a retention in ms, the entries that may be dropped: those that are older by
 * the clock, and that existed when the recorded time was younger by the retention. So neither a clock that is ahead, nor
 * entries kept under a clock that was behind, empties anything. When a clock goes back, the records ahead are deleted.
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

/** Drops entries that are older than their retention. Entries that wait to be restored stay. */
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
