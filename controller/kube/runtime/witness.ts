// The second witness of an end: the resource itself, asked for by name.
import { SyncError } from '../../core/sync-error.ts'
import { type Asked, resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'
import { ends, isEnding, isOlder, isSame } from './versions.ts'

/**
 * The resource under this name as it is now; undefined where the API server itself says that there is none. Rejects as
 * `Client.json` does.
 */
export async function witness<Kept extends KubeObject>(
  client: Client,
  kind: ResourceKind,
  { metadata: { namespace, name = '' } }: Readonly<{ metadata: Asked }>,
  signal: AbortSignal,
): Promise<Kept | 'unreadable' | undefined> {
  try {
    const answer = await client.json({ method: 'GET', path: pathOf(kind, namespace, name) }, signal)
    return resourceIn<Kept>(kind, { namespace, name }, answer)
  } catch (error) {
    if (isMissing(error, name)) return undefined
    if (isStatus(error, 403)) return 'unreadable'
    throw error
  }
}

/**
 * A list, with what each resource itself says that it would end or turn back; `doubted` are the uids of those that it
 * lacks and that may not be read. Rejects with ApiListShort where it lacks one that is there.
 */
export async function witnessed<Kept extends KubeObject>(
  { client, kind, asked }: Readonly<{ client: Client; kind: ResourceKind; asked: Asked }>,
  found: ReadonlyMap<string, Kept>,
  known: ReadonlyMap<string, Kept>,
  signal: AbortSignal,
): Promise<Readonly<{ sure: ReadonlyMap<string, Kept>; doubted: ReadonlySet<string> }>> {
  const sure = new Map(found)
  const doubted = new Set<string>()
  for (const [key, before] of known) {
    if (found.has(key) || isEnding(before)) continue
    const now = await witness<Kept>(client, kind, before, signal)
    if (now === 'unreadable') doubted.add(before.metadata.uid ?? '')
    // Also where it is another one by now: then the next list has it.
    else if (now !== undefined) throw short(kind.kind)
  }
  // One that is asked for by its name may be missed at the first list already.
  if (asked.name !== undefined && found.size === 0 && known.size === 0) {
    const now = await witness<Kept>(client, kind, { metadata: asked }, signal)
    if (now !== undefined && now !== 'unreadable') throw short(kind.kind)
  }
  for (const [key, item] of found) {
    const before = known.get(key)
    if (!ends(item, before) && !(before !== undefined && isOlder(item, before))) continue
    const now = await witness<Kept>(client, kind, item, signal)
    if (now === undefined) sure.delete(key)
    else if (now !== 'unreadable') sure.set(key, agreed(kind.kind, now, item))
  }
  return { sure, doubted }
}

// What itself says of a resource, where both mean the same one.
function agreed<Kept extends KubeObject>(kind: string, now: Kept, told: Kept): Kept {
  if (isSame(now, told)) return now
  throw short(kind)
}

/** What is there, or may be, is not told of. */
export function short(kind: string): SyncError {
  const message = `the Kubernetes API server does not tell of a ${kind} that is there, or may be: nothing is taken for deleted, and it is asked again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiListShort', message)
}

/** Events are not in the order of their versions, or say nothing new for long. */
export function disordered(kind: string): SyncError {
  const message = `the Kubernetes API server tells of ${kind} out of order, or again and again; all are listed again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiWatchDisordered', message)
}
