// Errors below SOAP: HTTP statuses and connections that fail, each with what to do next.
import { retryAfterMs } from '../core/retry-after.ts'
import { codeIn, SyncError } from '../core/sync-error.ts'
import type { Incoming } from './network.ts'

/** The server did not answer in time. */
export const timedOut = new SyncError(
  'transient',
  'RequestTimeout',
  'the server did not answer within spec.limits.requestTimeout',
)

/** What an HTTP status other than 200 asks for. `nowMs`: our own clock, ms since 1970. */
export function statusError(
  { status: statusCode, headers }: Pick<Incoming, 'status' | 'headers'>,
  nowMs: number,
): SyncError {
  const backOffMs = retryAfterMs(headers, nowMs)
  switch (statusCode) {
    case 401:
      return new SyncError(
        'terminal',
        'AuthenticationFailed',
        'the server refused the user name or password: correct them in the Secret that spec.auth.secretRef names',
      )
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
        'there is no EWS at the URL: it usually ends in /EWS/Exchange.asmx',
      )
    case 407:
      return new SyncError(
        'terminal',
        'ProxyAuthenticationRequired',
        'a proxy before the server asks for a user name and password of its own, which the controller has none of: let it reach the server past the proxy, or let the proxy pass it',
      )
    case 413:
      return new SyncError(
        'terminal',
        'RequestTooLarge',
        'the server refused the request as too large: raise its limit',
      )
    case 429:
    case 503:
      return new SyncError(
        'transient',
        'ServerBusy',
        `the server is busy (HTTP ${statusCode}); it is tried again later`,
        { backOffMs },
      )
    default:
      return statusCode >= 300 && statusCode < 400
        ? new SyncError(
            'transient',
            'Redirected',
            `the server redirects (HTTP ${statusCode}): give the final URL in spec.url`,
          )
        : new SyncError(
            'transient',
            'HttpError',
            `the server answered HTTP ${statusCode}; it is tried again`,
            { backOffMs },
          )
  }
}

/** What a failed connection asks for; a SyncError stays what it is. */
export function networkError(error: unknown, url: string): SyncError {
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
    const remedy =
      'check the scheme and the port of spec.url, and which versions of TLS the server speaks'
    return new SyncError(
      'terminal',
      'TlsFailed',
      `${host} does not speak TLS as we do (${code}): ${remedy}`,
      { cause: error },
    )
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SyncError(
      'transient',
      'HostNotFound',
      `the host ${host} is not known: check spec.url, or the name server`,
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
      `nothing answers at ${host}: check spec.url, the server and the firewall`,
      { cause: error },
    )
  }
  return new SyncError(
    'transient',
    'ConnectionLost',
    `the connection to ${host} broke off; it is tried again (should it stay so: is it https that is spoken there?)`,
    { cause: error },
  )
}

// What Node says of certificates (tls.TLSSocket.authorizationError).
const untrusted =
  /CERT|UNABLE_TO_|ISSUER|SIGNATURE|ALTNAME|HOSTNAME_MISMATCH|INVALID_PURPOSE|PATH_LENGTH/
