// The controller of SyncPlans: answers each once, in the order of their creation, and deletes it after its time to live.
//
//   list ──► waits for passes ──► waits for a place (two in a namespace) ──► Planned=Unknown ──► forecast ──► the answer
//                                                                                             ttl later: deleted ◄──┘
//
// Guarantees: plans have workers of their own, and none that passes need. A plan begins after the passes that are due, or after
// half a minute, and ends within five minutes; it holds no worker while it waits for them. A plan that a controller began and did
// not answer is tried once more by the next one, and then answered PlanInterrupted: it may be what ended the controller.
// Caveats: requests of a plan run behind those of passes, so a plan may end late (PassTimeout) while passes use all of a server’s
// limits.
import { checkedMs } from '../api/duration.ts'
import type { SyncPlanStatus } from '../api/resources.generated.ts'
import {
  expiryMs,
  isAnswered,
  type PlanResult,
  plannedIn,
  planStatusOf,
  tryOf,
} from '../api/sync-plan.ts'
import { namesIn, namespaceOf } from '../api/topology.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { breathing } from './breathe.ts'
import { ControlLoop, type Requeue } from './control-loop.ts'
import { deadline } from './deadline.ts'
import type { Environment } from './environment.ts'
import { givenUp, gone, late, unlisted } from './plan-errors.ts'
import { summarising } from './plan-summary.ts'
import { forecastOfProposed } from './planning.ts'
import type { DeclaredPlan, PlanDeclarations, Proposed } from './ports/plans.ts'
import { Turns } from './turns.ts'

/** The end of one plan. */
export type Answered = Readonly<{ id: string; group: string; result: PlanResult; tookMs: number }>

/** The collaborators of the controller of SyncPlans. */
export type PlanControllerOptions = Readonly<{
  plans: PlanDeclarations
  environment: Environment
  /** The number of passes that are due and have not begun. */
  passesDue: () => number
  onAnswered: (answered: Answered) => void
  /** The API server refuses a write. Called once for each plan and reason; the write is repeated. */
  onRefused: (refused: RefusedWrite) => void
}>

/** A refused write about a SyncPlan (namespace/name). `right`: the one that it needs, as `verb resource`. */
export type RefusedWrite = Readonly<{ id: string; right: string; error: SyncError }>

/** How many plans are made at the same time, in all and in one namespace. */
const workers = 4
const perNamespace = 2

/**
 * The most changes of a plan, and of one beside which others are made: the lines of a change stay in memory until they are counted.
 */
const manyActions = 500_000
const fewActions = 100_000

/** How long one plan may take, whatever its group declares; how long it lets passes go first; and for references; ms. */
const planMs = 300_000
const patienceMs = 30_000
const referencesMs = 10_000
const lookMs = 1_000

/** How many answered plans of a namespace are kept, and how long one is kept in any case, ms. */
const keptMax = 50
const readableMs = 60_000

/** Answers SyncPlans. */
export class PlanController {
  readonly #options: PlanControllerOptions
  readonly #loop: ControlLoop<string>
  #known = new Map<string, DeclaredPlan>()
  #surplus: ReadonlySet<string> = new Set()
  /** The plans that are being made, by uid: each ends when its SyncPlan is deleted. */
  readonly #making = new Map<string, AbortController>()
  /** Answers whose status could not be written yet, by uid. */
  readonly #unwritten = new Map<string, SyncPlanStatus>()
  readonly #large = new Turns()
  /** The reasons for which writes about a plan were refused, by uid. */
  readonly #refused = new Map<string, Set<string>>()
  /** How this process goes on with each plan, by uid: since when it waits, and which try it makes. */
  readonly #since = new Map<string, number>()
  readonly #tries = new Map<string, ReturnType<typeof tryOf>>()

  constructor(options: PlanControllerOptions) {
    this.#options = options
    const { clock, servers } = options.environment
    const { plans } = options
    this.#loop = new ControlLoop(
      {
        list: () => this.#list(),
        changed: (signal) => plans.changed(signal),
        reconcile: (id, _, stop) => this.#reconcile(id, stop),
      },
      {
        clock,
        servers,
        backOff: { leastMs: 1_000, mostMs: 60_000 },
        sharing: { workers, aside: 0, partyOf: (id) => this.#partyOf(id) },
      },
    )
  }

  /** Runs until `stop` aborts. */
  async run(stop: AbortSignal): Promise<void> {
    await this.#loop.run(stop)
  }

