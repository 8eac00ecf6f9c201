// `exsync plan`: shows what a pass would do now. Names links and fields, never content.

import { meanwhileText } from '../core/guard.ts'
import type { Environment } from '../sync/environment.ts'
import { type Forecast, type ForecastReplica, forecastOf } from '../sync/forecast.ts'
import { claimsOf } from '../sync/schedule.ts'
import { jsonText, type Say } from './output.ts'

const linesMax = 20

/** Plans every group, prints, and answers the exit code: 0 nothing to do, 2 changes, 1 error. */
export async function plan(
  environment: Environment,
  output: 'table' | 'json',
  out: Say,
  signal: AbortSignal,
): Promise<number> {
  const groups: Forecast[] = []
  const all = await environment.declarations.groups()
  const claims = claimsOf(all)
  for (const declared of all) {
    groups.push(await forecastOf(declared, claims.get(declared.id), environment, signal))
  }
  if (output === 'json') await out(jsonText({ groups }), 'lines')
  else for (const group of groups) table(group, out)
  if (groups.length === 0 || groups.some(({ error }) => error !== undefined)) return 1
  const changes = ({ guard, replicas, leaving = [] }: Forecast) =>
    guard !== undefined || leaving.length > 0 || replicas.some((each) => count(each) > 0)
  return groups.some(changes) ? 2 : 0
}

function count(each: ForecastReplica): number {
  return each.create.length + each.update.length + each.delete.length + each.keep.length
}

function table(
  { group, suspended, deleted, error, problems, guard, replicas, leaving = [] }: Forecast,
  out: Say,
): void {
  out(group)
  if (suspended) out('  suspended: spec.suspend is true')
  if (deleted) out('  deleted: it is no longer declared')
  for (const { replica, copies, removes, waits } of leaving) {
    const what =
      waits === undefined
        ? `${removes ?? 'those'} that the controller made are removed`
        : `none is removed for now (${waits})`
    out(`  ${replica}  leaves: of ${copies} copies ${what}`)
  }
  if (error !== undefined) out(`  error  ${error.reason}: ${error.message}`)
  for (const { replica, reason, message } of problems) out(`  ${replica}  ${reason}: ${message}`)
  if (guard !== undefined) {
    const meanwhile = meanwhileText(guard.refusals.map(({ replica }) => replica))
    const where = guard.refusals.some(({ above }) => above) ? ' on the ExchangeServer' : ''
    out(
      `  blocked by the guard: undo it in Exchange, or approve it with the annotation exchangesync.dev/approve: ${guard.hash}${where}; ${meanwhile}`,
    )
    for (const { replica, reason, count, limit, hash } of guard.refusals) {
      out(`    ${replica}  ${count} ${reason.toLowerCase()} (limit ${limit}) (alone: ${hash})`)
    }
  }
  for (const each of replicas) {
    out(
      `  ${each.replica}  create ${each.create.length}, update ${each.update.length}, delete ${each.delete.length}, keep ${each.keep.length}`,
    )
    for (const kind of ['create', 'update', 'delete', 'keep'] as const) {
      for (const { link, fields, reason } of each[kind].slice(0, linesMax)) {
        out(
          ['   ', kind.padEnd(6), link, ...(reason ? [reason] : []), fields.join(' ')]
            .join(' ')
            .trimEnd(),
        )
      }
      const more = each[kind].length - linesMax
      if (more > 0) out(`    ${kind.padEnd(6)} … and ${more} more (all with -o json)`)
    }
  }
}
