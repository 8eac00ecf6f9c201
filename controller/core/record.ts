// The records that a plan leaves behind besides its actions: kept content and the history, notes of conflicts, results of
// restores from the bin, and the effects that the guard counts.
import { type Caused, type Effects, effectOf, effectsOf, type Guarded } from './guard.ts'
import { digestOf, type LinkId, type ReplicaId } from './id.ts'
import type { Item } from './item.ts'
import { agreementMark, type KeepReason, type Restoration, type Role, type Rules } from './model.ts'
import { type RestoreResult, restorer, resultsOf } from './restore.ts'
import type { Step } from './step.ts'

/** Content that is saved before it is overwritten or deleted. */
export type Kept = Readonly<{
  link: LinkId
  replica: ReplicaId
  /** Identifies the loss. A loss is kept once, even if its write is retried. */
  loss: string
  reason: KeepReason
  fields: readonly string[]
  item: Item
  /** The values that those fields got instead. */
  won?: Item | undefined
}>

/** A recorded conflict; it never contains content. */
export type ConflictNote = Readonly<{
  link: LinkId
  replica: ReplicaId
  field: string
  /** A digest of the losing content. The same digest is the same conflict. */
  version: string
}>

/** The result of a restore request, by the number of its entry in the bin. */
export type RestoreNote = Readonly<{ n: number; result: RestoreResult }>

/** The restore requests that a plan carries out, and those that it refuses, each with its reason. */
export type Wanted = Readonly<{
  wanted: readonly Restoration[]
  barred: readonly RestoreNote[]
}>

/** The results of all restore requests that are settled by this plan. */
export function restoredBy(
  { wanted, barred }: Wanted,
  { plan, refusals }: Guarded,
  { type }: Rules,
): readonly RestoreNote[] {
  // Restores that the guard sets aside stay pending. It does not set aside confirmed ones.
  const waits = refusals.some(({ replica }) => replica === restorer)
  const done = waits ? wanted.filter(({ confirmed }) => confirmed) : wanted
  return [...resultsOf(type, plan, done), ...barred]
}

/** The content that a step keeps, each with the values that its fields get instead. */
export function keptOf({ link, keeps, agreed = {} }: Step): readonly Kept[] {
  return keeps.map((keep) => {
    const sides = keep.fields.length > 0 ? { won: picked(agreed, keep.fields) } : {}
    return { ...keep, ...sides, link: link.id }
  })
}

/** The history of a step: the former agreed item, once for each replica that edited it. */
export function historyOf(
  { link, replaced, agreed = {} }: Step,
  roles: readonly Role[],
): readonly Kept[] {
  const item = link.agreed
  if (item === undefined) return []
  const hub = roles.find((role) => role.hub)?.id
  return replaced.map(({ replica, fields }) => ({
    link: link.id,
    replica: replica === restorer && hub !== undefined ? hub : replica,
    loss: agreementMark(link),
    reason: 'Edited',
    fields,
    item,
    won: picked(agreed, fields),
  }))
}

function picked(item: Item, fields: readonly string[]): Item {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = item[field]
      return value === undefined ? [] : [[field, value] as const]
    }),
  )
}

/** The notes of a conflict: one for each losing field. */
export function notesOf({ link, replica, loss, fields, item }: Kept): readonly ConflictNote[] {
  const version = digestOf(JSON.stringify(item), loss)
  return fields.map((field) => ({ link, replica, field, version }))
}

/**
 * The effects that each replica causes. Approved effects do not use up the limit. Effects that only the group approved
 * are counted separately (`approved`): the limit of the server still applies to them.
 */
export function causedBy(
  { plan, approvals }: Guarded,
  roles: readonly Role[],
): ReadonlyMap<ReplicaId, Caused> {
  const caused = new Map<ReplicaId, Caused>()
  const causes = [...roles.map(({ id, hub }) => ({ id, hub })), { id: restorer, hub: true }]
  for (const { id, hub } of causes) {
    const all = effectsOf(plan, id, hub)
    const effects = (by: boolean | undefined): Effects => {
      const some = (kind: keyof Effects) => {
        const approval = approvals.find(
          (each) => each.replica === id && effectOf[each.reason] === kind,
        )
        return approval?.byServer === by ? all[kind] : []
      }
      return {
        deletions: some('deletions').length,
        publications: some('publications').length,
        updates: some('updates').map(({ link }) => link.id),
      }
    }
    const [free, approved] = [effects(undefined), effects(false)]
    const some = (each: Effects) => each.deletions + each.publications + each.updates.length > 0
    if (some(free) || some(approved))
      caused.set(id, { ...free, ...(some(approved) && { approved }) })
  }
  return caused
}
