// Folding: from a plan to what the baseline says before anything is written, and from each outcome to
// the copy it leaves. The agreement is written down first, together with what was consumed to reach it;
// a copy that is not yet brought along is *behind*. So a pass may die anywhere: what is not done is
// seen as behind by the next one.
import type { Attempts } from './attempt.ts'
import { drifted, driftIn, shownOf, stillDoubted } from './deviation.ts'
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import { type Item, type ItemType, touched } from './item.ts'
import type { Copy, Link, Role, Shown } from './model.ts'
import { sourceMark } from './stamp.ts'
import type { Action, Step } from './step.ts'

/** What becomes of a link when its step is agreed, before any action. */
export type Agreement = Readonly<{
  link: LinkId
  revision: number
  agreed: Item | undefined
  editedMs: number | undefined
  aliases: readonly string[]
  source?: string | undefined
  /** The content that copies which are behind still hold. */
  base: Readonly<{ revision: number; item: Item | undefined }> | undefined
  copies: ReadonlyMap<ReplicaId, Copy>
  dropped: readonly ReplicaId[]
  declined: readonly ReplicaId[]
}>

/** The agreement of a step. */
export function agreementOf(step: Step): Agreement {
  const { link, revision, agreed, editedMs, source, known, dropped, declined } = step
  const moved = link.revision > 0 && revision !== link.revision
  return {
    link: link.id,
    revision,
    agreed,
    editedMs,
    aliases: link.aliases,
    source,
    base: moved ? { revision: link.revision, item: link.agreed } : undefined,
    copies: known,
    dropped,
    declined,
  }
}

/**
 * The copy that a successful write leaves. `stored` is what the server made of it, read back at the very
 * version that the write returned; without it only what we did not touch is known to deviate.
 */
export function copyAfter(
  type: ItemType,
  step: Step,
  action: Action,
  written: Readonly<{ id: ItemId; version: Version; stored: Item | undefined }>,
): Copy {
  const { id, version, stored } = written
  const shown = shownAfter(type, step, action, stored)
  const withheld = action.kind === 'update' && action.withheld
  const copy = { id, version, revision: step.revision, shown, codec: type.codec }
  return { ...copy, ...(withheld ? { withheld } : {}) }
}

function shownAfter(type: ItemType, step: Step, action: Action, stored: Item | undefined): Shown {
  const before = action.kind === 'update' ? action.shown : {}
  if (stored !== undefined && step.agreed !== undefined) {
    const shown = drifted(shownOf(type, stored, step.agreed), new Set(driftIn(before)))
    return stillDoubted(shown, before)
  }
  if (action.kind !== 'update') return {}
  const shown: Record<string, string> = { ...action.shown }
  for (const field of touched(action.patch)) delete shown[field]
  return shown
}

/**
 * The mark of the item that a new copy of this step is copied from: the hub's, else any; '' for none. What is
 * made again in the hub names what was there before, so that every group over it knows what it is.
 */
export function sourceOf(step: Step, hub: ReplicaId | undefined): string {
  const makes = step.actions.some(({ kind, replica }) => kind === 'create' && replica === hub)
  if (makes && step.source !== undefined) return step.source
  const copies = [...step.link.copies, ...step.known]
  const [replica, copy] = copies.find(([id]) => id === hub) ?? copies[0] ?? []
  return replica === undefined || copy === undefined ? '' : sourceMark(replica, copy.id)
}

/** Is nobody behind, so that the link need not be looked at until somebody changes it? */
export function settled(
  link: Link,
  roles: readonly Role[],
  attempts: Attempts = new Map(),
): boolean {
  // A copy may still turn up where a create of unknown outcome was sent: until then the deletion has not ended.
  const open = ({ id }: Role) => attempts.get(id)?.seen === false
  if (link.agreed === undefined) return link.copies.size === 0 && !roles.some(open)
  return roles.every(({ id, receives }) => {
    const copy = link.copies.get(id)
    if (copy === undefined) return !receives || link.declined.has(id)
    return copy.revision === link.revision || !receives
  })
}
