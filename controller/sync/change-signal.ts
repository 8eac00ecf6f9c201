// Signals that something may have changed since the last reading. A change during a reading wakes the next wait.

/** The view of one reader: a change is pending at first, until the reader calls `clear`. */
export class ChangeSignal {
  #pending = true
  readonly #waiting = new Set<() => void>()

  /** Something may have changed. */
  readonly notify = (): void => {
    this.#pending = true
    for (const wake of this.#waiting) wake()
  }

  /** The reader begins to read: only later changes count. */
  clear(): void {
    this.#pending = false
  }

  /** Resolves when something may have changed since `clear`, when `orElse` resolves, or when the signal aborts. */
  async changed(signal: AbortSignal, orElse?: Promise<void>): Promise<void> {
    if (this.#pending || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const aborted = () => resolve()
    signal.addEventListener('abort', aborted, { once: true })
    await Promise.race([promise, ...(orElse === undefined ? [] : [orElse])])
    signal.removeEventListener('abort', aborted)
    this.#waiting.delete(resolve)
  }
}
