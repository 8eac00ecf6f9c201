// Connections to Exchange servers: one per server and account, shared by groups, closed when nothing refers to them.

import { denied, participantDenial } from '../api/allowed.ts'
import { isForcedByOwner, isWanted } from '../api/annotations.ts'
import { type Access, accessFor, formerAccess, hindranceOf, type Ready } from '../api/references.ts'
import {
  formerParticipant,
  itemTypeOf,
  nameOfServer,
  participantsOf,
  placeIn,
  type ServerName,
} from '../api/topology.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { Clock, Declared, Left, Pace, Replica } from '../sync/ports.ts'
import { Denied } from './denied.ts'
import { endpointOf, networkOptionsOf } from './endpoint.ts'
import { addressIn } from './identity.ts'
import { itemBytesUsual } from './intake.ts'
import { codecOf } from './items.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { Pool } from './pool.ts'
import { probe } from './probe.ts'
import { replicaOf, type Way } from './route.ts'
import { SignIn } from './sign-in.ts'
import { type Endpoint, type Trace, Transport } from './transport.ts'

/** How an ExchangeServer is used now: the keys of its connection and of its account's sign-in, and its spec as JSON. */
type Use = Readonly<{ connection: string; account: string; spec: string }>

/** Options for all connections. */
export type ConnectionsOptions = Readonly<{
  /** Called after each request, with an ExchangeServer of the connection; empty if none has it any more. */
  trace?: (server: ServerName, ...answer: Parameters<Trace>) => void
  network?: (options: NetworkOptions) => Network
  /** The limit for the duration of a request, above any limit of its ExchangeServer; ms. */
  requestMaxMs?: number
  /** The largest contact that is read, bytes. */
  itemBytes?: number | undefined
  /** The limit for the contacts that one pass holds, bytes. */
  heldBytes?: number | undefined
}>

