// Checks documents against each other: no resource occurs twice, and every reference leads to a suitable resource.

import { type Denial, namespaceDenial, needsLabels, participantDenial } from '../api/allowed.ts'
import { folderKey, twiceIn, twiceText } from '../api/claims.ts'
import { credentialFault, credentialKeys, credentialsIn } from '../api/credentials.ts'
import { urlRemedy } from '../api/hosts.ts'
import { isForeign } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { type Participant, participantsOf, serversNamedBy } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import { claimFaults, folderOn } from './claims.ts'
import type { Draft, Secret } from './draft.ts'
import type { Fault, Path, Ref } from './problem.ts'

type Auth = ExchangeServer['spec']['auth']['type']

const LISTED_MAX = 5
const EXTERNAL =
  'add a document with it, or check the name (exsync validate --external-secrets accepts Secrets of a cluster)'

/** Documents with the kind, namespace and name of an earlier one. */
export function duplicateResources(drafts: readonly Draft[]): ReadonlyMap<Draft, readonly Fault[]> {
  const first = new Map<string, Draft>()
  const faults = new Map<Draft, readonly Fault[]>()
  for (const draft of drafts) {
    const earlier = first.get(keyOf(draft.ref))
    if (earlier === undefined) {
      first.set(keyOf(draft.ref), draft)
      continue
    }
    const { kind, namespace, name } = draft.ref
    const { line } = earlier.document.place([...earlier.base, 'metadata', 'name'])
    const message =
      `${kind} ${namespace}/${name} exists already, at ${earlier.document.file}:${line}; ` +
      'rename or remove one of them'
    faults.set(draft, [{ path: ['metadata', 'name'], at: 'value', message }])
  }
  return faults
}

/** References of valid documents to a missing or unsuitable resource. */
export function danglingReferences(
  drafts: readonly Draft[],
  {
    externalSecrets = false,
    externalServers = false,
    allowed = false,
  }: { externalSecrets?: boolean; externalServers?: boolean; allowed?: boolean },
): ReadonlyMap<Draft, readonly Fault[]> {
  const found = new Map(drafts.toReversed().map((draft) => [keyOf(draft.ref), draft]))
  const used = usedKeys(drafts)
  const servers = serversIn(drafts)
  const claims = allowed ? claimsIn(drafts, found) : new Map<Draft, readonly Fault[]>()
  return new Map(
    drafts.map((draft) => {
      const { resource, ref } = draft
      if (resource === undefined) return [draft, []]
      if (ref.kind === 'Secret')
        return [draft, strayFaults(draft, used.get(keyOf(ref)) ?? new Set())]
      if (ref.kind === 'SyncGroup') {
        const group = groupIn(draft)
        const missing = externalServers ? [] : serverFaults(group, found, servers)
        const faults = [...missing, ...twiceFaults(group, found)]
        const denied = allowed ? deniedFaults(group, found) : []
        return [draft, [...faults, ...denied, ...(claims.get(draft) ?? [])]]
      }
      const faults = secretFaults(resource as ExchangeServer, ref, found, externalSecrets)
      return [draft, [...urlFaults(resource as ExchangeServer), ...faults]]
    }),
  )
}

// A group without a right to its hub, and a participant without a right to its folder, claim nothing.
function claimsIn(
  drafts: readonly Draft[],
  found: ReadonlyMap<string, Draft>,
): ReadonlyMap<Draft, readonly Fault[]> {
  const first = drafts.filter((draft) => draft.resource && found.get(keyOf(draft.ref)) === draft)
  const groups = first
    .filter(({ ref }) => ref.kind === 'SyncGroup')
    .map((draft) => {
      const { ref, document, base } = draft
      const group = groupIn(draft)
      const folderOf = (participant: Participant) => {
        const server = serverIn(found, participant)
        if (server && participantDenial(participant, group.spec.private, server)) return undefined
        return folderOn(server?.spec.url, participant)
      }
      const at = `${document.file}:${document.place(base).line}`
      return { id: `${ref.namespace}/${ref.name}` as GroupId, group, folderOf, at, draft }
    })
    .filter(({ group, folderOf }) => folderOf(participantsOf(group).hub) !== undefined)
  const faults = claimFaults(groups)
  return new Map(groups.map(({ id, draft }) => [draft, faults.get(id) ?? []]))
}

