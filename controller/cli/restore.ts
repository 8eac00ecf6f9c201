// `exsync bin restore N …`: asks that something of the bin be put back. The group's next pass does it, as an edit, so
// it reaches every folder; a controller may run meanwhile. What cannot be put back is refused here, with what to do
// instead, and then nothing is asked for: either all numbers are accepted or none. Ranges, a pass, what one replica did, and
// several entries of one contact are planned first (undo.ts).

import type { LinkId, ReplicaId } from '../core/id.ts'
import { contact } from '../core/items/contact.ts'
import { restoringEdit } from '../core/restore.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import { holdsAgreed } from '../core/undo.ts'
import type { Asking, Bin, Binned, Filter } from '../store/bin.ts'
import type { State } from '../store/state.ts'
import type { Baseline } from '../sync/ports.ts'
import { reentered } from '../sync/reentered.ts'
import { refuseUnknown } from './history.ts'
import type { Out } from './output.ts'
import { each, iso, rowsMax } from './table.ts'
import { type Place, refuseGroup, type Showing, type Task, undo } from './undo.ts'
import { mayReturn } from './undo-plan.ts'

/** So many numbers are asked for without a plan. */
const fewMax = 5

/**
 * Asks for all of them, and says for each what will happen; asked twice, it is done once. Throws a terminal SyncError,
 * and asks for nothing, when one of them is not there or cannot be put back. `nowMs`: ms since 1970.
 */
export async function restore(
  state: Pick<State, 'bin' | 'baseline'>,
  directory: string,
  numbers: readonly string[],
  nowMs: number,
  out: Out,
  showing: Showing = {},
): Promise<number> {
  const place = { state, directory, nowMs, out }
  const { group, replica, since, pass, dryRun, approve, output } = showing
  refuseMixed(numbers, showing)
  refuseUnknown(state.bin, showing)
  if (pass !== undefined) return undo(place, ofPass(state.bin, pass, showing), showing)
  if (replica !== undefined && since !== undefined)
    return undo(place, ofReplica(state.bin, replica, since, showing), showing)
  const plain = numbers.length <= fewMax && numbers.every((number) => !number.includes('-'))
  const asIs = !dryRun && approve === undefined && group === undefined && output !== 'json'
  if (plain && asIs) {
    const wanted = [...new Set(numbers)].map((number) => binned(state.bin, number))
    for (const kept of wanted) if (kept.restore !== 'Restored') refuse(state.bin, directory, kept)
    const found: Wish[] = []
    for (const kept of wanted)
      found.push({ kept, ...(await isThere(state.baseline(kept.group), kept)) })
    if (!several(found)) return few(place, found)
  }
  return undo(place, ofNumbers(state.bin, numbers, showing), showing)
}

function refuseMixed(
  numbers: readonly string[],
  { pass, replica, since }: Pick<Showing, 'pass' | 'replica' | 'since'>,
): void {
  const ways = [
    numbers.length > 0,
    pass !== undefined,
    replica !== undefined || since !== undefined,
  ]
  if (ways.filter(Boolean).length === 0)
    throw invalidArguments('exsync bin restore needs a number: see exsync bin list')
  if (ways.filter(Boolean).length > 1)
    throw invalidArguments(
      'exsync bin restore takes either numbers, or --pass P, or --replica R --since T',
    )
  if ((replica === undefined) !== (since === undefined))
    throw invalidArguments('exsync bin restore needs --replica R and --since T together')
}

/** The flags that were given, to be typed again. */
export function typed(showing: Showing): string {
  const { group, pass, replica, since, to } = showing
  const flags = [
    ...(pass === undefined ? [] : ['--pass', pass]),
    ...(replica === undefined ? [] : ['--replica', replica]),
    ...(since === undefined ? [] : ['--since', iso(since)]),
    ...(group === undefined ? [] : ['--group', group]),
    ...(to === undefined ? [] : ['--to', iso(to)]),
  ]
  return flags.map((text) => (/^[\w@.:/+-]+$/.test(text) ? text : `'${text}'`)).join(' ')
}

