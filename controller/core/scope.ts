// The scope of an error: the server, the account or a whole folder; or perhaps one item of a request. Only in the second
// case a failed request about many items is split, until the failing item is alone.
import type { SyncError } from './sync-error.ts'

/** The code of an item above the size limit. */
export const itemTooLarge = 'ItemTooLarge'

// biome-ignore format: a table
const general: ReadonlySet<string> = new Set([
  // Busy, moving, or out of a resource: try later.
  'ErrorADOperation', 'ErrorADUnavailable', 'ErrorConnectionFailed', 'ErrorExceededConnectionCount',
  'ErrorExceededFindCountLimit', 'ErrorInsufficientResources', 'ErrorMailboxFailover',
  'ErrorMailboxMoveInProgress', 'ErrorMailboxStoreUnavailable', 'ErrorNoRespondingCASInDestinationSite',
  'ErrorQuotaExceeded', 'ErrorServerBusy', 'ErrorTooManyObjectsOpened', 'ServerBusy',
  // Denied, or missing: a person must act.
  'AuthenticationFailed', 'ErrorAccountDisabled', 'ErrorCannotCreateContactInNonContactFolder',
  'ErrorCreateItemAccessDenied', 'ErrorFolderNotFound', 'ErrorImpersonateUserDenied',
  'ErrorImpersonationDenied', 'ErrorImpersonationFailed', 'ErrorInvalidServerVersion',
  'ErrorMailboxConfiguration', 'ErrorMissingEmailAddress', 'ErrorNonExistentMailbox',
  'ErrorNonPrimarySmtpAddress', 'ErrorPasswordChangeRequired', 'ErrorPasswordExpired',
  'ErrorSyncFolderNotFound', 'Forbidden', 'ProxyAuthenticationRequired',
  // The server is unreachable, or is no EWS; or there is no ticket for it.
  'ConnectionRefused', 'EwsNotFound', 'HostNotFound', 'KerberosNotInstalled', 'KerberosUnavailable',
  'NotEws', 'NotSoap', 'Redirected', 'TlsFailed', 'TlsNotTrusted', 'TokenUnavailable', 'SignInLost',
  // Our own state and leadership.
  'BinFull', 'LeadershipLost', 'ServerChanged', 'Unexpected',
])

/** Does the error concern the server, the account or the whole folder, rather than one item? */
export function isGeneral({ code }: SyncError): boolean {
  return general.has(code) || code.startsWith('State')
}

// Codes of a server that refuses a request before it carries out any part of it. A 401 is not among them: a gateway may
// show it in place of the answer to a request that was carried out.
// biome-ignore format: a table
const refused: ReadonlySet<string> = new Set([
  'ConnectionRefused', 'ErrorExceededConnectionCount', 'ErrorFolderNotFound',
  'ErrorImpersonateUserDenied', 'ErrorImpersonationDenied', 'ErrorImpersonationFailed',
  'ErrorInvalidServerVersion', 'ErrorMissingEmailAddress', 'ErrorNonExistentMailbox',
  'ErrorNonPrimarySmtpAddress', 'ErrorSchemaValidation', 'ErrorServerBusy', 'EwsNotFound', 'Forbidden',
  'HostNotFound', 'KerberosNotInstalled', 'KerberosUnavailable', 'LeadershipLost',
  'ProxyAuthenticationRequired', 'Redirected', 'RequestTooLarge', 'ServerBusy', 'ServerChanged',
  'TlsFailed', 'TlsNotTrusted', 'TokenUnavailable',
])

/** Was no part of the request carried out? If not, its outcome is unknown. */
export function isRefused({ code }: SyncError): boolean {
  return refused.has(code)
}

/** The number of requests in a row that may fail while a batch is split, before the whole is given up. */
const failuresMax = 16
/** The same for failures that each take a whole deadline. */
const slowMax = 4
const slow: ReadonlySet<string> = new Set([
  'ErrorTimeoutExpired',
  'RequestTimeout',
  'ServerTooSlow',
  'ConnectionLost',
])

/**
 * The number of items in the next request. A request that fails as a whole is halved until the failing item is alone;
 * after successes the size grows again. Too many failures in a row end it: the cause is not a single item.
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

  /** The answer about this many items was too large: that is no failure of the items. */
  tooMuch(items: number): void {
    this.#size = Math.max(1, Math.floor(items / 2))
  }

  /** A request about this many items failed. Throws the error if it concerns more than one item. */
  failed(error: SyncError, items: number): void {
    this.#failures += 1
    const most = slow.has(error.code) ? slowMax : failuresMax
    if (isGeneral(error) || this.#failures > most) throw error
    this.#size = Math.max(1, Math.floor(items / 2))
  }
}
