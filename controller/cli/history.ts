// `exsync bin list` and `exsync history`: the kept contents, and the changes of agreed content. Names of contacts are shown
// on a terminal only: they must not reach a pipe or a log.

import { isNamed } from '../api/topology.ts'
import type { Filters } from '../config/filters.ts'
import type { ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import { itemTypeNamed } from '../core/items.ts'
import { isCalled } from '../core/search.ts'
import { invalidArguments } from '../core/sync-error.ts'
import { holdsAgreed } from '../core/undo.ts'
import type { Bin, Binned, Filter } from '../sync/ports/bin.ts'
import { type Out, writeList } from './output.ts'
import { collected, each, iso, mapped, rowsMax, writeTable } from './table.ts'

/** The filters of a list, and whether the output is a terminal. */
export type Listing = Partial<Filters> & Readonly<{ terminal?: boolean }>

/** `bin list`: content that was kept before it was overwritten or deleted, the newest first. */
export async function listBin(
  bin: Bin,
  output: 'table' | 'json',
  out: Out,
  listing: Listing,
): Promise<number> {
  await refuseUnknown(bin, listing)
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

/** `history`: all changes of agreed content, the newest first; and how far a full history reaches back. */
export async function history(
  bin: Bin,
  output: 'table' | 'json',
  out: Out,
  listing: Listing,
): Promise<number> {
  await refuseUnknown(bin, listing)
  const filter = { ...filterOf(listing), ...(await contactOf(bin, listing)), history: true }
  const ends = [...(await bin.historyEnds())].filter(
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
    await out(`the history of ${group} was full and reaches back to ${iso(ms)}: see --bin-limit`)
  return 0
}

/** Refuses a group or a replica that is not in the state: after a typing error an empty list would look like "no changes". */
export async function refuseUnknown(
  bin: Bin,
  { group, replica }: Pick<Listing, 'group' | 'replica'>,
): Promise<void> {
  refuseOther('--group', group, await bin.names('grp'), (name) => name === group)
  const isOf = (name: string) => isNamed(name as ReplicaId, replica ?? '')
  refuseOther('--replica', replica, await bin.names('replica', group), isOf)
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

/** The item's name, for a person at a terminal; '' without one. */
export function titleOf(item: Item): string {
  return itemTypeNamed().title(item)
}

// The contact that the entry is about; the entry may be listed without its content.
async function contactOf(bin: Bin, { item, group }: Listing): Promise<Filter> {
  if (item === undefined) return {}
  const [entry] = await bin.list(1, item + 1, { history: true })
  if (entry?.n !== item)
    throw invalidArguments(`there is no ${item} in the history: see exsync history`)
  return { group: group ?? entry.group, link: entry.link }
}

/** All entries that changed agreed content, of those that the filter admits, the newest first, a page at a time. */
export async function* changes(bin: Bin, filter: Filter): AsyncIterable<Binned> {
  const entries = each((below?: number) => bin.list(rowsMax, below, { ...filter, history: true }))
  for await (const entry of entries) if (holdsAgreed(entry.reason)) yield entry
}

/** The edits and deletes of the replica itself, without restores from the bin. */
export async function doneBy(
  bin: Bin,
  replica: string,
  filter: Filter,
): Promise<readonly Binned[]> {
  const all = await collected(changes(bin, { ...filter, replica }))
  return all.filter(({ reason }) => reason !== 'Restored')
}

function filterOf({ group, replica, since, pass, reason }: Listing): Filter {
  return { group, replica, sinceMs: since, pass, reason }
}

function matching(bin: Bin, filter: Filter, { name }: Listing): AsyncIterable<Binned> {
  const entries = each((below?: number) => bin.list(rowsMax, below, filter))
  return name === undefined ? entries : named(entries, name)
}

async function* named(entries: AsyncIterable<Binned>, name: string): AsyncIterable<Binned> {
  const type = itemTypeNamed()
  for await (const entry of entries) if (isCalled(type, entry.item, name)) yield entry
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
  for await (const entry of matching(bin, filter, listing)) {
    total += 1
    if (rows.length <= rowsMax)
      rows.push(terminal ? [...cells(entry), titleOf(entry.item)] : cells(entry))
    // Entries found by name must be read to be counted.
    else if (name === undefined) break
  }
  await writeTable(rows, name === undefined ? (await bin.counts(filter)).bin : total, out)
}

function bare({ item: _, won: __, timeMs, ...rest }: Binned) {
  return { ...rest, time: iso(timeMs) }
}
