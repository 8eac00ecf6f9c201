// The ServerDeclarations port over a directory. ExchangeServers are probed as in a cluster. While a server is declared,
// its status is in STATE/status/exchangeservers/<namespace>.<name>.yaml.
import { type Access, accessPrint } from '../api/references.ts'
import type { ExchangeServer, ExchangeServerStatus } from '../api/resources.generated.ts'
import { nameOfServer, namesIn } from '../api/topology.ts'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { ChangeSignal } from '../sync/change-signal.ts'
import type { DeclaredServer, ServerDeclarations } from '../sync/ports/servers.ts'
import type { Clock } from '../sync/ports.ts'
import { judgeOf } from '../validation/schemas.ts'
import { hashOfSpec, ownedOf, Statuses } from './statuses.ts'

/** The ExchangeServers of a directory at its last reading. */
export type DeclaredServers = Readonly<{
  servers: readonly Readonly<{
    server: ExchangeServer
    /** A digest of the whole declaration. */
    hash: string
    /** The fault of a newer, invalid version. */
    invalid: string | undefined
    access: Access
  }>[]
  /** Resources of all kinds that were never valid: `<kind>/<namespace>/<name>` → reason. */
  refused: ReadonlyMap<string, string>
  /** Was a missing resource certainly removed on purpose? */
  certain: boolean
}>

/** The ExchangeServers of a directory. */
export class LocalServers implements ServerDeclarations {
  readonly #store: Statuses<ExchangeServer>
  readonly #clock: Clock
  readonly #declared: () => Promise<DeclaredServers>
  readonly #changes = new ChangeSignal()
  #ids: ReadonlySet<string> = new Set()

  /** `declared` reads the directory again when it may have changed. */
  constructor(stateDirectory: string, clock: Clock, declared: () => Promise<DeclaredServers>) {
    this.#store = new Statuses(stateDirectory, 'ExchangeServer')
    this.#clock = clock
    this.#declared = declared
  }

  /** Records that the directory may have changed, or was read again. */
  readonly touched = this.#changes.notify

  async servers(): Promise<readonly DeclaredServer[]> {
    this.#changes.clear()
    const { servers, refused, certain } = await this.#declared()
    const known = servers.map(async (each): Promise<DeclaredServer> => {
      const { hash, invalid, access } = each
      const broken = invalid === undefined ? undefined : invalidSpec(invalid)
      const server = await this.#owned(each.server)
      const fingerprint = digestOf(hash, accessPrint(new Map([['', access]])), invalid ?? '')
      return { id: nameOfServer(server), server, access, broken, fingerprint }
    })
    const broken = [...refused].flatMap(([key, why]) => {
      const [kind, namespace = 'default', name = ''] = key.split('/')
      return kind === 'ExchangeServer' ? [this.#broken({ namespace, name }, why)] : []
    })
    const all = await Promise.all([...known, ...broken])
    this.#ids = new Set(all.map(({ id }) => id))
    if (certain) await this.#prune()
    return all
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.changed(signal)
  }

  async report({ id, server }: DeclaredServer, status: ExchangeServerStatus): Promise<void> {
    if (!this.#ids.has(id)) return
    const { apiVersion, kind, metadata, spec } = server
    const { generation, creationTimestamp } = metadata
    const annotations = hashOfSpec(spec)
    const own = { ...namesIn(id), generation, creationTimestamp, annotations }
    await this.#store.write(id, { apiVersion, kind, metadata: own, status })
    // The server may have been removed from the directory while its status was written.
    if (!this.#ids.has(id)) await this.#store.remove(id)
  }

  // Adds the fields that an API server would keep: generation, creation time and status.
  async #owned(server: ExchangeServer): Promise<ExchangeServer> {
    const stored = await this.#store.of(nameOfServer(server))
    const metadata = { ...server.metadata, ...ownedOf(server, stored, this.#clock.now()) }
    const { status } = stored
    return { ...server, metadata, ...(status === undefined ? {} : { status }) } as ExchangeServer
  }

  // A server without a valid version: only its name is known.
  async #broken(metadata: ExchangeServer['metadata'], why: string): Promise<DeclaredServer> {
    const { spec } = judgeOf('ExchangeServer')({ spec: unreachable })
    const named = {
      apiVersion: 'exchangesync.dev/v1alpha1',
      kind: 'ExchangeServer',
      metadata,
      spec,
    }
    const server = await this.#owned(named as ExchangeServer)
    const broken = invalidSpec(why === '' ? 'it is not valid' : why)
    const access: Access = { state: 'blocked', server: undefined, error: broken }
    return { id: nameOfServer(server), server, access, broken, fingerprint: digestOf(why) }
  }

  // A status file that cannot be removed is tried again at the next reading.
  async #prune(): Promise<void> {
    for (const id of (await this.#store.all()).keys())
      if (!this.#ids.has(id)) await this.#store.remove(id).catch(() => {})
  }
}

const unreachable = {
  url: 'https://server.invalid/EWS/Exchange.asmx',
  auth: { type: 'Basic', secretRef: { name: 'none' } },
}

function invalidSpec(why: string): SyncError {
  return new SyncError('terminal', 'InvalidSpec', why)
}
