// A shared resource that closes once it is retired: running tasks finish, no new one starts, then it is closed.
import { SyncError } from '../core/sync-error.ts'

/** Counts the running tasks; after `retire`, it closes when the last one ends. */
export class InUse {
  readonly #close: () => Promise<void>
  #tasks = 0
  #retired = false

  constructor(close: () => Promise<void>) {
    this.#close = close
  }

  /** Runs the task. Rejects with a transient ServerChanged after `retire`. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.check()
    this.#tasks += 1
    try {
      return await task()
    } finally {
      this.#tasks -= 1
      this.#closeUnused()
    }
  }

  /** Throws as `run` rejects: a task that waited calls this before it continues. */
  check(): void {
    if (!this.#retired) return
    const message =
      'the ExchangeServer, or a Secret of it, was changed or removed meanwhile: the next pass uses the new declaration'
    throw new SyncError('transient', 'ServerChanged', message)
  }

  /** From now on no task starts. */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#closeUnused()
  }

  // A failure to close is ignored: the connection is lost for the server as well.
  #closeUnused(): void {
    if (this.#retired && this.#tasks === 0) this.#close().catch(() => {})
  }
}
