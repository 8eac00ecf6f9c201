// Connections to Exchange servers: one per server and account, shared by groups, closed when nothing refers to them.

import { isForced, isWanted } from '../core/annotations.ts'
import type { HostRules } from '../core/hosts.ts'
import type { ReplicaId } from '../core/id.ts'
import { castOf, formerPlaceOf } from '../core/roles.ts'
import type { Clock, Declared, Pace, Reached, Replica } from '../sync/ports.ts'
import { endpointOf, serverOf } from './endpoint.ts'
import { itemBytesUsual } from './intake.ts'
import { hubOf, type Line, memberOf, type Way } from './line.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { type Held, Pool } from './pool.ts'
import { probe } from './probe.ts'
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
  itemBytes?: number
  /** What one pass holds of items. */
  held?: Held
}>

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #options: ConnectionsOptions
  /** The bytes of the largest contact that is taken in. */
  readonly itemBytes: number
  readonly #open = new Map<string, Pick<Way, 'transport' | 'learnt'>>()
  readonly #signIns = new Map<string, SignIn>()
  /** By namespace and name of the ExchangeServer. */
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
    if (declared.hindrance !== undefined) throw declared.hindrance
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal, pace)
    if (isWanted(declared)) line.transport.resume()
    if (isForced(declared.group, declared.previous)) line.signIn.ask()
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
    if (declared.hindrance !== undefined) throw declared.hindrance
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal, pace)
    if (isWanted(declared)) line.transport.resume()
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
    const anchor = endpoint.username.includes('@') ? endpoint.username : undefined
    return probe(transport, { anchor, lane: 'probe' }, signal)
  }

  #lineOf(name: string, reached: Reached, signal: AbortSignal, pace?: Pace): Line {
    const now = () => this.#clock.now()
    return { ...this.#wayTo(name, reached), pool: new Pool(this.#options.held), now, signal, pace }
  }

  #wayTo(name: string, reached: Reached): Way {
    const server = serverOf(name, reached)
    const endpoint = endpointOf(server, reached, this.#options)
    const { url, username, password } = endpoint
    const account = JSON.stringify([new URL(url).href.toLowerCase(), username, password])
    const spec = JSON.stringify(server.spec)
    const use = { connection: JSON.stringify(endpoint), account, spec }
    const key = `${server.metadata.namespace ?? 'default'}/${name}`
    const before = this.#uses.get(key)
    this.#forget(key, use)
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

  /** Of what servers are declared, by namespace and name; the connections of all others are closed and forgotten. */
  keep(servers: ReadonlySet<string>): void {
    for (const [server, use] of this.#uses) {
      if (servers.has(server)) continue
      this.#uses.delete(server)
      this.#release(use)
    }
  }

  // What no ExchangeServer is reached with any more is not used again, also where the same credentials come back.
  #forget(server: string, use: Use): void {
    const before = this.#uses.get(server)
    this.#uses.set(server, use)
    if (before !== undefined) this.#release(before)
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
