// Limits of the guard, of which a test says only those that it is about.
import type { Effects, Limits } from '../../controller/core/guard.ts'

/** Limits that never bite. */
export const free: Limits = {
  deletions: { maxPercent: 100, maxCount: 1e9 },
  publications: { maxCount: 1e9 },
  updates: { maxPercent: 100, maxCount: 1e9 },
  minCount: 0,
}

/** So many effects, and none of the others. */
export function effects(some: Partial<Effects>): Effects {
  return { deletions: 0, publications: 0, updates: [], ...some }
}
