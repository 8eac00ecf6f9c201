// One property of an item by its key, as text: what is stored, and what the server works out. Restrictions,
// sort orders and extended properties read items through this one door.

import { htmlOfText, textOfHtml } from '../store/derive.ts'
import { keyOf } from '../store/ids.ts'
import { changeKeyOf, type Item } from '../store/item.ts'
import { textAt, timestamp, type Value } from '../store/values.ts'

/** What there is under a key; undefined when the item has no such property. */
export function propertyOf(item: Item, key: string): Value | undefined {
  const computed = COMPUTED[key]
  return computed ? computed(item) : item.values.get(key)
}

const COMPUTED: Readonly<Record<string, (item: Item) => Value | undefined>> = {
  'item:ItemId': (item) => item.id,
  'item:ChangeKey': changeKeyOf,
  'item:ParentFolderId': (item) => item.folder.id,
  'item:DateTimeReceived': (item) => timestamp(item.createdMs),
  'item:DateTimeSent': (item) => timestamp(item.createdMs),
  'item:DateTimeCreated': (item) => timestamp(item.createdMs),
  'item:LastModifiedTime': (item) => timestamp(item.modifiedMs),
  'item:LastModifiedName': (item) => item.modifier,
  'item:Size': (item) => String(sizeOf(item)),
  'item:HasAttachments': (item) => String(item.attachments.some(({ photo }) => !photo)),
  'item:Importance': (item) => textAt(item.values, 'item:Importance') ?? 'Normal',
  'item:Sensitivity': (item) => textAt(item.values, 'item:Sensitivity') ?? 'Normal',
  'item:ReminderIsSet': (item) => textAt(item.values, 'item:ReminderIsSet') ?? 'false',
  'item:Culture': (item) => textAt(item.values, 'item:Culture') ?? 'en-US',
  'item:IsSubmitted': () => 'false',
  'item:IsDraft': () => 'false',
  'item:IsFromMe': () => 'false',
  'item:IsResend': () => 'false',
  'item:IsUnmodified': () => 'false',
  'item:IsAssociated': () => 'false',
  'item:DisplayCc': () => '',
  'item:DisplayTo': () => '',
  'item:SearchKey': (item) => keyOf(item.searchSeed),
  'item:InstanceKey': (item) => Buffer.from(String(item.serial)).toString('base64'),
  'item:StoreEntryId': (item) => item.id,
  'item:IsPrivate': (item) => String(textAt(item.values, 'item:Sensitivity') === 'Private'),
  // Grows within a folder, which DavMail relies on when it pages.
  'item:ArticleNumber': (item) => String(item.serial),
  'item:TextBody': (item) => bodyOf(item, 'Text')?.text,
  'item:HtmlBody': (item) => bodyOf(item, 'HTML')?.text,
  'contacts:HasPicture': (item) => String(item.attachments.some(({ photo }) => photo)),
  'contacts:ContactSource': () => 'Store',
}

/** The body in the form somebody wants, converted when it is kept in another. */
export function bodyOf(
  item: Item,
  wanted: 'Best' | 'HTML' | 'Text',
): Readonly<{ type: 'HTML' | 'Text'; text: string }> | undefined {
  const text = textAt(item.values, 'item:Body')
  if (text === undefined) return undefined
  const type = textAt(item.values, 'item:Body#Type') === 'HTML' ? 'HTML' : 'Text'
  if (wanted === 'Best' || wanted === type) return { type, text }
  return wanted === 'HTML'
    ? { type: 'HTML', text: htmlOfText(text) }
    : { type: 'Text', text: textOfHtml(text) }
}

function sizeOf(item: Item): number {
  let size = 600
  for (const value of item.values.values()) size += 16 + 2 * value.length
  for (const { content } of item.attachments) size += content.length
  return size
}

/** Words that are numbers in MAPI. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  'item:Sensitivity': ['Normal', 'Personal', 'Private', 'Confidential'],
  'item:Importance': ['Low', 'Normal', 'High'],
}

/** A property as an extended property of some type shows it. */
export function extendedValueOf(item: Item, key: string, type: string): Value | undefined {
  const value = propertyOf(item, key)
  const numbers = NUMBERS[key]
  if (numbers && type === 'Integer') return String(Math.max(0, numbers.indexOf(String(value))))
  return value
}

/** The word that a MAPI number stands for; undefined when the number means nothing. */
export function wordOf(key: string, number: string): string | undefined {
  return NUMBERS[key]?.[Number(number)]
}
