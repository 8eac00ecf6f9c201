// The HTTP servers of a running controller: health for the kubelet, metrics for Prometheus.
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { syncErrorOf } from '../core/sync-error.ts'
import { type Listening, listening } from '../telemetry/http.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/**
 * Serves both on their configured addresses. Rejects if an address that the user named cannot be used; a default address
 * may be in use already, which is a warning.
 */
export async function serving(
  { metrics: forMetrics, health: forHealth }: Pick<Config, 'metrics' | 'health'>,
  metrics: Metrics,
  log: Logger,
  ready: () => boolean,
): Promise<readonly Listening[]> {
  const ok = { status: 200, text: 'ok\n' }
  const health = {
    '/healthz': () => ok,
    '/readyz': () => (ready() ? ok : { status: 503, text: 'the Kubernetes API is not in sync\n' }),
  }
  const type = metrics.registry.contentType
  const measured = {
    '/metrics': async () => ({ status: 200, text: await metrics.text(), type }),
  }
  const each = [
    [forMetrics, measured],
    [forHealth, health],
  ] as const
  const all: Listening[] = []
  for (const [{ address, named }, paths] of each) {
    if (address === undefined) continue
    try {
      all.push(await listening(address, paths))
    } catch (error) {
      if (named) throw error
      log.warn({ address }, syncErrorOf(error).message)
    }
  }
  return all
}
