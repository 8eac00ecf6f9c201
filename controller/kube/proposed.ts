// Resources of a proposed declaration, laid over those of a cluster: a plan shows what would happen with them. Nothing is
// written. A replaced resource keeps its identity: its uid, its age and its status.
import type { V1Secret } from '@kubernetes/client-node'
import { type Credentials, credentialsIn } from '../api/credentials.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { fullNameOf } from '../api/topology.ts'

type Kinds = Readonly<{ SyncGroup: SyncGroup; ExchangeServer: ExchangeServer }>
type Kind = keyof Kinds
type Resource = SyncGroup | ExchangeServer

/** The content of a Secret, and its labels. */
export type ProposedSecret = Readonly<{
  credentials: Credentials
  labels: Readonly<Record<string, string>>
}>

/** The proposed resources by kind and name. */
export class Proposed {
  readonly #resources = new Map<string, Resource>()
  readonly #secrets = new Map<string, ProposedSecret>()
  /** The same object for the same version, so that comparisons by identity work. */
  readonly #whole = new WeakMap<Resource, Resource>()

  /** `nowMs`: the creation time of new resources, ms since 1970. */
  constructor(resources: readonly (Resource | V1Secret)[], nowMs: number) {
    const creationTimestamp = new Date(nowMs).toISOString()
    for (const resource of resources) {
      if (resource.kind === 'Secret') this.#take(resource as V1Secret)
      else {
        const { metadata, ...rest } = resource as Resource
        const own = { generation: 1, creationTimestamp, ...metadata }
        this.#resources.set(keyOf(resource), { ...rest, metadata: own } as unknown as Resource)
      }
    }
  }

  #take(secret: V1Secret): void {
    this.#secrets.set(fullNameOf(secret as { metadata: object }), {
      credentials: credentialsIn(secret.data),
      labels: secret.metadata?.labels ?? {},
    })
  }

  /** All resources of a kind: those of the cluster, replaced where one is proposed, and the new ones. */
  all<K extends Kind>(kind: K, stored: readonly Kinds[K][]): readonly Kinds[K][] {
    const known = new Set(stored.map((each) => `${kind}/${fullNameOf(each)}`))
    const added = [...this.#resources].flatMap(([key, each]) =>
      each.kind === kind && !known.has(key) ? [each as Kinds[K]] : [],
    )
    return [...stored.map((each) => this.#over(kind, each)), ...added]
  }

  /** One resource by namespace/name; `stored`: that of the cluster. */
  one<K extends Kind>(kind: K, name: string, stored: Kinds[K] | undefined): Kinds[K] | undefined {
    if (stored !== undefined) return this.#over(kind, stored)
    return this.#resources.get(`${kind}/${name}`) as Kinds[K] | undefined
  }

  /** The proposed Secret of this namespace/name. */
  secret(name: string): ProposedSecret | undefined {
    return this.#secrets.get(name)
  }

  #over<K extends Kind>(kind: K, stored: Kinds[K]): Kinds[K] {
    const proposed = this.#resources.get(`${kind}/${fullNameOf(stored)}`)
    if (proposed === undefined) return stored
    const whole = this.#whole.get(stored) ?? merged(stored, proposed)
    this.#whole.set(stored, whole)
    return whole as Kinds[K]
  }
}

// As `kubectl apply` would leave it: labels and annotations are added to those that are there.
function merged(stored: Resource, proposed: Resource): Resource {
  const { metadata } = stored
  const both = (field: 'labels' | 'annotations') => ({
    ...metadata[field],
    ...proposed.metadata[field],
  })
  return {
    ...stored,
    spec: proposed.spec,
    metadata: {
      ...metadata,
      labels: both('labels'),
      annotations: both('annotations'),
      generation: (metadata.generation ?? 0) + 1,
    },
  } as Resource
}

function keyOf(resource: Readonly<{ kind?: string; metadata?: object }>): string {
  return `${resource.kind}/${fullNameOf({ metadata: resource.metadata ?? {} })}`
}
