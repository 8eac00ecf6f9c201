// A group that is given another hub begins anew: nothing that it knew of the old one may reach the new.
import { isHub, type ReplicaId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import type { Baseline } from './ports.ts'

/** Had the group another hub before? */
export function anotherHub(before: readonly ReplicaId[], roles: readonly Role[]): boolean {
  const hub = roles.find((role) => role.hub)
  return hub !== undefined && before.some(isHub) && !before.includes(hub.id)
}

/** The baseline as if nothing had ever been agreed; what it is asked to write, it writes. */
export function blank(baseline: Baseline): Baseline {
  return {
    group: baseline.group,
    identity: () => baseline.identity(),
    memories: async () => new Map(),
    known: () => ({ versions: async () => new Map(), all: async () => new Map() }),
    linksOf: async () => [],
    linksNamed: async () => [],
    unsettled: async () => [],
    everything: async () => [],
    links: async () => [],
    count: async () => 0,
    deviating: async () => [],
    attempts: async () => [],
    outdated: async () => [],
    restorations: async () => [],
    causedSince: (timeMs) => baseline.causedSince(timeMs),
    approvals: () => baseline.approvals(),
    historySince: () => baseline.historySince(),
    conflicts: () => baseline.conflicts(),
    claims: () => baseline.claims(),
    commit: (change) => baseline.commit(change),
  }
}
