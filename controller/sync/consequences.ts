// The consequences of a plan besides its actions: kept content, notes of conflicts, restores from the bin, and the
// effects that the guard counts.
import { type Caused, type Effects, effectOf, effectsOf, type Guarded } from '../core/guard.ts'
import { digestOf, type ReplicaId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import { agreementMark, type Restoration, type Role, type Rules } from '../core/model.ts'
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

/** The restore requests that a plan carries out, and those that it refuses, each with its reason. */
export type Wanted = Readonly<{
  wanted: readonly Restoration[]
  barred: readonly Readonly<{ n: number; result: RestoreResult }>[]
}>

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

/** The results of all restore requests that are settled by this plan. */
export function restoredBy(
  { wanted, barred }: Wanted,
  { plan, refusals }: Guarded,
  { type }: Rules,
): readonly RestoreNote[] {
  // Restores that the guard sets aside stay pending. It does not set aside confirmed ones.
  const waits = refusals.some(({ replica }) => replica === restorer)
  const done = waits ? wanted.filter(({ confirmed }) => confirmed) : wanted
  return [...resultsOf(type, plan, done), ...barred]
}

/** The content that a step keeps, each with the values that its fields get instead. */
export function keptOf({ link, keeps, agreed = {} }: Step): readonly Kept[] {
  return keeps.map((keep) => {
    const sides = keep.fields.length > 0 ? { won: picked(agreed, keep.fields) } : {}
    return { ...keep, ...sides, link: link.id }
  })
}

/** The history of a step: the former agreed item, once for each replica that edited it. */
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

/** The notes of a conflict: one for each losing field. */
export function notesOf({ link, replica, loss, fields, item }: Kept): readonly ConflictNote[] {
  const version = digestOf(JSON.stringify(item), loss)
  return fields.map((field) => ({ link, replica, field, version }))
}

/**
 * The effects that each replica causes. Approved effects do not use up the limit. Effects that only the group approved
 * are counted separately (`approved`): the limit of the server still applies to them.
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
