// From an ExchangeServer and a SyncGroup to replicas: which connection, which route, which account.
import { checkedMs } from '../core/duration.ts'
import type { ReplicaId } from '../core/id.ts'
import { type Cast, castOf, formerPlaceOf, type Place } from '../core/roles.ts'
import { isForced, isWanted } from '../core/status.ts'
import { strayIn, strayRemedy } from '../core/stray.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Declared, Pace, Reached, Replica } from '../sync/ports.ts'
import { Control } from './control.ts'
import { Hub } from './hub.ts'
import { Pool } from './looks.ts'
import { Member } from './member.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { probe } from './probe.ts'
import { SignIn } from './sign-in.ts'
import { type Endpoint, type Route, type Trace, Transport } from './transport.ts'

/** What an ExchangeServer is reached with: the keys of a connection, and of the account's sign-in. */
type Use = Readonly<{ connection: string; account: string; spec: string }>

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #trace: Trace
  readonly #network: (options: NetworkOptions) => Network
  /** The longest that a request may take, whatever its ExchangeServer says. */
  readonly #requestMaxMs: number
  readonly #open = new Map<string, Transport>()
  readonly #signIns = new Map<string, SignIn>()
  /** By namespace and name of the ExchangeServer. */
  readonly #uses = new Map<string, Use>()

  constructor(
    clock: Clock,
    trace: Trace = () => {},
    network: (options: NetworkOptions) => Network = pooledNetwork,
    requestMaxMs = Number.POSITIVE_INFINITY,
  ) {
    this.#clock = clock
    this.#trace = trace
    this.#network = network
    this.#requestMaxMs = requestMaxMs
  }

  /** The replicas of a group. Throws a terminal SyncError when what it refers to is missing or unusable. */
  replicas(declared: Declared, signal: AbortSignal, pace?: Pace): readonly Replica[] {
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal, pace)
    if (isWanted(declared)) line.transport.resume()
    if (isForced(declared.group, declared.previous)) line.signIn.ask()
    const cast = castOf(declared.group)
    return [hubOf(line, cast.hub), ...cast.members.map((place) => memberOf(line, place))]
  }

  /** The folders of members who are not declared any more. Throws as `replicas` does. */
  former(
    declared: Declared,
    ids: readonly ReplicaId[],
    signal: AbortSignal,
    pace?: Pace,
  ): readonly Replica[] {
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal, pace)
    if (isWanted(declared)) line.transport.resume()
    return ids.map((id) => memberOf(line, formerPlaceOf(id)))
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
    const { endpoint, transport, signIn } = this.#lineOf(name, reached, signal)
    if (asked) {
      transport.resume()
      signIn.ask()
    }
    const anchor = endpoint.username.includes('@') ? endpoint.username : undefined
    return probe(transport, { anchor, lane: 'probe' }, signal)
  }

  #lineOf(name: string, reached: Reached, signal: AbortSignal, pace?: Pace): Line {
    const endpoint = endpointOf(name, reached, this.#requestMaxMs)
    const { url, username, password } = endpoint
    const account = JSON.stringify([new URL(url).href.toLowerCase(), username, password])
    const spec = JSON.stringify(reached.server?.spec)
    const use = { connection: JSON.stringify(endpoint), account, spec }
    const server = `${reached.server?.metadata.namespace ?? 'default'}/${name}`
    const before = this.#uses.get(server)
    this.#forget(server, use)
    const signIn = this.#signIns.get(account) ?? new SignIn(this.#clock)
    this.#signIns.set(account, signIn)
    const transport =
      this.#open.get(use.connection) ??
      new Transport(endpoint, this.#clock, this.#trace, this.#network(endpoint), signIn)
    this.#open.set(use.connection, transport)
    if (before !== undefined && before.spec !== spec) transport.resume()
    const impersonates = reached.server?.spec.access === 'Impersonation'
    const now = () => this.#clock.now()
    return { endpoint, transport, signIn, impersonates, pool: new Pool(), now, signal, pace }
  }

  // What no ExchangeServer is reached with any more is not used again, also where the same credentials come back:
  // a pass that is under way ends with it, and its idle connections end by themselves.
  #forget(server: string, use: Use): void {
    const before = this.#uses.get(server)
    this.#uses.set(server, use)
    if (before === undefined) return
    const uses = [...this.#uses.values()]
    if (uses.every(({ connection }) => connection !== before.connection))
      this.#open.delete(before.connection)
    if (uses.every(({ account }) => account !== before.account))
      this.#signIns.delete(before.account)
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((transport) => transport.close()))
    this.#open.clear()
  }
}

