// The kinds of items that there are. A kind's name is what a declaration and a state call it.
import type { ItemType } from './item.ts'
import { contact } from './items/contact.ts'
import { SyncError } from './sync-error.ts'

const types: ReadonlyMap<string, ItemType> = new Map([contact].map((type) => [type.name, type]))

/** The name of the kind where a declaration or a state names none. */
export const usualKind = contact.name

/** The kind of that name. Throws a terminal SyncError (`UnknownKind`) when there is none. */
export function itemTypeNamed(name: string = usualKind): ItemType {
  const type = types.get(name)
  if (type !== undefined) return type
  const known = [...types.keys()].join(', ')
  throw new SyncError(
    'terminal',
    'UnknownKind',
    `there is no kind of item ${name}: known are ${known}`,
  )
}
