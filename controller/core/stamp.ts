// The stamp: what we write on a copy when we create it, so that it is found again when nothing else is
// left. It names the group, the link and a digest of the id of the item that it was copied from; two
// groups may share a hub, and a user's copy of a copy carries it too, so it identifies, it never proves.
import { digestOf, type GroupId, type ItemId, type LinkId, type ReplicaId } from './id.ts'

/** What a stamp says. */
export type Stamp = Readonly<{
  group: string
  link: LinkId
  source: string
  /** Of which hub the item is; '' in a group without one. */
  hub: string
}>

/** How a stamp names a group: a digest, since names of groups are nobody's business in a mailbox. */
export function groupMark(group: GroupId): string {
  return digestOf('group', group)
}

/** How a stamp names the hub: what was copied from another one must not reach this one. */
export function hubMark(hub: ReplicaId | undefined): string {
  return hub === undefined ? '' : digestOf('hub', hub)
}

/** How a stamp names the item it was copied from. */
export function sourceMark(replica: ReplicaId, item: ItemId): string {
  return digestOf('source', replica, item)
}

/** Is it of this group, or of any other over the same hub, whose copies are of the same items? */
export function isOurs(group: GroupId, hub: ReplicaId | undefined, stamp: Stamp): boolean {
  return stamp.group === groupMark(group) || (hub !== undefined && stamp.hub === hubMark(hub))
}

/** The stamp as it is written: `1|group|link|source|hub`. */
export function stampText(stamp: Stamp): string {
  return ['1', stamp.group, stamp.link, stamp.source, stamp.hub].join('|')
}

/** Reads a stamp; undefined for anything that we did not write. */
export function stampOf(text: string | undefined): Stamp | undefined {
  const [form, group, link, source, hub, ...rest] = (text ?? '').split('|')
  if (form !== '1' || !group || !link || source === undefined || hub === undefined) return undefined
  return rest.length > 0 ? undefined : { group, link: link as LinkId, source, hub }
}
