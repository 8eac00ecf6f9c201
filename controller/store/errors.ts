// What SQLite says, as an error that says what to do. The one place that knows its result codes
// (https://sqlite.org/rescode.html); the low byte is the primary one.
import { SyncError } from '../core/sync-error.ts'

/** Content that cannot be read back. */
export function damaged(what: string, cause?: unknown): SyncError {
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `${what} is damaged: bring it back from a backup, or move it away and start again; items are then relinked by stamp and content, and the bin is lost`,
    { cause },
  )
}

/** One thing in the bin whose content does not open. */
export function unopened(n: number, cause: unknown): SyncError {
  return new SyncError(
    'terminal',
    'StateUnreadable',
    `${n} of the bin was changed or moved in the file of the state, and does not open: a backup of the state may have it; nothing else is affected`,
    { cause },
  )
}

/** The refusal for an error of SQLite; any other error as it is. */
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
        `${file} could not be read or written: check its disk; it is tried again`,
        { cause: error },
      )
    case 13: // SQLITE_FULL
      return new SyncError(
        'transient',
        'StateFull',
        `there is no room for ${file}: make room on its disk, or shorten --bin-retention; it is tried again`,
        { cause: error },
      )
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return damaged(file, error)
    default:
      return new SyncError(
        'terminal',
        'StateUnreadable',
        `cannot open ${file}: check that the directory exists, and that it and its files may be written`,
        { cause: error },
      )
  }
}

/** A state that is encrypted, and no key. */
export function locked(): SyncError {
  const message = 'the state is encrypted: give its key with --key-file FILE'
  return new SyncError('terminal', 'StateLocked', message)
}

/** A key that is not the state's. */
export function wrongKey(): SyncError {
  const message = 'the state is encrypted with another key: give that one with --key-file FILE'
  return new SyncError('terminal', 'WrongKey', message)
}

/** A change of keys that was cut short, and the command that goes on with it. */
export function unfinished(command: string): SyncError {
  const message = `the key of the state is being changed, and that was cut short: go on with ${command}`
  return new SyncError('terminal', 'RekeyUnfinished', message)
}

/** A reader holds on to what is to be removed from the file. */
export function readMeanwhile(): SyncError {
  const message =
    'another process reads the state, whose old content is to be removed from the file: start again when that has ended'
  return new SyncError('transient', 'StateReaderActive', message)
}

/** Somebody opened a state that was to be put aside. */
export function openedMeanwhile(): SyncError {
  const message = 'another process has opened the state meanwhile: stop it, and try again'
  return new SyncError('terminal', 'StateInUse', message)
}

function inUse(file: string, cause: unknown): SyncError {
  const remedy = 'stop that one, or choose another --state'
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
