// Limits the number of concurrent requests: in all, and per mailbox. First come, first served; exception: requests of plans run
// behind all others.

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

  /** Has it room now? Never while a task waits. */
  get room(): boolean {
    return this.#held < this.#max
  }

  /** Runs the task when there is room. Rejects with the signal's reason if that aborts while waiting. */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#acquire(signal)
    try {
      return await task()
    } finally {
      this.give()
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.room) {
      this.take()
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

  /** Takes a place that is free now (`room`). */
  take(): void {
    this.#held += 1
  }

  /** Gives a place back: it goes directly to the next in the queue, so that no newcomer takes it. */
  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#held -= 1
    else next()
  }
}

/**
 * Named semaphores below a common limit. One exists only while it is used, so there are never more than requests. Tasks that run
 * behind have a quarter of the common limit, at least one place; each begins only while no other task waits for its places.
 */
export class KeyedSemaphore {
  readonly #all: Semaphore
  readonly #each: number
  readonly #named = new Map<string, Semaphore>()
  readonly #behind: Semaphore
  /** The tasks that run behind and look again when a place is given back. */
  readonly #looking = new Set<() => void>()

  constructor(all: number, each: number) {
    this.#all = new Semaphore(all)
    this.#each = each
    this.#behind = new Semaphore(Math.max(1, Math.floor(all / 4)))
  }

  /** Runs the task as `run` does, once no task of `run` waits for its places. */
  runBehind<Result>(
    name: string,
    task: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    return this.#behind.run(async () => {
      // Both places at once: one of them alone would keep others waiting.
      while (!this.#take(name)) await this.#givenBack(signal)
      try {
        return await task()
      } finally {
        this.#all.give()
        this.#named.get(name)?.give()
        this.#left(name)
      }
    }, signal)
  }

  #take(name: string): boolean {
    const semaphore = this.#named.get(name) ?? new Semaphore(this.#each)
    if (!this.#all.room || !semaphore.room) return false
    this.#named.set(name, semaphore)
    semaphore.take()
    this.#all.take()
    return true
  }

  #givenBack(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const look = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#looking.delete(look)
        reject(signal.reason)
      }
      this.#looking.add(look)
      signal.addEventListener('abort', abort, { once: true })
    })
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
      this.#left(name)
    }
  }

  #left(name: string): void {
    if (this.#named.get(name)?.idle) this.#named.delete(name)
    const looking = [...this.#looking]
    this.#looking.clear()
    for (const look of looking) look()
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
