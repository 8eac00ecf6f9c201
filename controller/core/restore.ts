// What somebody wants back from the bin, as an edit of the link's latest content. Its editor is nobody's
// mailbox, so it neither publishes nor deletes, and whoever edits the same field in the same pass meets
// it as any other editor. A link that has ended begins anew under its own id, so that copies that carry
// its stamp are one with it, and it is not brought back twice.
import type { LinkId, ReplicaId } from './id.ts'
import { type Item, type ItemType, same, type Value } from './item.ts'
import { changed, type Edit } from './merge.ts'
import { agreementMark, freshLink, type Link, type Restoration, type Role } from './model.ts'
import type { Policy } from './policy.ts'
import type { Keep, Plan } from './step.ts'

/**
 * The end of a restoration: every participant shall have it; another edit of the same field won; its owner marked it
 * private, so it stays where it is; a user took the request back, or the group has another hub; the group became one
 * whose hub only gives, so only an edit in the hub itself travels.
 */
export type RestoreResult =
  | 'Restored'
  | 'Overruled'
  | 'Private'
  | 'Cancelled'
  | 'HubReceivesNothing'

/** What a restoration is called where an editor or a cause has a name. No folder is called that. */
export const restorer = 'bin:' as ReplicaId

/**
 * May it be given to everybody? What a member marked private may not, wherever it has got to; what was agreed before an
 * edit everybody had.
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

/** At most one for each link; the others have the next passes. */
export function oneEach(restorations: readonly Restoration[]): readonly Restoration[] {
  const links = new Set<LinkId>()
  return restorations.filter(({ link }) => !links.has(link) && links.add(link))
}

/** The links, with those that begin anew because something of them is wanted back. */
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

/** Names what a restoration would edit, as it is now: another link, or another revision of it, has another name. */
export function seenOf(target: LinkId, link: Link | undefined): string {
  return `${target} ${link?.agreed === undefined ? 'deleted' : link.revision}`
}

/** The edit that it is; undefined when there is nothing to change. */
export function restoringEdit(
  type: ItemType,
  policy: Policy,
  link: Link,
  { fields, item, askedMs }: Restoration,
): Edit | undefined {
  // A link that begins anew agrees on it already.
  if (link.revision === 0) return undefined
  const base = link.agreed ?? {}
  const changes = new Map<string, Value | undefined>()
  // Of a whole item nothing is taken away that it has got since.
  const wanted = link.agreed === undefined || fields.length === 0 ? Object.keys(item) : fields
  for (const field of [...wanted].sort()) {
    if (!same(type.field(field), base[field], item[field])) changes.set(field, item[field])
  }
  if (changes.size === 0) return undefined
  if (link.agreed !== undefined && fields.length > 0) derive(type, link.agreed, changes)
  // It counts as the hub's where the hub's wins, and as a member's where theirs do.
  const hub = policy !== 'MemberWins'
  const view = changed(base, changes)
  return { replica: restorer, hub, base, changes, view, modifiedMs: askedMs }
}

/** What it overwrites goes into the bin in its turn. */
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

/** What becomes of each when this plan is agreed. */
export function resultsOf(
  type: ItemType,
  { steps }: Plan,
  restorations: readonly Restoration[],
): readonly Readonly<{ n: number; result: RestoreResult }>[] {
  const agreed = new Map(steps.map((step) => [step.link.id, step.agreed]))
  return restorations.map(({ n, link, fields, item }) => {
    // Where nothing is to be done, it is there already.
    if (!agreed.has(link)) return { n, result: 'Restored' }
    const now = agreed.get(link)
    const wanted = fields.length === 0 ? Object.keys(item) : fields
    const lost = wanted.filter((field) => {
      const rule = type.field(field)
      // Where edits merge, nothing is lost; and what is derived follows its sources.
      if (rule.merge !== undefined || type.derived(field, item)) return false
      return !same(rule, now?.[field], item[field])
    })
    return { n, result: now === undefined || lost.length > 0 ? 'Overruled' : 'Restored' }
  })
}

// What the server makes of the fields follows them, by the rule that made it.
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
