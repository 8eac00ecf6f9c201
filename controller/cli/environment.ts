// The parts of the configuration that every command with access to Exchange needs.
import type { HostRules } from '../api/hosts.ts'
import type { ReferenceRules } from '../api/references.ts'
import type { Config } from '../config.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Connections } from '../ews/connections.ts'
import { keyFrom } from '../store/modes.ts'
import type { Key } from '../store/proof.ts'
import type { Environment } from '../sync/environment.ts'
import type { State } from '../sync/ports/state.ts'
import type { Clock, Declarations } from '../sync/ports.ts'
import type { Source } from '../validation/documents.ts'
import { readFileText } from '../validation/read-file.ts'

/** The hosts that servers may be on. A directory may have a server on a loopback host. */
export function hostsOf({ local, files, trust }: Config): HostRules {
  const onDirectory = local !== undefined || files.length > 0
  return { hosts: trust.serverHosts, loopbackHttp: onDirectory || trust.loopbackHttp }
}

/** The operator's rules for references. */
export function referenceRulesOf(config: Config): ReferenceRules {
  return { crossNamespace: config.trust.crossNamespace, hosts: hostsOf(config) }
}

/** The parts of the declarations, the state and Exchange that reconciling needs. */
export function environmentOf(
  declarations: Declarations,
  state: State,
  connections: Connections,
  clock: Clock,
): Omit<Environment, 'servers' | 'onEnded'> {
  return {
    declarations,
    replicas: (declared, signal, pace, resting) =>
      connections.replicas(declared, signal, pace, resting),
    former: (declared, left, signal, pace) => connections.former(declared, left, signal, pace),
    baseline: (group) => state.baseline(group),
    recent: (group) => state.bin.conflicts(10, group),
    itemBytes: connections.itemBytes,
    clock,
  }
}

/** The key of the state, if the configuration names one. Rejects with a terminal SyncError. */
export async function keyIn({ keyFile }: Config): Promise<Key | undefined> {
  return keyFile === undefined ? undefined : keyFrom(keyFile, '--key-file')
}

/** A file that a command names (-f). Rejects with a terminal SyncError. */
export async function sourceOf(name: string): Promise<Source> {
  const read = await readFileText(name, true)
  if (read !== undefined && read.unread === undefined) return { name, ...read }
  const why = read?.unread ?? 'does not exist: check the name'
  throw new SyncError('terminal', 'FileUnreadable', `cannot read ${name}: it ${why}`)
}
