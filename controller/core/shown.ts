// What a copy shows otherwise than agreed, as digests: what its server made of what it was given, and
// drift that is ignored. A field that still shows it is unchanged.
import { digestOf } from './id.ts'
import { canonical, fieldsOf, type Item, type ItemType, same } from './item.ts'
import type { Shown } from './link.ts'

/** Digests of the fields in which a copy shows something else than agreed. */
export function shownOf(type: ItemType, item: Item, agreed: Item): Shown {
  const shown: Record<string, string> = {}
  for (const field of fieldsOf(item, agreed)) {
    const kind = type.kindOf(field)
    if (same(kind, item[field], agreed[field])) continue
    shown[field] = digestOf(canonical(kind, item[field]))
  }
  return shown
}
