// Plans a proposed group as its pass would, and writes nothing: not to a folder, not to the state, not to the group.
//
// Guarantees: a server is asked only while its circuit is closed, so a refused password is not tried again for a plan, and a plan
// is never the try that decides about a server. A sign-in that is refused during a plan opens the circuit at once. The replicas
// of a plan refuse every write, and their requests run behind those of passes.
import { formerAccess } from '../api/references.ts'
import { participantsOf, placeIn, type ServerName } from '../api/topology.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Environment } from './environment.ts'
import { type Forecast, forecastOf } from './forecast.ts'
import type { Proposed } from './ports/plans.ts'
import type { Declared, Pace, Replica } from './ports.ts'
import { claimsOf } from './schedule.ts'
import { isRefusal, keyOfAccess, type ServerKey, type Servers } from './server-health.ts'
import { keysOf } from './trying.ts'

/**
 * The effects that the first pass of the proposed group would have now; an error `PlanTooLarge` above `actionsMax` changes. Rejects
 * only when the signal aborts.
 */
export async function forecastOfProposed(
  { declared, others }: Proposed,
  environment: Environment,
  signal: AbortSignal,
  actionsMax?: number,
): Promise<Forecast> {
  const { servers, watched } = environment
  const unapproved = withoutApprovals(declared)
  const keys = keysOf(unapproved)
  if (watched)
    await Promise.all([...keys.values()].map((key) => servers.awaitFirstProbe(key, signal)))
  const claims = claimsOf([...others, unapproved])
  const reading = readingOnly(unapproved, environment, keys)
  return forecastOf(unapproved, claims.get(unapproved.id), reading, signal, { actionsMax })
}

// Why a plan may not ask the server now; undefined if it may.
function restOf(servers: Servers, key: ServerKey): SyncError | undefined {
  return servers.state(key) === 'closed' ? undefined : (servers.errorOf(key) ?? untried)
}

const untried = new SyncError(
  'transient',
  'Unreachable',
  'the server has not answered yet: wait until the ExchangeServer is Ready',
)

// The approvals of servers are for passes.
function withoutApprovals(declared: Declared): Declared {
  const access = [...declared.access].map(([name, each]) => {
    if (each.server === undefined) return [name, each] as const
    const { annotations: _, ...metadata } = each.server.metadata
    return [name, { ...each, server: { ...each.server, metadata } }] as const
  })
  return { ...declared, access: new Map(access) }
}

function readingOnly(
  declared: Declared,
  environment: Environment,
  keys: ReadonlyMap<ServerName, ServerKey>,
): Environment {
  const { servers } = environment
  const participants = participantsOf(declared.group)
  return {
    ...environment,
    replicas: (_, signal) => {
      const resting = new Map<ServerName, SyncError>()
      for (const [name, key] of keys) {
        const why = restOf(servers, key)
        if (why !== undefined) resting.set(name, why)
      }
      const why = resting.get(participants.hub.place.server)
      if (why !== undefined) throw why
      const keyOf = ({ place }: Replica) =>
        place === undefined || resting.has(place.server) ? undefined : keys.get(place.server)
      return environment
        .replicas(declared, signal, behindPasses, resting)
        .map((replica) => reader(replica, servers, keyOf(replica)))
    },
    former: (_, left, signal) =>
      environment.former(declared, left, signal, behindPasses).map((replica, at) => {
        const { id, place } = left[at] as (typeof left)[number]
        const { server } = place ?? placeIn(participants, id)
        const key = keyOfAccess(formerAccess(declared, server))
        return reader(replica, servers, key, key === undefined ? undefined : restOf(servers, key))
      }),
  }
}

const behindPasses: Pace = Object.assign(() => async () => {}, { behind: true as const })

const readsOnly = new Error('a plan writes nothing')

// The replica without its writes. `why`: it must not be read either.
function reader(
  replica: Replica,
  servers: Servers,
  key: ServerKey | undefined,
  why?: SyncError,
): Replica {
  const watched = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    if (why !== undefined) throw why
    try {
      return await ask()
    } catch (error) {
      const refused = syncErrorOf(error)
      if (key !== undefined && isRefusal(refused) && restOf(servers, key) === undefined)
        servers.record(key, refused)
      throw error
    }
  }
  const refuse = () => Promise.reject(readsOnly)
  const { role, place } = replica
  return {
    role,
    place,
    observe: (start, known, signal) => watched(() => replica.observe(start, known, signal)),
    read: (ids, signal) => watched(() => replica.read(ids, signal)),
    ...{ prepare: refuse, create: refuse, update: refuse, remove: refuse, settle: refuse },
  }
}
