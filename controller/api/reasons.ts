// The one table of the reasons of conditions: each says what it waits for, and so whether a group or a server is Stalled,
// and what to do. `npm run generate` writes it into docs/conditions.md; Events and log lines quote it (remedy.ts).

import type { Kind } from '../core/sync-error.ts'
import { reasonOf } from './conditions.ts'

/**
 * The thing that a reason waits for: `declaration` and `person` are Stalled, because the next commit, or a person's act in Exchange
 * or in the cluster, must come first; `time` passes without anyone's act.
 */
export type Wait = 'declaration' | 'person' | 'time'

function every(remedy: string, ...reasons: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(reasons.map((reason) => [reason, remedy]))
}

// biome-ignore format: a table
const declaration: Readonly<Record<string, string>> = {
  CrossNamespaceRef: 'name an ExchangeServer of the same namespace, or run with `--allow-cross-namespace-refs`',
  FolderClaimed: 'another group has the folder: remove the member here or there, or name another folder',
  FolderNotFound: 'the folder of a member does not exist, or the account may not see it; `exsync doctor` checks it',
  FolderTwice: 'two members are the same folder: remove one',
  HostNotAllowed: 'correct `spec.url`, or allow the host (`--allowed-server-hosts`)',
  HubNotFound: 'correct `spec.hub`, or the account’s permissions; `exsync doctor` checks them',
  InvalidPath: 'correct the path of the folder',
  InvalidServer: 'correct the ExchangeServer; `exsync validate` says what is wrong',
  InvalidSpec: 'correct the resource; `exsync validate` says what is wrong',
  KindChanged: 'the state has the group with items of another kind: give the group another name',
  NotAllowed: 'change `spec.allowed` of the ExchangeServer, or the group',
  ServerNotFound: 'create the ExchangeServer, or correct `serverRef`',
  PlanInterrupted: 'the controller ended twice while it made the plan: create another SyncPlan, with fewer new members',
  PlanTooLarge: 'plan fewer new members at a time, or apart from the controller (`exsync plan --state`)',
  TooManyMembers: 'split the group, or raise `--max-members`',
  UnknownKind: 'this version knows no such kind of items: correct the spec, or upgrade',
  // Exchange's codes.
  CannotCreateContactInNonContactFolder: 'name a contacts folder',
  MissingEmailAddress: 'correct the address, or remove the member',
  NonExistentMailbox: 'correct the address, or remove the member',
  NonPrimarySmtpAddress: 'use the mailbox’s primary address',
  WrongFolderClass: 'name a contacts folder, or change the folder’s class',
}

// biome-ignore format: a table
const person: Readonly<Record<string, string>> = {
  // Decisions, and rights.
  Guarded: 'undo it in Exchange, or approve it with the annotation that the message names',
  ServerSuspended: 'the group’s ExchangeServer is suspended: set its `spec.suspend: false`',
  NoRightToRead: 'grant the account the right on the folder; `exsync doctor` names it',
  NoRightToWrite: 'grant the account the right on the folder; `exsync doctor` names it',
  Forbidden: 'allow the account to use EWS',
  // Secrets, and the way to the server.
  AuthenticationFailed: 'put the right account or password into the Secret; `exsync doctor` says more',
  EwsNotFound: 'no EWS at this URL: correct `spec.url`, or the server; `exsync doctor` says more',
  InvalidCertificate: 'put the certificate of the authority into the Secret',
  InvalidSecret: 'correct the Secret; the message names the key',
  KerberosNotInstalled: 'use the image with Kerberos',
  ProxyAuthenticationRequired: 'route the controller around the proxy',
  RequestTooLarge: 'raise the request limit of the server or its proxy',
  SecretForbidden: 'grant the controller the right to read the Secret',
  SecretNotFound: 'create the Secret, or correct its reference',
  SecretNotLabelled: 'label the Secret, as the message says',
  TlsFailed: 'check the scheme, the port and the TLS versions of the server; `exsync doctor` says more',
  TlsNotTrusted: 'name the authority’s certificate in `spec.tls.caSecretRef`; `exsync doctor` says more',
  // The state and its bin.
  BinFull: 'the bin is full: raise `--bin-limit`, or shorten `--bin-retention`',
  RekeyUnfinished: 'continue the change of the key (`exsync rekey`)',
  StateInUse: 'another process has the state: stop it',
  StateLocked: 'give the key (`--key-file`)',
  StateMissing: 'name the right state, or restore it from a backup (`exsync restore-state`)',
  StateNewer: 'run the version that wrote the state',
  StateOlder: 'upgrade the state with `exsync run`',
  StateReadOnly: 'make the state writable',
  StateTakenOver: 'another process has taken the state over: stop one of them',
  StateUnreadable: 'restore the state from a backup (`exsync restore-state`)',
  WrongKey: 'give the key of this state',
  // Single items.
  CopyNotSeen: 'look for a rule or a program that moves or removes new items',
  ItemTooLarge: 'shorten the item, or raise `--max-contact-size`',
  NotListed: 'have the folder checked on the server',
  NotTaken: 'correct the copy in its mailbox',
  OtherKind: 'the item is of another kind: remove it from the folder',
  UndefinedValue: 'open the item in Outlook and save it',
  // Exchange's codes: accounts and mailboxes.
  AccessDenied: 'grant the account the right',
  AccountDisabled: 'enable the account, or use another one',
  CreateItemAccessDenied: 'grant the account the right to create items',
  DataSizeLimitExceeded: 'make the item smaller',
  FolderExists: 'rename or remove the folder that is there',
  ImpersonateUserDenied: 'grant the ApplicationImpersonation role',
  ImpersonationDenied: 'grant the ApplicationImpersonation role',
  ImpersonationFailed: 'grant the ApplicationImpersonation role',
  InvalidServerVersion: 'the server is older than Exchange 2016',
  MailboxConfiguration: 'check the mailbox on the server',
  MessageSizeExceeded: 'make the item smaller',
  PasswordChangeRequired: 'change the password, and put it into the Secret',
  PasswordExpired: 'put the new password into the Secret',
  QuotaExceeded: 'the mailbox is full: delete items, or raise its quota',
  SchemaValidation: 'report this bug',
  // Exchange's codes: items that it cannot read or take.
  ...every(
    'open the item in Outlook and save it, or remove it',
    'ContentConversionFailed', 'CorruptData', 'InvalidExtendedProperty', 'InvalidExtendedPropertyValue',
    'InvalidId', 'InvalidIdMalformed', 'InvalidOperation', 'InvalidPropertyAppend', 'InvalidPropertyDelete',
    'InvalidPropertyRequest', 'InvalidPropertySet', 'InvalidPropertyUpdateSentMessage', 'InvalidRequest',
    'ItemCorrupt', 'ItemSave', 'ItemSavePropertyError', 'ObjectTypeChanged', 'PropertyUpdate',
    'UnsupportedMimeConversion',
  ),
}

