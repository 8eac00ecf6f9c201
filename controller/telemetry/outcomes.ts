// The outcome of a request to Exchange as a metric's label. A server may answer any word, and each word would become a
// series. Our own codes are few; of Exchange's codes, those count that its documentation names for our operations.

// biome-ignore format: a table
const responseCodes: ReadonlySet<string> = new Set([
  'ErrorAccessDenied', 'ErrorAccountDisabled', 'ErrorADOperation', 'ErrorADUnavailable',
  'ErrorBatchProcessingStopped', 'ErrorCannotCreateContactInNonContactFolder', 'ErrorCannotDeleteObject',
  'ErrorCannotUseFolderIdForItemId', 'ErrorCannotUseItemIdForFolderId', 'ErrorChangeKeyRequired',
  'ErrorChangeKeyRequiredForWriteOperations', 'ErrorConnectionFailed', 'ErrorContentConversionFailed',
  'ErrorCorruptData', 'ErrorCreateItemAccessDenied', 'ErrorCreateSubfolderAccessDenied', 'ErrorCrossSiteRequest',
  'ErrorDataSizeLimitExceeded', 'ErrorDataSourceOperation', 'ErrorDeleteDistinguishedFolder',
  'ErrorDeleteItemsFailed', 'ErrorDuplicateInputFolderNames', 'ErrorDuplicateSOAPHeader',
  'ErrorExceededConnectionCount', 'ErrorExceededFindCountLimit', 'ErrorExpiredSubscription', 'ErrorFolderCorrupt',
  'ErrorFolderExists', 'ErrorFolderNotFound', 'ErrorFolderSave', 'ErrorFolderSaveFailed',
  'ErrorFolderSavePropertyError', 'ErrorImpersonateUserDenied', 'ErrorImpersonationDenied',
  'ErrorImpersonationFailed', 'ErrorIncorrectSchemaVersion', 'ErrorInsufficientResources',
  'ErrorInternalServerError', 'ErrorInternalServerTransientError', 'ErrorInvalidChangeKey',
  'ErrorInvalidExtendedProperty', 'ErrorInvalidExtendedPropertyValue', 'ErrorInvalidFolderId',
  'ErrorInvalidFolderTypeForOperation', 'ErrorInvalidId', 'ErrorInvalidIdEmpty', 'ErrorInvalidIdMalformed',
  'ErrorInvalidIdMalformedEwsLegacyIdFormat', 'ErrorInvalidIdMonikerTooLong',
  'ErrorInvalidIdNotAnItemAttachmentId', 'ErrorInvalidIdStoreObjectIdTooLong', 'ErrorInvalidIdTooLong',
  'ErrorInvalidIdXml', 'ErrorInvalidOperation', 'ErrorInvalidPropertyAppend', 'ErrorInvalidPropertyDelete',
  'ErrorInvalidPropertyRequest', 'ErrorInvalidPropertySet', 'ErrorInvalidPropertyUpdateSentMessage',
  'ErrorInvalidRequest', 'ErrorInvalidRestriction', 'ErrorInvalidServerVersion', 'ErrorInvalidSmtpAddress',
  'ErrorInvalidSyncStateData', 'ErrorInvalidUserPrincipalName', 'ErrorInvalidUserSid',
  'ErrorIrresolvableConflict', 'ErrorItemCorrupt', 'ErrorItemNotFound', 'ErrorItemPropertyRequestFailed',
  'ErrorItemSave', 'ErrorItemSavePropertyError', 'ErrorLogonAsNetworkServiceFailed',
  'ErrorMailboxConfiguration', 'ErrorMailboxFailover', 'ErrorMailboxMoveInProgress',
  'ErrorMailboxStoreUnavailable', 'ErrorManagedFolderNotFound', 'ErrorMessageSizeExceeded',
  'ErrorMissingEmailAddress', 'ErrorMoveCopyFailed', 'ErrorNameResolutionNoMailbox', 'ErrorNonExistentMailbox',
  'ErrorNonPrimarySmtpAddress', 'ErrorNoPublicFolderReplicaAvailable',
  'ErrorNoRespondingCASInDestinationSite', 'ErrorNotEnoughMemory', 'ErrorObjectTypeChanged',
  'ErrorPasswordChangeRequired', 'ErrorPasswordExpired', 'ErrorPropertyUpdate', 'ErrorPropertyValidationFailure',
  'ErrorProxyRequestNotAllowed', 'ErrorProxyRequestProcessingFailed', 'ErrorPublicFolderMailboxDiscoveryFailed',
  'ErrorPublicFolderOperationFailed', 'ErrorPublicFolderRequestProcessingFailed',
  'ErrorPublicFolderServerNotFound', 'ErrorPublicFolderSyncException', 'ErrorQuotaExceeded',
  'ErrorRestrictionTooComplex', 'ErrorRestrictionTooLong', 'ErrorSchemaValidation', 'ErrorServerBusy',
  'ErrorStaleObject', 'ErrorSubmissionQuotaExceeded', 'ErrorSyncFolderNotFound', 'ErrorTimeoutExpired',
  'ErrorTooManyObjectsOpened', 'ErrorUnsupportedMimeConversion', 'ErrorUnsupportedPathForQuery',
  'ErrorUnsupportedPropertyDefinition', 'ErrorUpdatePropertyMismatch', 'ErrorVirusDetected', 'ErrorWrongServerVersion',
])

/** The outcome as a label; an unknown one becomes `other`. */
export function outcomeLabel(outcome: string): string {
  return /^Error[A-Z]/.test(outcome) && !responseCodes.has(outcome) ? 'other' : outcome
}
