// The errors for a folder that must exist and does not. They name the nearest existing folder.
import { namesIn } from '../api/path.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Lookup } from './folders.ts'

/** A folder that must exist: the error's code if it does not, and the field of the spec to correct. */
export type Missing = Readonly<{ code: string; field: string }>

/** The error for a missing public folder. `allows`: may the group know the folder with these names? */
export function noPublicFolder(
  path: string,
  lookup: Extract<Lookup, { found: false }>,
  allows: (names: readonly string[]) => boolean,
  { code, field }: Missing,
): SyncError {
  const message = `${notFoundText(path, lookup, allows)}. Correct ${field}, or the account’s permissions`
  return new SyncError('terminal', code, message)
}

/** The error for a missing mailbox folder. */
export function noMailboxFolder(
  mailbox: string,
  folder: string,
  { code, field }: Missing,
): SyncError {
  const message = `there is no folder ${folder} in the mailbox ${mailbox}: create it, or correct ${field}`
  return new SyncError('terminal', code, message)
}

// Shows only folders that the group may know; it does not reveal that others exist.
function notFoundText(
  path: string,
  { parent, children }: Extract<Lookup, { found: false }>,
  allows: (names: readonly string[]) => boolean,
): string {
  const above = namesIn(parent)
  const allowed = children.filter((child) => allows([...above, ...namesIn(child)]))
  const names = allowed.slice(0, 10).map((name) => JSON.stringify(name))
  const more = allowed.length > 10 ? ', …' : ''
  const holds =
    names.length > 0
      ? `; it holds ${names.join(', ')}${more}`
      : children.length === 0
        ? '; the account sees no folder there'
        : ''
  const nearest = allows(above) ? `: the nearest existing one is ${parent}${holds}` : ''
  return `there is no public folder ${path}${nearest}`
}
