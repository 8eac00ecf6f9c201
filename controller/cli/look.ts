// `exsync status`, `exsync conflicts`, `exsync bin`: show what happened. Only `bin show` and `conflicts show` print content,
// for users who may read the state.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { progressText } from '../api/progress.ts'
import type { ExchangeServerStatus, SyncGroupStatus } from '../api/resources.generated.ts'
import { fullNameOf } from '../api/topology.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Bin, Conflicted } from '../sync/ports/bin.ts'
import { type Listing, listBin } from './history.ts'
import { jsonText, type Out, writeList, yamlText } from './output.ts'
import { aligned, each, iso, mapped, rowsMax, writeTable } from './table.ts'

type Output = 'table' | 'json'

/** The age of the counts of a pass under way from which on they count as left by a process that ended, ms. */
const staleMs = 60_000

/** A resource's status, as it is shown. */
export type Named<Kept extends Status> = Readonly<{
  name: string
  suspended: boolean
  status: Kept
}>

/** The statuses of the groups, and of the probed servers. */
export type Statuses = Readonly<{
  groups: readonly Named<SyncGroupStatus>[]
  servers: readonly Named<ExchangeServerStatus>[]
}>

/**
 * Shows the statuses of the groups and of the probed servers, and the passes under way, from the status files of a state.
 * Exit code 1 if a group is not ready. `nowMs`: ms since 1970.
 */
export async function status(
  stateDirectory: string,
  nowMs: number,
  out: Out,
  output: Output = 'table',
): Promise<number> {
  return showStatuses(statusesOf(stateDirectory), nowMs, out, output)
}

/** The statuses in the status files of a state. Throws a terminal SyncError StateUnreadable if there are none. */
export function statusesOf(stateDirectory: string): Statuses {
  const directory = join(stateDirectory, 'status')
  const of = join(directory, 'exchangeservers')
  return {
    groups: statusesIn<SyncGroupStatus>(directory, filesIn(directory)),
    servers: existsSync(of) ? statusesIn<ExchangeServerStatus>(of, filesIn(of)) : [],
  }
}

/** Shows statuses; exit code 1 unless there is a group and all are ready. `nowMs`: ms since 1970. */
export async function showStatuses(
  statuses: Statuses,
  nowMs: number,
  out: Out,
  output: Output,
): Promise<number> {
  const { groups, servers } = statuses
  if (output === 'json') await out(jsonText({ groups, servers }), 'lines')
  else await statusTable(statuses, nowMs, out)
  const ready = groups.every(
    ({ status, suspended }) => !suspended && readyIn(status)?.status === 'True',
  )
  return ready && groups.length > 0 ? 0 : 1
}

async function statusTable({ groups, servers }: Statuses, nowMs: number, out: Out): Promise<void> {
  const rows = [['GROUP', 'READY', 'ITEMS', 'MEMBERS', 'CONFLICTS', 'LAST PASS', 'MESSAGE']]
  const passes: string[][] = []
  for (const { name, suspended, status } of groups) {
    const condition = readyIn(status)
    rows.push([
      name,
      condition?.status ?? 'Unknown',
      String(status.items ?? ''),
      status.members?.summary ?? '',
      String(status.conflicts?.total ?? ''),
      status.lastPass?.time ?? '',
      suspended ? 'spec.suspend is true' : (condition?.message ?? ''),
    ])
    if (status.progress !== undefined) passes.push([name, passText(status.progress, nowMs)])
  }
  for (const line of aligned(rows)) await out(line)
  if (passes.length > 0)
    for (const line of ['', ...aligned([['PASS UNDER WAY', ''], ...passes])]) await out(line)
  await serverStatus(servers, out)
}

function passText(progress: NonNullable<SyncGroupStatus['progress']>, nowMs: number): string {
  const { startTime, time, estimatedEnd } = progress
  const text = `${progressText(progress)}; since ${startTime}`
  if (nowMs - Date.parse(time) > staleMs)
    return `${text}; no news since ${time}: does the controller run?`
  return estimatedEnd === undefined ? text : `${text}, until about ${estimatedEnd}`
}

async function serverStatus(servers: Statuses['servers'], out: Out): Promise<void> {
  if (servers.length === 0) return
  const rows = [['SERVER', 'READY', 'VERSION', 'MESSAGE']]
  for (const { name, status } of servers) {
    const condition = readyIn(status)
    const shown = [condition?.status ?? 'Unknown', status.version ?? '', condition?.message ?? '']
    rows.push([name, ...shown])
  }
  for (const line of ['', ...aligned(rows)]) await out(line)
}