  #partyOf(id: string) {
    const tenant = namesIn(id).namespace
    const start = () => (this.#working(tenant) < perNamespace ? 'worker' : 'not')
    return { tenant, server: '', way: '', start } as const
  }

  #working(tenant: string): number {
    return [...this.#loop.queue.working.keys()].filter((id) => namesIn(id).namespace === tenant)
      .length
  }

  async #list(): Promise<ReadonlyMap<string, string>> {
    const plans = await this.#options.plans.plans()
    this.#known = new Map(plans.map((each) => [each.id, each]))
    this.#surplus = surplusOf(plans, this.#options.environment.clock.now())
    const uids = new Set(plans.map(({ plan }) => plan.metadata.uid))
    for (const noted of [this.#unwritten, this.#refused, this.#since, this.#tries])
      for (const uid of noted.keys()) if (!uids.has(uid)) noted.delete(uid)
    for (const [uid, making] of this.#making) if (!uids.has(uid)) making.abort(gone)
    return new Map(plans.map(({ id, plan }) => [id, this.#fingerprintOf(id, plan.metadata)]))
  }

  #fingerprintOf(id: string, { uid, generation }: DeclaredPlan['plan']['metadata']): string {
    return JSON.stringify([uid, generation, this.#surplus.has(id)])
  }

  async #reconcile(id: string, stop: AbortSignal): Promise<Requeue> {
    const known = this.#known.get(id)
    if (known === undefined || known.plan.metadata.deletionTimestamp) return { kind: 'forget' }
    let right = 'patch syncplans/status'
    try {
      const nowMs = this.#options.environment.clock.now()
      const leftMs = this.#surplus.has(id) ? 0 : expiryMs(known.plan, nowMs) - nowMs
      if (leftMs <= 0) {
        right = 'delete syncplans'
        return await this.#removed(known, stop)
      }
      if (isAnswered(known.plan)) return { kind: 'after', ms: leftMs }
      if (this.#waits(known, nowMs)) return await this.#waiting(known, stop)
      return await this.#answered(known, stop)
    } catch (error) {
      // Only a request to the API server rejects: it is repeated.
      if (stop.aborted || error === gone) return { kind: 'forget' }
      const refused = syncErrorOf(error)
      this.#warn(known, right, refused)
      return { kind: 'retry', leastMs: refused.backOffMs }
    }
  }

  #warn({ id, plan }: DeclaredPlan, right: string, error: SyncError): void {
    const { uid = '' } = plan.metadata
    const reasons = this.#refused.get(uid) ?? new Set()
    if (reasons.has(error.code)) return
    this.#refused.set(uid, reasons.add(error.code))
    this.#options.onRefused({ id, right, error })
  }

  async #removed(known: DeclaredPlan, stop: AbortSignal): Promise<Requeue> {
    await this.#options.plans.remove(known, stop)
    return { kind: 'forget' }
  }

  // Passes that are due go first, for a while: a server that hangs may keep one waiting. A Secret that is not known yet is waited
  // for; then the plan says so as a pass would.
  #waits(known: DeclaredPlan, nowMs: number): boolean {
    const { uid = '' } = known.plan.metadata
    if (known.broken !== undefined || this.#tries.has(uid)) return false
    const sinceMs = this.#since.get(uid) ?? nowMs
    this.#since.set(uid, sinceMs)
    const waitedMs = nowMs - sinceMs
    if (waitedMs < patienceMs && this.#options.passesDue() > 0) return true
    return waitedMs < referencesMs && this.#options.plans.proposed(known)?.pending !== false
  }

  // A status of a controller before this one stays: it says that the plan was begun.
  async #waiting(known: DeclaredPlan, stop: AbortSignal): Promise<Requeue> {
    const { clock, discreet } = this.#options.environment
    const about = { nowMs: clock.now(), discreet }
    if (plannedIn(known.plan.status) === undefined)
      await this.#report(known, planStatusOf(known.plan, { kind: 'waiting' }, about), stop)
    return { kind: 'after', ms: lookMs }
  }

  async #answered(known: DeclaredPlan, stop: AbortSignal): Promise<Requeue> {
    const { plan } = known
    const { uid = '' } = plan.metadata
    const status = this.#unwritten.get(uid) ?? (await this.#statusFor(known, stop))
    this.#unwritten.set(uid, status)
    await this.#report(known, status, stop)
    this.#unwritten.delete(uid)
    return { kind: 'after', ms: checkedMs(plan.spec.ttl) }
  }

  async #statusFor(known: DeclaredPlan, stop: AbortSignal): Promise<SyncPlanStatus> {
    const { environment, onAnswered } = this.#options
    const { clock, discreet } = environment
    const { id, plan } = known
    const beganMs = clock.now()
    const about = () => ({ nowMs: clock.now(), discreet })
    const { uid = '' } = plan.metadata
    const which = this.#tries.get(uid) ?? tryOf(plan)
    this.#tries.set(uid, which)
    const begun = { kind: 'planning', again: which === 'again' } as const
    if (which !== 'none') await this.#report(known, planStatusOf(plan, begun, about()), stop)
    const result = which === 'none' ? givenUp : await this.#made(known, stop)
    const group = `${namespaceOf(plan)}/${plan.spec.syncGroup.name}`
    onAnswered({ id, group, result, tookMs: clock.now() - beganMs })
    // The times of the conditions follow from the status that was reported.
    return planStatusOf(this.#known.get(id)?.plan ?? plan, result, about())
  }

  async #made(known: DeclaredPlan, stop: AbortSignal): Promise<PlanResult> {
    const { uid = '' } = known.plan.metadata
    const making = new AbortController()
    this.#making.set(uid, making)
    try {
      return await this.#resultOf(known, AbortSignal.any([stop, making.signal]))
    } finally {
      this.#making.delete(uid)
    }
  }

  async #report(known: DeclaredPlan, status: SyncPlanStatus, stop: AbortSignal): Promise<void> {
    await this.#options.plans.report(known, status, stop)
    const now = this.#known.get(known.id)
    if (now?.plan.metadata.uid !== known.plan.metadata.uid || now === undefined) return
    this.#known.set(known.id, { ...now, plan: { ...now.plan, status } })
  }

  async #resultOf(known: DeclaredPlan, stop: AbortSignal): Promise<PlanResult> {
    if (known.broken !== undefined) return { kind: 'refused', error: known.broken }
    const { environment } = this.#options
    const proposed = this.#options.plans.proposed(known)
    if (proposed === undefined) return { kind: 'refused', error: unlisted }
    const { timeout } = known.plan.spec.syncGroup.spec
    const passMs = environment.ceilings?.passMs ?? planMs
    const ms = Math.min(planMs, passMs, checkedMs(timeout))
    const { signal, end } = deadline(environment.clock, ms, late(ms), [stop])
    try {
      const planned = (actionsMax: number) => this.#planned(proposed, actionsMax, signal)
      const few = await planned(fewActions)
      if (!isTooLarge(few)) return few
      return await this.#large.run(() => planned(manyActions), signal)
    } catch (error) {
      stop.throwIfAborted()
      return { kind: 'refused', error: syncErrorOf(signal.aborted ? signal.reason : error) }
    } finally {
      end()
    }
  }

