// The state: one SQLite file in a directory, with one writer. It provides one baseline per group.
import type { DatabaseSync } from 'node:sqlite'
import type { GroupId } from '../core/id.ts'
import { finished } from '../core/work.ts'
import type { Sizes } from '../sync/ports/state.ts'
import type { Baseline } from '../sync/ports.ts'
import { SqliteBaseline } from './baseline.ts'
import { SqliteBin } from './bin.ts'
import type { Progress } from './carry.ts'
import type { Vault } from './encryption.ts'
import { Eraser } from './erase.ts'
import { prune, roomBeside } from './history.ts'
import { type FileOpening, filesOf, type OpenFile, openFile, refusalIn, stateFile } from './open.ts'
import type { Key } from './proof.ts'
import { readingVault, rekeyed, settling } from './seal.ts'

export { stateFile }

/** An open state file, with the functions that only this store has; `port.ts` makes the State port of it. */
export interface SqliteState {
  baseline(group: GroupId): Baseline
  readonly bin: SqliteBin
  /** Erases the kept data of a person. */
  readonly eraser: Eraser
  /** The groups of Kubernetes resources (with a uid) that have folders. */
  groups(): readonly GroupId[]
  /** Deletes entries older than their retention from bin, history, journal and the guard's counts. Times in ms. */
  prune(nowMs: number, retention: Readonly<{ binMs: number; historyMs: number }>): void
  /** The sizes of bin, history and files, with their limits. */
  sizes(): Sizes
  close(): void
}

/** How to open a state. */
export type Opening = FileOpening &
  Readonly<{
    /** The key. A state without encryption is encrypted with it when it is opened for writing. */
    key?: Key | undefined
    /** The limit for the content of the bin, bytes; a change that needs more is refused. */
    binMaxBytes?: number
    /** Called with the progress of sealing or binding content at the start. */
    sealing?: Progress
  }>

/**
 * Opens the state in a directory, and creates the directory if it is missing. `:memory:` is a state that is not stored.
 * Throws a SyncError: StateNewer, StateOlder, StateUnreadable, StateReadOnly, StateFull, StateInUse,
 * StateReaderActive, StateLocked, StateMissing, WrongKey, RekeyUnfinished.
 */
export function openState(directory: string, opening: Opening = {}): SqliteState {
  const { open, steps } = opened(directory, opening)
  try {
    return stateOf(open, finished(steps), opening)
  } catch (error) {
    open.close()
    throw refusalIn(directory, error)
  }
}

/**
 * Opens the state as `openState` does, but calls `turn` after each batch of sealing or binding, so that other work can
 * run. Sealing may take minutes, once for a state.
 */
export async function openStateInTurns(
  directory: string,
  opening: Opening,
  turn: () => Promise<void>,
): Promise<SqliteState> {
  const { open, steps } = opened(directory, opening)
  try {
    for (;;) {
      const { done, value } = steps.next()
      if (done) return stateOf(open, value, opening)
      await turn()
    }
  } catch (error) {
    open.close()
    throw refusalIn(directory, error)
  }
}

/**
 * Changes the key of a state, or removes it (`wanted` undefined); no process may have the state open. Answers false if
 * the state is already as wanted. After a crash, the same call continues. Throws as `openState` does.
 */
export function rekeyState(
  directory: string,
  key: Key | undefined,
  wanted: Key | undefined,
  told: Progress,
): boolean {
  // Opens without checking a key: `rekeyed` checks both keys.
  const open = openFile(directory, { existing: true }, () => {})
  try {
    return rekeyed(open, key, wanted, told)
  } catch (error) {
    throw refusalIn(directory, error)
  } finally {
    open.close()
  }
}

function opened(
  directory: string,
  opening: Opening,
): Readonly<{ open: OpenFile; steps: Generator<void, Vault> }> {
  const { key, sealing } = opening
  const unlock = (db: DatabaseSync) => readingVault(db, key, directory)
  const open = openFile(directory, opening, unlock)
  const steps = open.access === 'write' ? settling(open, key, sealing) : reading(open.db, unlock)
  return { open, steps }
}

// biome-ignore lint/correctness/useYield: a reader takes no steps
function* reading(db: DatabaseSync, unlock: (db: DatabaseSync) => Vault): Generator<void, Vault> {
  return unlock(db)
}

function stateOf(
  open: OpenFile,
  vault: Vault,
  { binMaxBytes = Number.POSITIVE_INFINITY }: Opening,
): SqliteState {
  const { statements, close } = open
  return {
    baseline: (group) => new SqliteBaseline({ statements, vault, group, binMaxBytes }),
    bin: new SqliteBin(statements, vault),
    eraser: new Eraser(open, vault),
    groups: () =>
      statements
        .sql(
          'SELECT grp FROM identities WHERE uid IS NOT NULL AND grp IN (SELECT grp FROM replicas)',
        )
        .all()
        .map(({ grp }) => String(grp) as GroupId),
    prune: (nowMs, retention) =>
      statements.transaction(false, () => prune(statements, nowMs, retention)),
    sizes: () => sizesOf(open, binMaxBytes),
    close,
  }
}

function sizesOf({ statements, directory }: OpenFile, binMaxBytes: number): Sizes {
  const { bin_bytes, history_bytes } = statements.sql('SELECT * FROM tally').get() ?? {}
  const bin = { bytes: Number(bin_bytes), maxBytes: binMaxBytes }
  const history = { bytes: Number(history_bytes), maxBytes: roomBeside(bin.bytes, binMaxBytes) }
  return { bin, history, files: filesOf(directory) }
}
