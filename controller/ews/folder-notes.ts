// The memory of an EWS replica about its folder between two listings. The engine and the state only carry it.
import type { ItemId, Version } from '../core/id.ts'
import type { Checkpoint, Start } from '../sync/ports.ts'

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

/** Values of a folder that only grow: the server's time of the latest commit (ms since 1970), and all deletes. */
export type HighWaterMark = Readonly<{ committedMs: number; deletedTotal: number }>

/** An item that could not be read, and is left out. It is read again when its version changes, and at an audit. */
export type PassedOver = Readonly<{
  id: ItemId
  /** The version that could not be read; '' if it is unknown. */
  version: Version
  /** The error: the server's response code, or our own. */
  code: string
  /** The number of looks in a row that could not read it. */
  tries: number
}>

/** The content of a checkpoint, for both EWS replicas. */
export type FolderMemory = Readonly<{
  /** The id of the folder's parent. A folder that was moved, such as into Deleted Items, no longer takes part. */
  parent?: string | undefined
  /** The SyncState of a mailbox folder, the tag of a public folder; undefined: the next listing is complete. */
  cursor?: string | undefined
  /** The high-water mark of the folder at the last listing. */
  highWater?: HighWaterMark | undefined
  passedOver: readonly PassedOver[]
  notes: FolderNotes
}>

/** The memory in a checkpoint. Parts that no EWS replica wrote are left out. */
export function memoryIn(checkpoint: Checkpoint | undefined): FolderMemory {
  const { parent, cursor, highWater, passedOver, notes } = objectIn(checkpoint?.adapter)
  return {
    parent: textIn(parent),
    cursor: textIn(cursor),
    highWater: isHighWater(highWater) ? highWater : undefined,
    passedOver: Array.isArray(passedOver) ? passedOver.filter(isPassedOver) : [],
    notes: notesIn(notes),
  }
}

function notesIn(value: unknown): FolderNotes {
  const { mark, vain, skip, tag, short, doubt } = objectIn(value)
  const { text, firstMs } = objectIn(tag)
  return {
    mark: textIn(mark),
    vain: countIn(vain),
    skip: countIn(skip),
    tag: typeof text === 'string' && typeof firstMs === 'number' ? { text, firstMs } : undefined,
    short: countIn(short),
    doubt: textIn(doubt),
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function countIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

function isHighWater(value: unknown): value is HighWaterMark {
  const { committedMs, deletedTotal } = objectIn(value)
  return typeof committedMs === 'number' && typeof deletedTotal === 'number'
}

function isPassedOver(value: unknown): value is PassedOver {
  const { id, version, code, tries } = objectIn(value)
  return (
    [id, version, code].every((each) => typeof each === 'string') && countIn(tries) !== undefined
  )
}

/** The passed-over items at the start of a listing. One to be retried restarts at one try; 'all' removes all. */
export function retried(
  before: readonly PassedOver[],
  retry: Start['retry'],
): readonly PassedOver[] {
  if (retry === 'all') return []
  return before.map((each) => (retry?.has(each.id) ? { ...each, tries: 1 } : each))
}
