// `exsync status`, `exsync conflicts`, `exsync bin`: look at what happened. Only `bin show` shows content,
// to whoever may read the state.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { SyncGroupStatus } from '../core/resources.generated.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Bin } from '../store/bin.ts'

type Out = (line: string) => void

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

/** The fields for which there were two different edits, newest first. */
export function conflicts(bin: Bin, out: Out): number {
  const rows = [['TIME', 'GROUP', 'LINK', 'FIELD', 'LOST BY']]
  for (const { timeMs, group, link, field, replica } of bin.conflicts(rowsMax)) {
    rows.push([new Date(timeMs).toISOString(), group, link, field, replica])
  }
  for (const line of aligned(rows)) out(line)
  return 0
}

/** `bin list`, `bin show N`. */
export function bin(bin: Bin, [verb = 'list', number]: readonly string[], out: Out): number {
  if (verb === 'list') {
    const rows = [['N', 'TIME', 'GROUP', 'LINK', 'WHOSE', 'WHY', 'FIELDS']]
    for (const { n, timeMs, group, link, replica, reason, fields } of bin.list(rowsMax)) {
      rows.push([
        String(n),
        new Date(timeMs).toISOString(),
        group,
        link,
        replica,
        reason,
        fields.join(' '),
      ])
    }
    for (const line of aligned(rows)) out(line)
    return 0
  }
  const kept = verb === 'show' ? bin.get(Number(number)) : undefined
  if (kept === undefined) {
    throw new SyncError(
      'terminal',
      'InvalidArguments',
      verb === 'show'
        ? `there is no ${number ?? 'such thing'} in the bin: see exsync bin list`
        : `exsync bin ${verb} is not known: list, show N`,
    )
  }
  const { timeMs, ...rest } = kept
  out(stringify({ ...rest, time: new Date(timeMs).toISOString() }).trimEnd())
  return 0
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
