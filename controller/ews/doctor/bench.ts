// The inputs of the checks of one server, and the deadline of each step.
import type { Ready } from '../../api/references.ts'
import type { SyncError } from '../../core/sync-error.ts'
import type { Clock } from '../../sync/ports.ts'
import { deadlineAfter } from '../deadline.ts'
import type { Endpoint } from '../transport.ts'
import type { Findings } from './finding.ts'

/** A remedy that was found for a refused account, and the server where it was refused. */
export type Refused = Readonly<{ subject: string; remedy: string | undefined }>

/** The inputs of all examinations. */
export type Tools = Readonly<{
  clock: Clock
  signal: AbortSignal
  /** The limit for the duration of a request, above any limit of an ExchangeServer; ms. */
  requestMaxMs: number
  /** The accounts that were refused, by `accountKey`: none is tried again. */
  refused: Map<string, Refused>
}>

/** The inputs of the checks of one server. */
export type Bench = Tools & Readonly<{ access: Ready; endpoint: Endpoint; findings: Findings }>

/** Runs a step; after `limitMs`, or when the bench's signal aborts, rejects although the step still runs. */
export async function within<Result>(
  { clock, signal }: Pick<Bench, 'clock' | 'signal'>,
  limitMs: number,
  late: SyncError,
  step: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = deadlineAfter(clock, limitMs, late)
  const either = AbortSignal.any([signal, deadline.signal])
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(either.reason)
  either.addEventListener('abort', abort, { once: true })
  try {
    either.throwIfAborted()
    return await Promise.race([step(either), promise])
  } finally {
    either.removeEventListener('abort', abort)
    deadline.end()
  }
}
