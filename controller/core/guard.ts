// The brake. Two things go wrong badly and cannot be called back: a mass delete, and a leak. A replica
// whose changes, together with what it caused within the window, would delete more than the limits
// elsewhere, or publish more items of its own, is set aside for this pass as if it could not be read.
// The refusal's hash names the effects, so it stays the same while they do; an approval covers no more.
import { digestOfAll, type LinkId, type ReplicaId } from './id.ts'
import type { Observation, Role } from './link.ts'
import { planOf, type Rules } from './plan.ts'
import { rowsOf, type View } from './rows.ts'
import type { Plan, Step } from './step.ts'
import { SyncError } from './sync-error.ts'
import type { Work } from './work.ts'

/** What one replica may cause within the window. */
export type Limits = Readonly<{
  deletions: Readonly<{ maxPercent: number; maxCount: number }>
  publications: Readonly<{ maxCount: number }>
}>

/** How many effects of each kind. */
export type Effects = Readonly<{ deletions: number; publications: number }>

export const noEffects: Effects = { deletions: 0, publications: 0 }

/** What a replica has caused already, within the window; `approved`: what the group approved beside that, for the server's limit. */
export type Caused = Effects & Readonly<{ approved?: Effects }>

/** Why a replica was set aside: what it would have caused, and what would have been allowed. */
export type Refusal = Readonly<{
  replica: ReplicaId
  reason: 'Deletions' | 'Publications'
  count: number
  limit: number
  hash: string
  /** It is more than the server allows: only the ExchangeServer's annotation approves it. */
  above?: boolean
}>

/** What the guard judges by, besides the plan. */
export type Judgement = Readonly<{
  limits: Limits
  /** How many links the group has. */
  items: number
  /** The group has no second replica. */
  alone?: boolean
  caused: ReadonlyMap<ReplicaId, Caused>
  /** Hashes that the group's annotation approves. */
  approved: ReadonlySet<string>
  /** What the server allows at most, and the hashes that the server's annotation approves. */
  ceiling?: Readonly<{ limits: Limits; approved: ReadonlySet<string> }> | undefined
  /** How many approvals have been used: the same effects, met again later, have another hash. */
  epoch: number
}>

/** The plan that may be carried out, what of the observations it uses, and who was set aside. */
export type Guarded = Readonly<{
  plan: Plan
  observations: ReadonlyMap<ReplicaId, Observation>
  refusals: readonly Refusal[]
  /**
   * What would have been refused, had nobody approved it. It does not count in the window; what the server did not approve
   * counts towards the server's limit.
   */
  approvals: readonly (Refusal & Readonly<{ byServer: boolean }>)[]
}>

/** What else it means that a replica is set aside, for people. */
export function meanwhileText(hub: boolean): string {
  return hub ? 'meanwhile nothing is synchronised' : 'meanwhile nothing arrives there either'
}

/** The one name for all that was set aside; approving it approves exactly that. */
export function hashOf(refusals: readonly Refusal[]): string {
  const hashes = refusals.map(({ hash }) => hash).sort()
  return hashes.length === 1 ? (hashes[0] ?? '') : digestOfAll(hashes).slice(0, 12)
}

/** Plans; sets aside whoever would do too much; plans again, until nobody does. */
export function* guarded(rules: Rules, view: View, judgement: Judgement): Work<Guarded> {
  const observations = new Map(view.observations)
  const refusals: Refusal[] = []
  for (;;) {
    const plan = yield* planOf(rules, yield* rowsOf({ ...view, observations }))
    const excesses = rules.roles.flatMap((role) => excessesOf(plan, role, judgement))
    const refused = excesses.filter((each) => !isApproved(judgement, each.hash, each.above))
    if (refused.length === 0) {
      const above = refusals.some((each) => each.above)
      if (refusals.length < 2 || !isApproved(judgement, hashOf(refusals), above)) {
        const byServer = (hash: string) => judgement.ceiling?.approved.has(hash) ?? false
        const approvals = excesses.map((each) => ({ ...each, byServer: byServer(each.hash) }))
        return { plan, observations, refusals, approvals }
      }
      return yield* guarded(rules, view, withApproved(judgement, refusals))
    }
    for (const refusal of refused) {
      refusals.push(refusal)
      observations.set(refusal.replica, { state: 'unknown', error: setAside })
    }
  }
}

