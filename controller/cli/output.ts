// Standard output and standard error, to the last byte: into a pipe Node writes only as much at once as the pipe holds,
// and what waits behind it is lost at `process.exit()`.
import type { Writable } from 'node:stream'

/** Writes a line. Resolves when it has left, or there is room for more; to false when nobody reads any more. */
export type Out = (line: string) => Promise<boolean>

/** A stream that is written in lines. A reader that goes away (`| head`) is no error. */
export class Output {
  readonly #open: () => Writable
  readonly #waiting = new Set<() => void>()
  #stream: Writable | undefined
  #error: NodeJS.ErrnoException | undefined

  /** `open` is called with the first line: a process that logs to the same descriptor must find it as it was. */
  constructor(open: () => Writable) {
    this.#open = open
  }

  /** Writes a line; see `Out`. A caller that writes much awaits it, so that little is held in memory. */
  readonly line: Out = async (line) => {
    if (this.#error === undefined) await this.#written(`${line}\n`, false)
    return this.#error === undefined
  }

  /** Waits until everything has left. Rejects when it could not, unless the reader went away. */
  async drained(): Promise<void> {
    if (this.#stream === undefined) return
    if (this.#error === undefined) await this.#written('', true)
    if (this.#error !== undefined && this.#error.code !== 'EPIPE') throw this.#error
  }

  #written(text: string, wholly: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        resolve()
      }
      this.#waiting.add(done)
      this.#stream ??= this.#opened()
      const roomy = this.#stream.write(text, done)
      if (roomy && !wholly) done()
    })
  }

  #opened(): Writable {
    return this.#open().on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error
      for (const done of this.#waiting) done()
    })
  }
}

/**
 * Writes `{"name": [entries]}` as `JSON.stringify(…, null, 2)` does, entry by entry; reads no further when nobody
 * listens any more.
 */
export async function writeList(name: string, entries: Iterable<unknown>, out: Out): Promise<void> {
  const head = `{\n  ${JSON.stringify(name)}: [`
  let held: string | undefined
  for (const entry of entries) {
    if (!(await out(held === undefined ? head : `${held},`))) return
    held = JSON.stringify(entry, null, 2).replace(/^/gm, '    ')
  }
  await out(held === undefined ? `${head}]\n}` : `${held}\n  ]\n}`)
}