// What the replicas of one pass share.
type Line = Readonly<{
  endpoint: Endpoint
  transport: Transport
  signIn: SignIn
  impersonates: boolean
  pool: Pool
  now: () => number
  signal: AbortSignal
  pace: Pace | undefined
}>

function hubOf(
  { endpoint, transport, pool, now, signal, pace }: Line,
  { role, path }: Cast['hub'],
): Replica {
  const { url, username } = endpoint
  const account = username.includes('@') ? username : undefined
  const route: Route = { anchor: account, lane: 'hub', pace }
  const control = new Control(transport, url, route, { publicFolders: true }, () => signal)
  return new Hub({
    role,
    path,
    transport,
    control,
    pool,
    account,
    written: role.receives,
    now,
    pace,
  })
}

function memberOf(line: Line, { role, mailbox, folder }: Place): Replica {
  const { endpoint, transport, pool, signal, pace } = line
  const actAs = line.impersonates ? mailbox : undefined
  const route: Route = { actAs, anchor: mailbox, lane: mailbox.toLowerCase(), pace }
  const control = new Control(transport, endpoint.url, route, { mailbox }, () => signal)
  const asOwner = line.impersonates
  return new Member({ role, path: folder, transport, control, pool, route, asOwner })
}

function endpointOf(
  name: string,
  { server, unusable, credentials, ca }: Reached,
  requestMaxMs: number,
): Endpoint {
  if (server === undefined) {
    if (unusable !== undefined)
      throw new SyncError(
        'terminal',
        'InvalidServer',
        `the ExchangeServer ${name} is not valid: ${unusable}`,
      )
    throw new SyncError(
      'terminal',
      'ServerNotFound',
      `there is no ExchangeServer ${name} in the namespace: create it, or correct spec.serverRef`,
    )
  }
  const { url, auth, tls, limits } = server.spec
  if (auth.type !== 'Basic') {
    throw new SyncError(
      'terminal',
      'AuthNotSupported',
      `spec.auth.type ${auth.type} is not supported yet: use Basic over https`,
    )
  }
  const { username, password } = credentials ?? {}
  if (username === undefined || password === undefined) {
    throw new SyncError(
      'terminal',
      'SecretNotFound',
      `the Secret ${auth.secretRef.name} with the keys username and password is missing: create it, or correct spec.auth.secretRef`,
    )
  }
  refuseStray(auth.secretRef.name, { username, password })
  if (tls !== undefined && ca === undefined) {
    throw new SyncError(
      'terminal',
      'SecretNotFound',
      `the Secret ${tls.caSecretRef.name} with the key ${tls.caSecretRef.key} is missing: create it, or correct spec.tls.caSecretRef`,
    )
  }
  if (ca !== undefined && !/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(ca)) {
    const name = `${tls?.caSecretRef.name}, key ${tls?.caSecretRef.key}`
    throw new SyncError(
      'terminal',
      'InvalidCertificate',
      `the Secret ${name} holds no certificate in PEM form: put the one of the server’s authority there`,
    )
  }
  return {
    url,
    username,
    password,
    ca,
    concurrency: limits.concurrency,
    concurrencyPerMailbox: limits.concurrencyPerMailbox,
    requestTimeoutMs: Math.min(checkedMs(limits.requestTimeout), requestMaxMs),
  }
}

// Nothing is sent: a server would count it as a wrong password, and may lock the account.
function refuseStray(secret: string, values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) {
    const stray = strayIn(key, value)
    if (stray === undefined) continue
    const what = `the key ${key} of the Secret ${secret} ${stray}`
    throw new SyncError('terminal', 'InvalidSecret', `${what}: ${strayRemedy}`)
  }
}
