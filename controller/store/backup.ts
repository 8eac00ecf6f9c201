// A copy of the state in one file, made while a controller may be writing: SQLite copies it within one read transaction.
// It appears under its name when it is whole, checked and on the disk; one that was cut short is called FILE.part.
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

/** What a state says of itself, without its content. */
export type Facts = Readonly<{
  version: number
  groups: number
  /** How many entries its bin has. */
  bin: number
  /** When it last recorded a change; undefined: never. */
  lastMs: number | undefined
  /** Is there anything that takes a key? */
  sealed: boolean
}>

/** A backup that was made. */
export type Backup = Facts & Readonly<{ bytes: number }>

/**
 * Copies the state in a directory into a file, which must not exist. Takes no key; one that is given must be the right
 * one. Throws a terminal SyncError: BackupExists, BackupUnwritable, BackupFull, StateMissing, StateUnreadable,
 * StateNewer, WrongKey, RekeyUnfinished.
 */
export function backUp(directory: string, file: string, key: Key | undefined): Backup {
  refuseTaken(directory, file)
  const part = `${file}.part`
  const db = source(directory)
  try {
    const state = join(directory, stateFile)
    // A file without tables is an empty one.
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

/** What the state in an open file says of itself; of any version that `versionOf` lets pass. */
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
 * Copies an open database into a new file that its owner alone may read, and has it on the disk when it returns. What
 * is left in free pages is not copied. Throws a terminal BackupUnwritable or BackupFull, and leaves nothing then.
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

// What cannot be removed is told by the error that led here.
function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {}
}

/** Has the bytes of a file on the disk. */
export function syncFile(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Has the names in a directory on the disk, where the system can. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** The refusal for an error met while a copy is written; any other error as it is. */
export function unwritten(error: unknown, file: string): unknown {
  const sqlite = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined
  const [code, primary] = [codeIn(error), typeof sqlite === 'number' ? sqlite & 0xff : 0]
  const [full, unwritable] = [13, [8, 10, 14]]
  if (primary === full || code === 'ENOSPC' || code === 'EDQUOT')
    return refused('BackupFull', `there is no room for ${file}: make room on its disk`, error)
  if (unwritable.includes(primary) || fileErrors.has(code))
    return refused(
      'BackupUnwritable',
      `${file} cannot be written: check that its directory exists, that it may be written, and its disk`,
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

/** A backup, or what is to become one, that is not as it must be. */
export function refused(code: string, message: string, cause?: unknown): SyncError {
  return new SyncError('terminal', code, message, { cause })
}

function taken(file: string): SyncError {
  return refused('BackupExists', `${file} exists already, and is left as it is: name another file`)
}

function refuseTaken(directory: string, file: string): void {
  const place = dirname(resolve(file))
  if (place === resolve(directory) && basename(file).startsWith('exsync.'))
    throw invalidArguments(
      `in ${directory} names that begin with exsync. are the state's own: name another file`,
    )
  if (existsSync(file)) throw taken(file)
  if (!statsOf(place)?.isDirectory())
    throw refused('BackupUnwritable', `there is no directory ${place}: make it, or name another`)
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

// What a controller has open is read beside it. What nobody has open is opened so that a controller may start meanwhile,
// and so that no side file is left; where that may not be written, it is read as it is.
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

// Half a change of keys takes both of them, and the command that goes on with it.
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
