// Limits the number of concurrent requests: in all, and per mailbox. First come, first served.

/** Runs at most `max` tasks at once; the others wait in order. */
export class Lane {
  readonly #max: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** Does no task run or wait? */
  get idle(): boolean {
    return this.#inside === 0 && this.#waiting.length === 0
  }

  /** Runs the task when there is room. Rejects with the signal's reason if that aborts while waiting. */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#enter(signal)
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#inside < this.#max) {
      this.#inside += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      this.#waiting.push(enter)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  // A free place goes directly to the next in the queue, so that no newcomer takes it.
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside -= 1
    else next()
  }
}

/** Named lanes below a common limit. A lane exists only while it is used, so there are never more than requests. */
export class Lanes {
  readonly #all: Lane
  readonly #each: number
  readonly #named = new Map<string, Lane>()

  constructor(all: number, each: number) {
    this.#all = new Lane(all)
    this.#each = each
  }

  /** Runs the task when its lane and the common limit have room; rejects as a lane does. */
  async run<Result>(
    name: string,
    task: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const lane = this.#named.get(name) ?? new Lane(this.#each)
    this.#named.set(name, lane)
    try {
      return await lane.run(() => this.#all.run(task, signal), signal)
    } finally {
      if (lane.idle) this.#named.delete(name)
    }
  }
}
