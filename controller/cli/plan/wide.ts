// A plan with every line: the lines of the table, then for each replica its counts and every change.
import { changeKinds } from '../../api/plan-summary.ts'
import { grouped } from '../../api/progress.ts'
import type { ForecastLine } from '../../sync/forecast.ts'
import { changeLines, countedText, stateLines } from './sentences.ts'
import { nameText, type PlanView } from './table.ts'

/** All lines about one group. There may be hundreds of thousands: write them one by one. */
export function* wideOf({ summary, forecast }: PlanView): Iterable<string> {
  yield summary.group
  for (const line of stateLines(summary)) yield `  ${line}`
  for (const { text } of changeLines(summary)) yield `  ${text}`
  for (const [at, each] of summary.replicas.entries()) {
    const counts = changeKinds.map((kind) => `${kind} ${grouped(each[kind])}`).join(', ')
    yield `  ${each.replica}  ${counts}`
    if (each.fields.length > 0) yield `    fields  ${countedText(each.fields)}`
    const lines = forecast?.replicas[at]
    if (lines === undefined) continue
    for (const kind of changeKinds)
      for (const line of lines[kind]) yield `    ${kind.padEnd(6)} ${lineText(line)}`
  }
  const more = summary.omitted?.replicas ?? 0
  if (more > 0) yield `  … and ${grouped(more)} more folders`
}

function lineText({ link, name = '', fields, reason }: ForecastLine): string {
  const shown = name === '' ? [] : [`(${nameText(name)})`]
  return [link, ...shown, ...(reason ? [reason] : []), fields.join(' ')].join(' ').trimEnd()
}
