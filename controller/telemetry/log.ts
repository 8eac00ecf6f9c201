// Logs: JSON by pino, constant messages with varying fields, one line per pass. Counts, ids and reasons only: no addresses,
// names, content or secrets.

import { type Logger, pino } from 'pino'
import { reasonOf } from '../api/conditions.ts'
import { isConnecting } from '../api/discreet.ts'
import type { Result } from '../api/group-status.ts'
import type { Report } from '../api/report.ts'
import type { ServerResult } from '../api/server-status.ts'
import type { PlanResult } from '../api/sync-plan.ts'
import type { GroupId } from '../core/id.ts'
import { printable } from '../core/printable.ts'
import type { SyncError } from '../core/sync-error.ts'

/**
 * A logger to standard output, with pino's levels. Characters that pino leaves unescaped, such as direction marks, are
 * escaped as well: each line is printable, and is the same JSON.
 */
export function logger(level: string, write = toStandardOutput()): Logger {
  const stream = { write: (line: string) => write(`${printable(line.trimEnd())}\n`) }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream)
}

function toStandardOutput(): (line: string) => void {
  const stream = pino.destination(1)
  return (line) => void stream.write(line)
}

/** Logs the result of a pass. */
export function logPass(log: Logger, group: GroupId, result: Result, tookMs: number): void {
  if (result.kind === 'suspended') {
    log.info({ group }, 'suspended')
    return
  }
  if (result.kind === 'released') {
    log.info({ group }, 'released')
    return
  }
  if (result.kind === 'failed') {
    const { kind, code } = result.error
    const fields = { group, kind, reason: reasonOf(code), durationMs: tookMs }
    log.warn({ ...fields, ...detailOf(result.error), ...causeOf(result.error) }, 'pass failed')
    return
  }
  log.info({ group, ...figuresOf(result.report) }, 'pass done')
  const { verified } = result
  if (verified === undefined) return
  log.info(
    {
      group,
      copies: verified.copies,
      deviations: verified.deviations,
      result: verified.result,
    },
    'verified',
  )
}

// The figures of a pass, in the order of the line.
function figuresOf(report: Report): Readonly<Record<string, unknown>> {
  const { items, created, updated, deleted, kept, durationMs, problems, refusals } = report
  const { current, behind, unreachable } = report.members
  const reasons = new Set([...problems, ...refusals].map(({ reason }) => reasonOf(reason)))
  return {
    ...{ items, created, updated, deleted, kept, durationMs },
    conflicts: report.conflicts.total,
    ...{ current, behind, unreachable },
    refused: refusals.length,
    reasons: [...reasons],
    unfinished: report.unfinished,
  }
}

/** Logs the result of a probe. */
export function logServer(
  log: Logger,
  server: string,
  result: ServerResult,
  unreported: SyncError | undefined,
): void {
  if (result.kind === 'failed') {
    const { kind, code } = result.error
    const fields = { server, kind, reason: reasonOf(code), ...detailOf(result.error) }
    log.warn(fields, 'server not ready')
  } else {
    log.debug({ server }, result.kind === 'answered' ? 'server ready' : 'server suspended')
  }
  if (unreported) log.warn({ server, reason: unreported.code }, unreported.message)
}

/** Logs the answer to a SyncPlan. */
export function logPlan(
  log: Logger,
  {
    id,
    group,
    result,
    tookMs,
  }: Readonly<{ id: string; group: string; result: PlanResult; tookMs: number }>,
): void {
  const fields = { plan: id, group, durationMs: tookMs }
  if (result.kind === 'planned') {
    const { totals, problems, guard } = result.summary
    const refused = guard?.refusals.length ?? 0
    log.info({ ...fields, ...totals, problems: problems.length, refused }, 'planned')
  }
  if (result.kind === 'refused') {
    const reason = reasonOf(result.error.code)
    log.info({ ...fields, reason, ...detailOf(result.error) }, 'not planned')
  }
}

// The log contains the full error, also if the status hides it (discreet.ts).
function detailOf(error: SyncError): Readonly<{ detail?: string }> {
  return isConnecting(error) ? { detail: error.message } : {}
}

// For an unexpected error: its class and its place in the code, not its message, which may quote content.
function causeOf({ cause, code }: SyncError): Readonly<{ cause?: string }> {
  return cause instanceof Error && code === 'Unexpected' ? { cause: placeOf(cause) } : {}
}

function placeOf(error: Error): string {
  return `${error.name} ${
    (error.stack ?? '')
      .split('\n')
      .find((line) => /^\s+at /.test(line))
      ?.trim() ?? ''
  }`
}
