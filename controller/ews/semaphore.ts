// KeyedSemaphore bound how many requests are under way: in all, and for one mailbox. First come, first served.

/** Lets at most `max` tasks run at once; the others wait in order. */
export class Semaphore {
  readonly #max: number
  #held = 0
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** Is no permit held, and does no task wait? */
  get idle(): boolean {
    return this.#held === 0 && this.#waiting.length === 0
  }

  /** Runs the task when there is room; rejects with the signal's reason when that aborts while waiting. */
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

  // The permit is handed on, so that no later task overtakes.
  #release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#held -= 1
    else next()
  }
}

/** KeyedSemaphore by name, within one for all. A lane is there while it is used: there are never more than requests. */
export class KeyedSemaphore {
  readonly #all: Semaphore
  readonly #each: number
  readonly #named = new Map<string, Semaphore>()

  constructor(all: number, each: number) {
    this.#all = new Semaphore(all)
    this.#each = each
  }

  /** Runs the task when its own semaphore and the common one let it; rejects as a semaphore does. */
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
