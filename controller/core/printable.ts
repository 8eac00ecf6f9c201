// Foreign text as a terminal, a log or a status may show it: on one line, in reading order, without control sequences.
import { cut } from './cut.ts'

// C0, DEL and C1; marks, embeddings, overrides and isolates of direction; separators of lines and paragraphs;
// anchors of annotations; halves of surrogate pairs.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|\p{Cs}/gu

const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/**
 * The text with each unsafe character as JSON escapes it: `\n`, `\r`, `\t`, else `\u001b`. A line break is unsafe, too.
 * Of a JSON text on one line the result is a JSON text of the same value. Linear.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (found) => short.get(found) ?? escaped(found))
}

/** The same, of at most so many characters. */
export function printableUpTo(text: string, max: number): string {
  return cut(printable(cut(text, max)), max)
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
