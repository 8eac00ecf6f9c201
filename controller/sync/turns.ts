// Work that runs alone, in order.

/** Runs one task at a time. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs the task after those before it. Rejects as the task does, or with the signal's reason if that aborts while it waits. */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const before = this.#last
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    // A task that gave up does not let the next one pass the one before it.
    this.#last = Promise.all([before, over])
    try {
      await unlessAborted(before, signal)
      return await task()
    } finally {
      end()
    }
  }
}

async function unlessAborted(wait: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([wait, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
