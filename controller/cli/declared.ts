// The resources that `exsync doctor`, `plan` and, in a pod, `verify` are about: of a directory or files, or of a cluster by the
// rights of a user or of the service account. Nothing is written: no status, no event, no finalizer, no Lease.
import { devNull } from 'node:os'
import type { SyncGroup } from '../api/resources.generated.ts'
import { fullNameOf, nameOfServer } from '../api/topology.ts'
import type { Config } from '../config.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Examined } from '../ews/doctor/server.ts'
import { KubeDeclarations, type KubeOptions } from '../kube/declarations.ts'
import { Proposed } from '../kube/proposed.ts'
import { Client } from '../kube/runtime/client.ts'
import { Recorder } from '../kube/runtime/events.ts'
import { LocalDeclarations } from '../local/declarations.ts'
import { sourcesIn } from '../local/directory.ts'
import type { Declared } from '../sync/ports.ts'
import type { Resource } from '../validation/draft.ts'
import { problemText, type Ref } from '../validation/problem.ts'
import { readResources } from '../validation/resources.ts'
import { judgeOf } from '../validation/schemas.ts'
import { referenceRulesOf, sourceOf } from './environment.ts'
import { type Against, changesOf, type ProposedChange } from './plan/against.ts'
import { missingRight } from './rights.ts'
import type { ProcessEdges } from './runtime.ts'

/** The resources as they are declared now, or as proposed. */
export type DeclaredAll = Readonly<{
  /** With the servers that groups name and that do not exist. */
  servers: readonly Examined[]
  groups: readonly Declared[]
  /** The number of resources, or lists of them, that cannot be read. */
  problems: number
  /** The differences of the proposed resources from the declared ones. */
  changes: readonly ProposedChange[]
  /** The groups that proposed ones replace. */
  replaced: readonly SyncGroup[]
}>

/** The way to read the resources. */
export type Reading = Readonly<{
  /** The state whose groups are planned: a group that ran and is no longer declared ends. Undefined: none. */
  state?: string
  /** Resources that replace declared ones. */
  against?: Against | undefined
  /** A right that is missing in the cluster is an error with the command that grants it. */
  grants?: boolean
}>

/** How long the resources of a cluster are waited for, ms. */
const settleMs = 60_000

/** No directory of a state: a state is neither read nor written. */
const stateless = devNull

/** Reads the resources. `note` gets what cannot be used. Rejects with a SyncError, or with the signal's reason. */
export function declaredIn(
  config: Config,
  edges: ProcessEdges,
  note: (message: string) => void,
  reading: Reading = {},
): Promise<DeclaredAll> {
  const { command, local, files } = config
  if (local !== undefined && files.length > 0)
    throw invalidArguments(`${command} takes --local DIR or -f FILE, not both`)
  return local === undefined && files.length === 0
    ? inCluster(config, edges, note, reading)
    : inFiles(config, edges, note, reading)
}

async function inFiles(
  config: Config,
  { clock }: ProcessEdges,
  note: (message: string) => void,
  { state, against }: Reading,
): Promise<DeclaredAll> {
  const { local, files } = config
  const sources = () => (local === undefined ? Promise.all(files.map(sourceOf)) : sourcesIn(local))
  const declarations = new LocalDeclarations(
    async () => [...(await sources()), ...(against?.sources ?? [])],
    state ?? stateless,
    clock,
    (problems) => {
      for (const problem of problems) note(problemText(problem))
    },
    state === undefined || local === undefined ? 'excerpt' : 'look',
    referenceRulesOf(config),
  )
  const groups = await declarations.groups()
  const servers = await declarations.exchangeServers.servers()
  const { problems } = declarations
  const all = { servers: withNamed(servers, groups), groups, problems }
  if (against === undefined) return { ...all, changes: [], replaced: [] }
  const documents = readResources(await sources()).documents
  const declared = new Map(documents.map(({ ref, resource }) => [keyOf(ref), resource]))
  return { ...all, ...comparedWith(against, (ref) => declared.get(keyOf(ref))) }
}

type Find = (ref: Ref) => Resource | undefined

function comparedWith(
  { documents }: Against,
  declared: Find,
): Pick<DeclaredAll, 'changes' | 'replaced'> {
  const replaced = documents.flatMap(({ ref }) => {
    const before = declared(ref)
    return before?.kind === 'SyncGroup' ? [before as SyncGroup] : []
  })
  return { changes: changesOf(documents, declared), replaced }
}

function keyOf({ kind, namespace, name }: Ref): string {
  return `${kind}/${namespace}/${name}`
}

