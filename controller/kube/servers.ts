// The ServerDeclarations port over the Kubernetes API: reads the caches of KubeDeclarations, and writes the statuses
// and events of ExchangeServers.
import { requestAnnotation } from '../api/annotations.ts'
import { isNews } from '../api/conditions.ts'
import { serverStory, suspendedStory } from '../api/events.ts'
import { accessPrint } from '../api/references.ts'
import type { ExchangeServer, ExchangeServerStatus } from '../api/resources.generated.ts'
import { nameOfServer } from '../api/topology.ts'
import { digestOf } from '../core/id.ts'
import type { ChangeSignal } from '../sync/change-signal.ts'
import type { DeclaredServer, ServerDeclarations } from '../sync/ports/servers.ts'
import type { KubeDeclarations } from './declarations.ts'
import type { KnownServer } from './declared.ts'
import { kinds } from './kinds.ts'
import { asSyncError } from './runtime/api-error.ts'
import { applyStatus } from './runtime/apply-status.ts'
import type { Client } from './runtime/client.ts'
import type { Recorder } from './runtime/events.ts'

/** The collaborators of the port. */
export type KubeServersOptions = Readonly<{
  client: Client
  declarations: KubeDeclarations
  recorder: Recorder
}>

/** The ExchangeServers of a cluster. */
export class KubeServers implements ServerDeclarations {
  readonly #options: KubeServersOptions
  readonly #changes: ChangeSignal

  constructor(options: KubeServersOptions) {
    this.#options = options
    this.#changes = options.declarations.reader()
  }

  async servers(): Promise<readonly DeclaredServer[]> {
    // Clear the signal first: a change during this call must wake the next `changed()`.
    this.#changes.clear()
    return this.#options.declarations.servers().map(declaredOf)
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.changed(signal)
  }

  /** Writes a status that says something new, and records events. Rejects with a SyncError. */
  async report(
    { id, server }: DeclaredServer,
    status: ExchangeServerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, declarations, recorder } = this.#options
    const now = declarations.servers().find((each) => nameOfServer(each.server) === id)?.server
    if (now === undefined || now.metadata.uid !== server.metadata.uid) return
    if (!isNews(now.status, status)) return
    try {
      const kind = kinds.exchangeServer
      const written = await applyStatus<ExchangeServer>(client, kind, now, status, signal)
      if (written === undefined) return
      declarations.applyLocalServer(written)
    } catch (error) {
      throw asSyncError(error)
    }
    const paused = suspendedStory(server, server.status, status)
    const story = [...serverStory(server.status, status), ...paused]
    for (const event of story) void recorder.tell(now, event, signal)
  }
}

function declaredOf(known: KnownServer): DeclaredServer {
  const { server, access, pending, broken } = known
  const fingerprint = pending ? undefined : fingerprintOf(known)
  return { id: nameOfServer(server), server, access, broken, fingerprint }
}

// Everything except the status.
function fingerprintOf({ server: { metadata, spec }, access, broken }: KnownServer): string {
  const asked = metadata.annotations?.[requestAnnotation] ?? ''
  return digestOf(
    metadata.uid ?? '',
    JSON.stringify([metadata.generation, asked, spec, broken?.message]),
    accessPrint(new Map([['', access]])),
  )
}
