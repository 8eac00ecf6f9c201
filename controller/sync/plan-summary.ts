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
    changes: alikeIn(forecast).map(changeOf),
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
export function alikeIn({ replicas }: Forecast): readonly Alike[] {
  return changeKinds.flatMap((kind) => {
    const same = new Map<string, ForecastReplica[]>()
    for (const each of replicas)
      if (each[kind].length > 0) into(same, digestOf(kind, each[kind]), each)
    const size = (each: Alike) => each.lines.length * each.replicas.length
    return [...same.values()]
      .map((alike): Alike => ({ kind, replicas: alike, lines: alike[0]?.[kind] ?? [] }))
      .sort((one, other) => size(other) - size(one))
  })
}

function changeOf({ kind, replicas, lines }: Alike): SummaryChange {
  const names = replicas.map(({ replica }) => replica)
  const reasons = kind === 'keep' ? countedOf(lines.flatMap(({ reason = [] }) => reason)) : []
  const fields = kind === 'create' ? [] : fieldsOf(lines)
  const rest = { fields, ...(reasons.length > 0 && { reasons }) }
  return { kind, items: lines.length, replicas: names, replicaCount: names.length, ...rest }
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
