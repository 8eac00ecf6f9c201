// Signs in as the controller does. This is the only check that may cost an attempt of the account, and the only place
// that tries a second way: NTLM that is refused over TLS is tried once more with the other setting of channelBinding,
// because Extended Protection refuses a wrong binding, or a missing one, as it refuses a wrong password.
//
//   Send refused, Omit accepted   a proxy ends TLS with another certificate     give it the server's, or Omit
//   Omit refused, Send accepted   Extended Protection is Require                remove Omit
//   both refused                  the user name, the password or the account

import { SyncError, syncErrorOf } from '../../core/sync-error.ts'
import { networkOptionsOf } from '../endpoint.ts'
import { addressIn, type Identity } from '../identity.ts'
import { type Connection, pooledNetwork } from '../network.ts'
import { type Probed, probed } from '../probe.ts'
import type { Way } from '../route.ts'
import { Semaphore } from '../semaphore.ts'
import { isRefusal, SignIn } from '../sign-in.ts'
import { type Endpoint, Transport } from '../transport.ts'
import type { Bench, Refused } from './bench.ts'
import type { Finding } from './finding.ts'
import { accountIn, ewsLine, userLine } from './shell.ts'

/** The finding; if the account is accepted, also the way to the server, and its answer unless that was an error. */
export type Entered = Readonly<{ finding: Finding; way?: Way; answer?: Probed | SyncError }>

/** The handshakes that may still be refused, or break off. One begins when the one before has ended. */
type Attempts = { left: number; readonly alone: Semaphore }

const attemptsMax = 2

const usedUp = new SyncError(
  'transient',
  'SignInLost',
  'the connection broke off while signing in: check the load balancer and the proxies before the server',
)

type Ntlm = Extract<Identity, { type: 'NTLM' }>

/** Signs in. The caller closes the transport of `way`. */
export async function signedIn(bench: Bench): Promise<Entered> {
  const { endpoint, findings, refused, signal } = bench
  const key = accountKey(endpoint)
  const before = refused.get(key)
  if (before !== undefined)
    return {
      finding: findings.missing(
        'sign-in',
        `not tried again: the same account was refused for ${before.subject}`,
        before.remedy,
      ),
    }
  const attempts: Attempts = { left: attemptsMax, alone: new Semaphore(1) }
  const way = wayTo(bench, endpoint, attempts)
  const answer = await tried(bench, way)
  if (accepts(answer)) {
    const who = endpoint.identity.type === 'OAuth' ? 'the token' : 'the account'
    return { finding: findings.ok('sign-in', `the server accepts ${who}`), way, answer }
  }
  await way.transport.close()
  const finding = await refusal(bench, answer, attempts)
  if (isRefusal(answer))
    refused.set(key, { subject: findings.subject, remedy: finding.remedy } satisfies Refused)
  signal.throwIfAborted()
  return { finding }
}

/** One account at one server, whatever the settings of its sign-in and of its connections. */
function accountKey({ url, identity }: Endpoint): string {
  const { channelBinding: _, ...account } = { channelBinding: undefined, ...identity }
  return JSON.stringify([new URL(url).href.toLowerCase(), account])
}

// A connection that breaks within a handshake may have cost an attempt, too.
function wayTo({ access, clock, signal }: Bench, endpoint: Endpoint, attempts: Attempts): Way {
  const options = networkOptionsOf(endpoint, () => clock.now())
  const { handshake } = options
  const counted = (connection: Connection) =>
    attempts.alone.run(async () => {
      if (attempts.left === 0) throw usedUp
      attempts.left -= 1
      const refusal = await handshake?.(connection)
      if (refusal === undefined) attempts.left += 1
      return refusal
    }, signal)
  const network = pooledNetwork({ ...options, handshake: handshake && counted })
  const signIn = new SignIn(clock)
  const transport = new Transport(endpoint, clock, () => {}, network, signIn)
  return { server: access.server, endpoint, transport, learnt: new Map(), signIn }
}

