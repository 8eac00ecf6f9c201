// The first-class properties of items: one row per element, in the order in which Exchange writes them.
//
//   access   rw  clients may set it        ro  the server owns it        no  known, but never there
//   shape    in which base shape it comes: id < default < all < ask (only when asked for by name)
//
// A stored value's key is its field URI; the parts of a dictionary follow after a slash, what belongs to
// a value after a hash: `contacts:GivenName`, `contacts:EmailAddress/EmailAddress1`,
// `contacts:EmailAddress/EmailAddress1#Name`, `contacts:PhysicalAddress:City/Home`, `item:Body#Type`.

/** How a field's content is written and read. */
export type FieldKind =
  | 'text'
  | 'date'
  | 'boolean'
  | 'integer'
  | 'strings'
  | 'body'
  | 'flag'
  | 'emails'
  | 'addresses'
  | 'phones'
  | 'ims'
  | 'members'
  | 'computed'

/** One property of an item. */
export type Field = Readonly<{
  name: string
  uri: string
  kind: FieldKind
  access: 'rw' | 'ro' | 'no'
  shape: 'id' | 'default' | 'all' | 'ask'
  /** The oldest request version whose base shapes have it, as a year. */
  since: number
}>

/** What items there are. */
export type ItemKind = 'Contact' | 'DistributionList' | 'Message' | 'PostItem' | 'Item'

const ITEM = `
MimeContent computed no ask
ItemId computed ro id
ParentFolderId computed ro all
ItemClass text rw all
Subject text rw default
Sensitivity text rw default
Body body rw default
Attachments computed ro default
DateTimeReceived computed ro all
Size computed ro all
Categories strings rw all
Importance text rw all
InReplyTo text rw ask
IsSubmitted computed ro all
IsDraft computed ro all
IsFromMe computed ro all
IsResend computed ro all
IsUnmodified computed ro all
InternetMessageHeaders computed no ask
DateTimeSent computed ro all
DateTimeCreated computed ro all
ResponseObjects computed no ask
ReminderDueBy date rw all
ReminderIsSet boolean rw all
ReminderNextTime computed no ask
ReminderMinutesBeforeStart integer rw all
DisplayCc computed ro all
DisplayTo computed ro all
HasAttachments computed ro default
ExtendedProperty computed ro ask
Culture text rw default
EffectiveRights computed ro all
LastModifiedName computed ro all
LastModifiedTime computed ro all
IsAssociated computed ro all 2010
WebClientReadFormQueryString computed no ask
WebClientEditFormQueryString computed no ask
ConversationId computed no ask
UniqueBody computed no ask
Flag flag rw all 2013
StoreEntryId computed ro ask 2010
InstanceKey computed ro ask 2013
NormalizedBody computed no ask
EntityExtractionResult computed no ask
PolicyTag computed no ask
ArchiveTag computed no ask
RetentionDate computed no ask
Preview computed no ask
RightsManagementLicenseData computed no ask
PredictedActionReasons computed no ask
IsClutter computed no ask
NextPredictedAction computed no ask
GroupingAction computed no ask
BlockStatus computed no ask
HasBlockedImages computed no ask
TextBody computed ro ask
IconIndex computed no ask
MimeContentUTF8 computed no ask
SearchKey computed ro ask 2016
Hashtags computed no ask
Mentions computed no ask
MentionedMe computed no ask
PendingSocialActivityTagIds computed no ask
`

const CONTACT = `
FileAs text rw default
FileAsMapping text rw all
DisplayName text rw default
GivenName text rw all
Initials text rw all
MiddleName text rw all
Nickname text rw all
CompleteName computed ro default
CompanyName text rw default
EmailAddresses emails rw default
PhysicalAddresses addresses rw default
PhoneNumbers phones rw default
AssistantName text rw all
Birthday date rw all
BusinessHomePage text rw default
Children strings rw all
Companies strings rw all
ContactSource computed ro all
Department text rw all
Generation text rw all
ImAddresses ims rw default
JobTitle text rw default
Manager text rw all
Mileage text rw all
OfficeLocation text rw all
PostalAddressIndex text rw all
Profession text rw all
SpouseName text rw all
Surname text rw all
WeddingAnniversary date rw all
BirthdayLocal date rw ask 2016
WeddingAnniversaryLocal date rw ask 2016
HasPicture computed ro all 2010
`

