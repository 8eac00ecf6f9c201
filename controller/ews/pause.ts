// How long a server asked an account to leave it alone. It counts for all that the account asks for.
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from '../sync/ports.ts'
import { errorOf } from './envelope.ts'
import type { Node } from './xml.ts'

/** A wait that is worth it within a pass; a longer one ends the request and is the scheduler's. */
const waitMaxMs = 10_000

/** The wait that one account was asked for. */
export class Pause {
  readonly #clock: Clock
  #untilMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits for the end of a short pause; rejects with a SyncError while a long one lasts. */
  async over(signal: AbortSignal): Promise<void> {
    const waitMs = this.#untilMs - this.#clock.now()
    if (waitMs <= 0) return
    if (waitMs > waitMaxMs) {
      const message = 'the server asked to be left alone for a while'
      throw new SyncError('transient', 'ErrorServerBusy', message, { backOffMs: waitMs })
    }
    await this.#clock.sleep(waitMs, signal)
  }

  /** Takes over the wait that an error tells, where it tells one. */
  heed({ backOffMs }: SyncError): void {
    if (backOffMs !== undefined) this.#untilMs = this.#clock.now() + backOffMs
  }

  /** The same for a message within an answer: a busy server may refuse some of its messages only. */
  heedMessage(message: Node): void {
    const error = errorOf(message)
    if (error?.code === 'ErrorServerBusy') this.heed(error)
  }

  /** Ends it. */
  end(): void {
    this.#untilMs = 0
  }
}
