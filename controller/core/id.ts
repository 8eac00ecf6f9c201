// The ids that meet in every function, branded so that the compiler keeps them apart, and the digest
// from which ids and fingerprints are made.
import { createHash } from 'node:crypto'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** One SyncGroup: `namespace/name`. */
export type GroupId = Id<'group'>
/** One folder that takes part: `hub:/company/contacts` or `anna@corp.example:contacts/company` (api/topology.ts has all). */
export type ReplicaId = Id<'replica'>
/** One logical item and its copies everywhere. */
export type LinkId = Id<'link'>
/** The server's id of one copy. Case-sensitive; changes on a move (exchange-protocol §2.2). */
export type ItemId = Id<'item'>
/** What the server changes whenever the item does (ChangeKey); compared for equality only. */
export type Version = Id<'version'>

/** What the replica id of a hub begins with. */
export const hubPrefix = 'hub:'

/** Is it the id of a hub, of this group or of one that was named before? */
export function isHub(replica: ReplicaId): boolean {
  return replica.startsWith(hubPrefix)
}

/** A short, stable digest of some parts: 22 characters, safe in URLs, names and SQL. */
export function digestOf(...parts: readonly string[]): string {
  return digestOfAll(parts)
}

/** The same of parts that may be many. */
export function digestOfAll(parts: Iterable<string>): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('base64url').slice(0, 22)
}

/** The id of the link that begins with this item; the same after a crash, so that it is not made twice. */
export function linkIdOf(group: GroupId, replica: ReplicaId, item: ItemId): LinkId {
  return digestOf('link', group, replica, item) as LinkId
}
