// Limits the number of concurrent requests: in all, and per mailbox. First come, first served.

/** Runs at most `max` tasks at once; the others wait in order. */
export class Semaphore {
  readonly #max: number
  #held = 0
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** Does no task run or wait? */
  get idle(): boolean {
    return this.#held === 0 && this.#waiting.length === 0
  }

  /** Runs the task when there is room. Rejects with the signal's reason if that aborts while waiting. */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#acquire(signal)
    try {
      return await task()
    } finally {
      this.#release()
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#held < this.#max) {
      this.#held += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const acquire = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(acquire), 1)
        reject(signal.reason)
      }
      this.#waiting.push(acquire)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  // A free permit goes directly to the next in the queue, so that no newcomer takes it.
  #release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#held -= 1
    else next()
  }
}

/** Named semaphores below a common limit. One exists only while it is used, so there are never more than requests. */
export class KeyedSemaphore {
  readonly #all: Semaphore
  readonly #each: number
  readonly #named = new Map<string, Semaphore>()

  constructor(all: number, each: number) {
    this.#all = new Semaphore(all)
    this.#each = each
  }

  /** Runs the task when its own semaphore and the common one have room; rejects as a semaphore does. */
  async run<Result>(
    name: string,
    task: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const semaphore = this.#named.get(name) ?? new Semaphore(this.#each)
    this.#named.set(name, semaphore)
    try {
      return await semaphore.run(() => this.#all.run(task, signal), signal)
    } finally {
      if (semaphore.idle) this.#named.delete(name)
    }
  }
}

/**
 * Runs one attempt at a time. An attempt that failed also answers all that waited for it: with a wrong password or key,
 * each further attempt would count for the lockout of the account.
 */
export class Attempts<Result> {
  readonly #alone = new Semaphore(1)
  #failures = 0
  #answer: (() => Result) | undefined

  /**
   * Runs the attempt, or answers as the one before it that failed. `failed` records a failure, and how it answers the
   * others. Rejects with the signal's reason if that aborts while waiting.
   */
  run(
    attempt: (failed: (answer: () => Result) => void) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const before = this.#failures
    return this.#alone.run(async () => {
      if (this.#answer !== undefined && this.#failures !== before) return this.#answer()
      return attempt((answer) => {
        this.#failures += 1
        this.#answer = answer
      })
    }, signal)
  }
}