const CONTACT_PLUMBING =
  'PhoneticFullName PhoneticFirstName PhoneticLastName Alias Notes Photo UserSMIMECertificate ' +
  'MSExchangeCertificate DirectoryId ManagerMailbox DirectReports AccountName IsAutoUpdateDisabled ' +
  'IsMessengerEnabled Comment ContactShortId ContactType Gender IsHidden ObjectId PassportId ' +
  'IsPrivate SourceId TrustLevel CreatedBy Urls AbchEmailAddresses Cid SkypeAuthCertificate ' +
  'SkypeContext SkypeId SkypeRelationship YomiNickname XboxLiveTag InviteFree ' +
  'HidePresenceAndProfile IsPendingOutbound SupportGroupFeeds UserTileHash UnifiedInbox Mris Wlid ' +
  'AbchContactId NotInBirthdayCalendar ShellContactType ImMri PresenceTrustLevel OtherMri ' +
  'ProfileLastChanged MobileImEnabled DisplayNamePrefix YomiGivenName YomiSurname PersonalNotes PersonId'

const LIST = `
DisplayName text rw default
FileAs text ro default
ContactSource computed ro all
Members members rw all
`

const items = rows('item', ITEM)
const contacts = [
  ...rows('contacts', CONTACT),
  ...CONTACT_PLUMBING.split(' ').map((name) => row('contacts', `${name} computed no ask`)),
]
const list = rows('contacts', LIST).map((field) =>
  field.name === 'Members' ? { ...field, uri: 'distributionlist:Members' } : field,
)

const FIELDS: Readonly<Record<ItemKind, readonly Field[]>> = {
  Contact: [...items, ...contacts],
  DistributionList: [...items, ...list],
  Message: items,
  PostItem: items,
  Item: items,
}

/** Phone slots, in the order of the schema. */
export const PHONES =
  'AssistantPhone BusinessFax BusinessPhone BusinessPhone2 Callback CarPhone CompanyMainPhone HomeFax HomePhone HomePhone2 Isdn MobilePhone OtherFax OtherTelephone Pager PrimaryPhone RadioPhone Telex TtyTddPhone BusinessMobile IPPhone Mms Msn'.split(
    ' ',
  )
/** E-mail slots. */
export const EMAILS = ['EmailAddress1', 'EmailAddress2', 'EmailAddress3']
/** Slots for instant messaging. */
export const IMS = ['ImAddress1', 'ImAddress2', 'ImAddress3']
/** Postal addresses. */
export const ADDRESSES = ['Business', 'Home', 'Other']
/** The parts of a postal address, in the order of the schema. */
export const ADDRESS_PARTS = ['Street', 'City', 'State', 'CountryOrRegion', 'PostalCode']

/** For each dictionary that is addressed by `IndexedFieldURI`: its element, and its slots. */
export const DICTIONARIES: ReadonlyMap<
  string,
  Readonly<{ element: string; slots: string[] }>
> = new Map([
  ['contacts:EmailAddress', { element: 'EmailAddresses', slots: EMAILS }],
  ['contacts:PhoneNumber', { element: 'PhoneNumbers', slots: PHONES }],
  ['contacts:ImAddress', { element: 'ImAddresses', slots: IMS }],
  ...ADDRESS_PARTS.map(
    (part) =>
      [
        `contacts:PhysicalAddress:${part}`,
        { element: 'PhysicalAddresses', slots: ADDRESSES },
      ] as const,
  ),
])

/** The fields of a kind of item, in schema order. */
export function fieldsOf(kind: ItemKind): readonly Field[] {
  return FIELDS[kind]
}

const byName = new Map(
  Object.entries(FIELDS).map(([kind, fields]) => [
    kind,
    new Map(fields.map((field) => [field.name, field])),
  ]),
)
const byUri = new Map(
  Object.entries(FIELDS).map(([kind, fields]) => [
    kind,
    new Map(fields.map((field) => [field.uri, field])),
  ]),
)

/** The field that an element of an item holds. */
export function fieldNamed(kind: ItemKind, name: string): Field | undefined {
  return byName.get(kind)?.get(name)
}

/** The field that a URI names, for one kind of item. */
export function fieldAt(kind: ItemKind, uri: string): Field | undefined {
  return byUri.get(kind)?.get(uri)
}

function rows(scope: string, table: string): Field[] {
  return table
    .trim()
    .split('\n')
    .map((line) => row(scope, line))
}

function row(scope: string, line: string): Field {
  const [name = '', kind, access, shape, since = '2007'] = line.split(' ')
  return {
    name,
    uri: `${scope}:${name}`,
    kind: kind as FieldKind,
    access: access as Field['access'],
    shape: shape as Field['shape'],
    since: Number(since),
  }
}
