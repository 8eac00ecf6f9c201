// Opens the file of a state: for one writer, which holds a lock, or for readers, which leave no trace. Refuses files that
// are not a usable state.
import { existsSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { SyncError } from '../core/sync-error.ts'
import type { Sized } from '../sync/ports/state.ts'
import type { Sealed } from './carry.ts'
import { damaged, refusalOf } from './errors.ts'
import { epochOf, refuseDamaged, upToDate, versionOf } from './migrations.ts'
import { makeDirectory, ownFile, tightened } from './modes.ts'
import { schemaVersion } from './schema.ts'
import { Statements } from './statements.ts'

/** How to open the file of a state. */
export type FileOpening = Readonly<{
  /** Creates and changes nothing; a state that does not exist reads as an empty one. */
  readOnly?: boolean
  /** Only to leave a request for the writer, whether it runs now or later. */
  asking?: boolean
  /** The state must exist. */
  existing?: boolean
  /** A Lease says that no other process may write: another process that still has the state open is fenced off. */
  leading?: boolean
  /** Called before every transaction; throws when this process may not write any more. */
  permit?: () => void
  /** Called with each file or directory that others had access to. */
  warn?: (message: string) => void
}>

type Access = 'read' | 'ask' | 'write'

/** An open file with its statements. */
export type OpenFile = Sealed & Readonly<{ access: Access; close: () => void }>

/** The names of the state's file and of its lock, within its directory. */
export const stateFile = 'exsync.db'
export const lockFile = 'exsync.lock'

/** Opens the file. `unlock` throws if the key is wrong, before anything is changed. Throws as `openState` does. */
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
      makeDirectory(directory)
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

/** Turns an error of an open file into a SyncError. */
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
 * Refuses a log whose file is missing or empty: SQLite would discard such a log and begin a new state, and the content of
 * the log would be lost.
 */
export function refuseRemains(file: string): void {
  const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size
  const log = size(`${file}-wal`) ?? 0
  // SQLite takes a file that is shorter than its header for an empty one.
  if ((size(file) ?? headerBytes) < headerBytes) throw damaged(`${file}, which is empty,`)
  if (size(file) === undefined && log > 0)
    throw damaged(`the state, of which only ${file}-wal is left,`)
}

/**
 * The size of the files of a state, and the size that their disk allows, bytes. A state that is not stored has neither.
 */
export function filesOf(directory: string): Sized {
  if (directory === ':memory:') return { bytes: 0, maxBytes: Number.POSITIVE_INFINITY }
  const file = join(directory, stateFile)
  const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0
  const bytes = [file, `${file}-wal`, `${file}-shm`].map(size).reduce((one, more) => one + more, 0)
  const { bavail, bsize } = statfsSync(directory)
  return { bytes, maxBytes: bytes + bavail * bsize }
}

// A new state appears in one step, complete. So an empty file is always one that was cut short.
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
 * Takes the lock of the one writer. The operating system releases it when its holder dies. A holder that only hangs does
 * not stop a process that leads by a Lease: that one continues without the lock (undefined). Throws an SQLite error that
 * `refusalOf` turns into StateInUse.
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

/** Opens a file to read it. Without a -wal file no process has it open: then SQLite leaves no side files either. */
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
  // A missing or wrong key is refused before anything is changed.
  if (version > 1) unlock(db)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = -16000')
  upToDate(db, version)
}

function fresh(db: DatabaseSync): void {
  db.exec('PRAGMA foreign_keys = ON')
  upToDate(db, 0)
}

/** The error for a directory without a state. */
export function missing(directory: string): SyncError {
  return new SyncError(
    'terminal',
    'StateMissing',
    `there is no state in ${directory}: check --state (or EXSYNC_STATE); exsync run creates it`,
  )
}

function older(version: number): SyncError {
  return new SyncError(
    'terminal',
    'StateOlder',
    `the state was written by an older version (schema ${version}, this one needs ${schemaVersion}): start exsync run, which upgrades it`,
  )
}
