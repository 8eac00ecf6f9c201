// One change to the baseline of a group, written down. Runs within a transaction, and knows nothing of it.
import type { Attempt } from '../core/attempt.ts'
import type { Agreement } from '../core/fold.ts'
import { digestOf, type GroupId, isHub, type LinkId, type ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Copy } from '../core/link.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Change, ConflictNote, Kept, Memory } from '../sync/ports.ts'
import { parsed } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Vault } from './vault.ts'

/** What one writes with, and for whom. */
export type Desk = Readonly<{
  statements: Statements
  vault: Vault
  group: GroupId
  binMaxBytes: number
}>

/** Writes a change down. Throws a terminal BinFull when it would keep more than the bin may hold. */
export function write(desk: Desk, change: Change): void {
  const { statements, group } = desk
  const sql = (text: string) => statements.sql(text)
  const { timeMs, pass } = change.at
  if (change.reset) reset(desk, change.at)
  if (change.identity !== undefined) {
    const { uid = null, server = null, url = null } = change.identity
    sql('INSERT OR REPLACE INTO identities (grp, uid, server, url) VALUES (?, ?, ?, ?)').run(
      group,
      uid,
      server,
      url,
    )
  }
  for (const [to, from] of change.renames ?? []) rename(desk, from, to)
  for (const replica of change.left ?? []) {
    sql('DELETE FROM copies WHERE grp = ? AND replica = ?').run(group, replica)
    sql('DELETE FROM replicas WHERE grp = ? AND replica = ?').run(group, replica)
    sql('DELETE FROM attempts WHERE grp = ? AND replica = ?').run(group, replica)
  }
  for (const [replica, ids] of change.forgotten ?? []) {
    for (const id of ids)
      sql('DELETE FROM copies WHERE grp = ? AND replica = ? AND id = ?').run(group, replica, id)
  }
  if (change.unsettle) sql('UPDATE links SET settled = 0 WHERE grp = ?').run(group)
  keepAll(desk, change)
  for (const conflict of change.conflicts ?? []) note(desk, conflict, change.at)
  for (const agreement of change.agreements ?? []) agree(desk, agreement)
  for (const { n, result } of change.restored ?? []) {
    sql(
      'UPDATE restores SET done_ms = ?, pass = ?, result = ? WHERE bin = ? AND done_ms IS NULL',
    ).run(timeMs, pass, result, n)
  }
  for (const { link, replica, copy } of change.copies ?? []) writeCopy(desk, link, replica, copy)
  for (const [replica, { deletions, publications }] of change.caused ?? []) {
    sql(
      'INSERT INTO caused (grp, replica, time_ms, deletions, publications) VALUES (?, ?, ?, ?, ?)',
    ).run(group, replica, timeMs, deletions, publications)
  }
  for (const hash of change.approvals ?? []) {
    sql('INSERT INTO approvals (grp, hash, time_ms, pass) VALUES (?, ?, ?, ?)').run(
      group,
      hash,
      timeMs,
      pass,
    )
  }
  for (const [replica, memory] of change.memories ?? []) remember(desk, replica, memory)
  for (const { link, replica, attempt } of change.attempts ?? [])
    writeAttempt(desk, link, replica, attempt)
  for (const { link, replica, action, result } of change.entries ?? []) {
    sql(
      'INSERT INTO journal (grp, time_ms, pass, link, replica, action, result) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(group, timeMs, pass, link, replica, action, result)
  }
  for (const link of change.settled ?? []) settle(desk, link)
  for (const link of change.ended ?? []) {
    sql('DELETE FROM links WHERE grp = ? AND id = ?').run(group, link)
    sql('DELETE FROM attempts WHERE grp = ? AND link = ?').run(group, link)
  }
}

// What was asked back of the old hub's is not for the new one, unless somebody asks again.
function reset({ statements, group }: Desk, { timeMs, pass }: Change['at']): void {
  statements.sql('DELETE FROM links WHERE grp = ?').run(group)
  statements.sql('DELETE FROM replicas WHERE grp = ?').run(group)
  statements.sql('DELETE FROM attempts WHERE grp = ?').run(group)
  statements
    .sql(
      "UPDATE restores SET done_ms = ?, pass = ?, result = 'Cancelled' WHERE grp = ? AND done_ms IS NULL",
    )
    .run(timeMs, pass, group)
}

function rename({ statements, group }: Desk, from: ReplicaId, to: ReplicaId): void {
  for (const table of ['copies', 'replicas', 'caused', 'attempts']) {
    statements
      .sql(`UPDATE ${table} SET replica = ? WHERE grp = ? AND replica = ?`)
      .run(to, group, from)
  }
  statements
    .sql("UPDATE links SET declined = replace(declined, ?, ?) WHERE grp = ? AND declined <> '[]'")
    .run(JSON.stringify(from), JSON.stringify(to), group)
}

// Nothing is dropped to make room: who would keep more than there is room for does not overwrite either.
function keepAll(desk: Desk, { kept = [], at }: Change): void {
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
  return statements
    .sql(
      `INSERT INTO bin (grp, link, replica, reason, fields, item, won, print, size, time_ms, pass)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      group,
      link,
      replica,
      reason,
      JSON.stringify(fields),
      vault.seal(text),
      winner === null ? null : vault.seal(winner),
      print,
      size,
      timeMs,
      pass,
    )
}

function note(
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

function agree(desk: Desk, agreement: Agreement): void {
  const { statements, vault, group } = desk
  const { link, revision, agreed, editedMs, aliases, source, base, copies, dropped, declined } =
    agreement
  const written = (item: Item | undefined) =>
    item === undefined ? null : vault.seal(JSON.stringify(item))
  const row = statements
    .sql(
      `INSERT INTO links (grp, id, revision, agreed, edited_ms, aliases, source) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (grp, id) DO UPDATE SET revision = excluded.revision, agreed = excluded.agreed,
         edited_ms = excluded.edited_ms, source = excluded.source, settled = 0 RETURNING n, declined`,
    )
    .get(
      group,
      link,
      revision,
      written(agreed),
      editedMs ?? null,
      JSON.stringify(aliases),
      source ?? null,
    )
  const n = Number(row?.n)
  if (base !== undefined) {
    statements
      .sql('INSERT OR IGNORE INTO bases (link, revision, item) VALUES (?, ?, ?)')
      .run(n, base.revision, written(base.item))
  }
  if (declined.length > 0) {
    const before = parsed(row?.declined) as string[]
    const all = JSON.stringify([...new Set([...before, ...declined])])
    statements.sql('UPDATE links SET declined = ? WHERE n = ?').run(all, n)
  }
  for (const replica of dropped) {
    statements.sql('DELETE FROM copies WHERE link = ? AND replica = ?').run(n, replica)
  }
  for (const [replica, copy] of copies) writeCopy(desk, link, replica, copy)
}

function writeCopy(
  { statements, vault, group }: Desk,
  link: LinkId,
  replica: ReplicaId,
  copy: Copy | undefined,
): void {
  if (copy === undefined) {
    statements
      .sql(
        'DELETE FROM copies WHERE replica = ? AND link = (SELECT n FROM links WHERE grp = ? AND id = ?)',
      )
      .run(replica, group, link)
    return
  }
  const plain = Object.keys(copy.shown).length === 0
  const shown = plain ? null : vault.seal(JSON.stringify(copy.shown))
  const { id, version, revision, withheld, codec = 1 } = copy
  const changes = statements
    .sql(
      `INSERT OR REPLACE INTO copies (link, grp, replica, id, version, revision, shown, withheld, codec)
       SELECT n, grp, ?, ?, ?, ?, ?, ?, ? FROM links WHERE grp = ? AND id = ?`,
    )
    .run(replica, id, version, revision, shown, withheld === true ? 1 : 0, codec, group, link)
  if (changes === 0) throw new Error('a copy of a link that does not exist')
}

function remember(desk: Desk, replica: ReplicaId, memory: Memory): void {
  const { statements, group } = desk
  const { folder, parent, cursor, lens, recheck, stand, restored, ...rest } = memory
  const details = JSON.stringify(rest)
  if (folder !== undefined && !isHub(replica)) claim(desk, replica, folder)
  statements
    .sql(
      'INSERT OR REPLACE INTO replicas (grp, replica, folder, parent, cursor, lens, recheck, stand, restored, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      group,
      replica,
      folder ?? null,
      parent ?? null,
      cursor ?? null,
      lens,
      JSON.stringify(recheck),
      stand === undefined ? null : JSON.stringify(stand),
      restored === true ? 1 : 0,
      details === '{}' ? null : details,
    )
}

function writeAttempt(
  { statements, group }: Desk,
  link: LinkId,
  replica: ReplicaId,
  attempt: Attempt | undefined,
): void {
  if (attempt === undefined) {
    statements
      .sql('DELETE FROM attempts WHERE grp = ? AND replica = ? AND link = ?')
      .run(group, replica, link)
    return
  }
  const { revision, batch, tries, sentMs, items, code, seen } = attempt
  statements
    .sql(
      'INSERT OR REPLACE INTO attempts (grp, replica, link, revision, batch, tries, sent_ms, items, code, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      ...[group, replica, link, revision, batch, tries, sentMs, JSON.stringify(items)],
      ...[code ?? null, seen ? 1 : 0],
    )
}

// Two groups that look at one folder for the first time, at once, each see that nobody has it: the first to write has.
function claim({ statements, group }: Desk, replica: ReplicaId, folder: string): void {
  const known = statements.sql('SELECT folder FROM replicas WHERE grp = ? AND replica = ?')
  if (known.get(group, replica)?.folder === folder) return
  const holder = statements
    .sql("SELECT grp FROM replicas WHERE folder = ? AND grp <> ? AND replica NOT LIKE 'hub:%'")
    .get(folder, group)?.grp
  if (holder === undefined) return
  throw new SyncError(
    'terminal',
    'FolderClaimed',
    `a member’s folder belongs to the group ${holder}: remove the member here or there, or name another folder`,
  )
}

function settle({ statements, group }: Desk, link: LinkId): void {
  const row = statements
    .sql('UPDATE links SET settled = 1 WHERE grp = ? AND id = ? RETURNING n')
    .get(group, link)
  if (row !== undefined) statements.sql('DELETE FROM bases WHERE link = ?').run(Number(row.n))
}
