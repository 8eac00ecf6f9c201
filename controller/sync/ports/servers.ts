// The port of the declared ExchangeServers, and of their statuses.
import type { Access } from '../../api/references.ts'
import type { ExchangeServer, ExchangeServerStatus } from '../../api/resources.generated.ts'
import type { SyncError } from '../../core/sync-error.ts'

/** One ExchangeServer as it is declared now, with what it refers to. */
export type DeclaredServer = Readonly<{
  /** namespace/name. */
  id: string
  /** With the status that was reported last. */
  server: ExchangeServer
  /** The access to it, or the reason why it is blocked. */
  access: Access
  /** The error of an invalid spec: nothing of it can be used. */
  broken: SyncError | undefined
  /** Changes whenever any of the above but the status does; undefined while a Secret is not known yet. */
  fingerprint: string | undefined
}>

/** Reads the declared ExchangeServers, and writes their statuses. */
export interface ServerDeclarations {
  /** The ExchangeServers as they are declared now. */
  servers(): Promise<readonly DeclaredServer[]>
  /** Resolves when something may have changed since the last call of `servers`. */
  changed(signal: AbortSignal): Promise<void>
  /** Writes the status of a server. Writes nothing for a server that is no longer declared. */
  report(declared: DeclaredServer, status: ExchangeServerStatus, signal: AbortSignal): Promise<void>
}
