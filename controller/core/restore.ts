// Restores entries of the bin, as edits of the link's latest content. The editor is no replica, so a restoration
// neither publishes nor deletes; another edit of the same field in the same pass is a conflict as usual. A link that
// has ended starts again under its own id, so that copies with its stamp match it, and it is not restored twice.
import type { LinkId, ReplicaId } from './id.ts'
import { type Item, type ItemType, same, type Value } from './item.ts'
import { changed, type Edit } from './merge.ts'
import { agreementMark, freshLink, type Link, type Restoration, type Role } from './model.ts'
import type { Policy } from './policy.ts'
import type { Keep, Plan } from './step.ts'

/**
 * The result of a restoration. `Restored`: all participants get it. `Overruled`: another edit of the same field won.
 * `Private`: its owner marked it private, so it does not travel. `Cancelled`: a user withdrew the request, or the group
 * has another hub. `HubReceivesNothing`: the hub does not receive any more, so only an edit in the hub itself travels.
 */
export type RestoreResult =
  | 'Restored'
  | 'Overruled'
  | 'Private'
  | 'Cancelled'
  | 'HubReceivesNothing'

/** The replica id of restorations, for an editor or a cause. No folder has this id. */
export const restorer = 'bin:' as ReplicaId

/**
 * May all participants get this entry? A member's private item may not travel. The history of edits may: all
 * participants had that content.
 */
export function restorable(
  type: ItemType,
  roles: readonly Pick<Role, 'id' | 'hub' | 'private'>[],
  { replica, reason, item }: Pick<Restoration, 'replica' | 'reason' | 'item'>,
): boolean {
  if (reason === 'Edited') return true
  const role = roles.find(({ id }) => id === replica)
  return !type.private(item) || role?.hub === true || role?.private === 'Copy'
}

/** The first restoration of each link; the others follow in later passes. */
export function oneEach(restorations: readonly Restoration[]): readonly Restoration[] {
  const links = new Set<LinkId>()
  return restorations.filter(({ link }) => !links.has(link) && links.add(link))
}

/** The links, and those ended links that start again for a restoration. */
export function linksWith(
  links: readonly Link[],
  restorations: readonly Restoration[],
): readonly Link[] {
  const known = new Set(links.map(({ id }) => id))
  const ended = restorations.filter(({ link }) => !known.has(link))
  return [
    ...links,
    ...ended.map(({ link, item, askedMs }) => ({
      ...freshLink(link),
      agreed: item,
      editedMs: askedMs,
    })),
  ]
}

/** A text for the present state of the link that a restoration edits: it differs by link and revision. */
export function seenOf(target: LinkId, link: Link | undefined): string {
  return `${target} ${link?.agreed === undefined ? 'deleted' : link.revision}`
}

/** The edit that a restoration makes; undefined if it changes nothing. */
export function restoringEdit(
  type: ItemType,
  policy: Policy,
  link: Link,
  { fields, item, askedMs }: Restoration,
): Edit | undefined {
  // A link that starts again has this content as its agreed content already.
  if (link.revision === 0) return undefined
  const base = link.agreed ?? {}
  const changes = new Map<string, Value | undefined>()
  // Restoring a whole item does not remove fields that the link got since.
  const wanted = link.agreed === undefined || fields.length === 0 ? Object.keys(item) : fields
  for (const field of [...wanted].sort()) {
    if (!same(type.field(field), base[field], item[field])) changes.set(field, item[field])
  }
  if (changes.size === 0) return undefined
  if (link.agreed !== undefined && fields.length > 0) derive(type, link.agreed, changes)
  // It counts as the hub's edit; under MemberWins as a member's.
  const hub = policy !== 'MemberWins'
  const view = changed(base, changes)
  return { replica: restorer, hub, base, changes, view, modifiedMs: askedMs }
}

/** The keep for the content that a restoration overwrites; none if it overwrites none. */
export function overwritten(
  type: ItemType,
  link: Link,
  hub: ReplicaId,
  { changes }: Edit,
  agreed: Item,
): readonly Keep[] {
  if (link.agreed === undefined) return []
  const fields = [...changes.keys()].filter(
    (field) =>
      !type.derived(field, agreed) && same(type.field(field), agreed[field], changes.get(field)),
  )
  return fields.length === 0
    ? []
    : [{ replica: hub, loss: agreementMark(link), item: link.agreed, reason: 'Restored', fields }]
}

/** The result of each restoration when this plan is agreed. */
export function resultsOf(
  type: ItemType,
  { steps }: Plan,
  restorations: readonly Restoration[],
): readonly Readonly<{ n: number; result: RestoreResult }>[] {
  const agreed = new Map(steps.map((step) => [step.link.id, step.agreed]))
  return restorations.map(({ n, link, fields, item }) => {
    // Without a step the link has the content already.
    if (!agreed.has(link)) return { n, result: 'Restored' }
    const now = agreed.get(link)
    const wanted = fields.length === 0 ? Object.keys(item) : fields
    const lost = wanted.filter((field) => {
      const rule = type.field(field)
      // Fields that merge lose nothing, and derived fields follow their sources.
      if (rule.merge !== undefined || type.derived(field, item)) return false
      return !same(rule, now?.[field], item[field])
    })
    return { n, result: now === undefined || lost.length > 0 ? 'Overruled' : 'Restored' }
  })
}

// Adds the changes of derived fields, which follow the restored fields by their own rule.
function derive(type: ItemType, agreed: Item, changes: Map<string, Value | undefined>): void {
  if (!type.sources.some((field) => changes.has(field))) return
  const next = changed(agreed, changes)
  for (const field of Object.keys(agreed)) {
    if (changes.has(field) || !type.derived(field, agreed)) continue
    const value = type.derive(field, agreed, next)
    if (value !== undefined && !same(type.field(field), value, agreed[field]))
      changes.set(field, value)
  }
}
