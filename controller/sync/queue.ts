// A keyed work queue, as controllers know it (client-go's workqueue): a key is in it once, however often it is added;
// it is never handed out twice at a time; a key that is added during its work is handed out again afterwards; the
// earliest of several due times wins; a key that fails comes back later each time.
//
//   add ──► waiting ──(due)──► ready ──get──► working ──done──► gone, or ready again when added meanwhile
//
// shares.ts decides which of the ready keys is handed out next, and how many at once.
import type { Party, Waiting } from './line.ts'
import type { Clock } from './ports.ts'
import type { Seat } from './seat.ts'
import { type ShareOptions, Shares } from './shares.ts'

/** The delay after a failure: `leastMs`, doubled each time, up to `mostMs`; ms. */
export type BackOff = Readonly<{ leastMs: number; mostMs: number }>

/** Callbacks about keys, for metrics. Durations in ms. */
export type QueueWatch = Readonly<{
  added?: () => void
  /** The time that it waited after it was due. */
  got?: (waitedMs: number) => void
  done?: (tookMs: number) => void
  retried?: () => void
}>

/** The delay after this many failures in a row, ms. */
export function backOffMs({ leastMs, mostMs }: BackOff, failures: number): number {
  return Math.min(mostMs, leastMs * 2 ** Math.min(Math.max(0, failures - 1), 30))
}

/** The options of sharing work out, and the party of each key. */
export type Sharing<Key> = ShareOptions & Readonly<{ partyOf: (key: Key) => Party }>

type Ready<Key> = Waiting & Readonly<{ name: Key }>

/** Keys that wait for work. */
export class Queue<Key extends string> {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #watch: QueueWatch
  readonly #partyOf: (key: Key) => Party
  readonly #shares: Shares<Key>
  /** The due time of each key. */
  readonly #due = new Map<Key, number>()
  /** The keys that are due and not worked on, as far as that was noticed. */
  readonly #ready = new Map<Key, Ready<Key>>()
  /** The due time of the next key that is not among these. */
  #nextMs = Number.POSITIVE_INFINITY
  /** The start of the work on each key. */
  readonly #working = new Map<Key, number>()
  readonly #seats = new Map<Key, Seat>()
  readonly #failures = new Map<Key, number>()
  readonly #waiting = new Set<() => void>()

  /** Without `sharing`, keys are handed out as they become due, as many as are requested. */
  constructor(clock: Clock, backOff: BackOff, watch: QueueWatch = {}, sharing?: Sharing<Key>) {
    this.#clock = clock
    this.#backOff = backOff
    this.#watch = watch
    this.#partyOf = sharing?.partyOf ?? (() => ({ tenant: '', server: '', way: '' }))
    const all = { workers: Number.POSITIVE_INFINITY, aside: 0 }
    this.#shares = new Shares(clock, sharing ?? all, () => this.#wake())
  }

