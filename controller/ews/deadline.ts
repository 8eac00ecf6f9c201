// A deadline by the clock that was handed down.
import type { Clock } from '../sync/ports.ts'

/** A deadline: `signal` aborts when it is reached. `end` ends the wait for it. */
export type Deadline = Readonly<{ signal: AbortSignal; end: () => void }>

/** The deadline after `limitMs` ms; it aborts with `reason`. */
export function deadlineAfter(clock: Clock, limitMs: number, reason?: unknown): Deadline {
  const [deadline, ended] = [new AbortController(), new AbortController()]
  clock.sleep(limitMs, ended.signal).then(
    () => deadline.abort(reason),
    () => {},
  )
  return { signal: deadline.signal, end: () => ended.abort() }
}
