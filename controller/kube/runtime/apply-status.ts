// Writes a status by server-side apply, as one field manager.
import { type Asked, resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'
import { witness } from './witness.ts'

/** Whose fields these are. */
export const fieldManager = 'exchange-sync-controller'

type Status = Readonly<{ conditions?: readonly Readonly<{ type: string }>[] | undefined }>

/** How often a status is applied to what changes meanwhile. */
const triesMax = 3

/**
 * Applies the status of a resource; answers the resource as it is then, and undefined where it is not there any more.
 * Rejects as `Client.json` does, and when an answer is about another one.
 *
 * The API server does not look at the uid of a status that is applied, but at its version: with that, a resource that
 * was made anew under the name gets none of this.
 */
export async function applyStatus<Kept extends KubeObject>(
  client: Client,
  kind: ResourceKind,
  resource: KubeObject,
  status: object,
  signal: AbortSignal,
): Promise<Kept | undefined> {
  const { namespace, name = '', uid } = resource.metadata
  let { resourceVersion } = resource.metadata
  for (let tries = 1; ; tries += 1) {
    try {
      return await applied<Kept>(
        client,
        kind,
        { namespace, name, uid, resourceVersion },
        status,
        signal,
      )
    } catch (error) {
      if (isMissing(error, name)) return undefined
      if (!isStatus(error, 409) || tries === triesMax) throw error
      const now = await witness<Kept>(client, kind, resource, signal)
      if (now === 'unreadable') throw error
      if (now?.metadata.uid !== uid) return undefined
      resourceVersion = now?.metadata.resourceVersion
    }
  }
}

async function applied<Kept extends KubeObject>(
  client: Client,
  kind: ResourceKind,
  metadata: Asked & Readonly<{ resourceVersion: string | undefined }>,
  status: object,
  signal: AbortSignal,
): Promise<Kept> {
  const { apiVersion } = kind
  const { resourceVersion: _, ...asked } = metadata
  const path = pathOf(kind, asked.namespace, asked.name, 'status')
  const answer = await client.json(
    {
      method: 'PATCH',
      path,
      query: { fieldManager, force: 'true' },
      type: 'application/apply-patch+yaml',
      body: { apiVersion, kind: kind.kind, metadata, status },
    },
    signal,
  )
  const now = resourceIn<Kept & { status?: unknown }>(kind, asked, answer)
  // What is ours and another wrote besides, apply does not take away.
  const surplus = surplusIn(statusIn(now.status), status, kind.conditions ?? [])
  if (surplus.length === 0) return now
  const sure = { op: 'test', path: '/metadata/uid', value: asked.uid }
  const type = 'application/json-patch+json'
  const call = { method: 'PATCH', path, query: { fieldManager }, type } as const
  const removed = await client.json({ ...call, body: [sure, ...surplus] }, signal)
  return resourceIn<Kept>(kind, asked, removed)
}

// JSON patches that remove it, the last condition first, each sure of what it removes.
function surplusIn(
  { conditions = [], ...rest }: Status,
  { conditions: wanted = [], ...own }: Status,
  types: readonly string[],
) {
  const fields = Object.keys(rest).filter((key) => !Object.hasOwn(own, key))
  const foreign = conditions
    .map(({ type }, at) => ({ type, at }))
    .filter(({ type }) => types.includes(type) && !wanted.some((each) => each.type === type))
  return [
    ...fields.map((key) => ({ op: 'remove', path: `/status/${pointer(key)}` })),
    ...foreign.reverse().flatMap(({ type, at }) => [
      { op: 'test', path: `/status/conditions/${at}/type`, value: type },
      { op: 'remove', path: `/status/conditions/${at}` },
    ]),
  ]
}

function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

// A status as an answer has it: nobody need have checked it.
function statusIn(status: unknown): Status {
  if (typeof status !== 'object' || status === null) return {}
  const { conditions, ...rest } = status as Record<string, unknown>
  if (!Array.isArray(conditions)) return rest
  return { ...rest, conditions: conditions.filter((each) => typeof each?.type === 'string') }
}
