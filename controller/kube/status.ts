// Writes a status by server-side apply, as one field manager, and only when it says something new. The times of
// passes that changed nothing are news every five minutes only: a group at rest makes no writes to speak of.
import { isDeepStrictEqual } from 'node:util'
import { conditionTypes } from '../core/status.ts'
import { type Asked, resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'
import { witness } from './witness.ts'

/** Whose fields these are. */
export const fieldManager = 'exchange-sync-controller'

/** How old the time of the last pass may get while nothing else changes, ms. */
export const heartbeatMs = 5 * 60_000

type Timed = Readonly<{
  lastPass?: Readonly<{ time: string; durationMs: number }> | undefined
  conditions?: readonly Readonly<{ type: string }>[] | undefined
}>

/** Does the new status say something that the one on the server does not? */
export function isNews(before: unknown, now: Timed & object): boolean {
  const old = timedIn(before)
  if (!isDeepStrictEqual(untimed(old), untimed(now))) return true
  const age = Date.parse(now.lastPass?.time ?? '') - Date.parse(old.lastPass?.time ?? '')
  return Number.isFinite(age) && age >= heartbeatMs
}

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
  const surplus = surplusIn(timedIn(now.status), status)
  if (surplus.length === 0) return now
  const sure = { op: 'test', path: '/metadata/uid', value: asked.uid }
  const type = 'application/json-patch+json'
  const call = { method: 'PATCH', path, query: { fieldManager }, type } as const
  const removed = await client.json({ ...call, body: [sure, ...surplus] }, signal)
  return resourceIn<Kept>(kind, asked, removed)
}

// JSON patches that remove it, the last condition first, each sure of what it removes.
function surplusIn(
  { conditions = [], ...rest }: Timed,
  { conditions: wanted = [], ...own }: Timed,
) {
  const fields = Object.keys(rest).filter((key) => !Object.hasOwn(own, key))
  const foreign = conditions
    .map(({ type }, at) => ({ type, at }))
    .filter(
      ({ type }) => conditionTypes.includes(type) && !wanted.some((each) => each.type === type),
    )
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
function timedIn(status: unknown): Timed {
  if (typeof status !== 'object' || status === null) return {}
  const { conditions, lastPass, ...rest } = status as Record<string, unknown>
  const known = Array.isArray(conditions)
    ? { conditions: conditions.filter((each) => typeof each?.type === 'string') }
    : {}
  return { ...rest, ...known, ...(lastPass ? { lastPass: lastPass as Timed['lastPass'] } : {}) }
}

function untimed({ lastPass, conditions = [], ...rest }: Timed) {
  const mine = conditions
    .filter(({ type }) => conditionTypes.includes(type))
    .sort((one, other) => conditionTypes.indexOf(one.type) - conditionTypes.indexOf(other.type))
  const { time: _, durationMs: __, ...counts } = lastPass ?? { time: '', durationMs: 0 }
  return { ...rest, conditions: mine, ...(lastPass && { lastPass: counts }) }
}
