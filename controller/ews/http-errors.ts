// Errors below SOAP: HTTP statuses and failed connections, each with the next thing to do.
import { retryAfterMs } from '../core/retry-after.ts'
import { codeIn, SyncError } from '../core/sync-error.ts'
import type { Identity } from './identity.ts'
import type { Incoming } from './network.ts'
import { refusalOf } from './offers.ts'

/** The server did not answer in time. */
export const timedOut = new SyncError(
  'transient',
  'RequestTimeout',
  'the server did not answer within spec.limits.requestTimeout',
)

const nobody: Identity = { type: 'Basic', username: '', password: '' }

/** The error for an HTTP status other than 200. `nowMs`: our own clock, ms since 1970. `identity`: as which the request was sent. */
export function statusError(
  { status: statusCode, headers }: Pick<Incoming, 'status' | 'headers'>,
  nowMs: number,
  identity: Identity = nobody,
): SyncError {
  const backOffMs = retryAfterMs(headers, nowMs)
  switch (statusCode) {
    case 401:
      return refusalOf(identity, headers)
    case 403:
      return new SyncError(
        'terminal',
        'Forbidden',
        'the server forbids this account to use EWS: allow it (EwsEnabled, EwsApplicationAccessPolicy)',
      )
    case 404:
      return new SyncError(
        'terminal',
        'EwsNotFound',
        'no EWS at this URL: correct spec.url, which usually ends in /EWS/Exchange.asmx',
      )
    case 407:
      return new SyncError(
        'terminal',
        'ProxyAuthenticationRequired',
        'a proxy before the server demands its own sign-in, which the controller does not support: route the controller around the proxy, or allow it there without a sign-in',
      )
    case 413:
      return new SyncError(
        'terminal',
        'RequestTooLarge',
        'the server refused the request as too large: raise the request limit of the server or its proxy',
      )
    case 429:
    case 503:
      return new SyncError(
        'transient',
        'ServerBusy',
        `the server is busy (HTTP ${statusCode}); the controller tries again later`,
        { backOffMs },
      )
    default:
      return statusCode >= 300 && statusCode < 400
        ? new SyncError(
            'transient',
            'Redirected',
            `the server redirects (HTTP ${statusCode}): set spec.url to the final URL`,
          )
        : new SyncError(
            'transient',
            'HttpError',
            `the server answered HTTP ${statusCode}; the controller tries again`,
            { backOffMs },
          )
  }
}

/** The error for a failed connection to a URL; a SyncError is answered as it is. `field`: what holds the URL. */
export function networkError(error: unknown, url: string, field = 'spec.url'): SyncError {
  if (error instanceof SyncError) return error
  const code = codeIn(error)
  const { host } = new URL(url)
  if (untrusted.test(code)) {
    const remedy =
      'put the certificate of its authority into a Secret and name it in spec.tls.caSecretRef'
    return new SyncError(
      'terminal',
      'TlsNotTrusted',
      `the certificate of ${host} is not trusted (${code}): ${remedy}`,
      { cause: error },
    )
  }
  if (/SSL|TLS|EPROTO/.test(code)) {
    const remedy = `check the scheme and the port of ${field}, and which TLS versions the server supports`
    return new SyncError(
      'terminal',
      'TlsFailed',
      `${host} has no TLS version or cipher in common with the controller (${code}): ${remedy}`,
      { cause: error },
    )
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SyncError(
      'transient',
      'HostNotFound',
      `the name ${host} cannot be resolved: check ${field} and the DNS server`,
      { cause: error },
    )
  }
  if (
    code === 'ECONNREFUSED' ||
    code === 'UND_ERR_CONNECT_TIMEOUT' ||
    code === 'EHOSTUNREACH' ||
    code === 'ENETUNREACH'
  ) {
    return new SyncError(
      'transient',
      'ConnectionRefused',
      `nothing answers at ${host}: check ${field}, the server and the firewall`,
      { cause: error },
    )
  }
  return new SyncError(
    'transient',
    'ConnectionLost',
    `the connection to ${host} broke off; the controller tries again. If this persists, check that the port of ${field} serves https`,
    { cause: error },
  )
}

// Node's error codes for certificates (tls.TLSSocket.authorizationError).
const untrusted =
  /CERT|UNABLE_TO_|ISSUER|SIGNATURE|ALTNAME|HOSTNAME_MISMATCH|INVALID_PURPOSE|PATH_LENGTH/
