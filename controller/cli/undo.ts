// Shows what undoing would do, and requests all of it or nothing, in one transaction. The hash of the shown plan approves
// exactly that plan; without it the guard counts the restores like edits.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Filters } from '../config/filters.ts'
import { type GroupId, isHub } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Asking, Bin, Binned } from '../sync/ports/bin.ts'
import type { State } from '../sync/ports/state.ts'
import { titleOf } from './history.ts'
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

/** How to show and request a plan. */
export type Showing = Partial<Filters> & Readonly<{ output?: 'table' | 'json'; terminal?: boolean }>

/** The directory of the state, and the further inputs. `nowMs`: ms since 1970. */
export type Place = Readonly<{
  state: Pick<State, 'bin' | 'baseline'>
  directory: string
  nowMs: number
  out: Out
}>

/** The undo. `command`: the command to type again. `wholly`: if one entry cannot be undone, none is. */
export type Task = Readonly<{
  chosen: readonly Binned[]
  manner: Manner
  command: string
  wholly?: boolean
  /** Lines to print before the plan. */
  notes?: readonly string[]
}>

/** With more contacts than this, a note says that the guard counts them. */
const fewMax = 5

/**
 * Shows the plan and requests it, unless it is a dry run; answers 2 if a dry run finds something to do. Throws a terminal
 * SyncError, and requests nothing, if the group is gone or its hub receives nothing, if an entry named by its number cannot
 * be restored, or if the approved hash is another plan's.
 */
export async function undo(place: Place, task: Task, showing: Showing): Promise<number> {
  const { state, directory } = place
  const plan = await undoPlan(state, task.chosen, task.manner)
  const groups = [...new Set(plan.lines.map(({ group }) => group))]
  for (const group of groups) await refuseGroup(state.bin, directory, group, 'exsync bin show N')
  const { dryRun = false, approve, output = 'table' } = showing
  const todo = plan.asked.size > 0
  // One entry that cannot be undone bars the whole task.
  const bar = task.wholly ? plan.lines.find(isRefused) : undefined
  const asks = todo && !dryRun && !bar && (approve === undefined || approve === plan.hash)
  if (output === 'json') await place.out(jsonOf(plan, task.notes ?? [], asks), 'lines')
  else await shown(plan, task, showing, place.out)
  if (bar && !dryRun) throw notRestorable(bar)
  if (!todo || dryRun) return todo ? 2 : 0
  if (!asks) throw changedPlan(approve ?? '', plan.hash, task.command)
  const confirmed = approve !== undefined
  await refuseWaiting(state.bin, plan, groups)
  await state.bin.ask(requestsOf(plan, confirmed), place.nowMs)
  if (output === 'table') await saidOf(plan, groups, confirmed, task.command, place.out)
  return 0
}

function notRestorable({ n, message }: Line): SyncError {
  return new SyncError('terminal', 'NotRestorable', `nothing is requested: ${n} ${message}`)
}

// The requests of a plan, by entry, as the bin takes them.
function requestsOf({ asked, hash }: UndoPlan, confirmed: boolean): ReadonlyMap<number, Asking> {
  const rest = { plan: hash, confirmed, again: true }
  return new Map([...asked].map(([n, { fields, seen }]) => [n, { fields, seen, ...rest }]))
}

// Refused, because two restores of one contact run one after the other, and the result would differ from this plan.
async function refuseWaiting(bin: Bin, plan: UndoPlan, groups: readonly GroupId[]): Promise<void> {
  const contacts = new Set(plan.lines.map(({ link }) => link))
  for (const { link } of plan.asked.values()) contacts.add(link)
  const pending = await Promise.all(groups.map((group) => bin.pending(group)))
  const waiting = pending
    .flat()
    .filter(({ n, link, plan: of }) => of !== plan.hash && !plan.asked.has(n) && contacts.has(link))
  if (waiting.length === 0) return
  const few = waiting.slice(0, fewMax).map(({ n }) => n)
  const more = waiting.length > fewMax ? ` and ${waiting.length - fewMax} more` : ''
  throw new SyncError(
    'terminal',
    'RestoreWaits',
    `nothing is requested: restores of these contacts are pending already (${few.join(', ')}${more}): wait for a pass, or cancel them with exsync bin cancel ${few.join(' ')}`,
  )
}

/** Refuses a request that no pass can carry out: the group is gone, or has no hub, or its hub receives nothing. */
export async function refuseGroup(
  bin: Bin,
  directory: string,
  group: GroupId,
  show: string,
): Promise<void> {
  const byHand = `show it with ${show}, and enter it in the folder of the hub by hand`
  const replicas = await bin.seenAs(group)
  const [id, hub] = [...replicas].find(([each]) => isHub(each)) ?? []
  const statuses = join(directory, 'status')
  const gone =
    existsSync(statuses) && !existsSync(join(statuses, `${group.replace('/', '.')}.yaml`))
  if (id === undefined && replicas.size > 0 && !gone) {
    const message = `the group ${group} has no hub, and only an edit of the hub reaches all members: show it with ${show}, and enter it by hand in a folder that takes part`
    throw new SyncError('terminal', 'NoHub', message)
  }
  if (id === undefined || gone) {
    const message = `the group ${group} no longer exists: declare it again, or ${byHand}`
    throw new SyncError('terminal', 'GroupGone', message)
  }
  if (hub?.receives !== true) {
    const message = `the hub of ${group} receives nothing, because its members only receive: ${byHand}; it then reaches the members`
    throw new SyncError('terminal', 'HubReceivesNothing', message)
  }
}

function changedPlan(approve: string, hash: string, command: string): SyncError {
  const message = `nothing is requested: --approve ${approve} belongs to another plan; the present plan is ${hash}: check it with ${command} --dry-run`
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
  { command, notes = [] }: Task,
  { terminal = false, dryRun = false }: Showing,
  out: Out,
): Promise<void> {
  for (const note of notes) await out(note)
  if (lines.length > 0) {
    const head = ['N', 'GROUP', 'LINK', 'WHAT', 'FIELDS', ...(terminal ? ['NAME'] : [])]
    const rows = lines
      .slice(0, rowsMax)
      .map((line) => [...cellsOf(line), ...(terminal ? [titleOf(line.item)] : [])])
    await writeTable([head, ...rows], lines.length, out, 'more')
    await out([...countsOf(lines)].map(([effect, count]) => `${count} ${words[effect]}`).join(', '))
  }
  if (asked.size === 0) await out('nothing to do')
  else if (dryRun) {
    await out(
      `to request exactly this plan, whatever the guard allows: ${command} --approve ${hash}`,
    )
  }
}

function cellsOf({ n, group, link, message, fields }: Line): readonly string[] {
  return [String(n), group, link, message, fields.join(' ')]
}

const words: Readonly<Record<Effect, string>> = {
  Revive: 'brought back',
  Edit: 'with fields that go back',
  EditReentered: 'entered again and edited',
  There: 'there already',
  Left: 'not changed',
  Cannot: 'that cannot be restored',
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
  await out(`${asked.size} requested: ${passes} does it; exsync history shows when it is done`)
  if (confirmed || asked.size <= fewMax) return
  await out(
    `the guard counts them as edits: above the limit of spec.guard.updates it blocks them, and the status of the group says how to approve; or approve now: ${command} --approve ${hash}`,
  )
}
