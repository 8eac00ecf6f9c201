// `exsync bin list` and `exsync history`: which contents were kept and what replaced agreed content. Names of contacts are
// shown on a terminal only: they belong into no pipe and no log.

import { isNamed } from '../api/topology.ts'
import type { Filters } from '../config/filters.ts'
import type { ReplicaId } from '../core/id.ts'
import { canonical, type Item } from '../core/item.ts'
import { contact } from '../core/items/contact.ts'
import { invalidArguments } from '../core/sync-error.ts'
import type { Bin, Binned, Filter } from '../store/bin.ts'
import { type Out, writeList } from './output.ts'
import { each, iso, mapped, rowsMax, writeTable } from './table.ts'

/** Which entries are listed, and whether a person looks at them on a terminal. */
export type Listing = Partial<Filters> & Readonly<{ terminal?: boolean }>

/** `bin list`: what was kept before it was overwritten or deleted, the newest first. */
export async function listBin(
  bin: Bin,
  output: 'table' | 'json',
  out: Out,
  listing: Listing,
): Promise<number> {
  refuseUnknown(bin, listing)
  const entries = matching(bin, filterOf(listing), listing)
  if (output === 'json') {
    await writeList('bin', mapped(entries, bare), out)
    return 0
  }
  const head = ['N', 'TIME', 'GROUP', 'LINK', 'WHOSE', 'WHY', 'FIELDS', 'RESTORE']
  await listed(bin, filterOf(listing), listing, head, out, (entry) => [
    ...[String(entry.n), iso(entry.timeMs), entry.group, entry.link, entry.replica, entry.reason],
    ...[entry.fields.join(' '), entry.restore ?? ''],
  ])
  return 0
}

/** `history`: everything that replaced agreed content, the newest first, and how far back that reaches where it was full. */
export async function history(
  bin: Bin,
  output: 'table' | 'json',
  out: Out,
  listing: Listing,
): Promise<number> {
  refuseUnknown(bin, listing)
  const filter = { ...filterOf(listing), ...contactOf(bin, listing), history: true }
  const ends = [...bin.historyEnds()].filter(
    ([group]) => filter.group === undefined || filter.group === group,
  )
  if (output === 'json') {
    const since = Object.fromEntries(ends.map(([group, ms]) => [group, iso(ms)]))
    await writeList('history', mapped(matching(bin, filter, listing), bare), out, { since })
    return 0
  }
  const head = ['N', 'TIME', 'GROUP', 'LINK', 'WHO', 'WHAT', 'FIELDS', 'RESTORE', 'PASS']
  await listed(bin, filter, listing, head, out, (entry) => [
    ...[String(entry.n), iso(entry.timeMs), entry.group, entry.link, entry.replica, entry.reason],
    ...[entry.fields.join(' '), entry.restore ?? '', entry.pass],
  ])
  for (const [group, ms] of ends)
    await out(`the history of ${group} was full, and reaches back to ${iso(ms)}: see --bin-limit`)
  return 0
}

/** Refuses a group or a replica that the state does not know: a slip would look as if nothing had happened. */
export function refuseUnknown(
  bin: Bin,
  { group, replica }: Pick<Listing, 'group' | 'replica'>,
): void {
  refuseOther('--group', group, bin.names('grp'), (name) => name === group)
  refuseOther('--replica', replica, bin.names('replica', group), (name) =>
    isNamed(name as ReplicaId, replica ?? ''),
  )
}

function refuseOther(
  flag: string,
  given: string | undefined,
  names: readonly string[],
  isMeant: (name: string) => boolean,
): void {
  if (given === undefined || names.some(isMeant)) return
  const known = names.length === 0 ? 'none is known' : `known are ${names.slice(0, 20).join(', ')}`
  throw invalidArguments(`${flag} ${given} is not in this state: ${known}`)
}

/** The contact's name, for a person at a terminal; empty when it has none. */
export function nameOf(item: Item): string {
  const text = (field: string) => canonical('text', item[field])
  const full = [text('GivenName'), text('Surname')].filter(Boolean).join(' ')
  return text('DisplayName') || text('FileAs') || full || text('CompanyName')
}

// Of the contact that the entry is about, which may be listed without its content.
function contactOf(bin: Bin, { item, group }: Listing): Filter {
  if (item === undefined) return {}
  const [entry] = bin.list(1, item + 1, { history: true })
  if (entry?.n !== item)
    throw invalidArguments(`there is no ${item} in the history: see exsync history`)
  return { group: group ?? entry.group, link: entry.link }
}

function filterOf({ group, replica, since, pass, reason }: Listing): Filter {
  return { group, replica, sinceMs: since, pass, reason }
}

function matching(bin: Bin, filter: Filter, { name }: Listing): Iterable<Binned> {
  const entries = each((below?: number) => bin.list(rowsMax, below, filter))
  return name === undefined ? entries : named(entries, name)
}

const nameFields = ['DisplayName', 'FileAs', 'GivenName', 'MiddleName', 'Surname', 'Nickname']
const emailFields = ['Email:EmailAddress1', 'Email:EmailAddress2', 'Email:EmailAddress3']
const searched = [...nameFields, 'CompanyName', ...emailFields]

function* named(entries: Iterable<Binned>, name: string): Iterable<Binned> {
  const wanted = canonical('text', name).toLowerCase()
  for (const entry of entries) {
    const texts = searched.map((field) => canonical(contact.kindOf(field), entry.item[field]))
    const given = [texts[2], texts[4]].join(' ')
    if ([...texts, given].some((text) => text.toLowerCase().includes(wanted))) yield entry
  }
}

async function listed(
  bin: Bin,
  filter: Filter,
  listing: Listing,
  head: readonly string[],
  out: Out,
  cells: (entry: Binned) => readonly string[],
): Promise<void> {
  const { terminal = false, name } = listing
  const rows = [terminal ? [...head, 'NAME'] : head]
  let total = 0
  for (const entry of matching(bin, filter, listing)) {
    total += 1
    if (rows.length <= rowsMax)
      rows.push(terminal ? [...cells(entry), nameOf(entry.item)] : cells(entry))
    // What is found by name has to be counted by reading it.
    else if (name === undefined) break
  }
  await writeTable(rows, name === undefined ? bin.counts(filter).bin : total, out)
}

function bare({ item: _, won: __, timeMs, ...rest }: Binned) {
  return { ...rest, time: iso(timeMs) }
}
