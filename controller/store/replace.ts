// Puts a backup in the place of the state, which is kept under another name. Killed anywhere in between, the state is
// the one of before or the new one, whole, and never an empty one:
//
//   FILE ─copy─► exsync.db.next     brought up to date, and made to believe none of its checkpoints
//   exsync.db    its log is taken in, and it is held so that nobody opens it: no -wal is left that a new file would get
//   exsync.db ─copy─► exsync.db.before-TIME
//   exsync.db.next ─rename─► exsync.db
//
// A present state that is damaged is copied as it is, with its log, and emptied before its log goes: an empty file is
// refused by everybody, while a log beside another file would be taken for that file's.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
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
import { ownFile } from './modes.ts'
import { locked, lockFile, openedToRead, refusalIn, stateFile } from './open.ts'
import type { Key } from './proof.ts'
import { readingVault } from './seal.ts'

/** What putting a backup in place means, before it is done and after. */
export type Replacement = Readonly<{
  old: Facts
  /** How many wishes of the backup to have something back are cancelled: they may have been met since. */
  wishes: number
  /** What the present state says of itself; undefined: there is none, or it cannot be read. */
  present: Facts | undefined
  /** How much the present bin has that was kept since. */
  keptSince: number
  /** How often something was erased since: the backup has it again. */
  erasedSince: number
  /** Where the present state is after it; undefined: there was none. */
  aside: string | undefined
}>

/** Called before each step that changes files, by its name. */
export type Step = (name: string) => void

/**
 * What it would mean to put a file in place; changes nothing. Throws a terminal SyncError: BackupMissing,
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
 * Puts a copy of the file in place of the state in a directory. Throws as `foreseen` does, and StateInUse while somebody
 * has the state open, BackupFull, BackupUnwritable; then the state is as it was.
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
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const lock = locked(join(directory, lockFile))
      if (lock !== undefined) open.push(lock)
      removeHalves(directory)
      step('copy the backup')
      prepare(backup, next, old.version, nowMs)
      const aside = anything(directory) ? freeName(`${state}.before-${nameOf(nowMs)}`) : undefined
      const held = aside === undefined ? undefined : putAside(state, aside, step)
      if (held !== undefined) open.unshift(held)
      // The counts are of the copy: whoever holds the state reads it as well as any other.
      const found = held === undefined ? nothingKnown : since(held, old)
      if (held === undefined) removeLogs(state, step)
      step('put the backup in place')
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

// Reads the backup, with its log where it has one, and refuses what could not be a state.
function reading<Result>(
  directory: string,
  file: string,
  key: Key | undefined,
  work: (db: DatabaseSync, old: Facts, wishes: number) => Result,
): Result {
  if (resolve(file) === resolve(directory, stateFile))
    throw invalidArguments(`${file} is the state itself: name a backup`)
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw refused('BackupMissing', `there is no file ${file}: check the name`)
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
      `${file} is no backup that can be put in place: it is damaged, cut short, in the middle of a change of keys, or another program's; take another one (nothing was changed)`,
      error,
    )
  }
}

// An old state must not believe its checkpoints: what lies before Exchange's own memory of deletes would never be told. So
// every folder is listed whole once. What was asked back may have come back, and been deleted, since.
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

// Answers the open state, which nobody else can open as long as it is; undefined for a damaged one.
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

// Only looks: what opens a damaged file to write plays its log into it, and then nobody can put the two right any more.
function isWhole(state: string): boolean {
  // What is shorter than a file's header is taken for an empty one.
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

// Leaving the log fails while anybody else has the state open, even without a transaction. From then on nothing is
// written without a journal, which SQLite refuses for a file that has another name by now.
function hold(db: DatabaseSync): void {
  db.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = DELETE')
  db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
  if (db.prepare('PRAGMA journal_mode').get()?.journal_mode !== 'delete') throw openedMeanwhile()
}

function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  // SQLITE_CORRUPT, SQLITE_NOTADB; a broken index reads as a constraint (19) or an error (1).
  return typeof code === 'number' && [1, 11, 19, 26].includes(code & 0xff)
}

// What was cut short before is no copy of anything.
function removeHalves(directory: string): void {
  const names = readdirSync(directory).filter((name) => name.startsWith(`${stateFile}.before-`))
  for (const name of names) if (name.endsWith('.part')) rmSync(join(directory, name))
}

// Nothing that SQLite would play into the new file.
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
    // Of a newer version, or another program's: it is put aside all the same.
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
