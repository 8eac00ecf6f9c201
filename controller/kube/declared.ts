// A SyncGroup in the form that the engine takes: the declaration, and the access to its servers.

import { type Access, accessPrint, type Found } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { idOfGroup } from '../api/topology.ts'
import { digestOfAll } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Declared } from '../sync/ports.ts'
import { finalizer } from './kinds.ts'
import type { Sound } from './sound.ts'

/** The credentials and the certificate authority for a server; `pending` while a Secret is not known. */
export type Reach = Omit<Found, 'server' | 'unusable'> & Readonly<{ pending: boolean }>

/** No access: the server has no usable version. */
export const unreached: Reach = { credentials: undefined, ca: undefined, pending: false }

/** An ExchangeServer with its access; `broken`: its spec is invalid. */
export type KnownServer = Readonly<{
  server: ExchangeServer
  access: Access
  pending: boolean
  broken: SyncError | undefined
}>

/**
 * A text that changes with every request of the user: the spec, the deletion and our annotations, without the status.
 */
export function fingerprintOf({ metadata, spec }: SyncGroup): string {
  const { generation, deletionTimestamp, uid, annotations = {}, finalizers = [] } = metadata
  const ours = Object.entries(annotations).filter(([name]) => name.startsWith('exchangesync.dev/'))
  const ending = deletionTimestamp && finalizers.includes(finalizer)
  return JSON.stringify([uid, generation, deletionTimestamp, spec, ours.sort(), ending])
}

/** The error for a resource without a usable version. */
export function brokenSpec(fault: string): SyncError {
  const remedy = 'correct it; kubectl apply refuses it where the current definitions are installed'
  return new SyncError('terminal', 'InvalidSpec', `${fault}: ${remedy}`)
}

/** The faults of a group. */
export type Faults = Readonly<{
  /** The fault of the newest version of the group or of a server; the last valid version keeps running. */
  invalid: string | undefined
  /** The fault of a group that has no usable version. */
  broken: SyncError | undefined
}>

/** The faults of a group; `stale`: the fault of the newest version of one of its servers. */
export function faultsOf(
  { invalid, standIn }: Sound<SyncGroup>,
  stale: string | undefined,
): Faults {
  return standIn
    ? { invalid: undefined, broken: brokenSpec(invalid ?? 'spec') }
    : { invalid: invalid ?? stale, broken: undefined }
}

/** The group with the deletion policy Orphan: it vanished before we released it, so its copies stay. */
export function orphaned(group: SyncGroup): SyncGroup {
  return { ...group, spec: { ...group.spec, deletionPolicy: 'Orphan' } }
}

/** The group in the form that the engine takes. */
export function declaredOf(
  group: SyncGroup,
  accesses: Pick<Declared, 'access' | 'formerAccess'>,
  facts: Faults & Readonly<{ deleted: boolean }>,
): Declared {
  const { deleted, invalid, broken } = facts
  return {
    id: idOfGroup(group),
    group,
    generation: group.metadata.generation ?? 0,
    broken,
    ...accesses,
    fingerprint: digestOfAll([
      fingerprintOf(group),
      accessPrint(accesses.access),
      String(deleted),
      ...[invalid, broken?.message].filter((each) => each !== undefined),
    ]),
    invalid,
    previous: group.status,
    deleted,
  }
}
