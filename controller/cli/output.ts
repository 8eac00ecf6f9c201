// Standard output and standard error, to the last byte: into a pipe Node writes only as much at once as the pipe holds,
// and what waits behind it is lost at `process.exit()`.
// What comes from servers, mailboxes and files steers no terminal and forges no line.
import type { Writable } from 'node:stream'
import { Document, Scalar, visit } from 'yaml'
import { printable } from '../core/printable.ts'

/**
 * Writes one line, or with 'lines' a text of several, and what is unsafe in it escaped as JSON and YAML do. Resolves
 * when it has left, or there is room for more; to false when nobody reads any more.
 */
export type Out = (text: string, as?: 'lines') => Promise<boolean>

/** Writes as `Out` does, for one who says little and does not wait. */
export type Say = (text: string, as?: 'lines') => unknown

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
  readonly line: Out = async (text, as) => {
    const safe = as === 'lines' ? printableLines(text) : printable(text)
    if (this.#error === undefined) await this.#written(`${safe}\n`, false)
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

/** A text of several lines, each of them printable. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** As `JSON.stringify(…, null, 2)`; read back it is the same, and in between it is printable. */
export function jsonText(value: unknown): string {
  return printableLines(JSON.stringify(value, null, 2))
}

/** As YAML for people; read back it is the same, and in between it is printable. */
export function yamlText(value: unknown): string {
  const document = new Document(value)
  visit(document, {
    Scalar: (_, node) => {
      const odd = typeof node.value === 'string' && printableLines(node.value) !== node.value
      if (odd) node.type = Scalar.QUOTE_DOUBLE
    },
  })
  return printableLines(document.toString().trimEnd())
}

/**
 * Writes `{"name": [entries]}` as `jsonText` does, entry by entry, and `more` behind the list; reads no further when nobody
 * listens any more.
 */
export async function writeList(
  name: string,
  entries: AsyncIterable<unknown> | Iterable<unknown>,
  out: Out,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const head = `{\n  ${JSON.stringify(name)}: [`
  const rest = Object.entries(more)
    .map(([key, value]) => `,\n  ${JSON.stringify(key)}: ${indented(value, '  ').trimStart()}`)
    .join('')
  let held: string | undefined
  for await (const entry of entries) {
    if (!(await out(held === undefined ? head : `${held},`, 'lines'))) return
    held = indented(entry, '    ')
  }
  await out(held === undefined ? `${head}]${rest}\n}` : `${held}\n  ]${rest}\n}`, 'lines')
}

function indented(value: unknown, by: string): string {
  return jsonText(value).replace(/^/gm, by)
}