async function inCluster(
  config: Config,
  edges: ProcessEdges,
  note: (message: string) => void,
  reading: Reading,
): Promise<DeclaredAll> {
  return withCluster(config, edges, { ...reading, note }, async (declarations, problems) => {
    const groups = await declarations.groups()
    const known = declarations.servers().map(({ server, access, broken }) => {
      return { id: nameOfServer(server), access, broken }
    })
    const stored = ({ kind, namespace, name }: Ref) =>
      declarations.stored(kind, fullNameOf({ metadata: { namespace, name } })) as
        | Resource
        | undefined
    const compared = comparedWith(reading.against ?? nothing, stored)
    return { servers: withNamed(known, groups), groups, problems, ...compared }
  })
}

/**
 * Works with the resources of a cluster, by the kubeconfig or the service account. `problems`: how many lists of them could not
 * be read, which `note` names. Rejects with a SyncError ResourcesNotListed if none could, or with the signal's reason.
 */
export async function withCluster<Result>(
  config: Config,
  edges: ProcessEdges,
  { note, ...reading }: Reading & Pick<Reports, 'note'>,
  work: (declarations: KubeDeclarations, problems: number) => Promise<Result>,
): Promise<Result> {
  const { clock, chance, stop } = edges
  const { kubeconfig, context, namespaces } = config.kube
  const { Cluster } = await import('../kube/runtime/kubeconfig.ts')
  const cluster = new Cluster(kubeconfig, context)
  const [watching, unlisted] = [new AbortController(), new Set<string>()]
  const denied = new AbortController()
  let refusals = 0
  const onError = (kind: string, code: string, message: string) => {
    const isMine = kind === 'SyncGroup' || kind === 'ExchangeServer'
    const isDenied = code === 'ApiForbidden'
    const text = reading.grants && isDenied ? missingRight(message) : message
    if (isMine) unlisted.add(text)
    else if (text !== message) note(text)
    if (!isMine || !isDenied) return
    refusals += 1
    if (refusals >= 2 * Math.max(1, namespaces.length)) denied.abort()
  }
  const client = new Client(cluster, clock, chance)
  const ending = AbortSignal.any([watching.signal, stop])
  const declarations = declarationsOf(config, edges, { client, onError, note }, reading, ending)
  try {
    const ends = AbortSignal.any([stop, denied.signal, AbortSignal.timeout(settleMs)])
    await declarations.settled(ends)
    stop.throwIfAborted()
    const there = (await declarations.groups()).length + declarations.servers().length
    for (const message of unlisted) note(message)
    if (reading.grants && refusals > 0) throw notAllowed
    if (!declarations.synced && there === 0) throw notListed
    return await work(declarations, declarations.synced ? 0 : Math.max(1, unlisted.size))
  } finally {
    watching.abort()
    await cluster.close()
  }
}

type Reports = Pick<KubeOptions, 'client' | 'onError'> &
  Readonly<{ note: (message: string) => void }>

function declarationsOf(
  config: Config,
  { clock, chance, instance }: ProcessEdges,
  { client, onError, note }: Reports,
  { against }: Reading,
  signal: AbortSignal,
): KubeDeclarations {
  const resources = (against?.documents ?? []).flatMap(({ resource }) => resource ?? [])
  const recorder = { client, clock, controller: config.command, instance, onError: note }
  return new KubeDeclarations(
    {
      client,
      clock,
      chance,
      namespaces: config.kube.namespaces,
      ...referenceRulesOf(config),
      unlabelled: config.trust.unlabelledSecrets ? () => {} : undefined,
      judge: (kind, resource) => judgeOf(kind)(resource),
      recorder: new Recorder(recorder),
      onError,
      proposed: against && new Proposed(resources, clock.now()),
    },
    signal,
  )
}

const nothing: Against = { sources: [], documents: [] }

const notAllowed = new SyncError(
  'terminal',
  'ApiForbidden',
  'the resources of the cluster may not be read: grant the right above, or name a namespace with -n',
)

const notListed = new SyncError(
  'transient',
  'ResourcesNotListed',
  'the resources of the cluster could not be listed: if the controller watches some namespaces only, name the same with --watch-namespace',
)

// A server that a group names and that does not exist, or may not be named, has an access that says so.
function withNamed(known: readonly Examined[], groups: readonly Declared[]): readonly Examined[] {
  const servers = new Map<string, Examined>(
    known.map(({ id, access, broken }) => [id, { id, access, broken }]),
  )
  for (const { access } of groups)
    for (const [id, each] of access)
      if (!servers.has(id)) servers.set(id, { id, access: each, broken: undefined })
  return [...servers.values()]
}
