// What a SyncGroup asks for, as the engine takes it: its declaration together with what it refers to.

import type { Denial } from '../api/allowed.ts'
import { approvalsIn } from '../api/annotations.ts'
import type { Credentials } from '../api/credentials.ts'
import { hindranceOf } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { digestOfAll, type GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Declared } from '../sync/ports.ts'
import { finalizer } from './kinds.ts'
import { keyOf } from './runtime/resource.ts'

/** What a server is reached with; `pending` while a Secret is not known yet. */
export type Reach = Readonly<{
  credentials: Credentials | undefined
  ca: string | undefined
  pending: boolean
  /** A Secret that may not be read. */
  forbidden: string | undefined
  /** A Secret that the API server does not hand out, for a while by now. */
  unreadable: string | undefined
  /** A Secret (namespace/name) whose owner has not allowed its use for signing in. */
  unlabelled: string | undefined
}>

/** Nothing that could be reached. */
export const unreached: Reach = {
  credentials: undefined,
  ca: undefined,
  pending: false,
  forbidden: undefined,
  unreadable: undefined,
  unlabelled: undefined,
}

/** An ExchangeServer with what it is reached with; `broken`: its spec is not valid. */
export type KnownServer = Readonly<{
  server: ExchangeServer
  reach: Reach
  broken: SyncError | undefined
}>

/** What a group is reached with. */
export type Means = Pick<Declared, 'server' | 'credentials' | 'ca'>

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

/** The group as it is declared. `forbidden`: a Secret that may not be read. */
export function declaredOf(
  group: SyncGroup,
  means: Means,
  facts: Readonly<{
    deleted: boolean
    crossNamespace: boolean
    /** Why the server takes no groups of this namespace. */
    denial: Denial | undefined
    forbidden: string | undefined
    unreadable: string | undefined
    unlabelled: string | undefined
    /** What is wrong with it, or with its server: the last valid version goes on. */
    invalid: string | undefined
    /** What is wrong with its server, of which no version can be used. */
    unusable: string | undefined
    /** What is wrong with it, no version of which can be used. */
    broken: SyncError | undefined
  }>,
): Declared {
  const { deleted, invalid, unusable, broken, ...rest } = facts
  const { server, credentials, ca } = means
  return {
    id: idOf(group),
    group,
    generation: group.metadata.generation ?? 0,
    server,
    credentials,
    ca,
    unusable,
    hindrance: broken ?? hindranceOf(group, { ...rest, server }),
    fingerprint: digestOfAll([
      fingerprintOf(group),
      JSON.stringify([server?.spec, credentials, ca, facts.forbidden, facts.unreadable, deleted]),
      // What is sound leaves no trace here: a fingerprint outlives an upgrade.
      ...[invalid, unusable, broken?.message, facts.unlabelled, facts.denial?.message].filter(
        (each) => each !== undefined,
      ),
      ...approvalsIn(server?.metadata ?? {}),
    ]),
    invalid,
    previous: group.status,
    deleted,
  }
}
