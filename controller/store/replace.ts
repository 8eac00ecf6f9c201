// Replaces the state by a backup and keeps the old state under another name. If the process is killed at any point, the
// state is either the old or the new one, complete, and never empty:
//
//   FILE ─copy─► exsync.db.next     upgraded; its checkpoints are not believed, its pending restores removed
//   exsync.db    its log is merged in, and it stays locked: no -wal file is left that SQLite would play into a new file
//   exsync.db ─copy─► exsync.db.before-TIME
//   exsync.db.next ─rename─► exsync.db
//
// A damaged state is copied as it is, with its log, and then truncated before its log is removed: every process refuses an
// empty file, but a log beside another file would be taken for that file's log.
import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import {
  copyInto,
  type Facts,
  factsOf,
  refused,
  syncDirectory,
  syncFile,
  unwritten,
} from './backup.ts'
import { openedMeanwhile } from './errors.ts'
import { refuseDamaged, upToDate, versionOf } from './migrations.ts'
import { makeDirectory, ownFile } from './modes.ts'
import { locked, lockFile, openedToRead, refusalIn, stateFile } from './open.ts'
import type { Key } from './proof.ts'
import { readingVault } from './seal.ts'

/** The effects of replacing the state, shown before it is done and after. */
export type Replacement = Readonly<{
  old: Facts
  /** The number of pending restores in the backup that are cancelled: they may have been carried out since. */
  wishes: number
  /** Figures about the present state; undefined: there is none, or it cannot be read. */
  present: Facts | undefined
  /** The number of entries in the present bin that are newer than the backup. */
  keptSince: number
  /** The number of erasures since the backup: the backup contains that content again. */
  erasedSince: number
  /** The new name of the present state; undefined: there was none. */
  aside: string | undefined
}>

/** Called before each step that changes files, with its name. */
export type Step = (name: string) => void

/**
 * The effects of replacing the state by a file; changes nothing. Throws a terminal SyncError: BackupMissing,
 * BackupUnreadable, StateNewer, StateLocked, WrongKey.
 */
export function foreseen(directory: string, file: string, key: Key | undefined): Replacement {
  return reading(directory, file, key, (_, old, wishes) => {
    const aside = anything(directory) ? join(directory, `${stateFile}.before-TIME`) : undefined
    const none = { old, wishes, aside, present: undefined, keptSince: 0, erasedSince: 0 }
    if (!existsSync(join(directory, stateFile))) return none
    try {
      const db = openedToRead(join(directory, stateFile))
      try {
        return { ...none, ...since(db, old) }
      } finally {
        db.close()
      }
    } catch {
      return none
    }
  })
}

/**
 * Replaces the state in a directory by a copy of the file. Throws as `foreseen` does, and StateInUse while another process
 * has the state open, BackupFull, BackupUnwritable; the state is then unchanged.
 */
export function replaceState(
  directory: string,
  file: string,
  key: Key | undefined,
  nowMs: number,
  step: Step = () => {},
): Replacement {
  const state = join(directory, stateFile)
  return reading(directory, file, key, (backup, old, wishes) => {
    const open: DatabaseSync[] = []
    const next = `${state}.next`
    try {
      makeDirectory(directory)
      const lock = locked(join(directory, lockFile))
      if (lock !== undefined) open.push(lock)
      removeHalves(directory)
      step('copy the backup')
      prepare(backup, next, old.version, nowMs)
      const aside = anything(directory) ? freeName(`${state}.before-${nameOf(nowMs)}`) : undefined
      const held = aside === undefined ? undefined : putAside(state, aside, step)
      if (held !== undefined) open.unshift(held)
      // The lock holder reads the counts through its own connection.
      const found = held === undefined ? nothingKnown : since(held, old)
      if (held === undefined) removeLogs(state, step)
      step('put the backup in place')
      // Windows renames nothing onto an open file. The lock is held still, so no other process writes.
      if (process.platform === 'win32' && held !== undefined) open.shift()?.close()
      renameSync(next, state)
      step('sync the directory')
      syncDirectory(directory)
      return { old, wishes, ...found, aside }
    } catch (error) {
      rmSync(next, { force: true })
      throw refusalIn(directory, unwritten(error, state))
    } finally {
      for (const each of open) each.close()
    }
  })
}

const nothingKnown = { present: undefined, keptSince: 0, erasedSince: 0 }

function anything(directory: string): boolean {
  const size = (more: string) =>
    statSync(join(directory, stateFile + more), { throwIfNoEntry: false })?.size ?? 0
  return existsSync(join(directory, stateFile)) || size('-wal') > 0
}

// Opens the backup, with its log if it has one, and refuses a file that is no usable state.
function reading<Result>(
  directory: string,
  file: string,
  key: Key | undefined,
  work: (db: DatabaseSync, old: Facts, wishes: number) => Result,
): Result {
  if (resolve(file) === resolve(directory, stateFile))
    throw invalidArguments(`${file} is the state itself: name a backup`)
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw refused('BackupMissing', `the file ${file} does not exist: check the name`)
  let db: DatabaseSync | undefined
  try {
    db = openedToRead(file)
    const [old, wishes] = judged(db, file, key, directory)
    return work(db, old, wishes)
  } finally {
    db?.close()
  }
}

