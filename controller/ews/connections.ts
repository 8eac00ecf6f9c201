// Connections to Exchange servers: one per server and account, shared by groups, closed when nothing refers to them.

import { isForcedByOwner, isWanted } from '../api/annotations.ts'
import type { HostRules } from '../api/hosts.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import { castOf, formerPlaceOf, itemTypeOf } from '../api/topology.ts'
import type { ReplicaId } from '../core/id.ts'
import type { Clock, Declared, Pace, Reached, Replica } from '../sync/ports.ts'
import { endpointOf, serverOf } from './endpoint.ts'
import { itemBytesUsual } from './intake.ts'
import { codecOf } from './items.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { Pool } from './pool.ts'
import { probe } from './probe.ts'
import { addressIn, hubOf, type Line, memberOf, type Way } from './route.ts'
import { SignIn } from './sign-in.ts'
import { type Endpoint, type Trace, Transport } from './transport.ts'

/** What an ExchangeServer is reached with: the keys of a connection, and of the account's sign-in. */
type Use = Readonly<{ connection: string; account: string; spec: string }>

/** What connections are made with. */
export type ConnectionsOptions = Readonly<{
  /** Called after each request. */
  trace?: Trace
  network?: (options: NetworkOptions) => Network
  /** Hosts that servers may be on. */
  hosts?: HostRules
  /** The longest that a request may take, whatever its ExchangeServer says; ms. */
  requestMaxMs?: number
  /** Bytes of the largest contact that is read. */
  itemBytes?: number | undefined
  /** Bytes of the contacts that one pass holds. */
  heldBytes?: number | undefined
}>

/** By what a server is known here: namespace/name. */
export function nameOfServer({ metadata: { namespace, name } }: ExchangeServer): string {
  return `${namespace ?? 'default'}/${name ?? ''}`
}

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #options: ConnectionsOptions
  /** The bytes of the largest contact that is taken in. */
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
   * The replicas of a group; members that the server does not allow are there and reject. Throws a SyncError when what the
   * group refers to hinders it, is missing or unusable.
   */
  replicas(declared: Declared, signal: AbortSignal, pace?: Pace): readonly Replica[] {
    const line = this.#lineOf(declared, signal, pace)
    if (isForcedByOwner(declared)) line.signIn.ask()
    const cast = castOf(declared.group)
    return [hubOf(line, cast.hub), ...cast.members.map((place) => memberOf(line, place, false))]
  }

  /** The folders of members who are not declared any more. Throws as `replicas` does. */
  former(
    declared: Declared,
    ids: readonly ReplicaId[],
    signal: AbortSignal,
    pace?: Pace,
  ): readonly Replica[] {
    const line = this.#lineOf(declared, signal, pace)
    return ids.map((id) => memberOf(line, formerPlaceOf(id), true))
  }

  /**
   * The version that a server tells. Rejects with a SyncError when it cannot be reached, or refuses.
   * `asked`: a user asked for it, so a password that was refused is tried once more.
   */
  async probe(
    name: string,
    reached: Reached,
    asked: boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { endpoint, transport, signIn } = this.#wayTo(name, reached)
    if (asked) {
      transport.resume()
      signIn.ask()
    }
    return probe(transport, { anchor: addressIn(endpoint), lane: 'probe' }, signal)
  }

  #lineOf(declared: Declared, signal: AbortSignal, pace: Pace | undefined): Line {
    if (declared.hindrance !== undefined) throw declared.hindrance
    const way = this.#wayTo(declared.group.spec.serverRef.name, declared)
    if (isWanted(declared)) way.transport.resume()
    const pool = new Pool(this.#options.heldBytes)
    const codec = codecOf(itemTypeOf(declared.group))
    return { ...way, codec, pool, now: () => this.#clock.now(), signal, pace }
  }

  #wayTo(name: string, reached: Reached): Way {
    const server = serverOf(name, reached)
    const endpoint = endpointOf(server, reached, this.#options)
    const { url, username, password } = endpoint
    const account = JSON.stringify([new URL(url).href.toLowerCase(), username, password])
    const spec = JSON.stringify(server.spec)
    const use = { connection: JSON.stringify(endpoint), account, spec }
    const before = this.#used(nameOfServer(server), use)
    const signIn = this.#signIns.get(account) ?? new SignIn(this.#clock)
    this.#signIns.set(account, signIn)
    const { transport, learnt } = this.#open.get(use.connection) ?? {
      transport: this.#transportTo(endpoint, signIn),
      learnt: new Map(),
    }
    this.#open.set(use.connection, { transport, learnt })
    if (before !== undefined && before.spec !== spec) transport.resume()
    return { server, endpoint, transport, learnt, signIn }
  }

  #transportTo(endpoint: Endpoint, signIn: SignIn): Transport {
    const { trace = () => {}, network = pooledNetwork } = this.#options
    return new Transport(endpoint, this.#clock, trace, network(endpoint), signIn, this.itemBytes)
  }

  /** Of what servers are declared, by `nameOfServer`; the connections of all others are closed and forgotten. */
  keep(servers: ReadonlySet<string>): void {
    for (const [server, use] of this.#uses) {
      if (servers.has(server)) continue
      this.#uses.delete(server)
      this.#release(use)
    }
  }

  // What no ExchangeServer is reached with any more is not used again, also where the same credentials come back.
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
