// A codec: one kind of item for the EWS adapters. It has the class of the kind's folders, its element, and functions
// that read and write it. Only a codec's own files name a field or an element of an item.

import type { Item, ItemType, Patch } from '../core/item.ts'
import type { Node, Xml } from './xml.ts'

/** One kind of item in EWS. */
export type Codec = Readonly<{
  type: ItemType
  /** The class of its folders and of their sub-classes: `IPF.Contact`. */
  folderClass: string
  /** The element of such a folder; the library's class has the same name. */
  folderElement: 'ContactsFolder' | 'CalendarFolder' | 'TasksFolder'
  /** The element of an item, without a prefix: `Contact`. */
  element: string
  /** The elements directly within an item that `itemOf` and `holds` read; others are dropped as an answer arrives. */
  elements: readonly string[]
  /** The t:AdditionalProperties that request everything that `itemOf` reads. */
  shape: Xml
  /** May this element of a listing be such an item? A listing contains only ids. */
  listed(node: Node): boolean
  /** Is this complete element such an item? Other items in the folder stay untouched. */
  holds(node: Node): boolean
  /** The element within an item whose value EWS does not define: no server takes it back. Undefined if there is none. */
  undefinedIn(node: Node): string | undefined
  /** The item of an element, without characters that XML forbids. */
  itemOf(node: Node): Item
  /** The inside of a new item's element; `extended`: further extended properties, besides those of its fields. */
  newXml(item: Item, extended: Xml): Xml
  /** The t:Updates of a patch towards the agreed item; empty if the server need not change anything. */
  updatesXml(patch: Patch, agreed: Item): Xml
}>

/** Is a class of a folder or an item equal to `wanted`, or below it? `IPF.Contact.X` is below `IPF.Contact`. */
export function isOfClass(name: string, wanted: string): boolean {
  const [one, other] = [name.toLowerCase(), wanted.toLowerCase()]
  return one === other || one.startsWith(`${other}.`)
}
