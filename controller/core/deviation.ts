// The deviations of a copy: fields that differ from the agreed content, as digests. Its server rewrote them, or their
// drift is ignored. A field that still has the noted digest is unchanged.
import { digestOf } from './id.ts'
import { fieldsOf, type Item, type ItemType, same } from './item.ts'
import type { Shown } from './model.ts'

/** Marks a field that the user changed: drift that is ignored for now. */
const own = '~'
/** Marks a doubtful field: the server or the user changed it. Its content is kept before it is overwritten. */
const doubt = '?'
const marks = /^[~?]/

/** The same deviations, with these fields marked as the user's ignored drift. */
export function drifted(shown: Shown, fields: ReadonlySet<string>): Shown {
  return Object.fromEntries(
    Object.entries(shown).map(([field, digest]) => [
      field,
      fields.has(field) && !digest.startsWith(own) ? own + digest : digest,
    ]),
  )
}

/** The fields that are marked as ignored drift. */
export function driftIn(shown: Shown): readonly string[] {
  return Object.keys(shown).filter((field) => shown[field]?.startsWith(own))
}

/** Only the deviations that the server made. */
export function withoutDrift(shown: Shown): Shown {
  return Object.fromEntries(Object.entries(shown).filter(([, digest]) => !digest.startsWith(own)))
}

/** The same deviations, with all fields marked as doubtful. */
export function doubted(shown: Shown): Shown {
  return Object.fromEntries(Object.entries(shown).map(([field, digest]) => [field, doubt + digest]))
}

/** The fields that are marked as doubtful. */
export function doubtedIn(shown: Shown): readonly string[] {
  return Object.keys(shown).filter((field) => shown[field]?.startsWith(doubt))
}

/** The same deviations, with the earlier doubt marks of fields that did not change since. */
export function stillDoubted(shown: Shown, before: Shown): Shown {
  return Object.fromEntries(
    Object.entries(shown).map(([field, digest]) => [
      field,
      before[field] === doubt + digest ? doubt + digest : digest,
    ]),
  )
}

/** Does the field still have the noted deviation? */
export function shows(shown: Shown, field: string, text: string): boolean {
  const noted = shown[field]
  return noted !== undefined && noted.replace(marks, '') === digestOf(text)
}

/** The digests of the fields in which the item differs from the agreed content. */
export function shownOf(type: ItemType, item: Item, agreed: Item): Shown {
  const shown: Record<string, string> = {}
  for (const field of fieldsOf(item, agreed)) {
    const rule = type.field(field)
    if (same(rule, item[field], agreed[field])) continue
    shown[field] = digestOf(rule.canonical(item[field]))
  }
  return shown
}
