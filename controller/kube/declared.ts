// What a SyncGroup asks for, as the engine takes it: its declaration together with what it refers to.

import { type Access, accessPrint, type Found } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { digestOfAll, type GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Declared } from '../sync/ports.ts'
import { finalizer } from './kinds.ts'
import { keyOf } from './runtime/resource.ts'

/** What a server is reached with; `pending` while a Secret is not known yet. */
export type Reach = Omit<Found, 'server' | 'unusable'> & Readonly<{ pending: boolean }>

/** Nothing that could be reached. */
export const unreached: Reach = { credentials: undefined, ca: undefined, pending: false }

/** An ExchangeServer with how it is reached; `broken`: its spec is not valid. */
export type KnownServer = Readonly<{
  server: ExchangeServer
  access: Access
  pending: boolean
  broken: SyncError | undefined
}>

/** The id of a group. */
export function idOf(group: SyncGroup): GroupId {
  return keyOf(group) as GroupId
}

/** All that a group asks for, and not what we say of it: its spec, its end, and the annotations that are for us. */
export function fingerprintOf({ metadata, spec }: SyncGroup): string {
  const { generation, deletionTimestamp, uid, annotations = {}, finalizers = [] } = metadata
  const ours = Object.entries(annotations).filter(([name]) => name.startsWith('exchangesync.dev/'))
  const ending = deletionTimestamp && finalizers.includes(finalizer)
  return JSON.stringify([uid, generation, deletionTimestamp, spec, ours.sort(), ending])
}

/** No version of the resource can be used. */
export function brokenSpec(fault: string): SyncError {
  const remedy = 'correct it; kubectl apply refuses it where the current definitions are installed'
  return new SyncError('terminal', 'InvalidSpec', `${fault}: ${remedy}`)
}

/** The group as it is declared. */
export function declaredOf(
  group: SyncGroup,
  accesses: Pick<Declared, 'access' | 'formerAccess'>,
  facts: Readonly<{
    deleted: boolean
    /** What is wrong with it, or with its servers: the last valid version goes on. */
    invalid: string | undefined
    /** What is wrong with it, no version of which can be used. */
    broken: SyncError | undefined
  }>,
): Declared {
  const { deleted, invalid, broken } = facts
  return {
    id: idOf(group),
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
