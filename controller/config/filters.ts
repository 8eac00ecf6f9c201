// The flags that select entries of the bin and of the history, and say what to do with them.

import { folded } from '../api/path.ts'
import type { GroupId } from '../core/id.ts'
import type { KeepReason } from '../core/model.ts'
import { invalidArguments } from '../core/sync-error.ts'
import type { FlagName, Values } from './flags.ts'
import { momentForms, momentMs } from './when.ts'

/** The selected entries, and the options. Times in ms since 1970. */
export type Filters = Readonly<{
  group: GroupId | undefined
  /** The number of an entry: selects the contact that it is about. */
  item: number | undefined
  /** A replica, a mailbox with all its folders, a member's public folder, or `hub`. */
  replica: string | undefined
  since: number | undefined
  to: number | undefined
  pass: string | undefined
  reason: KeepReason | undefined
  /** A part of the contact's name, address or company. */
  name: string | undefined
  dryRun: boolean
  /** The hash of a dry run. */
  approve: string | undefined
  /** For forget: a text in a name, an address or a number; and the confirmation. */
  match: string | undefined
  yes: boolean
  /** For doctor: an ExchangeServer, namespace/name. */
  server: string | undefined
  /** All pending restores. */
  all: boolean
}>

const reasons: Readonly<Record<KeepReason, true>> = {
  Edited: true,
  Conflict: true,
  Drift: true,
  Deleted: true,
  Restored: true,
  Backup: true,
  Removed: true,
  Unmarked: true,
}

/** Reads the flags. Throws InvalidArguments for an invalid value. */
export function filtersOf(given: Values, nowMs: number): Filters {
  const moment = (flag: 'since' | 'to') => momentOf(flag, given[flag], nowMs)
  return {
    group: groupOf(given.group),
    item: numberOf(given.item),
    replica: replicaOf(given.replica),
    since: moment('since'),
    to: moment('to'),
    pass: textOf('pass', given.pass),
    reason: reasonOf(given.reason),
    name: textOf('name', given.name),
    dryRun: given['dry-run'] ?? false,
    approve: textOf('approve', given.approve),
    match: given.match,
    yes: given.yes ?? false,
    server: serverOf(given.server),
    all: given.all ?? false,
  }
}

function textOf(flag: FlagName, text: string | undefined): string | undefined {
  if (text === '') throw invalidArguments(`--${flag} is empty`)
  return text
}

// Mailboxes and folders are stored in lower case.
function replicaOf(text: string | undefined): string | undefined {
  const replica = textOf('replica', text)
  return replica === undefined ? undefined : folded(replica)
}

function groupOf(text: string | undefined): GroupId | undefined {
  if (text !== undefined && !/^[^/]+\/[^/]+$/.test(text))
    throw invalidArguments(`--group ${text} is not a group, like sales/company-contacts`)
  return text as GroupId | undefined
}

function serverOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[^/]+\/[^/]+$/.test(text))
    throw invalidArguments(`--server ${text} is not an ExchangeServer, like sales/corp`)
  return text
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw invalidArguments(`--item ${text} is not a number of an entry: see exsync history`)
}

function momentOf(flag: 'since' | 'to', text: string | undefined, nowMs: number) {
  if (text === undefined) return undefined
  const ms = momentMs(text, nowMs)
  if (ms === undefined) throw invalidArguments(`--${flag} ${text} is not a time: ${momentForms}`)
  if (ms > nowMs)
    throw invalidArguments(`--${flag} ${text} is in the future; without a zone a time is in UTC`)
  return ms
}

function reasonOf(text: string | undefined): KeepReason | undefined {
  if (text === undefined) return undefined
  const all = Object.keys(reasons) as readonly KeepReason[]
  const known = all.find((each) => each.toLowerCase() === text.toLowerCase())
  if (known !== undefined) return known
  throw invalidArguments(`--reason ${text} is not known: ${all.join(', ')}`)
}
