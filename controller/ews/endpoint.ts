// Turns an ExchangeServer and its Secrets into an endpoint, or into the error that says why it cannot be reached.
import { checkedMs } from '../api/duration.ts'
import { anyHost, type HostRules, hostRefusal, urlRemedy } from '../api/hosts.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import { strayIn, strayRemedy } from '../api/stray.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Reached } from '../sync/ports.ts'
import type { Endpoint } from './transport.ts'

/** The server that a group refers to. Throws a terminal SyncError if it does not exist, or is not valid. */
export function serverOf(name: string, { server, unusable }: Reached): ExchangeServer {
  if (server !== undefined) return server
  if (unusable !== undefined)
    throw new SyncError(
      'terminal',
      'InvalidServer',
      `the ExchangeServer ${name} is not valid: ${unusable}`,
    )
  throw new SyncError(
    'terminal',
    'ServerNotFound',
    `the ExchangeServer ${name} does not exist in the namespace: create it, or correct spec.serverRef`,
  )
}

/** Limits for every server, whatever it declares: the hosts that are allowed, and the longest request in ms. */
export type Bounds = Readonly<{ hosts?: HostRules; requestMaxMs?: number }>

/** The endpoint of a server. Throws a terminal SyncError if it is not allowed, or a reference is missing or unusable. */
export function endpointOf(
  server: ExchangeServer,
  { credentials, ca }: Reached,
  { hosts = anyHost, requestMaxMs = Number.POSITIVE_INFINITY }: Bounds,
): Endpoint {
  const { name } = server.metadata
  const { url, auth, tls, limits } = server.spec
  if (!URL.canParse(url)) {
    const message = `spec.url of the ExchangeServer ${name} is not a usable URL: ${urlRemedy}`
    throw new SyncError('terminal', 'InvalidSpec', message)
  }
  const { tokenURL } = auth.type === 'OAuth' ? (credentials ?? {}) : {}
  const token = `the tokenURL in the Secret ${auth.secretRef.name}`
  const refused =
    hostRefusal(url, hosts, 'spec.url') ?? (tokenURL && hostRefusal(tokenURL, hosts, token))
  if (refused) throw refused
  if (auth.type !== 'Basic') {
    throw new SyncError(
      'terminal',
      'AuthNotSupported',
      `spec.auth.type ${auth.type} is not supported yet: use Basic over https`,
    )
  }
  const { username, password } = credentials ?? {}
  if (username === undefined || password === undefined) {
    throw new SyncError(
      'terminal',
      'SecretNotFound',
      `the Secret ${auth.secretRef.name} with the keys username and password is missing: create it, or correct spec.auth.secretRef`,
    )
  }
  refuseStray(auth.secretRef.name, { username, password })
  if (tls !== undefined && ca === undefined) {
    throw new SyncError(
      'terminal',
      'SecretNotFound',
      `the Secret ${tls.caSecretRef.name} with the key ${tls.caSecretRef.key} is missing: create it, or correct spec.tls.caSecretRef`,
    )
  }
  if (ca !== undefined && !holdsCertificate(ca)) {
    const name = `${tls?.caSecretRef.name}, key ${tls?.caSecretRef.key}`
    throw new SyncError(
      'terminal',
      'InvalidCertificate',
      `the Secret ${name} holds no certificate in PEM format: put the certificate of the server’s authority there`,
    )
  }
  return {
    url,
    username,
    password,
    ca,
    concurrency: limits.concurrency,
    concurrencyPerMailbox: limits.concurrencyPerMailbox,
    requestTimeoutMs: Math.min(checkedMs(limits.requestTimeout), requestMaxMs),
  }
}

function holdsCertificate(pem: string): boolean {
  const begin = pem.indexOf('-----BEGIN CERTIFICATE-----')
  return begin >= 0 && pem.includes('-----END CERTIFICATE-----', begin)
}

// An invalid password is refused here and never sent: a server would count it as a failed sign-in and may lock the account.
function refuseStray(secret: string, values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) {
    const stray = strayIn(key, value)
    if (stray === undefined) continue
    const what = `the key ${key} of the Secret ${secret} ${stray}`
    throw new SyncError('terminal', 'InvalidSecret', `${what}: ${strayRemedy}`)
  }
}
