// The place of one piece of work while it is under way: with a worker, or aside while it waits for a server.
import type { SyncError } from '../core/sync-error.ts'
import type { Party } from './line.ts'
import type { Clock, Pace } from './ports.ts'

/** The time for which a healthy pass keeps its worker while others wait, before it ends between two batches; ms. */
const yieldMs = 15_000

/** The callbacks of a seat to Shares. */
export type SeatWatch = Readonly<{
  /** A request has ended; resolves when the work may go on. */
  ended: (error: unknown) => Promise<void>
  /** Does a party wait that holds fewer places? */
  yields: () => boolean
}>

/** The reason for cancelling work that loses nothing by it, when nothing more is to begin. */
export const shutdown = new Error('the controller ends')

/** One place. */
export class Seat {
  readonly party: Party
  /** `waiting`: aside, and continues when a worker is free. */
  state: 'worker' | 'aside' | 'waiting' | 'ended'
  /** It tries the server; no other work tries it meanwhile. */
  tries: boolean
  /** Resolves when it has a worker again. */
  back = Promise.withResolvers<void>()
  readonly #clock: Clock
  readonly #watch: SeatWatch
  readonly #end = new AbortController()
  readonly #beganMs: number
  #isAnswered = false
  /** The number of requests under way, and the time at which one ended last. */
  #asked = 0
  #lastSeenMs: number

  constructor(party: Party, tries: boolean, clock: Clock, watch: SeatWatch) {
    this.party = party
    this.tries = tries
    this.state = tries ? 'aside' : 'worker'
    this.#clock = clock
    this.#watch = watch
    this.#beganMs = clock.now()
    this.#lastSeenMs = this.#beganMs
  }

  /** Aborts when the work is cancelled: with the SyncError that says why, or with `shutdown`. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Called for each request of the work. */
  readonly pace: Pace = () => {
    if (this.#asked === 0) this.#lastSeenMs = this.#clock.now()
    this.#asked += 1
    return async (error) => {
      this.#asked -= 1
      this.#isAnswered = true
      this.#lastSeenMs = this.#clock.now()
      await this.#watch.ended(error)
    }
  }

  /** True if the work is to end after this batch, and to continue at its next turn. */
  readonly yields = (): boolean =>
    this.#clock.now() - this.#beganMs >= yieldMs && this.#watch.yields()

  /** The time without an answer of the server, ms; 0 while there is no request. A seat aside always has a request. */
  silentMs(nowMs: number): number {
    return this.#asked > 0 || this.state === 'aside' ? nowMs - this.#lastSeenMs : 0
  }

  /** Gives it a worker, so that it continues; or ends it, so that nothing of it waits. */
  become(state: 'worker' | 'ended'): void {
    const { resolve } = this.back
    this.back = Promise.withResolvers<void>()
    this.state = state
    this.#lastSeenMs = this.#clock.now()
    resolve()
  }

  /** Has its server not answered yet? */
  get isNew(): boolean {
    return this.tries && this.state === 'aside' && !this.#isAnswered
  }

  /** Cancels the work. */
  giveUp(why: SyncError | typeof shutdown): void {
    this.#end.abort(why)
  }
}
