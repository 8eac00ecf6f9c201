// The lines about one group of a plan, for the table and for wide output: who joins and leaves, errors, the guard, and one
// line for each change with the replicas that share it. Everything here comes from a summary, so it names no item.
import {
  type Counted,
  changeKinds,
  isChange,
  type PlanSummary,
  type SummaryChange,
} from '../../api/plan-summary.ts'
import { grouped } from '../../api/progress.ts'
import { meanwhileText } from '../../core/guard.ts'
import { greatest, least } from '../../core/many.ts'

/** The most names of replicas, and of fields, in one line. */
const namesMax = 3
const fieldsMax = 8
/** With more different changes of one kind, they are one line with the least and the greatest count. */
const alikeMax = 3

/** One line about changes. `at`: their places in the summary's `changes`; several for a line that stands for all. */
export type ChangeLine = Readonly<{ text: string; at: readonly number[]; items: number }>

/** Is there nothing to say about the group? */
export function isQuiet(summary: PlanSummary): boolean {
  const { suspended, deleted, error, problems, joins, forgets, turns } = summary
  const said = problems.length + joins.length + forgets.length + turns.length
  return !isChange(summary) && said === 0 && !error && !suspended && !deleted
}

/** The lines about the group besides its changes: its state, members, errors, and the guard. */
export function stateLines(summary: PlanSummary): readonly string[] {
  const { suspended, deleted, error, problems, joins, forgets, leaving, turns, omitted } = summary
  const more = (list: keyof NonNullable<typeof omitted>, what: string) =>
    omitted?.[list] ? [`… and ${grouped(omitted[list])} more ${what}`] : []
  return [
    ...(suspended ? ['suspended: spec.suspend is true'] : []),
    ...(deleted ? ['deleted: it is no longer declared'] : []),
    ...(error ? [`error  ${error.reason}: ${error.message}`] : []),
    ...guardLines(summary),
    ...problems.map(({ replica, reason, message }) => `${replica}  ${reason}: ${message}`),
    ...more('problems', 'folders with a problem'),
    ...(joins.length > 0 ? [`joins  ${namesText(joins, omitted?.joins)}`] : []),
    ...forgets.map((replica) => `${replica}  leaves, and its copies stay`),
    ...more('forgets', 'that leave, and their copies stay'),
    ...leaving.map(leaverText),
    ...more('leaving', 'that leave'),
    ...turns.map(({ replica, before, now }) => `${replica}  direction ${now}, was ${before}`),
    ...more('turns', 'with another direction'),
  ]
}

// The plan of a proposed group has no hash, because nothing of it can be approved.
function approvalText(hash: string): string {
  if (hash === '') return 'approve it when a pass of the group names its hash'
  return `approve it with the annotation exchangesync.dev/approve: ${hash}`
}

function leaverText({ replica, copies, removes, waits }: PlanSummary['leaving'][number]): string {
  const some = removes === undefined ? 'those' : grouped(removes)
  const what =
    waits === undefined
      ? `${some} that the controller made are removed`
      : `none is removed for now (${waits})`
  return `${replica}  leaves: of ${grouped(copies)} copies ${what}`
}

function guardLines({ guard, omitted }: PlanSummary): readonly string[] {
  if (guard === undefined) return []
  const { hash, refusals } = guard
  const where = refusals.some(({ above }) => above) ? ' on the ExchangeServer' : ''
  const meanwhile = meanwhileText(refusals.map(({ replica }) => replica))
  const more = omitted?.refusals ?? 0
  return [
    `blocked by the guard: undo it in Exchange, or ${approvalText(hash)}${where}; ${meanwhile}`,
    ...refusals.map(
      ({ replica, reason, count, limit, hash: alone }) =>
        `  ${replica}  ${grouped(count)} ${reason.toLowerCase()} (limit ${grouped(limit)})${alone && refusals.length > 1 ? ` (alone: ${alone})` : ''}`,
    ),
    ...(more > 0 ? [`  … and ${grouped(more)} more`] : []),
  ]
}

