// Reads a directory again when it may have changed: one reading at a time, whoever asks.
import type { Source } from '../validation/documents.ts'

/** Takes the sources over; undefined: the directory could not be read this time. */
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

  /** Could something not be read last time, so that it is read again soon? */
  get unread(): boolean {
    return this.#unread
  }

  /** The directory may have changed. */
  touched(): void {
    this.#dirty = true
  }

  /** Resolves when what is taken is what the directory holds. Rejects when the first reading does. */
  refreshed(): Promise<void> {
    const reading = this.#reading.catch(() => {}).then(() => this.#refresh())
    this.#reading = reading
    return reading
  }

  async #refresh(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    const sources = await this.#read().catch((error: unknown) => {
      // Once it runs, a directory that cannot be read for a moment ends no group.
      if (!this.#begun) throw error
      return undefined
    })
    this.#unread = sources?.some(({ again }) => again) ?? true
    await this.#take(sources)
    this.#begun = true
  }
}
