// The control loop that serves every kind of resource. The keyed queue is in queue.ts; shares.ts decides which due key
// gets the next worker.
//
//   list ──(new, or another fingerprint)──► queue ──► worker: reconcile ──► queue again, after an interval or a back-off
//     ▲                                                      │
//     └── changed()                                          └──► forgotten, when nothing is left to do
//
// Guarantees: a key is never with two workers at once; a change during its work makes it due at once afterwards; a key
// that is no longer listed is never queued again; `onGone` comes after the last work on its key, so that nothing that the
// work records is left. An event only means: list again.
import type { Clock } from './ports.ts'
import { type BackOff, Queue, type QueueWatch, type Sharing, workOff } from './queue.ts'
import type { Seat } from './seat.ts'
import type { Servers } from './server-health.ts'

/**
 * The time until a key is due again, ms. `retry`: its work failed, so the wait doubles each time, from `leastMs` on.
 */
export type Requeue =
  | Readonly<{ kind: 'after'; ms: number }>
  | Readonly<{ kind: 'retry'; leastMs?: number | undefined }>
  /** Nothing is left to do until it is listed with a new fingerprint. */
  | Readonly<{ kind: 'forget' }>

/** One kind of resource, as the loop serves it. */
export type Controller<Key extends string> = Readonly<{
  /**
   * The fingerprint of each declared key. A key with a new fingerprint is due at once; undefined: the key is declared,
   * and is not due before all of it is known.
   */
  list: () => Promise<ReadonlyMap<Key, string | undefined>>
  /** Resolves when something may have changed since `list` was called last. */
  changed: (signal: AbortSignal) => Promise<void>
  /** Does the work for one key. A rejection ends the whole loop. After `stop` nothing more begins. */
  reconcile: (key: Key, seat: Seat, stop: AbortSignal) => Promise<Requeue>
  /** The key is no longer declared, and its work has ended. A new declaration under the name begins afterwards. */
  onGone?: (key: Key) => void
}>

/** The options of a loop. */
export type ControlLoopOptions<Key extends string> = Readonly<{
  clock: Clock
  backOff: BackOff
  sharing: Sharing<Key>
  /** Their circuits decide which keys may begin. */
  servers: Servers
  watch?: QueueWatch | undefined
}>

/** Serves one kind of resource. */
export class ControlLoop<Key extends string> {
  readonly queue: Queue<Key>
  readonly #servers: Servers
  readonly #controller: Controller<Key>
  readonly #fingerprints = new Map<Key, string | undefined>()
  /** The keys with work under way, and those of them that are gone meanwhile. */
  readonly #working = new Set<Key>()
  readonly #going = new Set<Key>()

  constructor(
    controller: Controller<Key>,
    { clock, backOff, sharing, servers, watch }: ControlLoopOptions<Key>,
  ) {
    this.#controller = controller
    this.#servers = servers
    this.queue = new Queue(clock, backOff, watch, sharing)
  }

  /** Runs until `stop` aborts and all work under way has ended. Rejects when listing or work rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const ending = AbortSignal.any([stop, failed.signal])
    const guarded = (work: Promise<void>) =>
      work.catch((error: unknown) => {
        failed.abort()
        throw error
      })
    this.#servers.watch(() => this.queue.recheck(), ending)
    const worked = workOff(this.queue, (key) => this.#work(key, ending), ending)
    await Promise.all([this.#follow(ending), worked].map(guarded))
  }

  /** Makes a key due at once, unless it is being worked on. */
  due(key: Key): void {
    if (this.#fingerprints.has(key) && !this.queue.working.has(key)) this.queue.add(key)
  }

  async #follow(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      // A change during the listing also wakes the loop.
      const changed = this.#controller.changed(stop).catch(() => {})
      this.#take(await this.#controller.list())
      await changed
    }
  }

  #take(listed: ReadonlyMap<Key, string | undefined>): void {
    for (const key of this.#fingerprints.keys()) {
      if (listed.has(key)) continue
      this.#fingerprints.delete(key)
      this.queue.remove(key)
      if (this.#working.has(key)) this.#going.add(key)
      else this.#controller.onGone?.(key)
    }
    for (const [key, fingerprint] of listed) {
      const before = this.#fingerprints.get(key)
      // A key whose fingerprint is temporarily unknown keeps its former one.
      this.#fingerprints.set(key, fingerprint ?? before)
      if (fingerprint !== undefined && fingerprint !== before) this.queue.add(key)
    }
  }

  async #work(key: Key, stop: AbortSignal): Promise<void> {
    // It may have gone since it was handed out.
    if (!this.#fingerprints.has(key)) return
    const fingerprint = this.#fingerprints.get(key)
    this.#working.add(key)
    try {
      const again = await this.#controller.reconcile(key, this.queue.seat(key), stop)
      this.#requeue(key, fingerprint, again)
    } finally {
      this.#working.delete(key)
      if (this.#going.delete(key)) this.#controller.onGone?.(key)
    }
  }

  #requeue(key: Key, fingerprint: string | undefined, again: Requeue): void {
    // A new declaration under the name is already due.
    if (!this.#fingerprints.has(key) || this.#fingerprints.get(key) !== fingerprint) return
    if (again.kind === 'retry') {
      this.queue.retry(key, again.leastMs)
      return
    }
    this.queue.forget(key)
    if (again.kind === 'after') this.queue.add(key, again.ms)
    else this.#fingerprints.set(key, undefined)
  }
}