type Status = SyncGroupStatus | ExchangeServerStatus

function statusesIn<Kept extends Status>(
  directory: string,
  files: readonly string[],
): readonly Named<Kept>[] {
  return files.flatMap((file) => {
    const text = textOf(join(directory, file))
    // The group may end between the listing and this reading.
    if (text === undefined) return []
    const { metadata, spec, status } = parse(text) as {
      metadata: { namespace: string; name: string }
      spec?: { suspend?: boolean }
      status: Kept
    }
    return [{ name: fullNameOf({ metadata }), suspended: spec?.suspend === true, status }]
  })
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function readyIn({ conditions }: Status) {
  return conditions?.find(({ type }) => type === 'Ready')
}

/** `conflicts`, `conflicts show N`: fields with two different edits, and both sides of one. */
export async function conflicts(
  bin: Bin,
  [verb = 'list', ...rest]: readonly string[],
  output: Output,
  out: Out,
): Promise<number> {
  if (verb === 'show') {
    await out(shownAs(output, await conflict(bin, numberIn('conflicts show', rest))), 'lines')
    return 0
  }
  if (verb !== 'list' || rest.length > 0)
    throw unknown('conflicts', [verb, ...rest], 'list, show N')
  const page = (below?: number) => bin.conflicts(rowsMax, undefined, below)
  if (output === 'json') {
    await writeList('conflicts', mapped(each(page), conflictFor), out)
    return 0
  }
  const rows = [['TIME', 'GROUP', 'LINK', 'FIELD', 'LOST BY', 'N']]
  for (const { n, timeMs, group, link, field, replica } of await page()) {
    rows.push([iso(timeMs), group, link, field, replica, String(n)])
  }
  await writeTable(rows, (await bin.counts()).conflicts, out)
  return 0
}

async function conflict(bin: Bin, number: string) {
  const found = await bin.conflict(Number(number))
  if (found === undefined)
    throw invalidArguments(`there is no conflict ${number}: see exsync conflicts`)
  const { conflict, kept } = found
  const sides = (kept?.fields ?? []).map((field) => [
    field,
    {
      lost: kept?.item[field] ?? null,
      // Older entries recorded only the losing value.
      ...(kept?.won === undefined ? {} : { won: kept.won[field] ?? null }),
    },
  ])
  return {
    ...conflictFor(conflict),
    bin: kept?.n ?? null,
    fields: kept === undefined ? null : Object.fromEntries(sides),
  }
}

function conflictFor({ n, timeMs, group, link, field, replica }: Conflicted) {
  return { n, time: iso(timeMs), group, link, field, lostBy: replica }
}

/** `bin list`, `bin show N`. */
export async function bin(
  bin: Bin,
  [verb = 'list', ...rest]: readonly string[],
  output: Output,
  out: Out,
  listing: Listing = {},
): Promise<number> {
  if (verb === 'show') {
    const number = numberIn('bin show', rest)
    const kept = await bin.get(Number(number))
    if (kept === undefined)
      throw invalidArguments(`there is no ${number} in the bin: see exsync bin list`)
    const { timeMs, ...shown } = kept
    await out(shownAs(output, { ...shown, time: iso(timeMs) }), 'lines')
    return 0
  }
  if (verb !== 'list' || rest.length > 0)
    throw unknown('bin', [verb, ...rest], 'list, show N, restore N …, cancel N …')
  return listBin(bin, output, out, listing)
}

function shownAs(output: Output, shown: unknown): string {
  return output === 'json' ? jsonText(shown) : yamlText(shown)
}

function numberIn(command: string, rest: readonly string[]): string {
  const [number] = rest
  if (number !== undefined && rest.length === 1) return number
  throw invalidArguments(
    `exsync ${command} takes one number: see exsync ${command.split(' ')[0]} list`,
  )
}

function unknown(command: string, given: readonly string[], known: string): SyncError {
  return invalidArguments(`exsync ${command} ${given.join(' ')} is not known: ${known}`)
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
  } catch {
    throw new SyncError(
      'terminal',
      'StateUnreadable',
      `there is no status in ${directory}: check --state, or run exsync run first`,
    )
  }
}
