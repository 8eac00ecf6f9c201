// What a plan has for consequences besides its actions: what is kept, what is noted of it, what comes back
// from the bin, and what the guard counts.
import { type Caused, type Effects, effectOf, effectsOf, type Guarded } from '../core/guard.ts'
import { digestOf, type ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import { agreementMark, type Restoration, type Role } from '../core/model.ts'
import type { Rules } from '../core/plan.ts'
import {
  oneEach,
  type RestoreResult,
  restorable,
  restorer,
  resultsOf,
  seenOf,
} from '../core/restore.ts'
import type { Step } from '../core/step.ts'
import { inParts } from './breathe.ts'
import type { Baseline, ConflictNote, Kept, RestoreNote } from './ports.ts'
import { reentered } from './reentered.ts'

/** What of the bin a plan brings back, and what may not come back at all, with why. */
export type Wanted = Readonly<{
  wanted: readonly Restoration[]
  barred: readonly Readonly<{ n: number; result: RestoreResult }>[]
}>

/** What is wanted back, for this pass; `approved`: hashes of plans that somebody confirmed after asking. */
export async function wantedBack(
  baseline: Baseline,
  { type, roles }: Rules,
  approved: ReadonlySet<string>,
): Promise<Wanted> {
  const hub = roles.find((role) => role.hub)
  const restorations = await baseline.restorations()
  // A hub that receives nothing gets nothing from the bin: a user has to put it into the hub.
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

// Approved plans that would not do any more what they showed.
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

/** What becomes of all that was wanted back. */
export function restoredBy(
  { wanted, barred }: Wanted,
  { plan, refusals }: Guarded,
  { type }: Rules,
): readonly RestoreNote[] {
  // What the guard set aside is still wanted; what was confirmed it does not set aside.
  const waits = refusals.some(({ replica }) => replica === restorer)
  const done = waits ? wanted.filter(({ confirmed }) => confirmed) : wanted
  return [...resultsOf(type, plan, done), ...barred]
}

/** What is kept of a step, each with what its fields get instead. */
export function keptOf({ link, keeps, agreed = {} }: Step): readonly Kept[] {
  return keeps.map((keep) => {
    const sides = keep.fields.length > 0 ? { won: picked(agreed, keep.fields) } : {}
    return { ...keep, ...sides, link: link.id }
  })
}

/** The history of a step: what was agreed, once for everybody who edited it. */
export function historyOf(
  { link, replaced, agreed = {} }: Step,
  roles: readonly Role[],
): readonly Kept[] {
  const item = link.agreed
  if (item === undefined) return []
  const hub = roles.find((role) => role.hub)?.id
  return replaced.map(({ replica, fields }) => ({
    link: link.id,
    replica: replica === restorer && hub !== undefined ? hub : replica,
    loss: agreementMark(link),
    reason: 'Edited',
    fields,
    item,
    won: picked(agreed, fields),
  }))
}

function picked(item: Item, fields: readonly string[]): Item {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = item[field]
      return value === undefined ? [] : [[field, value] as const]
    }),
  )
}

/** How a conflict is remembered: one note for each field that was lost. */
export function notesOf({ link, replica, loss, fields, item }: Kept): readonly ConflictNote[] {
  const version = digestOf(JSON.stringify(item), loss)
  return fields.map((field) => ({ link, replica, field, version }))
}

/**
 * What each replica causes; what was approved does not use up what may be done without asking. What only the group
 * approved is counted by itself: the server's limit holds for it as well.
 */
export function causedBy(
  { plan, approvals }: Guarded,
  roles: readonly Role[],
): ReadonlyMap<ReplicaId, Caused> {
  const caused = new Map<ReplicaId, Caused>()
  const causes = [...roles.map(({ id, hub }) => ({ id, hub })), { id: restorer, hub: true }]
  for (const { id, hub } of causes) {
    const all = effectsOf(plan, id, hub)
    const effects = (by: boolean | undefined): Effects => {
      const some = (kind: keyof Effects) => {
        const approval = approvals.find(
          (each) => each.replica === id && effectOf[each.reason] === kind,
        )
        return approval?.byServer === by ? all[kind] : []
      }
      return {
        deletions: some('deletions').length,
        publications: some('publications').length,
        updates: some('updates').map(({ link }) => link.id),
      }
    }
    const [free, approved] = [effects(undefined), effects(false)]
    const some = (each: Effects) => each.deletions + each.publications + each.updates.length > 0
    if (some(free) || some(approved))
      caused.set(id, { ...free, ...(some(approved) && { approved }) })
  }
  return caused
}
