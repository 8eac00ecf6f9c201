// The three ways of deleting an item: into Deleted Items, into the dumpster, for good.
import { moveItem, removeItem } from './changes.ts'
import type { Item, State } from './item.ts'

/** How to delete. */
export type Disposal = 'MoveToDeletedItems' | 'SoftDelete' | 'HardDelete'

/** Deletes an item; false when it cannot be done this way, which is so for Deleted Items of public folders. */
export function dispose(state: State, item: Item, disposal: Disposal): boolean {
  const { box } = item.folder
  if (disposal === 'HardDelete') {
    removeItem(state, item)
    return true
  }
  if (box.scope === 'public') {
    if (disposal === 'MoveToDeletedItems') return false
    removeItem(state, item) // The dumpster of a public folder is not seen by clients.
    return true
  }
  const bin = disposal === 'SoftDelete' ? 'recoverableitemsdeletions' : 'deleteditems'
  const target = box.distinguished.get(bin)
  if (target && target !== item.folder) moveItem(state, item, target)
  else removeItem(state, item)
  return true
}
