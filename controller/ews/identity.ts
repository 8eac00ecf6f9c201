// The identity that the controller signs in with, from an ExchangeServer and its Secret.
import type { Ready } from '../api/references.ts'

/** An identity, by the way of signing in. Connections never serve two of them. */
export type Identity =
  | Readonly<{ type: 'Basic'; username: string; password: string }>
  | Readonly<{ type: 'NTLM'; username: string; password: string; channelBinding: 'Send' | 'Omit' }>
  | Readonly<{ type: 'Kerberos'; username: string; keytab: string }>
  | Readonly<{ type: 'OAuth' } & TokenClient>

/** A client of a token endpoint (OAuth 2.0 client credentials, RFC 6749 §4.4). */
export type TokenClient = Readonly<{
  tokenURL: string
  clientID: string
  clientSecret: string
  scope: string
}>

/** The identity for a server. */
export function identityOf({ server, credentials }: Ready): Identity {
  const { type, channelBinding = 'Send' } = server.spec.auth
  const { username = '', password = '', keytab = '' } = credentials
  if (type === 'Basic') return { type, username, password }
  if (type === 'NTLM') return { type, username, password, channelBinding }
  if (type === 'Kerberos') return { type, username, keytab }
  const { tokenURL = '', clientID = '', clientSecret = '', scope = '' } = credentials
  return { type, tokenURL, clientID, clientSecret, scope }
}

/** The identity's address, if its user name is one: its own mailbox. */
export function addressIn(identity: Identity): string | undefined {
  if (identity.type === 'OAuth' || identity.type === 'Kerberos') return undefined
  return identity.username.includes('@') ? identity.username : undefined
}
