// The ids that all functions use, branded so that the compiler does not confuse them, and the digest for ids and
// fingerprints.
import { createHash } from 'node:crypto'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** One SyncGroup: `namespace/name`. */
export type GroupId = Id<'group'>
/** One folder of a group: `hub:/company/contacts`, `anna@corp.example:contacts/company` (all forms: api/topology.ts). */
export type ReplicaId = Id<'replica'>
/** One logical item and its copies everywhere. */
export type LinkId = Id<'link'>
/** The server's id of one copy. Case-sensitive; changes on a move (exchange-protocol §2.2). */
export type ItemId = Id<'item'>
/** Changes whenever the item changes (ChangeKey); compared for equality only. */
export type Version = Id<'version'>

/** The prefix of the replica id of a hub. */
export const hubPrefix = 'hub:'

/** Is it the id of a hub, under its present or a former name? */
export function isHub(replica: ReplicaId): boolean {
  return replica.startsWith(hubPrefix)
}

/** A short, stable digest of some parts: 22 characters, safe in URLs, names and SQL. */
export function digestOf(...parts: readonly string[]): string {
  return digestOfAll(parts)
}

/** The same digest, for any number of parts. */
export function digestOfAll(parts: Iterable<string>): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('base64url').slice(0, 22)
}

/** The id of a link that starts with this item. It is the same after a crash, so that no second link is created. */
export function linkIdOf(group: GroupId, replica: ReplicaId, item: ItemId): LinkId {
  return digestOf('link', group, replica, item) as LinkId
}
