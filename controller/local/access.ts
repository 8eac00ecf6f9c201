// The access of a group to its servers, from the valid resources of a directory.
import type { V1Secret } from '@kubernetes/client-node'
import { labelsDenial } from '../api/allowed.ts'
import { credentialsIn } from '../api/credentials.ts'
import {
  type Access,
  accessOf,
  type Found,
  formerlyNamed,
  isForeign,
  type ReferenceRules,
} from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { type Named, namesIn, type ServerName, serversNamedBy } from '../api/topology.ts'
import type { Declared } from '../sync/ports.ts'
import { keyOf, type Valid } from './taken.ts'

/**
 * The access to each server. A directory has no labels of namespaces, so a server that selects by labels admits no
 * group.
 */
export function accessesIn(
  group: SyncGroup,
  foundUnder: (name: ServerName) => Found,
  rules: ReferenceRules,
): Pick<Declared, 'access' | 'formerAccess'> {
  const accessTo = (name: ServerName, named: Named): Access => {
    const found = foundUnder(name)
    const foreign = isForeign(group, named.ref) && !rules.crossNamespace
    const denial = foreign ? undefined : labelsDenial(found.server)
    return accessOf(group, named, { ...found, denial }, rules)
  }
  const named = [...serversNamedBy(group)]
  return {
    access: new Map(named.map(([name, each]) => [name, accessTo(name, each)])),
    formerAccess: (name) => accessTo(name, formerlyNamed(name)),
  }
}

/**
 * The ExchangeServer of this name and its Secrets, as far as they exist. `refused`: resources that were never valid, by
 * `keyOf`, with the reason.
 */
export function foundIn(
  valid: ReadonlyMap<string, Valid>,
  refused: ReadonlyMap<string, string>,
  name: ServerName,
): Found {
  const { namespace, name: own } = namesIn(name)
  const resource = (kind: string, called: string | undefined) =>
    valid.get(keyOf(kind, namespace, called))?.resource
  const secret = (called: string) => {
    const found = resource('Secret', called) as V1Secret | undefined
    return found && credentialsIn(found.data)
  }
  const server = resource('ExchangeServer', own) as ExchangeServer | undefined
  const credentials = server && secret(server.spec.auth.secretRef.name)
  const tls = server?.spec.tls?.caSecretRef
  const ca = tls && secret(tls.name)?.[tls.key]
  const unusable = refused.get(keyOf('ExchangeServer', namespace, own))
  return { server, unusable, credentials, ca }
}
