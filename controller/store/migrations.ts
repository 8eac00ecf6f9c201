// Checks that a state file is ours, complete and of a known version, and upgrades it to the present schema. An upgrade
// is one transaction; after a crash it starts from the beginning.
import type { DatabaseSync } from 'node:sqlite'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { damaged } from './errors.ts'
import {
  added,
  applicationId,
  fromFirst,
  fromFourth,
  fromSecond,
  fromSixth,
  fromThird,
  schema,
  schemaVersion,
  tables,
} from './schema.ts'

/**
 * The schema version of a file; 0 for a new file. Throws a terminal StateUnreadable for a file of another program or
 * with missing tables, StateNewer for one of a newer version.
 */
export function versionOf(db: DatabaseSync, file: string): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  const owner = Number(db.prepare('PRAGMA application_id').get()?.application_id ?? 0)
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  if (owner === applicationId && version > schemaVersion) {
    throw new SyncError(
      'terminal',
      'StateNewer',
      `the state was written by a newer version (schema ${version}, this one knows ${schemaVersion}): run that version, or another --state`,
    )
  }
  if (owner !== applicationId && (owner !== 0 || version !== 0 || names.length > 0)) {
    throw new SyncError(
      'terminal',
      'StateUnreadable',
      'the state file belongs to another program: choose another --state',
    )
  }
  const missing = (tables[version] ?? []).filter((name) => !names.some((row) => row.name === name))
  if (missing.length > 0) throw damaged(`${file}, which lacks ${missing.join(', ')},`)
  return version
}

/**
 * Throws a terminal StateUnreadable for a file whose pages are inconsistent, or whose indexes lack rows: a link that is
 * not found would be created a second time. Measured with 10,000 links of 11 copies each: 0.7 s.
 */
export function refuseDamaged(db: DatabaseSync, file: string): void {
  const [found] = db.prepare('PRAGMA integrity_check(1)').all()
  if (found?.integrity_check !== 'ok') throw damaged(file)
}

/** Upgrades a file from any version to the present schema, in one transaction. */
export function upToDate(db: DatabaseSync, version: number): void {
  if (version === schemaVersion) return
  inOne(db, () => {
    if (version === 1) db.exec(fromFirst)
    if (version === 1 || version === 2) db.exec(fromSecond)
    if (version > 0 && version < 4) db.exec(fromThird)
    if (version > 1 && version < 5) db.exec(fromFourth)
    fromFifth(db)
    const split = columnsOf(db, 'replicas').includes('lens')
    if (split) db.exec('ALTER TABLE replicas RENAME TO replicas_before')
    db.exec(schema)
    if (split) db.exec(fromSixth)
    if (version === 1) {
      const change = db.prepare('UPDATE bin SET print = ?, size = ? WHERE n = ?')
      const item = db.prepare('SELECT item FROM bin WHERE n = ?')
      for (const { n = null } of db.prepare('SELECT n FROM bin').all()) {
        const text = String(item.get(n)?.item)
        change.run(digestOf(text), Buffer.byteLength(text), n)
      }
    }
    db.exec('INSERT OR IGNORE INTO writers VALUES (1, 0)')
    db.exec(
      'INSERT OR IGNORE INTO tally (one, bin_bytes) SELECT 1, coalesce(sum(size), 0) FROM bin',
    )
    db.exec('UPDATE tally SET last_n = (SELECT coalesce(max(n), 0) FROM bin)')
    db.exec(`PRAGMA user_version = ${schemaVersion}; PRAGMA application_id = ${applicationId}`)
  })
}

// Adds the missing columns and drops the old triggers. It looks at the columns, not at the version: a file may have a
// wrong version number.
function fromFifth(db: DatabaseSync): void {
  for (const trigger of ['bin_grows', 'bin_shrinks']) db.exec(`DROP TRIGGER IF EXISTS ${trigger}`)
  for (const [table, column, type] of added) {
    const columns = columnsOf(db, table)
    if (columns.length > 0 && !columns.includes(column))
      db.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`)
  }
}

function columnsOf(db: DatabaseSync, table: string): readonly string[] {
  const rows = db.prepare('SELECT name FROM pragma_table_info(?)').all(table)
  return rows.map(({ name }) => String(name))
}

function inOne(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/**
 * Fences off the previous writer: raises the epoch and answers it. Each transaction of this writer checks that the
 * epoch is still the same.
 */
export function epochOf(db: DatabaseSync): number {
  let epoch = 0
  inOne(db, () => {
    db.exec('UPDATE writers SET epoch = epoch + 1')
    epoch = Number(db.prepare('SELECT epoch FROM writers').get()?.epoch)
  })
  return epoch
}
