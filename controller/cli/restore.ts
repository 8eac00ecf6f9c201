// `exsync bin restore N …`: requests that entries of the bin are restored. The group's next pass does it as an edit, so it
// reaches every folder; a controller may run meanwhile. An entry that cannot be restored is refused here with a remedy, and
// then nothing is requested: all numbers are accepted, or none. Ranges, a pass, the edits of one replica, and several
// entries of one contact are planned first (undo.ts).

import type { LinkId, ReplicaId } from '../core/id.ts'
import { itemTypeNamed } from '../core/items.ts'
import { restoringEdit } from '../core/restore.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Asking, Bin, Binned } from '../sync/ports/bin.ts'
import type { State } from '../sync/ports/state.ts'
import type { Baseline } from '../sync/ports.ts'
import { reentered } from '../sync/reentered.ts'
import { changes, doneBy, refuseUnknown } from './history.ts'
import type { Out } from './output.ts'
import { collected, each, iso, rowsMax } from './table.ts'
import { type Place, refuseGroup, type Showing, type Task, undo } from './undo.ts'
import { mayReturn } from './undo-plan.ts'

/** The most numbers that are requested without a plan. */
const fewMax = 5

/**
 * Requests all of them, and says for each what will happen. A repeated request has no further effect. Throws a terminal
 * SyncError, and requests nothing, if one does not exist or cannot be restored. `nowMs`: ms since 1970.
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
  await refuseUnknown(state.bin, showing)
  if (pass !== undefined) return undo(place, await ofPass(state.bin, pass, showing), showing)
  if (replica !== undefined && since !== undefined)
    return undo(place, await ofReplica(state.bin, replica, since, showing), showing)
  const plain = numbers.length <= fewMax && numbers.every((number) => !number.includes('-'))
  const asIs = !dryRun && approve === undefined && group === undefined && output !== 'json'
  if (plain && asIs) {
    const wanted: Binned[] = []
    for (const number of new Set(numbers)) wanted.push(await binned(state.bin, number))
    for (const kept of wanted)
      if (kept.restore !== 'Restored') await refuse(state.bin, directory, kept)
    const found: Wish[] = []
    for (const kept of wanted)
      found.push({ kept, ...(await isThere(state.baseline(kept.group), kept)) })
    if (!several(found)) return few(place, found)
  }
  return undo(place, await ofNumbers(state.bin, numbers, showing), showing)
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

/** The given flags, as they were typed. */
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

async function ofPass(bin: Bin, pass: string, showing: Showing): Promise<Task> {
  const chosen = await collected(changes(bin, { pass, group: showing.group }))
  if (chosen.length === 0)
    throw invalidArguments(`the pass ${pass} has no entries: see exsync history`)
  return { chosen, manner: 'Spare', command: `exsync bin restore ${typed(showing)}` }
}

async function ofReplica(
  bin: Bin,
  replica: string,
  since: number,
  showing: Showing,
): Promise<Task> {
  return {
    chosen: await doneBy(bin, replica, { sinceMs: since, group: showing.group }),
    manner: 'Spare',
    command: `exsync bin restore ${typed(showing)}`,
    notes: [...(await bin.historyEnds())]
      .filter(([group, ms]) => ms >= since && (showing.group ?? group) === group)
      .map(([group, ms]) => `the history of ${group} was full and reaches back only to ${iso(ms)}`),
  }
}

