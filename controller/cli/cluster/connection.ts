// A person's connection to the API server, by their kubeconfig and with their rights. Every failure says what happened to which
// resource; it never says that the controller tries again, because here a person waits.
import type { Config } from '../../config.ts'
import { SyncError } from '../../core/sync-error.ts'
import { resourceIn } from '../../kube/runtime/answers.ts'
import { asSyncError, isMissing, isStatus } from '../../kube/runtime/api-error.ts'
import { Client } from '../../kube/runtime/client.ts'
import type { Cluster } from '../../kube/runtime/kubeconfig.ts'
import { listed } from '../../kube/runtime/listing.ts'
import { type KubeObject, pathOf, type ResourceKind } from '../../kube/runtime/resource.ts'
import type { ProcessEdges } from '../runtime.ts'

/** The size of a page of a list, in resources. */
const pageSize = 500

/** The writer that the managed fields of an edited resource name. */
const fieldManager = 'kubectl-exsync'

/** One resource, by its kind and name. */
export type Target = Readonly<{ kind: ResourceKind; namespace: string; name: string }>

type About = Readonly<{
  kind: ResourceKind
  namespace: string | undefined
  name: string | undefined
}>

/** A connection to one API server as one person. */
export class Connection {
  readonly #cluster: Cluster
  readonly #client: Client
  readonly #signal: AbortSignal
  /** The namespace of names without one: that of the line, else that of the context. */
  readonly namespace: string

  private constructor(cluster: Cluster, client: Client, namespace: string, signal: AbortSignal) {
    this.#cluster = cluster
    this.#client = client
    this.#signal = signal
    this.namespace = namespace
  }

  /** Reads the kubeconfig. Rejects with a terminal SyncError KubeconfigUnusable. */
  static async open({ cluster: choice }: Config, edges: ProcessEdges): Promise<Connection> {
    // The Kubernetes client loads more slowly than everything else.
    const { Cluster } = await import('../../kube/runtime/kubeconfig.ts')
    const { clock, chance, stop } = edges
    const cluster = new Cluster(choice.kubeconfig, choice.context)
    const namespace = choice.namespace ?? cluster.namespace ?? 'default'
    return new Connection(cluster, new Client(cluster, clock, chance), namespace, stop)
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#cluster.close()
  }

  /** The resource. Rejects with a SyncError. */
  async get<Kept extends KubeObject>(target: Target): Promise<Kept> {
    const { kind, namespace, name } = target
    const path = pathOf(kind, namespace, name)
    return this.#about(target, async () =>
      resourceIn<Kept>(
        kind,
        { namespace, name },
        await this.#client.json({ method: 'GET', path }, this.#signal),
      ),
    )
  }

  /** All resources of a kind in one namespace, or in all, by namespace and name. Rejects with a SyncError. */
  async list<Kept extends KubeObject>(
    kind: ResourceKind,
    namespace: string | undefined,
    query?: Readonly<Record<string, string>>,
  ): Promise<readonly Kept[]> {
    return this.#about({ kind, namespace, name: undefined }, async () => {
      const options = { client: this.#client, kind, asked: { namespace }, query, limit: pageSize }
      const { found } = await listed<Kept>(options, this.#signal)
      return [...found.entries()]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([, each]) => each)
    })
  }

  /** The body of a path that is no resource, such as /version. Rejects with a SyncError. */
  async raw(path: string): Promise<unknown> {
    try {
      return await this.#client.json({ method: 'GET', path }, this.#signal)
    } catch (error) {
      throw errorAbout(path, error)
    }
  }

  /**
   * Merges a change into the resource. `version`: only if it still is this version of it; answers false if it is another.
   * Rejects with a SyncError.
   */
  async merge(target: Target, change: object, version?: string): Promise<boolean> {
    const { kind, namespace, name } = target
    const { metadata = {}, ...rest } = change as Readonly<{ metadata?: object }>
    const own = version === undefined ? metadata : { ...metadata, resourceVersion: version }
    const call = {
      method: 'PATCH',
      path: pathOf(kind, namespace, name),
      query: { fieldManager, fieldValidation: 'Strict' },
      type: 'application/merge-patch+json',
      body: { metadata: own, ...rest },
    } as const
    return this.#about(target, async () => {
      try {
        await this.#client.json(call, this.#signal)
        return true
      } catch (error) {
        if (version !== undefined && isStatus(error, 409)) return false
        throw error
      }
    })
  }

  async #about<Result>(
    { kind, namespace, name }: About,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      this.#signal.throwIfAborted()
      if (name !== undefined && isMissing(error, name))
        throw new SyncError(
          'terminal',
          'ApiNotFound',
          `there is no ${kind.kind} ${namespace}/${name}: kubectl get ${kind.plural} -A lists them`,
          { cause: error },
        )
      const where = namespace === undefined ? 'all namespaces' : `the namespace ${namespace}`
      const what = name === undefined ? `${kind.plural} of ${where}` : `${namespace}/${name}`
      throw errorAbout(what, error)
    }
  }
}

function errorAbout(what: string, error: unknown): SyncError {
  const known = asSyncError(error)
  const { kind, code } = known
  const message = known.message.replace(/; the controller (tries|lists) again$/, '')
  const hint =
    code === 'ApiForbidden'
      ? '; docs/operations.md lists the rights that each command needs'
      : code === 'ApiServerUnreachable'
        ? '; does kubectl get namespaces answer?'
        : ''
  return new SyncError(kind, code, `${what}: ${message}${hint}`, { cause: error })
}
