// The one error class that the controller throws on purpose. Its message says what to do next.

/** The longest pause that a server can impose, whatever it asks for; ms. */
export const backOffMaxMs = 15 * 60_000

/** The reaction to an error. */
export type Kind =
  | 'stale' // the item changed meanwhile: skip it, the next pass reads it again
  | 'transient' // try again later
  | 'terminal' // a person must change something first

/**
 * An error with a kind and a stable CamelCase code, which is a condition's reason and a metric's label. The message names
 * the object and the remedy; it never contains content, secrets or tokens. A code that cannot be a reason, for example one
 * from a server, becomes `UnknownCode`.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly kind: Kind
  readonly code: string
  /** Another folder on the same server was readable meanwhile: the server itself is healthy. */
  readonly local: boolean
  /** The pause that the server asked for; ms, above 0 and at most `backOffMaxMs`; undefined without one. */
  readonly backOffMs: number | undefined

  constructor(
    kind: Kind,
    code: string,
    message: string,
    options: ErrorOptions & { backOffMs?: number | undefined; local?: boolean } = {},
  ) {
    super(message, options)
    this.kind = kind
    this.code = isReason(code) ? code : 'UnknownCode'
    this.backOffMs = cappedMs(options.backOffMs)
    this.local = options.local ?? false
  }
}

// Without the cap, a server that asks for a year would stop all work with it.
function cappedMs(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 ? Math.min(ms, backOffMaxMs) : undefined
}

/** May the text be the reason of a condition and of an Event? */
export function isReason(text: string): boolean {
  return text.length <= reasonMax && /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(text)
}

// The reason of an Event may have 128 characters.
const reasonMax = 100

/** The error for unusable arguments of a command. */
export function invalidArguments(message: string): SyncError {
  return new SyncError('terminal', 'InvalidArguments', message)
}

/** The error as a SyncError; an unexpected one becomes a transient `Unexpected`. */
export function syncErrorOf(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  const name = error instanceof Error ? error.name : typeof error
  return new SyncError(
    'transient',
    'Unexpected',
    `unexpected ${name}; the controller tries again`,
    {
      cause: error,
    },
  )
}

/** Node's code of an error or of its cause; '' without one. */
export function codeIn(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? '' : codeIn(cause)
}
