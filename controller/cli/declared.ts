// The resources that `exsync doctor`, and in a pod `plan` and `verify`, are about: of a directory or files, or of a cluster by the
// service account. Nothing is written: no status, no event, no finalizer, no Lease.
import { devNull } from 'node:os'
import { nameOfServer } from '../api/topology.ts'
import type { Config } from '../config.ts'
import { invalidArguments, SyncError } from '../core/sync-error.ts'
import type { Examined } from '../ews/doctor/server.ts'
import { KubeDeclarations } from '../kube/declarations.ts'
import { Client } from '../kube/runtime/client.ts'
import { Recorder } from '../kube/runtime/events.ts'
import { LocalDeclarations } from '../local/declarations.ts'
import { sourcesIn } from '../local/directory.ts'
import type { Declared } from '../sync/ports.ts'
import { problemText } from '../validation/problem.ts'
import { judgeOf } from '../validation/schemas.ts'
import { referenceRulesOf, sourceOf } from './environment.ts'
import type { ProcessEdges } from './runtime.ts'

/** The resources as they are declared now. */
export type DeclaredAll = Readonly<{
  /** With the servers that groups name and that do not exist. */
  servers: readonly Examined[]
  groups: readonly Declared[]
  /** The number of resources, or lists of them, that cannot be read. */
  problems: number
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
): Promise<DeclaredAll> {
  const { local, files } = config
  if (local !== undefined && files.length > 0)
    throw invalidArguments('doctor takes --local DIR or -f FILE, not both')
  return local === undefined && files.length === 0
    ? inCluster(config, edges, note)
    : inFiles(config, edges, note)
}

async function inFiles(
  config: Config,
  { clock }: ProcessEdges,
  note: (message: string) => void,
): Promise<DeclaredAll> {
  const { local, files } = config
  const declarations = new LocalDeclarations(
    () => (local === undefined ? Promise.all(files.map(sourceOf)) : sourcesIn(local)),
    stateless,
    clock,
    (problems) => {
      for (const problem of problems) note(problemText(problem))
    },
    'excerpt',
    referenceRulesOf(config),
  )
  const groups = await declarations.groups()
  const servers = await declarations.exchangeServers.servers()
  return { servers: withNamed(servers, groups), groups, problems: declarations.problems }
}

async function inCluster(
  config: Config,
  edges: ProcessEdges,
  note: (message: string) => void,
): Promise<DeclaredAll> {
  return withCluster(config, edges, note, async (declarations, problems) => {
    const groups = await declarations.groups()
    const servers = declarations.servers()
    const known = servers.map(({ server, access, broken }) => {
      return { id: nameOfServer(server), access, broken }
    })
    return { servers: withNamed(known, groups), groups, problems }
  })
}

/**
 * Works with the resources of a cluster, by the kubeconfig or the service account. `problems`: how many lists of them could not
 * be read, which `note` names. Rejects with a SyncError ResourcesNotListed if none could, or with the signal's reason.
 */
export async function withCluster<Result>(
  config: Config,
  { clock, chance, instance, stop }: ProcessEdges,
  note: (message: string) => void,
  work: (declarations: KubeDeclarations, problems: number) => Promise<Result>,
): Promise<Result> {
  const { kubeconfig, namespaces } = config.kube
  const { Cluster } = await import('../kube/runtime/kubeconfig.ts')
  const cluster = new Cluster(kubeconfig)
  const [watching, unlisted] = [new AbortController(), new Set<string>()]
  const denied = new AbortController()
  const client = new Client(cluster, clock, chance)
  const onError = (kind: string, code: string, message: string) => {
    if (kind !== 'SyncGroup' && kind !== 'ExchangeServer') return
    unlisted.add(message)
    if (code === 'ApiForbidden' && unlisted.size >= 2 * Math.max(1, namespaces.length))
      denied.abort()
  }
  const declarations = new KubeDeclarations(
    {
      client,
      clock,
      chance,
      namespaces,
      ...referenceRulesOf(config),
      unlabelled: config.trust.unlabelledSecrets ? () => {} : undefined,
      judge: (kind, resource) => judgeOf(kind)(resource),
      recorder: new Recorder({ client, clock, controller: 'exsync', instance, onError: note }),
      onError,
    },
    AbortSignal.any([watching.signal, stop]),
  )
  try {
    const ends = AbortSignal.any([stop, denied.signal, AbortSignal.timeout(settleMs)])
    await declarations.settled(ends)
    stop.throwIfAborted()
    const there = (await declarations.groups()).length + declarations.servers().length
    for (const message of unlisted) note(message)
    if (!declarations.synced && there === 0) throw notListed
    return await work(declarations, declarations.synced ? 0 : Math.max(1, unlisted.size))
  } finally {
    watching.abort()
    await cluster.close()
  }
}

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
