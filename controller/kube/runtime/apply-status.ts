// Writes a status by server-side apply, as one field manager.
import { type Asked, resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'
import { witness } from './witness.ts'

/** The field manager that owns the fields of our statuses. */
export const fieldManager = 'exchange-sync-controller'

type Status = Readonly<{ conditions?: readonly Readonly<{ type: string }>[] | undefined }>

/** How many times one status is applied when the resource changes meanwhile (409). */
const triesMax = 3

/**
 * Applies the status of a resource. Answers the resource as it is afterwards; undefined if it no longer exists. Rejects
 * as `Client.json` does, and when the answer is about another resource.
 *
 * The API server does not check the uid of an applied status, but it checks resourceVersion. Sending the version keeps
 * the status away from a resource that was deleted and created again under the same name.
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
  // Apply does not remove our fields that another manager owns as well. A JSON patch does.
  const surplus = surplusIn(statusIn(now.status), status, kind.conditions ?? [])
  if (surplus.length === 0) return now
  const sure = { op: 'test', path: '/metadata/uid', value: asked.uid }
  const type = 'application/json-patch+json'
  const call = { method: 'PATCH', path, query: { fieldManager }, type } as const
  const removed = await client.json({ ...call, body: [sure, ...surplus] }, signal)
  return resourceIn<Kept>(kind, asked, removed)
}

// JSON patches that remove the surplus fields and conditions. The last condition goes first, so that indexes stay valid.
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

// The status in an answer. Its content is unchecked.
function statusIn(status: unknown): Status {
  if (typeof status !== 'object' || status === null) return {}
  const { conditions, ...rest } = status as Record<string, unknown>
  if (!Array.isArray(conditions)) return rest
  return { ...rest, conditions: conditions.filter((each) => typeof each?.type === 'string') }
}
