// What a look notes of a folder for the next one, besides the cursor; the state carries it unread.
import type { Memory } from '../sync/ports.ts'

/** What was noted of a folder. */
export type FolderNotes = Readonly<{
  /** The folder's mark when everything in it was known. */
  mark?: string | undefined
  /** How many full listings in a row a moved mark caused that brought nothing. */
  vain?: number | undefined
  /** How many looks go by before the next such listing. */
  skip?: number | undefined
  /** A tag, and when it was seen first by our own clock, ms since 1970. */
  tag?: Readonly<{ text: string; firstMs: number }> | undefined
  /** How many full listings in a row named fewer items than the folder counts. */
  short?: number | undefined
  /** The folder that the path led to ('' for none) when the remembered one could not be asked for. */
  doubt?: string | undefined
}>

/** After so many listings that name fewer items than the folder counts, it is taken for the server's way of counting. */
const shortMax = 3

/** How many listings in a row were short, this one included, which named so many of so many items. */
export function shortAfter(
  { short = 0 }: FolderNotes,
  listed: number,
  count: number | undefined,
): number {
  return count !== undefined && listed < count ? Math.min(shortMax, short + 1) : 0
}

/** May there be more in the folder than its listing names? */
export function isShort(short: number): boolean {
  return short > 0 && short < shortMax
}

/** The notes in a memory. */
export function notesIn(memory: Memory | undefined): FolderNotes {
  return (memory?.notes ?? {}) as FolderNotes
}
