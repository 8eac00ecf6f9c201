// Shows what undoing would do, and asks for it: all of it or nothing, in one transaction. The hash of the plan that was
// shown approves exactly that plan; without it the guard counts what comes back like edits.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Filters } from '../config/filters.ts'
import { type GroupId, isHub } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Bin, Binned } from '../store/bin.ts'
import type { State } from '../store/state.ts'
import { roleUnder } from '../sync/observe.ts'
import { nameOf } from './history.ts'
import { jsonText, type Out } from './output.ts'
import { rowsMax, writeTable } from './table.ts'
import {
  bareLine,
  countsOf,
  type Effect,
  type Line,
  type Manner,
  type UndoPlan,
  undoPlan,
} from './undo-plan.ts'

/** How a plan is shown and asked for. */
export type Showing = Partial<Filters> & Readonly<{ output?: 'table' | 'json'; terminal?: boolean }>

/** Where the state is, and what a command has besides. `nowMs`: ms since 1970. */
export type Place = Readonly<{
  state: Pick<State, 'bin' | 'baseline'>
  directory: string
  nowMs: number
  out: Out
}>

/** What is undone. `command`: what was typed, to be typed again. `wholly`: when one cannot be undone, none is. */
export type Task = Readonly<{
  chosen: readonly Binned[]
  manner: Manner
  command: string
  wholly?: boolean
  /** What else has to be said, before the plan. */
  notes?: readonly string[]
}>

/** So many contacts may come back before it is said that the guard counts them. */
const fewMax = 5

/**
 * Shows the plan and asks for it, unless it is a dry run; answers 2 when a dry run finds something to do. Throws a terminal
 * SyncError, and asks for nothing, when the group is gone or its hub receives nothing, when one of the entries cannot come
 * back that were named by number, and when the approved hash is another plan's.
 */
export async function undo(
  { state, directory, nowMs, out }: Place,
  { chosen, manner, command, wholly = false, notes = [] }: Task,
  showing: Showing,
): Promise<number> {
  const plan = await undoPlan(state, chosen, manner)
  const groups = [...new Set(plan.lines.map(({ group }) => group))]
  for (const group of groups) refuseGroup(state.bin, directory, group, 'exsync bin show N')
  const { dryRun = false, approve, output = 'table' } = showing
  const [todo, bad] = [plan.asked.size > 0, plan.lines.find(isRefused)]
  const barred = wholly && bad !== undefined
  const asks = todo && !dryRun && !barred && (approve === undefined || approve === plan.hash)
  if (output === 'json') await out(jsonOf(plan, notes, asks), 'lines')
  else await shown(plan, notes, command, showing, out)
  if (barred && !dryRun)
    throw new SyncError(
      'terminal',
      'NotRestorable',
      `nothing is asked for: ${bad.n} ${bad.message}`,
    )
  if (!todo || dryRun) return todo ? 2 : 0
  if (!asks) throw changedPlan(approve ?? '', plan.hash, command)
  const confirmed = approve !== undefined
  refuseWaiting(state.bin, plan, groups)
  const asked = [...plan.asked].map(
    ([n, { fields, seen }]) =>
      [n, { fields, plan: plan.hash, seen, confirmed, again: true }] as const,
  )
  state.bin.ask(new Map(asked), nowMs)
  if (output === 'table') await saidOf(plan, groups, confirmed, command, out)
  return 0
}

// Two wishes for one contact would be met one after the other: what this plan shows would not be what is there in the end.
function refuseWaiting(bin: Bin, plan: UndoPlan, groups: readonly GroupId[]): void {
  const contacts = new Set(plan.lines.map(({ link }) => link))
  for (const { link } of plan.asked.values()) contacts.add(link)
  const waiting = groups
    .flatMap((group) => bin.pending(group))
    .filter(({ n, link, plan: of }) => of !== plan.hash && !plan.asked.has(n) && contacts.has(link))
  if (waiting.length === 0) return
  const few = waiting.slice(0, fewMax).map(({ n }) => n)
  const more = waiting.length > fewMax ? ` and ${waiting.length - fewMax} more` : ''
  throw new SyncError(
    'terminal',
    'RestoreWaits',
    `nothing is asked for: of these contacts ${few.join(', ')}${more} waits to be put back already: let a pass go by, or take it back with exsync bin cancel ${few.join(' ')}`,
  )
}

