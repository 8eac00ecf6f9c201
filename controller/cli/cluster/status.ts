// `exsync status` on a cluster: the statuses that the resources have in the API server.
import type {
  ExchangeServer,
  ExchangeServerStatus,
  SyncGroup,
  SyncGroupStatus,
} from '../../api/resources.generated.ts'
import { fullNameOf } from '../../api/topology.ts'
import type { Config } from '../../config.ts'
import { syncErrorOf } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import type { ResourceKind } from '../../kube/runtime/resource.ts'
import { follow } from '../follow.ts'
import { type Named, type Statuses, showStatuses } from '../look.ts'
import type { Out } from '../output.ts'
import type { ProcessEdges } from '../runtime.ts'
import type { Connection } from './connection.ts'

/** The time between two looks at the API server, ms. */
const everyMs = 2_000

/**
 * Shows the statuses, with --watch again whenever they change; exit code 1 unless all groups are ready. `note` gets why servers
 * are not shown. Rejects with a SyncError if the groups cannot be listed.
 */
export async function clusterStatus(
  connection: Connection,
  config: Config,
  { clock, stop }: ProcessEdges,
  out: Out,
  note: (line: string) => void,
): Promise<number> {
  const scopes = scopesOf(config, connection.namespace)
  let noted = ''
  const show = async (line: Out) => {
    const statuses = await statusesIn(connection, scopes, (message) => {
      if (message !== noted) note(`exsync: ${message}`)
      noted = message
    })
    return showStatuses(statuses, clock.now(), line, config.output)
  }
  if (!config.watch) return show(out)
  return follow(show, out, clock, stop, everyMs)
}

/** The namespaces of a line; undefined is all of them. In a pod these are the namespaces that its controller watches. */
export function scopesOf(
  { cluster, kube, inPod }: Config,
  namespace: string,
): readonly (string | undefined)[] {
  if (cluster.allNamespaces) return [undefined]
  if (cluster.namespace !== undefined || !inPod) return [namespace]
  return kube.namespaces.length === 0 ? [undefined] : kube.namespaces
}

async function statusesIn(
  connection: Connection,
  scopes: readonly (string | undefined)[],
  note: (message: string) => void,
): Promise<Statuses> {
  const all = async <Kept extends SyncGroup | ExchangeServer>(kind: ResourceKind) => {
    const found: Kept[] = []
    for (const scope of scopes)
      for (const each of await connection.list<Kept>(kind, scope)) found.push(each)
    return found
  }
  const groups = await all<SyncGroup>(kinds.syncGroup)
  // A person with the right to read groups only must see them.
  const servers = await all<ExchangeServer>(kinds.exchangeServer).catch((error: unknown) => {
    note(syncErrorOf(error).message)
    return []
  })
  return {
    groups: groups.map((each) => named<SyncGroupStatus>(each)),
    servers: servers.map((each) => named<ExchangeServerStatus>(each)),
  }
}

function named<Kept extends SyncGroupStatus | ExchangeServerStatus>(
  resource: Readonly<{
    metadata: SyncGroup['metadata']
    spec: Readonly<{ suspend?: boolean }>
    status?: Kept
  }>,
): Named<Kept> {
  const { spec, status } = resource
  return {
    name: fullNameOf(resource),
    suspended: spec.suspend === true,
    status: status ?? ({} as Kept),
  }
}
