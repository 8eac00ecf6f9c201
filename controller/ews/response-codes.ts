// What each of Exchange's response codes asks for, decided once, here. The classes are those of
// exchange-protocol §4.3; a code that is not listed is transient: it is tried again, and says its name.
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
      'the folder does not hold contacts: name another folder, or make it one of class IPF.Contact',
    ErrorCreateItemAccessDenied:
      'the account may not create items in the folder: grant it the right',
    ErrorDataSizeLimitExceeded: 'the item is larger than the server takes: make it smaller',
    ErrorFolderNotFound:
      'the folder is not there, or the account may not see it: check the path and the permissions',
    ErrorImpersonateUserDenied:
      'the account may not act for this mailbox: grant it the ApplicationImpersonation role for it',
    ErrorImpersonationDenied:
      'the account may not act for this mailbox: grant it the ApplicationImpersonation role for it',
    ErrorImpersonationFailed:
      'acting for this mailbox failed: grant the account the ApplicationImpersonation role for it',
    ErrorInvalidServerVersion: 'the server is older than Exchange 2016',
    ErrorMailboxConfiguration: 'the mailbox is not set up right on the server',
    ErrorMessageSizeExceeded: 'the item is larger than the server takes: make it smaller',
    ErrorMissingEmailAddress: 'there is no such mailbox: correct the address, or remove the member',
    ErrorNonExistentMailbox: 'there is no such mailbox: correct the address, or remove the member',
    ErrorNonPrimarySmtpAddress: 'this is not the mailbox’s primary address: use the primary one',
    ErrorPasswordExpired: 'the password has expired: put the new one into the Secret',
    ErrorPasswordChangeRequired:
      'the password must be changed: do so, and put the new one into the Secret',
    ErrorQuotaExceeded: 'the mailbox is full: make room in it, or raise its quota',
    ErrorSchemaValidation:
      'the server does not accept the request’s form: this is a defect, please report it',
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

/** Does the server say that no id looks like this? */
export function isMalformed({ code }: SyncError): boolean {
  return malformed.includes(code)
}

/** Can nothing be concluded about a folder from this error: it is busy, moving, denied, or was not asked at all? */
export function tellsNothing(error: SyncError): boolean {
  return isGeneral(error) || !/^Error[A-Z]/.test(error.code) || undecided.includes(error.code)
}

const undecided = ['ErrorAccessDenied', 'ErrorTimeoutExpired', 'ErrorInternalServerTransientError']

/** What the code asks for. */
export function kindOf(code: string): Kind {
  if (stale.includes(code)) return 'stale'
  const isTerminal = remedies.has(code) || poison.includes(code) || code === itemTooLarge
  return isTerminal ? 'terminal' : 'transient'
}

/** The error for a response code. The server's own message is not repeated: it may quote content. */
export function faultOf(said: string, backOffMs?: number): SyncError {
  // Other words are a proxy's, or stand for nothing: none of them may look like a code of ours.
  const code = /^Error[A-Z]/.test(said) ? said : 'SoapFault'
  const kind = kindOf(code)
  const remedy = remedies.get(code)
  const rest = {
    stale: 'it changed meanwhile',
    transient: 'it is tried again',
    terminal: 'the item is passed over',
  }
  return new SyncError(kind, code, remedy ?? `Exchange answered ${code}: ${rest[kind]}`, {
    backOffMs,
  })
}