/** What changed agreed content, of these: all of it, the newest first, a page at a time. */
export function* changes(bin: Bin, filter: Filter): Iterable<Binned> {
  const entries = each((below?: number) => bin.list(rowsMax, below, { ...filter, history: true }))
  for (const entry of entries) if (holdsAgreed(entry.reason)) yield entry
}

function ofPass(bin: Bin, pass: string, showing: Showing): Task {
  const chosen = [...changes(bin, { pass, group: showing.group })]
  if (chosen.length === 0)
    throw invalidArguments(`nothing of the pass ${pass} is there: see exsync history`)
  return { chosen, manner: 'Spare', command: `exsync bin restore ${typed(showing)}` }
}

function ofReplica(bin: Bin, replica: string, since: number, showing: Showing): Task {
  return {
    chosen: doneBy(bin, replica, { sinceMs: since, group: showing.group }),
    manner: 'Spare',
    command: `exsync bin restore ${typed(showing)}`,
    notes: [...bin.historyEnds()]
      .filter(([group, ms]) => ms >= since && (showing.group ?? group) === group)
      .map(
        ([group, ms]) => `the history of ${group} was full, and reaches back to ${iso(ms)} only`,
      ),
  }
}

/** What the replica edited and deleted itself; what came back from the bin is nobody's. */
export function doneBy(bin: Bin, replica: string, filter: Filter): readonly Binned[] {
  return [...changes(bin, { ...filter, replica })].filter(({ reason }) => reason !== 'Restored')
}

function ofNumbers(bin: Bin, numbers: readonly string[], showing: Showing): Task {
  const chosen = new Map<number, Binned>()
  const missing: string[] = []
  for (const number of numbers) {
    const [, from, to = from] = /^([1-9]\d{0,14})(?:-([1-9]\d{0,14}))?$/.exec(number) ?? []
    if (from === undefined) throw absent(number)
    refuseRange(bin, Number(from), Number(to), showing)
    const found = between(bin, Number(from), Number(to), showing)
    if (found.length === 0 && from === to) throw absent(number)
    for (const entry of found) chosen.set(entry.n, entry)
    for (const gap of gapsIn(Number(from), Number(to), found)) missing.push(gap)
  }
  const few = missing.slice(0, rowsMax).join(', ')
  const more = missing.length > rowsMax ? ` and ${missing.length - rowsMax} other gaps` : ''
  return {
    chosen: [...chosen.values()],
    manner: 'Overwrite',
    command: ['exsync bin restore', ...numbers, typed(showing)].filter(Boolean).join(' '),
    wholly: true,
    notes: missing.length === 0 ? [] : [`not there: ${few}${more}`],
  }
}

// A slip must not ask for everything.
function refuseRange(bin: Bin, from: number, to: number, { dryRun, approve }: Showing): void {
  if (to < from)
    throw invalidArguments(
      `${from}-${to} is no range: the smaller number comes first, ${to}-${from}`,
    )
  if (dryRun || approve !== undefined) return
  const [newest] = bin.list(1, undefined, { history: true })
  if (from !== to && to > (newest?.n ?? 0))
    throw invalidArguments(
      `there is no ${to}, so nothing is restored: the newest entry is ${newest?.n ?? 'none'}, see exsync history`,
    )
}

// The newest first.
function between(bin: Bin, from: number, to: number, { group }: Showing): readonly Binned[] {
  const found: Binned[] = []
  const entries = each((below = to + 1) => bin.list(rowsMax, below, { group, history: true }))
  for (const entry of entries) {
    if (entry.n < from) break
    found.push(entry)
  }
  return found
}

function gapsIn(from: number, to: number, found: readonly Binned[]): readonly string[] {
  const gaps: string[] = []
  let next = from
  for (const { n } of [...found.toReversed(), { n: to + 1 }]) {
    if (n > next) gaps.push(n - 1 === next ? String(next) : `${next}-${n - 1}`)
    next = n + 1
  }
  return gaps
}

function absent(number: string): SyncError {
  return invalidArguments(
    `there is no ${number} in the bin, so nothing is restored: see exsync bin list`,
  )
}

function binned(bin: Bin, number: string): Binned {
  const kept = /^[1-9]\d*$/.test(number) ? bin.get(Number(number)) : undefined
  if (kept !== undefined) return kept
  throw absent(number)
}

