// What lies in a folder.

import { canonicalItem, type Item, type ItemType } from '../../controller/core/item.ts'
import type { Folder } from '../support/folder.ts'

/** The contents of a folder, as a sorted list. */
export function contents(
  type: ItemType,
  folder: Folder,
  only: (item: Item) => boolean = () => true,
): string[] {
  const items = [...folder.items.values()].map(({ item }) => item).filter(only)
  return items.map((item) => canonicalItem(type, item)).sort()
}
