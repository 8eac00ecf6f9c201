// Why a group may not have a pass, whatever else is declared: what it refers to is in another namespace, does not allow it,
// is suspended, or may not be read.

import { SyncError } from '../core/sync-error.ts'
import { type Denial, denied, groupDenial, notAllowed } from './allowed.ts'
import { labelCommand } from './credentials.ts'
import type { ExchangeServer, SyncGroup } from './resources.generated.ts'

/** What a group refers to, as far as it hinders. */
export type Referred = Readonly<{
  /** May it name an ExchangeServer of another namespace? */
  crossNamespace: boolean
  /** Why the server takes no groups of this namespace. */
  denial?: Denial | undefined
  server: ExchangeServer | undefined
  /** A Secret that may not be read. */
  forbidden?: string | undefined
  /** A Secret that could not be read for a while. */
  unreadable?: string | undefined
  /** A Secret (namespace/name) whose owner has not allowed its use for signing in. */
  unlabelled?: string | undefined
}>

/** Does the group name an ExchangeServer of another namespace? */
export function isForeign({ metadata, spec }: SyncGroup): boolean {
  return (spec.serverRef.namespace ?? metadata.namespace) !== metadata.namespace
}

/** What hinders the group; undefined when nothing does. */
export function hindranceOf(group: SyncGroup, referred: Referred): SyncError | undefined {
  const { name, namespace } = group.spec.serverRef
  if (isForeign(group) && !referred.crossNamespace) {
    const remedy = `declare an ExchangeServer in ${group.metadata.namespace}, or run the controller with --allow-cross-namespace-refs`
    const message = `spec.serverRef names the namespace ${namespace}, which is not allowed: ${remedy}`
    return new SyncError('terminal', 'CrossNamespaceRef', message)
  }
  const { server, denial = server && groupDenial(group, server) } = referred
  if (denial !== undefined) return denied(denial)
  if (server?.spec.suspend)
    return new SyncError('transient', 'ServerSuspended', `the ExchangeServer ${name} is suspended`)
  return unreadOf(referred)
}

/** Has the group as a whole no right to what it asks for? Then it holds nothing that others could want. */
export function hasNoRight(hindrance: SyncError | undefined): boolean {
  return hindrance?.code === notAllowed || hindrance?.code === 'CrossNamespaceRef'
}

/** Why a Secret is not known, or not used; undefined when it is, or is missing. */
export function unreadOf({
  forbidden,
  unreadable,
  unlabelled,
}: Pick<Referred, 'forbidden' | 'unreadable' | 'unlabelled'>): SyncError | undefined {
  if (forbidden !== undefined) {
    const message = `the controller may not read the Secret ${forbidden}: grant it get, list and watch, by name at least`
    return new SyncError('terminal', 'SecretForbidden', message)
  }
  if (unlabelled !== undefined) {
    const message = `the Secret ${unlabelled} does not say that it may be used for signing in to Exchange: ${labelCommand(unlabelled)}`
    return new SyncError('terminal', 'SecretNotLabelled', message)
  }
  if (unreadable === undefined) return undefined
  const message = `the API server does not hand out the Secret ${unreadable}; it is tried again`
  return new SyncError('transient', 'SecretUnreadable', message)
}
