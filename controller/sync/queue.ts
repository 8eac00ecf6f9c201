// A keyed work queue, as controllers know it (client-go's workqueue): a key is there once, however often it
// is added; it is never handed out twice at a time; what is added while it is being worked on is handed out
// again afterwards; the earliest of several due times wins; what fails comes back later each time.
//
//   add ──► waiting ──(due)──► ready ──get──► working ──done──► gone, or ready again when added meanwhile
//
// Which of the keys that are ready is handed out next, and how many at once, is decided by shares.ts.
import type { Party, Waiting } from './line.ts'
import type { Clock } from './ports.ts'
import type { Seat } from './seat.ts'
import { type ShareOptions, Shares } from './shares.ts'

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

/** How work on the keys is shared out, and for whom each key is worked on. */
export type Sharing<Key> = ShareOptions & Readonly<{ partyOf: (key: Key) => Party }>

type Ready<Key> = Waiting & Readonly<{ name: Key }>

/** Keys that wait for work. */
export class Queue<Key extends string> {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #watch: QueueWatch
  readonly #partyOf: (key: Key) => Party
  readonly #shares: Shares<Key>
  /** When each key is due. */
  readonly #due = new Map<Key, number>()
  /** Those of them that are due and not worked on, as far as that was noticed. */
  readonly #ready = new Map<Key, Ready<Key>>()
  /** When the next one is due that is not among these. */
  #nextMs = Number.POSITIVE_INFINITY
  /** Since when each is worked on. */
  readonly #working = new Map<Key, number>()
  readonly #seats = new Map<Key, Seat>()
  readonly #failures = new Map<Key, number>()
  readonly #waiting = new Set<() => void>()

  /** `sharing`: without it keys are handed out as they come due, as many as are asked for. */
  constructor(clock: Clock, backOff: BackOff, watch: QueueWatch = {}, sharing?: Sharing<Key>) {
    this.#clock = clock
    this.#backOff = backOff
    this.#watch = watch
    this.#partyOf = sharing?.partyOf ?? (() => ({ tenant: '', server: '', way: '' }))
    const all = { workers: Number.POSITIVE_INFINITY, aside: 0 }
    this.#shares = new Shares(clock, sharing ?? all, () => this.#wake())
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

  /** Who holds what, and who waits for what. */
  get shares(): Pick<Shares<Key>, 'held' | 'waiting'> {
    this.#notice()
    return this.#shares
  }

  /** Adds a key that is due in so many ms; one that is due earlier stays so. */
  add(key: Key, delayMs = 0): void {
    const dueMs = this.#clock.now() + delayMs
    const before = this.#due.get(key)
    // It may be worked on for another server by now.
    if (before !== undefined) this.#unready(key)
    if (before === undefined) this.#watch.added?.()
    if (before === undefined || before > dueMs) this.#due.set(key, dueMs)
    this.#expect(key)
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
    this.#unready(key)
    this.#due.delete(key)
    this.#failures.delete(key)
  }

  /** Something that decides about turns has changed. */
  recheck(): void {
    this.#wake()
  }

  /**
   * Hands out a key that is due and whose turn it is, and waits for one. `undefined` when the signal aborts: then
   * what is under way no longer waits for its turn.
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

  /** The place of a key that is worked on. */
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

  // Looks at all keys only when one of them has come due.
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

  // Until a key is added, one is done, or the next one is due.
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

// Node's timers hold no more than 24 days.
const dayMs = 86_400_000
