// The place that one piece of work has while it is under way: a worker's, or one aside while it waits for a server.
import type { SyncError } from '../core/sync-error.ts'
import type { Party } from './line.ts'
import type { Clock, Pace } from './ports.ts'

/** For how long a pass that goes on well keeps its worker while others wait, between two batches; ms. */
const yieldMs = 15_000

/** What happens to a seat is told to who shares the places out. */
export type SeatWatch = Readonly<{
  /** A request has ended; resolves when the work may go on. */
  ended: (error: unknown) => Promise<void>
  /** Does another one wait who has less? */
  yields: () => boolean
}>

/** Why work is given up of which nothing is lost when nothing more is to begin. */
export const shutdown = new Error('the controller ends')

/** One place. */
export class Seat {
  readonly party: Party
  /** `waiting`: aside, and goes on when there is a worker. */
  state: 'worker' | 'aside' | 'waiting' | 'ended'
  /** It finds out how its server is; nobody else tries it meanwhile. */
  tries: boolean
  /** Resolves when it has a worker again. */
  back = Promise.withResolvers<void>()
  readonly #clock: Clock
  readonly #watch: SeatWatch
  readonly #end = new AbortController()
  readonly #beganMs: number
  #isAnswered = false
  /** How many requests are under way, and when one ended last. */
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

  /** Aborts when the work is given up: with the SyncError that says why, or with `shutdown`. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Tells of the work's requests. */
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

  /** Shall it end after this batch, and go on when it is its turn again? */
  readonly yields = (): boolean =>
    this.#clock.now() - this.#beganMs >= yieldMs && this.#watch.yields()

  /** For how long nothing has been heard of the server; 0 while nothing is asked. One that is aside asks. */
  silentMs(nowMs: number): number {
    return this.#asked > 0 || this.state === 'aside' ? nowMs - this.#lastSeenMs : 0
  }

  /** It has a worker, and goes on; or it has ended, and nothing of it waits any more. */
  become(state: 'worker' | 'ended'): void {
    const { resolve } = this.back
    this.back = Promise.withResolvers<void>()
    this.state = state
    this.#lastSeenMs = this.#clock.now()
    resolve()
  }

  /** Has it had no answer of its server's yet? */
  get isNew(): boolean {
    return this.tries && this.state === 'aside' && !this.#isAnswered
  }

  /** The work is given up. */
  giveUp(why: SyncError | typeof shutdown): void {
    this.#end.abort(why)
  }
}
