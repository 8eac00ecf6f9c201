// The controller of SyncPlans over a port in memory: what it reports before it plans, whom it lets go first, and what it warns about.
import { expect, test } from 'vitest'
import type {
  SyncGroup,
  SyncPlan,
  SyncPlanStatus,
} from '../../controller/api/resources.generated.ts'
import { plannedIn, planStatusOf } from '../../controller/api/sync-plan.ts'
import { idOfGroup } from '../../controller/api/topology.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import { PlanController } from '../../controller/sync/plans.ts'
import type { DeclaredPlan, PlanDeclarations, Proposed } from '../../controller/sync/ports/plans.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { calm, VirtualClock } from '../support/clock.ts'
import { groupWith } from '../support/health.ts'

const nowMs = Date.parse('2026-01-02T03:04:05Z')
const base = groupWith([{ mailbox: 'anna@corp.example' }])
const group: SyncGroup = { ...base, spec: { ...base.spec, suspend: true, timeout: '5m' } }

function planOf(name: string, namespace: string, status?: SyncPlanStatus): DeclaredPlan {
  const metadata = { name, namespace, uid: `uid-${name}`, generation: 1 }
  const spec: SyncPlan['spec'] = { ttl: '1h', syncGroup: { name: 'g', spec: group.spec } }
  const kinds = { apiVersion: 'exchangesync.dev/v1alpha1', kind: 'SyncPlan' }
  const plan = { ...kinds, metadata, spec, ...(status && { status }) } as SyncPlan
  return { id: `${namespace}/${name}`, plan, broken: undefined }
}

/** SyncPlans that nothing changes but their statuses. */
class Plans implements PlanDeclarations {
  readonly all: Map<string, DeclaredPlan>
  /** What was reported, by name. */
  readonly said: string[] = []
  refusal: SyncError | undefined
  readonly #noticed: () => void

  constructor(all: readonly DeclaredPlan[], noticed: () => void) {
    this.all = new Map(all.map((each) => [each.id, each]))
    this.#noticed = noticed
  }

  async plans() {
    return [...this.all.values()]
  }

  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  proposed(): Proposed {
    const declared = { id: idOfGroup(group), group, access: new Map() }
    return { declared, others: [], pending: false } as unknown as Proposed
  }

  async report({ id, plan }: DeclaredPlan, status: SyncPlanStatus) {
    const planned = plannedIn(status)
    this.said.push(`${plan.metadata.name} ${planned?.status} ${planned?.reason}`)
    this.#noticed()
    if (this.refusal !== undefined) throw this.refusal
    this.all.set(id, { ...(this.all.get(id) as DeclaredPlan), plan: { ...plan, status } })
  }

  async remove() {}
}

function office(all: readonly DeclaredPlan[]) {
  const clock = new VirtualClock(nowMs)
  const due = { passes: 0 }
  const warned: string[] = []
  const watching = new Set<() => void>()
  const plans = new Plans(all, () => {
    for (const look of watching) look()
  })
  const servers = new Servers(clock, { leastMs: 1_000, mostMs: 900_000 })
  const stop = new AbortController()
  const controller = new PlanController({
    plans,
    environment: { clock, servers } as unknown as Environment,
    passesDue: () => due.passes,
    onAnswered: () => {},
    onRefused: ({ id, right, error }) => void warned.push(`${id} ${right} ${error.code}`),
  })
  const running = controller.run(stop.signal)
  /** Lets time pass until so much was reported. */
  const reported = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => plans.said.length >= count && resolve()
    watching.add(look)
    look()
    return clock.until(promise)
  }
  const end = async () => {
    stop.abort()
    await running
  }
  return { plans, clock, due, warned, reported, end }
}

const about = { nowMs, discreet: false }
const begunBy = (again: boolean, name: string) =>
  planOf(
    name,
    'sales',
    planStatusOf(planOf(name, 'sales').plan, { kind: 'planning', again }, about),
  )

test('a plan that a controller began is tried once more, and that is said before', async () => {
  const { plans, reported, end } = office([begunBy(false, 'once')])
  await reported(2)
  expect(plans.said).toEqual(['once Unknown PlanInterrupted', 'once True Succeeded'])
  await end()
})

test('a plan that two controllers began is answered, and not made', async () => {
  const { plans, reported, end } = office([begunBy(true, 'twice')])
  await reported(1)
  await calm()
  expect(plans.said).toEqual(['twice False PlanInterrupted'])
  await end()
})

test('a plan that waited for passes only was not begun', async () => {
  const waiting = planStatusOf(planOf('w', 'sales').plan, { kind: 'waiting' }, about)
  const { plans, reported, end } = office([planOf('w', 'sales', waiting)])
  await reported(2)
  expect(plans.said).toEqual(['w Unknown Progressing', 'w True Succeeded'])
  await end()
})

test('plans that wait for passes hold no place, say so once, and go on after half a minute', async () => {
  const names = Array.from({ length: 9 }, (_, n) => `p${n}`)
  const all = names.map((name, n) => planOf(name, `ns-${Math.floor(n / 3)}`))
  const { plans, clock, due, reported, end } = office(all)
  due.passes = 1
  await reported(9)
  expect([...plans.said].sort()).toEqual(names.map((name) => `${name} Unknown PassesFirst`))
  expect(clock.now() - nowMs).toBeLessThan(5_000)
  await reported(10)
  expect(clock.now() - nowMs).toBeGreaterThanOrEqual(30_000)
  due.passes = 0
  await reported(27)
  expect(plans.said.filter((each) => each.endsWith('True Succeeded'))).toHaveLength(9)
  await end()
})

test('a refused status is warned of once for each plan and reason, and written later', async () => {
  const { plans, warned, reported, end } = office([planOf('a', 'sales'), planOf('b', 'sales')])
  plans.refusal = new SyncError('terminal', 'ApiForbidden', 'may not patch')
  await reported(8)
  const right = 'patch syncplans/status ApiForbidden'
  expect([...warned].sort()).toEqual([`sales/a ${right}`, `sales/b ${right}`])
  plans.refusal = undefined
  await reported(12)
  expect(plans.said.filter((each) => each.endsWith('True Succeeded'))).toHaveLength(2)
  await end()
})
