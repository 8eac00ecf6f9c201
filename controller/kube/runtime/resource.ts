// Kubernetes resources: the fields that every one has, and the paths of their kinds.
import type { V1ObjectMeta } from '@kubernetes/client-node'

/** Any resource as the server sends it. Times are strings, although client-node's types say Date. */
export type KubeObject = Readonly<{
  apiVersion?: string
  kind?: string
  metadata: V1ObjectMeta
}>

/**
 * A kind and its API path. `clusterWide`: its resources have no namespace. `conditions`: the types of the conditions
 * that the controller writes.
 */
export type ResourceKind = Readonly<{
  apiVersion: string
  kind: string
  plural: string
  clusterWide?: true
  conditions?: readonly string[]
}>

/** Kinds that every API server has. */
export const builtIn = {
  secret: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
  namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', clusterWide: true },
  lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' },
  event: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events' },
} as const satisfies Record<string, ResourceKind>

/** The path of a kind in all namespaces or in one, of one resource, or of its subresource. */
export function pathOf(
  { apiVersion, plural }: ResourceKind,
  namespace?: string,
  name?: string,
  subresource?: 'status',
): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}${place}/${plural}${one}${subresource === undefined ? '' : `/${subresource}`}`
}

/** The key of a resource: namespace/name. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
}

/** A time, ms since 1970, as a MicroTime (six digits). */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