// A resource without a namespace is in the one that the reader gave it.
function groupIn({ resource, ref }: Draft): SyncGroup {
  const { metadata, ...rest } = resource as SyncGroup
  return { ...rest, metadata: { ...metadata, namespace: ref.namespace } }
}

function serverFaults(
  group: SyncGroup,
  found: ReadonlyMap<string, Draft>,
  servers: ReadonlyMap<string, string>,
): readonly Fault[] {
  return [...serversNamedBy(group)].flatMap(([server, { field }]) => {
    if (found.has(`ExchangeServer/${server}`)) return []
    const [namespace = '', name] = server.split('/')
    const known = servers.get(namespace) ?? 'none is there'
    const elsewhere = [...found.values()].find(
      (draft) => draft.ref.kind === 'ExchangeServer' && draft.ref.name === name,
    )
    const message =
      `there is no ExchangeServer ${name} in namespace ${namespace} (${known}); ` +
      (elsewhere === undefined
        ? 'pass its file too, or correct the name'
        : `the one in namespace ${elsewhere.ref.namespace} is another: declare it in ${namespace}, or name its namespace in serverRef, which needs --allow-cross-namespace-refs`)
    return [{ path: [...pathIn(field), 'name'], at: 'value', message }]
  })
}

// A field as people write it: spec.members[3].serverRef.
function pathIn(field: string): Path {
  return (field.match(/[^.[\]]+/g) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Participants whose folder an earlier one has, where their servers are there to tell it. */
function twiceFaults(group: SyncGroup, found: ReadonlyMap<string, Draft>): readonly Fault[] {
  const { all, members } = participantsOf(group)
  const twice = twiceIn(all, (participant) => {
    const server = serverIn(found, participant)
    return server && folderKey(participant, server.spec.url)
  })
  return [...twice].map(([participant, earlier]) => ({
    path: ['spec', 'members', members.indexOf(participant)],
    at: 'value',
    message: twiceText(earlier),
  }))
}

function serverIn(
  found: ReadonlyMap<string, Draft>,
  { place }: Participant,
): ExchangeServer | undefined {
  return found.get(`ExchangeServer/${place.server}`)?.resource as ExchangeServer | undefined
}

/** The ExchangeServers of each namespace, as text for messages. */
function serversIn(drafts: readonly Draft[]): ReadonlyMap<string, string> {
  const names = new Map<string, Set<string>>()
  for (const { ref } of drafts) {
    if (ref.kind !== 'ExchangeServer') continue
    const some = names.get(ref.namespace) ?? new Set()
    names.set(ref.namespace, some.add(ref.name))
  }
  return new Map([...names].map(([namespace, some]) => [namespace, listed([...some])]))
}

/** The schema checks the form of a URL, but not the numbers in it. */
function urlFaults({ spec }: ExchangeServer): readonly Fault[] {
  if (URL.canParse(spec.url)) return []
  const message = `is no URL that can be reached; ${urlRemedy}`
  return [{ path: ['spec', 'url'], at: 'value', message }]
}

// The restrictions of the ExchangeServers, as far as they can be checked without Exchange and the labels of namespaces.
function deniedFaults(group: SyncGroup, found: ReadonlyMap<string, Draft>): readonly Fault[] {
  const fault = (path: Path, denial: Denial | undefined): readonly Fault[] =>
    denial
      ? [{ path: ['spec', ...path], at: 'value', message: `is not allowed: ${denial.message}` }]
      : []
  const referring = [...serversNamedBy(group)].flatMap(([name, { ref, field }]) => {
    const server = found.get(`ExchangeServer/${name}`)?.resource as ExchangeServer | undefined
    if (server === undefined || needsLabels(server)) return []
    const where = namespaceDenial(group, ref, server, () => 'unreadable')
    const path = [...pathIn(field).slice(1), isForeign(group, ref) ? 'namespace' : 'name']
    return fault(path, where)
  })
  const { all } = participantsOf(group)
  const denials = all.flatMap((participant, at) => {
    const server = serverIn(found, participant)
    const denial = server && participantDenial(participant, group.spec.private, server)
    return denial === undefined ? [] : [{ denial, at: at - 1 }]
  })
  const inPlaces = denials.flatMap(({ denial, at }) => {
    const { field } = denial
    if (field === 'private') return []
    if (at < 0) return fault(['hub', field], denial)
    const { direction } = group.spec.members[at] ?? {}
    if (field === 'direction' && direction === undefined) return fault(['direction'], denial)
    return fault(['members', at, field], denial)
  })
  // It is one field of the group, whichever server says so.
  const copies = denials.find(({ denial }) => denial.field === 'private')?.denial
  return [...referring, ...fault(['private'], copies), ...inPlaces]
}

function secretFaults(
  { spec }: ExchangeServer,
  { namespace }: Ref,
  found: ReadonlyMap<string, Draft>,
  external: boolean,
): readonly Fault[] {
  const { auth, tls } = spec
  const secretOf = (name: string) => found.get(keyOf({ kind: 'Secret', namespace, name }))
  const missing = (path: Path, name: string): readonly Fault[] => {
    if (external) return []
    const message = `there is no Secret ${name} in namespace ${namespace}; ${EXTERNAL}`
    return [{ path, at: 'value', message }]
  }
  const credentials = secretOf(auth.secretRef.name)
  const path = ['spec', 'auth', 'secretRef', 'name']
  const faults = credentials
    ? credentialFaults(credentials, auth.type, path)
    : missing(path, auth.secretRef.name)
  if (tls === undefined) return faults
  const authority = secretOf(tls.caSecretRef.name)
  const reference = ['spec', 'tls', 'caSecretRef']
  return [
    ...faults,
    ...(authority
      ? authorityFaults(authority, tls.caSecretRef.key, [...reference, 'key'])
      : missing([...reference, 'name'], tls.caSecretRef.name)),
  ]
}

function credentialFaults(secret: Draft, type: Auth, path: Path): readonly Fault[] {
  if (secret.resource === undefined) return [] // Its own faults are reported there.
  const { data = {} } = secret.resource as Secret
  const keys = credentialKeys[type]
  const lacking = keys.filter((key) => !data[key])
  if (lacking.length === 0) return []
  const message =
    `Secret ${secret.ref.name} lacks ${lacking.join(', ')}; ` + `${type} needs ${keys.join(', ')}`
  return [{ path, at: 'value', message }]
}

/** The keys of each Secret that are used for signing in. */
function usedKeys(drafts: readonly Draft[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>()
  for (const { ref, resource } of drafts) {
    if (ref.kind !== 'ExchangeServer' || resource === undefined) continue
    const { auth } = (resource as ExchangeServer).spec
    const secret = keyOf({ ...ref, kind: 'Secret', name: auth.secretRef.name })
    const keys = used.get(secret) ?? new Set()
    for (const key of credentialKeys[auth.type]) keys.add(key)
    used.set(secret, keys)
  }
  return used
}

function strayFaults({ resource, value }: Draft, keys: ReadonlySet<string>): readonly Fault[] {
  const { data = {} } = resource as Secret
  const plain = (value as { stringData?: object } | null)?.stringData ?? {}
  const credentials = credentialsIn(data)
  return [...keys].flatMap((key) => {
    const value = credentials[key] ?? ''
    const message = value === '' ? undefined : credentialFault(key, value)
    if (message === undefined) return []
    const path = [Object.hasOwn(plain, key) ? 'stringData' : 'data', key]
    return [{ path, at: 'value' as const, message }]
  })
}

function authorityFaults(secret: Draft, key: string, path: Path): readonly Fault[] {
  if (secret.resource === undefined) return []
  const { data = {} } = secret.resource as Secret
  const held = Object.hasOwn(data, key) ? data[key] : undefined
  if (held && Buffer.from(held, 'base64').includes('-----BEGIN CERTIFICATE-----')) return []
  const has =
    held === undefined
      ? `has no key ${key} (${listed(Object.keys(data))})`
      : `has no certificate in ${key}`
  const message =
    `Secret ${secret.ref.name} ${has}; ` +
    'it must hold certificates in PEM format (-----BEGIN CERTIFICATE-----)'
  return [{ path, at: 'value', message }]
}

function keyOf({ kind, namespace, name }: Ref): string {
  return [kind, namespace, name].join('/')
}

/** A few of the names, as text. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'there is none'
  const shown = names.toSorted().slice(0, LISTED_MAX).join(', ')
  return names.length > LISTED_MAX ? `there are ${shown} and more` : `there is ${shown}`
}
