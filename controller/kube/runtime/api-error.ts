// Error answers of the API server, each with the next thing to do.
import { printableUpTo } from '../../core/printable.ts'
import { codeIn, type Kind, SyncError } from '../../core/sync-error.ts'

/** The reasons that Kubernetes defines; any other text comes from a proxy. */
const reasons: ReadonlySet<string> = new Set([
  'AlreadyExists',
  'BadRequest',
  'Conflict',
  'Expired',
  'Forbidden',
  'Gone',
  'InternalError',
  'Invalid',
  'MethodNotAllowed',
  'NotAcceptable',
  'NotFound',
  'RequestEntityTooLarge',
  'ServerTimeout',
  'ServiceUnavailable',
  'StoreReadError',
  'Timeout',
  'TooManyRequests',
  'Unauthorized',
  'UnsupportedMediaType',
])

const messageMax = 300

/**
 * An answer other than success. `status` is the HTTP status. `reason` is the Kubernetes reason, such as Conflict, or
 * HttpNNN if the answer has another one. `retryAfterMs`: the server's Retry-After, in ms.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly reason: string
  readonly retryAfterMs: number | undefined
  /** The name of the resource that the API server itself gives in the error; undefined if it gives none. */
  readonly named: string | undefined

  constructor(
    status: number,
    reason: string,
    message: string,
    retryAfterMs?: number,
    named?: string,
  ) {
    super(printableUpTo(message, messageMax))
    this.status = status
    this.reason = reasons.has(reason) ? reason : `Http${status}`
    this.retryAfterMs = retryAfterMs
    this.named = named
  }
}

/** Is the error an answer of the API server with one of these HTTP statuses? */
export function isStatus(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status)
}

/** Does the API server itself say that no resource has this name? A 404 of a proxy does not count. */
export function isMissing(error: unknown, name: string): boolean {
  return isStatus(error, 404) && error.reason === 'NotFound' && error.named === name
}

/** The same error as a SyncError. An error without an answer of the server is transient, ApiServerUnreachable. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  if (!(error instanceof ApiError)) {
    const code = codeIn(error)
    const why = code === '' ? '' : ` (${code})`
    return new SyncError(
      'transient',
      'ApiServerUnreachable',
      `the Kubernetes API server does not answer${why}; the controller tries again`,
      { cause: error },
    )
  }
  return new SyncError(kindOf(error.status), `Api${error.reason}`, messageOf(error), {
    cause: error,
    backOffMs: error.retryAfterMs,
  })
}

function kindOf(status: number): Kind {
  if (status === 409) return 'stale'
  return status === 403 || status === 400 || status === 404 || status === 422
    ? 'terminal'
    : 'transient'
}

// The server's message quotes values, which must not reach a log. Exception: 403, which names the missing right.
function messageOf({ status, reason, message }: ApiError): string {
  if (status === 403) return `the Kubernetes API server refuses the request: ${message}`
  if (status === 404)
    return 'the Kubernetes API server does not know this resource: install its resource definition (CRD)'
  return `the Kubernetes API server answered ${status} ${reason}`
}
