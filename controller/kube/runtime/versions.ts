// Compares resourceVersions, and two states of a resource. Versions are ordered (documented since Kubernetes 1.35; etcd
// always ordered them). A version that is no number has no order.
import type { KubeObject } from './resource.ts'

/** Is version `a` earlier than version `b`? */
export function isBefore(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}

/** Is `one` an earlier state than `other`? */
export function isOlder(one: KubeObject, other: KubeObject): boolean {
  return isBefore(one.metadata.resourceVersion ?? '', other.metadata.resourceVersion ?? '')
}

/** Are both the same resource (uid), and not one created again under the same name? */
export function isSame(one: KubeObject | undefined, other: KubeObject | undefined): boolean {
  return one?.metadata.uid === other?.metadata.uid
}

/** Is the resource deleted, and kept only by its finalizers? */
export function isEnding(resource: KubeObject | undefined): boolean {
  return resource?.metadata.deletionTimestamp !== undefined
}

/** Does `now` end the known resource: is it being deleted, or another one under the same name? */
export function ends(now: KubeObject, known: KubeObject | undefined): boolean {
  if (known !== undefined && !isSame(now, known)) return true
  return isEnding(now) && !isEnding(known)
}

/** Is everything that users write equal in both states: the spec (by generation), annotations and labels? */
export function saysSame(one: KubeObject, other: KubeObject): boolean {
  const said = ({ metadata: { generation, annotations, labels } }: KubeObject) =>
    JSON.stringify([generation, annotations, labels])
  return said(one) === said(other)
}
