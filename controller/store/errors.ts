// Turns SQLite errors into SyncErrors with a remedy. The one place that knows the result codes
// (https://sqlite.org/rescode.html); the low byte is the primary code.
import { SyncError } from '../core/sync-error.ts'

/** The error for content that cannot be read back. */
export function damaged(what: string, cause?: unknown): SyncError {
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `${what} is damaged: restore it from a backup (exsync restore-state), or move it away and start again; items are then linked again by stamp and content, and the bin is lost`,
    { cause },
  )
}

/** The error for one entry of the bin that does not open. */
export function unopened(n: number, cause: unknown): SyncError {
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `entry ${n} of the bin was changed or moved in the state file and does not open: look for it in a backup of the state; no other entry is affected`,
    { cause },
  )
}

/** Turns an error of SQLite into a SyncError; answers any other error as it is. */
export function refusalOf(error: unknown, file: string): unknown {
  const code = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined
  if (typeof code !== 'number') return error
  switch (code & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return inUse(file, error)
    case 8: // SQLITE_READONLY
      return unwritable(file, error)
    case 10: // SQLITE_IOERR
      return new SyncError(
        'transient',
        'StateUnwritable',
        `${file} could not be read or written: check its disk; the controller tries again`,
        { cause: error },
      )
    case 13: // SQLITE_FULL
      return new SyncError(
        'transient',
        'StateFull',
        `there is no space for ${file}: free space on its disk, or shorten --bin-retention; the controller tries again`,
        { cause: error },
      )
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return damaged(file, error)
    default:
      return new SyncError(
        'terminal',
        'StateUnreadable',
        `cannot open ${file}: check that the directory exists, and that the user that runs exsync may write it and its files`,
        { cause: error },
      )
  }
}

/** The error for an encrypted state without a key. */
export function locked(): SyncError {
  const message = 'the state is encrypted: give its key with --key-file FILE'
  return new SyncError('terminal', 'StateLocked', message)
}

/** The error for a key of another state. */
export function wrongKey(): SyncError {
  const message = 'the state is encrypted with another key: give that key with --key-file FILE'
  return new SyncError('terminal', 'WrongKey', message)
}

/** The error for an unfinished key change; `command` continues it. */
export function unfinished(command: string): SyncError {
  const message = `a change of the state's key was interrupted: continue it with ${command}`
  return new SyncError('terminal', 'RekeyUnfinished', message)
}

/** The error for a reader that keeps removed content in the file. */
export function readMeanwhile(): SyncError {
  const message =
    'another process reads the state, so old content cannot be removed from the file: start again when that process has ended'
  return new SyncError('transient', 'StateReaderActive', message)
}

/** The error for a process that opened a state which is being replaced. */
export function openedMeanwhile(): SyncError {
  const message = 'another process has opened the state meanwhile: stop it and try again'
  return new SyncError('terminal', 'StateInUse', message)
}

function inUse(file: string, cause: unknown): SyncError {
  const remedy = 'stop that process, or choose another --state'
  return new SyncError(
    'terminal',
    'StateInUse',
    `${file} is in use by another process: ${remedy}`,
    {
      cause,
    },
  )
}

function unwritable(file: string, cause: unknown): SyncError {
  const remedy = 'make the directory and its files writable for the user that runs exsync'
  return new SyncError('terminal', 'StateReadOnly', `${file} may not be written: ${remedy}`, {
    cause,
  })
}
