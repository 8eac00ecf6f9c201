// The guard: blocks dangerous plans. Dangerous are mass deletes, mass edits, and leaks. A replica is blocked for this pass,
// as if it could not be read, if its changes and those it caused within the window would delete or edit more than the
// limits elsewhere, or publish more of its own items. Restores from the bin are limited like edits, and blocked alone.
// The hash of a refusal covers the effects: it stays the same while they do, and an approval covers nothing more.
import { digestOfAll, type LinkId, type ReplicaId } from './id.ts'
import { append } from './many.ts'
import type { Observation, Role, Rules } from './model.ts'
import { planOf } from './plan.ts'
import { restorer } from './restore.ts'
import { rowsOf, type View } from './rows.ts'
import type { Plan, Step } from './step.ts'
import { SyncError } from './sync-error.ts'
import type { Work } from './work.ts'

/** The most that one replica may cause within the window. */
export type Limits = Readonly<{
  deletions: Share
  publications: Readonly<{ maxCount: number }>
  updates: Share
  /** A percentage never allows fewer items than this; exception: 0 percent forbids all. */
  minCount: number
}>

/** A limit by percentage of the items and by number: the smaller one counts. */
export type Share = Readonly<{ maxPercent: number; maxCount: number }>

/** The number of effects of each kind. Edits are links: several edits of one link count once. */
export type Effects = Readonly<{
  deletions: number
  publications: number
  updates: readonly LinkId[]
}>

export const noEffects: Effects = { deletions: 0, publications: 0, updates: [] }

/** The kind of effect that each refusal reason is about. */
export const effectOf = {
  Deletions: 'deletions',
  Publications: 'publications',
  Updates: 'updates',
} as const satisfies Readonly<Record<string, keyof Effects>>

/** The effects that a replica caused within the window. `approved`: those approved by the group only, which count for the server's limit. */
export type Caused = Effects & Readonly<{ approved?: Effects }>

/** Why a replica is blocked: the effects that it would cause, and the limit. */
export type Refusal = Readonly<{
  replica: ReplicaId
  reason: keyof typeof effectOf
  count: number
  limit: number
  hash: string
  /** Above the server's limit: only the ExchangeServer's annotation approves it. */
  above?: boolean
}>

/** The inputs of the guard, besides the plan. */
export type Judgement = Readonly<{
  limits: Limits
  /** The number of links of the group. */
  items: number
  /** The group has no second replica. */
  alone?: boolean
  caused: ReadonlyMap<ReplicaId, Caused>
  /** Hashes that the group's annotation approves. */
  approved: ReadonlySet<string>
  /** The server's limits, and the hashes that the server's annotation approves. */
  ceiling?: Readonly<{ limits: Limits; approved: ReadonlySet<string> }> | undefined
  /** The number of used approvals: the same effects get another hash when they occur again later. */
  epoch: number
}>

/** The plan that may be carried out, the observations that it uses, and the blocked replicas. */
export type Guarded = Readonly<{
  plan: Plan
  observations: ReadonlyMap<ReplicaId, Observation>
  refusals: readonly Refusal[]
  /**
   * Effects that were refused without an approval. They do not count in the window; those that the server did not approve
   * count for the server's limit.
   */
  approvals: readonly (Refusal & Readonly<{ byServer: boolean }>)[]
}>

/** The further effects of blocking these, as a text: `hub`, `bin` (restores from it), or a mailbox. */
export function meanwhileText(names: readonly string[]): string {
  if (names.includes('hub')) return 'meanwhile nothing is synchronised'
  const member = names.some((name) => name !== 'bin')
  return [
    ...(member ? ['meanwhile nothing arrives there either'] : []),
    ...(names.includes('bin') ? [binText] : []),
  ].join('; ')
}

const binText =
  'meanwhile the requested restores from the bin wait; everything else continues (the hash of their dry run approves them as well, as the annotation or with exsync … --approve)'

/** The one hash for all refusals. Approving it approves exactly these. */
export function hashOf(refusals: readonly Refusal[]): string {
  const hashes = refusals.map(({ hash }) => hash).sort()
  return hashes.length === 1 ? (hashes[0] ?? '') : digestOfAll(hashes).slice(0, 12)
}

/** Plans, blocks each replica above its limits, and plans again until none is above. */
export function* guarded(rules: Rules, view: View, judgement: Judgement): Work<Guarded> {
  const observations = new Map(view.observations)
  const refusals: Refusal[] = []
  let wanted = view
  for (;;) {
    const plan = yield* planOf(rules, yield* rowsOf(rules, { ...wanted, observations }))
    const excesses: Refusal[] = []
    for (const cause of [...rules.roles, { id: restorer, hub: true }]) {
      yield plan.steps.length / 100
      append(excesses, excessesOf(plan, cause, judgement))
    }
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

// Drops the restores and the links that exist only for them. Confirmed restores stay.
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

// A tenant may approve effects above the group's limit, but not above the server's.
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

const setAside = new SyncError('terminal', 'Guarded', 'blocked until its plan is approved')

type Cause = Pick<Role, 'id' | 'hub'>

function excessesOf(plan: Plan, { id, hub }: Cause, judgement: Judgement): readonly Refusal[] {
  const caused: Caused = judgement.caused.get(id) ?? noEffects
  const { limits, ceiling, epoch } = judgement
  const effects = effectsOf(plan, id, hub)
  const edited = new Set(caused.updates)
  // Count the items before the deletes began: otherwise each delete makes the rest a larger share.
  const items = judgement.items + caused.deletions
  const most = mostOf(items)
  return reasons.flatMap((reason) => {
    const kind = effectOf[reason]
    // A single replica deletes and edits only for itself.
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

// Deleting the last items needs an approval, however few they are and whichever replica deletes the others, unless all may be
// deleted.
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

// A percentage of a few items is less than everyday work; minCount raises it, and nothing else.
function shareOf({ maxPercent, maxCount }: Share, { minCount }: Limits, items: number): number {
  if (maxPercent === 100) return maxCount
  const share = Math.ceil((items * maxPercent) / 100)
  return Math.min(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)
}

/** The steps of each kind that the replica causes. The hub publishes nothing: its items are shared already. */
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
 * Does this step end a link because of that replica? A delete in all replicas counts for each of them: one person may
 * empty the hub and its members.
 */
export function deletes(step: Step, replica: ReplicaId): boolean {
  return step.deleters.includes(replica) && ends(step)
}

function ends({ link, agreed, deleters }: Step): boolean {
  return deleters.length > 0 && link.agreed !== undefined && agreed === undefined
}

/** Does this step bring an item of that replica's own to others, now or when they are reachable? */
export function publishes({ publisher, actions, later }: Step, replica: ReplicaId): boolean {
  return publisher === replica && (later || actions.some(({ kind }) => kind === 'create'))
}

/**
 * Does this step change other copies, now or when they are reachable, because that replica edited the item, or because a
 * restore was requested? An edit that all copies show already does not count.
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

// For an edit, the name contains the version that was seen: the approval covers this edit, and none written later.
function nameOf({ link, known, actions }: Step, replica: ReplicaId, reason: Refusal['reason']) {
  if (reason !== 'Updates') return link.id
  if (replica === restorer) return `${link.id} ${link.revision}`
  const action = actions.find((each) => each.replica === replica)
  const seen = action === undefined || action.kind === 'create' ? undefined : action.expect
  return `${link.id} ${known.get(replica)?.version ?? seen ?? link.copies.get(replica)?.version ?? ''}`
}