// A connection that breaks off says nothing, so it is tried once more: by NTLM as far as the attempts allow.
async function tried(bench: Bench, way: Way): Promise<Probed | SyncError> {
  const answer = await asked(bench, way)
  const broke = answer instanceof SyncError && answer.code === 'ConnectionLost'
  return broke && way.endpoint.identity.type === 'NTLM' ? asked(bench, way) : answer
}

async function asked({ signal }: Bench, { endpoint, transport }: Way): Promise<Probed | SyncError> {
  const anchor = addressIn(endpoint.identity)
  try {
    return await probed(transport, { anchor, limit: 'probe' }, signal)
  } catch (error) {
    signal.throwIfAborted()
    return syncErrorOf(error)
  }
}

// An error of Exchange itself means that the account is signed in, unless it is about the account.
function accepts(answer: Probed | SyncError): boolean {
  if (!(answer instanceof SyncError))
    return answer.fault === undefined || !isAboutAccount(answer.fault)
  return /^Error[A-Z]/.test(answer.code) && !isAboutAccount(answer)
}

function isAboutAccount(error: SyncError): boolean {
  return error.code === 'ErrorAccountDisabled' || isRefusal(error)
}

async function refusal(
  bench: Bench,
  answer: Probed | SyncError,
  attempts: Attempts,
): Promise<Finding> {
  const { endpoint, findings, signal } = bench
  const { identity } = endpoint
  const account = accountIn(identity)
  const error = answer instanceof SyncError ? answer : answer.fault
  if (error?.code === 'Forbidden')
    return findings.missing(
      'sign-in',
      'the server forbids this account to use EWS',
      ewsLine(account),
    )
  if (error?.code !== 'AuthenticationFailed' || identity.type === 'OAuth')
    return findings.failed('sign-in', error, signal)
  if (identity.type === 'NTLM' && endpoint.url.startsWith('https:'))
    return bindingFinding(bench, identity, attempts)
  if (identity.type === 'Kerberos') return findings.failed('sign-in', error, signal)
  return findings.missing('sign-in', `refused: ${faults}`, wrong(bench))
}

async function bindingFinding(bench: Bench, identity: Ntlm, attempts: Attempts): Promise<Finding> {
  const { endpoint, findings } = bench
  const sends = identity.channelBinding === 'Send'
  const other: Ntlm = { ...identity, channelBinding: sends ? 'Omit' : 'Send' }
  const way = wayTo(bench, { ...endpoint, identity: other }, attempts)
  const answer = await tried(bench, way)
  await way.transport.close()
  const accepted = accepts(answer)
  if (accepted && sends)
    return findings.missing(
      'sign-in',
      'refused with a channel binding, accepted without one (two attempts): a proxy ends TLS with another certificate than the server’s, which Extended Protection refuses',
      'give the proxy the certificate of the Exchange server, or set spec.auth.channelBinding: Omit',
    )
  if (accepted)
    return findings.missing(
      'sign-in',
      'refused without a channel binding, accepted with one (two attempts): Extended Protection of the server is Require',
      'remove spec.auth.channelBinding: Omit',
    )
  const detail = isRefusal(answer)
    ? `refused with and without a channel binding (two attempts): ${faults}; or a proxy ends TLS with another certificate than the server’s, and Extended Protection is Require`
    : 'refused; the attempt with the other setting of channelBinding got no answer (two attempts)'
  const protection = 'Get-WebServicesVirtualDirectory | Format-List Server, ExtendedProtection*'
  return findings.missing('sign-in', detail, `${wrong(bench)}; behind a proxy: ${protection}`)
}

const faults = 'the user name or the password is wrong, or the account may not sign in'

function wrong({ access, endpoint }: Bench): string {
  const { namespace = 'default' } = access.server.metadata
  const secret = `${namespace}/${access.server.spec.auth.secretRef.name}`
  return `correct the Secret ${secret}; at the server, see whether the account is locked or a policy refuses it: ${userLine(accountIn(endpoint.identity))}`
}
