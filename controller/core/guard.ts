// The brake. Three things go wrong badly: a mass delete, a mass edit, and a leak. A replica whose changes,
// together with what it caused within the window, would delete or edit more than the limits elsewhere, or
// publish more items of its own, is set aside for this pass as if it could not be read. What is asked for from
// the bin is limited like edits, and waits by itself.
// The refusal's hash names the effects, so it stays the same while they do; an approval covers no more.
import { digestOfAll, type LinkId, type ReplicaId } from './id.ts'
import type { Observation, Role } from './model.ts'
import { planOf, type Rules } from './plan.ts'
import { restorer } from './restore.ts'
import { rowsOf, type View } from './rows.ts'
import type { Plan, Step } from './step.ts'
import { SyncError } from './sync-error.ts'
import type { Work } from './work.ts'

/** What one replica may cause within the window. */
export type Limits = Readonly<{
  deletions: Share
  publications: Readonly<{ maxCount: number }>
  updates: Share
  /** A percentage never allows fewer items than this; 0 percent forbids all the same. */
  minCount: number
}>

/** A share of the items, and a number of them: the smaller one counts. */
export type Share = Readonly<{ maxPercent: number; maxCount: number }>

/** How many effects of each kind; of edits the links, as who edits one several times edits one. */
export type Effects = Readonly<{
  deletions: number
  publications: number
  updates: readonly LinkId[]
}>

export const noEffects: Effects = { deletions: 0, publications: 0, updates: [] }

/** Which effects a refusal is about. */
export const effectOf = {
  Deletions: 'deletions',
  Publications: 'publications',
  Updates: 'updates',
} as const satisfies Readonly<Record<string, keyof Effects>>

/** What a replica has caused already, within the window; `approved`: what the group approved beside that, for the server's limit. */
export type Caused = Effects & Readonly<{ approved?: Effects }>

/** Why a replica was set aside: what it would have caused, and what would have been allowed. */
export type Refusal = Readonly<{
  replica: ReplicaId
  reason: keyof typeof effectOf
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

/** What else it means that these are set aside, for people: `hub`, `bin` (what is asked for from there), or a mailbox. */
export function meanwhileText(names: readonly string[]): string {
  if (names.includes('hub')) return 'meanwhile nothing is synchronised'
  const member = names.some((name) => name !== 'bin')
  return [
    ...(member ? ['meanwhile nothing arrives there either'] : []),
    ...(names.includes('bin') ? [binText] : []),
  ].join('; ')
}

const binText =
  'meanwhile what was asked for from the bin waits, and all else goes on (the hash of its dry run approves it as well, as annotation or with exsync … --approve)'

/** The one name for all that was set aside; approving it approves exactly that. */
export function hashOf(refusals: readonly Refusal[]): string {
  const hashes = refusals.map(({ hash }) => hash).sort()
  return hashes.length === 1 ? (hashes[0] ?? '') : digestOfAll(hashes).slice(0, 12)
}

/** Plans; sets aside whoever would do too much; plans again, until nobody does. */
export function* guarded(rules: Rules, view: View, judgement: Judgement): Work<Guarded> {
  const observations = new Map(view.observations)
  const refusals: Refusal[] = []
  let wanted = view
  for (;;) {
    const plan = yield* planOf(rules, yield* rowsOf({ ...wanted, observations }))
    const excesses = [
      ...rules.roles.flatMap((role) => excessesOf(plan, role, judgement)),
      ...excessesOf(plan, { id: restorer, hub: true }, judgement),
    ]
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
      if (refusal.replica === restorer) wanted = withoutRestorations(wanted)
      else observations.set(refusal.replica, { state: 'unknown', error: setAside })
    }
  }
}

