// The state: one SQLite file in a directory, one writer. Opens it, refuses what is not ours to open, and
// hands out one baseline per group.
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Baseline } from '../sync/ports.ts'
import { SqliteBaseline } from './baseline.ts'
import { Bin } from './bin.ts'
import { applicationId, schema, schemaVersion } from './schema.ts'

/** An open state. */
export interface State {
  baseline(group: GroupId): Baseline
  readonly bin: Bin
  /** Forgets what is older than this: bin, journal, and what the guard counted. */
  sweep(beforeMs: number): void
  close(): void
}

/** The file's name within the state's directory. */
export const stateFile = 'exsync.db'

/**
 * Opens the state in a directory, which is made when missing. With `readOnly` nothing is made or changed;
 * a state that does not exist yet then reads as an empty one. `:memory:` is a state that nobody keeps.
 * Throws a terminal SyncError: StateNewer, StateUnreadable, StateInUse.
 */
export function openState(
  directory: string,
  options: Readonly<{ readOnly?: boolean }> = {},
): State {
  const { readOnly = false } = options
  const file = join(directory, stateFile)
  const scratch = directory === ':memory:' || (readOnly && !existsSync(file))
  try {
    if (!readOnly && !scratch) mkdirSync(directory, { recursive: true, mode: 0o700 })
    const lock = readOnly || scratch ? undefined : locked(join(directory, 'exsync.lock'))
    const db = scratch ? new DatabaseSync(':memory:') : opened(file, readOnly)
    try {
      initialise(db, readOnly && !scratch)
      if (!readOnly && !scratch) chmodSync(file, 0o600)
    } catch (error) {
      db.close()
      lock?.close()
      throw error
    }
    return {
      baseline: (group) => new SqliteBaseline(db, group),
      bin: new Bin(db),
      sweep: (beforeMs) => {
        for (const table of ['bin', 'journal', 'caused']) {
          db.prepare(`DELETE FROM ${table} WHERE time_ms < ?`).run(beforeMs)
        }
      },
      close: () => {
        db.close()
        lock?.close()
      },
    }
  } catch (error) {
    throw refused(error, file)
  }
}

// One writer: a lock that the operating system takes back when its holder dies, however it dies.
function locked(file: string): DatabaseSync {
  const lock = new DatabaseSync(file)
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw error
  }
  return lock
}

// A reader of a state that nobody has open leaves no trace, not even SQLite's own side files.
function opened(file: string, readOnly: boolean): DatabaseSync {
  if (!readOnly) return new DatabaseSync(file)
  if (existsSync(`${file}-wal`)) return new DatabaseSync(file, { readOnly: true })
  return new DatabaseSync(new URL(`${pathToFileURL(resolve(file))}?immutable=1`), {
    readOnly: true,
  })
}

function initialise(db: DatabaseSync, readOnly: boolean): void {
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON')
  const found = db.prepare('PRAGMA user_version').get()?.user_version ?? 0
  const owner = db.prepare('PRAGMA application_id').get()?.application_id ?? 0
  if (Number(found) > schemaVersion) {
    throw new SyncError(
      'terminal',
      'StateNewer',
      `the state was written by a newer version (schema ${found}, this one knows ${schemaVersion}): run that version, or another --state`,
    )
  }
  if (Number(owner) !== 0 && Number(owner) !== applicationId) {
    throw new SyncError(
      'terminal',
      'StateUnreadable',
      'the state file belongs to another program: choose another --state',
    )
  }
  if (readOnly) return
  db.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = -16000')
  db.exec(
    `BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${schemaVersion}; PRAGMA application_id = ${applicationId}; COMMIT`,
  )
}

function refused(error: unknown, file: string): SyncError {
  if (error instanceof SyncError) return error
  const text = error instanceof Error ? error.message : ''
  if (/locked|busy/i.test(text)) {
    return new SyncError(
      'terminal',
      'StateInUse',
      `${file} is in use by another controller: stop that one, or choose another --state`,
      { cause: error },
    )
  }
  if (/malformed|not a database|corrupt/i.test(text)) {
    return new SyncError(
      'terminal',
      'StateUnreadable',
      `${file} is damaged: move it away and start again, items are then relinked by stamp and content`,
      { cause: error },
    )
  }
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `cannot open ${file}: check that the directory exists and may be written`,
    { cause: error },
  )
}
