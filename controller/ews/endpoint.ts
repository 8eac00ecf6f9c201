// From an ExchangeServer that can be reached to how requests are sent there.
import { checkedMs } from '../api/duration.ts'
import type { Ready } from '../api/references.ts'
import type { Endpoint } from './transport.ts'

/** How a server is reached. `requestMaxMs`: the longest that a request may take, whatever the server's resource says. */
export function endpointOf(
  { server, credentials, ca }: Ready,
  requestMaxMs = Number.POSITIVE_INFINITY,
): Endpoint {
  const { url, limits } = server.spec
  const { username = '', password = '' } = credentials
  const { concurrency, concurrencyPerMailbox } = limits
  const requestTimeoutMs = Math.min(checkedMs(limits.requestTimeout), requestMaxMs)
  return { url, username, password, ca, concurrency, concurrencyPerMailbox, requestTimeoutMs }
}
