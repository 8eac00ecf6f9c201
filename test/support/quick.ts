// A clock on which time passes faster than on the wall, for what waits minutes and talks over real sockets.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../controller/sync/ports.ts'

/** Time that passes so many times as fast. */
export function quickClock(times: number): Clock {
  const beganMs = performance.now()
  const startMs = Date.parse('2026-01-01T00:00:00Z')
  return {
    now: () => startMs + (performance.now() - beganMs) * times,
    sleep: (delayMs, signal) => sleep(Math.min(delayMs / times, 2 ** 30), undefined, { signal }),
  }
}
