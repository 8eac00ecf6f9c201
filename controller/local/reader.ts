// Reads a directory again when it may have changed. Concurrent callers share one reading at a time.
import type { Source } from '../validation/documents.ts'

/** Takes over the sources; undefined: the directory could not be read this time. */
type Take = (sources: readonly Source[] | undefined) => Promise<void>

/** The readings of one directory. */
export class Reader {
  readonly #read: () => Promise<readonly Source[]>
  readonly #take: Take
  #dirty = true
  #begun = false
  #unread = false
  #reading: Promise<void> = Promise.resolve()

  constructor(read: () => Promise<readonly Source[]>, take: Take) {
    this.#read = read
    this.#take = take
  }

  /** Did the last reading fail in part, so that it should be repeated soon? */
  get unread(): boolean {
    return this.#unread
  }

  /** Records that the directory may have changed. */
  touched(): void {
    this.#dirty = true
  }

  /** Resolves when the present content of the directory is taken over. Rejects if the first reading fails. */
  refreshed(): Promise<void> {
    const reading = this.#reading.catch(() => {}).then(() => this.#refresh())
    this.#reading = reading
    return reading
  }

  async #refresh(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    const sources = await this.#read().catch((error: unknown) => {
      // After the first reading, an unreadable directory ends no group.
      if (!this.#begun) throw error
      return undefined
    })
    this.#unread = sources?.some(({ again }) => again) ?? true
    await this.#take(sources)
    this.#begun = true
  }
}
