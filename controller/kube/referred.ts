// The servers and Secrets that a SyncGroup of a cluster refers to, as far as they are cached.
import { type Denial, namespaceDenial, needsLabels } from '../api/allowed.ts'
import {
  type Access,
  accessOf,
  type Found,
  formerlyNamed,
  isForeign,
  type ReferenceRules,
} from '../api/references.ts'
import type { SyncGroup } from '../api/resources.generated.ts'
import { type Named, type ServerName, serversNamedBy } from '../api/topology.ts'
import type { Declared } from '../sync/ports.ts'
import type { Copies } from './cache.ts'
import { isSame } from './runtime/versions.ts'

type Referred = Readonly<{
  found: Found & Readonly<{ denial?: Denial | undefined }>
  /** A Secret of the server is not known yet. */
  pending: boolean
  /** The server has all the credentials and certificates that it needs. */
  complete: boolean
  /** The fault of the newest version of the server; the last valid one keeps running. */
  stale?: string | undefined
}>

type Looking = Readonly<{
  crossNamespace: boolean
  /** The group is being deleted: its copies are removed with the last complete access. */
  deleted: boolean
  /** The last complete access to the server. */
  last: Found | undefined
}>

/** Everything that a group refers to. */
export type ReferredAll = Readonly<{
  accesses: Pick<Declared, 'access' | 'formerAccess'>
  /** A Secret is not known yet. */
  pending: boolean
  /** The fault of the newest version of a server; the last valid one keeps running. */
  stale: string | undefined
  /** The inputs: if all are the same, the result is the same. */
  parts: readonly unknown[]
  /** The last complete access to each server, for the deletion of the group. */
  last: ReadonlyMap<ServerName, Found>
}>

/**
 * Everything that a group refers to, from the caches. Undefined while the labels of its namespace are needed and not
 * known. `deleted`: the group is being deleted, and uses the `last` access to a server that has no complete one.
 */
export function allReferredBy(
  group: SyncGroup,
  copies: Copies,
  rules: ReferenceRules,
  { deleted, last }: Readonly<{ deleted: boolean; last: ReadonlyMap<ServerName, Found> }>,
): ReferredAll | undefined {
  const { crossNamespace } = rules
  const look = (name: ServerName, named: Named) =>
    referredBy(group, name, named, copies, { crossNamespace, deleted, last: last.get(name) })
  const access = new Map<ServerName, Access>()
  const now = new Map(last)
  const parts: unknown[] = []
  let pending = false
  let stale: string | undefined
  for (const [name, named] of serversNamedBy(group)) {
    const referred = look(name, named)
    if (referred === undefined) return undefined
    const { found } = referred
    access.set(name, accessOf(group, named, found, rules))
    if (referred.complete) now.set(name, found)
    pending ||= referred.pending
    stale ??= referred.stale
    const { server, unusable, credentials, ca, denial } = found
    parts.push(server, unusable, credentials, ca, denial?.message)
    parts.push(found.forbidden, found.unreadable, found.unlabelled)
  }
  const formerAccess = (name: ServerName): Access => {
    const named = formerlyNamed(name)
    return accessOf(group, named, look(name, named)?.found ?? nothing, rules)
  }
  return { accesses: { access, formerAccess }, pending, stale, parts, last: now }
}

const nothing = { server: undefined, credentials: undefined, ca: undefined }

function referredBy(
  group: SyncGroup,
  name: ServerName,
  { ref }: Named,
  copies: Copies,
  { crossNamespace, deleted, last }: Looking,
): Referred | undefined {
  if (isForeign(group, ref) && !crossNamespace)
    return { found: nothing, pending: false, complete: false }
  const known = copies.server(name)
  const former = deleted ? last?.server : undefined
  const there = known === undefined ? former : known.standIn ? undefined : known.resource
  const { namespace = '' } = group.metadata
  const look = copies.namespace(namespace)
  if (look === undefined && there !== undefined && needsLabels(there)) return undefined
  const denial = namespaceDenial(group, ref, there, () => look ?? 'missing')
  const server = denial === undefined ? there : undefined
  const unusable = known?.standIn ? known.invalid : undefined
  if (server === undefined)
    return { found: { ...nothing, denial, unusable }, pending: false, complete: false }
  const { pending, ...reach } = copies.reachOf(server)
  const stale = known?.standIn ? undefined : known?.invalid
  const complete =
    reach.credentials !== undefined && (server.spec.tls === undefined || reach.ca !== undefined)
  // Keep the last access while a Secret is listed again.
  const kept = pending && !deleted && isSame(last?.server, server) ? last : undefined
  const ended = deleted && !complete ? last : undefined
  const waits = pending && !deleted && kept === undefined
  const unreadable = waits ? server.spec.auth.secretRef.name : reach.unreadable
  const found = kept ?? ended ?? { server, ...reach, unreadable }
  return { found, pending: pending && !deleted, complete, stale }
}
