// Backs up the state into one file while a controller may be writing: SQLite copies it within one read transaction. The
// file gets its name only when it is complete, checked and on the disk; an incomplete one is called FILE.part.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { codeIn, invalidArguments, SyncError } from '../core/sync-error.ts'
import { damaged, refusalOf, unfinished } from './errors.ts'
import { refuseDamaged, versionOf } from './migrations.ts'
import { ownFile } from './modes.ts'
import { missing, openedToRead, refusalIn, refuseRemains, stateFile } from './open.ts'
import { isBound, isPlain, type Key, proofsIn } from './proof.ts'
import { readingVault } from './seal.ts'

/** Figures about a state, without its content. */
export type Facts = Readonly<{
  version: number
  groups: number
  /** The number of entries in its bin. */
  bin: number
  /** Time of the last recorded change, ms since 1970; undefined: never. */
  lastMs: number | undefined
  /** Is its content encrypted? */
  sealed: boolean
}>

/** A finished backup, with the size of its file in bytes. */
export type Backup = Facts & Readonly<{ bytes: number }>

/**
 * Copies the state in a directory into a file, which must not exist. A key is not needed; a given one must be right.
 * Throws a terminal SyncError: BackupExists, BackupUnwritable, BackupFull, StateMissing, StateUnreadable, StateNewer,
 * WrongKey, RekeyUnfinished.
 */
export function backUp(directory: string, file: string, key: Key | undefined): Backup {
  refuseTaken(directory, file)
  const part = `${file}.part`
  const db = source(directory)
  try {
    const state = join(directory, stateFile)
    // A file without tables is an empty state.
    if (versionOf(db, state) === 0) throw damaged(`${state}, which is empty,`)
    refuseChanging(db, directory)
    if (key !== undefined && factsOf(db).sealed) readingVault(db, key, directory)
    copyInto(db, part)
    const facts = checked(part)
    if (existsSync(file)) throw taken(file)
    renameSync(part, file)
    syncDirectory(dirname(file))
    return { ...facts, bytes: statSync(file).size }
  } catch (error) {
    remove(part)
    throw refusalIn(directory, error)
  } finally {
    db.close()
  }
}

/** Figures about the state in an open file, of any version that `versionOf` accepts. */
export function factsOf(db: DatabaseSync): Facts {
  const number = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0]
  const version = Number(number('PRAGMA user_version'))
  const latest = ['journal', 'bin', 'conflicts', 'caused']
    .map((table) => number(`SELECT max(time_ms) FROM ${table}`))
    .flatMap((ms) => (ms == null ? [] : [Number(ms)]))
  const { proof, next } = version > 1 ? proofsIn(db) : { proof: undefined, next: undefined }
  return {
    version,
    groups: Number(number('SELECT count(DISTINCT grp) FROM replicas')),
    bin: Number(number('SELECT count(*) FROM bin')),
    lastMs: latest.length === 0 ? undefined : latest.reduce((one, other) => Math.max(one, other)),
    sealed: [proof, next].some((each) => each !== undefined && !isPlain(each)),
  }
}

/**
 * Copies an open database into a new file that only its owner may read, and syncs it to the disk. Free pages are not
 * copied. Throws a terminal BackupUnwritable or BackupFull, and then leaves no file.
 */
export function copyInto(db: DatabaseSync, file: string): void {
  try {
    rmSync(file, { force: true })
    ownFile(file)
    db.prepare('VACUUM INTO ?').run(resolve(file))
    syncFile(file)
  } catch (error) {
    for (const each of [file, `${file}-journal`]) remove(each)
    throw unwritten(error, file)
  }
}

// A failure to remove is ignored: the caller throws the error that led here.
function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {}
}

/** Syncs the bytes of a file to the disk. */
export function syncFile(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Syncs the names in a directory to the disk, if the operating system can. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Turns an error met while writing a copy into a SyncError; answers any other error as it is. */
export function unwritten(error: unknown, file: string): unknown {
  const sqlite = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined
  const [code, primary] = [codeIn(error), typeof sqlite === 'number' ? sqlite & 0xff : 0]
  const [full, unwritable] = [13, [8, 10, 14]]
  if (primary === full || code === 'ENOSPC' || code === 'EDQUOT')
    return refused('BackupFull', `there is no room for ${file}: make room on its disk`, error)
  if (unwritable.includes(primary) || fileErrors.has(code))
    return refused(
      'BackupUnwritable',
      `${file} cannot be written: check its directory, the permissions, and the disk`,
      error,
    )
  return error
}

const fileErrors = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ERR_FS_EISDIR',
  'EFBIG',
])

/** A terminal SyncError about a backup. */
export function refused(code: string, message: string, cause?: unknown): SyncError {
  return new SyncError('terminal', code, message, { cause })
}

function taken(file: string): SyncError {
  return refused('BackupExists', `${file} exists already and was not changed: name another file`)
}

function refuseTaken(directory: string, file: string): void {
  const place = dirname(resolve(file))
  if (place === resolve(directory) && basename(file).startsWith('exsync.'))
    throw invalidArguments(
      `names that begin with exsync. are reserved for the state in ${directory}: name another file`,
    )
  if (existsSync(file)) throw taken(file)
  if (!statsOf(place)?.isDirectory())
    throw refused(
      'BackupUnwritable',
      `the directory ${place} does not exist: create it, or name another one`,
    )
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

// Opens the state to read it. A state that a controller has open (it has a -wal file) is opened read-only beside it. A
// closed one is opened writable, so that a controller may start meanwhile and no side file remains; read-only if that
// is not permitted.
function source(directory: string): DatabaseSync {
  const file = join(directory, stateFile)
  try {
    refuseRemains(file)
    if (!existsSync(file)) throw missing(directory)
    const db = existsSync(`${file}-wal`) ? openedToRead(file) : openedBeside(file)
    db.exec('PRAGMA busy_timeout = 5000')
    return db
  } catch (error) {
    throw refusalIn(directory, error)
  }
}

function openedBeside(file: string): DatabaseSync {
  const db = new DatabaseSync(file)
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return db
  } catch (error) {
    db.close()
    const refusal = refusalOf(error, file)
    if (refusal instanceof SyncError && refusal.code === 'StateUnreadable' && !isCantOpen(error))
      throw refusal
    return openedToRead(file)
  }
}

function isCantOpen(error: unknown): boolean {
  return (Number((error as { errcode?: unknown }).errcode) & 0xff) === 14
}

// A state in the middle of a key change needs both keys, and `exsync rekey` must finish first.
function refuseChanging(db: DatabaseSync, directory: string): void {
  if (factsOf(db).version < 2) return
  const { proof, next } = proofsIn(db)
  if (next !== undefined && isBound(proof))
    throw unfinished(`exsync rekey --state ${directory}, and its keys, before a backup is made`)
}

function checked(part: string): Facts {
  const db = new DatabaseSync(part, { readOnly: true })
  try {
    versionOf(db, part)
    refuseDamaged(db, part)
    return factsOf(db)
  } finally {
    db.close()
  }
}
