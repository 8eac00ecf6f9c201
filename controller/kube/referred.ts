// What a SyncGroup of a cluster refers to, as far as the copies know it.
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
  /** A Secret of it is not known yet. */
  pending: boolean
  /** It has all that it is reached with. */
  complete: boolean
  /** What is wrong with its newest version: the last valid one goes on. */
  stale?: string | undefined
}>

type Looking = Readonly<{
  crossNamespace: boolean
  /** The group is being ended: it is let go with what it was reached with last. */
  deleted: boolean
  /** What the server was reached with last. */
  last: Found | undefined
}>

/** All that a group refers to. */
export type ReferredAll = Readonly<{
  accesses: Pick<Declared, 'access' | 'formerAccess'>
  /** Some Secret is not known yet. */
  pending: boolean
  /** What is wrong with the newest version of a server: the last valid one goes on. */
  stale: string | undefined
  /** All that it is made of: what is the same in each part is the same. */
  parts: readonly unknown[]
  /** What the servers were reached with last, to be let go with. */
  last: ReadonlyMap<ServerName, Found>
}>

/**
 * What a group refers to, by the copies; undefined while the namespace that some server decides by is not known.
 * `deleted`: it is being ended, with what its servers were reached with `last` where there is nothing else.
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
  // It goes on as it was reached while a Secret is looked for again.
  const kept = pending && !deleted && isSame(last?.server, server) ? last : undefined
  const ended = deleted && !complete ? last : undefined
  const waits = pending && !deleted && kept === undefined
  const unreadable = waits ? server.spec.auth.secretRef.name : reach.unreadable
  const found = kept ?? ended ?? { server, ...reach, unreadable }
  return { found, pending: pending && !deleted, complete, stale }
}