/** One line for each change; of a kind with many different changes one line for all. */
export function changeLines({ changes, omitted }: PlanSummary): readonly ChangeLine[] {
  const lines = changeKinds.flatMap((kind): readonly ChangeLine[] => {
    const places = changes.flatMap((change, at) => (change.kind === kind ? [{ change, at }] : []))
    if (places.length <= alikeMax)
      return places.map(({ change, at }) => {
        return { text: changeText(change), at: [at], items: change.items }
      })
    const all = places.map(({ change }) => change)
    return [{ text: jointText(all), at: places.map(({ at }) => at), items: copiesIn(all) }]
  })
  const more = omitted?.changes ?? 0
  if (more === 0) return lines
  return [...lines, { text: `… and ${grouped(more)} more changes`, at: [], items: 0 }]
}

/** One change: `create the same 4,000 items in each of 8 members`. */
export function changeText(change: SummaryChange): string {
  const { kind, items, replicaCount, fields, reasons = [] } = change
  const details = [...(reasons.length > 0 ? [reasons] : []), ...(kind === 'delete' ? [] : [fields])]
  const said = details.filter((each) => each.length > 0).map(countedText)
  const what = `${replicaCount > 1 ? 'the same ' : ''}${itemsText(items)}`
  const where = placesText(change)
  const head =
    kind === 'keep'
      ? `keep the content of ${what} ${kindWord(kind)} ${where} in the bin first`
      : `${kind} ${what} ${kindWord(kind)} ${where}`
  return said.length === 0 ? head : `${head}: ${said.join('; ')}`
}

function kindWord(kind: SummaryChange['kind']): string {
  return kind === 'keep' ? 'of' : 'in'
}

// Different changes of one kind in many replicas.
function jointText(changes: readonly SummaryChange[]): string {
  const counts = changes.map(({ items }) => items)
  const [fewest, most] = [least(counts), greatest(counts)]
  const replicas = changes.reduce((sum, { replicaCount }) => sum + replicaCount, 0)
  const [first] = changes
  const range = fewest === most ? grouped(most) : `${grouped(fewest)} to ${grouped(most)}`
  const folders = `each of ${grouped(replicas)} folders (${grouped(copiesIn(changes))} in all)`
  return first?.kind === 'keep'
    ? `keep the content of ${range} items of ${folders} in the bin first`
    : `${first?.kind} ${range} items in ${folders}`
}

function copiesIn(changes: readonly SummaryChange[]): number {
  return changes.reduce((sum, { items, replicaCount }) => sum + items * replicaCount, 0)
}

function itemsText(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'item' : 'items'}`
}

/** The replicas of a change: a few by name, more as a number. */
export function placesText({ replicas, replicaCount }: SummaryChange): string {
  if (replicaCount <= 2)
    return replicas.map((name) => (name === 'hub' ? 'the hub' : name)).join(' and ')
  return `each of ${grouped(replicaCount)} ${replicas.includes('hub') ? 'folders' : 'members'}`
}

/** A few names, and how many more there are. */
export function namesText(names: readonly string[], omitted = 0): string {
  const more = names.length + omitted - namesMax
  if (more <= 0) return names.join(', ')
  return `${names.slice(0, namesMax).join(', ')} and ${grouped(more)} more`
}

/** Names with their counts: `BusinessPhone 10, Notes 3`. */
export function countedText(counted: readonly Counted[]): string {
  const some = counted.slice(0, fieldsMax).map(({ name, count }) => `${name} ${grouped(count)}`)
  const more = counted.length - fieldsMax
  return more > 0 ? `${some.join(', ')} and ${grouped(more)} more` : some.join(', ')
}

/** The sum of a group in one line: `create 32,000, update 12; blocked by the guard`. */
export function sumText(summary: PlanSummary): string {
  const { totals, error, guard, problems, leaving, suspended, deleted, omitted } = summary
  if (error !== undefined) return `error  ${error.reason}`
  const counts = changeKinds.flatMap((kind) =>
    totals[kind] === 0 ? [] : [`${kind} ${grouped(totals[kind])}`],
  )
  const few = (count: number, what: string) =>
    count === 0 ? [] : [`${grouped(count)} ${count === 1 ? what : `${what}s`}`]
  const parts = [
    ...(suspended ? ['suspended'] : []),
    ...(deleted ? ['deleted'] : []),
    ...(counts.length > 0 ? [counts.join(', ')] : []),
    ...few(leaving.length + (omitted?.leaving ?? 0), 'folder that leaves'),
    ...few(problems.length + (omitted?.problems ?? 0), 'problem'),
    ...(guard ? ['blocked by the guard'] : []),
  ]
  return parts.length === 0 ? 'nothing to do' : parts.join('; ')
}
