// Lists all resources of a kind, page by page, within bounds. All pages must have the same version, and no page token
// may come twice.
import { SyncError } from '../../core/sync-error.ts'
import { type Asked, pageIn } from './answers.ts'
import { invalidAnswer } from './body.ts'
import type { Client } from './client.ts'
import { type KubeObject, keyOf, pathOf, type ResourceKind } from './resource.ts'

/** The kind, scope and page size of a list. */
export type ListOptions = Readonly<{
  client: Client
  kind: ResourceKind
  asked: Asked
  query?: Readonly<Record<string, string>> | undefined
  /** The size of a page, in resources. */
  limit: number
}>

/** A complete list: the resources by namespace/name, and the version from which a watch continues. */
export type Listed<Kept> = Readonly<{ found: ReadonlyMap<string, Kept>; version: string }>

const pagesMax = 1_000
/** How many resources are kept at most, from lists and watches together. */
export const resourcesMax = 100_000
const bytesMax = 512 * 1024 * 1024

/** Lists all. Rejects as `Client.json` does, and with a transient SyncError if the list is incomplete or inconsistent. */
export async function listed<Kept extends KubeObject>(
  { client, kind, asked, query, limit }: ListOptions,
  signal: AbortSignal,
): Promise<Listed<Kept>> {
  const found = new Map<string, Kept>()
  const tokens = new Set<string>()
  let [version, bytes, token]: [string, number, string | undefined] = ['', 0, undefined]
  // An expired page token (410) makes the caller list again from the start.
  do {
    const page: Record<string, string> = { limit: String(limit), ...(token && { continue: token }) }
    const path = pathOf(kind, asked.namespace)
    const answer = await client.sized({ method: 'GET', path, query: { ...query, ...page } }, signal)
    const { items, version: own, more } = pageIn<Kept>(kind, asked, answer.value)
    for (const item of items) {
      const key = keyOf(item)
      if (found.has(key)) throw invalidAnswer(`a list with the same ${kind.kind} twice`)
      found.set(key, item)
    }
    if (version !== '' && own !== version) throw invalidAnswer(`pages of two lists of ${kind.kind}`)
    version = own
    bytes += answer.bytes
    token = more
    if (token !== undefined && (tokens.has(token) || tokens.size >= pagesMax))
      throw endless(kind.kind)
    if (found.size > resourcesMax || bytes > bytesMax) throw tooMany(kind.kind)
    if (token !== undefined) tokens.add(token)
  } while (token !== undefined)
  return { found, version }
}

/** The error for more resources of a kind than the controller keeps. */
export function tooMany(kind: string): SyncError {
  const message = `the Kubernetes API server has more of ${kind} than the controller keeps (${resourcesMax}): it goes on with those that it knew. Run several controllers, each for some of the namespaces`
  return new SyncError('transient', 'ApiListEndless', message)
}

function endless(kind: string): SyncError {
  const message = `the Kubernetes API server sends a list of ${kind} that does not end; the controller lists again`
  return new SyncError('transient', 'ApiListEndless', message)
}
