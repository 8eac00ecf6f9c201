// A pass under the circuit breakers of its servers. While the hub's server is left alone, nothing is tried. While a
// member's server is, the members on it wait and the others go on. The result of the pass is the health of each server.
import { isForcedByOwner, isWanted } from '../api/annotations.ts'
import { accessFor } from '../api/references.ts'
import type { Report } from '../api/report.ts'
import { participantsOf, type ServerName } from '../api/topology.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Environment, Resting } from './environment.ts'
import type { Declared } from './ports.ts'
import {
  type Asked,
  isServers,
  keyOfAccess,
  type ServerKey,
  type Servers,
} from './server-health.ts'

/**
 * Does the work unless the hub's server is left alone; the work gets the members' servers that are. `reportOf`: the
 * report of the work, by which the members' servers are judged. Rejects with the refusal, or as the work does.
 */
export async function trying<Done>(
  declared: Declared,
  { servers, watched }: Environment,
  work: (resting: Resting) => Promise<Done>,
  reportOf: (done: Done) => Report | undefined,
  signal: AbortSignal,
): Promise<Done> {
  const keys = keysOf(declared)
  const hub = participantsOf(declared.group).hub.place.server
  if (watched)
    await Promise.all([...keys.values()].map((key) => servers.awaitFirstProbe(key, signal)))
  const allow = (name: ServerName, key: ServerKey) => servers.allow(key, askedOf(declared, name))
  const hubKey = keys.get(hub)
  const refused = hubKey && allow(hub, hubKey)
  if (refused !== undefined) throw refused
  const resting = new Map<ServerName, SyncError>()
  const tried = new Map<ServerName, ServerKey>()
  for (const [name, key] of keys) {
    if (name === hub) continue
    const why = allow(name, key)
    if (why === undefined) tried.set(name, key)
    else resting.set(name, why)
  }
  try {
    const done = await work(resting)
    if (hubKey !== undefined) servers.record(hubKey, undefined)
    recordMembers(declared, tried, reportOf(done), servers)
    return done
  } catch (error) {
    for (const key of tried.values()) servers.cancel(key)
    // A pass that is cancelled because of its server is a result for that server.
    const why: unknown = signal.aborted ? signal.reason : error
    if (hubKey !== undefined) {
      if (signal.aborted && !(why instanceof SyncError)) servers.cancel(hubKey)
      else servers.record(hubKey, syncErrorOf(why))
    }
    throw why
  }
}

// A server has failed when each participating member on it failed by it. One that answered for any member is healthy.
function recordMembers(
  { group }: Declared,
  tried: ReadonlyMap<ServerName, ServerKey>,
  report: Report | undefined,
  servers: Servers,
): void {
  for (const [name, key] of tried) {
    const on = participantsOf(group).members.filter(({ place }) => place.server === name)
    const errors = on.map(({ role }) => {
      const problem = report?.problems.find(({ replica }) => replica === role.id)
      if (problem === undefined) return undefined
      const { kind, reason, message, backOffMs } = problem
      return new SyncError(kind, reason, message, { backOffMs })
    })
    const [first] = errors
    const all = errors.every((error) => error !== undefined && isServers(error))
    if (report === undefined) servers.cancel(key)
    else servers.record(key, all ? first : undefined)
  }
}

/** The health keys of all servers that a participant needs and may use. */
export function keysOf(declared: Declared): ReadonlyMap<ServerName, ServerKey> {
  const keys = new Map<ServerName, ServerKey>()
  for (const participant of participantsOf(declared.group).all) {
    const { server } = participant.place
    if (keys.has(server)) continue
    const key = keyOfAccess(accessFor(declared, participant))
    if (key !== undefined) keys.set(server, key)
  }
  return keys
}

/** The back-offs that do not count for this server, because a user requested a pass. */
export function askedOf(declared: Declared, server: ServerName): Asked {
  if (isForcedByOwner(declared, server)) return 'refusal'
  return isWanted(declared) ? 'pause' : undefined
}
