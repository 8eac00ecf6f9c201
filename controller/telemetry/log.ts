// Logs: JSON by pino, constant messages with varying fields, one line per pass. Counts, ids and reasons only: no addresses,
// names, content or secrets. A line about something that is not as it should be has the remedy.

import { type Logger, pino } from 'pino'
import { reasonOf } from '../api/conditions.ts'
import { isConnecting } from '../api/discreet.ts'
import type { Result } from '../api/group-status.ts'
import {
  approvalText,
  type Deployment,
  remedyLines,
  remedyOf,
  statusCommand,
} from '../api/remedy.ts'
import type { Report } from '../api/report.ts'
import type { SyncGroup } from '../api/resources.generated.ts'
import type { ServerResult } from '../api/server-status.ts'
import type { PlanResult } from '../api/sync-plan.ts'
import { hashOf } from '../core/guard.ts'
import type { GroupId } from '../core/id.ts'
import { printable } from '../core/printable.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { Declared } from '../sync/ports.ts'
import { placeOf } from './libraries.ts'

/**
 * A logger to standard output, with pino's levels as words. Characters that pino leaves unescaped, such as direction marks, are
 * escaped as well: each line is printable, and is the same JSON.
 */
export function logger(level: string, write = toStandardOutput()): Logger {
  const stream = { write: (line: string) => write(`${printable(line.trimEnd())}\n`) }
  const formatters = { level: (name: string) => ({ level: name }) }
  return pino({ level, base: null, formatters, timestamp: pino.stdTimeFunctions.isoTime }, stream)
}

function toStandardOutput(): (line: string) => void {
  const stream = pino.destination(1)
  return (line) => void stream.write(line)
}

/** The message of the log about a pass that ended with a report. */
export const doneMessage = 'pass done'

/** Logs the result of a pass. `deployment`: the place of the commands in a remedy. */
export function logPass(
  log: Logger,
  deployment: Deployment,
  { id: group, group: declared }: Pick<Declared, 'id' | 'group'>,
  result: Result,
  tookMs: number,
): void {
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
    const fields = {
      group,
      kind,
      reason: reasonOf(code),
      durationMs: tookMs,
      remedy: remedyOf(code),
    }
    log.warn({ ...fields, ...detailOf(result.error), ...causeOf(result.error) }, 'pass failed')
    return
  }
  const remedies = remediesOf(deployment, declared, group, result.report)
  log.info({ group, ...figuresOf(result.report), ...remedies }, doneMessage)
  const { verified } = result
  if (verified === undefined) return
  const { copies, deviations, result: found } = verified
  const command = statusCommand(deployment, group, 'verified')
  const remedy = found === 'Proved' ? {} : { remedy: `the copies: ${command}` }
  log.info({ group, copies, deviations, result: found, ...remedy }, 'verified')
}

// The remedy of each problem and refusal, and the command that names the members.
function remediesOf(
  deployment: Deployment,
  declared: SyncGroup,
  group: GroupId,
  { problems, refusals }: Report,
): Readonly<{ remedies?: readonly string[] }> {
  const lines = [...remedyLines(problems.map(({ reason }) => reason))]
  if (lines.length > 0)
    lines.push(`the members and details: ${statusCommand(deployment, group, 'problems')}`)
  if (refusals.length > 0) {
    const blocked = { hash: hashOf(refusals), above: refusals.some(({ above }) => above) }
    const approval = approvalText(deployment, declared, group, blocked)
    lines.push(`the guard blocks changes: undo them in Exchange, or ${approval}`)
  }
  return lines.length === 0 ? {} : { remedies: lines }
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
    const remedy = remedyOf(code)
    const fields = { server, kind, reason: reasonOf(code), remedy, ...detailOf(result.error) }
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

/**
 * Logs that the API server refuses a write about a SyncPlan. `right`: `verb resource`. A missing right comes with the chart value,
 * and the command without the chart, that grant it.
 */
export function logRefusedPlan(
  log: Logger,
  { id, right, error }: Readonly<{ id: string; right: string; error: SyncError }>,
): void {
  const [verb, resource = ''] = right.split(' ')
  const [kind, subresource] = resource.split('/')
  const named = `${kind}.exchangesync.dev${subresource === undefined ? '' : `/${subresource}`}`
  const remedy = `grant ${right}: helm upgrade with rbac.create=true, or kubectl create clusterrole exsync-syncplans-${verb} --verb=${verb} --resource=${named}, bound to the controller’s service account`
  const missing = error.code === 'ApiForbidden'
  log.warn(
    { plan: id, reason: reasonOf(error.code), ...(missing && { remedy }) },
    `a write about the SyncPlan is refused, and repeated: ${error.message}`,
  )
}

// The log contains the full error, also if the status hides it (discreet.ts).
function detailOf(error: SyncError): Readonly<{ detail?: string }> {
  return isConnecting(error) ? { detail: error.message } : {}
}

// For an unexpected error: its class and its place in the code, not its message, which may quote content.
function causeOf({ cause, code }: SyncError): Readonly<{ cause?: string }> {
  return cause instanceof Error && code === 'Unexpected'
    ? { cause: `${cause.name} at ${placeOf(cause)}` }
    : {}
}
