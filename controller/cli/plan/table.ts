// A plan on one screen: each group with one line per change, as many items by name as there is room for, and the number of
// what is left out with the flag that shows it.
import type { PlanSummary } from '../../api/plan-summary.ts'
import { grouped } from '../../api/progress.ts'
import { printableUpTo } from '../../core/printable.ts'
import type { Forecast, ForecastLine } from '../../sync/forecast.ts'
import { alikeIn } from '../../sync/plan-summary.ts'
import { changeLines, isQuiet, stateLines, sumText } from './sentences.ts'

/** One group: its summary, and its forecast if the items are known. */
export type PlanView = Readonly<{ summary: PlanSummary; forecast?: Forecast | undefined }>

/** The rows without a terminal, and the least that a table uses on one. */
export const rowsUsual = 24
const rowsLeast = 10

const nameMax = 60

/** A block of lines about one group. A line's items are shown below it where there is room. */
type Block = Readonly<{ summary: PlanSummary; lines: readonly Line[] }>
type Line = Readonly<{ text: string; items: readonly string[]; hidden: number }>

/**
 * The table: it fits into the rows, with one for the prompt that follows, as long as the lines that say what happens do.
 * Groups with nothing to do are one line. `columns`: of the terminal; a longer line takes several rows.
 */
export function tableOf(
  views: readonly PlanView[],
  rows: number = rowsUsual,
  columns: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const room = Math.max(rowsLeast, rows) - 1
  const blocks = views.filter(({ summary }) => !isQuiet(summary)).map(blockOf)
  const quiet = quietLines(views.filter(({ summary }) => isQuiet(summary)))
  const left = room - quiet.length
  const taken = (text: string) => Math.max(1, Math.ceil((text.length + 2) / columns))
  const whole = blocks.reduce(
    (sum, { lines }) => lines.reduce((inner, { text }) => inner + taken(text), sum + 1),
    0,
  )
  const hides = blocks.some(({ lines }) => lines.some(({ hidden }) => hidden > 0))
  const shown =
    whole + (hides ? 1 : 0) <= left ? withItems(blocks, left - whole) : shortened(blocks, left)
  return [...shown, ...quiet]
}

function quietLines(views: readonly PlanView[]): readonly string[] {
  const [first] = views
  if (first === undefined) return []
  if (views.length === 1) return [`${first.summary.group}: nothing to do`]
  return [`${grouped(views.length)} groups: nothing to do`]
}

function blockOf({ summary, forecast }: PlanView): Block {
  const alike = forecast === undefined ? [] : alikeIn(forecast)
  const changes = changeLines(summary).map(({ text, at, items }): Line => {
    const [only] = at.length === 1 ? at : []
    const { kind, lines } = (only === undefined ? undefined : alike[only]) ?? { lines: [] }
    const texts = named(lines).map((line) => `${kind}  ${itemText(line, kind)}`)
    return { text, items: texts, hidden: forecast === undefined ? 0 : items }
  })
  const state = stateLines(summary).map((text) => ({ text, items: [], hidden: 0 }))
  return { summary, lines: [...state, ...changes] }
}

// No terminal has more rows.
const rowsMost = 1000

// Links say little: without names the table counts the items.
function named(lines: readonly ForecastLine[]): readonly ForecastLine[] {
  return lines.slice(0, rowsMost).filter(({ name }) => name !== undefined)
}

// Every line, and the items in the rows that are left, the same number for each change.
function withItems(blocks: readonly Block[], room: number): readonly string[] {
  const hidden = blocks.reduce(
    (sum, { lines }) => lines.reduce((inner, each) => inner + each.hidden, sum),
    0,
  )
  const all = blocks.flatMap(({ lines }) => lines.map(({ items }) => items.length))
  // The last row says how many are left out.
  const exact = all.reduce((sum, each) => sum + each, 0) === hidden && hidden <= room
  const shares = sharesOf(all, exact ? room : room - 1)
  let [at, shown] = [0, 0]
  const lines = blocks.flatMap(({ summary, lines }) => [
    summary.group,
    ...lines.flatMap(({ text, items }) => {
      const some = items.slice(0, shares[at])
      at += 1
      shown += some.length
      return [`  ${text}`, ...some.map((item) => `    ${item}`)]
    }),
  ])
  if (shown === hidden) return lines
  return [...lines, shown === 0 ? '… the items: -o wide shows all' : moreText(hidden - shown, 0)]
}

// The number of items of each line: as many as there are, and at most an equal share of the rows.
function sharesOf(all: readonly number[], room: number): readonly number[] {
  const shares = all.map(() => 0)
  let left = room
  for (;;) {
    const hungry = all.flatMap((count, at) => (count > (shares[at] ?? 0) ? [at] : []))
    const each = Math.floor(left / Math.max(1, hungry.length))
    if (hungry.length === 0 || left <= 0) return shares
    for (const at of hungry) {
      const more = Math.min(Math.max(1, each), left, (all[at] ?? 0) - (shares[at] ?? 0))
      shares[at] = (shares[at] ?? 0) + more
      left -= more
    }
  }
}

// Too many lines: the first lines of each group, or one line for each, or the first groups.
function shortened(blocks: readonly Block[], room: number): readonly string[] {
  const items = blocks.reduce(
    (sum, { lines }) => lines.reduce((inner, each) => inner + each.hidden, sum),
    0,
  )
  const each = Math.floor((room - 1) / Math.max(1, blocks.length)) - 1
  if (each >= 1) {
    const lines = blocks.flatMap(({ summary, lines }) => [
      summary.group,
      ...lines.slice(0, each).map(({ text }) => `  ${text}`),
    ])
    const left = blocks.reduce((sum, { lines }) => sum + Math.max(0, lines.length - each), 0)
    return [...lines, moreText(items, left)]
  }
  const few = blocks
    .slice(0, room - 1)
    .map(({ summary }) => `${summary.group}: ${sumText(summary)}`)
  const groups = blocks.length - few.length
  const more = groups === 0 ? '' : `${grouped(groups)} more groups, and `
  return [...few, `… and ${more}${grouped(items)} items: -o wide shows all`]
}

function moreText(items: number, lines: number): string {
  const parts = [
    ...(lines > 0 ? [`${grouped(lines)} more ${lines === 1 ? 'line' : 'lines'}`] : []),
    ...(items > 0 ? [`${grouped(items)} more ${items === 1 ? 'item' : 'items'}`] : []),
  ]
  return `… and ${parts.join(' and ')}: -o wide shows all`
}

/** One item: its name if the forecast has it, else its link, with the fields and the reason. */
export function itemText(
  { link, name = '', fields, reason }: ForecastLine,
  kind: string | undefined,
): string {
  const said = kind === 'create' ? [] : [...(reason ? [reason] : []), fields.join(' ')]
  return [name === '' ? link : nameText(name), ...said].filter(Boolean).join('  ')
}

/** The name of an item on a terminal: printable, and cut. */
export function nameText(name: string): string {
  return printableUpTo(name, nameMax)
}
