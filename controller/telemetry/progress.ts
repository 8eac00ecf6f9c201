// The metrics and log lines of passes under way.

import type { Logger } from 'pino'
import type { Counter, Gauge } from 'prom-client'
import type { Moment } from '../api/progress.ts'
import { namesIn } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import type { Metrics } from './metrics.ts'

/** The message of the log about a pass under way. */
export const underWayMessage = 'pass under way'

const labels = ['namespace', 'name']

/** Measures and logs passes under way. A group without one has none of the gauges. */
export class ProgressMetrics {
  readonly #log: Logger
  readonly #planned: Gauge
  readonly #done: Gauge
  readonly #end: Gauge
  readonly #copies: Counter
  /** By group with a pass under way: the copies that are counted. */
  readonly #counted = new Map<GroupId, number>()

  constructor(metrics: Metrics, log: Logger) {
    this.#log = log
    this.#planned = metrics.gauge(
      'exsync_group_progress_planned',
      'Copies that the pass under way writes or removes.',
      labels,
    )
    this.#done = metrics.gauge(
      'exsync_group_progress_done',
      'Copies of them that are dealt with.',
      labels,
    )
    this.#end = metrics.gauge(
      'exsync_group_progress_estimated_end_timestamp_seconds',
      'When the pass under way will end at its present rate; absent without a rate.',
      labels,
    )
    this.#copies = metrics.counter(
      'exsync_group_progress_copies_total',
      'Copies that passes of more than ten seconds dealt with; rate() is the copies a second.',
      labels,
    )
  }

  /** Records the progress of a group, and its end. */
  record(id: GroupId, now: Moment | undefined): void {
    const names = namesIn(id)
    if (now === undefined) {
      this.#counted.delete(id)
      for (const gauge of [this.#planned, this.#done, this.#end]) gauge.remove(names)
      return
    }
    const { sample, endMs, carried } = now
    const { phase, done, planned, membersDone, members } = sample
    const before = this.#counted.get(id)
    const level = before === undefined ? 'info' : 'debug'
    this.#log[level]({ group: id, phase, done, planned, membersDone, members }, underWayMessage)
    this.#planned.set(names, planned)
    this.#done.set(names, done)
    if (endMs === undefined) this.#end.remove(names)
    else this.#end.set(names, endMs / 1000)
    this.#copies.inc(names, Math.max(0, done - (before ?? carried)))
    this.#counted.set(id, done)
  }

  /** Removes the metrics of a group that is gone. */
  forget(id: GroupId): void {
    this.#counted.delete(id)
    for (const metric of [this.#planned, this.#done, this.#end, this.#copies])
      metric.remove(namesIn(id))
  }
}
