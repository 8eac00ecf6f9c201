// The stamp: a text that we write on each copy that we create, so that the copy is found again when the state is lost. It
// names the group, the link and a digest of the source item's id. Two groups may share a hub, and a user's copy of a copy
// carries the stamp, too: a stamp identifies a copy, but proves nothing.
import { digestOf, type GroupId, type ItemId, type LinkId, type ReplicaId } from './id.ts'

/** The content of a stamp. */
export type Stamp = Readonly<{
  group: string
  link: LinkId
  source: string
  /** The mark of the hub; '' in a group without one. */
  hub: string
}>

/** The mark of a group: a digest, so that its name does not appear in mailboxes. */
export function groupMark(group: GroupId): string {
  return digestOf('group', group)
}

/** The mark of a hub: copies from another hub must not reach this one. */
export function hubMark(hub: ReplicaId | undefined): string {
  return hub === undefined ? '' : digestOf('hub', hub)
}

/** The mark of the item that a copy was made from. */
export function sourceMark(replica: ReplicaId, item: ItemId): string {
  return digestOf('source', replica, item)
}

/** Is the stamp of this group, or of another group with the same hub, whose copies are of the same items? */
export function isOurs(group: GroupId, hub: ReplicaId | undefined, stamp: Stamp): boolean {
  return stamp.group === groupMark(group) || (hub !== undefined && stamp.hub === hubMark(hub))
}

/** The text of a stamp: `1|group|link|source|hub`. */
export function stampText(stamp: Stamp): string {
  return ['1', stamp.group, stamp.link, stamp.source, stamp.hub].join('|')
}

/** Reads a stamp; undefined for any other text. */
export function stampOf(text: string | undefined): Stamp | undefined {
  const [form, group, link, source, hub, ...rest] = (text ?? '').split('|')
  if (form !== '1' || !group || !link || source === undefined || hub === undefined) return undefined
  return rest.length > 0 ? undefined : { group, link: link as LinkId, source, hub }
}
