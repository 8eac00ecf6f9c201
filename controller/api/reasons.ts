// The one table of the reasons of conditions: each reason says what it waits for, and so whether a group or a server is
// Stalled. docs/conditions.md has the same table for people; test/unit/reasons.test.ts compares the two.

import type { Kind } from '../core/sync-error.ts'
import { reasonOf } from './conditions.ts'

/**
 * The thing that a reason waits for: `declaration` and `person` are Stalled, because the next commit, or a person's act in Exchange
 * or in the cluster, must come first; `time` passes without anyone's act.
 */
export type Wait = 'declaration' | 'person' | 'time'

// biome-ignore format: a table
const declaration = [
  'CrossNamespaceRef', 'FolderClaimed', 'FolderNotFound', 'FolderTwice', 'HostNotAllowed', 'HubNotFound', 'InvalidPath',
  'InvalidServer', 'InvalidSpec', 'KindChanged', 'NotAllowed', 'ServerNotFound', 'TooManyMembers', 'UnknownKind',
  // Exchange's codes.
  'CannotCreateContactInNonContactFolder', 'MissingEmailAddress', 'NonExistentMailbox', 'NonPrimarySmtpAddress',
  'WrongFolderClass',
]

// biome-ignore format: a table
const person = [
  // Decisions, and rights.
  'Guarded', 'ServerSuspended', 'NoRightToRead', 'NoRightToWrite', 'Forbidden',
  // Secrets, and the way to the server.
  'AuthenticationFailed', 'EwsNotFound', 'InvalidCertificate', 'InvalidSecret', 'KerberosNotInstalled',
  'ProxyAuthenticationRequired', 'RequestTooLarge', 'SecretForbidden', 'SecretNotFound', 'SecretNotLabelled', 'TlsFailed',
  'TlsNotTrusted',
  // The state and its bin.
  'BinFull', 'RekeyUnfinished', 'StateInUse', 'StateLocked', 'StateMissing', 'StateNewer', 'StateOlder', 'StateReadOnly',
  'StateTakenOver', 'StateUnreadable', 'WrongKey',
  // Single items.
  'CopyNotSeen', 'ItemTooLarge', 'NotListed', 'NotTaken', 'OtherKind', 'UndefinedValue',
  // Exchange's codes: accounts and mailboxes.
  'AccessDenied', 'AccountDisabled', 'CreateItemAccessDenied', 'DataSizeLimitExceeded', 'FolderExists',
  'ImpersonateUserDenied', 'ImpersonationDenied', 'ImpersonationFailed', 'InvalidServerVersion', 'MailboxConfiguration',
  'MessageSizeExceeded', 'PasswordChangeRequired', 'PasswordExpired', 'QuotaExceeded', 'SchemaValidation',
  // Exchange's codes: items that it cannot read or take.
  'ContentConversionFailed', 'CorruptData', 'InvalidExtendedProperty', 'InvalidExtendedPropertyValue', 'InvalidId',
  'InvalidIdMalformed', 'InvalidOperation', 'InvalidPropertyAppend', 'InvalidPropertyDelete', 'InvalidPropertyRequest',
  'InvalidPropertySet', 'InvalidPropertyUpdateSentMessage', 'InvalidRequest', 'ItemCorrupt', 'ItemSave',
  'ItemSavePropertyError', 'ObjectTypeChanged', 'PropertyUpdate', 'UnsupportedMimeConversion',
]

// biome-ignore format: a table
const time = [
  // The controller's own work.
  'CopiesNotDeleted', 'LeadershipLost', 'PassTimeout', 'Progressing', 'StateFull', 'StateReaderActive', 'StateUnwritable',
  'StatusUnwritable', 'Unexpected', 'Vanished', 'WaitingForMembers',
  // The network and the server.
  'ConnectionLost', 'ConnectionRefused', 'HostNotFound', 'HttpError', 'KerberosUnavailable', 'MailboxSignInRefused',
  'MailboxUnknown', 'PlaceUnknown', 'Redirected', 'RequestTimeout', 'SecretUnreadable', 'ServerBusy', 'ServerChanged',
  'ServerSilent', 'ServerTooSlow', 'SignInLost', 'SoapFault', 'TokenUnavailable', 'UnknownCode', 'Unreachable',
  // Answers that prove nothing.
  'AnswerTooLarge', 'CopyNotRead', 'EmptyAnswer', 'FolderAppeared', 'FolderNotMade', 'FolderTooLarge', 'IncompleteAnswer',
  'ListingIncomplete', 'ListingShort', 'NotDeleted', 'NotEws', 'NotSoap', 'NotXml', 'OtherItem', 'TruncatedAnswer',
  'UnreadableAnswer',
  // Exchange's codes: the item changed meanwhile.
  'ChangeKeyRequired', 'ChangeKeyRequiredForWriteOperations', 'InvalidChangeKey', 'IrresolvableConflict', 'ItemNotFound',
  'StaleObject',
  // The API server.
  'ApiAnswerInvalid', 'ApiAnswerTooLarge', 'ApiListEndless', 'ApiListShort', 'ApiServerUnreachable',
  'ApiWatchDisordered',
]

/** Each known reason of a condition, with what it waits for. */
export const waits: ReadonlyMap<string, Wait> = new Map([
  ...declaration.map((reason) => [reason, 'declaration'] as const),
  ...person.map((reason) => [reason, 'person'] as const),
  ...time.map((reason) => [reason, 'time'] as const),
])

/** The reasons that describe a state as a whole, and wait for nothing of their own. */
export const summaries: readonly string[] = ['Succeeded', 'Suspended', 'MembersNotReady']

/**
 * Does an error wait for a person, or for another declaration? `code`: the error's own, or a condition's reason. A code
 * that the table lacks, for example a new one of Exchange, is decided by its kind.
 */
export function isStalling({ kind, code }: Readonly<{ kind: Kind; code: string }>): boolean {
  const wait = waits.get(reasonOf(code))
  return wait === undefined ? kind === 'terminal' : wait !== 'time'
}
