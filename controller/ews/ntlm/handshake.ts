// Signs one connection in by NTLM over HTTP (MS-NTHT). Windows authenticates the TCP connection, so the handshake runs
// before the first request on it, and ends with a harmless one: no write is ever part of it.
//
//   POST, no body      Authorization: NTLM <negotiate>       ──►  401  WWW-Authenticate: NTLM <challenge>
//   POST, GetFolder    Authorization: NTLM <authenticate>    ──►  200 (or 500: a SOAP fault): signed in
//
// A server that offers Negotiate only takes the same messages there (MS-N2HT). Nothing else is tried: a wrong password
// costs one attempt.
import { randomBytes } from 'node:crypto'
import { SyncError } from '../../core/sync-error.ts'
import type { Identity } from '../identity.ts'
import type { Handshake, Incoming } from '../network.ts'
import { offersIn, type Scheme, tokenIn } from '../offers.ts'
import { channelBinding } from './channel-binding.ts'
import { ntlmUser } from './keys.ts'
import { authenticateMessage, challengeIn, negotiateMessage } from './messages.ts'

/** The inputs of a handshake beside the account. `question`: the body of the harmless request. */
export type HandshakeOptions = Readonly<{ url: string; question: string; now: () => number }>

/** The handshake for an account. */
export function ntlmHandshake(
  { username, password, channelBinding: binding }: Extract<Identity, { type: 'NTLM' }>,
  { url, question, now }: HandshakeOptions,
): Handshake {
  const user = ntlmUser(username, password)
  const service = `HTTP/${new URL(url).hostname}`
  const authorization = (scheme: Scheme, message: Buffer) =>
    `${scheme} ${message.toString('base64')}`
  return async (connection) => {
    const begin = (scheme: Scheme) => connection.send(authorization(scheme, negotiateMessage()), '')
    let scheme: Scheme = 'NTLM'
    let first = await begin(scheme)
    if (
      first.status === 401 &&
      !offersIn(first.headers).includes('NTLM') &&
      offersIn(first.headers).includes('Negotiate')
    ) {
      await first.discard()
      scheme = 'Negotiate'
      first = await begin(scheme)
    }
    const token = tokenIn(first.headers, scheme)
    const isSoap = /xml/i.test(String(first.headers['content-type'] ?? ''))
    if (first.status === 200 || (first.status === 500 && isSoap))
      throw await refused(first, notAsked)
    const offers = offersIn(first.headers)
    if (first.status !== 401 || (offers.length > 0 && !offers.includes(scheme))) return first
    if (token === undefined) throw await refused(first, noChallenge)
    await first.discard()
    const challenge = challengeIn(token)
    if (challenge === undefined) throw oddChallenge
    const { certificate } = connection
    const bound = binding === 'Send' ? certificate() : undefined
    const statement = {
      service,
      binding: bound && channelBinding(bound),
      nonce: randomBytes(8),
      nowMs: now(),
    }
    const answer = authenticateMessage(user, challenge, statement)
    return unlessAccepted(await connection.send(authorization(scheme, answer), question))
  }
}

async function refused(response: Incoming, error: SyncError): Promise<SyncError> {
  await response.discard()
  return error
}

const notAsked = new SyncError(
  'terminal',
  'AuthenticationFailed',
  'the server answers without asking for a sign-in by NTLM: a proxy before it shares a connection that another account signed in, or signs in by itself. Nothing was read or written. Give each client a connection of its own there',
)

const noChallenge = new SyncError(
  'terminal',
  'AuthenticationFailed',
  'the server answers an NTLM sign-in without a challenge, so no password was sent: a proxy before it may remove the headers Authorization or WWW-Authenticate',
)

const oddChallenge = new SyncError(
  'terminal',
  'AuthenticationFailed',
  'the server’s NTLM challenge is damaged, or not one for NTLMv2, so no password was sent: check the proxies before the server, and that it accepts NTLMv2 (LmCompatibilityLevel)',
)

// A SOAP fault (500) comes from Exchange, so the account is signed in.
async function unlessAccepted(response: Incoming): Promise<Incoming | undefined> {
  if (response.status !== 200 && response.status !== 500) return response
  await response.discard()
  return undefined
}
