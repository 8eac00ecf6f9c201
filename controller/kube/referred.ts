// Which ExchangeServer a SyncGroup refers to, and why it may not.
import { type Denial, namespaceDenial, needsLabels } from '../api/allowed.ts'
import { isForeign } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { Copies } from './cache.ts'

/** The server that a group refers to, why that takes no group of its namespace, and what is wrong with it. */
export type Referred = Readonly<{
  server: ExchangeServer | undefined
  denial: Denial | undefined
  /** `stale`: its last valid version goes on; `unusable`: no version can be used. */
  faults: Readonly<{ stale?: string | undefined; unusable?: string | undefined }>
}>

/**
 * What a group refers to; undefined while the namespace that the server decides by is not known. `former`: the server
 * that counts when there is none any more.
 */
export function referredBy(
  group: SyncGroup,
  copies: Copies,
  {
    crossNamespace,
    former,
  }: Readonly<{ crossNamespace: boolean; former: ExchangeServer | undefined }>,
): Referred | undefined {
  const { namespace = '' } = group.metadata
  const { serverRef } = group.spec
  if (isForeign(group) && !crossNamespace)
    return { server: undefined, denial: undefined, faults: {} }
  const found = copies.server(`${serverRef.namespace ?? namespace}/${serverRef.name}`)
  const faults = found?.standIn ? { unusable: found.invalid } : { stale: found?.invalid }
  const server = found === undefined ? former : found.standIn ? undefined : found.resource
  const look = copies.namespace(namespace)
  if (look === undefined && server !== undefined && needsLabels(server)) return undefined
  const denial = namespaceDenial(group, server, () => look ?? 'missing')
  return { server: denial === undefined ? server : undefined, denial, faults }
}
