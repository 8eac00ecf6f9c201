// The state: one SQLite file in a directory, one writer. Opens it, refuses what is not ours to open, and
// hands out one baseline per group.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Baseline } from '../sync/ports.ts'
import { SqliteBaseline } from './baseline.ts'
import { Bin } from './bin.ts'
import type { Progress } from './carry.ts'
import { ownFile, tightened } from './modes.ts'
import type { Key } from './proof.ts'
import { damaged, refusalOf } from './refusals.ts'
import { schemaVersion } from './schema.ts'
import { readingVault, rekeyed, settled } from './seal.ts'
import { Statements } from './statements.ts'
import { epochOf, refuseDamaged, upToDate, versionOf } from './upkeep.ts'
import type { Vault } from './vault.ts'

/** An open state. */
export interface State {
  baseline(group: GroupId): Baseline
  readonly bin: Bin
  /** The groups of resources that hold folders. */
  groups(): readonly GroupId[]
  /** Forgets what is older than this: bin, journal, and what the guard counted. */
  sweep(beforeMs: number): void
  close(): void
}

/** How a state is opened. */
export type Opening = Readonly<{
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
  /** A state that is not encrypted yet is, as soon as it is opened for writing. */
  key?: Key | undefined
  /** How many bytes of content the bin may hold; what would need more is refused. */
  binMaxBytes?: number
  /** Told of content that is sealed or bound to its rows at the start. */
  sealing?: Progress
  /** Told what others had access to. */
  warn?: (message: string) => void
}>

type Access = 'read' | 'ask' | 'write'

/** The file's name within the state's directory. */
export const stateFile = 'exsync.db'

/**
 * Opens the state in a directory, which is made when missing. `:memory:` is a state that nobody keeps.
 * Throws a SyncError: StateNewer, StateOlder, StateUnreadable, StateReadOnly, StateFull, StateInUse,
 * StateLocked, StateMissing, WrongKey, RekeyUnfinished.
 */
export function openState(directory: string, opening: Opening = {}): State {
  const { key, binMaxBytes = Number.POSITIVE_INFINITY } = opening
  const unlock = (db: DatabaseSync) => readingVault(db, key, directory)
  return openedFile(directory, opening, unlock, (open) => {
    const { db, statements, access, lock } = open
    const vault = access === 'write' ? settled(open, key, opening.sealing) : unlock(db)
    return stateOf(db, statements, vault, binMaxBytes, lock)
  })
}

/**
 * Changes the key of a state that nobody has open, or takes it away (`undefined`); answers false when it is so
 * already. After a crash it goes on. Throws as `openState` does.
 */
export function rekeyState(
  directory: string,
  key: Key | undefined,
  wanted: Key | undefined,
  told: Progress,
): boolean {
  const later = () => {}
  return openedFile(directory, { existing: true }, later, (open) => {
    try {
      return rekeyed(open, key, wanted, told)
    } finally {
      open.db.close()
      open.lock?.close()
    }
  })
}

type Open = Readonly<{
  db: DatabaseSync
  statements: Statements
  directory: string
  access: Access
  lock: DatabaseSync | undefined
}>

function openedFile<Result>(
  directory: string,
  opening: Opening,
  unlock: (db: DatabaseSync) => void,
  work: (open: Open) => Result,
): Result {
  const access = opening.readOnly ? 'read' : opening.asking ? 'ask' : 'write'
  const file = join(directory, stateFile)
  try {
    refuseRemains(file)
    if (opening.existing && !existsSync(file)) throw missing(directory)
    const scratch = directory === ':memory:' || (access !== 'write' && !existsSync(file))
    const writes = access === 'write' && !scratch
    if (writes) {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      for (const each of tightened(directory)) opening.warn?.(each)
    }
    const lock = writes ? locked(join(directory, 'exsync.lock'), opening.leading) : undefined
    try {
      if (lock !== undefined && !existsSync(file)) begin(file)
      const db = scratch ? new DatabaseSync(':memory:') : opened(file, access)
      try {
        if (scratch) fresh(db)
        else ready(db, file, access, unlock)
        const epoch = writes ? epochOf(db) : undefined
        const statements = new Statements(db, file, epoch, opening.permit)
        return work({ db, statements, directory, access, lock })
      } catch (error) {
        if (db.isOpen) db.close()
        throw error
      }
    } catch (error) {
      if (lock?.isOpen) lock.close()
      throw error
    }
  } catch (error) {
    throw refused(error, file)
  }
}

function stateOf(
  db: DatabaseSync,
  statements: Statements,
  vault: Vault,
  binMaxBytes: number,
  lock: DatabaseSync | undefined,
): State {
  return {
    baseline: (group) => new SqliteBaseline({ statements, vault, group, binMaxBytes }),
    bin: new Bin(statements, vault),
    groups: () =>
      statements
        .sql(
          'SELECT grp FROM identities WHERE uid IS NOT NULL AND grp IN (SELECT grp FROM replicas)',
        )
        .all()
        .map(({ grp }) => String(grp) as GroupId),
    sweep: (beforeMs) => {
      statements.transaction(false, () => {
        // What somebody asked to have back stays until it is.
        statements
          .sql(
            'DELETE FROM bin WHERE time_ms < ? AND n NOT IN (SELECT bin FROM restores WHERE done_ms IS NULL)',
          )
          .run(beforeMs)
        for (const table of ['journal', 'caused']) {
          statements.sql(`DELETE FROM ${table} WHERE time_ms < ?`).run(beforeMs)
        }
      })
    },
    close: () => {
      db.close()
      lock?.close()
    },
  }
}

const headerBytes = 100

// SQLite throws a log away whose file is empty or missing, and begins a new state: what was in there is lost.
function refuseRemains(file: string): void {
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

// One writer: a lock that the operating system takes back when its holder dies, however it dies.
// A holder that only stands still does not keep who leads by a Lease from going on without it.
function locked(file: string, leading = false): DatabaseSync | undefined {
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

// A reader of a state that nobody has open leaves no trace, not even SQLite's own side files.
function opened(file: string, access: Access): DatabaseSync {
  if (access !== 'read') return new DatabaseSync(file)
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

function missing(directory: string): SyncError {
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

function refused(error: unknown, file: string): unknown {
  const refusal = refusalOf(error, file)
  if (refusal instanceof SyncError) return refusal
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `cannot open ${file}: check that the directory exists and may be written`,
    { cause: error },
  )
}
