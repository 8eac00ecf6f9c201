// What the API server answered when it did not do what was asked, with what to do next.
import { printableUpTo } from '../../core/printable.ts'
import { codeIn, type Kind, SyncError } from '../../core/sync-error.ts'

/** Kubernetes' own words for what went wrong; whatever else is said is a proxy's. */
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
 * An answer other than success. `status` is HTTP's; `reason` is Kubernetes' own word, like Conflict, or HttpNNN
 * where the server says another one.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly reason: string
  readonly retryAfterMs: number | undefined
  /** The resource that it is about, where the API server itself says so. */
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

/** Is it this status of the API server's? */
export function isStatus(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status)
}

/** Does the API server itself say that there is no resource of this name? A proxy's 404 says nothing. */
export function isMissing(error: unknown, name: string): boolean {
  return isStatus(error, 404) && error.reason === 'NotFound' && error.named === name
}

/** The same as a SyncError; what never reached the server is transient. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  if (!(error instanceof ApiError)) {
    const code = codeIn(error)
    const why = code === '' ? '' : ` (${code})`
    return new SyncError(
      'transient',
      'ApiServerUnreachable',
      `the Kubernetes API server does not answer${why}; it is tried again`,
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

// The server's own message quotes values, which stay out of logs, unless it tells of missing rights.
function messageOf({ status, reason, message }: ApiError): string {
  if (status === 403) return `the Kubernetes API server forbids it: ${message}`
  if (status === 404)
    return 'the Kubernetes API server does not know it: are the resource definitions installed?'
  return `the Kubernetes API server answered ${status} ${reason}`
}
