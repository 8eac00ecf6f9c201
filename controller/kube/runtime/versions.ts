// The order of versions, and what they say of two looks at one resource. Versions are ordered (Kubernetes 1.35 says
// so; etcd always did); those that are no numbers are in no order.
import type { KubeObject } from './resource.ts'

/** Is the first version an earlier one? */
export function isBefore(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}

/** Is the first an earlier state than the second? */
export function isOlder(one: KubeObject, other: KubeObject): boolean {
  return isBefore(one.metadata.resourceVersion ?? '', other.metadata.resourceVersion ?? '')
}

/** Is it the same resource, and not another one under its name? */
export function isSame(one: KubeObject | undefined, other: KubeObject | undefined): boolean {
  return one?.metadata.uid === other?.metadata.uid
}

/** Is it deleted, and there only until its finalizers are gone? */
export function isEnding(resource: KubeObject | undefined): boolean {
  return resource?.metadata.deletionTimestamp !== undefined
}

/** Would the first end what is known: is it being deleted, or another one under the name? */
export function ends(now: KubeObject, known: KubeObject | undefined): boolean {
  if (known !== undefined && !isSame(now, known)) return true
  return isEnding(now) && !isEnding(known)
}

/** Do two states of a resource hold the same of what users write: its spec, by generation, annotations and labels? */
export function saysSame(one: KubeObject, other: KubeObject): boolean {
  const said = ({ metadata: { generation, annotations, labels } }: KubeObject) =>
    JSON.stringify([generation, annotations, labels])
  return said(one) === said(other)
}
