// The wait that a server asked an account for. It applies to all requests of the account.
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from '../sync/ports.ts'
import { errorOf } from './envelope.ts'
import type { Node } from './xml.ts'

/** A shorter wait is spent within a pass; a longer one ends the request and is left to the scheduler. Ms. */
const waitMaxMs = 10_000

/** The wait of one account. */
export class Pause {
  readonly #clock: Clock
  #untilMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits for the end of a short pause; rejects with a transient SyncError ErrorServerBusy during a long one. */
  async over(signal: AbortSignal): Promise<void> {
    const waitMs = this.#untilMs - this.#clock.now()
    if (waitMs <= 0) return
    if (waitMs > waitMaxMs) {
      const message = 'the server asked for a pause; the controller continues after it'
      throw new SyncError('transient', 'ErrorServerBusy', message, { backOffMs: waitMs })
    }
    await this.#clock.sleep(waitMs, signal)
  }

  /** Takes over the wait of an error, if it has one. */
  heed({ backOffMs }: SyncError): void {
    if (backOffMs !== undefined) this.#untilMs = this.#clock.now() + backOffMs
  }

  /** The same for one response message: a busy server may refuse only some of them. */
  heedMessage(message: Node): void {
    const error = errorOf(message)
    if (error?.code === 'ErrorServerBusy') this.heed(error)
  }

  /** Ends the wait. */
  end(): void {
    this.#untilMs = 0
  }
}
