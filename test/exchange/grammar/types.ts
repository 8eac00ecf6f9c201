// What requests are made of, after Microsoft's types.xsd (version Exchange2016). Content that the embedded
// Exchange refuses anyway, such as calendar items, is `any`. See grammar.ts for how to read a line.

/** Types whose elements live in the types namespace. */
export const TYPES = `
AddressListId @Id:string
AffectedTaskOccurrences ~ AllOccurrences SpecifiedOccurrenceOnly
AlternateIdBase @Format:IdFormat
AlternateId <AlternateIdBase @Id:string @Mailbox:NonEmptyString @IsArchive?:boolean
AlternatePublicFolderId <AlternateIdBase @FolderId:string
AlternatePublicFolderItemId <AlternatePublicFolderId @ItemId:string
And <MultipleOperandBooleanExpression
AppendToFolderField <FolderChangeDescription
  (Folder:Folder|CalendarFolder:CalendarFolder|ContactsFolder:ContactsFolder|
    SearchFolder:SearchFolder|TasksFolder:TasksFolder)
AppendToItemField <ItemChangeDescription
  (Item:Item|Message:Message|CalendarItem:any|Contact:ContactItem|
    DistributionList:DistributionList|MeetingMessage:any|MeetingRequest:any|MeetingResponse:any|
    MeetingCancellation:any|Task:any|PostItem:PostItem|RoleMember:any|Network:any|Person:any)
ArrayOfBaseItemIds ItemId*:ItemId
ArrayOfBinary Base64Binary*:base64
ArrayOfPermissions Permission*:Permission
ArrayOfRecipients Mailbox*:EmailAddress
ArrayOfStrings String*:string
ArrayOfUnknownEntries UnknownEntry*:string
AttachmentId <RequestAttachmentId @RootItemId?:string @RootItemChangeKey?:string
AttachmentResponseShape IncludeMimeContent?:boolean BodyType?:BodyTypeResponse
  FilterHtmlContent?:boolean AdditionalProperties?:NonEmptyArrayOfPathsToElement
Attachment AttachmentId?:AttachmentId Name?:string ContentType?:string ContentId?:string
  ContentLocation?:string Size?:int LastModifiedTime?:dateTime IsInline?:boolean
BaseFolder FolderId?:FolderId ParentFolderId?:FolderId FolderClass?:string DisplayName?:string
  TotalCount?:int ChildFolderCount?:int ExtendedProperty*:ExtendedProperty
  ManagedFolderInformation?:any EffectiveRights?:EffectiveRights
  DistinguishedFolderId?:DistinguishedFolderIdName PolicyTag?:any ArchiveTag?:any
  ReplicaList?:ArrayOfStrings
BasePaging @MaxEntriesReturned?:int
BasePermission UserId:UserId CanCreateItems?:boolean CanCreateSubFolders?:boolean
  IsFolderOwner?:boolean IsFolderVisible?:boolean IsFolderContact?:boolean
  EditItems?:PermissionAction DeleteItems?:PermissionAction
Body ~string @BodyType:BodyType @IsTruncated?:boolean
BodyTypeResponse ~ Best HTML Text
BodyType ~ HTML Text
CalendarFolder <BaseFolder SharingEffectiveRights?:CalendarPermissionReadAccess PermissionSet?:any
CalendarItemCreateOrDeleteOperation ~ SendToNone SendOnlyToAll SendToAllAndSaveCopy
CalendarItemUpdateOperation ~ SendToNone SendOnlyToAll SendOnlyToChanged SendToAllAndSaveCopy
  SendToChangedAndSaveCopy
CalendarPermissionReadAccess ~ None TimeOnly TimeAndSubjectAndLocation FullDetails
ChangeDescription %Path
CompleteName Title?:string FirstName?:string MiddleName?:string LastName?:string Suffix?:string
  Initials?:string FullName?:string Nickname?:string YomiFirstName?:string YomiLastName?:string
ConflictResolution ~ NeverOverwrite AutoResolve AlwaysOverwrite
ConnectingSID
  (PrincipalName:PrincipalName|SID:SID|PrimarySmtpAddress:PrimarySmtpAddress|
    SmtpAddress:SmtpAddress)
ConstantValue @Value:string
ConsumerCalendarId @OwnerPuid:int @OwnerCid?:int @CalendarGuid:Guid
ContactItem <Item FileAs?:string FileAsMapping?:FileAsMapping DisplayName?:string
  GivenName?:string Initials?:string MiddleName?:string Nickname?:string
  CompleteName?:CompleteName CompanyName?:string EmailAddresses?:EmailAddressDictionary
  PhysicalAddresses?:PhysicalAddressDictionary PhoneNumbers?:PhoneNumberDictionary
  AssistantName?:string Birthday?:dateTime BusinessHomePage?:string Children?:ArrayOfStrings
  Companies?:ArrayOfStrings ContactSource?:ContactSource Department?:string Generation?:string
  ImAddresses?:ImAddressDictionary JobTitle?:string Manager?:string Mileage?:string
  OfficeLocation?:string PostalAddressIndex?:PhysicalAddressIndex Profession?:string
  SpouseName?:string Surname?:string WeddingAnniversary?:dateTime BirthdayLocal?:dateTime
  WeddingAnniversaryLocal?:dateTime HasPicture?:boolean PhoneticFullName?:string
  PhoneticFirstName?:string PhoneticLastName?:string Alias?:string Notes?:string Photo?:base64
  UserSMIMECertificate?:ArrayOfBinary MSExchangeCertificate?:ArrayOfBinary DirectoryId?:string
  ManagerMailbox?:SingleRecipient DirectReports?:ArrayOfRecipients AccountName?:string
  IsAutoUpdateDisabled?:boolean IsMessengerEnabled?:boolean Comment?:string ContactShortId?:int
  ContactType?:string Gender?:string IsHidden?:boolean ObjectId?:string PassportId?:int
  IsPrivate?:boolean SourceId?:string TrustLevel?:int CreatedBy?:string Urls?:any
  AbchEmailAddresses?:any Cid?:int SkypeAuthCertificate?:string SkypeContext?:string
  SkypeId?:string SkypeRelationship?:string YomiNickname?:string XboxLiveTag?:string
  InviteFree?:boolean HidePresenceAndProfile?:boolean IsPendingOutbound?:boolean
  SupportGroupFeeds?:boolean UserTileHash?:string UnifiedInbox?:boolean Mris?:ArrayOfStrings
  Wlid?:string AbchContactId?:Guid NotInBirthdayCalendar?:boolean ShellContactType?:string
  ImMri?:int PresenceTrustLevel?:string OtherMri?:string ProfileLastChanged?:string
  MobileImEnabled?:boolean DisplayNamePrefix?:string YomiGivenName?:string YomiSurname?:string
  PersonalNotes?:string PersonId?:ItemId
ContactSource ~ ActiveDirectory Store
ContactsFolder <BaseFolder SharingEffectiveRights?:PermissionReadAccess
  PermissionSet?:PermissionSet SourceId?:string AccountName?:string
ContactsView <BasePaging @InitialName?:string @FinalName?:string
ContainmentComparison ~ Exact IgnoreCase IgnoreNonSpacingCharacters Loose
  IgnoreCaseAndNonSpacingCharacters LooseAndIgnoreCase LooseAndIgnoreNonSpace
  LooseAndIgnoreCaseAndIgnoreNonSpace
ContainmentMode ~ FullString Prefixed Substring PrefixOnWords ExactPhrase
ContainsExpression @ContainmentMode?:ContainmentMode @ContainmentComparison?:ContainmentComparison
  %Path Constant:ConstantValue
DefaultShapeNames ~ IdOnly Default AllProperties
DeleteFolderField <FolderChangeDescription
DeleteItemField <ItemChangeDescription
DictionaryURI ~ item:InternetMessageHeader contacts:ImAddress contacts:PhysicalAddress:Street
  contacts:PhysicalAddress:City contacts:PhysicalAddress:State
  contacts:PhysicalAddress:CountryOrRegion contacts:PhysicalAddress:PostalCode
  contacts:PhoneNumber contacts:EmailAddress distributionlist:Members:Member
Disposal ~ HardDelete SoftDelete MoveToDeletedItems
DistinguishedFolderIdName ~ calendar contacts deleteditems drafts inbox journal notes outbox
  sentitems tasks msgfolderroot publicfoldersroot root junkemail searchfolders voicemail
  recoverableitemsroot recoverableitemsdeletions recoverableitemsversions recoverableitemspurges
  recoverableitemsdiscoveryholds archiveroot archivemsgfolderroot archivedeleteditems archiveinbox
  archiverecoverableitemsroot archiverecoverableitemsdeletions archiverecoverableitemsversions
  archiverecoverableitemspurges archiverecoverableitemsdiscoveryholds syncissues conflicts
  localfailures serverfailures recipientcache quickcontacts conversationhistory adminauditlogs
  todosearch mycontacts directory imcontactlist peopleconnect favorites mecontact personmetadata
DistinguishedFolderId @Id:DistinguishedFolderIdName @ChangeKey?:string Mailbox?:EmailAddress
DistinguishedPropertySet ~ Meeting Appointment Common PublicStrings Address InternetHeaders
  CalendarAssistant UnifiedMessaging Task Sharing
DistinguishedUser ~ Default Anonymous
DistributionList <Item DisplayName?:string FileAs?:string ContactSource?:ContactSource
  Members?:MembersList
EffectiveRights CreateAssociated:boolean CreateContents:boolean CreateHierarchy:boolean
  Delete:boolean Modify:boolean Read:boolean ViewPrivateItems?:boolean
EmailAddressDictionaryEntry ~string @Key:EmailAddressKey @Name?:string @RoutingType?:string
  @MailboxType?:MailboxType
EmailAddressDictionary Entry+:EmailAddressDictionaryEntry
EmailAddressKey ~ EmailAddress1 EmailAddress2 EmailAddress3
EmailAddress Name?:string EmailAddress?:NonEmptyString RoutingType?:NonEmptyString
  MailboxType?:MailboxType ItemId?:ItemId OriginalDisplayName?:string
ExceptionPropertyURI ~ attachment:Name attachment:ContentType attachment:Content recurrence:Month
  recurrence:DayOfWeekIndex recurrence:DaysOfWeek recurrence:DayOfMonth recurrence:Interval
  recurrence:NumberOfOccurrences timezone:Offset
ExchangeImpersonation ConnectingSID:ConnectingSID
Excludes %Path Bitmask:ExcludesValue
ExcludesValue @Value:ExcludesAttribute
Exists %Path
ExtendedProperty ExtendedFieldURI:PathToExtendedField
  (Value:string|Values:NonEmptyArrayOfPropertyValues)
FieldOrder @Order:SortDirection %Path
FieldURIOrConstant (%Path|Constant:ConstantValue)
FileAsMapping ~ None LastCommaFirst FirstSpaceLast Company LastCommaFirstCompany CompanyLastFirst
  LastFirst LastFirstCompany CompanyLastCommaFirst LastFirstSuffix LastSpaceFirstCompany
  CompanyLastSpaceFirst LastSpaceFirst DisplayName FirstName LastFirstMiddleSuffix LastName Empty
FileAttachment <Attachment IsContactPhoto?:boolean Content?:base64
FlagStatus ~ NotFlagged Flagged Complete
Flag FlagStatus:FlagStatus StartDate?:dateTime DueDate?:dateTime CompleteDate?:dateTime
FolderChangeDescription <ChangeDescription
FolderChange (FolderId:FolderId|DistinguishedFolderId:DistinguishedFolderId)
  Updates:NonEmptyArrayOfFolderChangeDescriptions
FolderId @Id:string @ChangeKey?:string
FolderQueryTraversal ~ Shallow Deep SoftDeleted
FolderResponseShape BaseShape:DefaultShapeNames
  AdditionalProperties?:NonEmptyArrayOfPathsToElement
Folder <BaseFolder PermissionSet?:PermissionSet UnreadCount?:int
FractionalPageView <BasePaging @Numerator:int @Denominator:int
IdFormat ~ EwsLegacyId EwsId EntryId HexEntryId StoreId OwaId
ImAddressDictionaryEntry ~string @Key:ImAddressKey
ImAddressDictionary Entry+:ImAddressDictionaryEntry
ImAddressKey ~ ImAddress1 ImAddress2 ImAddress3
ImportanceChoices ~ Low Normal High
IndexBasePoint ~ Beginning End
IndexedPageView <BasePaging @Offset:int @BasePoint:IndexBasePoint
IsEqualTo <TwoOperandExpression
ItemChangeDescription <ChangeDescription
ItemChange
  (ItemId:ItemId|OccurrenceItemId:OccurrenceItemId|RecurringMasterItemId:RecurringMasterItemId)
  Updates:NonEmptyArrayOfItemChangeDescriptions
ItemId @Id:string @ChangeKey?:string
ItemQueryTraversal ~ Shallow SoftDeleted Associated
ItemResponseShape BaseShape:DefaultShapeNames IncludeMimeContent?:boolean
  BodyType?:BodyTypeResponse UniqueBodyType?:BodyTypeResponse NormalizedBodyType?:BodyTypeResponse
  FilterHtmlContent?:boolean ConvertHtmlCodePageToUTF8?:boolean InlineImageUrlTemplate?:string
  BlockExternalImages?:boolean AddBlankTargetToLinks?:boolean MaximumBodySize?:int
  AdditionalProperties?:NonEmptyArrayOfPathsToElement
Item MimeContent?:MimeContent ItemId?:ItemId ParentFolderId?:FolderId ItemClass?:ItemClass
  Subject?:string Sensitivity?:SensitivityChoices Body?:Body
  Attachments?:NonEmptyArrayOfAttachments DateTimeReceived?:dateTime Size?:int
  Categories?:ArrayOfStrings Importance?:ImportanceChoices InReplyTo?:string IsSubmitted?:boolean
  IsDraft?:boolean IsFromMe?:boolean IsResend?:boolean IsUnmodified?:boolean
  InternetMessageHeaders?:any DateTimeSent?:dateTime DateTimeCreated?:dateTime
  ResponseObjects?:any ReminderDueBy?:dateTime ReminderIsSet?:boolean ReminderNextTime?:dateTime
  ReminderMinutesBeforeStart?:ReminderMinutesBeforeStart DisplayCc?:string DisplayTo?:string
  HasAttachments?:boolean ExtendedProperty*:ExtendedProperty Culture?:string
  EffectiveRights?:EffectiveRights LastModifiedName?:string LastModifiedTime?:dateTime
  IsAssociated?:boolean WebClientReadFormQueryString?:string WebClientEditFormQueryString?:string
  ConversationId?:ItemId UniqueBody?:Body Flag?:Flag StoreEntryId?:base64 InstanceKey?:base64
  NormalizedBody?:Body EntityExtractionResult?:any PolicyTag?:any ArchiveTag?:any
  RetentionDate?:dateTime Preview?:string RightsManagementLicenseData?:any
  PredictedActionReasons?:any IsClutter?:boolean NextPredictedAction?:any GroupingAction?:any
  BlockStatus?:boolean HasBlockedImages?:boolean TextBody?:Body IconIndex?:any
  MimeContentUTF8?:MimeContentUTF8 SearchKey?:base64 SortKey?:int Hashtags?:ArrayOfStrings
  Mentions?:ArrayOfRecipients MentionedMe?:boolean PendingSocialActivityTagIds?:ArrayOfStrings
MailboxType ~ Unknown OneOff Mailbox PublicDL PrivateDL Contact PublicFolder GroupMailbox
MapiPropertyType ~ ApplicationTime ApplicationTimeArray Binary BinaryArray Boolean CLSID
  CLSIDArray Currency CurrencyArray Double DoubleArray Error Float FloatArray Integer IntegerArray
  Long LongArray Null Object ObjectArray Short ShortArray SystemTime SystemTimeArray String
  StringArray
MemberStatus ~ Unrecognized Normal Demoted
Member @Key?:string Mailbox?:EmailAddress Status?:MemberStatus
MembersList Member*:Member
MessageDisposition ~ SaveOnly SendOnly SendAndSaveCopy
Message <Item Sender?:SingleRecipient ToRecipients?:ArrayOfRecipients
  CcRecipients?:ArrayOfRecipients BccRecipients?:ArrayOfRecipients IsReadReceiptRequested?:boolean
  IsDeliveryReceiptRequested?:boolean ConversationIndex?:base64 ConversationTopic?:string
  From?:SingleRecipient InternetMessageId?:string IsRead?:boolean IsResponseRequested?:boolean
  References?:string ReplyTo?:ArrayOfRecipients ReceivedBy?:SingleRecipient
  ReceivedRepresenting?:SingleRecipient ApprovalRequestData?:any VotingInformation?:any
  ReminderMessageData?:any
MimeContent ~string @CharacterSet?:string
MimeContentUTF8 ~string @CharacterSet?:string
MultipleOperandBooleanExpression %SearchExpression+
NonEmptyArrayOfAllItems
  (Item:Item|Message:Message|CalendarItem:any|Contact:ContactItem|
    DistributionList:DistributionList|MeetingMessage:any|MeetingRequest:any|MeetingResponse:any|
    MeetingCancellation:any|Task:any|PostItem:PostItem|ReplyToItem:any|ForwardItem:any|
    ReplyAllToItem:any|AcceptItem:any|TentativelyAcceptItem:any|DeclineItem:any|
    CancelCalendarItem:any|RemoveItem:any|SuppressReadReceipt:any|PostReplyItem:any|
    AcceptSharingInvitation:any|RoleMember:any|Network:any|Person:any)+
NonEmptyArrayOfAlternateIds
  (AlternateId:AlternateId|AlternatePublicFolderId:AlternatePublicFolderId|
    AlternatePublicFolderItemId:AlternatePublicFolderItemId)+
NonEmptyArrayOfAttachments
  (ItemAttachment:any|FileAttachment:FileAttachment|ReferenceAttachment:any)+
NonEmptyArrayOfBaseFolderIds (FolderId:FolderId|DistinguishedFolderId:DistinguishedFolderId)+
NonEmptyArrayOfBaseItemIds
  (ItemId:ItemId|OccurrenceItemId:OccurrenceItemId|RecurringMasterItemId:RecurringMasterItemId|
    RecurringMasterItemIdRanges:any)+
NonEmptyArrayOfFieldOrders FieldOrder+:FieldOrder
NonEmptyArrayOfFolderChangeDescriptions
  (AppendToFolderField:AppendToFolderField|SetFolderField:SetFolderField|
    DeleteFolderField:DeleteFolderField)+
NonEmptyArrayOfFolderChanges FolderChange+:FolderChange
NonEmptyArrayOfFolders
  (Folder:Folder|CalendarFolder:CalendarFolder|ContactsFolder:ContactsFolder|
    SearchFolder:SearchFolder|TasksFolder:TasksFolder)+
NonEmptyArrayOfItemChangeDescriptions
  (AppendToItemField:AppendToItemField|SetItemField:SetItemField|DeleteItemField:DeleteItemField)+
NonEmptyArrayOfItemChanges ItemChange+:ItemChange
NonEmptyArrayOfPathsToElement %Path+
NonEmptyArrayOfPropertyValues Value+:string
NonEmptyArrayOfRequestAttachmentIds AttachmentId+:RequestAttachmentId
NonEmptyArrayOfTimeZoneId Id+:string
Not %SearchExpression
OccurrenceItemId @RecurringMasterId:DerivedItemId @ChangeKey?:string @InstanceIndex:int
PathToExceptionField @FieldURI:ExceptionPropertyURI
PathToExtendedField @DistinguishedPropertySetId?:DistinguishedPropertySet @PropertySetId?:Guid
  @PropertyTag?:PropertyTag @PropertyName?:string @PropertyId?:int @PropertyType:MapiPropertyType
PathToIndexedField @FieldURI:DictionaryURI @FieldIndex:string
PathToUnindexedField @FieldURI:UnindexedFieldURI
PermissionAction ~ None Owned All
PermissionLevel ~ None Owner PublishingEditor Editor PublishingAuthor Author NoneditingAuthor
  Reviewer Contributor Custom
PermissionReadAccess ~ None FullDetails
PermissionSet Permissions:ArrayOfPermissions UnknownEntries?:ArrayOfUnknownEntries
Permission <BasePermission ReadItems?:PermissionReadAccess PermissionLevel:PermissionLevel
PhoneNumberDictionaryEntry ~string @Key:PhoneNumberKey
PhoneNumberDictionary Entry+:PhoneNumberDictionaryEntry
PhoneNumberKey ~ AssistantPhone BusinessFax BusinessPhone BusinessPhone2 Callback CarPhone
  CompanyMainPhone HomeFax HomePhone HomePhone2 Isdn MobilePhone OtherFax OtherTelephone Pager
  PrimaryPhone RadioPhone Telex TtyTddPhone BusinessMobile IPPhone Mms Msn
PhysicalAddressDictionaryEntry @Key:PhysicalAddressKey Street?:string City?:string State?:string
  CountryOrRegion?:string PostalCode?:string
PhysicalAddressDictionary Entry+:PhysicalAddressDictionaryEntry
PhysicalAddressIndex ~ None Business Home Other
PhysicalAddressKey ~ Business Home Other
PostItem <Item ConversationIndex?:base64 ConversationTopic?:string From?:SingleRecipient
  InternetMessageId?:string IsRead?:boolean PostedTime?:dateTime References?:string
  Sender?:SingleRecipient
PrimarySmtpAddress ~NonEmptyString
PrincipalName ~NonEmptyString
RecurringMasterItemId @OccurrenceId:DerivedItemId @ChangeKey?:string
RequestAttachmentId @Id:string
ResolveNamesSearchScope ~ ActiveDirectory ActiveDirectoryContacts Contacts ContactsActiveDirectory
Restriction %SearchExpression
SID ~NonEmptyString
SearchFolder <Folder SearchParameters?:any
SeekToConditionPageView <BasePaging @BasePoint:IndexBasePoint Condition:Restriction
SensitivityChoices ~ Normal Personal Private Confidential
SetFolderField <FolderChangeDescription
  (Folder:Folder|CalendarFolder:CalendarFolder|ContactsFolder:ContactsFolder|
    SearchFolder:SearchFolder|TasksFolder:TasksFolder)
SetItemField <ItemChangeDescription
  (Item:Item|Message:Message|CalendarItem:any|Contact:ContactItem|
    DistributionList:DistributionList|MeetingMessage:any|MeetingRequest:any|MeetingResponse:any|
    MeetingCancellation:any|Task:any|PostItem:PostItem|RoleMember:any|Network:any|Person:any)
SingleRecipient Mailbox:EmailAddress
SmtpAddress ~NonEmptyString
SortDirection ~ Ascending Descending
SyncFolderItemsScope ~ NormalItems NormalAndAssociatedItems
TargetFolderId
  (FolderId:FolderId|DistinguishedFolderId:DistinguishedFolderId|AddressListId:AddressListId|
    ConsumerCalendarId:ConsumerCalendarId)
TasksFolder <Folder
TwoOperandExpression %Path FieldURIOrConstant:FieldURIOrConstant
UserId SID?:string PrimarySmtpAddress?:string DisplayName?:string
  DistinguishedUser?:DistinguishedUser ExternalUserIdentity?:string
UserPhotoSize ~ HR48x48 HR64x64 HR96x96 HR120x120 HR240x240 HR360x360 HR432x432 HR504x504
  HR648x648
`
