// From an ExchangeServer that can be reached to how requests are sent there.
import { checkedMs } from '../api/duration.ts'
import type { Ready } from '../api/references.ts'
import { envelopeXml } from './envelope.ts'
import { identityOf } from './identity.ts'
import type { NetworkOptions } from './network.ts'
import { ntlmHandshake } from './ntlm/handshake.ts'
import { question } from './sign-in.ts'
import type { Endpoint } from './transport.ts'

/** How a server is reached. `requestMaxMs`: the longest that a request may take, whatever the server's resource says. */
export function endpointOf(access: Ready, requestMaxMs = Number.POSITIVE_INFINITY): Endpoint {
  const { server, ca } = access
  const { url, limits } = server.spec
  const { concurrency, concurrencyPerMailbox } = limits
  const requestTimeoutMs = Math.min(checkedMs(limits.requestTimeout), requestMaxMs)
  const identity = identityOf(access)
  return { url, identity, ca, concurrency, concurrencyPerMailbox, requestTimeoutMs }
}

/** The settings of the connections to an endpoint. `now`: ms since 1970. */
export function networkOptionsOf(
  { url, identity, ca, concurrency }: Endpoint,
  now: () => number,
): NetworkOptions {
  if (identity.type !== 'NTLM') return { ca, concurrency }
  const asked = envelopeXml(question, undefined)
  return { ca, concurrency, handshake: ntlmHandshake(identity, { url, question: asked, now }) }
}
