// A clock on which time passes faster than on the wall, for what waits minutes and talks over real sockets. While the
// machine has something else to do, it stands still: what is late because of that is not late on this clock.
import { performance } from 'node:perf_hooks'
import type { Clock } from '../../controller/sync/ports.ts'

type Timer = Readonly<{ dueMs: number; ring: () => void }>

/** How much of the wall's time one look at it counts at most, ms. */
const lookMs = 2

/** Time that passes so many times as fast, until it is stopped. */
export class QuickClock implements Clock {
  readonly #times: number
  readonly #timers = new Set<Timer>()
  readonly #looking: NodeJS.Timeout
  #wallMs = performance.now()
  #nextMs = Number.POSITIVE_INFINITY
  #nowMs = Date.parse('2026-01-01T00:00:00Z')

  constructor(times: number) {
    this.#times = times
    this.#looking = setInterval(() => this.#look(), 1)
  }

  now(): number {
    return this.#nowMs
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const end = () => {
        this.#timers.delete(timer)
        signal.removeEventListener('abort', abort)
      }
      const abort = () => {
        end()
        reject(signal.reason)
      }
      const ring = () => {
        end()
        resolve()
      }
      const timer = { dueMs: this.#nowMs + delayMs, ring }
      this.#timers.add(timer)
      this.#nextMs = Math.min(this.#nextMs, timer.dueMs)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** Time passes no more. */
  stop(): void {
    clearInterval(this.#looking)
  }

  #look(): void {
    const wallMs = performance.now()
    this.#nowMs += Math.min(wallMs - this.#wallMs, lookMs) * this.#times
    this.#wallMs = wallMs
    if (this.#nowMs < this.#nextMs) return
    for (const timer of [...this.#timers]) if (timer.dueMs <= this.#nowMs) timer.ring()
    this.#nextMs = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#timers) this.#nextMs = Math.min(this.#nextMs, dueMs)
  }
}
