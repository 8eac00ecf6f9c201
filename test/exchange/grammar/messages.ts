// The requests that the embedded Exchange understands, after Microsoft's messages.xsd. See grammar.ts for
// how to read a line.

/** Types whose elements live in the messages namespace. */
export const MESSAGES = `
BaseMoveCopyFolder ToFolderId:TargetFolderId FolderIds:NonEmptyArrayOfBaseFolderIds
BaseMoveCopyItem ToFolderId:TargetFolderId ItemIds:NonEmptyArrayOfBaseItemIds
  ReturnNewItemIds?:boolean
ConvertId @DestinationFormat:IdFormat SourceIds:NonEmptyArrayOfAlternateIds
CopyItem <BaseMoveCopyItem
CreateAttachment ParentItemId:ItemId Attachments:NonEmptyArrayOfAttachments
CreateFolder ParentFolderId:TargetFolderId Folders:NonEmptyArrayOfFolders
CreateItem @MessageDisposition?:MessageDisposition
  @SendMeetingInvitations?:CalendarItemCreateOrDeleteOperation SavedItemFolderId?:TargetFolderId
  Items:NonEmptyArrayOfAllItems
DeleteAttachment AttachmentIds:NonEmptyArrayOfRequestAttachmentIds
DeleteFolder @DeleteType:Disposal FolderIds:NonEmptyArrayOfBaseFolderIds
DeleteItem @DeleteType:Disposal @SendMeetingCancellations?:CalendarItemCreateOrDeleteOperation
  @AffectedTaskOccurrences?:AffectedTaskOccurrences @SuppressReadReceipts?:boolean
  ItemIds:NonEmptyArrayOfBaseItemIds
EmptyFolder @DeleteType:Disposal @DeleteSubFolders:boolean FolderIds:NonEmptyArrayOfBaseFolderIds
FindFolder @Traversal:FolderQueryTraversal FolderShape:FolderResponseShape
  (IndexedPageFolderView:IndexedPageView|FractionalPageFolderView:FractionalPageView)?
  Restriction?:Restriction ParentFolderIds:NonEmptyArrayOfBaseFolderIds
FindItem @Traversal:ItemQueryTraversal ItemShape:ItemResponseShape
  (IndexedPageItemView:IndexedPageView|FractionalPageItemView:FractionalPageView|
    SeekToConditionPageItemView:SeekToConditionPageView|CalendarView:any|
    ContactsView:ContactsView)?
  (GroupBy:any|DistinguishedGroupBy:any)? Restriction?:Restriction
  SortOrder?:NonEmptyArrayOfFieldOrders ParentFolderIds:NonEmptyArrayOfBaseFolderIds
  QueryString?:QueryString
GetAttachment AttachmentShape?:AttachmentResponseShape
  AttachmentIds:NonEmptyArrayOfRequestAttachmentIds
GetFolder FolderShape:FolderResponseShape FolderIds:NonEmptyArrayOfBaseFolderIds
GetItem ItemShape:ItemResponseShape ItemIds:NonEmptyArrayOfBaseItemIds
GetServerTimeZones @ReturnFullTimeZoneData?:boolean Ids?:NonEmptyArrayOfTimeZoneId
GetUserPhoto Email:string SizeRequested:UserPhotoSize
MoveFolder <BaseMoveCopyFolder
MoveItem <BaseMoveCopyItem
QueryString ~string @ResetCache?:boolean @ReturnHighlightTerms?:boolean
  @ReturnDeletedItems?:boolean
ResolveNames @ReturnFullContactData:boolean @SearchScope?:ResolveNamesSearchScope
  @ContactDataShape?:DefaultShapeNames ParentFolderIds?:NonEmptyArrayOfBaseFolderIds
  UnresolvedEntry:NonEmptyString
SyncFolderHierarchy FolderShape:FolderResponseShape SyncFolderId?:TargetFolderId SyncState?:string
SyncFolderItems ItemShape:ItemResponseShape SyncFolderId:TargetFolderId SyncState?:string
  Ignore?:ArrayOfBaseItemIds MaxChangesReturned:MaxSyncChangesReturned
  SyncScope?:SyncFolderItemsScope NumberOfDays?:int MaximumCount?:int MinimumCount?:int
UpdateFolder FolderChanges:NonEmptyArrayOfFolderChanges
UpdateItem @ConflictResolution:ConflictResolution @MessageDisposition?:MessageDisposition
  @SendMeetingInvitationsOrCancellations?:CalendarItemUpdateOperation
  @SuppressReadReceipts?:boolean SavedItemFolderId?:TargetFolderId
  ItemChanges:NonEmptyArrayOfItemChanges
`
