// The error for a folder that has to exist and does not: the hub, and each public folder.
import { namesIn } from '../api/path.ts'
import type { Place } from '../api/topology.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Lookup } from './folders.ts'

/** A folder that has to exist: the error's code if it does not, and the field of the spec to correct. */
export type Missing = Readonly<{ code: string; field: string }>

/** There is no such folder in the mailbox. */
export function mailboxFolderMissing(
  { mailbox, folder }: Extract<Place, { kind: 'mailbox' }>,
  { code, field }: Missing,
): SyncError {
  const message = `there is no folder ${folder} in the mailbox ${mailbox}: make it, or correct ${field}`
  return new SyncError('terminal', code, message)
}

/** There is no such public folder. `allows`: the public folders that a message may name. */
export function publicFolderMissing(
  path: string,
  lookup: Extract<Lookup, { found: false }>,
  allows: (names: readonly string[]) => boolean,
  { code, field }: Missing,
): SyncError {
  const message = `${notFoundText(path, lookup, allows)}. Correct ${field}, or the account’s permissions`
  return new SyncError('terminal', code, message)
}

// No name outside of the allowed public folders is listed, nor is its existence.
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
