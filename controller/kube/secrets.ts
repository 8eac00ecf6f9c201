// The Secrets that ExchangeServers refer to, and no others: each is listed and watched by its own name, so the
// controller needs the right to read those alone, and holds no more of anybody's secrets than it uses. Credentials are taken
// only from a Secret whose owner allowed it by a label: who may create an ExchangeServer may not read Secrets, and would
// otherwise have any of them sent to a URL of their own.
import type { V1Secret } from '@kubernetes/client-node'
import { type Credentials, credentialsIn, credentialsLabel } from '../api/credentials.ts'
import type { ReflectorOptions } from './runtime/reflector.ts'
import { builtIn, type KubeObject } from './runtime/resource.ts'
import { type Watched, watched } from './runtime/watched.ts'

type Secret = V1Secret & KubeObject

/** A Secret as it is now: its keys, that there is none, that it may not be read, or not known yet. */
export type SecretLook = Credentials | 'missing' | 'forbidden' | 'unreadable' | 'unknown'

/** The same for credentials: `unlabelled` when the Secret's owner has not allowed it. */
export type CredentialsLook = SecretLook | 'unlabelled'

/** What the reflectors of Secrets have in common. */
export type SecretsOptions = Omit<
  ReflectorOptions<Secret>,
  'kind' | 'namespace' | 'name' | 'changed'
> &
  Readonly<{
    changed: () => void
    /** Called once for a Secret (namespace/name) whose credentials are taken although it lacks the label; undefined: they are not. */
    unlabelled: ((key: string) => void) | undefined
  }>

/** Watches Secrets by name. */
export class Secrets {
  readonly #options: SecretsOptions
  readonly #signal: AbortSignal
  readonly #watched = new Map<string, Watched<Secret>>()
  readonly #decoded = new WeakMap<Secret, Credentials>()
  readonly #warned = new Set<string>()

  constructor(options: SecretsOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** These Secrets (namespace/name) are wanted, and no others. */
  want(keys: ReadonlySet<string>): void {
    for (const [key, { end }] of this.#watched) {
      if (keys.has(key)) continue
      end.abort()
      this.#watched.delete(key)
    }
    for (const key of keys) if (!this.#watched.has(key)) this.#watch(key)
  }

  /** A Secret as it is now. */
  look(key: string): SecretLook {
    const reflector = this.#watched.get(key)?.reflector
    if (reflector === undefined) return 'unknown'
    const secret = reflector.get(key)
    if (secret !== undefined) return this.#credentialsOf(secret)
    if (reflector.synced) return 'missing'
    if (reflector.trouble === 'ApiForbidden') return 'forbidden'
    return reflector.persistent ? 'unreadable' : 'unknown'
  }

  /** The credentials in a Secret as it is now. */
  credentials(key: string): CredentialsLook {
    const labels = this.#watched.get(key)?.reflector.get(key)?.metadata.labels
    const look = this.look(key)
    if (typeof look === 'string' || labels?.[credentialsLabel] === 'true') return look
    const { unlabelled } = this.#options
    if (unlabelled === undefined) return 'unlabelled'
    if (!this.#warned.has(key)) unlabelled(key)
    this.#warned.add(key)
    return look
  }

  // The same for as long as the Secret is.
  #credentialsOf(secret: Secret): Credentials {
    const known = this.#decoded.get(secret) ?? credentialsIn(secret.data)
    this.#decoded.set(secret, known)
    return known
  }

  #watch(key: string): void {
    const [namespace = '', name = ''] = key.split('/')
    const { unlabelled: _, ...rest } = this.#options
    const options = { ...rest, kind: builtIn.secret, namespace, name }
    this.#watched.set(key, watched<Secret>(options, this.#signal))
  }
}