  /** The number of keys that are due and not worked on. */
  get depth(): number {
    const nowMs = this.#clock.now()
    return [...this.#due].filter(([key, dueMs]) => dueMs <= nowMs && !this.#working.has(key)).length
  }

  /** The start of the work on each key, ms since 1970. */
  get working(): ReadonlyMap<Key, number> {
    return this.#working
  }

  /** The places that are held, and the work that waits. */
  get shares(): Pick<Shares<Key>, 'held' | 'waiting'> {
    this.#notice()
    return this.#shares
  }

  /** Adds a key that is due after the delay (ms). An earlier due time stays. */
  add(key: Key, delayMs = 0): void {
    const dueMs = this.#clock.now() + delayMs
    const before = this.#due.get(key)
    // Its server may be another one by now.
    if (before !== undefined) this.#unready(key)
    if (before === undefined) this.#watch.added?.()
    if (before === undefined || before > dueMs) this.#due.set(key, dueMs)
    this.#expect(key)
    this.#wake()
  }

  /** Adds a key whose work failed. Returns the delay until it is due (ms); `atLeastMs` can raise it. */
  retry(key: Key, atLeastMs = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.#watch.retried?.()
    const delayMs = Math.max(atLeastMs, backOffMs(this.#backOff, failures))
    this.add(key, delayMs)
    return delayMs
  }

  /** The work succeeded: the next failure counts as the first one. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  /** The key no longer exists: it is neither due, nor are its failures counted. */
  remove(key: Key): void {
    this.#unready(key)
    this.#due.delete(key)
    this.#failures.delete(key)
  }

  /** Checks again which keys may begin, because a condition for that has changed. */
  recheck(): void {
    this.#wake()
  }

  /**
   * Waits for a key that is due and has its turn, and hands it out. Resolves with undefined when the signal aborts:
   * then work under way no longer waits for its turn.
   */
  async get(signal: AbortSignal): Promise<Key | undefined> {
    while (!signal.aborted) {
      const key = this.#next()
      if (key !== undefined) return key
      await this.#changed(signal)
    }
    this.#shares.open()
    return undefined
  }

  /** The place of a key that is worked on. Throws for any other key. */
  seat(key: Key): Seat {
    const seat = this.#seats.get(key)
    if (seat === undefined) throw new Error('a key that is not worked on has no place')
    return seat
  }

  /** The work on a key has ended. */
  done(key: Key): void {
    const sinceMs = this.#working.get(key)
    const seat = this.#seats.get(key)
    this.#working.delete(key)
    this.#seats.delete(key)
    if (sinceMs !== undefined) this.#watch.done?.(this.#clock.now() - sinceMs)
    this.#expect(key)
    if (seat === undefined) this.#wake()
    else this.#shares.end(seat)
  }

  #next(): Key | undefined {
    this.#notice()
    const next = this.#shares.next()
    if (next === undefined) return undefined
    const { name, seat } = next
    const nowMs = this.#clock.now()
    this.#watch.got?.(nowMs - (this.#due.get(name) ?? nowMs))
    this.#due.delete(name)
    this.#ready.delete(name)
    this.#working.set(name, nowMs)
    this.#seats.set(name, seat)
    return name
  }

  // Checks all keys only when one of them has become due.
  #notice(): void {
    const nowMs = this.#clock.now()
    if (nowMs < this.#nextMs) return
    this.#nextMs = Number.POSITIVE_INFINITY
    for (const [key, dueMs] of this.#due) {
      if (this.#ready.has(key) || this.#working.has(key)) continue
      if (dueMs > nowMs) {
        this.#nextMs = Math.min(this.#nextMs, dueMs)
        continue
      }
      const ready = { name: key, party: this.#partyOf(key), sinceMs: dueMs }
      this.#ready.set(key, ready)
      this.#shares.add(ready)
    }
  }

  #expect(key: Key): void {
    const dueMs = this.#due.get(key)
    if (dueMs !== undefined && !this.#working.has(key)) this.#nextMs = Math.min(this.#nextMs, dueMs)
  }

  #unready(key: Key): void {
    const ready = this.#ready.get(key)
    if (ready === undefined) return
    this.#shares.remove(ready)
    this.#ready.delete(key)
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  // Waits until a key is added, one is done, or the next one is due.
  async #changed(signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const { promise, resolve: wake } = Promise.withResolvers<void>()
    this.#waiting.add(wake)
    signal.addEventListener('abort', () => wake(), { once: true, signal: woken.signal })
    const nextMs = Math.min(this.#nextMs, this.#shares.againMs) - this.#clock.now()
    const sleepMs = Math.min(Math.max(0, nextMs), dayMs)
    const slept = Number.isFinite(nextMs)
      ? [this.#clock.sleep(sleepMs, AbortSignal.any([signal, woken.signal])).catch(() => {})]
      : []
    await Promise.race([promise, ...slept])
    this.#waiting.delete(wake)
    woken.abort()
  }
}

/** Works on each key that is handed out, until the signal aborts and all work has ended. Rejects when work rejects. */
export async function workOff<Key extends string>(
  queue: Queue<Key>,
  one: (key: Key) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const ending = AbortSignal.any([stop, failed.signal])
  const working = new Set<Promise<void>>()
  for (;;) {
    const key = await queue.get(ending)
    if (key === undefined) break
    const work = one(key).finally(() => {
      queue.done(key)
      working.delete(work)
    })
    work.catch((error: unknown) => failed.abort(error))
    working.add(work)
  }
  await Promise.all(working)
  if (failed.signal.aborted) throw failed.signal.reason
}

// Timers of Node take at most 24 days.
const dayMs = 86_400_000