/** An entry that is wanted, the contact that it would edit, and whether there is nothing to do. */
type Wish = Readonly<{ kept: Binned; link: LinkId; done: boolean }>

// Are there two of one contact that something would be done for? Then the older one has to win.
function several(wanted: readonly Wish[]): boolean {
  const open = wanted.filter(({ kept, done }) => kept.restore !== 'Restored' && !done)
  return new Set(open.map(({ kept, link }) => `${kept.group} ${link}`)).size < open.length
}

async function few(
  { state: { bin }, nowMs, out }: Place,
  wanted: readonly Wish[],
): Promise<number> {
  const lines: string[] = []
  const asked = new Map<number, Asking>()
  for (const { kept, link, done } of wanted) {
    const { n, restore } = kept
    if (restore === 'Restored') {
      lines.push(
        `${n} has been restored already; what it was overwritten with since is not: see exsync bin list`,
      )
    } else if (done) lines.push(`${n}${thereText(kept)}`)
    else {
      asked.set(n, {})
      lines.push(
        `${n} is asked for: ${askedText(kept, link !== kept.link)}; ${whereText(kept)} says when it is done`,
      )
    }
  }
  if (asked.size > 0) bin.ask(asked, nowMs)
  for (const line of lines) await out(line)
  return 0
}

function whereText({ reason }: Binned): string {
  return reason === 'Edited' ? 'exsync history' : 'exsync bin list'
}

/** The contact that it would edit, which may have been entered again, and whether the group agrees on that content already. */
async function isThere(
  baseline: Baseline,
  kept: Binned,
): Promise<Readonly<{ link: LinkId; done: boolean }>> {
  const [{ link: id } = kept] = await reentered(baseline, contact, [kept])
  const [link] = await baseline.links([id])
  if (link?.agreed === undefined) return { link: id, done: false }
  const edit = restoringEdit(contact, 'HubWins', link, { ...kept, askedMs: kept.timeMs })
  return { link: id, done: edit === undefined }
}

const elsewhere = (replica: ReplicaId) =>
  `the folder that it was removed from (${replica}) takes no part: add the member again to have it there`

function thereText({ reason, replica, group }: Binned): string {
  const there = ` needs nothing: the folders of ${group} have it, or get it with the next pass`
  return reason === 'Removed' ? `${there}; ${elsewhere(replica)}` : there
}

function askedText({ reason, replica, group }: Binned, again: boolean): string {
  const what = again ? 'edits the contact that was entered again' : 'puts it back'
  const next = `the next pass of ${group} ${what}`
  return reason === 'Removed' ? `${next} for its members; ${elsewhere(replica)}` : next
}

function refuse(bin: Bin, directory: string, kept: Binned): void {
  const { n, group } = kept
  const show = `exsync bin show ${n}`
  refuseGroup(bin, directory, group, show)
  if (mayReturn(bin, kept)) return
  const message = `${n} is marked private by its owner, and would reach everybody: ${show} shows it; put it into the folder of the hub by hand if that is wanted`
  throw new SyncError('terminal', 'Private', message)
}

/** `exsync bin cancel N… | --all`: takes back what was asked for and waits. Throws when one of the numbers does not wait. */
export async function cancel(
  bin: Bin,
  numbers: readonly string[],
  { all = false, group }: Pick<Showing, 'all' | 'group'>,
  nowMs: number,
  out: Out,
): Promise<number> {
  if (all === numbers.length > 0)
    throw invalidArguments('exsync bin cancel takes either numbers or --all')
  const waiting = new Set(bin.pending(group).map(({ n }) => n))
  const odd = numbers.find((number) => !/^[1-9]\d*$/.test(number) || !waiting.has(Number(number)))
  if (odd !== undefined)
    throw invalidArguments(
      `${odd} does not wait to be put back, so nothing is taken back: see exsync history`,
    )
  const chosen = all ? [...waiting] : numbers.map(Number)
  bin.cancel(chosen, nowMs)
  await out(`${chosen.length} taken back: nothing of it is put back any more`)
  return 0
}
