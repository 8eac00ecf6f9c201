// Folding: turns a plan into the baseline that is written before any action, and each outcome into the copy that it leaves.
// The agreement is written first, together with the cursors that it consumed; a copy that is not updated yet is *behind*.
// So a pass may die at any point: the next one sees the missing actions as copies that are behind.
import type { Attempts } from './attempt.ts'
import { drifted, driftIn, shownOf, stillDoubted } from './deviation.ts'
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import { type Item, type ItemType, touched } from './item.ts'
import type { Copy, Link, Role, Shown } from './model.ts'
import { sourceMark } from './stamp.ts'
import type { Action, Step } from './step.ts'

/** The new state of a link when its step is agreed, before any action. */
export type Agreement = Readonly<{
  link: LinkId
  revision: number
  agreed: Item | undefined
  editedMs: number | undefined
  aliases: readonly string[]
  source?: string | undefined
  /** The content in copies that are behind. */
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
 * The copy that a successful write leaves. `stored` is the server's content, read back at exactly the version that the
 * write returned. Without it, only fields that we did not write are known to deviate.
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
 * The mark of the item that a new copy of this step is made from: the hub's item, else any; '' for none. An item that is
 * created again in the hub keeps the mark of the former one, so that every group with this hub recognises it.
 */
export function sourceOf(step: Step, hub: ReplicaId | undefined): string {
  const makes = step.actions.some(({ kind, replica }) => kind === 'create' && replica === hub)
  if (makes && step.source !== undefined) return step.source
  const copies = [...step.link.copies, ...step.known]
  const [replica, copy] = copies.find(([id]) => id === hub) ?? copies[0] ?? []
  return replica === undefined || copy === undefined ? '' : sourceMark(replica, copy.id)
}

/** Is no copy behind? Then the link needs no further look until a copy changes. */
export function settled(
  link: Link,
  roles: readonly Role[],
  attempts: Attempts = new Map(),
): boolean {
  // After a create with an unknown outcome a copy may still appear: until then the deletion is not complete.
  const open = ({ id }: Role) => attempts.get(id)?.seen === false
  if (link.agreed === undefined) return link.copies.size === 0 && !roles.some(open)
  return roles.every(({ id, receives }) => {
    const copy = link.copies.get(id)
    if (copy === undefined) return !receives || link.declined.has(id)
    return copy.revision === link.revision || !receives
  })
}
