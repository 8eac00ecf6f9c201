// Lists of entries: as a table that says how many it leaves out, and page by page as JSON.
import { greatest } from '../core/many.ts'
import { printable } from '../core/printable.ts'
import type { Out } from './output.ts'

/** The rows of a table, and the number of entries that are read at once. */
export const rowsMax = 200

/** The time in the format of all outputs. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** All entries, the newest first, a page at a time: the list may not fit into memory. */
export async function* each<Line extends { n: number }>(
  page: (below?: number) => Promise<readonly Line[]>,
): AsyncIterable<Line> {
  for (let lines = await page(); lines.length > 0; lines = await page(lines.at(-1)?.n)) yield* lines
}

/** All of them in one list. */
export async function collected<Line>(lines: AsyncIterable<Line>): Promise<readonly Line[]> {
  const all: Line[] = []
  for await (const line of lines) all.push(line)
  return all
}

/** The same with a function for each. */
export async function* mapped<From, To>(
  lines: AsyncIterable<From>,
  to: (line: From) => To,
): AsyncIterable<To> {
  for await (const line of lines) yield to(line)
}

/** Writes the rows, the first of which is the head, and how many of the `total` are left out. */
export async function writeTable(
  rows: readonly (readonly string[])[],
  total: number,
  out: Out,
  rest = 'older ones',
): Promise<void> {
  for (const line of aligned(rows)) await out(line)
  const more = total - (rows.length - 1)
  if (more > 0) await out(`… and ${more} ${rest}: use -o json to show all`)
}

/** The rows as lines; each column is as wide as its widest cell. */
export function aligned(table: readonly (readonly string[])[]): readonly string[] {
  const rows = table.map((row) => row.map(printable))
  const widths = (rows[0] ?? []).map((_, column) =>
    greatest(rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
