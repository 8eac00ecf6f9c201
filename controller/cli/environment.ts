// What every command that reaches Exchange needs of the configuration.
import type { HostRules } from '../api/hosts.ts'
import type { Config } from '../config.ts'
import type { Connections } from '../ews/connections.ts'
import { keyFrom } from '../store/modes.ts'
import type { Key } from '../store/proof.ts'
import type { Environment } from '../sync/environment.ts'
import type { State } from '../sync/ports/state.ts'
import type { Clock, Declarations } from '../sync/ports.ts'

/** Where servers may be. The owner of a directory may have one on a loopback host. */
export function hostsOf({ command, local, trust }: Config): HostRules {
  const onDirectory = local !== undefined || ['plan', 'verify'].includes(command)
  return { hosts: trust.serverHosts, loopbackHttp: onDirectory || trust.loopbackHttp }
}

/** What reconciling needs of the declarations, the state and Exchange. */
export function environmentOf(
  declarations: Declarations,
  state: State,
  connections: Connections,
  clock: Clock,
): Omit<Environment, 'servers' | 'onEnded'> {
  return {
    declarations,
    replicas: (declared, signal, pace) => connections.replicas(declared, signal, pace),
    former: (declared, ids, signal, pace) => connections.former(declared, ids, signal, pace),
    baseline: (group) => state.baseline(group),
    recent: (group) => state.bin.conflicts(10, group),
    itemBytes: connections.itemBytes,
    clock,
  }
}

/** The key of the state, when the configuration names one. Rejects with a terminal SyncError. */
export async function keyIn({ keyFile }: Config): Promise<Key | undefined> {
  return keyFile === undefined ? undefined : keyFrom(keyFile, '--key-file')
}
