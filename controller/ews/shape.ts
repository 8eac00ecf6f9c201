// The elements of an answer that are kept; all others are dropped while it arrives.
import { itemElements } from './items.ts'
import { beside } from './operations.ts'
import type { Node } from './xml.ts'

/** Elements that contain an item. */
const holders: ReadonlySet<string> = new Set(['Items', 'Create', 'Update'])

const ofItems: ReadonlySet<string> = new Set([
  ...itemElements,
  ...beside,
  ...['ExtendedProperty', 'ItemId', 'Size'],
])

/** Is this new element kept, given the open ones? Of an envelope: the first of each element; of an item: its fields. */
export function isRead(name: string, parent: Node, above: Node | undefined): boolean {
  if (above === undefined && parent.name === 'Envelope')
    return (name === 'Body' || name === 'Header') && isFirst(name, parent)
  if (above?.name === 'Envelope' && parent.name === 'Header') return name === 'ServerVersionInfo'
  if (above?.name === 'Envelope' && parent.name === 'Body')
    return parent.children.length === 0 || (name === 'Fault' && isFirst(name, parent))
  return above === undefined || !holders.has(above.name) || ofItems.has(name)
}

function isFirst(name: string, { children }: Node): boolean {
  return !children.some((child) => child.name === name)
}