  async #planned(proposed: Proposed, actionsMax: number, signal: AbortSignal): Promise<PlanResult> {
    const { environment } = this.#options
    const forecast = await forecastOfProposed(proposed, environment, signal, actionsMax)
    const { error } = forecast
    if (error === undefined)
      return { kind: 'planned', summary: await breathing(summarising(forecast)) }
    const refused = new SyncError('transient', error.reason, error.message)
    return { kind: 'refused', error: refused }
  }
}

function isTooLarge(result: PlanResult): boolean {
  return result.kind === 'refused' && result.error.code === 'PlanTooLarge'
}

/** The ids of the answered plans that a namespace has beyond those that are kept, the oldest ones. */
export function surplusOf(plans: readonly DeclaredPlan[], nowMs: number): ReadonlySet<string> {
  const kept = new Map<string, number>()
  const plannedMs = ({ plan }: DeclaredPlan) => Date.parse(plan.status?.plannedAt ?? '') || nowMs
  const newestFirst = plans
    .filter(({ plan }) => isAnswered(plan))
    .sort((one, other) => plannedMs(other) - plannedMs(one))
  const surplus = newestFirst.filter((each) => {
    const tenant = namesIn(each.id).namespace
    const count = (kept.get(tenant) ?? 0) + 1
    kept.set(tenant, count)
    return count > keptMax && nowMs - plannedMs(each) >= readableMs
  })
  return new Set(surplus.map(({ id }) => id))
}
