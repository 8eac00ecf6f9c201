// The labels of namespaces. They are watched only while an ExchangeServer selects by them, and only if the controller
// watches all namespaces.
import type { NamespaceLook } from '../api/allowed.ts'
import type { ReflectorOptions } from './runtime/reflector.ts'
import { builtIn, type KubeObject } from './runtime/resource.ts'
import { type Watched, watched } from './runtime/watched.ts'

/** The options of the reflector. */
export type NamespacesOptions = Omit<
  ReflectorOptions<KubeObject>,
  'kind' | 'namespace' | 'name' | 'changed'
> &
  Readonly<{
    /** Does the controller watch only some namespaces? Then it may not read the namespaces themselves. */
    scoped: boolean
    changed: () => void
  }>

/** Watches namespaces on demand. */
export class Namespaces {
  readonly #options: NamespacesOptions
  readonly #signal: AbortSignal
  #watched: Watched<KubeObject> | undefined

  constructor(options: NamespacesOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Starts or ends the watch. */
  want(wanted: boolean): void {
    const { scoped, ...rest } = this.#options
    if (scoped || wanted === (this.#watched !== undefined)) return
    if (!wanted) {
      this.#watched?.end.abort()
      this.#watched = undefined
      return
    }
    this.#watched = watched({ ...rest, kind: builtIn.namespace }, this.#signal)
  }

  /** The labels of a namespace; undefined while they are not known. */
  look(name: string): NamespaceLook | undefined {
    if (this.#options.scoped) return 'unreadable'
    const reflector = this.#watched?.reflector
    if (reflector?.synced) {
      const namespace = reflector.get(`/${name}`)
      return namespace === undefined ? 'missing' : (namespace.metadata.labels ?? {})
    }
    const never = reflector?.trouble === 'ApiForbidden' || reflector?.persistent
    return never ? 'unreadable' : undefined
  }
}
