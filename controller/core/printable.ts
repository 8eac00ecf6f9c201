// Makes foreign text safe for a terminal, a log or a status: one line, in reading order, without control sequences.
import { cut } from './cut.ts'

// C0, DEL and C1 controls; direction marks, embeddings, overrides and isolates; line and paragraph separators;
// interlinear annotation characters; unpaired surrogates.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|\p{Cs}/gu

const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/**
 * Escapes each unsafe character as JSON does: `\n`, `\r`, `\t`, else `\u001b`. A line break is unsafe, too. A JSON text on
 * one line stays a JSON text of the same value. Linear time.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (found) => short.get(found) ?? escaped(found))
}

/** The same, cut to at most `max` characters. */
export function printableUpTo(text: string, max: number): string {
  return cut(printable(cut(text, max)), max)
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
