// `exsync bin restore N …`: asks that something of the bin be put back. The group's next pass does it, as an edit, so
// it reaches every folder; a controller may run meanwhile. What cannot be put back is refused here, with what to do
// instead, and then nothing is asked for: either all numbers are accepted or none.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { contact } from '../core/contact.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import { restoringEdit } from '../core/restore.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Bin, Binned } from '../store/bin.ts'
import type { State } from '../store/state.ts'
import { roleUnder } from '../sync/observe.ts'
import type { Baseline } from '../sync/ports.ts'
import type { Out } from './output.ts'

/**
 * Asks for all of them, and says for each what will happen; asked twice, it is done once. Throws a terminal SyncError,
 * and asks for nothing, when one of them is not there or cannot be put back. `nowMs`: ms since 1970.
 */
export async function restore(
  { bin, baseline }: Pick<State, 'bin' | 'baseline'>,
  stateDirectory: string,
  numbers: readonly string[],
  nowMs: number,
  out: Out,
): Promise<number> {
  if (numbers.length === 0)
    throw invalidArguments('exsync bin restore needs a number: see exsync bin list')
  const wanted = [...new Set(numbers)].map((number) => binned(bin, number))
  const open = wanted.filter(({ restore }) => restore !== 'Restored')
  for (const kept of open) refuse(bin, stateDirectory, kept)
  for (const kept of wanted) {
    const { n, restore } = kept
    if (restore === 'Restored') {
      await out(
        `${n} has been restored already; what it was overwritten with since is not: see exsync bin list`,
      )
    } else if (await isThere(baseline(kept.group), kept)) await out(`${n}${thereText(kept)}`)
    else {
      bin.ask(new Map([[n, {}]]), nowMs)
      await out(`${n} is asked for: ${askedText(kept)}; exsync bin list says when it is done`)
    }
  }
  return 0
}

function binned(bin: Bin, number: string): Binned {
  const kept = /^[1-9]\d*$/.test(number) ? bin.get(Number(number)) : undefined
  if (kept !== undefined) return kept
  throw invalidArguments(
    `there is no ${number} in the bin, so nothing is restored: see exsync bin list`,
  )
}

/** Would putting it back change nothing, because the group agrees on that content already? */
async function isThere(baseline: Baseline, kept: Binned): Promise<boolean> {
  const [link] = await baseline.links([kept.link])
  if (link?.agreed === undefined) return false
  return restoringEdit(contact, 'HubWins', link, { ...kept, askedMs: kept.timeMs }) === undefined
}

const elsewhere = (replica: ReplicaId) =>
  `the folder that it was removed from (${replica}) takes no part: add the member again to have it there`

function thereText({ reason, replica, group }: Binned): string {
  const there = ` needs nothing: the folders of ${group} have it, or get it with the next pass`
  return reason === 'Removed' ? `${there}; ${elsewhere(replica)}` : there
}

function askedText({ reason, replica, group }: Binned): string {
  const next = `the next pass of ${group} puts it back`
  return reason === 'Removed' ? `${next} for its members; ${elsewhere(replica)}` : next
}

function refuse(bin: Bin, stateDirectory: string, { n, group, replica, item }: Binned): void {
  const byHand = `exsync bin show ${n} shows it; put it into the public folder by hand`
  const lenses = bin.lenses(group)
  const [, hub] = [...lenses].find(([id]) => isHub(id)) ?? []
  const statuses = join(stateDirectory, 'status')
  const gone =
    existsSync(statuses) && !existsSync(join(statuses, `${group.replace('/', '.')}.yaml`))
  if (hub === undefined || gone) {
    const message = `the group ${group} is not there any more: declare it again, or ${byHand}`
    throw new SyncError('terminal', 'GroupGone', message)
  }
  if (!roleUnder(hub).receives) {
    const message = `nothing is written to the public folder of ${group}, whose members only receive: ${byHand}, and it travels`
    throw new SyncError('terminal', 'HubReceivesNothing', message)
  }
  const own = roleUnder(lenses.get(replica) ?? '')
  if (contact.private(item) && !isHub(replica) && own.private !== 'Copy') {
    const message = `${n} is marked private by its owner, and would reach everybody: ${byHand} if that is wanted`
    throw new SyncError('terminal', 'Private', message)
  }
}
