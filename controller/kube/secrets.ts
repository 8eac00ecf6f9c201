// The Secrets that ExchangeServers refer to. Each is listed and watched by its own name, so that the controller needs
// the right to read only these, and holds no other Secret. Credentials are taken only from a Secret that its owner
// labelled for this: without the label, a user who may create an ExchangeServer but may not read Secrets could have any
// Secret of the namespace sent to a URL of their choice.
import type { V1Secret } from '@kubernetes/client-node'
import { type Credentials, credentialsIn, credentialsLabel } from '../api/credentials.ts'
import type { Proposed } from './proposed.ts'
import type { ReflectorOptions } from './runtime/reflector.ts'
import { builtIn, type KubeObject } from './runtime/resource.ts'
import { type Watched, watched } from './runtime/watched.ts'

type Secret = V1Secret & KubeObject

/** The present content of a Secret, or the reason why there is none; `unknown` until the API server answered. */
export type SecretLook = Credentials | 'missing' | 'forbidden' | 'unreadable' | 'unknown'

/** The same for credentials; `unlabelled`: the owner of the Secret has not allowed the use. */
export type CredentialsLook = SecretLook | 'unlabelled'

/** The common options of the reflectors of Secrets. */
export type SecretsOptions = Omit<
  ReflectorOptions<Secret>,
  'kind' | 'namespace' | 'name' | 'changed'
> &
  Readonly<{
    changed: () => void
    /**
     * Called once for each Secret (namespace/name) that is used without its label; undefined: such Secrets are refused.
     */
    unlabelled: ((key: string) => void) | undefined
    /** For a plan: Secrets that replace those of the cluster. */
    proposed?: Proposed | undefined
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

  /** Watches exactly these Secrets (namespace/name). */
  want(keys: ReadonlySet<string>): void {
    for (const [key, { end }] of this.#watched) {
      if (keys.has(key)) continue
      end.abort()
      this.#watched.delete(key)
    }
    for (const key of keys) if (!this.#watched.has(key)) this.#watch(key)
  }

  /** The present content of a Secret. */
  look(key: string): SecretLook {
    const proposed = this.#options.proposed?.secret(key)
    if (proposed !== undefined) return proposed.credentials
    const reflector = this.#watched.get(key)?.reflector
    if (reflector === undefined) return 'unknown'
    const secret = reflector.get(key)
    if (secret !== undefined) return this.#credentialsOf(secret)
    if (reflector.synced) return 'missing'
    if (reflector.trouble === 'ApiForbidden') return 'forbidden'
    return reflector.persistent ? 'unreadable' : 'unknown'
  }

  /** A watched Secret as the cluster has it. */
  stored(key: string): Secret | undefined {
    return this.#watched.get(key)?.reflector.get(key)
  }

  /** The present credentials in a Secret. */
  credentials(key: string): CredentialsLook {
    const stored = this.#watched.get(key)?.reflector.get(key)?.metadata.labels
    const labels = { ...stored, ...this.#options.proposed?.secret(key)?.labels }
    const look = this.look(key)
    if (typeof look === 'string' || labels?.[credentialsLabel] === 'true') return look
    const { unlabelled } = this.#options
    if (unlabelled === undefined) return 'unlabelled'
    if (!this.#warned.has(key)) unlabelled(key)
    this.#warned.add(key)
    return look
  }

  // The same object for the same version of the Secret, so that comparisons by identity work.
  #credentialsOf(secret: Secret): Credentials {
    const known = this.#decoded.get(secret) ?? credentialsIn(secret.data)
    this.#decoded.set(secret, known)
    return known
  }

  #watch(key: string): void {
    const [namespace = '', name = ''] = key.split('/')
    const { unlabelled: _, proposed: __, ...rest } = this.#options
    const options = { ...rest, kind: builtIn.secret, namespace, name }
    this.#watched.set(key, watched<Secret>(options, this.#signal))
  }
}
