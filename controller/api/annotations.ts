// What users write into annotations for us.
import { cut, tokenMax } from '../core/cut.ts'
import type { SyncGroup, SyncGroupStatus } from './resources.generated.ts'
import type { ServerName } from './topology.ts'

/** Approves what the guard set aside, by its hash. */
export const approveAnnotation = 'exchangesync.dev/approve'
/** Asks for a pass. */
export const requestAnnotation = 'exchangesync.dev/requestedAt'
/** Beside the former, with the same token: asks for one that looks at everything. */
export const forceAnnotation = 'exchangesync.dev/forceAt'

/** Asks for a verification of every copy, once for each value. */
export const verifyAnnotation = 'exchangesync.dev/verifyAt'

/** The token of a verification that is asked for and was not made yet, as far as a status has room for it. */
export function verificationAsked(
  group: SyncGroup,
  previous: SyncGroupStatus | undefined,
): string | undefined {
  const asked = group.metadata.annotations?.[verifyAnnotation]
  const token = asked === undefined ? undefined : cut(asked, tokenMax)
  return token === previous?.verified?.requestedAt ? undefined : token
}

/** The hashes that a resource's annotation approves. */
export function approvalsIn({
  annotations,
}: Readonly<{ annotations?: Readonly<Record<string, string>> }>): ReadonlySet<string> {
  const text = annotations?.[approveAnnotation] ?? ''
  return new Set(text.split(/[\s,]+/).filter(Boolean))
}

/**
 * Did somebody ask for a pass that looks at everything, whatever the server's back-off? Both annotations must
 * carry one token, and it counts once (Flux's forceAt).
 */
export function isForced(group: SyncGroup, previous: SyncGroupStatus | undefined): boolean {
  const asked = group.metadata.annotations ?? {}
  const token = asked[forceAnnotation]
  if (token === undefined || token !== asked[requestAnnotation]) return false
  return cut(token, tokenMax) !== previous?.lastHandledForceAt
}

/**
 * Is a password that was refused to be tried again on this server? Only by a forced pass of the server's own namespace: other tenants
 * could lock the account that they share.
 */
export function isForcedByOwner(
  { group, previous }: Readonly<{ group: SyncGroup; previous: SyncGroupStatus | undefined }>,
  server: ServerName,
): boolean {
  const own = group.metadata.namespace ?? 'default'
  return server.startsWith(`${own}/`) && isForced(group, previous)
}

/**
 * Did a user ask for a pass, or declare the group otherwise, since its last status? Then a wait that the server asked
 * for does not count, once.
 */
export function isWanted({
  group,
  generation,
  previous,
}: Readonly<{
  group: SyncGroup
  generation: number
  previous: SyncGroupStatus | undefined
}>): boolean {
  const asked = group.metadata.annotations?.[requestAnnotation]
  if (asked !== undefined && cut(asked, tokenMax) !== previous?.lastHandledReconcileAt) return true
  return previous !== undefined && generation !== previous.observedGeneration
}
