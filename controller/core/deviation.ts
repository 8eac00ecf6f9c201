// The fields in which a copy differs from the agreed content, as digests: what its server made of what it was given, and
// drift that is ignored. A field that still shows its digest is unchanged.
import { digestOf } from './id.ts'
import { fieldsOf, type Item, type ItemType, same } from './item.ts'
import type { Shown } from './model.ts'

/** Marks a field as its user's own doing, which is ignored for now. */
const own = '~'
/** Marks a field as the server's doing, which may be its user's: content that is overwritten is kept. */
const doubt = '?'
const marks = /^[~?]/

/** The same, with these fields marked as the user's own doing, which is left alone for now. */
export function drifted(shown: Shown, fields: ReadonlySet<string>): Shown {
  return Object.fromEntries(
    Object.entries(shown).map(([field, digest]) => [
      field,
      fields.has(field) && !digest.startsWith(own) ? own + digest : digest,
    ]),
  )
}

/** The fields that are marked as the user's own doing. */
export function driftIn(shown: Shown): readonly string[] {
  return Object.keys(shown).filter((field) => shown[field]?.startsWith(own))
}

/** Only what the server made of it. */
export function withoutDrift(shown: Shown): Shown {
  return Object.fromEntries(Object.entries(shown).filter(([, digest]) => !digest.startsWith(own)))
}

/** The same, with all fields marked as doubtful. */
export function doubted(shown: Shown): Shown {
  return Object.fromEntries(Object.entries(shown).map(([field, digest]) => [field, doubt + digest]))
}

/** The fields that are marked as doubtful. */
export function doubtedIn(shown: Shown): readonly string[] {
  return Object.keys(shown).filter((field) => shown[field]?.startsWith(doubt))
}

/** The same, with the doubts of before about the fields that have not changed since. */
export function stillDoubted(shown: Shown, before: Shown): Shown {
  return Object.fromEntries(
    Object.entries(shown).map(([field, digest]) => [
      field,
      before[field] === doubt + digest ? doubt + digest : digest,
    ]),
  )
}

/** Does the field show what was written down of it? */
export function shows(shown: Shown, field: string, text: string): boolean {
  const noted = shown[field]
  return noted !== undefined && noted.replace(marks, '') === digestOf(text)
}

/** Digests of the fields in which a copy shows something else than agreed. */
export function shownOf(type: ItemType, item: Item, agreed: Item): Shown {
  const shown: Record<string, string> = {}
  for (const field of fieldsOf(item, agreed)) {
    const rule = type.field(field)
    if (same(rule, item[field], agreed[field])) continue
    shown[field] = digestOf(rule.canonical(item[field]))
  }
  return shown
}
