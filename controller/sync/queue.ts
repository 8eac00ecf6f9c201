// A keyed work queue, as controllers know it (client-go's workqueue): a key is there once, however often it
// is added; it is never handed out twice at a time; what is added while it is being worked on is handed out
// again afterwards; the earliest of several due times wins; what fails comes back later each time.
//
//   add ──► waiting ──(due)──► ready ──get──► working ──done──► gone, or ready again when added meanwhile
import { least } from '../core/many.ts'
import type { Clock } from './ports.ts'

/** How long what fails waits: `leastMs`, doubled each time, up to `mostMs`; ms. */
export type BackOff = Readonly<{ leastMs: number; mostMs: number }>

/** Told what happens to keys, for metrics. Durations in ms. */
export type QueueWatch = Readonly<{
  added?: () => void
  /** How long it waited after it was due. */
  got?: (waitedMs: number) => void
  done?: (tookMs: number) => void
  retried?: () => void
}>

/** How long the wait after so many failures in a row is; ms. */
export function backOffMs({ leastMs, mostMs }: BackOff, failures: number): number {
  return Math.min(mostMs, leastMs * 2 ** Math.min(Math.max(0, failures - 1), 30))
}

/** Keys that wait for work. */
export class Queue<Key extends string> {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #watch: QueueWatch
  /** When each key is due. */
  readonly #due = new Map<Key, number>()
  /** Since when each is worked on. */
  readonly #working = new Map<Key, number>()
  readonly #failures = new Map<Key, number>()
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, backOff: BackOff, watch: QueueWatch = {}) {
    this.#clock = clock
    this.#backOff = backOff
    this.#watch = watch
  }

  /** How many keys are due and not worked on. */
  get depth(): number {
    const nowMs = this.#clock.now()
    return [...this.#due].filter(([key, dueMs]) => dueMs <= nowMs && !this.#working.has(key)).length
  }

  /** Since when each key is worked on, ms since 1970. */
  get working(): ReadonlyMap<Key, number> {
    return this.#working
  }

  /** Adds a key that is due in so many ms; one that is due earlier stays so. */
  add(key: Key, delayMs = 0): void {
    const dueMs = this.#clock.now() + delayMs
    const before = this.#due.get(key)
    if (before !== undefined && before <= dueMs) return
    if (before === undefined) this.#watch.added?.()
    this.#due.set(key, dueMs)
    this.#wake()
  }

  /** Adds a key whose work failed; answers after how many ms it is due, which `atLeastMs` can raise. */
  retry(key: Key, atLeastMs = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.#watch.retried?.()
    const delayMs = Math.max(atLeastMs, backOffMs(this.#backOff, failures))
    this.add(key, delayMs)
    return delayMs
  }

  /** Its work succeeded: the next failure is the first again. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  /** It is no more: it is neither due nor has it failed. */
  remove(key: Key): void {
    this.#due.delete(key)
    this.#failures.delete(key)
  }

  /** Hands out a key that is due, and waits for one. `undefined` when the signal aborts. */
  async get(signal: AbortSignal): Promise<Key | undefined> {
    while (!signal.aborted) {
      const key = this.#next()
      if (key !== undefined) return key
      await this.#changed(signal)
    }
    return undefined
  }

  /** The work on a key has ended. */
  done(key: Key): void {
    const sinceMs = this.#working.get(key)
    this.#working.delete(key)
    if (sinceMs !== undefined) this.#watch.done?.(this.#clock.now() - sinceMs)
    this.#wake()
  }

  #next(): Key | undefined {
    const nowMs = this.#clock.now()
    let first: Key | undefined
    let firstMs = Number.POSITIVE_INFINITY
    for (const [key, dueMs] of this.#due) {
      if (dueMs > nowMs || dueMs >= firstMs || this.#working.has(key)) continue
      first = key
      firstMs = dueMs
    }
    if (first === undefined) return undefined
    this.#due.delete(first)
    this.#working.set(first, nowMs)
    this.#watch.got?.(nowMs - firstMs)
    return first
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  // Until a key is added, one is done, or the next one is due.
  async #changed(signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const { promise, resolve: wake } = Promise.withResolvers<void>()
    this.#waiting.add(wake)
    signal.addEventListener('abort', () => wake(), { once: true, signal: woken.signal })
    const waiting = [...this.#due].filter(([key]) => !this.#working.has(key))
    const nextMs = least(waiting.map(([, dueMs]) => dueMs)) - this.#clock.now()
    const sleepMs = Math.min(Math.max(0, nextMs), dayMs)
    const slept = Number.isFinite(nextMs)
      ? [this.#clock.sleep(sleepMs, AbortSignal.any([signal, woken.signal])).catch(() => {})]
      : []
    await Promise.race([promise, ...slept])
    this.#waiting.delete(wake)
    woken.abort()
  }
}

// Node's timers hold no more than 24 days.
const dayMs = 86_400_000
