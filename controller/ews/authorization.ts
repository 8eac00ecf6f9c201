// The header that signs each request in. With NTLM there is none: the connection signs in (ntlm/handshake.ts).
import type { Identity } from './identity.ts'
import { Tickets } from './kerberos/tickets.ts'
import type { Network } from './network.ts'
import { Tokens } from './oauth.ts'

/** The header of requests that signs them in. */
export type Authorization = Readonly<{
  /** The header's value for one request; undefined: none. Rejects with a SyncError. */
  header: (signal: AbortSignal) => Promise<string | undefined>
  /** A server refused this value with 401. Is the next one another? */
  renews: (header: string) => boolean
  /** Ends what it keeps for the next header. */
  close: () => void
}>

/** The authorization of an identity at the server of `url`. `network`: for the requests to a token endpoint. */
export function authorizationOf(
  { url, identity }: Readonly<{ url: string; identity: Identity }>,
  network: Network,
  now: () => number,
): Authorization {
  if (identity.type === 'Basic') return basic(identity)
  if (identity.type === 'OAuth') return bearer(new Tokens(identity, network, now))
  if (identity.type === 'Kerberos') return negotiate(new Tickets(identity, url))
  return { header: async () => undefined, renews: () => false, close: () => {} }
}

function basic({ username, password }: Extract<Identity, { type: 'Basic' }>): Authorization {
  const value = `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
  return { header: async () => value, renews: () => false, close: () => {} }
}

function bearer(tokens: Tokens): Authorization {
  return {
    header: async (signal) => `Bearer ${await tokens.current(signal)}`,
    renews: (header) => {
      tokens.drop(header.slice('Bearer '.length))
      return true
    },
    close: () => {},
  }
}

function negotiate(tickets: Tickets): Authorization {
  return {
    header: async (signal) => `Negotiate ${await tickets.token(signal)}`,
    renews: (header) => tickets.renew(header.slice('Negotiate '.length)),
    close: () => tickets.close(),
  }
}
