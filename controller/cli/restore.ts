// `exsync bin restore N`: asks that something of the bin be put back. The group's next pass does it, as an
// edit, so it reaches everybody; a controller may run meanwhile. What cannot be put back is refused here,
// with what to do instead.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { contact } from '../core/contact.ts'
import { isHub } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Bin, Binned } from '../store/bin.ts'
import { roleUnder } from '../sync/observe.ts'

/** Asks for it; asked twice, it is done once. */
export function restore(
  bin: Bin,
  stateDirectory: string,
  number: string | undefined,
  nowMs: number,
  out: (line: string) => void,
): number {
  const n = /^[1-9]\d*$/.test(number ?? '') ? Number(number) : 0
  const kept = bin.get(n)
  if (kept === undefined) {
    const message = `there is no ${number ?? 'such thing'} in the bin: see exsync bin list`
    throw new SyncError('terminal', 'InvalidArguments', message)
  }
  if (kept.restore === 'Restored') {
    out(
      `${n} has been restored already; what it was overwritten with since is not: see exsync bin list`,
    )
    return 0
  }
  refuse(bin, stateDirectory, kept)
  bin.ask(n, nowMs)
  out(
    `${n} is asked for: the next pass of ${kept.group} puts it back; exsync bin list says when it has`,
  )
  return 0
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
