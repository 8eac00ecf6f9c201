// A finalizer: as long as it is there, Kubernetes keeps a resource that was deleted, so that what has to be done
// about it is done. Written with the version it was read at, so that no other is lost.
import { resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'

/**
 * The resource with the finalizer. Rejects as `Client.json` does; 409 when it changed twice meanwhile; and when an answer
 * is about another one.
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

/** The resource without it; undefined when it is not there any more. */
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
    // Another one under the same name is nothing of ours.
    if (now.metadata.uid !== uid) return undefined
    return write(now)
  }
}
