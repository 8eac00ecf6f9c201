// A list of all resources of a kind, page by page, within bounds. Pages belong together: they have one version, and
// no token comes twice.
import { SyncError } from '../../core/sync-error.ts'
import { type Asked, pageIn } from './answers.ts'
import { invalidAnswer } from './body.ts'
import type { Client } from './client.ts'
import { type KubeObject, keyOf, pathOf, type ResourceKind } from './resource.ts'

/** What is listed. */
export type ListOptions = Readonly<{
  client: Client
  kind: ResourceKind
  asked: Asked
  query?: Readonly<Record<string, string>> | undefined
  /** How many one page may have. */
  limit: number
}>

/** What a list says: the resources by namespace/name, and from where a watch goes on. */
export type Listed<Kept> = Readonly<{ found: ReadonlyMap<string, Kept>; version: string }>

const pagesMax = 1_000
/** How many resources are kept at most, also of those that a watch tells of. */
export const resourcesMax = 100_000
const bytesMax = 512 * 1024 * 1024

/** Lists all. Rejects as `Client.json` does, and with a transient SyncError for what is no whole list. */
export async function listed<Kept extends KubeObject>(
  { client, kind, asked, query, limit }: ListOptions,
  signal: AbortSignal,
): Promise<Listed<Kept>> {
  const found = new Map<string, Kept>()
  const tokens = new Set<string>()
  let [version, bytes, token]: [string, number, string | undefined] = ['', 0, undefined]
  // A page token that has expired (410) begins anew with the whole list.
  do {
    const page: Record<string, string> = { limit: String(limit), ...(token && { continue: token }) }
    const path = pathOf(kind, asked.namespace)
    const answer = await client.sized({ method: 'GET', path, query: { ...query, ...page } }, signal)
    const { items, version: own, more } = pageIn<Kept>(kind, asked, answer.value)
    for (const item of items) {
      const key = keyOf(item)
      if (found.has(key)) throw invalidAnswer(`a list that has one ${kind.kind} twice`)
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

/** There are more resources of the kind than can be kept. */
export function tooMany(kind: string): SyncError {
  const message = `the Kubernetes API server has more of ${kind} than the controller keeps (${resourcesMax}): what it knew goes on. Let several controllers watch some namespaces each`
  return new SyncError('transient', 'ApiListEndless', message)
}

function endless(kind: string): SyncError {
  const message = `the Kubernetes API server does not come to an end of the list of ${kind}; it is asked again`
  return new SyncError('transient', 'ApiListEndless', message)
}
