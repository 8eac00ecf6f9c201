// The metrics of each SyncGroup and ExchangeServer. They are removed with the resource.

import type { Counter, Gauge, Histogram } from 'prom-client'
import { conditionTypes } from '../api/conditions.ts'
import type { Result } from '../api/group-status.ts'
import type { ServerResult } from '../api/server-status.ts'
import type { Metrics } from './metrics.ts'

/** A resource by its names. */
export type Named = Readonly<{ namespace: string; name: string }>

type Condition = Readonly<{ type: string; status: string }>

const labels = ['namespace', 'name']
const changes = ['created', 'updated', 'deleted', 'kept'] as const

/** Measures of resources. */
export class ResourceMetrics {
  readonly #metrics: Metrics
  readonly #now: () => number
  readonly #items: Gauge
  readonly #members: Gauge
  readonly #conflicts: Counter
  readonly #copies: Counter
  readonly #guarded: Gauge
  readonly #suspended: Gauge
  readonly #serverSuspended: Gauge
  readonly #duration: Histogram
  readonly #condition: Gauge
  readonly #lag: Gauge
  /** By group: the start of the last pass after which everything was current, ms since 1970. */
  readonly #currentMs = new Map<string, Named & { atMs: number; late: boolean }>()
  /** By group: the conflicts that are counted. */
  readonly #counted = new Map<string, number>()

  /** `backOff`: for each server, its remaining back-off from now on, ms. */
  constructor(
    metrics: Metrics,
    now: () => number,
    backOff: () => readonly (Named & Readonly<{ ms: number }>)[],
  ) {
    this.#metrics = metrics
    this.#now = now
    this.#items = metrics.gauge('exsync_group_items', 'Items that are kept in sync.', labels)
    this.#members = metrics.gauge(
      'exsync_group_members',
      'Members by state: current, behind, unreachable.',
      [...labels, 'state'],
    )
    this.#conflicts = metrics.counter(
      'exsync_group_conflicts_total',
      'Conflicts since the group began.',
      labels,
    )
    this.#copies = metrics.counter(
      'exsync_group_copies_total',
      'Copies of items by what passes did: created, updated, deleted; and kept: content that went into the bin.',
      [...labels, 'change'],
    )
    this.#guarded = metrics.gauge(
      'exsync_group_guarded',
      'Whether the guard blocks a replica until it is approved.',
      labels,
    )
    this.#suspended = metrics.gauge(
      'exsync_group_suspended',
      'Whether passes are suspended.',
      labels,
    )
    this.#serverSuspended = metrics.gauge(
      'exsync_server_suspended',
      'Whether an ExchangeServer is suspended.',
      labels,
    )
    this.#duration = metrics.histogram(
      'exsync_group_pass_duration_seconds',
      'How long passes took.',
      labels,
    )
    this.#condition = metrics.gauge('exsync_resource_condition', 'Conditions of resources.', [
      'kind',
      ...labels,
      'type',
      'status',
    ])
    this.#lag = metrics.gauge(
      'exsync_group_lag_seconds',
      'The age, at most, of the oldest change that has not reached all folders; 0 without one.',
      labels,
      () => {
        for (const { namespace, name, atMs, late } of this.#currentMs.values())
          this.#lag.set({ namespace, name }, late ? (this.#now() - atMs) / 1000 : 0)
      },
    )
    const waiting: Gauge = metrics.gauge(
      'exsync_server_back_off_seconds',
      'How long the back-off of a server still lasts.',
      labels,
      () => {
        waiting.reset()
        for (const { namespace, name, ms } of backOff()) waiting.set({ namespace, name }, ms / 1000)
      },
    )
  }

  /** Records the result of a pass. */
  group(group: Named, result: Result, conditions: readonly Condition[], tookMs: number): void {
    if (result.kind === 'released') {
      this.forget('SyncGroup', group)
      return
    }
    this.#metrics.reconciled('syncgroup', outcomeOf(result), tookMs)
    this.#conditions('SyncGroup', group, conditions)
    const { namespace, name } = group
    const names = { namespace, name }
    this.#suspended.set(names, result.kind === 'suspended' ? 1 : 0)
    const key = `${namespace}/${name}`
    const beganMs = this.#now() - tookMs
    const before = this.#currentMs.get(key)?.atMs ?? beganMs
    if (result.kind !== 'passed') {
      const late = result.kind === 'failed'
      this.#currentMs.set(key, { ...names, atMs: before, late })
      return
    }
    const { items, members, conflicts, refusals, unfinished } = result.report
    this.#items.set(names, items)
    for (const state of ['current', 'behind', 'unreachable'] as const)
      this.#members.set({ ...names, state }, members[state])
    this.#countConflicts(names, conflicts.total)
    for (const change of changes) this.#copies.inc({ ...names, change }, result.report[change])
    this.#guarded.set(names, refusals.length > 0 ? 1 : 0)
    this.#duration.observe(names, tookMs / 1000)
    const late = unfinished || members.current < members.total
    this.#currentMs.set(key, { ...names, atMs: late ? before : beganMs, late })
  }

  /** Records the result of a probe. */
  server(
    server: Named,
    result: ServerResult,
    conditions: readonly Condition[],
    tookMs: number,
  ): void {
    const outcome = result.kind === 'failed' ? 'error' : 'requeue_after'
    this.#metrics.reconciled('exchangeserver', outcome, tookMs)
    this.#conditions('ExchangeServer', server, conditions)
    const { namespace, name } = server
    this.#serverSuspended.set({ namespace, name }, result.kind === 'suspended' ? 1 : 0)
  }

  /** Removes the metrics of a resource that is gone. */
  forget(kind: 'SyncGroup' | 'ExchangeServer', { namespace, name }: Named): void {
    const names = { namespace, name }
    for (const type of conditionTypes)
      for (const status of ['True', 'False', 'Unknown'])
        this.#condition.remove({ kind, ...names, type, status })
    if (kind === 'ExchangeServer') {
      this.#serverSuspended.remove(names)
      return
    }
    this.#currentMs.delete(`${namespace}/${name}`)
    this.#counted.delete(`${namespace}/${name}`)
    for (const gauge of [this.#items, this.#guarded, this.#suspended, this.#lag])
      gauge.remove(names)
    this.#conflicts.remove(names)
    this.#duration.remove(names)
    for (const change of changes) this.#copies.remove({ ...names, change })
    for (const state of ['current', 'behind', 'unreachable'])
      this.#members.remove({ ...names, state })
  }

  // The total of the state outlives the process. With another state it may go down: then the counter begins again.
  #countConflicts(names: Named, total: number): void {
    const key = `${names.namespace}/${names.name}`
    const before = this.#counted.get(key) ?? 0
    if (total < before) this.#conflicts.remove(names)
    this.#conflicts.inc({ ...names }, total < before ? total : total - before)
    this.#counted.set(key, total)
  }

  #conditions(kind: string, { namespace, name }: Named, conditions: readonly Condition[]): void {
    for (const type of conditionTypes) {
      const now = conditions.find((each) => each.type === type)
      for (const status of ['True', 'False']) {
        const holds = now?.status === status || (now === undefined && status === 'False')
        this.#condition.set({ kind, namespace, name, type, status }, holds ? 1 : 0)
      }
    }
  }
}

function outcomeOf(result: Result): 'success' | 'error' | 'requeue_after' {
  if (result.kind === 'failed') return 'error'
  return result.kind === 'suspended' ? 'success' : 'requeue_after'
}
