// The meaning of Exchange's response codes, decided in this one place, by the classes of exchange-protocol §4.3. A code
// that is not listed is transient, and its name is shown.
import { isGeneral, itemTooLarge } from '../core/scope.ts'
import { type Kind, SyncError } from '../core/sync-error.ts'

// biome-ignore format: a table
const stale = [
  'ErrorIrresolvableConflict', 'ErrorStaleObject', 'ErrorChangeKeyRequired',
  'ErrorChangeKeyRequiredForWriteOperations', 'ErrorInvalidChangeKey', 'ErrorItemNotFound',
]

const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ErrorAccessDenied:
      'the account may not do this: grant it the right on the folder, or the ApplicationImpersonation role',
    ErrorAccountDisabled: 'the account is disabled: enable it, or use another one',
    ErrorCannotCreateContactInNonContactFolder:
      'the folder is not a contacts folder: name another one, or change its class to IPF.Contact',
    ErrorCreateItemAccessDenied:
      'the account may not create items in the folder: grant it the right',
    ErrorDataSizeLimitExceeded: 'the item is larger than the server accepts: make it smaller',
    ErrorFolderNotFound:
      'the folder does not exist, or the account may not see it: check the path and the permissions',
    ErrorImpersonateUserDenied:
      'the account may not act for this mailbox: grant it the ApplicationImpersonation role for it',
    ErrorImpersonationDenied:
      'the account may not act for this mailbox: grant it the ApplicationImpersonation role for it',
    ErrorImpersonationFailed:
      'acting for this mailbox failed: grant the account the ApplicationImpersonation role for it',
    ErrorInvalidServerVersion: 'the server is older than Exchange 2016',
    ErrorMailboxConfiguration:
      'the mailbox is misconfigured on the server: check it there (Get-Mailbox)',
    ErrorMessageSizeExceeded: 'the item is larger than the server accepts: make it smaller',
    ErrorMissingEmailAddress: 'there is no such mailbox: correct the address, or remove the member',
    ErrorNonExistentMailbox: 'there is no such mailbox: correct the address, or remove the member',
    ErrorNonPrimarySmtpAddress: 'this is not the mailbox’s primary address: use the primary one',
    ErrorPasswordExpired: 'the password has expired: put the new one into the Secret',
    ErrorPasswordChangeRequired:
      'the password must be changed: do so, and put the new one into the Secret',
    ErrorQuotaExceeded: 'the mailbox is full: delete items, or raise its quota',
    ErrorSchemaValidation: 'the server rejects the format of the request: please report this bug',
  }),
)

// biome-ignore format: a table
const poison = [
  'ErrorInvalidPropertySet', 'ErrorInvalidPropertyRequest', 'ErrorInvalidPropertyDelete',
  'ErrorInvalidPropertyAppend', 'ErrorInvalidPropertyUpdateSentMessage', 'ErrorItemSave',
  'ErrorItemSavePropertyError', 'ErrorPropertyUpdate', 'ErrorCorruptData', 'ErrorItemCorrupt',
  'ErrorObjectTypeChanged', 'ErrorContentConversionFailed', 'ErrorInvalidIdMalformed', 'ErrorInvalidId',
  'ErrorUnsupportedMimeConversion', 'ErrorInvalidExtendedProperty', 'ErrorInvalidExtendedPropertyValue',
  'ErrorInvalidOperation', 'ErrorInvalidRequest', 'ErrorFolderExists',
]

// biome-ignore format: a table
const malformed = [
  'ErrorInvalidIdMalformed', 'ErrorInvalidId', 'ErrorInvalidIdEmpty', 'ErrorInvalidIdTooLong',
  'ErrorInvalidIdNotAnItemAttachmentId', 'ErrorInvalidIdMalformedEwsLegacyIdFormat', 'ErrorInvalidIdXml',
]

/** Does the server say that the id is malformed? */
export function isMalformed({ code }: SyncError): boolean {
  return malformed.includes(code)
}

/** Does the error leave the folder's state unknown: is it busy, moving, denied, or was it not asked at all? */
export function tellsNothing(error: SyncError): boolean {
  return isGeneral(error) || !/^Error[A-Z]/.test(error.code) || undecided.includes(error.code)
}

const undecided = ['ErrorAccessDenied', 'ErrorTimeoutExpired', 'ErrorInternalServerTransientError']

/** The class of a code: stale, transient or terminal. */
export function kindOf(code: string): Kind {
  if (stale.includes(code)) return 'stale'
  const isTerminal = remedies.has(code) || poison.includes(code) || code === itemTooLarge
  return isTerminal ? 'terminal' : 'transient'
}

/** The error for a response code. The server's own message is left out: it may quote content. */
export function faultOf(said: string, backOffMs?: number): SyncError {
  // Any other text comes from a proxy or means nothing; it must not look like a code of Exchange.
  const code = /^Error[A-Z]/.test(said) ? said : 'SoapFault'
  const kind = kindOf(code)
  const remedy = remedies.get(code)
  const rest = {
    stale: 'it changed meanwhile',
    transient: 'the controller tries again',
    terminal: 'the controller skips the item',
  }
  return new SyncError(kind, code, remedy ?? `Exchange answered ${code}: ${rest[kind]}`, {
    backOffMs,
  })
}