// A tenant may approve what its group is bounded by, and not what the server is bounded by.
function isApproved({ approved, ceiling }: Judgement, hash: string, above = false): boolean {
  return (!above && approved.has(hash)) || (ceiling?.approved.has(hash) ?? false)
}

function withApproved(judgement: Judgement, refusals: readonly Refusal[]): Judgement {
  const hashes = refusals.map(({ hash }) => hash)
  const { approved, ceiling } = judgement
  return {
    ...judgement,
    approved: new Set([...approved, ...hashes]),
    ceiling: ceiling?.approved.has(hashOf(refusals))
      ? { ...ceiling, approved: new Set([...ceiling.approved, ...hashes]) }
      : ceiling,
  }
}

const setAside = new SyncError('terminal', 'Guarded', 'set aside until its plan is approved')

function excessesOf(plan: Plan, role: Role, judgement: Judgement): readonly Refusal[] {
  const caused: Caused = judgement.caused.get(role.id) ?? noEffects
  const { approved = noEffects } = caused
  const { limits, ceiling } = judgement
  // Of what there was before it began to delete: what is gone already must not make the rest look more.
  const items = judgement.items + caused.deletions
  // Who has nobody beside it deletes for itself alone.
  const deleted = judgement.alone ? [] : plan.steps.filter((step) => deletes(step, role.id))
  const blame = { replica: role.id, epoch: judgement.epoch }
  const published = role.hub ? [] : plan.steps.filter((step) => publishes(step, role.id))
  return [
    ...over(
      { ...blame, reason: 'Deletions' },
      deleted,
      caused.deletions,
      mostDeletions(limits, items),
      ceiling && mostDeletions(ceiling.limits, items + approved.deletions) - approved.deletions,
    ),
    ...over(
      { ...blame, reason: 'Publications' },
      published,
      caused.publications,
      limits.publications.maxCount,
      ceiling && ceiling.limits.publications.maxCount - approved.publications,
    ),
  ]
}

function mostDeletions({ deletions }: Limits, items: number): number {
  return Math.min(Math.ceil((items * deletions.maxPercent) / 100), deletions.maxCount)
}

/**
 * Does this step end a link because of that replica? What all have deleted counts as well, to each of them: a hub
 * and its members may be emptied by one hand.
 */
export function deletes(step: Step, replica: ReplicaId): boolean {
  const { link, agreed, deleters } = step
  return deleters.includes(replica) && link.agreed !== undefined && agreed === undefined
}

/** Would this step bring an item of that replica's own to others, now or when they can be reached? */
export function publishes({ publisher, actions, later }: Step, replica: ReplicaId): boolean {
  return publisher === replica && (later || actions.some(({ kind }) => kind === 'create'))
}

type Blame = Pick<Refusal, 'replica' | 'reason'> & Pick<Judgement, 'epoch'>

function over(
  { replica, reason, epoch }: Blame,
  steps: readonly Step[],
  before: number,
  limit: number,
  ceiling = Number.POSITIVE_INFINITY,
): readonly Refusal[] {
  const least = Math.min(limit, Math.max(0, ceiling))
  if (steps.length === 0 || before + steps.length <= least) return []
  const links: readonly LinkId[] = steps.map(({ link }) => link.id).sort()
  const hash = digestOfAll([reason, replica, String(epoch), ...links]).slice(0, 12)
  const count = before + steps.length
  return [{ replica, reason, count, limit: least, hash, ...(count > ceiling && { above: true }) }]
}
