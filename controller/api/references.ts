// Resolves the references of a group, once, for a directory, a cluster and `exsync validate` alike. Each ExchangeServer
// that a participant names, with its Secrets, becomes an Access: ready, or blocked with the reason.
//
//   Found (the objects of the name)   ──► accessTo   the server by itself      InvalidServer, ServerNotFound, HostNotAllowed, Secret…
//                                     ──► accessOf   for this group            CrossNamespaceRef, NotAllowed, ServerSuspended
//   Access of the server              ──► accessFor  for this participant      NotAllowed (hub, mailbox, folder, direction, private)
//
// Guarantees: credentials are used for their own server only. A blocked server blocks its members; the hub's server
// blocks the group. The Secret of a server on a host that is not allowed is not read.
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { type Denial, denied, notAllowed, participantDenial } from './allowed.ts'
import { approvalsIn } from './annotations.ts'
import { type Credentials, credentialFault, credentialKeys, labelCommand } from './credentials.ts'
import { anyHost, type HostRules, hostRefusal, urlRemedy } from './hosts.ts'
import type { ExchangeServer, SyncGroup } from './resources.generated.ts'
import {
  type Named,
  namesIn,
  namespaceOf,
  type Participant,
  participantsOf,
  type ServerName,
  type ServerRef,
} from './topology.ts'

/** The objects that belong to the name of an ExchangeServer, as far as they exist. */
export type Found = Readonly<{
  server: ExchangeServer | undefined
  /** Why the declared ExchangeServer cannot be used. */
  unusable?: string | undefined
  /** The keys of the Secret for signing in; undefined if it does not exist. */
  credentials: Credentials | undefined
  /** The trusted certificate authority, PEM; undefined if none is named or it is missing. */
  ca: string | undefined
  /** A Secret that may not be read. */
  forbidden?: string | undefined
  /** A Secret that temporarily cannot be read. */
  unreadable?: string | undefined
  /** A Secret (namespace/name) whose owner has not allowed its use for signing in. */
  unlabelled?: string | undefined
}>

/** An ExchangeServer with everything that a connection needs. */
export type Ready = Readonly<{
  state: 'ready'
  server: ExchangeServer
  credentials: Credentials
  ca: string | undefined
}>

/** The access to an ExchangeServer, or the error that blocks it. A blocked server may be declared (`server`). */
export type Access =
  | Ready
  | Readonly<{ state: 'blocked'; server: ExchangeServer | undefined; error: SyncError }>

/** The limits that the operator sets for references. */
export type ReferenceRules = Readonly<{
  /** May a group name an ExchangeServer of another namespace? */
  crossNamespace: boolean
  /** The hosts that servers may be on. */
  hosts?: HostRules
}>

/** A group with the access to each ExchangeServer of its participants, by namespace/name. */
export type Accessing = Readonly<{
  group: SyncGroup
  /** Why the group cannot be used at all: no version of the resource is valid. */
  broken?: SyncError | undefined
  access: ReadonlyMap<ServerName, Access>
  /** The access to a server of a former participant that the group does not name any more. */
  formerAccess?: ((server: ServerName) => Access) | undefined
}>

/** Does the reference name an ExchangeServer of another namespace than the group's? */
export function isForeign(group: SyncGroup, { namespace }: ServerRef): boolean {
  return namespace !== undefined && namespace !== namespaceOf(group)
}

/** The access of a group to a server that it names. `denial`: why the server excludes the group's namespace. */
export function accessOf(
  group: SyncGroup,
  { ref, field }: Named,
  found: Found & Readonly<{ denial?: Denial | undefined }>,
  { crossNamespace, hosts }: ReferenceRules,
): Access {
  const { server, denial } = found
  if (isForeign(group, ref) && !crossNamespace) {
    const remedy = `declare an ExchangeServer in ${namespaceOf(group)}, or run the controller with --allow-cross-namespace-refs`
    const message = `${field} names the namespace ${ref.namespace}, which is not allowed: ${remedy}`
    return blocked(undefined, new SyncError('terminal', 'CrossNamespaceRef', message))
  }
  if (denial !== undefined) return blocked(server, denied(denial))
  if (server?.spec.suspend) {
    const message = `the ExchangeServer ${ref.name} is suspended`
    return blocked(server, new SyncError('transient', 'ServerSuspended', message))
  }
  return accessTo(ref.name, found, hosts, field)
}

/** The access to a server without regard to a group. `field`: the field with the reference, for messages. */
export function accessTo(
  name: string,
  found: Found,
  hosts: HostRules = anyHost,
  field = 'spec.serverRef',
): Access {
  const { server, unusable, credentials, ca } = found
  if (server === undefined) {
    const invalid = `the ExchangeServer ${name} is not valid: ${unusable}`
    const missing = `the ExchangeServer ${name} does not exist in the namespace: create it, or correct ${field}`
    return blocked(
      undefined,
      unusable === undefined
        ? new SyncError('terminal', 'ServerNotFound', missing)
        : new SyncError('terminal', 'InvalidServer', invalid),
    )
  }
  const error = unreadOf(found) ?? wayFault(server, found, hosts) ?? secretFault(server, found)
  if (error !== undefined) return blocked(server, error)
  return { state: 'ready', server, credentials: credentials ?? {}, ca }
}

/** The access of a participant: that of its server, or blocked if the server does not allow the participant. */
export function accessFor({ group, access }: Accessing, participant: Participant): Access {
  const { server } = participant.place
  const own = access.get(server) ?? accessTo(server, nothingFound)
  if (own.server === undefined || own.state === 'blocked') return own
  const denial = participantDenial(participant, group.spec.private, own.server)
  return denial === undefined ? own : blocked(own.server, denied(denial))
}

