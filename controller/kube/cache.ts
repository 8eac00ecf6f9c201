// Caches the declarations of a cluster: the SyncGroups and ExchangeServers of all namespaces or some, and the Secrets
// that the servers name.
//
// Guarantees: every returned resource is usable (sound.ts). An invalid one is marked and hides no other. Names and
// contents from the cluster are looked up by own keys only, so that a name like `constructor` finds nothing.
import { type NamespaceLook, needsLabels } from '../api/allowed.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { GroupId } from '../core/id.ts'
import { least } from '../core/many.ts'
import type { Clock } from '../sync/ports.ts'
import type { Reach } from './declared.ts'
import { kinds } from './kinds.ts'
import { Namespaces } from './namespaces.ts'
import type { Proposed } from './proposed.ts'
import type { Client } from './runtime/client.ts'
import { Reflector } from './runtime/reflector.ts'
import type { KubeObject } from './runtime/resource.ts'
import { type SecretLook, Secrets } from './secrets.ts'
import { type Judge, type Sound, Soundness } from './sound.ts'

/** The watched resources, and the callbacks for changes. */
export type CopiesOptions = Readonly<{
  client: Client
  clock: Clock
  chance: () => number
  /** The watched namespaces; empty: all. */
  namespaces: readonly string[]
  /**
   * Called once for each Secret (namespace/name) that is used without its label; undefined: such Secrets are refused.
   */
  unlabelled?: ((key: string) => void) | undefined
  /** Decides whether a stored resource is usable. */
  judge: Judge
  /** A SyncGroup was added, changed or removed. */
  changed: (now: SyncGroup | undefined, before: SyncGroup | undefined) => void
  /** Another resource may have changed. */
  touched: () => void
  onError: (kind: string, code: string, message: string) => void
  /** For a plan: resources that replace those of the cluster, or are added. */
  proposed?: Proposed | undefined
}>

/** The caches. They run until the signal aborts. */
export class Copies {
  readonly #groups: readonly Reflector<SyncGroup>[]
  readonly #servers: readonly Reflector<ExchangeServer>[]
  readonly #secrets: Secrets
  readonly #namespaces: Namespaces
  readonly #soundness: Soundness
  readonly #proposed: Proposed | undefined

