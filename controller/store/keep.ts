// Writes the bin and the notes of conflicts. The caller opens the transaction.

import { digestOf, type GroupId } from '../core/id.ts'
import type { KeepReason } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import type { ConflictNote, Kept, Moment } from '../sync/ports.ts'
import type { Vault } from './encryption.ts'
import { makeRoom } from './history.ts'
import { binSpot } from './spots.ts'
import type { Statements } from './statements.ts'

/** The statements, vault, group and limit for writing the bin. */
export type Store = Readonly<{
  statements: Statements
  vault: Vault
  group: GroupId
  binMaxBytes: number
}>

/** The reason of the entries of the history: the agreed content before an edit. All other entries are the bin. */
export const edited: KeepReason = 'Edited'

/**
 * Puts the content that a change overwrites or deletes into the bin. Nothing is dropped to make room: if the bin has no
 * room for the content, the change does not overwrite it either. A full bin refuses only namespaces that use more than
 * their share, so that no tenant blocks the others; it grows to less than twice its limit. Throws a terminal BinFull.
 */
export function keepAll(store: Store, kept: readonly Kept[], at: Moment): void {
  const history = kept.filter(({ reason }) => reason === edited)
  let added = 0
  for (const each of kept) if (each.reason !== edited) added += keep(store, each, at)
  for (const each of history) keep(store, each, at)
  if (kept.length > 0) makeRoom({ ...store, nowMs: at.timeMs })
  if (added === 0) return
  const row = store.statements.sql('SELECT bin_bytes FROM tally').get()
  if (Number(row?.bin_bytes) <= store.binMaxBytes || !isOverShare(store)) return
  throw new SyncError(
    'terminal',
    'BinFull',
    `the bin is full (${store.binMaxBytes} bytes), so the controller overwrites and deletes nothing: raise --bin-limit or shorten --bin-retention`,
  )
}

function isOverShare({ statements, group, binMaxBytes }: Store): boolean {
  const namespace = namespaceOf(group)
  const groups = statements.sql('SELECT grp FROM identities').all()
  const namespaces = new Set([namespace, ...groups.map(({ grp }) => namespaceOf(String(grp)))])
  // All groups of this namespace and no other: in ASCII `0` follows `/`.
  const own = statements
    .sql(
      "SELECT coalesce(sum(size), 0) AS bytes FROM bin WHERE grp >= ? AND grp < ? AND reason <> 'Edited'",
    )
    .get(`${namespace}/`, `${namespace}0`)
  return Number(own?.bytes) > binMaxBytes / namespaces.size
}

function namespaceOf(group: string): string {
  return group.slice(0, Math.max(0, group.indexOf('/')))
}

// A repeated attempt is the same loss: it is kept once.
function keep(
  { statements, vault, group }: Store,
  { link, replica, loss, reason, fields, item, won }: Kept,
  { timeMs, pass }: Moment,
): number {
  const [text, winner] = [JSON.stringify(item), won === undefined ? null : JSON.stringify(won)]
  const print = vault.fingerprint(digestOf(text, loss))
  const size = Buffer.byteLength(text) + Buffer.byteLength(winner ?? '')
  const known = statements
    .sql(
      'SELECT 1 FROM bin WHERE link = ? AND grp = ? AND replica = ? AND reason = ? AND print = ?',
    )
    .get(link, group, replica, reason, print)
  if (known !== undefined) return 0
  // A number is never used twice: it always means the same entry.
  const { n = null } = statements.sql('SELECT last_n + 1 AS n FROM tally').get() ?? {}
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

/** Notes a field with two different edits, once. */
export function note(
  { statements, vault, group }: Store,
  { link, replica, field, version }: ConflictNote,
  { timeMs, pass }: Moment,
): void {
  const at = [group, link, replica, field, vault.fingerprint(version)] as const
  statements
    .sql(
      `INSERT INTO conflicts (grp, link, replica, field, version, time_ms, pass) SELECT ?, ?, ?, ?, ?, ?, ?
       WHERE NOT EXISTS (SELECT 1 FROM conflicts WHERE grp = ? AND link = ? AND replica = ? AND field = ? AND version = ?)`,
    )
    .run(...at, timeMs, pass, ...at)
}
