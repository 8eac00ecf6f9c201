// Observes the bytes of one exchange: is it still fast enough?
import type { Socket } from 'node:net'
import { Pacer, type Rate } from './rate.ts'

/** A larger body is sent in pieces of this size, bytes, so that its progress is visible. */
export const pieceBytes = 65_536

/** Observes one exchange from the moment when its request is written. */
export class Watch {
  /** Has a part of the answer arrived that is not read yet? */
  unread = () => false
  /** Of a body in pieces: how many are sent, and whether there are more. */
  sent = 0
  sending = false
  readonly #rate: Rate
  readonly #isTooSlow: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(rate: Rate, isTooSlow: () => void) {
    this.#rate = rate
    this.#isTooSlow = isTooSlow
  }

  /** Begins to measure; calls `isTooSlow` once the exchange is below the rate. */
  begin(socket: Socket | undefined): void {
    const pacer = new Pacer(this.#rate)
    const before = socket?.bytesRead ?? 0
    this.#timer ??= setInterval(() => {
      const received = (socket?.bytesRead ?? before) - before
      const { sending, sent } = this
      if (pacer.isTooSlow({ sending, sent, received, unread: this.unread() })) this.#isTooSlow()
    }, this.#rate.tickMs).unref()
  }

  /** Ends the measuring. */
  end(): void {
    clearInterval(this.#timer)
  }
}

/** The body in pieces; the watch counts those that are sent. */
export async function* piecesOf(bytes: Buffer, watch: Watch): AsyncGenerator<Buffer> {
  watch.sending = true
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes)
    watch.sent += pieceBytes
  }
  watch.sending = false
}
