// The summary of a forecast: counts instead of links. Replicas with the same change are one entry.
import {
  type ChangeKind,
  type Counted,
  changeKinds,
  type PlanSummary,
  type ReplicaSummary,
  type SummaryChange,
} from '../api/plan-summary.ts'
import { digestOfAll } from '../core/id.ts'
import { append, into } from '../core/many.ts'
import { finished, type Work } from '../core/work.ts'
import type { Forecast, ForecastLine, ForecastReplica } from './forecast.ts'

/** The summary of a forecast, at once: see `summarising`. */
export function summaryOf(forecast: Forecast): PlanSummary {
  return finished(summarising(forecast))
}

/** The summary of a forecast. It is as long as the group has replicas: boundedSummary shortens it. */
export function* summarising(forecast: Forecast): Work<PlanSummary> {
  const { group, suspended, deleted, error, problems, guard } = forecast
  const { joins = [], forgets = [], leaving = [], turns = [] } = forecast
  const replicas: ReplicaSummary[] = []
  for (const each of forecast.replicas) {
    yield weightOfLines(each.update)
    replicas.push(replicaOf(each))
  }
  const totals = { create: 0, update: 0, delete: 0, keep: 0 }
  for (const each of replicas) for (const kind of changeKinds) totals[kind] += each[kind]
  const changes: SummaryChange[] = []
  for (const alike of yield* alikeOf(forecast)) {
    yield weightOfLines(alike.lines)
    changes.push(changeOf(alike))
  }
  return {
    group,
    ...(suspended && { suspended }),
    ...(deleted && { deleted }),
    ...(error && { error }),
    problems,
    ...(guard && { guard }),
    totals,
    replicas,
    changes,
    joins,
    forgets,
    leaving,
    turns,
  }
}

function replicaOf({ replica, ...lines }: ForecastReplica): ReplicaSummary {
  return {
    replica,
    create: lines.create.length,
    update: lines.update.length,
    delete: lines.delete.length,
    keep: lines.keep.length,
    fields: fieldsOf(lines.update),
  }
}

/** Replicas with the same change: the same items and, for updates, the same fields. */
export type Alike = Readonly<{
  kind: ChangeKind
  replicas: readonly ForecastReplica[]
  /** The lines, which are the same in each of them. */
  lines: readonly ForecastLine[]
}>

/**
 * The changes of a forecast, each with the replicas that share it: by kind, the greatest first. They are the `changes` of
 * its summary, in the same order.
 */
export function alikeIn(forecast: Forecast): readonly Alike[] {
  return finished(alikeOf(forecast))
}

function* alikeOf({ replicas }: Forecast): Work<readonly Alike[]> {
  const all: Alike[] = []
  for (const kind of changeKinds) {
    const same = new Map<string, ForecastReplica[]>()
    for (const each of replicas) {
      if (each[kind].length === 0) continue
      yield weightOfLines(each[kind])
      into(same, digestOf(kind, each[kind]), each)
    }
    const size = (each: Alike) => each.lines.length * each.replicas.length
    const ofKind = [...same.values()].map(
      (alike): Alike => ({ kind, replicas: alike, lines: alike[0]?.[kind] ?? [] }),
    )
    append(
      all,
      ofKind.sort((one, other) => size(other) - size(one)),
    )
  }
  return all
}

function weightOfLines({ length }: readonly ForecastLine[]): number {
  return 0.1 * (1 + length)
}

function changeOf({ kind, replicas, lines }: Alike): SummaryChange {
  const names = replicas.map(({ replica }) => replica)
  const reasons = kind === 'keep' ? countedOf(lines, reasonIn) : []
  const fields = kind === 'create' ? [] : fieldsOf(lines)
  const rest = { fields, ...(reasons.length > 0 && { reasons }) }
  return { kind, items: lines.length, replicas: names, replicaCount: names.length, ...rest }
}

// Equal for the same items with, for updates, the same fields. Makes no text for a line: there are many.
function digestOf(kind: ChangeKind, lines: readonly ForecastLine[]): string {
  const detailed = kind === 'update' || kind === 'keep'
  return digestOfAll(partsOf([...lines].sort(byLink), detailed))
}

function* partsOf(lines: readonly ForecastLine[], detailed: boolean): Generator<string> {
  for (const { link, fields, reason = '' } of lines) {
    yield link
    if (!detailed) continue
    yield `${fields.length} ${reason}`
    yield* fields
  }
}

// Several lines of one link differ in their reasons or fields.
function byLink(one: ForecastLine, other: ForecastLine): number {
  if (one.link !== other.link) return one.link < other.link ? -1 : 1
  const text = ({ reason = '', fields }: ForecastLine) => [reason, ...fields].join('\n')
  return text(one) < text(other) ? -1 : 1
}

function fieldsOf(lines: readonly ForecastLine[]): readonly Counted[] {
  return countedOf(lines, ({ fields }) => fields)
}

function reasonIn({ reason }: ForecastLine): readonly string[] {
  return reason === undefined ? [] : [reason]
}

// The most frequent first, then by name.
function countedOf(
  lines: readonly ForecastLine[],
  namesIn: (line: ForecastLine) => readonly string[],
): readonly Counted[] {
  const counts = new Map<string, number>()
  for (const line of lines)
    for (const name of namesIn(line)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
}
