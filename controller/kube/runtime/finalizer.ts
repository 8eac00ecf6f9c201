// Adds and removes a finalizer: while it is set, Kubernetes keeps a deleted resource, so that its cleanup can run. Each
// write names the resourceVersion that was read, so that no finalizer of another controller is lost.
import { resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'

/**
 * Adds the finalizer and answers the resource with it. Rejects as `Client.json` does, with 409 if the resource changed
 * twice meanwhile, and when an answer is about another resource.
 */
export async function withFinalizer(
  client: Client,
  kind: ResourceKind,
  resource: KubeObject,
  finalizer: string,
  signal: AbortSignal,
): Promise<KubeObject> {
  const add = (each: readonly string[]) => [...each, finalizer]
  return (await rewritten(client, kind, resource, add, signal)) ?? resource
}

/** Removes the finalizer and answers the resource without it; undefined if the resource no longer exists. */
export async function withoutFinalizer(
  client: Client,
  kind: ResourceKind,
  resource: KubeObject,
  finalizer: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const drop = (each: readonly string[]) => each.filter((one) => one !== finalizer)
  try {
    return await rewritten(client, kind, resource, drop, signal)
  } catch (error) {
    if (isMissing(error, resource.metadata.name ?? '')) return undefined
    throw error
  }
}

async function rewritten(
  client: Client,
  kind: ResourceKind,
  resource: KubeObject,
  change: (finalizers: readonly string[]) => readonly string[],
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const path = pathOf(kind, resource.metadata.namespace, resource.metadata.name)
  const { namespace, name, uid } = resource.metadata
  const write = async ({ metadata: { resourceVersion, finalizers = [] } }: KubeObject) => {
    const answer = await client.json(
      {
        method: 'PATCH',
        path,
        type: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion, finalizers: change(finalizers) } },
      },
      signal,
    )
    return resourceIn(kind, { namespace, name, uid }, answer)
  }
  try {
    return await write(resource)
  } catch (error) {
    if (!isStatus(error, 409)) throw error
    const answer = await client.json({ method: 'GET', path }, signal)
    const now = resourceIn(kind, { namespace, name }, answer)
    // A new resource under the same name is not ours to change.
    if (now.metadata.uid !== uid) return undefined
    return write(now)
  }
}
