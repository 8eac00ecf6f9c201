// The slowest accepted transfer. A server may take its time before it answers. Once it answers, or accepts a request, a
// minimum of bytes must move in each window, or the connection is cut. So a server that sends one byte per second is cut
// within seconds, not at the deadline of the request.
import { SyncError } from '../core/sync-error.ts'

/** The least rate: bytes within a window of some ticks. A usual tick is one second. */
export type Rate = Readonly<{ tickMs: number; ticks: number; leastBytes: number }>

/** 1 KiB/s over 15 s. */
export const usualRate: Rate = { tickMs: 1_000, ticks: 15, leastBytes: 15 * 1_024 }

/** The progress of an exchange. */
export type Progress = Readonly<{
  /** Is the request still being sent? */
  sending: boolean
  sent: number
  received: number
  /** Has a part of the answer arrived that we have not read? */
  unread: boolean
}>

/** Judges one exchange tick by tick: a process that was stopped for a minute has missed one tick, not sixty. */
export class Pacer {
  readonly #rate: Rate
  /** Bytes per tick of the present phase. */
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
    // The phase has just begun, no bytes are expected, or the next step is ours.
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

/** The error for a server below the least rate. */
export const tooSlow = new SyncError(
  'transient',
  'ServerTooSlow',
  'the server sent or accepted less than 1 KiB/s: check its load, the network and the proxies on the way; the controller tries again',
)
