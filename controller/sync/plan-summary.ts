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
import { into } from '../core/many.ts'
import type { Forecast, ForecastLine, ForecastReplica } from './forecast.ts'

/** The summary of a forecast. It is as long as the group has replicas: boundedSummary shortens it. */
export function summaryOf(forecast: Forecast): PlanSummary {
  const { group, suspended, deleted, error, problems, guard } = forecast
  const { joins = [], forgets = [], leaving = [], turns = [] } = forecast
  const replicas = forecast.replicas.map(replicaOf)
  const totals = { create: 0, update: 0, delete: 0, keep: 0 }
  for (const each of replicas) for (const kind of changeKinds) totals[kind] += each[kind]
  return {
    group,
    ...(suspended && { suspended }),
    ...(deleted && { deleted }),
    ...(error && { error }),
    problems,
    ...(guard && { guard }),
    totals,
    replicas,
    changes: changeKinds.flatMap((kind) => changesOf(kind, forecast.replicas)),
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

// The greatest change first; the order of the replicas breaks a tie.
function changesOf(
  kind: ChangeKind,
  replicas: readonly ForecastReplica[],
): readonly SummaryChange[] {
  const same = new Map<string, ForecastReplica[]>()
  for (const each of replicas)
    if (each[kind].length > 0) into(same, digestOf(kind, each[kind]), each)
  const changes = [...same.values()].flatMap((alike): readonly SummaryChange[] => {
    const [first] = alike
    if (first === undefined) return []
    const names = alike.map(({ replica }) => replica)
    const lines = first[kind]
    const reasons = kind === 'keep' ? countedOf(lines.flatMap(({ reason = [] }) => reason)) : []
    const rest = { fields: fieldsOf(lines), ...(reasons.length > 0 && { reasons }) }
    return [{ kind, items: lines.length, replicas: names, replicaCount: names.length, ...rest }]
  })
  return changes.sort((one, other) => sizeOf(other) - sizeOf(one))
}

function sizeOf({ items, replicaCount }: SummaryChange): number {
  return items * replicaCount
}

// Equal for the same items with, for updates, the same fields.
function digestOf(kind: ChangeKind, lines: readonly ForecastLine[]): string {
  const texts = lines.map(({ link, fields, reason = '' }) =>
    kind === 'update' || kind === 'keep' ? [link, reason, ...fields].join('\n') : link,
  )
  return digestOfAll(texts.sort())
}

function fieldsOf(lines: readonly ForecastLine[]): readonly Counted[] {
  return countedOf(lines.flatMap(({ fields }) => fields))
}

// The most frequent first, then by name.
function countedOf(names: readonly string[]): readonly Counted[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
}
