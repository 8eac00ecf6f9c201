// The commands of a person on a cluster: through the API server, or in the controller's pod.
import type { Config } from '../../config.ts'
import { invalidArguments } from '../../core/sync-error.ts'
import type { Out } from '../output.ts'
import type { ProcessEdges } from '../runtime.ts'
import { approve } from './approve.ts'
import { bundleOfCluster } from './collect.ts'
import { Connection } from './connection.ts'
import { reconcile, suspend } from './edit.ts'
import { inPod } from './pod.ts'
import { clusterStatus } from './status.ts'
import { targetOf } from './target.ts'

/** The outputs of a command, and whether standard output is a terminal. */
export type Outputs = Readonly<{ out: Out; note: (line: string) => void; terminal: boolean }>

/** Runs the command, and answers its exit code. Rejects with a SyncError. */
export async function onCluster(
  config: Config,
  edges: ProcessEdges,
  outputs: Outputs,
): Promise<number> {
  const connection = await Connection.open(config, edges)
  try {
    return await commandOn(connection, config, edges, outputs)
  } finally {
    await connection.close()
  }
}

function commandOn(
  connection: Connection,
  config: Config,
  edges: ProcessEdges,
  { out, note, terminal }: Outputs,
): Promise<number> {
  const { command, rest, cluster } = config
  const target = (most: number) => {
    if (rest.length > most)
      throw invalidArguments(
        `exsync ${command} takes no ${rest.slice(most).join(' ')}: see exsync ${command} --help`,
      )
    const { namespace } = connection
    return targetOf(command, rest[0], { namespace, given: cluster.namespace !== undefined })
  }
  switch (command) {
    case 'status':
      return clusterStatus(connection, config, edges, out, note)
    case 'reconcile':
      return reconcile(connection, target(1), edges.clock.now(), out)
    case 'suspend':
    case 'resume':
      return suspend(connection, target(1), command === 'suspend', out, note)
    case 'approve':
      return approve(connection, target(2), rest[1], out)
    case 'support-bundle':
      return bundleOfCluster(connection, config, edges, out)
    default:
      return inPod(connection, config, terminal, edges.stop, note)
  }
}
