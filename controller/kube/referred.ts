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
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { type Named, namespaceOf, type ServerName, serversNamedBy } from '../api/topology.ts'
import type { Declared } from '../sync/ports.ts'
import type { Copies } from './cache.ts'
import type { Reach } from './declared.ts'
import { isSame } from './runtime/versions.ts'
import type { Sound } from './sound.ts'

type Referred = Readonly<{
  found: Found & Readonly<{ denial?: Denial | undefined }>
  /** A Secret of the server is not known yet. */
  pending: boolean
  /** The server has all the credentials and certificates that it needs. */
  complete: boolean
  /** The fault of the newest version of the server; the last valid one keeps running. */
  stale?: string | undefined
}>

/** A server that a group refers to. */
type Reference = Readonly<{ group: SyncGroup; name: ServerName; named: Named }>

/** The earlier access to a server, and its use. */
type Past = Readonly<{
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
  const look = (name: ServerName, named: Named) =>
    referredBy({ group, name, named }, copies, rules, { deleted, last: last.get(name) })
  const all: (Referred & Readonly<{ name: ServerName; access: Access }>)[] = []
  for (const [name, named] of serversNamedBy(group)) {
    const referred = look(name, named)
    if (referred === undefined) return undefined
    all.push({ ...referred, name, access: accessOf(group, named, referred.found, rules) })
  }
  const formerAccess = (name: ServerName): Access => {
    const named = formerlyNamed(name)
    return accessOf(group, named, look(name, named)?.found ?? nothing, rules)
  }
  const complete = all.filter((each) => each.complete)
  return {
    accesses: { access: new Map(all.map(({ name, access }) => [name, access])), formerAccess },
    pending: all.some(({ pending }) => pending),
    stale: all.find(({ stale }) => stale !== undefined)?.stale,
    parts: all.flatMap(({ found }) => partsOf(found)),
    last: new Map([...last, ...complete.map(({ name, found }) => [name, found] as const)]),
  }
}

// The inputs, each the same object or text as long as it is unchanged.
function partsOf(found: Referred['found']): readonly unknown[] {
  const { server, unusable, credentials, ca, denial } = found
  const { forbidden, unreadable, unlabelled } = found
  return [
    ...[server, unusable, credentials, ca, denial?.message],
    ...[forbidden, unreadable, unlabelled],
  ]
}

const nothing = { server: undefined, credentials: undefined, ca: undefined }

function referredBy(
  { group, name, named: { ref } }: Reference,
  copies: Copies,
  { crossNamespace }: ReferenceRules,
  past: Past,
): Referred | undefined {
  if (isForeign(group, ref) && !crossNamespace)
    return { found: nothing, pending: false, complete: false }
  const { server, unusable, stale } = versionOf(copies.server(name), past)
  const look = copies.namespace(namespaceOf(group))
  if (look === undefined && server !== undefined && needsLabels(server)) return undefined
  const denial = namespaceDenial(group, ref, server, () => look ?? 'missing')
  if (server === undefined || denial !== undefined)
    return { found: { ...nothing, denial, unusable }, pending: false, complete: false }
  return { ...reached(server, copies.reachOf(server), past), stale }
}

type Version = Pick<Found, 'server' | 'unusable'> & Pick<Referred, 'stale'>

// The version of a server that the group uses, or why there is none.
function versionOf(known: Sound<ExchangeServer> | undefined, { deleted, last }: Past): Version {
  if (known === undefined) return { server: deleted ? last?.server : undefined }
  const { resource, invalid, standIn } = known
  return standIn ? { server: undefined, unusable: invalid } : { server: resource, stale: invalid }
}

// The server with its Secrets, or the last complete access instead.
function reached(
  server: ExchangeServer,
  { pending, ...reach }: Reach,
  { deleted, last }: Past,
): Referred {
  const complete =
    reach.credentials !== undefined && (server.spec.tls === undefined || reach.ca !== undefined)
  const now = { server, ...reach }
  if (deleted) return { found: complete ? now : (last ?? now), pending: false, complete }
  if (!pending) return { found: now, pending, complete }
  // Keep the last access while a Secret is listed again.
  const kept = isSame(last?.server, server) ? last : undefined
  const unreadable = server.spec.auth.secretRef.name
  return { found: kept ?? { ...now, unreadable }, pending, complete }
}