function judged(
  db: DatabaseSync,
  file: string,
  key: Key | undefined,
  directory: string,
): readonly [Facts, number] {
  try {
    const version = versionOf(db, file)
    if (version === 0) throw new Error('no state')
    refuseDamaged(db, file)
    if (version > 1) readingVault(db, key, directory)
    const pending = 'SELECT count(*) AS n FROM restores WHERE done_ms IS NULL'
    return [factsOf(db), version > 1 ? Number(db.prepare(pending).get()?.n) : 0]
  } catch (error) {
    const passed = ['StateNewer', 'StateLocked', 'WrongKey']
    if (error instanceof SyncError && passed.includes(error.code)) throw error
    throw refused(
      'BackupUnreadable',
      `${file} cannot replace the state: it is damaged, incomplete, in the middle of a key change, or another program's file; choose another backup (nothing was changed)`,
      error,
    )
  }
}

// Has every folder relisted: Exchange does not remember deletes for ever, and would leave them out. So every folder is listed
// completely once. Cancels pending restores: they may have been carried out, and deleted again, since.
function prepare(backup: DatabaseSync, next: string, version: number, nowMs: number): void {
  copyInto(backup, next)
  const db = new DatabaseSync(next)
  try {
    upToDate(db, version)
    db.exec('BEGIN IMMEDIATE; UPDATE replicas SET relist = 1')
    db.prepare(
      "UPDATE restores SET done_ms = ?, pass = '', result = 'Cancelled' WHERE done_ms IS NULL",
    ).run(nowMs)
    db.exec('COMMIT')
    refuseDamaged(db, next)
  } finally {
    db.close()
  }
  syncFile(next)
}

// Copies the present state aside. Answers its connection, locked against all others; undefined for a damaged state.
function putAside(state: string, aside: string, step: Step): DatabaseSync | undefined {
  const part = `${aside}.part`
  if (isWhole(state)) {
    const db = new DatabaseSync(state)
    try {
      step('take the log in')
      hold(db)
      step('copy the state')
      copyInto(db, part)
      step('name the copy')
      renameSync(part, aside)
      return db
    } catch (error) {
      db.close()
      if (!isDamage(error)) throw error
    }
  }
  for (const more of ['', '-wal']) {
    if (!existsSync(state + more)) continue
    step(`copy what is damaged${more}`)
    ownFile(part)
    copyFileSync(state + more, part)
    syncFile(part)
    renameSync(part, aside + more)
  }
  step('empty the state')
  ownFile(state)
  truncateSync(state)
  syncFile(state)
  return undefined
}

// Opens read-only: a writable connection would play the log into a damaged file, and then nothing can repair the two.
function isWhole(state: string): boolean {
  // SQLite takes a file that is shorter than its header for an empty one.
  if (!existsSync(state) || statSync(state).size < 100) return false
  const db = openedToRead(state)
  try {
    refuseDamaged(db, state)
    return true
  } catch (error) {
    if (isDamage(error) || error instanceof SyncError) return false
    throw error
  } finally {
    db.close()
  }
}

// Leaving WAL mode fails while another process has the state open, even without a transaction. Afterwards every writer
// needs a journal, which SQLite refuses for a file that was renamed.
function hold(db: DatabaseSync): void {
  db.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = DELETE')
  db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
  if (db.prepare('PRAGMA journal_mode').get()?.journal_mode !== 'delete') throw openedMeanwhile()
}

function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  // SQLITE_CORRUPT, SQLITE_NOTADB; a broken index shows as a constraint (19) or an error (1).
  return typeof code === 'number' && [1, 11, 19, 26].includes(code & 0xff)
}

// Removes incomplete copies of earlier runs.
function removeHalves(directory: string): void {
  const names = readdirSync(directory).filter((name) => name.startsWith(`${stateFile}.before-`))
  for (const name of names) if (name.endsWith('.part')) rmSync(join(directory, name))
}

// Removes the files that SQLite would play into the new file.
function removeLogs(state: string, step: Step): void {
  for (const more of ['-wal', '-shm', '-journal']) {
    if (!existsSync(state + more)) continue
    step(`remove ${more}`)
    rmSync(state + more)
  }
}

function since(
  db: DatabaseSync,
  { lastMs = 0 }: Facts,
): Pick<Replacement, 'present' | 'keptSince' | 'erasedSince'> {
  try {
    const count = (sql: string) => Number(db.prepare(sql).get(lastMs)?.n)
    return {
      present: factsOf(db),
      keptSince: count('SELECT count(*) AS n FROM bin WHERE time_ms > ?'),
      erasedSince: count(
        "SELECT count(*) AS n FROM journal WHERE time_ms > ? AND action = 'forget'",
      ),
    }
  } catch {
    // A state of a newer version, or another program's file, is put aside as well.
    return nothingKnown
  }
}

function freeName(name: string, more = 1): string {
  const free = more === 1 ? name : `${name}-${more}`
  return existsSync(free) ? freeName(name, more + 1) : free
}

function nameOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(':', '-')
}
