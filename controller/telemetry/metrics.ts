// Metrics for Prometheus. Names that controller-runtime and client-go define are used as they are, so that existing
// dashboards and alerts work; the others begin with exsync_. Labels are bounded: namespaces, names of resources,
// operations, reasons; never an address.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { greatest } from '../core/many.ts'
import type { Sized, Sizes } from '../sync/ports/state.ts'
import type { QueueWatch } from '../sync/queue.ts'

/** The parts of a queue that its metrics need. */
export type Measured = Readonly<{
  depth: number
  working: ReadonlyMap<string, number>
  /** Taken and awaited places, by namespace. */
  shares: Readonly<{
    held: Readonly<{ workers: number; aside: number }>
    waiting: () => ReadonlyMap<string, Readonly<{ worker: number; server: number }>>
  }>
}>

const seconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const queueSeconds = [1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000]

/** The metrics of the process as a controller. */
export class Metrics {
  readonly #meter = new Meter()
  readonly #now: () => number
  readonly #queues = new Map<string, Measured>()
  readonly #adds = this.#meter.counter(
    'workqueue_adds_total',
    'Keys added to a queue.',
    queueLabels,
  )
  readonly #waited = this.#meter.histogram(
    'workqueue_queue_duration_seconds',
    'How long a key waited after it was due.',
    queueLabels,
    queueSeconds,
  )
  readonly #worked = this.#meter.histogram(
    'workqueue_work_duration_seconds',
    'How long the work on a key took.',
    queueLabels,
    queueSeconds,
  )
  readonly #retries = this.#meter.counter(
    'workqueue_retries_total',
    'Keys added again after a failure.',
    queueLabels,
  )
  readonly #reconciles = this.#meter.counter(
    'controller_runtime_reconcile_total',
    'Reconciliations by result: success, error, requeue_after.',
    ['controller', 'result'],
  )
  readonly #errors = this.#meter.counter(
    'controller_runtime_reconcile_errors_total',
    'Reconciliations that ended with an error.',
    ['controller'],
  )
  readonly #time = this.#meter.histogram(
    'controller_runtime_reconcile_time_seconds',
    'How long a reconciliation took.',
    ['controller'],
  )
  readonly #most = this.#meter.gauge(
    'controller_runtime_max_concurrent_reconciles',
    'The most reconciliations that may run at the same time.',
    ['controller'],
  )
  readonly #requests = this.#meter.counter(
    'rest_client_requests_total',
    'Requests to the Kubernetes API server.',
    ['code', 'host', 'method'],
  )
  readonly #leading = this.#meter.gauge(
    'leader_election_master_status',
    'Whether this process holds the Lease.',
    ['name'],
  )

  /** `now`: ms since 1970. */
  constructor(now: () => number, version: string) {
    this.#now = now
    collectDefaultMetrics({ register: this.registry })
    const labels = ['version']
    this.#meter
      .gauge('exsync_build_info', 'The version of the controller.', labels)
      .set({ version }, 1)
    this.#measureQueues()
  }

  /** The registry that collects them. */
  get registry(): Registry {
    return this.#meter.registry
  }

  /** The text for Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  /** Creates a counter for the caller. */
  counter(name: string, help: string, labels: readonly string[]): Counter {
    return this.#meter.counter(name, help, labels)
  }

  /** Creates a gauge for the caller; `collect` runs before each reading. */
  gauge(name: string, help: string, labels: readonly string[], collect?: Collect): Gauge {
    return this.#meter.gauge(name, help, labels, collect)
  }

  /** Creates a histogram of seconds for the caller. */
  histogram(name: string, help: string, labels: readonly string[]): Histogram {
    return this.#meter.histogram(name, help, labels)
  }

  /** The callbacks for a queue. */
  queue(name: string): QueueWatch {
    const labels = { name, controller: name }
    return {
      added: () => this.#adds.inc(labels),
      got: (waitedMs) => this.#waited.observe(labels, waitedMs / 1000),
      done: (tookMs) => this.#worked.observe(labels, tookMs / 1000),
      retried: () => this.#retries.inc(labels),
    }
  }

  /** Registers the queue of a controller, and the number of keys that it works on at the same time. */
  measure(name: string, queue: Measured, workers: number): void {
    this.#queues.set(name, queue)
    this.#most.set({ controller: name }, workers)
  }

  /** Records the result of a reconciliation. */
  reconciled(
    controller: string,
    result: 'success' | 'error' | 'requeue_after',
    tookMs: number,
  ): void {
    this.#reconciles.inc({ controller, result })
    this.#errors.inc({ controller }, result === 'error' ? 1 : 0)
    this.#time.observe({ controller }, tookMs / 1000)
  }

  /** Records an answer of the API server. */
  requested(method: string, code: string, host: string): void {
    this.#requests.inc({ method, code, host })
  }

  /** Reports the sizes of the state before each reading; a state that cannot be read has none. */
  measureState(sizes: () => Promise<Sizes>): void {
    const measure = (name: string, help: string, which: keyof Sized) => {
      const gauge: Gauge = this.gauge(name, help, ['part'], async () => {
        const known = await sizes().catch(() => undefined)
        gauge.reset()
        for (const part of ['bin', 'history', 'files'] as const) {
          const bytes = known?.[part][which]
          if (bytes !== undefined && Number.isFinite(bytes)) gauge.set({ part }, bytes)
        }
      })
    }
    const parts = 'the content in the bin, that in the history, and the files of the state'
    measure('exsync_state_bytes', `The size of ${parts}.`, 'bytes')
    const limits = '--bin-limit, the room beside the bin, and the size that the disk allows'
    measure('exsync_state_limit_bytes', `The limit for ${parts}: ${limits}.`, 'maxBytes')
  }

  /** Records whether this process leads. */
  leads(name: string, leads: boolean): void {
    this.#leading.set({ name }, leads ? 1 : 0)
  }

  #measureShares(): void {
    const waiting: Gauge = this.#meter.gauge(
      'exsync_queue_waiting',
      'Resources that are due and wait, by namespace: for a worker, or for their server, which is being probed or does not answer.',
      ['controller', 'namespace', 'for'],
      () => {
        waiting.reset()
        for (const [controller, { shares }] of this.#queues)
          for (const [namespace, counts] of shares.waiting())
            for (const what of ['worker', 'server'] as const)
              waiting.set({ controller, namespace, for: what }, counts[what])
      },
    )
    const places: Gauge = this.#meter.gauge(
      'exsync_queue_places',
      'Taken places: work with a worker, or work without one that waits for a server.',
      ['controller', 'place'],
      () => {
        for (const [controller, { shares }] of this.#queues) {
          places.set({ controller, place: 'worker' }, shares.held.workers)
          places.set({ controller, place: 'aside' }, shares.held.aside)
        }
      },
    )
  }

  #measureQueues(): void {
    const each =
      (set: (labels: { name: string; controller: string }, queue: Measured) => void) => () => {
        for (const [name, queue] of this.#queues) set({ name, controller: name }, queue)
      }
    const ages = ({ working }: Measured) =>
      [...working.values()].map((sinceMs) => (this.#now() - sinceMs) / 1000)
    const depth: Gauge = this.#meter.gauge(
      'workqueue_depth',
      'Keys that are due and wait for a worker.',
      queueLabels,
      each((labels, queue) => depth.set(labels, queue.depth)),
    )
    const unfinished: Gauge = this.#meter.gauge(
      'workqueue_unfinished_work_seconds',
      'The total time that running work has taken so far.',
      queueLabels,
      each((labels, queue) =>
        unfinished.set(
          labels,
          ages(queue).reduce((one, other) => one + other, 0),
        ),
      ),
    )
    const longest: Gauge = this.#meter.gauge(
      'workqueue_longest_running_processor_seconds',
      'The time that the longest running work has taken so far.',
      queueLabels,
      each((labels, queue) => longest.set(labels, Math.max(0, greatest(ages(queue))))),
    )
    this.#measureShares()
    const active: Gauge = this.#meter.gauge(
      'controller_runtime_active_workers',
      'Running reconciliations.',
      ['controller'],
      each(({ controller }, queue) => active.set({ controller }, queue.working.size)),
    )
  }
}

const queueLabels = ['name', 'controller']

type Collect = () => void | Promise<void>

class Meter {
  readonly registry = new Registry()

  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  gauge(name: string, help: string, labelNames: readonly string[], collect?: Collect): Gauge {
    const registers = [this.registry]
    return new Gauge({ name, help, labelNames, registers, ...(collect && { collect }) })
  }

  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: number[] = seconds,
  ): Histogram {
    const registers = [this.registry]
    return new Histogram({ name, help, labelNames: [...labels], buckets, registers })
  }
}
