// `exsync status`, `exsync conflicts`, `exsync bin`: look at what happened. Only `bin show` and
// `conflicts show` show content, to whoever may read the state.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { SyncGroupStatus } from '../core/resources.generated.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Bin, Conflicted } from '../store/bin.ts'

type Out = (line: string) => void
type Output = 'table' | 'json'

const rowsMax = 200

/** How the groups stand, from the status files of a state. Exit code 1 when one is not ready. */
export function status(stateDirectory: string, out: Out): number {
  const directory = join(stateDirectory, 'status')
  const rows = [['GROUP', 'READY', 'ITEMS', 'MEMBERS', 'CONFLICTS', 'LAST PASS', 'MESSAGE']]
  let ready = true
  for (const file of filesIn(directory)) {
    const { metadata, status } = parse(readFileSync(join(directory, file), 'utf8')) as {
      metadata: { namespace: string; name: string }
      status: SyncGroupStatus
    }
    const condition = status.conditions?.find(({ type }) => type === 'Ready')
    ready &&= condition?.status === 'True'
    rows.push([
      `${metadata.namespace}/${metadata.name}`,
      condition?.status ?? 'Unknown',
      String(status.items ?? ''),
      status.members?.summary ?? '',
      String(status.conflicts?.total ?? ''),
      status.lastPass?.time ?? '',
      condition?.message ?? '',
    ])
  }
  for (const line of aligned(rows)) out(line)
  return ready && rows.length > 1 ? 0 : 1
}

/** `conflicts`, `conflicts show N`: fields for which there were two different edits, and both sides of one. */
export function conflicts(
  bin: Bin,
  [verb = 'list', number]: readonly string[],
  output: Output,
  out: Out,
): number {
  if (verb === 'show') return conflict(bin, number, output, out)
  if (verb !== 'list') {
    throw invalid(`exsync conflicts ${verb} is not known: list, show N`)
  }
  const all = bin.conflicts(rowsMax)
  if (output === 'json') {
    out(JSON.stringify({ conflicts: all.map(conflictFor) }, null, 2))
    return 0
  }
  const rows = [['TIME', 'GROUP', 'LINK', 'FIELD', 'LOST BY', 'N']]
  for (const { n, timeMs, group, link, field, replica } of all) {
    rows.push([iso(timeMs), group, link, field, replica, String(n)])
  }
  for (const line of aligned(rows)) out(line)
  return 0
}

function conflict(bin: Bin, number: string | undefined, output: Output, out: Out): number {
  const found = bin.conflict(Number(number))
  if (found === undefined)
    throw invalid(`there is no conflict ${number ?? ''}: see exsync conflicts`)
  const { conflict, kept } = found
  const sides = (kept?.fields ?? []).map((field) => [
    field,
    {
      lost: kept?.item[field] ?? null,
      // Before it was written down as well, only the loser was kept.
      ...(kept?.won === undefined ? {} : { won: kept.won[field] ?? null }),
    },
  ])
  const shown = {
    ...conflictFor(conflict),
    bin: kept?.n ?? null,
    fields: kept === undefined ? null : Object.fromEntries(sides),
  }
  out(output === 'json' ? JSON.stringify(shown, null, 2) : stringify(shown).trimEnd())
  return 0
}

function conflictFor({ n, timeMs, group, link, field, replica }: Conflicted) {
  return { n, time: iso(timeMs), group, link, field, lostBy: replica }
}

/** `bin list`, `bin show N`. */
export function bin(
  bin: Bin,
  [verb = 'list', number]: readonly string[],
  output: Output,
  out: Out,
): number {
  if (verb === 'list') {
    const all = bin.list(rowsMax)
    if (output === 'json') {
      const bare = all.map(({ item: _, won: __, timeMs, ...rest }) => ({
        ...rest,
        time: iso(timeMs),
      }))
      out(JSON.stringify({ bin: bare }, null, 2))
      return 0
    }
    const rows = [['N', 'TIME', 'GROUP', 'LINK', 'WHOSE', 'WHY', 'FIELDS', 'RESTORE']]
    for (const { n, timeMs, group, link, replica, reason, fields, restore = '' } of all) {
      rows.push([String(n), iso(timeMs), group, link, replica, reason, fields.join(' '), restore])
    }
    for (const line of aligned(rows)) out(line)
    return 0
  }
  const kept = verb === 'show' ? bin.get(Number(number)) : undefined
  if (kept === undefined) {
    throw invalid(
      verb === 'show'
        ? `there is no ${number ?? 'such thing'} in the bin: see exsync bin list`
        : `exsync bin ${verb} is not known: list, show N, restore N`,
    )
  }
  const { timeMs, ...rest } = kept
  const shown = { ...rest, time: iso(timeMs) }
  out(output === 'json' ? JSON.stringify(shown, null, 2) : stringify(shown).trimEnd())
  return 0
}

function invalid(message: string): SyncError {
  return new SyncError('terminal', 'InvalidArguments', message)
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
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

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
