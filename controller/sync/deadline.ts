// A time limit for a piece of work.
import type { Clock } from './ports.ts'

/**
 * A signal that aborts as one of the others does, or with `why` after `ms` by the clock. `end` releases the timer; call
 * it when the work has ended.
 */
export function deadline(
  clock: Clock,
  ms: number,
  why: unknown,
  others: readonly AbortSignal[],
): Readonly<{ signal: AbortSignal; end: () => void }> {
  const [late, ended] = [new AbortController(), new AbortController()]
  clock.sleep(ms, ended.signal).then(
    () => late.abort(why),
    () => {},
  )
  return { signal: AbortSignal.any([...others, late.signal]), end: () => ended.abort() }
}
