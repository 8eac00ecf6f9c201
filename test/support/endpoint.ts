// The endpoint of a transport in tests.
import type { Endpoint } from '../../controller/ews/transport.ts'

/** An endpoint that is reached by Basic; `more` says what differs. */
export function endpointAt(url: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    url,
    identity: { type: 'Basic', username: 'sync@corp.example', password: 's' },
    ca: undefined,
    concurrency: 4,
    concurrencyPerMailbox: 4,
    requestTimeoutMs: 30_000,
    ...more,
  }
}