async function ofNumbers(bin: Bin, numbers: readonly string[], showing: Showing): Promise<Task> {
  const chosen = new Map<number, Binned>()
  const missing: string[] = []
  for (const number of numbers) {
    const [, from, to = from] = /^([1-9]\d{0,14})(?:-([1-9]\d{0,14}))?$/.exec(number) ?? []
    if (from === undefined) throw absent(number)
    await refuseRange(bin, Number(from), Number(to), showing)
    const found = await between(bin, Number(from), Number(to), showing)
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

// A typing error must not request everything.
async function refuseRange(
  bin: Bin,
  from: number,
  to: number,
  { dryRun, approve }: Showing,
): Promise<void> {
  if (to < from)
    throw invalidArguments(
      `${from}-${to} is no range: the smaller number comes first, ${to}-${from}`,
    )
  if (dryRun || approve !== undefined) return
  const [newest] = await bin.list(1, undefined, { history: true })
  if (from !== to && to > (newest?.n ?? 0))
    throw invalidArguments(
      `there is no entry ${to}, so nothing is restored: the newest entry is ${newest?.n ?? 'none'}, see exsync history`,
    )
}

// The newest first.
async function between(
  bin: Bin,
  from: number,
  to: number,
  { group }: Showing,
): Promise<readonly Binned[]> {
  const found: Binned[] = []
  const entries = each((below = to + 1) => bin.list(rowsMax, below, { group, history: true }))
  for await (const entry of entries) {
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
    `there is no entry ${number} in the bin, so nothing is restored: see exsync bin list`,
  )
}

async function binned(bin: Bin, number: string): Promise<Binned> {
  const kept = /^[1-9]\d*$/.test(number) ? await bin.get(Number(number)) : undefined
  if (kept !== undefined) return kept
  throw absent(number)
}

/** A requested entry, the contact that it would edit, and whether there is nothing to do. */
type Wish = Readonly<{ kept: Binned; link: LinkId; done: boolean }>

// Is there work for two entries of one contact? Then they need a plan, in which the older one wins.
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
        `${n} has been restored already; to restore content that was overwritten since, see exsync bin list`,
      )
    } else if (done) lines.push(`${n}${thereText(kept)}`)
    else {
      asked.set(n, {})
      lines.push(
        `${n} is requested: ${askedText(kept, link !== kept.link)}; ${whereText(kept)} shows when it is done`,
      )
    }
  }
  if (asked.size > 0) await bin.ask(asked, nowMs)
  for (const line of lines) await out(line)
  return 0
}

function whereText({ reason }: Binned): string {
  return reason === 'Edited' ? 'exsync history' : 'exsync bin list'
}

/** The contact that it would edit, which may have been entered again, and whether the agreed content is the same already. */
async function isThere(
  baseline: Baseline,
  kept: Binned,
): Promise<Readonly<{ link: LinkId; done: boolean }>> {
  const [{ link: id } = kept] = await reentered(baseline, itemTypeNamed(), [kept])
  const [link] = await baseline.links([id])
  if (link?.agreed === undefined) return { link: id, done: false }
  const edit = restoringEdit(itemTypeNamed(), 'HubWins', link, { ...kept, askedMs: kept.timeMs })
  return { link: id, done: edit === undefined }
}

const elsewhere = (replica: ReplicaId) =>
  `the folder that it was removed from (${replica}) takes no part any more: add the member again to restore it there`

function thereText({ reason, replica, group }: Binned): string {
  const there = ` needs no restore: the folders of ${group} have it, or get it with the next pass`
  return reason === 'Removed' ? `${there}; ${elsewhere(replica)}` : there
}

function askedText({ reason, replica, group }: Binned, again: boolean): string {
  const what = again ? 'edits the contact that was entered again' : 'restores it'
  const next = `the next pass of ${group} ${what}`
  return reason === 'Removed' ? `${next} for its members; ${elsewhere(replica)}` : next
}

async function refuse(bin: Bin, directory: string, kept: Binned): Promise<void> {
  const { n, group } = kept
  const show = `exsync bin show ${n}`
  await refuseGroup(bin, directory, group, show)
  if (mayReturn(await bin.seenAs(group), kept)) return
  const message = `${n} is marked private by its owner and would reach all members: show it with ${show}, and enter it in the folder of the hub by hand if that is wanted`
  throw new SyncError('terminal', 'Private', message)
}

/** `exsync bin cancel N… | --all`: cancels pending restores. Throws if one of the numbers is not pending. */
export async function cancel(
  bin: Bin,
  numbers: readonly string[],
  { all = false, group }: Pick<Showing, 'all' | 'group'>,
  nowMs: number,
  out: Out,
): Promise<number> {
  if (all === numbers.length > 0)
    throw invalidArguments('exsync bin cancel takes either numbers or --all')
  const waiting = new Set((await bin.pending(group)).map(({ n }) => n))
  const odd = numbers.find((number) => !/^[1-9]\d*$/.test(number) || !waiting.has(Number(number)))
  if (odd !== undefined)
    throw invalidArguments(
      `${odd} is not waiting to be restored, so nothing is cancelled: see exsync history`,
    )
  const chosen = all ? [...waiting] : numbers.map(Number)
  await bin.cancel(chosen, nowMs)
  await out(`${chosen.length} cancelled: they will not be restored`)
  return 0
}
