// The second witness: before a resource counts as gone, it is read by its name.
import { SyncError } from '../../core/sync-error.ts'
import { type Asked, resourceIn } from './answers.ts'
import { isMissing, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, pathOf, type ResourceKind } from './resource.ts'
import { ends, isEnding, isOlder, isSame } from './versions.ts'

/**
 * Reads the resource of this name; undefined if the API server itself says that there is none, 'unreadable' without the
 * right to read it. Rejects as `Client.json` does.
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
 * Checks a list against the known resources: reads each one that the list would remove or turn back. `sure` is the list
 * after that; `doubted` holds the uids of missing ones that the controller may not read. Rejects with ApiListShort if
 * the list lacks a resource that exists.
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
    // Also if another one has the name by now: the next list has it.
    else if (now !== undefined) throw short(kind.kind)
  }
  // The first list may already lack the one resource that is asked for by name.
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

// The resource as it was read, if it is the one in the list.
function agreed<Kept extends KubeObject>(kind: string, now: Kept, told: Kept): Kept {
  if (isSame(now, told)) return now
  throw short(kind)
}

/** The error for a list or watch that lacks a resource which exists, or may exist. */
export function short(kind: string): SyncError {
  const message = `the Kubernetes API server left out a ${kind} that exists, or may exist: the controller takes nothing for deleted, and lists again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiListShort', message)
}

/** The error for events that are out of order, or that repeat without news. */
export function disordered(kind: string): SyncError {
  const message = `the Kubernetes API server sends events of ${kind} out of order or repeatedly; the controller lists again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiWatchDisordered', message)
}
