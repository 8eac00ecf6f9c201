// Carries a plan out and records every outcome as it arrives. The hub comes first, then the members in parallel.
// Updates come before creates; deletes come last. A replica has at most one write request at a time. A failed item
// stays behind. A failure of the whole replica ends only its own turn.
import type { ReplicaId } from '../core/id.ts'
import type { Stamp } from '../core/stamp.ts'
import type { Plan, Step } from '../core/step.ts'
import type { Job } from './creates.ts'
import type { Replica } from './ports.ts'
import { type Applied, nothingApplied } from './tally.ts'
import { type ApplySpec, Turn } from './turn.ts'

/** Carries the plan out. Rejects only when the signal aborts or the state cannot be written. */
export async function apply(plan: Plan, site: ApplySpec, signal: AbortSignal): Promise<Applied> {
  const applied = nothingApplied()
  const jobs = new Map<ReplicaId, Job[]>()
  for (const step of plan.steps) {
    for (const action of step.actions) {
      const queue = jobs.get(action.replica)
      if (queue === undefined) jobs.set(action.replica, [{ step, action }])
      else queue.push({ step, action })
    }
  }
  site.progress?.planned('Writing', new Map([...jobs].map(([id, { length }]) => [id, length])))
  const hubs = site.replicas.filter(({ role }) => role.hub && jobs.has(role.id))
  const members = site.replicas.filter(({ role }) => !role.hub && jobs.has(role.id))
  const hubIds = new Map<Step, Stamp['source']>()
  for (const kinds of [['update', 'create'], ['delete']] as const) {
    for (const replicas of [hubs, members]) {
      const turn = (replica: Replica) =>
        new Turn(site, replica, applied, hubIds).run(jobs.get(replica.role.id) ?? [], kinds, signal)
      await Promise.all(replicas.map(turn))
    }
  }
  return applied
}
