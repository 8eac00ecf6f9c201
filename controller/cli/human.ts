// The log for people, on the administrator's own terminal: a line of the JSON log in words. Everywhere else the log is JSON.
import { printable } from '../core/printable.ts'
import { doneMessage } from '../telemetry/log.ts'
import { underWayMessage } from '../telemetry/progress.ts'

/** A record of the log; its fields are those of the JSON line. */
export type LogRecord = Readonly<Record<string, unknown>>

/** The record of a JSON line; undefined for anything else. */
export function recordOf(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as LogRecord) : undefined
  } catch {
    return undefined
  }
}

/** Does the line say that a pass is under way, which a board shows better? */
export function isUnderWay({ msg }: LogRecord): boolean {
  return msg === underWayMessage
}

/** Does the line say, at the level info, that a pass changed nothing and found nothing wrong? */
export function isQuiet(record: LogRecord): boolean {
  const { msg, reasons, unfinished, created, updated, deleted, kept } = record
  const idle = [created, updated, deleted, kept].every((count) => count === 0)
  const fine = Array.isArray(reasons) && reasons.length === 0 && unfinished === false
  return msg === doneMessage && idle && fine
}

/** The record as one printable line: the time in UTC, the level if it is not info, the resource, and the rest. */
export function humanLine(record: LogRecord): string {
  const { time, level, group, server, msg, ...rest } = record
  const word = String(level ?? 'info')
  const [, clock = ''] = /T(\d\d:\d\d:\d\d)/.exec(String(time)) ?? []
  const about = group ?? server
  const text = msg === doneMessage ? doneText(rest) : [msg ?? '', ...fieldsOf(rest)].join(' ')
  const head = [`${clock}Z`, ...(word === 'info' ? [] : [word])].join(' ')
  return printable(`${head} ${about === undefined ? '' : `${about}: `}${text}`)
}

// The result of a pass. Fields that this text does not know follow as they are.
function doneText(fields: LogRecord): string {
  const { items, created, updated, deleted, kept, durationMs, conflicts: _, ...others } = fields
  const { current, behind, unreachable, refused, reasons, unfinished, remedies, ...rest } = others
  const count = (value: unknown, what: string) => (value ? [`${value} ${what}`] : [])
  const changes = [
    ...count(created, 'created'),
    ...count(updated, 'updated'),
    ...count(deleted, 'deleted'),
    ...count(kept, 'kept in the bin'),
  ]
  const members = Number(current) + Number(behind) + Number(unreachable)
  const why =
    Array.isArray(reasons) && reasons.length > 0 ? [`not ready: ${reasons.join(', ')}`] : []
  return [
    `${items} items`,
    changes.length === 0 ? 'no copy changed' : `copies: ${changes.join(', ')}`,
    `${current} of ${members} members current`,
    ...(Number(refused) > 0 ? ['blocked by the guard'] : []),
    ...why,
    ...(unfinished === true ? ['continues at once'] : []),
    ...fieldsOf(rest),
    `${(Number(durationMs) / 1000).toFixed(1)} s`,
    ...(Array.isArray(remedies) ? remedies.map((remedy) => `→ ${remedy}`) : []),
  ].join('; ')
}

function fieldsOf(fields: LogRecord): readonly string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) =>
      name === 'durationMs'
        ? `(${(Number(value) / 1000).toFixed(1)} s)`
        : `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
}
