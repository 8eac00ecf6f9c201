// The state: one SQLite file in a directory, one writer; hands out one baseline per group.
import type { DatabaseSync } from 'node:sqlite'
import type { GroupId } from '../core/id.ts'
import { finished } from '../core/work.ts'
import type { Baseline } from '../sync/ports.ts'
import { SqliteBaseline } from './baseline.ts'
import { SqliteBin } from './bin.ts'
import type { Progress } from './carry.ts'
import type { Vault } from './encryption.ts'
import { Eraser } from './erase.ts'
import { prune } from './history.ts'
import { type FileOpening, type OpenFile, openFile, refusalIn, stateFile } from './open.ts'
import type { Key } from './proof.ts'
import { readingVault, rekeyed, settling } from './seal.ts'

export { stateFile }

/** An open file of a state, with what only this store can do; `port.ts` makes the State port of it. */
export interface SqliteState {
  baseline(group: GroupId): Baseline
  readonly bin: SqliteBin
  /** Erases what was kept of somebody. */
  readonly eraser: Eraser
  /** The groups of resources that hold folders. */
  groups(): readonly GroupId[]
  /** Forgets what is older than its retention: bin, history, journal, and what the guard counted. Times in ms. */
  prune(nowMs: number, retention: Readonly<{ binMs: number; historyMs: number }>): void
  close(): void
}

/** How a state is opened. */
export type Opening = FileOpening &
  Readonly<{
    /** A state that is not encrypted yet is, as soon as it is opened for writing. */
    key?: Key | undefined
    /** How many bytes of content the bin may hold; what would need more is refused. */
    binMaxBytes?: number
    /** Told of content that is sealed or bound to its rows at the start. */
    sealing?: Progress
  }>

/**
 * Opens the state in a directory, which is made when missing. `:memory:` is a state that nobody keeps.
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
 * Opens the state as `openState` does, and lets others have their turn between the batches of what is sealed or bound:
 * that may take minutes, once in a state's life.
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
 * Changes the key of a state that nobody has open, or takes it away (`undefined`); answers false when it is so
 * already. After a crash it goes on. Throws as `openState` does.
 */
export function rekeyState(
  directory: string,
  key: Key | undefined,
  wanted: Key | undefined,
  told: Progress,
): boolean {
  // Two keys say more than one: they are looked at later.
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
    close,
  }
}
