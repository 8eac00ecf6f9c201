// What the demo prints: plain sentences in 80 columns, a tick and the seconds at the right. In colour on a
// terminal, plain everywhere else and under NO_COLOR (util.styleText asks the stream and the environment).
import { styleText } from 'node:util'

const columns = 80
const indent = '    '

type Colour = 'green' | 'red' | 'dim' | 'bold' | 'cyan'

/** Colours a text, where colours are wanted. */
export function tinted(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout })
}

/** Prints a line as it is. */
export function line(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a sentence below a step, broken at blanks. */
export function sentence(text: string): void {
  for (const row of folded(text, columns - indent.length)) line(indent + row)
}

/** Prints something that a person could type, or what came of it. */
export function quoted(text: string): void {
  const [first = '', ...more] = folded(text, columns - indent.length - 4)
  line(indent + tinted('cyan', first))
  for (const row of more) line(`${indent}    ${tinted('cyan', row)}`)
}

/** On a terminal, shows what is going on until `done` or `failed` takes its place. */
export function begun(title: string): void {
  if (overwritable()) process.stdout.write(tinted('dim', `… ${title}`))
}

/** A step that was verified. */
export function done(title: string, durationMs: number): void {
  erase()
  line(`${tinted('green', '✓')} ${tinted('bold', title)}${secondsBeside(title, durationMs)}`)
}

/** A step that was not. */
export function failed(title: string, durationMs: number): void {
  erase()
  line(`${tinted('red', '✗')} ${tinted('bold', title)}${secondsBeside(title, durationMs)}`)
}

/** The rows of a text, none longer than `width` unless a single word is. */
export function folded(text: string, width: number): readonly string[] {
  const rows: string[] = []
  for (const word of text.split(/[ \n]+/)) {
    const row = rows.at(-1)
    if (row !== undefined && row.length + 1 + word.length <= width)
      rows[rows.length - 1] = `${row} ${word}`
    else rows.push(word)
  }
  return rows
}

/** A text that is not broken: a telephone number. */
export function whole(text: string): string {
  return text.replaceAll(' ', '\u00a0')
}

/** Milliseconds for people. */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}

function secondsBeside(title: string, durationMs: number): string {
  return tinted('dim', seconds(durationMs).padStart(columns - 2 - title.length))
}

function overwritable(): boolean {
  return process.stdout.isTTY && (process.stdout.columns ?? 0) >= columns
}

function erase(): void {
  if (overwritable()) process.stdout.write('\r\x1b[2K')
}