// Links that would begin anew for them go with them. What was confirmed stays.
function withoutRestorations(view: View): View {
  const { restorations = [], ...rest } = view
  const [confirmed, others] = [
    restorations.filter((each) => each.confirmed),
    restorations.filter((each) => !each.confirmed),
  ]
  const links = new Set(others.map(({ link }) => link))
  return {
    ...rest,
    restorations: confirmed,
    links: view.links.filter(({ id, revision }) => revision > 0 || !links.has(id)),
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

type Cause = Pick<Role, 'id' | 'hub'>

function excessesOf(plan: Plan, { id, hub }: Cause, judgement: Judgement): readonly Refusal[] {
  const caused: Caused = judgement.caused.get(id) ?? noEffects
  const { limits, ceiling, epoch } = judgement
  const effects = effectsOf(plan, id, hub)
  const edited = new Set(caused.updates)
  // Of what there was before it began to delete: what is gone already must not make the rest look more.
  const items = judgement.items + caused.deletions
  const most = mostOf(items)
  return reasons.flatMap((reason) => {
    const kind = effectOf[reason]
    // Who has nobody beside it deletes and edits for itself alone.
    const steps = judgement.alone && kind !== 'publications' ? [] : effects[kind]
    const before = countOf(caused.approved ?? noEffects, kind)
    return over(
      { replica: id, epoch, reason },
      kind === 'updates' ? steps.filter(({ link }) => !edited.has(link.id)) : steps,
      countOf(caused, kind),
      Math.min(
        most[kind](limits),
        kind === 'deletions' ? lastOf(plan, effects, limits, items) : Number.POSITIVE_INFINITY,
      ),
      ceiling && most[kind](ceiling.limits, before) - before,
    )
  })
}

// How much limits allow of each kind, of so many items; `before`: how many of them were deleted with an approval.
function mostOf(items: number) {
  return {
    deletions: (of: Limits, before = 0) => shareOf(of.deletions, of, items + before),
    updates: (of: Limits, _before = 0) => shareOf(of.updates, of, items),
    publications: (of: Limits, _before = 0) => of.publications.maxCount,
  }
}

// Deletes of a group's last items are asked about, however few they are and whoever else deletes, unless all may be deleted.
function lastOf(
  plan: Plan,
  effects: ReturnType<typeof effectsOf>,
  limits: Limits,
  items: number,
): number {
  if (limits.deletions.maxPercent === 100) return Number.POSITIVE_INFINITY
  const others = plan.steps.filter(ends).length - effects.deletions.length
  return Math.max(0, items - 1 - others)
}

function countOf(effects: Effects, kind: keyof Effects): number {
  const some = effects[kind]
  return typeof some === 'number' ? some : some.length
}

const reasons = Object.keys(effectOf) as readonly (keyof typeof effectOf)[]

// A share of a few items is less than one person's everyday work: the floor lifts it, and nothing else.
function shareOf({ maxPercent, maxCount }: Share, { minCount }: Limits, items: number): number {
  if (maxPercent === 100) return maxCount
  const share = Math.ceil((items * maxPercent) / 100)
  return Math.min(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)
}

/** The steps of each kind that the replica causes. What the hub has is no publication. */
export function effectsOf(
  { steps }: Plan,
  replica: ReplicaId,
  hub: boolean,
): Readonly<Record<keyof Effects, readonly Step[]>> {
  return {
    deletions: steps.filter((step) => deletes(step, replica)),
    publications: hub ? [] : steps.filter((step) => publishes(step, replica)),
    updates: steps.filter((step) => updates(step, replica)),
  }
}

/**
 * Does this step end a link because of that replica? What all have deleted counts as well, to each of them: a hub
 * and its members may be emptied by one hand.
 */
export function deletes(step: Step, replica: ReplicaId): boolean {
  return step.deleters.includes(replica) && ends(step)
}

function ends({ link, agreed, deleters }: Step): boolean {
  return deleters.length > 0 && link.agreed !== undefined && agreed === undefined
}

/** Would this step bring an item of that replica's own to others, now or when they can be reached? */
export function publishes({ publisher, actions, later }: Step, replica: ReplicaId): boolean {
  return publisher === replica && (later || actions.some(({ kind }) => kind === 'create'))
}

/**
 * Does this step change others' copies, now or when they can be reached, because that replica edited it, or because it
 * is wanted back? What all show already was not brought to anybody.
 */
export function updates(step: Step, replica: ReplicaId): boolean {
  const { replaced, restores, confirmed, actions, later } = step
  if (replica === restorer) return restores && !confirmed
  if (!later && !actions.some((action) => action.replica !== replica)) return false
  return replaced.some((each) => each.counted && each.replica === replica)
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
  const links: readonly string[] = steps.map((step) => nameOf(step, replica, reason)).sort()
  const hash = digestOfAll([reason, replica, String(epoch), ...links]).slice(0, 12)
  const count = before + steps.length
  return [{ replica, reason, count, limit: least, hash, ...(count > ceiling && { above: true }) }]
}

// Of an edit the very version that was seen: what is approved is what was written then, and not what is written since.
function nameOf({ link, known, actions }: Step, replica: ReplicaId, reason: Refusal['reason']) {
  if (reason !== 'Updates') return link.id
  if (replica === restorer) return `${link.id} ${link.revision}`
  const action = actions.find((each) => each.replica === replica)
  const seen = action === undefined || action.kind === 'create' ? undefined : action.expect
  return `${link.id} ${known.get(replica)?.version ?? seen ?? link.copies.get(replica)?.version ?? ''}`
}
