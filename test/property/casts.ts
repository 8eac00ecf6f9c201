// Who takes part in a history, and under which rules: a hub with writers and a receiver, a ring without a
// hub, many that feed one, one that feeds many, and two groups over one hub, each with its own state.
import type { Limits } from '../../controller/core/guard.ts'
import type { ReplicaId } from '../../controller/core/id.ts'
import type { Role } from '../../controller/core/model.ts'
import type { Policy } from '../../controller/core/policy.ts'

/** What a folder is in one group. */
export type Part = Readonly<{ folder: string; hub?: boolean; writes: boolean; receives: boolean }>

const both = { writes: true, receives: true } as const
const receives = { writes: false, receives: true } as const
const gives = { writes: true, receives: false } as const
const hub = { folder: 'hub', hub: true } as const
const part = (folder: string, how: Omit<Part, 'folder'> = both): Part => ({ folder, ...how })

/** The groups of each cast; the hub's folder is the first. */
export const casts = {
  star: [[{ ...hub, ...both }, part('ann'), part('bob'), part('jan', receives)]],
  ring: [[part('ann'), part('bob'), part('eve')]],
  manyToOne: [[{ ...hub, ...receives }, part('ann', gives), part('bob', gives)]],
  oneToMany: [[{ ...hub, ...gives }, part('jan', receives), part('ola', receives)]],
  oneWayBeside: [
    [{ ...hub, ...both }, part('ann'), part('bob')],
    [{ ...hub, ...gives }, part('jan', receives)],
  ],
  twoWayBeside: [
    [{ ...hub, ...both }, part('ann')],
    [{ ...hub, ...both }, part('bob')],
  ],
} as const satisfies Readonly<Record<string, readonly (readonly Part[])[]>>

/** The rules under which a history is lived. */
export type Setting = Readonly<{
  cast: keyof typeof casts
  policy: Policy
  drift: Role['drift']
  private: Role['private']
  limits: Limits
  /** Do the servers of some rewrite what they are given? */
  rewrites: boolean
}>

/** Limits that never bite. */
export const free: Limits = {
  deletions: { maxPercent: 100, maxCount: 1e6 },
  publications: { maxCount: 1e6 },
  updates: { maxPercent: 100, maxCount: 1e6 },
  minCount: 0,
}

/** Limits that bite soon. */
export const strict: Limits = {
  deletions: { maxPercent: 50, maxCount: 2 },
  publications: { maxCount: 2 },
  updates: { maxPercent: 50, maxCount: 2 },
  minCount: 1,
}

/** The rules where nothing else is said. */
export const plain: Setting = {
  cast: 'star',
  policy: 'HubWins',
  drift: 'Revert',
  private: 'Skip',
  limits: free,
  rewrites: false,
}

/** A part as a role under these rules. */
export function roleOf({ folder, hub = false, ...facts }: Part, setting: Setting): Role {
  const { drift, private: hidden } = setting
  return { id: folder as ReplicaId, hub, ...facts, drift, private: hub ? 'Copy' : hidden }
}
