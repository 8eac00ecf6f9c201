// Standard output and standard error, complete to the last byte: Node writes to a pipe only as much as it takes at once, and
// `process.exit()` loses the rest. Unsafe characters from servers, mailboxes and files are escaped, so that they can neither
// control the terminal nor forge lines.
import type { Writable } from 'node:stream'
import { Document, Scalar, visit } from 'yaml'
import { printable } from '../core/printable.ts'

/**
 * Writes one line, or with 'lines' a text of several. Unsafe characters are escaped as in JSON and YAML. Resolves when it
 * is written, or when there is room for more; to false when the reader is gone.
 */
export type Out = (text: string, as?: 'lines') => Promise<boolean>

/** Writes like `Out`, without waiting; for short outputs. */
export type Say = (text: string, as?: 'lines') => unknown

/** A stream that is written in lines. A reader that goes away (`| head`) is no error. */
export class Output {
  readonly #open: () => Writable
  readonly #waiting = new Set<() => void>()
  #stream: Writable | undefined
  #error: NodeJS.ErrnoException | undefined

  /** `open` is called at the first line: a process that logs to the same descriptor must find it unchanged. */
  constructor(open: () => Writable) {
    this.#open = open
  }

  /** Writes a line; see `Out`. With much output, await it, so that little is held in memory. */
  readonly line: Out = async (text, as) => {
    const safe = as === 'lines' ? printableLines(text) : printable(text)
    if (this.#error === undefined) await this.#written(`${safe}\n`, false)
    return this.#error === undefined
  }

  /** Waits until everything is written. Rejects if that fails, unless the reader is gone. */
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

/** Makes each line of a text printable. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** JSON as by `JSON.stringify(…, null, 2)`, but printable; it parses to the same value. */
export function jsonText(value: unknown): string {
  return printableLines(JSON.stringify(value, null, 2))
}

/** YAML for people, printable; it parses to the same value. */
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
 * Writes `{"name": [entries]}` as `jsonText` does, entry by entry, with `more` after the list. Stops reading entries when
 * the reader of the output is gone.
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
