// Opens the file of a state: one writer, which holds a lock; readers, which leave no trace; and refuses what is not ours
// to open.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { SyncError } from '../core/sync-error.ts'
import type { Sealed } from './carry.ts'
import { damaged, refusalOf } from './errors.ts'
import { epochOf, refuseDamaged, upToDate, versionOf } from './migrations.ts'
import { ownFile, tightened } from './modes.ts'
import { schemaVersion } from './schema.ts'
import { Statements } from './statements.ts'

/** How the file of a state is opened. */
export type FileOpening = Readonly<{
  /** Nothing is made or changed; a state that does not exist yet reads as an empty one. */
  readOnly?: boolean
  /** Only to ask its writer for something, whether that runs now or later. */
  asking?: boolean
  /** There must be one already. */
  existing?: boolean
  /** A Lease says that nobody else may write: whoever still has the state open is fenced off. */
  leading?: boolean
  /** Asked before every transaction; throws when nothing may be written any more. */
  permit?: () => void
  /** Told what others had access to. */
  warn?: (message: string) => void
}>

type Access = 'read' | 'ask' | 'write'

/** An open file, with which statements run. */
export type OpenFile = Sealed & Readonly<{ access: Access; close: () => void }>

/** The file's name within the state's directory, and that of the lock. */
export const stateFile = 'exsync.db'
export const lockFile = 'exsync.lock'

/** Opens the file; `unlock` throws before anything is changed when the key is not the one. Throws as `openState` does. */
export function openFile(
  directory: string,
  opening: FileOpening,
  unlock: (db: DatabaseSync) => void,
): OpenFile {
  const access = opening.readOnly ? 'read' : opening.asking ? 'ask' : 'write'
  const file = join(directory, stateFile)
  const open: DatabaseSync[] = []
  const close = () => {
    for (const each of open.splice(0)) each.close()
  }
  try {
    refuseRemains(file)
    if (opening.existing && !existsSync(file)) throw missing(directory)
    const scratch = directory === ':memory:' || (access !== 'write' && !existsSync(file))
    const writes = access === 'write' && !scratch
    if (writes) {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      for (const each of tightened(directory)) opening.warn?.(each)
    }
    const lock = writes ? locked(join(directory, lockFile), opening.leading) : undefined
    if (lock !== undefined) {
      open.push(lock)
      if (!existsSync(file)) begin(file)
    }
    const db = scratch ? new DatabaseSync(':memory:') : opened(file, access)
    open.unshift(db)
    if (scratch) fresh(db)
    else ready(db, file, access, unlock)
    const epoch = writes ? epochOf(db) : undefined
    const statements = new Statements(db, file, epoch, opening.permit)
    return { db, statements, directory, access, close }
  } catch (error) {
    close()
    throw refusalIn(directory, error)
  }
}

/** The refusal for an error that an open file met. */
export function refusalIn(directory: string, error: unknown): unknown {
  const file = join(directory, stateFile)
  const refusal = refusalOf(error, file)
  if (refusal instanceof SyncError) return refusal
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `cannot open ${file}: check that the directory exists and may be written`,
    { cause: error },
  )
}

const headerBytes = 100

/**
 * Refuses a log without its file, or with an empty one: SQLite throws such a log away and begins a new state, and what
 * was in there is lost.
 */
export function refuseRemains(file: string): void {
  const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size
  const log = size(`${file}-wal`) ?? 0
  // What is shorter than a file's header is taken for an empty one.
  if ((size(file) ?? headerBytes) < headerBytes) throw damaged(`${file}, which is empty,`)
  if (size(file) === undefined && log > 0)
    throw damaged(`the state, of which only ${file}-wal is left,`)
}

// A new state appears at once, whole: an empty file is always one that was cut off.
function begin(file: string): void {
  const draft = `${file}.new`
  for (const each of [draft, `${draft}-wal`, `${draft}-journal`]) rmSync(each, { force: true })
  ownFile(draft)
  const db = new DatabaseSync(draft)
  try {
    upToDate(db, 0)
  } finally {
    db.close()
  }
  renameSync(draft, file)
}

/**
 * Takes the lock of the one writer, which the operating system takes back when its holder dies, however it dies.
 * A holder that only stands still does not keep who leads by a Lease from going on without it. Throws what
 * `refusalOf` makes a StateInUse.
 */
export function locked(file: string, leading = false): DatabaseSync | undefined {
  ownFile(file)
  const lock = new DatabaseSync(file)
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    const refusal = refusalOf(error, file)
    const busy = refusal instanceof SyncError && refusal.code === 'StateInUse'
    if (leading && busy) return undefined
    throw error
  }
  return lock
}

function opened(file: string, access: Access): DatabaseSync {
  return access === 'read' ? openedToRead(file) : new DatabaseSync(file)
}

/** A reader of a file that nobody has open, which leaves no trace, not even SQLite's own side files. */
export function openedToRead(file: string): DatabaseSync {
  if (existsSync(`${file}-wal`)) return new DatabaseSync(file, { readOnly: true })
  return new DatabaseSync(new URL(`${pathToFileURL(resolve(file))}?immutable=1`), {
    readOnly: true,
  })
}

function ready(
  db: DatabaseSync,
  file: string,
  access: Access,
  unlock: (db: DatabaseSync) => void,
): void {
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON')
  const version = versionOf(db, file)
  if (access !== 'write') {
    if (version < schemaVersion) throw older(version)
    return
  }
  refuseDamaged(db, file)
  // A key that is missing or wrong is refused before anything is changed.
  if (version > 1) unlock(db)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = -16000')
  upToDate(db, version)
}

function fresh(db: DatabaseSync): void {
  db.exec('PRAGMA foreign_keys = ON')
  upToDate(db, 0)
}

/** There is no state where one is needed. */
export function missing(directory: string): SyncError {
  return new SyncError(
    'terminal',
    'StateMissing',
    `there is no state in ${directory}: check --state (or EXSYNC_STATE); exsync run makes it`,
  )
}

function older(version: number): SyncError {
  return new SyncError(
    'terminal',
    'StateOlder',
    `the state was written by an older version (schema ${version}, this one needs ${schemaVersion}): exsync run brings it up to date`,
  )
}
