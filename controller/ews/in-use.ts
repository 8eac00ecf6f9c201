// What many use, until it is retired: tasks that are under way end, none begins, and then it is closed.
import { SyncError } from '../core/sync-error.ts'

/** Counts the tasks under way; retired, it closes after the last one. */
export class InUse {
  readonly #close: () => Promise<void>
  #tasks = 0
  #retired = false

  constructor(close: () => Promise<void>) {
    this.#close = close
  }

  /** Runs the task; rejects with a transient ServerChanged when it was retired. */
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

  /** Throws as `run` rejects: a task that has waited asks again before it goes on. */
  check(): void {
    if (!this.#retired) return
    const message =
      'the ExchangeServer, or what it refers to, was changed or removed meanwhile: the next pass goes by what is declared now'
    throw new SyncError('transient', 'ServerChanged', message)
  }

  /** From now on no task begins. */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#closeUnused()
  }

  // A connection that fails to close is lost to its server as well: there is no one left to tell.
  #closeUnused(): void {
    if (this.#retired && this.#tasks === 0) this.#close().catch(() => {})
  }
}
