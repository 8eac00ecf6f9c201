// Lanes bound how many requests are under way: in all, and for one mailbox. First come, first served.

/** Lets at most `max` pass at once; the rest waits in order. */
export class Lane {
  readonly #max: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** Is nobody inside, and does nobody wait? */
  get idle(): boolean {
    return this.#inside === 0 && this.#waiting.length === 0
  }

  /** Runs the task when there is room; rejects with the signal's reason when that aborts while waiting. */
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

  // The place is handed on, so that nobody slips in between.
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside -= 1
    else next()
  }
}

/** Lanes by name, within one for all. A lane is there while it is used: there are never more than requests. */
export class Lanes {
  readonly #all: Lane
  readonly #each: number
  readonly #named = new Map<string, Lane>()

  constructor(all: number, each: number) {
    this.#all = new Lane(all)
    this.#each = each
  }

  /** Runs the task when there is room in its lane and in all; rejects as a lane does. */
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
