// How slow an exchange of bytes may be. A server may take its time before it answers; once it answers, or takes a
// request in, so many bytes must move in each window, or the exchange is cut. So one that sends a byte a second is cut
// within seconds, and not at the deadline of the request.
import { SyncError } from '../core/sync-error.ts'

/** The least rate: bytes within a window of so many ticks. One tick is a second. */
export type Rate = Readonly<{ tickMs: number; ticks: number; leastBytes: number }>

/** 1 KiB/s over 15 s. */
export const usualRate: Rate = { tickMs: 1_000, ticks: 15, leastBytes: 15 * 1_024 }

/** What has moved so far. */
export type Progress = Readonly<{
  /** Is the request still on its way out? */
  sending: boolean
  sent: number
  received: number
  /** Does the answer wait for us to read it? */
  unread: boolean
}>

/** Judges one exchange, tick by tick: a process that stood still for a minute has missed one tick, not sixty. */
export class Pacer {
  readonly #rate: Rate
  /** Bytes by tick, of the phase that it is in. */
  #window: number[] = []
  #before: Progress = { sending: true, sent: 0, received: 0, unread: false }

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Is the exchange too slow? */
  isTooSlow(now: Progress): boolean {
    const before = this.#before
    this.#before = now
    const receiving = now.received > 0
    const judged = receiving ? !now.unread : now.sending
    // The phase has just begun, nothing is expected, or it is for us to go on.
    if (!judged || (receiving && before.received === 0)) {
      this.#window = []
      return false
    }
    const moved = receiving ? now.received - before.received : now.sent - before.sent
    this.#window.push(moved)
    if (this.#window.length < this.#rate.ticks) return false
    const sum = this.#window.reduce((one, other) => one + other, 0)
    this.#window.shift()
    return sum < this.#rate.leastBytes
  }
}

/** The server sends, or takes in, less than the least. */
export const tooSlow = new SyncError(
  'transient',
  'ServerTooSlow',
  'the server began to answer and then sent, or took in, less than 1 KiB/s: look at its load, and at the network and proxies on the way; it is tried again',
)
