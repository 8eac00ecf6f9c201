// Writes one change to the baseline of a group. The caller opens the transaction.

import { claimedBy, type Holder, keepsFrom } from '../api/claims.ts'
import type { Agreement } from '../core/fold.ts'
import type { Caused, Effects } from '../core/guard.ts'
import { type GroupId, type ItemId, isHub, type LinkId, type ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type {
  AttemptNote,
  Change,
  CopyNote,
  Entry,
  Identity,
  Memory,
  Moment,
  RestoreNote,
  Write,
} from '../sync/ports.ts'
import type { Spot } from './encryption.ts'
import { keepAll, note, type Store } from './keep.ts'
import { parsed } from './rows.ts'
import { agreedSpot, baseSpot, shownSpot } from './spots.ts'

/**
 * Carries out the writes of a change, in order. Throws as `Write` documents, and if SQLite refuses; the caller then
 * rolls the transaction back.
 */
export function write(store: Store, { at, writes }: Change): void {
  for (const each of writes) writerOf(each)(store, at)
}

// The function that carries out a write. There is no default: a kind of write that is missing here does not compile.
function writerOf(one: Write): (store: Store, at: Moment) => void {
  switch (one.write) {
    case 'reset':
      return reset
    case 'identity':
      return (store) => identify(store, one.identity)
    case 'renames':
      return (store) => each(one.renames, ([to, from]) => rename(store, from, to))
    case 'left':
      return (store) => each(one.left, (replica) => leave(store, replica))
    case 'forgotten':
      return (store) => each(one.forgotten, ([replica, ids]) => forget(store, replica, ids))
    case 'unsettle':
      return unsettle
    case 'kept':
      return (store, at) => keepAll(store, one.kept, at)
    case 'conflicts':
      return (store, at) => each(one.conflicts, (conflict) => note(store, conflict, at))
    case 'agreements':
      return (store) => each(one.agreements, (agreement) => agree(store, agreement))
    case 'restored':
      return (store, at) => each(one.restored, (each) => finish(store, each, at))
    case 'copies':
      return (store) => each(one.copies, (each) => writeCopy(store, each))
    case 'caused':
      return (store, at) => each(one.caused, ([id, caused]) => count(store, id, caused, at))
    case 'approvals':
      return (store, at) => each(one.approvals, (hash) => useUp(store, hash, at))
    case 'memories':
      return (store) => each(one.memories, ([id, memory]) => remember(store, id, memory))
    case 'attempts':
      return (store) => each(one.attempts, (each) => writeAttempt(store, each))
    case 'entries':
      return (store, at) => each(one.entries, (entry) => journal(store, entry, at))
    case 'settled':
      return (store) => each(one.settled, (link) => settle(store, link))
    case 'ended':
      return (store) => each(one.ended, (link) => end(store, link))
  }
}

function each<Row>(rows: Iterable<Row>, work: (row: Row) => void): void {
  for (const row of rows) work(row)
}

function unsettle({ statements, group }: Store): void {
  statements.sql('UPDATE links SET settled = 0 WHERE grp = ?').run(group)
}

function identify({ statements, group }: Store, identity: Identity): void {
  const { uid = null, server = null, url = null, kind = 'Contacts' } = identity
  statements
    .sql('INSERT OR REPLACE INTO identities (grp, uid, server, url, kind) VALUES (?, ?, ?, ?, ?)')
    .run(group, uid, server, url, kind)
}

function leave({ statements, group }: Store, replica: ReplicaId): void {
  for (const table of ['copies', 'replicas', 'attempts'])
    statements.sql(`DELETE FROM ${table} WHERE grp = ? AND replica = ?`).run(group, replica)
}

function forget({ statements, group }: Store, replica: ReplicaId, ids: ReadonlySet<ItemId>): void {
  const one = statements.sql('DELETE FROM copies WHERE grp = ? AND replica = ? AND id = ?')
  for (const id of ids) one.run(group, replica, id)
}

function finish({ statements }: Store, { n, result }: RestoreNote, { timeMs, pass }: Moment): void {
  statements
    .sql('UPDATE restores SET done_ms = ?, pass = ?, result = ? WHERE bin = ? AND done_ms IS NULL')
    .run(timeMs, pass, result, n)
}

function count(
  { statements, group }: Store,
  replica: ReplicaId,
  { approved, ...free }: Caused,
  { timeMs }: Moment,
): void {
  const into = (table: string, { deletions, publications, updates }: Effects) =>
    statements
      .sql(
        `INSERT INTO ${table} (grp, replica, time_ms, deletions, publications, updated) VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(group, replica, timeMs, deletions, publications, JSON.stringify(updates))
  into('caused', free)
  if (approved !== undefined) into('approved', approved)
}

function useUp({ statements, group }: Store, hash: string, { timeMs, pass }: Moment): void {
  statements
    .sql('INSERT INTO approvals (grp, hash, time_ms, pass) VALUES (?, ?, ?, ?)')
    .run(group, hash, timeMs, pass)
}

function journal(
  { statements, group }: Store,
  { link, replica, action, result }: Entry,
  { timeMs, pass }: Moment,
): void {
  statements
    .sql(
      'INSERT INTO journal (grp, time_ms, pass, link, replica, action, result) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .run(group, timeMs, pass, link, replica, action, result)
}

function end({ statements, group }: Store, link: LinkId): void {
  statements.sql('DELETE FROM links WHERE grp = ? AND id = ?').run(group, link)
  statements.sql('DELETE FROM attempts WHERE grp = ? AND link = ?').run(group, link)
}

// Cancels pending restores: they belong to the old hub. A user may request them again for the new one.
function reset({ statements, group }: Store, { timeMs, pass }: Moment): void {
  for (const table of ['links', 'replicas', 'attempts', 'identities'])
    statements.sql(`DELETE FROM ${table} WHERE grp = ?`).run(group)
  statements
    .sql(
      "UPDATE restores SET done_ms = ?, pass = ?, result = 'Cancelled' WHERE grp = ? AND done_ms IS NULL",
    )
    .run(timeMs, pass, group)
}

function rename({ statements, vault, group }: Store, from: ReplicaId, to: ReplicaId): void {
  const shown = `SELECT links.n, links.id, copies.id AS item, shown FROM copies JOIN links ON links.n = link
     WHERE copies.grp = ? AND replica = ? AND shown IS NOT NULL`
  for (const { n = null, id, item, shown: text } of statements.sql(shown).all(group, from)) {
    const before = vault.open(String(text), shownSpot(group, id, from, item))
    statements
      .sql('UPDATE copies SET shown = ? WHERE link = ? AND replica = ?')
      .run(vault.seal(before, shownSpot(group, id, to, item)), n, from)
  }
  for (const table of ['copies', 'replicas', 'caused', 'approved', 'attempts']) {
    statements
      .sql(`UPDATE ${table} SET replica = ? WHERE grp = ? AND replica = ?`)
      .run(to, group, from)
  }
  statements
    .sql("UPDATE links SET declined = replace(declined, ?, ?) WHERE grp = ? AND declined <> '[]'")
    .run(JSON.stringify(from), JSON.stringify(to), group)
}

function agree(store: Store, agreement: Agreement): void {
  const { statements, group } = store
  const { link, revision, agreed, editedMs, aliases, source } = agreement
  const row = statements
    .sql(
      `INSERT INTO links (grp, id, revision, agreed, edited_ms, aliases, source) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (grp, id) DO UPDATE SET revision = excluded.revision, agreed = excluded.agreed,
         edited_ms = excluded.edited_ms, source = excluded.source, settled = 0 RETURNING n, declined`,
    )
    .get(
      ...[group, link, revision, sealed(store, agreed, agreedSpot(group, link, revision))],
      ...[editedMs ?? null, JSON.stringify(aliases), source ?? null],
    )
  agreeOn(store, Number(row?.n), parsed(row?.declined) as string[], agreement)
}

function sealed({ vault }: Store, item: Item | undefined, at: Spot): string | null {
  return item === undefined ? null : vault.seal(JSON.stringify(item), at)
}

// Writes the parts of a link that are in other tables. `n`: the link's row.
function agreeOn(
  store: Store,
  n: number,
  before: readonly string[],
  { link, base, copies, dropped, declined }: Agreement,
): void {
  const { statements, group } = store
  if (base !== undefined) {
    statements
      .sql('INSERT OR IGNORE INTO bases (link, revision, item) VALUES (?, ?, ?)')
      .run(n, base.revision, sealed(store, base.item, baseSpot(group, link, base.revision)))
  }
  if (declined.length > 0) {
    const all = JSON.stringify([...new Set([...before, ...declined])])
    statements.sql('UPDATE links SET declined = ? WHERE n = ?').run(all, n)
  }
  for (const replica of dropped) {
    statements.sql('DELETE FROM copies WHERE link = ? AND replica = ?').run(n, replica)
  }
  for (const [replica, copy] of copies) writeCopy(store, { link, replica, copy })
}

function writeCopy({ statements, vault, group }: Store, { link, replica, copy }: CopyNote): void {
  if (copy === undefined) {
    statements
      .sql(
        'DELETE FROM copies WHERE replica = ? AND link = (SELECT n FROM links WHERE grp = ? AND id = ?)',
      )
      .run(replica, group, link)
    return
  }
  const plain = Object.keys(copy.shown).length === 0
  const { id, version, revision, withheld, codec = 1 } = copy
  const shown = plain
    ? null
    : vault.seal(JSON.stringify(copy.shown), shownSpot(group, link, replica, id))
  const changes = statements
    .sql(
      `INSERT OR REPLACE INTO copies (link, grp, replica, id, version, revision, shown, withheld, codec)
       SELECT n, grp, ?, ?, ?, ?, ?, ?, ? FROM links WHERE grp = ? AND id = ?`,
    )
    .run(replica, id, version, revision, shown, withheld === true ? 1 : 0, codec, group, link)
  if (changes === 0) throw new Error('a copy of a link that does not exist')
}

function remember(store: Store, replica: ReplicaId, memory: Memory): void {
  const { statements, group } = store
  const { checkpoint, seenAs, place, recheck, relist, rewound } = memory
  const { unread = [], codec = null } = memory
  const { folder, adapter } = checkpoint
  if (folder !== undefined) claim(store, replica, folder)
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const at = [group, replica, folder ?? null, text(place), text(adapter), text(seenAs)] as const
  const again = JSON.stringify(recheck)
  const left = JSON.stringify(unread)
  statements
    .sql(
      `INSERT OR REPLACE INTO replicas (grp, replica, folder, place, adapter, seen_as, recheck, unread, relist, rewound, codec)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(...at, again, left, relist ? 1 : 0, rewound ? 1 : 0, codec)
}

function writeAttempt({ statements, group }: Store, { link, replica, attempt }: AttemptNote): void {
  if (attempt === undefined) {
    statements
      .sql('DELETE FROM attempts WHERE grp = ? AND replica = ? AND link = ?')
      .run(group, replica, link)
    return
  }
  const { revision, batch, tries, sentMs, items, code, seen } = attempt
  const known = [revision, batch, tries, sentMs, JSON.stringify(items), code ?? null, seen ? 1 : 0]
  const at = [group, replica, link, ...known]
  statements
    .sql(
      'INSERT OR REPLACE INTO attempts (grp, replica, link, revision, batch, tries, sent_ms, items, code, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(...at)
}

// Two groups may look at a new folder at the same time, and both find it unclaimed. The first to write gets it; for the
// other this throws FolderClaimed.
function claim({ statements, group }: Store, replica: ReplicaId, folder: string): void {
  const known = statements.sql('SELECT folder FROM replicas WHERE grp = ? AND replica = ?')
  if (known.get(group, replica)?.folder === folder) return
  const holders = statements
    .sql("SELECT grp, replica LIKE 'hub:%' AS hub FROM replicas WHERE folder = ? AND grp <> ?")
    .all(folder, group)
    .map(({ grp, hub }): Holder => ({ group: grp as GroupId, hub: Number(hub) === 1 }))
  const holder = holders.find((each) => keepsFrom(each, isHub(replica)))
  if (holder === undefined) return
  throw claimedBy(group, holder, isHub(replica))
}

function settle({ statements, group }: Store, link: LinkId): void {
  const row = statements
    .sql('UPDATE links SET settled = 1 WHERE grp = ? AND id = ? RETURNING n')
    .get(group, link)
  if (row !== undefined) statements.sql('DELETE FROM bases WHERE link = ?').run(Number(row.n))
}
