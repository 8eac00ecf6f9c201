// The errors of a folder that must exist and does not, with the nearest folder that does.
import { namesIn } from '../api/path.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Lookup } from './folders.ts'

/** A folder that must exist: the error's code if it does not, and the field of the spec to correct. */
export type Missing = Readonly<{ code: string; field: string }>

/** The error of a public folder that does not exist. `allows`: may a folder, by its names, be known to the group? */
export function noPublicFolder(
  path: string,
  lookup: Extract<Lookup, { found: false }>,
  allows: (names: readonly string[]) => boolean,
  { code, field }: Missing,
): SyncError {
  const message = `${notFoundText(path, lookup, allows)}. Correct ${field}, or the account’s permissions`
  return new SyncError('terminal', code, message)
}

/** The error of a mailbox folder that does not exist. */
export function noMailboxFolder(
  mailbox: string,
  folder: string,
  { code, field }: Missing,
): SyncError {
  const message = `there is no folder ${folder} in the mailbox ${mailbox}: create it, or correct ${field}`
  return new SyncError('terminal', code, message)
}

// Names of folders outside of what is allowed are left out, and so is the fact that they exist.
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
