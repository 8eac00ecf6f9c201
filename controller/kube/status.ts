// Writes a status by server-side apply, as one field manager, and only when it says something new. The times of
// passes that changed nothing are news every five minutes only: a group at rest makes no writes to speak of.
import { isDeepStrictEqual } from 'node:util'
import { conditionTypes } from '../core/status.ts'
import { resourceIn } from './answers.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'

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

/**
 * Applies the status of a resource; answers the resource as it is then. Rejects as `Client.json` does, and when the
 * answer is about another one.
 */
export async function applyStatus<Kept extends KubeObject>(
  client: Client,
  kind: ResourceKind,
  { metadata: { namespace, name, uid } }: KubeObject,
  status: object,
  signal: AbortSignal,
): Promise<Kept> {
  const { apiVersion } = kind
  const asked = { namespace, name, uid }
  const answer = await client.json(
    {
      method: 'PATCH',
      path: pathOf(kind, namespace, name, 'status'),
      query: { fieldManager, force: 'true' },
      type: 'application/apply-patch+yaml',
      // With the uid, a resource that was made anew under the name gets none of this.
      body: { apiVersion, kind: kind.kind, metadata: { name, namespace, uid }, status },
    },
    signal,
  )
  const applied = resourceIn<Kept & { status?: unknown }>(kind, asked, answer)
  // What is ours and another wrote besides, apply does not take away.
  const surplus = surplusIn(timedIn(applied.status), status)
  if (surplus.length === 0) return applied
  const removed = await client.json(
    {
      method: 'PATCH',
      path: pathOf(kind, namespace, name, 'status'),
      query: { fieldManager },
      type: 'application/json-patch+json',
      body: surplus,
    },
    signal,
  )
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
