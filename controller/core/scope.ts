// What an error is about: the server, the account or a whole folder, or perhaps one item of a request. A request
// about many items that fails as a whole is split only in the second case, until the item is alone.
import type { SyncError } from './sync-error.ts'

/** The code of an item that is larger than what is taken in. */
export const itemTooLarge = 'ItemTooLarge'

// biome-ignore format: a table
const general: ReadonlySet<string> = new Set([
  // Busy, moving, or out of something: later.
  'ErrorADOperation', 'ErrorADUnavailable', 'ErrorConnectionFailed', 'ErrorExceededConnectionCount',
  'ErrorExceededFindCountLimit', 'ErrorInsufficientResources', 'ErrorMailboxFailover',
  'ErrorMailboxMoveInProgress', 'ErrorMailboxStoreUnavailable', 'ErrorNoRespondingCASInDestinationSite',
  'ErrorQuotaExceeded', 'ErrorServerBusy', 'ErrorTooManyObjectsOpened', 'ServerBusy',
  // Denied, or not there: a person.
  'AuthenticationFailed', 'ErrorAccountDisabled', 'ErrorCannotCreateContactInNonContactFolder',
  'ErrorCreateItemAccessDenied', 'ErrorFolderNotFound', 'ErrorImpersonateUserDenied',
  'ErrorImpersonationDenied', 'ErrorImpersonationFailed', 'ErrorInvalidServerVersion',
  'ErrorMailboxConfiguration', 'ErrorMissingEmailAddress', 'ErrorNonExistentMailbox',
  'ErrorNonPrimarySmtpAddress', 'ErrorPasswordChangeRequired', 'ErrorPasswordExpired',
  'ErrorSyncFolderNotFound', 'Forbidden', 'ProxyAuthenticationRequired',
  // No way to the server, or no EWS there.
  'ConnectionRefused', 'EwsNotFound', 'HostNotFound', 'NotEws', 'NotSoap', 'Redirected', 'TlsFailed',
  'TlsNotTrusted',
  // Our own state and leadership.
  'BinFull', 'LeadershipLost', 'ServerChanged', 'Unexpected',
])

/** Does the error concern the server, the account or the whole folder, rather than one item? */
export function isGeneral({ code }: SyncError): boolean {
  return general.has(code) || code.startsWith('State')
}

// What a server refuses before it carries anything of a request out.
// biome-ignore format: a table
const refused: ReadonlySet<string> = new Set([
  'AuthenticationFailed', 'ConnectionRefused', 'ErrorExceededConnectionCount', 'ErrorFolderNotFound',
  'ErrorImpersonateUserDenied', 'ErrorImpersonationDenied', 'ErrorImpersonationFailed',
  'ErrorInvalidServerVersion', 'ErrorMissingEmailAddress', 'ErrorNonExistentMailbox',
  'ErrorNonPrimarySmtpAddress', 'ErrorSchemaValidation', 'ErrorServerBusy', 'EwsNotFound', 'Forbidden',
  'HostNotFound', 'LeadershipLost', 'ProxyAuthenticationRequired', 'Redirected', 'RequestTooLarge', 'ServerBusy', 'ServerChanged',
  'TlsFailed', 'TlsNotTrusted',
])

/** Was nothing of the request carried out? Otherwise what became of it is unknown. */
export function isRefused({ code }: SyncError): boolean {
  return refused.has(code)
}

/** How many requests in a row may fail while a batch is split, before the whole is given up. */
const failuresMax = 16
/** The same for failures that each cost a whole deadline. */
const slowMax = 4
const slow: ReadonlySet<string> = new Set([
  'ErrorTimeoutExpired',
  'RequestTimeout',
  'ServerTooSlow',
  'ConnectionLost',
])

/**
 * How many items the next request carries. A request that fails as a whole is halved until the failing item is alone;
 * what follows grows back. Failures in a row without a success in between end it: then it is not one item.
 */
export class BatchSize {
  readonly #most: number
  #size: number
  #failures = 0

  constructor(most: number) {
    this.#most = most
    this.#size = most
  }

  get size(): number {
    return this.#size
  }

  /** A request of this size was answered. */
  answered(): void {
    this.#failures = 0
    this.#size = Math.min(this.#most, this.#size * 2)
  }

  /** The answer about so many items was too large: that says nothing of others. */
  tooMuch(items: number): void {
    this.#size = Math.max(1, Math.floor(items / 2))
  }

  /** A request about so many items failed. Throws the error where it concerns more than one item. */
  failed(error: SyncError, items: number): void {
    this.#failures += 1
    const most = slow.has(error.code) ? slowMax : failuresMax
    if (isGeneral(error) || this.#failures > most) throw error
    this.#size = Math.max(1, Math.floor(items / 2))
  }
}
