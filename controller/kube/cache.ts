// Copies of what is declared in a cluster: SyncGroups and ExchangeServers, of all namespaces or some, and the Secrets
// that the servers name.
//
// Guarantees: what is handed out can be taken (sound.ts); one that cannot says so, and hides no other. Whatever a
// server or a Secret is called, and whatever it holds, is looked up by own keys only.
import { type NamespaceLook, needsLabels } from '../api/allowed.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { GroupId } from '../core/id.ts'
import { least } from '../core/many.ts'
import type { Clock } from '../sync/ports.ts'
import type { Reach } from './declared.ts'
import { kinds } from './kinds.ts'
import { Namespaces } from './namespaces.ts'
import type { Client } from './runtime/client.ts'
import { Reflector } from './runtime/reflector.ts'
import { type SecretLook, Secrets } from './secrets.ts'
import { type Judge, type Sound, Soundness } from './sound.ts'

/** What is copied, and who is told of changes. */
export type CopiesOptions = Readonly<{
  client: Client
  clock: Clock
  chance: () => number
  /** Which namespaces; none: all. */
  namespaces: readonly string[]
  /** Called once for a Secret (namespace/name) that is used without its label; undefined: none is. */
  unlabelled?: ((key: string) => void) | undefined
  judge: Judge
  /** A SyncGroup is otherwise. */
  changed: (now: SyncGroup | undefined, before: SyncGroup | undefined) => void
  /** Something else may be. */
  touched: () => void
  onError: (kind: string, code: string, message: string) => void
}>

/** The copies. They run until the signal aborts. */
export class Copies {
  readonly #groups: readonly Reflector<SyncGroup>[]
  readonly #servers: readonly Reflector<ExchangeServer>[]
  readonly #secrets: Secrets
  readonly #namespaces: Namespaces
  readonly #soundness: Soundness

  constructor(options: CopiesOptions, signal: AbortSignal) {
    const { client, clock, chance, namespaces, changed, touched, onError } = options
    const base = { client, clock, chance }
    this.#soundness = new Soundness(options.judge)
    const places = namespaces.length === 0 ? [undefined] : namespaces
    const each = <Kept extends SyncGroup | ExchangeServer>(
      kind: (typeof kinds)['syncGroup' | 'exchangeServer'],
      told: (now: Kept | undefined, before: Kept | undefined) => void,
    ) =>
      places.map(
        (namespace) =>
          new Reflector<Kept>({
            ...{ ...base, kind, namespace, synced: touched },
            changed: (now, before) => {
              if (now === undefined && before !== undefined) this.#soundness.forget(before)
              told(now, before)
            },
            onError: (code, message) => onError(kind.kind, code, message),
          }),
      )
    this.#groups = each<SyncGroup>(kinds.syncGroup, changed)
    this.#servers = each<ExchangeServer>(kinds.exchangeServer, touched)
    const seen = {
      changed: touched,
      unlabelled: options.unlabelled,
      onError: (code: string, message: string) => onError('Secret', code, message),
    }
    this.#secrets = new Secrets({ ...base, ...seen }, signal)
    this.#namespaces = new Namespaces(
      {
        ...base,
        scoped: namespaces.length > 0,
        changed: touched,
        onError: (code, message) => onError('Namespace', code, message),
      },
      signal,
    )
    for (const reflector of this.#all) void reflector.run(signal)
  }

  /** Are all SyncGroups and ExchangeServers known? */
  get synced(): boolean {
    return this.#all.every(({ synced }) => synced)
  }

  /** Is all known that may be? A namespace whose resources may not be read does not keep the others waiting. */
  get listed(): boolean {
    const some = this.#all.some(({ synced }) => synced)
    return some && this.#all.every((each) => each.synced || each.trouble === 'ApiForbidden')
  }

  /** When the API server was last heard of by the one that heard of it longest ago, ms since 1970. */
  get lastSeenMs(): number {
    return least(this.#all.map(({ lastSeenMs }) => lastSeenMs))
  }

  /** All SyncGroups, as they are stored. */
  groups(): readonly SyncGroup[] {
    return this.#groups.flatMap((reflector) => reflector.values())
  }

  /** A SyncGroup as it can be taken. */
  soundGroup(group: SyncGroup): Sound<SyncGroup> {
    return this.#soundness.of('SyncGroup', group)
  }

  /** One SyncGroup, as it is stored. */
  group(id: GroupId): SyncGroup | undefined {
    return firstOf(this.#groups, id)
  }

  /** All ExchangeServers. */
  servers(): readonly Sound<ExchangeServer>[] {
    const all = this.#servers.flatMap((reflector) => reflector.values())
    return all.map((server) => this.#soundness.of('ExchangeServer', server))
  }

  /** One ExchangeServer, by namespace/name. */
  server(key: string): Sound<ExchangeServer> | undefined {
    const found = firstOf(this.#servers, key)
    return found && this.#soundness.of('ExchangeServer', found)
  }

  /** Takes over what a write of ours answered. */
  applyLocal(written: SyncGroup | ExchangeServer): void {
    const of: readonly Pick<Reflector<SyncGroup | ExchangeServer>, 'applyLocal'>[] =
      written.kind === 'SyncGroup' ? this.#groups : this.#servers
    for (const reflector of of) reflector.applyLocal(written)
  }

  /** Looks after the Secrets that the servers name, and the namespaces' labels where one decides by them. */
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

  /** What is known of a namespace that a server decides by; undefined: nothing yet. */
  namespace(name: string): NamespaceLook | undefined {
    return this.#namespaces.look(name)
  }

  /** What a server is reached with, as far as it is known. */
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
