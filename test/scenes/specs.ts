// Specs of groups, of which a scene says only what it is about.
import type { Literal } from '../exchange/store/literal.ts'

/** A group's spec, with its members by name. */
export type Spec = Readonly<Record<string, unknown>> &
  Readonly<{ members?: Readonly<Record<string, Literal>> }>

/** A spec with a guard that stops nothing, for scenes that are about something else. */
export function unguarded(spec: Spec = {}): Spec {
  const share = { maxPercent: 100, maxCount: 1000 }
  const guard = { deletions: share, publications: { maxCount: 1000 }, updates: share }
  return { guard, ...spec }
}

/** A spec with a guard whose percentages hold for the few contacts of a scene as well. */
export function guardedExactly(spec: Spec = {}): Spec {
  return { guard: { minCount: 0 }, ...spec }
}
