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
  /** The folder that the path led to ('' for none) when the remembered one could not be asked for. */
  doubt?: string | undefined
}>

/** The notes in a memory. */
export function notesIn(memory: Memory | undefined): FolderNotes {
  return (memory?.notes ?? {}) as FolderNotes
}