  constructor(options: CopiesOptions, signal: AbortSignal) {
    const { namespaces, unlabelled, touched, proposed } = options
    this.#proposed = proposed
    this.#soundness = new Soundness(options.judge)
    this.#groups = this.#reflectors<SyncGroup>(kinds.syncGroup, options, options.changed)
    this.#servers = this.#reflectors<ExchangeServer>(kinds.exchangeServer, options, touched)
    this.#secrets = new Secrets(
      { ...sourceOf(options, 'Secret'), changed: touched, unlabelled, proposed },
      signal,
    )
    this.#namespaces = new Namespaces(
      { ...sourceOf(options, 'Namespace'), changed: touched, scoped: namespaces.length > 0 },
      signal,
    )
    for (const reflector of this.#all) void reflector.run(signal)
  }

  // One reflector for each watched namespace, or one for all.
  #reflectors<Kept extends SyncGroup | ExchangeServer>(
    kind: (typeof kinds)['syncGroup' | 'exchangeServer'],
    options: CopiesOptions,
    onChange: (now: Kept | undefined, before: Kept | undefined) => void,
  ): readonly Reflector<Kept>[] {
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces
    return namespaces.map(
      (namespace) =>
        new Reflector<Kept>({
          ...sourceOf(options, kind.kind),
          ...{ kind, namespace, synced: options.touched },
          changed: (now, before) => {
            if (now === undefined && before !== undefined) this.#soundness.forget(before)
            onChange(now, before)
          },
        }),
    )
  }

  /** Are all SyncGroups and ExchangeServers listed? */
  get synced(): boolean {
    return this.#all.every(({ synced }) => synced)
  }

  /** Is everything listed that may be read? A namespace that may not be read does not delay the others. */
  get listed(): boolean {
    const some = this.#all.some(({ synced }) => synced)
    return some && this.#all.every((each) => each.synced || each.trouble === 'ApiForbidden')
  }

  /** The oldest time at which a watch last heard from the API server, ms since 1970. */
  get lastSeenMs(): number {
    return least(this.#all.map(({ lastSeenMs }) => lastSeenMs))
  }

  /** All SyncGroups, as the API server stores them. */
  groups(): readonly SyncGroup[] {
    const stored = this.#groups.flatMap((reflector) => reflector.values())
    return this.#proposed?.all('SyncGroup', stored) ?? stored
  }

  /** The usable version of a SyncGroup. */
  soundGroup(group: SyncGroup): Sound<SyncGroup> {
    return this.#soundness.of('SyncGroup', group)
  }

  /** One SyncGroup, as the API server stores it. */
  group(id: GroupId): SyncGroup | undefined {
    const stored = firstOf(this.#groups, id)
    return this.#proposed?.one('SyncGroup', id, stored) ?? stored
  }

  /** The usable versions of all ExchangeServers. */
  servers(): readonly Sound<ExchangeServer>[] {
    const stored = this.#servers.flatMap((reflector) => reflector.values())
    const all = this.#proposed?.all('ExchangeServer', stored) ?? stored
    return all.map((server) => this.#soundness.of('ExchangeServer', server))
  }

  /** The usable version of one ExchangeServer, by namespace/name. */
  server(key: string): Sound<ExchangeServer> | undefined {
    const stored = firstOf(this.#servers, key)
    const found = this.#proposed?.one('ExchangeServer', key, stored) ?? stored
    return found && this.#soundness.of('ExchangeServer', found)
  }

  /** A SyncGroup, ExchangeServer or Secret as the cluster has it, whatever is proposed. */
  stored(kind: string, key: string): KubeObject | undefined {
    if (kind === 'SyncGroup') return firstOf(this.#groups, key)
    if (kind === 'ExchangeServer') return firstOf(this.#servers, key)
    return this.#secrets.stored(key)
  }

  /** Takes over the answer to one of our own writes. */
  applyLocal(written: SyncGroup | ExchangeServer): void {
    const of: readonly Pick<Reflector<SyncGroup | ExchangeServer>, 'applyLocal'>[] =
      written.kind === 'SyncGroup' ? this.#groups : this.#servers
    for (const reflector of of) reflector.applyLocal(written)
  }

  /** Watches the Secrets that the servers name, and the labels of namespaces if a server selects by them. */
  wantReferred(): void {
    const named = this.servers().filter(({ standIn }) => !standIn)
    this.#namespaces.want(named.some(({ resource }) => needsLabels(resource)))
    const keys = named.flatMap(({ resource: { metadata, spec } }) =>
      [spec.auth.secretRef, spec.tls?.caSecretRef].flatMap((secret) =>
        secret === undefined ? [] : [`${metadata.namespace}/${secret.name}`],
      ),
    )
    this.#secrets.want(new Set(keys))
  }

  /** The labels of a namespace; undefined while they are not known. */
  namespace(name: string): NamespaceLook | undefined {
    return this.#namespaces.look(name)
  }

  /** The credentials and the certificate authority for a server, as far as they are known. */
  reachOf({ metadata: { namespace }, spec: { auth, tls } }: ExchangeServer): Reach {
    const key = `${namespace}/${auth.secretRef.name}`
    const signIn = this.#secrets.credentials(key)
    const trust =
      tls === undefined ? {} : this.#secrets.look(`${namespace}/${tls.caSecretRef.name}`)
    const which = (look: SecretLook) =>
      signIn === look ? auth.secretRef.name : trust === look ? tls?.caSecretRef.name : undefined
    const authority = tls === undefined || typeof trust === 'string' ? undefined : trust
    return {
      credentials: typeof signIn === 'string' ? undefined : signIn,
      ca: authority?.[tls?.caSecretRef.key ?? ''],
      pending: signIn === 'unknown' || trust === 'unknown',
      forbidden: which('forbidden'),
      unreadable: which('unreadable'),
      unlabelled: signIn === 'unlabelled' ? key : undefined,
    }
  }

  get #all(): readonly Reflector<SyncGroup | ExchangeServer>[] {
    return [...this.#groups, ...this.#servers] as Reflector<SyncGroup | ExchangeServer>[]
  }
}

function firstOf<Kept extends SyncGroup | ExchangeServer>(
  reflectors: readonly Reflector<Kept>[],
  key: string,
): Kept | undefined {
  for (const reflector of reflectors) {
    const found = reflector.get(key)
    if (found !== undefined) return found
  }
  return undefined
}

// The common options of the reflectors of one kind.
function sourceOf({ client, clock, chance, onError }: CopiesOptions, kind: string) {
  const report = (code: string, message: string) => onError(kind, code, message)
  return { client, clock, chance, onError: report }
}
