// The lines of the board that `exsync run` draws on a terminal: how far each group is, and the result of its last pass.
// Pure: no terminal, no clock. Names, reasons and counts only.
import { type Moment, progressText } from '../api/progress.ts'
import { aligned } from './table.ts'

/** The result of the last pass of a group, in a word, and what it says. */
export type Last = Readonly<{ word: 'Ready' | 'NotReady' | 'Stalled' | 'Suspended'; text: string }>

/** One group on the board: a pass under way, or the last result, or neither: it waits for its first pass. */
export type Row = Readonly<{
  id: string
  /** The counts of a pass under way; 'begun': it has none yet. */
  pass: Moment | 'begun' | undefined
  last: Last | undefined
}>

/** The size of a terminal in characters. */
export type Size = Readonly<{ columns: number; rows: number }>

/** The order of the board: that which moves first, then that which needs a person. */
const ranks = ['pass', 'Stalled', 'NotReady', 'waiting', 'Suspended', 'Ready'] as const
const words: Readonly<Record<(typeof ranks)[number], string>> = {
  pass: 'under way',
  Stalled: 'stalled',
  NotReady: 'not ready',
  waiting: 'waiting',
  Suspended: 'suspended',
  Ready: 'ready',
}

/**
 * The lines of the board at a time, ms since 1970: a summary, and a line for each group while there is room. Each line is
 * shorter than the terminal is wide, and the lines leave one row of it free.
 */
export function boardOf(groups: readonly Row[], size: Size, nowMs: number): readonly string[] {
  if (groups.length === 0) return []
  const { columns, rows } = size
  const sorted = [...groups].sort(
    (one, other) => rankOf(one) - rankOf(other) || (one.id < other.id ? -1 : 1),
  )
  const room = Math.max(0, rows - 2)
  const fits = sorted.length <= room
  const shown = sorted.slice(0, fits ? room : Math.max(0, room - 1))
  const nameMax = Math.max(12, Math.floor(columns / 3))
  const table = aligned(shown.map((row) => [shortened(row.id, nameMax), ...cellsOf(row, nowMs)]))
  const left = sorted.slice(shown.length)
  const more = left.length === 0 || room === 0 ? [] : [`… and ${countsOf(left)}`]
  return [countsOf(sorted), ...table, ...more].map((line) => shortened(line, columns - 1))
}

function rankOf(row: Row): number {
  return ranks.indexOf(rankIn(row))
}

function rankIn({ pass, last }: Row): (typeof ranks)[number] {
  return pass === undefined ? (last?.word ?? 'waiting') : 'pass'
}

function countsOf(groups: readonly Row[]): string {
  const each = ranks.flatMap((rank) => {
    const count = groups.filter((row) => rankIn(row) === rank).length
    return count === 0 ? [] : [`${count} ${words[rank]}`]
  })
  return `${groups.length} group${groups.length === 1 ? '' : 's'}: ${each.join(', ')}`
}

function cellsOf({ pass, last }: Row, nowMs: number): readonly [string, string] {
  if (pass === 'begun') return ['begins', '']
  if (pass !== undefined) return [pass.sample.phase.toLowerCase(), passText(pass, nowMs)]
  if (last === undefined) return ['waiting', '']
  return [words[last.word], last.text]
}

/** The counts of a pass for people, the remaining time and the rate first: a narrow terminal cuts the end. */
export function passText(moment: Moment, nowMs: number): string {
  const { sample, startMs, endMs, carried } = moment
  const counts = progressText(sample)
  if (sample.phase === 'Reading') return counts
  // In the first moments a rate says nothing.
  const seconds = Math.max(1, (nowMs - startMs) / 1000)
  const perSecond = (sample.done - carried) / seconds
  const parts = [
    ...(sample.planned > 0 ? [`${Math.floor((100 * sample.done) / sample.planned)} %`] : []),
    ...(endMs === undefined ? [] : [leftText(endMs - nowMs)]),
    ...(perSecond > 0 ? [`${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`] : []),
  ]
  return [...parts, counts].join(', ')
}

/** A remaining time for people, from ms. */
function leftText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 60) return `${seconds} s left`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `${minutes} min left`
  const hours = Math.floor(minutes / 60)
  if (hours >= 100) return 'more than 4 days left'
  return `${hours} h ${minutes % 60} min left`
}

/** The text in at most `columns` of a terminal. A character beyond ASCII counts as two: some are as wide. */
export function shortened(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  let width = 0
  let end = 0
  for (const character of text) {
    width += widthOf(character)
    if (width > columns - 1) break
    end += character.length
  }
  return `${text.slice(0, end)}…`
}

/** The columns that a text takes at most. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += character === '…' || character <= '~' ? 1 : 2
  return width
}
