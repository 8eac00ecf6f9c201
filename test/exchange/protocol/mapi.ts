// Extended properties: how a client names one, and which of them are first-class fields under another name.
// What is written as tag 0x3A06 is read as GivenName, and the other way round: DavMail writes whole contacts
// this way.
import type { Element } from '../xml/reader.ts'
import { attributeOf } from '../xml/writer.ts'
import { EwsError } from './errors.ts'

/** An extended property, by whichever of its names. */
export type Extended = Readonly<{
  /** Under which key the value is stored: a field's, or its own. */
  key: string
  type: string
  /** The `t:ExtendedFieldURI` that a client finds in the answer. */
  xml: string
}>

const SETS: Readonly<Record<string, string>> = {
  Meeting: '6ed8da90-450b-101b-98da-00aa003f1305',
  Appointment: '00062002-0000-0000-c000-000000000046',
  Common: '00062008-0000-0000-c000-000000000046',
  PublicStrings: '00020329-0000-0000-c000-000000000046',
  Address: '00062004-0000-0000-c000-000000000046',
  InternetHeaders: '00020386-0000-0000-c000-000000000046',
  CalendarAssistant: '11000e07-b51b-40d6-af21-caa85edab1d0',
  UnifiedMessaging: '4442858e-a9e3-4e80-b900-317a210cc15b',
  Task: '00062003-0000-0000-c000-000000000046',
  Sharing: '00062040-0000-0000-c000-000000000046',
}

const TAGS = `
0037 String item:Subject
0e1d String item:Subject
001a String item:ItemClass
1000 String item:TextBody
1013 String item:HtmlBody
3001 String contacts:DisplayName
3a05 String contacts:Generation
3a06 String contacts:GivenName
3a0a String contacts:Initials
3a11 String contacts:Surname
3a16 String contacts:CompanyName
3a17 String contacts:JobTitle
3a18 String contacts:Department
3a19 String contacts:OfficeLocation
3a30 String contacts:AssistantName
3a44 String contacts:MiddleName
3a46 String contacts:Profession
3a48 String contacts:SpouseName
3a4e String contacts:Manager
3a4f String contacts:Nickname
3a51 String contacts:BusinessHomePage
3a58 StringArray contacts:Children
3a41 SystemTime contacts:WeddingAnniversary
3a42 SystemTime contacts:Birthday
3a02 String contacts:PhoneNumber/Callback
3a08 String contacts:PhoneNumber/BusinessPhone
3a09 String contacts:PhoneNumber/HomePhone
3a1a String contacts:PhoneNumber/PrimaryPhone
3a1b String contacts:PhoneNumber/BusinessPhone2
3a1c String contacts:PhoneNumber/MobilePhone
3a1d String contacts:PhoneNumber/RadioPhone
3a1e String contacts:PhoneNumber/CarPhone
3a1f String contacts:PhoneNumber/OtherTelephone
3a21 String contacts:PhoneNumber/Pager
3a23 String contacts:PhoneNumber/OtherFax
3a24 String contacts:PhoneNumber/BusinessFax
3a25 String contacts:PhoneNumber/HomeFax
3a2c String contacts:PhoneNumber/Telex
3a2d String contacts:PhoneNumber/Isdn
3a2e String contacts:PhoneNumber/AssistantPhone
3a2f String contacts:PhoneNumber/HomePhone2
3a4b String contacts:PhoneNumber/TtyTddPhone
3a57 String contacts:PhoneNumber/CompanyMainPhone
3a59 String contacts:PhysicalAddress:City/Home
3a5a String contacts:PhysicalAddress:CountryOrRegion/Home
3a5b String contacts:PhysicalAddress:PostalCode/Home
3a5c String contacts:PhysicalAddress:State/Home
3a5d String contacts:PhysicalAddress:Street/Home
3a5f String contacts:PhysicalAddress:City/Other
3a60 String contacts:PhysicalAddress:CountryOrRegion/Other
3a61 String contacts:PhysicalAddress:PostalCode/Other
3a62 String contacts:PhysicalAddress:State/Other
3a63 String contacts:PhysicalAddress:Street/Other
0036 Integer item:Sensitivity
0017 Integer item:Importance
3007 SystemTime item:DateTimeCreated
3008 SystemTime item:LastModifiedTime
0e06 SystemTime item:DateTimeReceived
0e08 Integer item:Size
0e1b Boolean item:HasAttachments
300b Binary item:SearchKey
0ff9 Binary item:InstanceKey
0fff Binary item:StoreEntryId
3ffa String item:LastModifiedName
0e23 Integer item:ArticleNumber
`

