// A folder's change log, from which SyncFolderItems reads. It only grows; every change of an item is one
// entry, and an entry knows where the next one about the same item is.
//
//   entry    0    1    2    3    4    5          a round from 1 to 5 reports, newest first:
//   item     A    B    A    C    B    C            4: B   (2: A)   3: C is told about later, at 5,
//   next     2    4    -    5    -    -                           but this round ends before it
//
// So an item is reported once per round, and a client that asks again with an old state is told the same
// again, whatever it had been told in between.
import type { Item } from './item.ts'

/** What happened to one item in one folder; `item` is undefined once it has gone from there. */
export type Track = {
  readonly id: string
  readonly created: number
  last: number
  item: Item | undefined
  changeKey: string
}

/** The log of a folder. */
export type Log = Readonly<{ tracks: Track[]; next: (number | undefined)[] }>

/** How far a client has come: it knows everything before `base`, and is at `at` on its way back from `end`. */
export type Place = Readonly<{ base: number; end: number; at: number }>

/** One thing to tell a client. */
export type Change = Readonly<{ kind: 'Create' | 'Update' | 'Delete'; track: Track }>

/** A page of changes, and the place after it. */
export type Round = Readonly<{ changes: readonly Change[]; place: Place; last: boolean }>

/** An empty log. */
export function emptyLog(): Log {
  return { tracks: [], next: [] }
}

/** An item has come into the folder. */
export function begin(log: Log, item: Item, changeKey: string): Track {
  const created = log.tracks.length
  const track: Track = { id: item.id, created, last: created, item, changeKey }
  log.tracks.push(track)
  log.next.push(undefined)
  return track
}

/** Something has happened to it. */
export function note(log: Log, track: Track, changeKey: string): void {
  log.next[track.last] = log.tracks.length
  track.last = log.tracks.length
  track.changeKey = changeKey
  log.tracks.push(track)
  log.next.push(undefined)
}

/** At most `max` changes after a place; without one, from the beginning of time. */
export function round(
  log: Log,
  from: Place | undefined,
  max: number,
  ignored: ReadonlySet<string>,
): Round {
  const length = log.tracks.length
  const resting = from === undefined || from.at === from.base
  const base = from === undefined ? 0 : resting ? from.end : from.base
  const end = resting ? length : from.end
  let at = resting ? length : from.at
  const changes: Change[] = []
  while (at > base) {
    const change = changeAt(log, at - 1, base, end)
    if (change && !ignored.has(change.track.id)) {
      if (changes.length === max) break
      changes.push(change)
    }
    at -= 1
  }
  const done = at === base
  return {
    changes,
    place: done ? { base: end, end, at: end } : { base, end, at },
    last: done && end === length,
  }
}

function changeAt(log: Log, index: number, base: number, end: number): Change | undefined {
  const track = log.tracks[index]
  const next = log.next[index]
  if (!track || (next !== undefined && next < end)) return undefined
  const fresh = track.created >= base
  if (!track.item) return fresh ? undefined : { kind: 'Delete', track }
  return { kind: fresh ? 'Create' : 'Update', track }
}
