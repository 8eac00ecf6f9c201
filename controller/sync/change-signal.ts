// Says that something may have changed since it was looked at last. A change during a look wakes the next wait.

/** One reader's view of changes: pending at first, until the reader begins to look. */
export class ChangeSignal {
  #pending = true
  readonly #waiting = new Set<() => void>()

  /** Something may have changed. */
  readonly notify = (): void => {
    this.#pending = true
    for (const wake of this.#waiting) wake()
  }

  /** The reader begins to look: only what changes from now on is news. */
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
