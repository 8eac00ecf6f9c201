// The registry of kinds of items. Declarations and states use a kind's name.
import type { ItemType } from './item.ts'
import { contact } from './items/contact.ts'
import { SyncError } from './sync-error.ts'

const types: ReadonlyMap<string, ItemType> = new Map([contact].map((type) => [type.name, type]))

/** The default kind, if a declaration or a state names none. */
export const usualKind = contact.name

/** The kind of that name. Throws a terminal SyncError (`UnknownKind`) if there is none. */
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
