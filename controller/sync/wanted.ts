// The restore requests of a pass: those that it may carry out, and those that are refused at once.
import type { Restoration, Rules } from '../core/model.ts'
import type { Wanted } from '../core/record.ts'
import { oneEach, type RestoreResult, restorable, seenOf } from '../core/restore.ts'
import { inParts } from './breathe.ts'
import type { Baseline } from './ports.ts'
import { reentered } from './reentered.ts'

/**
 * The restore requests of this pass. `approved`: hashes of restore plans that a user confirmed after the request.
 * Rejects when the state cannot be read.
 */
export async function wantedBack(
  baseline: Baseline,
  { type, roles }: Rules,
  approved: ReadonlySet<string>,
): Promise<Wanted> {
  const hub = roles.find((role) => role.hub)
  const restorations = await baseline.restorations()
  // A hub that does not receive gets nothing from the bin: a user must enter the item into the hub.
  if (!hub?.receives) return { wanted: [], barred: barredAs('HubReceivesNothing', restorations) }
  const asked = await reentered(baseline, type, restorations)
  const stale = await stalePlans(baseline, asked, approved)
  const isConfirmed = ({ plan = '', confirmed = false }: Restoration) =>
    confirmed || (approved.has(plan) && !stale.has(plan))
  const ready = asked.map((each) => ({ ...each, confirmed: isConfirmed(each) }))
  return {
    wanted: oneEach(ready.filter((each) => restorable(type, roles, each))),
    barred: barredAs(
      'Private',
      ready.filter((each) => !restorable(type, roles, each)),
    ),
  }
}

function barredAs(result: RestoreResult, all: readonly Restoration[]): Wanted['barred'] {
  return all.map(({ n }) => ({ n, result }))
}

// Approved plans whose links changed since the plan was shown.
async function stalePlans(
  baseline: Baseline,
  asked: readonly Restoration[],
  approved: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const planned = asked.filter(({ plan = '' }) => approved.has(plan))
  const links = await inParts([...new Set(planned.map(({ link }) => link))], (part) =>
    baseline.links(part),
  )
  const now = new Map(links.map((link) => [link.id, link]))
  const stale = planned.filter(({ link, seen }) => seen !== seenOf(link, now.get(link)))
  return new Set(stale.map(({ plan = '' }) => plan))
}