/** The access of the hub. If it is blocked, the group is blocked. */
export function hubAccess(declared: Accessing): Access {
  if (declared.broken !== undefined) return blocked(undefined, declared.broken)
  return accessFor(declared, participantsOf(declared.group).hub)
}

/** Why the group may not have a pass, independent of its members' servers; undefined if it may. */
export function hindranceOf(declared: Accessing): SyncError | undefined {
  const access = hubAccess(declared)
  return access.state === 'blocked' ? access.error : undefined
}

/** The access to the server of a former participant. */
export function formerAccess({ access, formerAccess }: Accessing, server: ServerName): Access {
  return access.get(server) ?? formerAccess?.(server) ?? accessTo(server, nothingFound)
}

/** Is it blocked by a missing right? Then it claims no folder. */
export function hasNoRight(access: Access): boolean {
  if (access.state === 'ready') return false
  return access.error.code === notAllowed || access.error.code === 'CrossNamespaceRef'
}

/** A reference to a server that the group does not name any more. */
export function formerlyNamed(server: ServerName): Named {
  return { ref: namesIn(server), field: 'spec.serverRef' }
}

/** A digest that changes with any access: its connection, the reason of a block, or the approvals of a server. */
export function accessPrint(access: ReadonlyMap<ServerName, Access>): string {
  const prints = [...access].map(([name, each]) => {
    const { spec, metadata } = each.server ?? {}
    const reached =
      each.state === 'ready' ? [each.credentials, each.ca] : [each.error.code, each.error.message]
    return [name, spec, ...reached, ...approvalsIn(metadata ?? {})]
  })
  return digestOf(JSON.stringify(prints))
}

const nothingFound: Found = { server: undefined, credentials: undefined, ca: undefined }

function blocked(server: ExchangeServer | undefined, error: SyncError): Access {
  return { state: 'blocked', server, error }
}

// Why a Secret cannot be read or must not be used; undefined if it can, or is missing.
function unreadOf({ forbidden, unreadable, unlabelled }: Found): SyncError | undefined {
  if (forbidden !== undefined) {
    const message = `the controller may not read the Secret ${forbidden}: grant it get, list and watch, by name at least`
    return new SyncError('terminal', 'SecretForbidden', message)
  }
  if (unlabelled !== undefined) {
    const message = `the Secret ${unlabelled} does not say that it may be used for signing in to Exchange: ${labelCommand(unlabelled)}`
    return new SyncError('terminal', 'SecretNotLabelled', message)
  }
  if (unreadable === undefined) return undefined
  const message = `the API server does not hand out the Secret ${unreadable}; it is tried again`
  return new SyncError('transient', 'SecretUnreadable', message)
}

// The fault in the URL or in the way of signing in; undefined without one.
function wayFault(
  { metadata, spec }: ExchangeServer,
  { credentials }: Found,
  hosts: HostRules,
): SyncError | undefined {
  const { url, auth } = spec
  if (!URL.canParse(url)) {
    const message = `spec.url of the ExchangeServer ${metadata.name} is not a usable URL: ${urlRemedy}`
    return new SyncError('terminal', 'InvalidSpec', message)
  }
  const { tokenURL } = auth.type === 'OAuth' ? (credentials ?? {}) : {}
  const token = `the tokenURL in the Secret ${auth.secretRef.name}`
  const refused = hostRefusal(url, hosts, 'spec.url')
  return refused ?? (tokenURL ? hostRefusal(tokenURL, hosts, token) : undefined)
}

function secretFault({ spec }: ExchangeServer, { credentials, ca }: Found): SyncError | undefined {
  const { auth, tls } = spec
  const secret = auth.secretRef.name
  const keys = credentialKeys[auth.type]
  const lacking = keys.filter((key) => credentials?.[key] === undefined)
  if (lacking.length > 0) {
    const named = keys.length > 2 ? keys.join(', ') : keys.join(' and ')
    const message =
      credentials === undefined
        ? `the Secret ${secret} with the keys ${named} is missing: create it, or correct spec.auth.secretRef`
        : `the Secret ${secret} lacks ${lacking.join(', ')}: add it, for ${auth.type} needs the keys ${named}`
    return new SyncError('terminal', 'SecretNotFound', message)
  }
  for (const key of keys) {
    const fault = credentialFault(key, credentials?.[key] ?? '')
    if (fault === undefined) continue
    const message = `the key ${key} of the Secret ${secret} ${fault}`
    return new SyncError('terminal', 'InvalidSecret', message)
  }
  if (tls !== undefined && ca === undefined) {
    const { name, key } = tls.caSecretRef
    const message = `the Secret ${name} with the key ${key} is missing: create it, or correct spec.tls.caSecretRef`
    return new SyncError('terminal', 'SecretNotFound', message)
  }
  if (ca === undefined || holdsCertificate(ca)) return undefined
  const name = `${tls?.caSecretRef.name}, key ${tls?.caSecretRef.key}`
  const message = `the Secret ${name} holds no certificate in PEM format: put the certificate of the server’s authority there`
  return new SyncError('terminal', 'InvalidCertificate', message)
}

function holdsCertificate(pem: string): boolean {
  const begin = pem.indexOf('-----BEGIN CERTIFICATE-----')
  return begin >= 0 && pem.includes('-----END CERTIFICATE-----', begin)
}
