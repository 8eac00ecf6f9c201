// What is kept: the bin and the notes of conflicts are written here. Runs within a transaction, and knows nothing of it.
import { digestOf, type GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Change, ConflictNote, Kept } from '../sync/ports.ts'
import { binSpot } from './spots.ts'
import type { Statements } from './statements.ts'
import type { Vault } from './vault.ts'

/** What one writes with, and for whom. */
export type Desk = Readonly<{
  statements: Statements
  vault: Vault
  group: GroupId
  binMaxBytes: number
}>

/**
 * Puts what a change overwrites or deletes into the bin. Nothing is dropped to make room: who would keep more than there
 * is room for does not overwrite either. Throws a terminal BinFull.
 */
export function keepAll(desk: Desk, { kept = [], at }: Change): void {
  let added = 0
  for (const each of kept) added += keep(desk, each, at)
  if (added === 0) return
  const row = desk.statements.sql('SELECT bin_bytes FROM tally').get()
  if (Number(row?.bin_bytes) <= desk.binMaxBytes) return
  throw new SyncError(
    'terminal',
    'BinFull',
    `the bin is full (${desk.binMaxBytes} bytes), so nothing is overwritten or deleted: raise --bin-limit or shorten --bin-retention`,
  )
}

// What is tried again is the same loss, not another one.
function keep(
  { statements, vault, group }: Desk,
  { link, replica, loss, reason, fields, item, won }: Kept,
  { timeMs, pass }: Change['at'],
): number {
  const [text, winner] = [JSON.stringify(item), won === undefined ? null : JSON.stringify(won)]
  const print = vault.print(digestOf(text, loss))
  const size = Buffer.byteLength(text) + Buffer.byteLength(winner ?? '')
  const known = statements
    .sql(
      'SELECT 1 FROM bin WHERE link = ? AND grp = ? AND replica = ? AND reason = ? AND print = ?',
    )
    .get(link, group, replica, reason, print)
  if (known !== undefined) return 0
  const { n = null } = statements.sql('SELECT coalesce(max(n), 0) + 1 AS n FROM bin').get() ?? {}
  const row = { n, grp: group, link, replica, reason, fields: JSON.stringify(fields) }
  return statements
    .sql(
      `INSERT INTO bin (n, grp, link, replica, reason, fields, item, won, print, size, time_ms, pass)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...Object.values(row),
      vault.seal(text, binSpot('item', row)),
      winner === null ? null : vault.seal(winner, binSpot('won', row)),
      print,
      size,
      timeMs,
      pass,
    )
}

/** Remembers a field for which there were two different edits, once. */
export function note(
  { statements, vault, group }: Desk,
  { link, replica, field, version }: ConflictNote,
  { timeMs, pass }: Change['at'],
): void {
  const at = [group, link, replica, field, vault.print(version)] as const
  statements
    .sql(
      `INSERT INTO conflicts (grp, link, replica, field, version, time_ms, pass) SELECT ?, ?, ?, ?, ?, ?, ?
       WHERE NOT EXISTS (SELECT 1 FROM conflicts WHERE grp = ? AND link = ? AND replica = ? AND field = ? AND version = ?)`,
    )
    .run(...at, timeMs, pass, ...at)
}