/** The pace at a server: that of a pass concerns only the hub's server, for which it was scheduled; that of a plan concerns all. */
export function paceAt(server: ServerName, hub: ServerName, pace?: Pace): Pace | undefined {
  return server === hub || pace?.behind ? pace : undefined
}

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #options: ConnectionsOptions
  /** The largest contact that is read, bytes. */
  readonly itemBytes: number
  readonly #open = new Map<string, Pick<Way, 'transport' | 'learnt'>>()
  readonly #signIns = new Map<string, SignIn>()
  /** By `nameOfServer`. */
  readonly #uses = new Map<string, Use>()

  constructor(clock: Clock, options: ConnectionsOptions = {}) {
    this.#clock = clock
    this.#options = options
    this.itemBytes = options.itemBytes ?? itemBytesUsual
  }

  /**
   * The replicas of a group, hub first. If a replica's access is blocked, or its server is `resting`, all its methods
   * reject. Throws a SyncError if the hub's access is blocked.
   */
  replicas(
    declared: Declared,
    signal: AbortSignal,
    pace?: Pace,
    resting: ReadonlyMap<ServerName, SyncError> = new Map(),
  ): readonly Replica[] {
    const hindrance = hindranceOf(declared)
    if (hindrance !== undefined) throw hindrance
    const wayTo = this.#waysOf(declared)
    const { hub, all } = participantsOf(declared.group)
    const shared = this.#shared(declared, signal)
    return all.map((participant) => {
      const { role, place } = participant
      const access = accessFor(declared, participant)
      const rests = resting.get(place.server)
      if (access.state === 'blocked') return new Denied(role, place, access.error)
      if (rests !== undefined) return new Denied(role, place, rests)
      const ours = paceAt(place.server, hub.place.server, pace)
      return replicaOf({ ...wayTo(place.server, access), ...shared, pace: ours }, participant)
    })
  }

  /** The replicas of members that are not declared any more. If its access is blocked, all methods of one reject. */
  former(
    declared: Declared,
    left: readonly Left[],
    signal: AbortSignal,
    pace?: Pace,
  ): readonly Replica[] {
    const wayTo = this.#waysOf(declared)
    const participants = participantsOf(declared.group)
    const shared = this.#shared(declared, signal)
    return left.map(({ id, place: noted }) => {
      const place = noted ?? placeIn(participants, id)
      const participant = formerParticipant(id, place)
      const access = formerAccess(declared, place.server)
      if (access.state === 'blocked') return new Denied(participant.role, place, access.error)
      const denial = participantDenial(participant, 'Skip', access.server, true)
      if (denial !== undefined) return new Denied(participant.role, place, denied(denial))
      const ours = paceAt(place.server, participants.hub.place.server, pace)
      return replicaOf({ ...wayTo(place.server, access), ...shared, pace: ours }, participant)
    })
  }

  /**
   * The version that a server reports; undefined if it reports none. Rejects with a SyncError if the server cannot be
   * reached, or refuses. `asked`: a user asked for the probe, so a refused password is tried once more.
   */
  async probe(access: Access, asked: boolean, signal: AbortSignal): Promise<string | undefined> {
    if (access.state === 'blocked') throw access.error
    const { endpoint, transport, signIn } = this.#wayTo(access)
    if (asked) {
      transport.resume()
      signIn.ask()
    }
    return probe(transport, { anchor: addressIn(endpoint.identity), limit: 'probe' }, signal)
  }

  #shared(declared: Declared, signal: AbortSignal) {
    const codec = codecOf(itemTypeOf(declared.group))
    return { codec, pool: new Pool(this.#options.heldBytes), now: () => this.#clock.now(), signal }
  }

  // The ways to the servers of a pass, each opened once.
  #waysOf(declared: Declared): (name: ServerName, access: Ready) => Way {
    const ways = new Map<ServerName, Way>()
    return (name, access) => {
      const known = ways.get(name)
      if (known !== undefined) return known
      const way = this.#wayTo(access)
      if (isWanted(declared)) way.transport.resume()
      if (isForcedByOwner(declared, name)) way.signIn.ask()
      ways.set(name, way)
      return way
    }
  }

  #wayTo(access: Ready): Way {
    const { server } = access
    const endpoint = endpointOf(access, this.#options.requestMaxMs)
    const account = JSON.stringify([new URL(endpoint.url).href.toLowerCase(), endpoint.identity])
    const spec = JSON.stringify(server.spec)
    const use = { connection: JSON.stringify(endpoint), account, spec }
    const before = this.#used(nameOfServer(server), use)
    const signIn = this.#signIns.get(account) ?? new SignIn(this.#clock)
    this.#signIns.set(account, signIn)
    const { transport, learnt } = this.#open.get(use.connection) ?? {
      transport: this.#transportTo(endpoint, signIn, use.connection),
      learnt: new Map(),
    }
    this.#open.set(use.connection, { transport, learnt })
    if (before !== undefined && before.spec !== spec) transport.resume()
    return { server, endpoint, transport, learnt, signIn }
  }

  #transportTo(endpoint: Endpoint, signIn: SignIn, connection: string): Transport {
    const { trace, network = pooledNetwork } = this.#options
    // Several ExchangeServers may share it.
    const user = () => [...this.#uses].find(([, use]) => use.connection === connection)?.[0] ?? ''
    const traced: Trace = (...answer) => trace?.(user(), ...answer)
    const options = networkOptionsOf(endpoint, () => this.#clock.now())
    return new Transport(endpoint, this.#clock, traced, network(options), signIn, this.itemBytes)
  }

  /** Keeps the connections of the declared servers (by `nameOfServer`); closes and forgets all others. */
  keep(servers: ReadonlySet<string>): void {
    for (const [server, use] of this.#uses) {
      if (servers.has(server)) continue
      this.#uses.delete(server)
      this.#release(use)
    }
  }

  // Records how a server is used now. A connection or sign-in that no server uses any more is dropped, and not used
  // again even if the same credentials come back.
  #used(server: string, use: Use): Use | undefined {
    const before = this.#uses.get(server)
    this.#uses.set(server, use)
    if (before !== undefined) this.#release(before)
    return before
  }

  #release(before: Use): void {
    const uses = [...this.#uses.values()]
    if (uses.every(({ connection }) => connection !== before.connection)) {
      this.#open.get(before.connection)?.transport.retire()
      this.#open.delete(before.connection)
    }
    if (uses.every(({ account }) => account !== before.account))
      this.#signIns.delete(before.account)
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()))
    this.#open.clear()
  }
}
