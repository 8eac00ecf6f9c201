// What an EWS replica remembers of its folder from one listing to the next; the engine and the state carry it unread.
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

/** What in a folder only grows: the time of its latest commit (ms since 1970, by the server), and how many deletes. */
export type HighWaterMark = Readonly<{ committedMs: number; deletedTotal: number }>

/** An item that a listing leaves out. It is read again when it has another version, and at an audit. */
export type PassedOver = Readonly<{
  id: ItemId
  /** The version that could not be read; '' where none is known. */
  version: Version
  /** What is wrong: the server's response code, or ours. */
  code: string
  /** How many listings in a row it could not be read. */
  tries: number
}>

/** What both EWS replicas keep in a checkpoint. */
export type FolderMemory = Readonly<{
  /** Where the folder lay: one that was moved away, into Deleted Items perhaps, is not ours any more. */
  parent?: string | undefined
  /** The SyncState of a mailbox folder, the tag of a public folder; undefined: the next listing is a whole one. */
  cursor?: string | undefined
  /** How far the folder had come when it was listed last. */
  highWater?: HighWaterMark | undefined
  passedOver: readonly PassedOver[]
  notes: FolderNotes
}>

/** What a checkpoint holds, as far as it is what one of the EWS replicas put there. */
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

/** What was passed over, from where a listing starts: what is to be retried has not been tried before. */
export function retried(
  before: readonly PassedOver[],
  retry: Start['retry'],
): readonly PassedOver[] {
  if (retry === 'all') return []
  return before.map((each) => (retry?.has(each.id) ? { ...each, tries: 1 } : each))
}
