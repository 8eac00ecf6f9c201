// The PlanDeclarations port over the Kubernetes API: keeps a copy of the SyncPlans, resolves what a proposed group refers to in the
// caches of KubeDeclarations, and writes and deletes SyncPlans. A cluster without the CRD, or a controller without the right to
// read SyncPlans, has none; everything else goes on.
import { isDeepStrictEqual } from 'node:util'
import type { SyncGroup, SyncPlan, SyncPlanStatus } from '../api/resources.generated.ts'
import { proposedGroup } from '../api/sync-plan.ts'
import { ChangeSignal } from '../sync/change-signal.ts'
import type { DeclaredPlan, PlanDeclarations, Proposed } from '../sync/ports/plans.ts'
import type { Clock } from '../sync/ports.ts'
import type { KubeDeclarations } from './declarations.ts'
import { brokenSpec } from './declared.ts'
import { kinds } from './kinds.ts'
import { asSyncError, isMissing, isStatus } from './runtime/api-error.ts'
import { applyStatus } from './runtime/apply-status.ts'
import type { Client } from './runtime/client.ts'
import { Reflector } from './runtime/reflector.ts'
import { keyOf, pathOf } from './runtime/resource.ts'

/** The collaborators of the port. */
export type KubePlansOptions = Readonly<{
  client: Client
  clock: Clock
  chance: () => number
  /** The watched namespaces; empty: all. */
  namespaces: readonly string[]
  declarations: Pick<KubeDeclarations, 'proposed' | 'stored'>
  /** The spec with its defaults, or its fault; and the status if it has the shape of one. */
  judge: (plan: Pick<SyncPlan, 'spec' | 'status'>) => Judged
  onError: (kind: string, code: string, message: string) => void
}>

type Judged = Readonly<{ spec?: unknown; fault?: string; status?: unknown }>

const kind = kinds.syncPlan

/** A valid spec that leads to no server and no folder. */
const standIn: SyncPlan['spec'] = {
  ttl: '1h',
  syncGroup: { name: 'none', spec: {} as SyncPlan['spec']['syncGroup']['spec'] },
}

/** The SyncPlans of a cluster. They are followed until the signal aborts. */
export class KubePlans implements PlanDeclarations {
  readonly #options: KubePlansOptions
  readonly #reflectors: readonly Reflector<SyncPlan>[]
  readonly #changes = new ChangeSignal()
  readonly #judged = new WeakMap<SyncPlan, DeclaredPlan>()

  constructor(options: KubePlansOptions, signal: AbortSignal) {
    this.#options = options
    const { client, clock, chance, namespaces, onError } = options
    const notify = () => this.#changes.notify()
    const common = { client, clock, chance, kind, changed: notify, synced: notify }
    const onTrouble = (code: string, message: string) => onError(kind.kind, code, message)
    const places = namespaces.length === 0 ? [undefined] : namespaces
    this.#reflectors = places.map(
      (namespace) => new Reflector<SyncPlan>({ ...common, namespace, onError: onTrouble }),
    )
    for (const reflector of this.#reflectors) void reflector.run(signal)
  }

  async plans(): Promise<readonly DeclaredPlan[]> {
    // Clear the signal first: a change during this call must wake the next `changed()`.
    this.#changes.clear()
    const all = this.#reflectors.flatMap((reflector) => reflector.values())
    const age = ({ metadata }: SyncPlan) => `${metadata.creationTimestamp} ${keyOf({ metadata })}`
    return [...all]
      .sort((one, other) => (age(one) < age(other) ? -1 : 1))
      .map((plan) => this.#declared(plan))
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.changed(signal)
  }

  proposed({ plan }: DeclaredPlan): Proposed | undefined {
    const { declarations, clock } = this.#options
    const { namespace = '' } = plan.metadata
    const existing = declarations.stored('SyncGroup', `${namespace}/${plan.spec.syncGroup.name}`)
    const group = proposedGroup(plan, existing as SyncGroup | undefined, clock.now())
    return declarations.proposed(group)
  }

  async report(
    { id, plan }: DeclaredPlan,
    status: SyncPlanStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.#plan(id)
    if (now?.metadata.uid !== plan.metadata.uid || now === undefined) return
    if (isDeepStrictEqual(now.status, status)) return
    try {
      const { client } = this.#options
      const written = await applyStatus<SyncPlan>(client, kind, now, status, signal)
      if (written !== undefined)
        for (const reflector of this.#reflectors) reflector.applyLocal(written)
    } catch (error) {
      throw asSyncError(error)
    }
  }

  async remove({ plan }: DeclaredPlan, signal: AbortSignal): Promise<void> {
    const { namespace, name = '', uid } = plan.metadata
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
    const path = pathOf(kind, namespace, name)
    try {
      await this.#options.client.json({ method: 'DELETE', path, body }, signal)
    } catch (error) {
      // It is gone, or another one has its name.
      if (!isMissing(error, name) && !isStatus(error, 409)) throw asSyncError(error)
    }
  }

  #plan(id: string): SyncPlan | undefined {
    for (const reflector of this.#reflectors) {
      const found = reflector.get(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  // The installed CRD may be older than ours or check nothing.
  #declared(stored: SyncPlan): DeclaredPlan {
    const known = this.#judged.get(stored)
    if (known !== undefined) return known
    const { spec, fault, status } = this.#options.judge(stored)
    const plan = { ...stored, spec: spec ?? standIn, status } as SyncPlan
    const broken = fault === undefined ? undefined : brokenSpec(fault)
    const declared = { id: keyOf(stored), plan, broken }
    this.#judged.set(stored, declared)
    return declared
  }
}
