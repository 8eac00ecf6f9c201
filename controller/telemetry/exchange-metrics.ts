// The metrics of requests to Exchange, by server. An ExchangeServer that is no longer declared has no series: requests for
// it that are still under way are counted without a server.
import type { Counter, Histogram } from 'prom-client'
import type { Metrics } from './metrics.ts'
import { outcomeLabel } from './outcomes.ts'

/** Measures of requests to Exchange. */
export class ExchangeMetrics {
  readonly #requests: Counter
  readonly #duration: Histogram
  /** By server: the labels of its series. */
  readonly #operations = new Map<string, Map<string, Set<string>>>()
  /** The declared servers; undefined before they are known. */
  #declared: ReadonlySet<string> | undefined

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter('exsync_ews_requests_total', 'Requests to Exchange.', [
      ...['server', 'operation', 'result'],
    ])
    this.#duration = metrics.histogram(
      'exsync_ews_request_duration_seconds',
      'How long requests to Exchange took.',
      ['server', 'operation'],
    )
  }

  /** Records an answer of Exchange. `server`: namespace/name of an ExchangeServer with this connection, or empty. */
  asked(server: string, operation: string, outcome: string, tookMs: number): void {
    const result = outcomeLabel(outcome)
    const name = this.#declared === undefined || this.#declared.has(server) ? server : ''
    const operations = this.#operations.get(name) ?? new Map<string, Set<string>>()
    this.#operations.set(name, operations)
    operations.set(operation, (operations.get(operation) ?? new Set()).add(result))
    this.#requests.inc({ server: name, operation, result })
    this.#duration.observe({ server: name, operation }, tookMs / 1000)
  }

  /** Removes the metrics of all servers but these, namespace/name. */
  keep(servers: ReadonlySet<string>): void {
    this.#declared = servers
    for (const [server, operations] of this.#operations) {
      if (server === '' || servers.has(server)) continue
      this.#operations.delete(server)
      for (const [operation, results] of operations) {
        this.#duration.remove({ server, operation })
        for (const result of results) this.#requests.remove({ server, operation, result })
      }
    }
  }
}