// biome-ignore format: a table
const time: Readonly<Record<string, string>> = {
  // The controller's own work.
  CopiesNotDeleted: 'copies of a removed member or group remain',
  LeadershipLost: 'another instance leads now',
  PassesFirst: 'a SyncPlan waits for the passes that are due',
  PassTimeout: 'the pass took longer than `spec.timeout`',
  Progressing: 'a pass runs, or the next one follows at once',
  StateFull: 'free space on the disk of the state',
  StateReaderActive: 'another process reads the state',
  StateUnwritable: 'check the disk of the state',
  StatusUnwritable: 'check the disk of the state',
  Unexpected: 'report this bug, if it persists',
  Vanished: 'the resource changed meanwhile',
  WaitingForMembers: 'removed members’ copies wait for the others',
  // The network and the server.
  ConnectionLost: 'the connection broke off',
  ConnectionRefused: 'nothing answers at the host; `exsync doctor` checks it',
  HostNotFound: 'the name cannot be resolved; `exsync doctor` checks it',
  HttpError: 'the server answered with another HTTP status',
  KerberosUnavailable: 'no domain controller answers',
  MailboxSignInRefused: 'the server refuses the sign-in for one mailbox only',
  MailboxUnknown: 'the server did not say where the mailbox is',
  PlaceUnknown: 'the server did not say where the folder is',
  Redirected: 'the server redirects: set `spec.url` to the final URL',
  RequestTimeout: 'the server did not answer in time',
  SecretUnreadable: 'the API server did not answer about the Secret',
  ServerBusy: 'the server is busy',
  ServerChanged: 'the ExchangeServer was changed during the pass',
  ServerSilent: 'the server answers nothing any more',
  ServerTooSlow: 'the server answers too slowly',
  SignInLost: 'the server forgot the sign-in of the connection',
  SoapFault: 'a fault without a code of Exchange',
  TokenUnavailable: 'the token endpoint does not answer',
  UnknownCode: 'a code that cannot be shown',
  Unreachable: 'the server cannot be reached, or is not trusted; `exsync doctor` and the log have the cause',
  // Answers that prove nothing.
  AnswerTooLarge: 'the answer is larger than it may be',
  CopyNotRead: 'an item was not in the answer',
  EmptyAnswer: 'the answer is empty',
  FolderAppeared: 'the folder appeared during the pass',
  FolderNotMade: 'the folder was not made',
  FolderTooLarge: 'the folder has more items than one listing holds',
  IncompleteAnswer: 'parts of the answer are missing',
  ListingIncomplete: 'the listing lacks items',
  ListingShort: 'the listing lacks items',
  NotDeleted: 'the item is there after its delete',
  NotEws: 'the answer is not from EWS',
  NotSoap: 'the answer is not SOAP',
  NotXml: 'the answer is not XML',
  OtherItem: 'the answer is about another item',
  TruncatedAnswer: 'the answer is cut off',
  UnreadableAnswer: 'the answer cannot be read',
  // Exchange's codes: the item changed meanwhile.
  ...every(
    'the item changed meanwhile',
    'ChangeKeyRequired', 'ChangeKeyRequiredForWriteOperations', 'InvalidChangeKey', 'IrresolvableConflict',
    'ItemNotFound', 'StaleObject',
  ),
  // The API server.
  ApiAnswerInvalid: 'the API server’s answer cannot be read',
  ApiAnswerTooLarge: 'the API server’s answer is too large',
  ApiListEndless: 'the API server’s list does not end',
  ApiListShort: 'the API server’s list lacks resources',
  ApiServerUnreachable: 'the API server does not answer',
  ApiWatchDisordered: 'the API server’s events are out of order',
}

/** Each known reason of a condition, with the thing that it waits for. */
export const waits: ReadonlyMap<string, Wait> = new Map([
  ...Object.keys(declaration).map((reason) => [reason, 'declaration'] as const),
  ...Object.keys(person).map((reason) => [reason, 'person'] as const),
  ...Object.keys(time).map((reason) => [reason, 'time'] as const),
])

/** The remedy for each known reason, in Markdown; for one that waits for time: what happened. */
export const remedies: ReadonlyMap<string, string> = new Map(
  [declaration, person, time].flatMap((part) => Object.entries(part)),
)

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
