// What lies in a folder, and what its server makes of that.

import { canonicalItem, type Item, legal } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Folder } from '../support/folder.ts'

/** Its server makes something else of what it is given. */
export function rewrite(folder: Folder | undefined): void {
  if (folder === undefined) return
  folder.normalise = (item) => {
    const body = item.Body as Readonly<Record<string, string>> | undefined
    const text = `<html><body>${legal(body?.text ?? '')}<b>.</b></body></html>`
    return {
      ...item,
      ...(body === undefined ? {} : { Body: { type: 'HTML', text } }),
      FileAs: `${String(item.Surname)}, ${String(item.GivenName)}`,
    }
  }
}

/** The contents of a folder, as a sorted list. */
export function contents(folder: Folder, only: (item: Item) => boolean = () => true): string[] {
  const items = [...folder.items.values()].map(({ item }) => item).filter(only)
  return items.map((item) => canonicalItem(contact, item)).sort()
}
