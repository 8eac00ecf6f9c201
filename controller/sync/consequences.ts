// What a plan has for consequences besides its actions: what is kept, what is noted of it, what comes back
// from the bin, and what the guard counts.
import { type Caused, deletes, type Effects, type Guarded, publishes } from '../core/guard.ts'
import { digestOf, type ReplicaId } from '../core/id.ts'
import type { Role } from '../core/link.ts'
import type { Rules } from '../core/plan.ts'
import { oneEach, type Restoration, restorable, resultsOf } from '../core/restore.ts'
import type { Plan, Step } from '../core/step.ts'
import type { Baseline, Change, ConflictNote, Kept } from './ports.ts'

/** What of the bin a plan brings back, and what may not come back at all. */
export type Wanted = Readonly<{ wanted: readonly Restoration[]; barred: readonly Restoration[] }>

/** What is wanted back, for this pass. */
export async function wantedBack(baseline: Baseline, { type, roles }: Rules): Promise<Wanted> {
  const hub = roles.find((role) => role.hub)
  // Where the hub receives nothing, nothing comes back: whoever may write there has to put it there.
  if (!hub?.receives) return { wanted: [], barred: [] }
  const asked = await baseline.restorations()
  return {
    wanted: oneEach(asked.filter((each) => restorable(type, roles, each))),
    barred: asked.filter((each) => !restorable(type, roles, each)),
  }
}

/** What becomes of all that was wanted back. */
export function restoredBy(
  { wanted, barred }: Wanted,
  plan: Plan,
  { type }: Rules,
): NonNullable<Change['restored']> {
  const refused = barred.map(({ n }) => ({ n, result: 'Private' as const }))
  return [...resultsOf(type, plan, wanted), ...refused]
}

/** What is kept of a step, each with what its fields get instead. */
export function keptOf({ link, keeps, agreed = {} }: Step): readonly Kept[] {
  return keeps.map((keep) => {
    const won = keep.fields.flatMap((field) => {
      const value = agreed[field]
      return value === undefined ? [] : [[field, value] as const]
    })
    const sides = keep.fields.length > 0 ? { won: Object.fromEntries(won) } : {}
    return { ...keep, ...sides, link: link.id }
  })
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
  for (const { id, hub } of roles) {
    const all = {
      Deletions: plan.steps.filter((step) => deletes(step, id)).length,
      Publications: hub ? 0 : plan.steps.filter((step) => publishes(step, id)).length,
    }
    const count = (reason: keyof typeof all, by: boolean | undefined) => {
      const approval = approvals.find((each) => each.replica === id && each.reason === reason)
      return approval?.byServer === by ? all[reason] : 0
    }
    const effects = (by: boolean | undefined): Effects => ({
      deletions: count('Deletions', by),
      publications: count('Publications', by),
    })
    const [free, approved] = [effects(undefined), effects(false)]
    const some = (each: Effects) => each.deletions + each.publications > 0
    if (some(free) || some(approved))
      caused.set(id, { ...free, ...(some(approved) && { approved }) })
  }
  return caused
}
