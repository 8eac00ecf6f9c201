// The annotations that users write for the controller.
import { cut, tokenMax } from '../core/cut.ts'
import type { SyncGroup, SyncGroupStatus } from './resources.generated.ts'
import { namespaceOf, type ServerName } from './topology.ts'

/** Approves a plan that the guard blocked, by its hash. */
export const approveAnnotation = 'exchangesync.dev/approve'
/** Requests a pass. */
export const requestAnnotation = 'exchangesync.dev/requestedAt'
/** With the same token as `requestedAt`: requests a pass that reads everything. */
export const forceAnnotation = 'exchangesync.dev/forceAt'

/** Requests a verification of every copy, once per value. */
export const verifyAnnotation = 'exchangesync.dev/verifyAt'

/** The token of a requested verification that was not made yet, cut to the length in a status; undefined without one. */
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
 * Is a pass requested that reads everything, whatever the server's back-off? Both annotations must have the same token,
 * and each token counts once (as Flux's forceAt).
 */
export function isForced(group: SyncGroup, previous: SyncGroupStatus | undefined): boolean {
  const asked = group.metadata.annotations ?? {}
  const token = asked[forceAnnotation]
  if (token === undefined || token !== asked[requestAnnotation]) return false
  return cut(token, tokenMax) !== previous?.lastHandledForceAt
}

/**
 * May a refused password be tried again on this server? Only a forced pass in the server's own namespace allows it: another
 * tenant could lock the shared account.
 */
export function isForcedByOwner(
  { group, previous }: Readonly<{ group: SyncGroup; previous: SyncGroupStatus | undefined }>,
  server: ServerName,
): boolean {
  return server.startsWith(`${namespaceOf(group)}/`) && isForced(group, previous)
}

/**
 * Did a user request a pass, or change the declaration, since the last status? If so, one pause that the server asked for
 * is skipped.
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
