// What goes wrong, in the words of EWS: a response code, and whether it is said about one item (a response
// message in HTTP 200) or about the whole request (a SOAP fault in HTTP 500).

/** More that an error tells, as name and value in its MessageXml. */
export type Details = Readonly<Record<string, string>>

/** One item of an operation is refused; the other items go on. */
export class EwsError extends Error {
  override readonly name: string = 'EwsError'
  readonly code: string
  readonly details: Details
  constructor(code: string, message?: string, details: Details = {}) {
    super(message ?? TEXTS[code] ?? 'The request failed.')
    this.code = code
    this.details = details
  }
}

/** The whole request is refused with a SOAP fault. */
export class SoapFault extends EwsError {
  override readonly name = 'SoapFault'
}

/** After one of these the rest of a batch is not tried. */
export const STOPPING: ReadonlySet<string> = new Set([
  'ErrorAccessDenied',
  'ErrorAccountDisabled',
  'ErrorADUnavailable',
  'ErrorADOperation',
  'ErrorConnectionFailed',
  'ErrorMailboxStoreUnavailable',
  'ErrorMailboxMoveInProgress',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
  'ErrorQuotaExceeded',
  'ErrorInsufficientResources',
])

const TEXTS: Readonly<Record<string, string>> = {
  ErrorAccessDenied: 'Access is denied. Check credentials and try again.',
  ErrorBatchProcessingStopped: 'Processing of the batch of requests stopped because of an error.',
  ErrorCannotCreateContactInNonContactFolder:
    'Contacts cannot be created in a folder of another class.',
  ErrorCannotUseFolderIdForItemId: 'Id is of a folder and cannot be used as an item id.',
  ErrorCannotUseItemIdForFolderId: 'Id is of an item and cannot be used as a folder id.',
  ErrorChangeKeyRequiredForWriteOperations: 'The change key is required for this write operation.',
  ErrorContentIndexingNotEnabled: 'Content indexing is not enabled.',
  ErrorCreateItemAccessDenied: 'The caller may not create items in this folder.',
  ErrorCreateSubfolderAccessDenied: 'The caller may not create folders in this folder.',
  ErrorDeleteDistinguishedFolder: 'Distinguished folders cannot be deleted.',
  ErrorFolderExists: 'A folder with the specified name already exists.',
  ErrorFolderNotFound: 'The specified folder could not be found in the store.',
  ErrorImpersonateUserDenied:
    'The account does not have permission to impersonate the requested user.',
  ErrorInvalidAttachmentId: 'The attachment id is invalid.',
  ErrorInvalidChangeKey: 'The change key is invalid.',
  ErrorInvalidIdEmpty: 'Id must be non-empty.',
  ErrorInvalidIdMalformed: 'Id is malformed.',
  ErrorInvalidOperation: 'The operation is not supported here.',
  ErrorInvalidPropertyAppend: 'Property cannot be appended to.',
  ErrorInvalidPropertyDelete: 'Property cannot be deleted.',
  ErrorInvalidPropertyRequest: 'Property is not valid for this object type.',
  ErrorInvalidPropertySet: 'Set action is invalid for property.',
  ErrorInvalidServerVersion: 'The specified server version is invalid.',
  ErrorInvalidSyncStateData: 'Synchronization state data is corrupt or otherwise invalid.',
  ErrorIrresolvableConflict:
    'The send or update operation could not be performed because the change key passed in the ' +
    'request does not match the current change key for the item.',
  ErrorItemNotFound: 'The specified object was not found in the store.',
  ErrorMailboxMoveInProgress: 'The mailbox is being moved.',
  ErrorMoveDistinguishedFolder: 'Distinguished folders cannot be moved.',
  ErrorNameResolutionMultipleResults: 'Multiple results were found.',
  ErrorNameResolutionNoResults: 'No results were found.',
  ErrorNonPrimarySmtpAddress:
    'The primary SMTP address must be specified when referencing a mailbox.',
  ErrorNonExistentMailbox: 'The SMTP address has no mailbox associated with it.',
  ErrorObjectTypeChanged: 'The object type changed.',
  ErrorQuotaExceeded: 'The mailbox has exceeded its quota.',
  ErrorServerBusy: 'The server cannot service this request right now. Try again later.',
  ErrorSyncFolderNotFound: 'The folder to synchronize could not be found.',
}
