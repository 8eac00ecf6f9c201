// The one error that the controller raises on purpose. It says what to do next, not where it came from.

/** The longest that a server can ask to be left alone, whatever it says; ms. */
export const backOffMaxMs = 15 * 60_000

/** What an error asks for. */
export type Kind =
  | 'stale' // the item changed under us: skip it, the next pass sees it as it is
  | 'transient' // try again later
  | 'terminal' // a person has to change something first

/**
 * An error with a kind and a stable, CamelCase code: a condition's reason and a metric's label.
 * The message names the thing and the remedy; it never contains content, secrets or tokens. A code may be
 * another's word: one that could be no reason becomes `UnknownCode`.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly kind: Kind
  readonly code: string
  /** Another folder on the same server was read meanwhile: it is not the server's matter. */
  readonly local: boolean
  /** How long the server asked us to wait, when it did; ms, above 0 and never above `backOffMaxMs`. */
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

// A server that asks for a year would else stop everything that is done with it.
function cappedMs(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 ? Math.min(ms, backOffMaxMs) : undefined
}

/** May it be a condition's reason, and an Event's? */
export function isReason(text: string): boolean {
  return text.length <= reasonMax && /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(text)
}

// An Event's may have 128 characters.
const reasonMax = 100

/** The arguments of a command ask for nothing that can be done. */
export function invalidArguments(message: string): SyncError {
  return new SyncError('terminal', 'InvalidArguments', message)
}

/** The same error as a SyncError; what we did not expect becomes transient `Unexpected`. */
export function syncErrorOf(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  const name = error instanceof Error ? error.name : typeof error
  return new SyncError('transient', 'Unexpected', `unexpected ${name}; it is tried again`, {
    cause: error,
  })
}

/** The code of an error or of what caused it, as Node gives them; empty when there is none. */
export function codeIn(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? '' : codeIn(cause)
}