const NAMED = `
Address/8005 String contacts:FileAs
Address/8015 Boolean contacts:HasPicture
Address/8045 String contacts:PhysicalAddress:Street/Business
Address/8046 String contacts:PhysicalAddress:City/Business
Address/8047 String contacts:PhysicalAddress:State/Business
Address/8048 String contacts:PhysicalAddress:PostalCode/Business
Address/8049 String contacts:PhysicalAddress:CountryOrRegion/Business
Address/8062 String contacts:ImAddress/ImAddress1
Address/80de SystemTime contacts:BirthdayLocal
Address/80df SystemTime contacts:WeddingAnniversaryLocal
Address/8080 String contacts:EmailAddress/EmailAddress1#Name
Address/8082 String contacts:EmailAddress/EmailAddress1#RoutingType
Address/8083 String contacts:EmailAddress/EmailAddress1
Address/8090 String contacts:EmailAddress/EmailAddress2#Name
Address/8092 String contacts:EmailAddress/EmailAddress2#RoutingType
Address/8093 String contacts:EmailAddress/EmailAddress2
Address/80a0 String contacts:EmailAddress/EmailAddress3#Name
Address/80a2 String contacts:EmailAddress/EmailAddress3#RoutingType
Address/80a3 String contacts:EmailAddress/EmailAddress3
Common/8506 Boolean item:IsPrivate
Common/8534 String contacts:Mileage
Common/8539 StringArray contacts:Companies
PublicStrings/Keywords StringArray item:Categories
`

// What Outlook's contact form has and EWS has no element for: kept under their own keys.
const FORM = `
3a00 String Account
3a07 String GovernmentIdNumber
3a0c String Language
3a0d String Location
3a10 String OrganizationalIdNumber
3a43 String Hobbies
3a45 String DisplayNamePrefix
3a47 String ReferredByName
3a49 String ComputerNetworkName
3a4a String CustomerId
3a4c String FtpSite
3a4d Short Gender
3a50 String PersonalHomePage
3a5e String HomePostOfficeBox
3a64 String OtherPostOfficeBox
Address/802b String WebPage
Address/802c String YomiFirstName
Address/802d String YomiLastName
Address/802e String YomiCompanyName
Address/804a String BusinessPostOfficeBox
Address/804f String UserField1
Address/8050 String UserField2
Address/8051 String UserField3
Address/8052 String UserField4
Address/80d8 String FreeBusyLocation
Common/8535 String BillingInformation
`

const aliases = new Map<string, string | undefined>([
  ...table(TAGS).map(([name, type, key]) => [`tag:${name}/${type}`, key] as const),
  ...table(NAMED).map(([name = '', type, key]) => [`${named(name)}/${type}`, key] as const),
])

/** The properties of Outlook's form that are no elements, by the name under which literals write them. */
export const FORM_KEYS: ReadonlyMap<string, string> = new Map(
  table(FORM).map(([name = '', type, field = '']) => [
    field,
    `x:${name.includes('/') ? named(name) : `tag:${name}`}/${type}`,
  ]),
)

function named(name: string): string {
  const [set = '', rest = ''] = name.split('/')
  const id = /^[0-9a-f]{4}$/.test(rest) ? `id:${Number.parseInt(rest, 16)}` : `name:${rest}`
  return `${SETS[set]}/${id}`
}

/** The property that a `t:ExtendedFieldURI` names. Throws `ErrorInvalidExtendedProperty`. */
export function extendedOf(path: Element): Extended {
  const { attributes: a } = path
  const type = a.PropertyType ?? ''
  const set = a.DistinguishedPropertySetId
  if (a.PropertyTag !== undefined) {
    if (set || a.PropertySetId || a.PropertyName || a.PropertyId) throw contradiction()
    const tag = Number(a.PropertyTag)
    if (tag >= 0x8000) throw new EwsError('ErrorNoPropertyTagForCustomProperties')
    const name = `tag:${tag.toString(16).padStart(4, '0')}/${type}`
    const xml = `<t:ExtendedFieldURI PropertyTag="0x${tag.toString(16)}" PropertyType="${type}"/>`
    return { key: aliases.get(name) ?? `x:${name}`, type, xml }
  }
  const guid = set ? SETS[set] : a.PropertySetId?.toLowerCase()
  const named = a.PropertyName
  const id = a.PropertyId
  const clear = (named === undefined) !== (id === undefined) && !(set && a.PropertySetId)
  if (!guid || !clear) throw contradiction()
  const name = `${guid}/${named === undefined ? `id:${Number(id)}` : `name:${named}`}/${type}`
  const xml = `<t:ExtendedFieldURI${attributeOf('DistinguishedPropertySetId', set)}${attributeOf(
    'PropertySetId',
    set ? undefined : guid,
  )}${attributeOf('PropertyName', named)}${attributeOf('PropertyId', id)} PropertyType="${type}"/>`
  return { key: aliases.get(name) ?? `x:${name}`, type, xml }
}

function contradiction(): EwsError {
  return new EwsError(
    'ErrorInvalidExtendedProperty',
    'An extended property is named either by its tag, or by a property set and a name or an id.',
  )
}

function table(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
}