/** Refuses what no pass would do: the group is gone, or has no hub, or its hub receives nothing. */
export function refuseGroup(bin: Bin, directory: string, group: GroupId, show: string): void {
  const byHand = `${show} shows it; put it into the folder of the hub by hand`
  const lenses = bin.lenses(group)
  const [, hub] = [...lenses].find(([id]) => isHub(id)) ?? []
  const statuses = join(directory, 'status')
  const gone =
    existsSync(statuses) && !existsSync(join(statuses, `${group.replace('/', '.')}.yaml`))
  if (hub === undefined && lenses.size > 0 && !gone) {
    const message = `the group ${group} has no hub, and only what comes back as the hub's edit reaches everybody: ${show} shows it; enter it by hand in a folder that takes part`
    throw new SyncError('terminal', 'NoHub', message)
  }
  if (hub === undefined || gone) {
    const message = `the group ${group} is not there any more: declare it again, or ${byHand}`
    throw new SyncError('terminal', 'GroupGone', message)
  }
  if (!roleUnder(hub).receives) {
    const message = `nothing is written to the hub of ${group}, whose members only receive: ${byHand}, and it travels`
    throw new SyncError('terminal', 'HubReceivesNothing', message)
  }
}

function changedPlan(approve: string, hash: string, command: string): SyncError {
  const message = `nothing is asked for: --approve ${approve} is of another plan, what would be done now is ${hash}: look again with ${command} --dry-run`
  return new SyncError('terminal', 'PlanChanged', message)
}

function isRefused({ effect }: Line): boolean {
  return effect === 'Cannot' || effect === 'Damaged'
}

function jsonOf({ lines, asked, hash }: UndoPlan, notes: readonly string[], asks: boolean): string {
  return jsonText({
    plan: lines.map(bareLine),
    counts: Object.fromEntries(countsOf(lines)),
    contacts: asked.size,
    hash: asked.size === 0 ? null : hash,
    asked: asks,
    notes,
  })
}

async function shown(
  { lines, asked, hash }: UndoPlan,
  notes: readonly string[],
  command: string,
  { terminal = false, dryRun = false }: Showing,
  out: Out,
): Promise<void> {
  for (const note of notes) await out(note)
  if (lines.length > 0) {
    const head = ['N', 'GROUP', 'LINK', 'WHAT', 'FIELDS', ...(terminal ? ['NAME'] : [])]
    const rows = lines
      .slice(0, rowsMax)
      .map(({ n, group, link, message, fields, item }) => [
        ...[String(n), group, link, message, fields.join(' ')],
        ...(terminal ? [nameOf(item)] : []),
      ])
    await writeTable([head, ...rows], lines.length, out, 'more')
    await out([...countsOf(lines)].map(([effect, count]) => `${count} ${words[effect]}`).join(', '))
  }
  if (asked.size === 0) await out('nothing to do')
  else if (dryRun) {
    await out(`to have exactly this done, whatever the guard allows: ${command} --approve ${hash}`)
  }
}

const words: Readonly<Record<Effect, string>> = {
  Revive: 'brought back',
  Edit: 'with fields that go back',
  EditReentered: 'entered again and edited',
  There: 'there already',
  Left: 'left as they are',
  Cannot: 'that cannot be brought back',
  Damaged: 'damaged',
}

async function saidOf(
  { asked, hash }: UndoPlan,
  groups: readonly GroupId[],
  confirmed: boolean,
  command: string,
  out: Out,
): Promise<void> {
  const passes = groups.map((group) => `the next pass of ${group}`).join(', ')
  await out(`${asked.size} asked for: ${passes} does it; exsync history says when it is done`)
  if (confirmed || asked.size <= fewMax) return
  await out(
    `the guard counts them as edits: when they are more than spec.guard.updates allows, nothing of them is done, and the status of the group says how to approve; or now: ${command} --approve ${hash}`,
  )
}
