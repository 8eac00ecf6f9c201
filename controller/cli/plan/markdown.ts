// A plan as Markdown, for a comment on a proposed change: tables of counts, names of replicas and of fields, never an item.
//
// Guarantees: at most 60 lines. Every text from outside is in a code span, in which neither Markdown nor HTML, a mention or
// a reference of a forge has an effect; control characters are escaped. The local part of an address is shown only if the
// declaration names it.

import { folded } from '../../api/path.ts'
import { type ChangeKind, changeKinds, type PlanSummary } from '../../api/plan-summary.ts'
import { grouped } from '../../api/progress.ts'
import { printableUpTo } from '../../core/printable.ts'
import { isQuiet } from './sentences.ts'

/** The most lines of a comment. */
const markdownLinesMax = 60

const textMax = 300
const fieldsMax = 8
const namesMax = 6
const notesMax = 10
/** With less room than this for each group, they are rows of one table. */
const groupLeast = 14

/** Shows a text from outside as it is, without an effect. */
type Quote = (text: string) => string

/**
 * The comment as lines. `declared`: names of mailboxes that the declarations hold, besides those of the replicas. `notes`:
 * finished lines of Markdown above the groups.
 */
export function markdownOf(
  summaries: readonly PlanSummary[],
  declared: readonly string[] = [],
  notes: readonly string[] = [],
): readonly string[] {
  const names = [...declared, ...summaries.flatMap(({ replicas }) => replicas.map(nameOf))]
  const quote = quoting(new Set(names.map(folded)))
  const head = ['### exsync plan', '', ...spaced(fitted(notes, notesMax))]
  const loud = summaries.filter((each) => !isQuiet(each))
  const quiet = summaries.length - loud.length
  const rest = quietLines(quiet, summaries)
  const room = markdownLinesMax - head.length - rest.length
  const each = Math.floor(room / Math.max(1, loud.length))
  const body =
    each >= groupLeast
      ? loud.flatMap((summary) => groupLines(summary, each, quote))
      : overview(loud, room, quote)
  const lines = [...head, ...body, ...rest]
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function nameOf({ replica }: Readonly<{ replica: string }>): string {
  return replica
}

function spaced(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [...lines, '']
}

function quietLines(quiet: number, all: readonly PlanSummary[]): readonly string[] {
  if (all.length === 0) return ['There is no group.']
  if (quiet === 0) return []
  if (all.length === 1) return ['Nothing to do.']
  return [`${grouped(quiet)} ${quiet === 1 ? 'group has' : 'groups have'} nothing to do.`]
}

/** A text in a code span. A pipe is escaped as a control character is: in a table it would end the cell, and the code. */
export function quoting(declared: ReadonlySet<string>): Quote {
  return (text) => {
    const shown = discreet(text.slice(0, 4 * textMax), declared)
    const safe = printableUpTo(shown, textMax).replaceAll('|', '\\u007c')
    const runs = safe.match(/`+/g) ?? []
    const fence = '`'.repeat(runs.reduce((most, { length }) => Math.max(most, length), 0) + 1)
    const pad = /^`|`$|^ .* $|^\s*$/.test(safe) ? ' ' : ''
    return `${fence}${pad}${safe}${pad}${fence}`
  }
}

// Hides the local part of each address that is not declared.
function discreet(text: string, declared: ReadonlySet<string>): string {
  return text.replace(
    /(?<![^\s"'<>(),;:/])([^\s"'<>(),;:/@]+)@([^\s"'<>(),;:/@]+)/g,
    (whole, _, domain) => (declared.has(folded(whole.replace(/\.$/, ''))) ? whole : `…@${domain}`),
  )
}

function groupLines(summary: PlanSummary, room: number, quote: Quote): readonly string[] {
  const title = [`#### ${quote(summary.group)}`, '']
  const state = spaced(fitted(stateOf(summary, quote), Math.max(3, Math.floor(room / 3))))
  const changes = changeRows(summary, quote)
  const taken = title.length + state.length
  // The head of a table is two lines, and a blank line follows.
  const changesRoom = Math.max(1, Math.min(changes.length, Math.floor((room - taken - 6) / 2)))
  const first = tableLines(changesHead, changes, changesRoom, 'changes')
  const replicas = replicaRows(summary, quote)
  const left = room - taken - first.length - 3
  const more = summary.omitted?.replicas ?? 0
  const second =
    replicas.length === 0 || left < 1
      ? []
      : tableLines(replicasHead, replicas, left, 'folders', more)
  return [...title, ...state, ...first, ...second].slice(0, room)
}

// As many lines as fit, the last of them with the number of the others.
function fitted(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines
  const shown = lines.slice(0, room - 1)
  return [...shown, `- … and ${grouped(lines.length - shown.length)} more`]
}

function tableLines(
  head: readonly string[],
  rows: readonly string[],
  room: number,
  what: string,
  more = 0,
): readonly string[] {
  if (rows.length === 0) return []
  const fits = rows.length <= room && (more === 0 || rows.length < room)
  const shown = fits ? rows : rows.slice(0, Math.max(0, room - 1))
  const left = rows.length - shown.length + more
  const columns = (head[0] ?? '').split('|').length - 3
  const last = left === 0 ? [] : [`| … and ${grouped(left)} more ${what} |${' |'.repeat(columns)}`]
  return [...head, ...shown, ...last, '']
}

function stateOf(summary: PlanSummary, quote: Quote): readonly string[] {
  const { suspended, deleted, error, problems, joins, forgets, leaving, turns, omitted } = summary
  const named = (names: readonly string[], more = 0) => {
    const some = names.slice(0, namesMax).map(quote).join(', ')
    const rest = names.length + more - Math.min(names.length, namesMax)
    return rest > 0 ? `${some} and ${grouped(rest)} more` : some
  }
  const leaverOf = ({ replica, copies, removes, waits }: PlanSummary['leaving'][number]) =>
    waits === undefined
      ? `- **Leaves:** ${quote(replica)}: of ${grouped(copies)} copies ${removes === undefined ? 'those' : grouped(removes)} that the controller made are removed`
      : `- **Leaves:** ${quote(replica)}: of ${grouped(copies)} copies none is removed for now (${quote(waits)})`
  return [
    ...(suspended ? ['- **Suspended:** `spec.suspend` is true'] : []),
    ...(deleted ? ['- **Deleted:** it is no longer declared'] : []),
    ...(error ? [`- **Error** ${quote(error.reason)}: ${quote(error.message)}`] : []),
    ...guardOf(summary, quote),
    ...(joins.length > 0 ? [`- **Joins:** ${named(joins, omitted?.joins)}`] : []),
    ...(forgets.length > 0
      ? [`- **Leaves, and its copies stay:** ${named(forgets, omitted?.forgets)}`]
      : []),
    ...leaving.map(leaverOf),
    ...turns.map(
      ({ replica, before, now }) => `- **Direction** of ${quote(replica)}: ${now}, was ${before}`,
    ),
    ...problems.map(
      ({ replica, reason, message }) =>
        `- **Problem** of ${quote(replica)}: ${quote(reason)}: ${quote(message)}`,
    ),
  ]
}

function guardOf({ guard }: PlanSummary, quote: Quote): readonly string[] {
  if (guard === undefined) return []
  const { hash, refusals } = guard
  const where = refusals.some(({ above }) => above) ? ' on the ExchangeServer' : ''
  const few = refusals
    .slice(0, namesMax)
    .map(
      ({ replica, reason, count, limit }) =>
        `${quote(replica)} ${grouped(count)} ${reason.toLowerCase()} (limit ${grouped(limit)})`,
    )
  const more = refusals.length - few.length
  const all = more > 0 ? `${few.join(', ')} and ${grouped(more)} more` : few.join(', ')
  // The plan of a proposed group has no hash, because nothing of it can be approved.
  const approval =
    hash === ''
      ? 'when a pass of the group names its hash'
      : `with the annotation ${quote(`exchangesync.dev/approve: ${hash}`)}`
  return [
    `- **Blocked by the guard:** ${all}. Undo it in Exchange, or approve it ${approval}${where}`,
  ]
}

const changesHead = ['| change | items | where | fields |', '| --- | ---: | --- | --- |']
const replicasHead = [
  '| folder | create | update | delete | keep |',
  '| --- | ---: | ---: | ---: | ---: |',
]

function changeRows({ changes }: PlanSummary, quote: Quote): readonly string[] {
  return changes.map(({ kind, items, replicas, replicaCount, fields, reasons = [] }) => {
    const where =
      replicaCount <= 2
        ? replicas.map(quote).join(', ')
        : `the same in each of ${grouped(replicaCount)} ${replicas.includes('hub') ? 'folders' : 'members'}`
    const said = [...reasons, ...(kind === 'delete' ? [] : fields)]
    const some = said
      .slice(0, fieldsMax)
      .map(({ name, count }) => `${quote(name)} ${grouped(count)}`)
    const more = said.length - some.length
    const shown = more > 0 ? `${some.join(', ')} and ${grouped(more)} more` : some.join(', ')
    return `| ${wordOf(kind)} | ${grouped(items)} | ${where} | ${shown} |`
  })
}

function wordOf(kind: ChangeKind): string {
  return kind === 'keep' ? 'keep in the bin' : kind
}

// Folders without a change have no row.
function replicaRows({ replicas }: PlanSummary, quote: Quote): readonly string[] {
  const changed = replicas.filter((each) => changeKinds.some((kind) => each[kind] > 0))
  return changed.map((each) => {
    const counts = changeKinds.map((kind) => grouped(each[kind]))
    return `| ${quote(each.replica)} | ${counts.join(' | ')} |`
  })
}

// One row for each group.
function overview(loud: readonly PlanSummary[], room: number, quote: Quote): readonly string[] {
  const head = [
    '| group | create | update | delete | keep | |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
  ]
  const rows = loud.map((summary) => {
    const { group, totals, error, guard, problems } = summary
    const counts = changeKinds.map((kind) => grouped(totals[kind]))
    const said = [
      ...(error ? [`error ${quote(error.reason)}`] : []),
      ...(guard ? ['blocked by the guard'] : []),
      ...(problems.length > 0 ? [`${grouped(problems.length)} problems`] : []),
    ]
    return `| ${quote(group)} | ${counts.join(' | ')} | ${said.join(', ')} |`
  })
  return tableLines(head, rows, room - 3, 'groups')
}
