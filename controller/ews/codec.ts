// A kind of item as the EWS adapters must know it: which folders hold it, which element it is, and how it is read and
// written. An adapter is given one; only a codec's own files name a field or an element of an item.

import type { Item, ItemType, Patch } from '../core/item.ts'
import type { Node, Xml } from './xml.ts'

/** One kind of item in EWS. */
export type Codec = Readonly<{
  type: ItemType
  /** The class of its folders and of their sub-classes: `IPF.Contact`. */
  folderClass: string
  /** The element of such a folder; the library calls its class the same. */
  folderElement: 'ContactsFolder' | 'CalendarFolder' | 'TasksFolder'
  /** The element of an item, without a prefix: `Contact`. */
  element: string
  /** The elements that `itemOf` and `holds` read directly within an item; all others are dropped while an answer comes. */
  elements: readonly string[]
  /** The t:AdditionalProperties that show all that `itemOf` reads. */
  shape: Xml
  /** May what a listing shows be such an item? A listing shows no more than ids. */
  listed(node: Node): boolean
  /** Is this such an item, read whole? Everything else in its folder is left alone. */
  holds(node: Node): boolean
  /** The item that an element shows, without characters that XML forbids. */
  itemOf(node: Node): Item
  /** The inside of a new item's element; `extended` are more extended properties than those of its fields. */
  newXml(item: Item, extended: Xml): Xml
  /** The t:Updates of a patch towards what is agreed; empty when nothing is to be said to the server. */
  updatesXml(patch: Patch, agreed: Item): Xml
}>

/** Is a class, of a folder or an item, that one or one below it? `IPF.Contact.X` is one of `IPF.Contact`. */
export function isOfClass(name: string, wanted: string): boolean {
  const [one, other] = [name.toLowerCase(), wanted.toLowerCase()]
  return one === other || one.startsWith(`${other}.`)
}
