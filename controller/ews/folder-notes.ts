// Notes about a folder from one look to the next, besides the cursor. The state stores them without reading them.
import type { Memory } from '../sync/ports.ts'

/** The notes about a folder. */
export type FolderNotes = Readonly<{
  /** The folder's mark when all of its content was known. */
  mark?: string | undefined
  /** Full listings in a row that a moved mark caused and that brought no news. */
  vain?: number | undefined
  /** Looks to skip before the next such listing. */
  skip?: number | undefined
  /** A tag, and the time when it was seen first by our own clock, ms since 1970. */
  tag?: Readonly<{ text: string; firstMs: number }> | undefined
  /** Full listings in a row with fewer items than the folder's own count. */
  short?: number | undefined
  /** The id of the folder at the path ('' for none) when the remembered folder could not be read. */
  doubt?: string | undefined
}>

/** After this many short listings in a row, the folder's own count is taken to count differently. */
const shortMax = 3

/** Short listings in a row, including one with `listed` items in a folder that counts `count`. */
export function shortAfter(
  { short = 0 }: FolderNotes,
  listed: number,
  count: number | undefined,
): number {
  return count !== undefined && listed < count ? Math.min(shortMax, short + 1) : 0
}

/** May the folder contain more than its listing? */
export function isShort(short: number): boolean {
  return short > 0 && short < shortMax
}

/** The notes in a memory. */
export function notesIn(memory: Memory | undefined): FolderNotes {
  return (memory?.notes ?? {}) as FolderNotes
}
