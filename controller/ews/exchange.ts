// From an ExchangeServer and a SyncGroup to replicas: which connection, which route, which account.
import { allowsHub, denied, memberDenial } from '../core/allowed.ts'
import { checkedMs } from '../core/duration.ts'
import { anyHost, type HostRules, hostRefusal } from '../core/hosts.ts'
import type { ReplicaId } from '../core/id.ts'
import type { ExchangeServer } from '../core/resources.generated.ts'
import { type Cast, castOf, formerPlaceOf, type Place } from '../core/roles.ts'
import { isForced } from '../core/status.ts'
import { strayIn, strayRemedy } from '../core/stray.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Declared, Reached, Replica } from '../sync/ports.ts'
import { Control } from './control.ts'
import { Denied } from './denied.ts'
import { Hub } from './hub.ts'
import { itemBytesUsual } from './intake.ts'
import { Pool } from './looks.ts'
import { Member } from './member.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { type Learnt, Premises } from './premises.ts'
import { probe } from './probe.ts'
import { SignIn } from './sign-in.ts'
import { type Endpoint, type Route, type Trace, Transport } from './transport.ts'

/** What an ExchangeServer is reached with: the keys of a connection, and of the account's sign-in. */
type Use = Readonly<{ connection: string; account: string }>

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #trace: Trace
  readonly #network: (options: NetworkOptions) => Network
  /** The bytes of the largest contact that is taken in. */
  readonly itemBytes: number
  readonly #hosts: HostRules
  readonly #open = new Map<string, Pick<Way, 'transport' | 'learnt'>>()
  readonly #signIns = new Map<string, SignIn>()
  /** By namespace and name of the ExchangeServer. */
  readonly #uses = new Map<string, Use>()

  constructor(
    clock: Clock,
    trace: Trace = () => {},
    network: (options: NetworkOptions) => Network = pooledNetwork,
    hosts: HostRules = anyHost,
    itemBytes = itemBytesUsual,
  ) {
    this.#clock = clock
    this.#trace = trace
    this.#network = network
    this.itemBytes = itemBytes
    this.#hosts = hosts
  }

  /**
   * The replicas of a group; members that the server does not allow are there and reject. Throws a SyncError when what the
   * group refers to hinders it, is missing or unusable.
   */
  replicas(declared: Declared, signal: AbortSignal): readonly Replica[] {
    if (declared.hindrance !== undefined) throw declared.hindrance
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal)
    if (isForced(declared.group, declared.previous)) line.signIn.ask()
    const cast = castOf(declared.group)
    return [hubOf(line, cast.hub), ...cast.members.map((place) => memberOf(line, place, false))]
  }

  /** The folders of members who are not declared any more. Throws as `replicas` does. */
  former(declared: Declared, ids: readonly ReplicaId[], signal: AbortSignal): readonly Replica[] {
    if (declared.hindrance !== undefined) throw declared.hindrance
    const line = this.#lineOf(declared.group.spec.serverRef.name, declared, signal)
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
    if (asked) signIn.ask()
    const anchor = endpoint.username.includes('@') ? endpoint.username : undefined
    return probe(transport, { anchor, lane: 'probe' }, signal)
  }

  #lineOf(name: string, reached: Reached, signal: AbortSignal): Line {
    const now = () => this.#clock.now()
    return { ...this.#wayTo(name, reached), pool: new Pool(), now, signal }
  }

  #wayTo(name: string, reached: Reached): Way {
    const server = serverOf(name, reached)
    const endpoint = endpointOf(server, reached, this.#hosts)
    const { url, username, password } = endpoint
    const account = JSON.stringify([new URL(url).href.toLowerCase(), username, password])
    const use = { connection: JSON.stringify(endpoint), account }
    this.#forget(`${server.metadata.namespace ?? 'default'}/${name}`, use)
    const signIn = this.#signIns.get(account) ?? new SignIn(this.#clock)
    this.#signIns.set(account, signIn)
    const { transport, learnt } = this.#open.get(use.connection) ?? {
      transport: this.#transportTo(endpoint, signIn),
      learnt: new Map(),
    }
    this.#open.set(use.connection, { transport, learnt })
    return { server, endpoint, transport, learnt, signIn }
  }

  #transportTo(endpoint: Endpoint, signIn: SignIn): Transport {
    const network = this.#network(endpoint)
    return new Transport(endpoint, this.#clock, this.#trace, network, signIn, this.itemBytes)
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
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()))
    this.#open.clear()
  }
}

// How a server is reached, and what was learnt of its mailboxes.
type Way = Readonly<{
  server: ExchangeServer
  endpoint: Endpoint
  transport: Transport
  learnt: Learnt
  signIn: SignIn
}>

// What the replicas of one pass share.
type Line = Way &
  Readonly<{
    pool: Pool
    now: () => number
    signal: AbortSignal
  }>

function hubOf(line: Line, { role, path }: Cast['hub']): Replica {
  const { endpoint, transport, pool, now, signal, server } = line
  const { url, username } = endpoint
  const account = username.includes('@') ? username : undefined
  const route: Route = { anchor: account, lane: 'hub' }
  const control = new Control(transport, url, route, { publicFolders: true }, () => signal)
  const premises = premisesOf(line, { mailbox: undefined, path, route, control })
  const allows = (names: readonly string[]) => allowsHub(server, names)
  const written = role.receives
  return new Hub({ role, path, transport, control, pool, account, written, now, allows, premises })
}

function memberOf(line: Line, place: Place, left: boolean): Replica {
  const { role, mailbox, folder } = place
  const { endpoint, transport, pool, signal, server } = line
  const denial = memberDenial(place, server, left)
  if (denial !== undefined) return new Denied(role, denied(denial))
  const asOwner = server.spec.access === 'Impersonation'
  const route: Route = {
    actAs: asOwner ? mailbox : undefined,
    anchor: mailbox,
    lane: mailbox.toLowerCase(),
  }
  const control = new Control(transport, endpoint.url, route, { mailbox }, () => signal)
  const premises = premisesOf(line, { mailbox, path: folder, route, control })
  return new Member({ role, path: folder, transport, control, pool, route, asOwner, premises })
}

function premisesOf(
  { transport, learnt, now, server }: Line,
  where: Readonly<{ mailbox: string | undefined; path: string; route: Route; control: Control }>,
): Premises {
  const { mailbox, path, route, control } = where
  const find = async () => {
    const lookup = await control.find(path)
    return lookup.found ? lookup.folder.id : undefined
  }
  return new Premises({ server, transport, route, mailbox, learnt, now, find, path })
}

function serverOf(name: string, { server, unusable }: Reached): ExchangeServer {
  if (server !== undefined) return server
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

function endpointOf(
  server: ExchangeServer,
  { credentials, ca }: Reached,
  hosts: HostRules,
): Endpoint {
  const { name } = server.metadata
  const { url, auth, tls, limits } = server.spec
  if (!URL.canParse(url)) {
    const remedy = 'the port must be at most 65535, and each number of an address at most 255'
    const message = `spec.url of the ExchangeServer ${name} is no URL that can be reached: ${remedy}`
    throw new SyncError('terminal', 'InvalidSpec', message)
  }
  const { tokenURL } = auth.type === 'OAuth' ? (credentials ?? {}) : {}
  const token = `the tokenURL in the Secret ${auth.secretRef.name}`
  const refused =
    hostRefusal(url, hosts, 'spec.url') ?? (tokenURL && hostRefusal(tokenURL, hosts, token))
  if (refused) throw refused
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
  if (ca !== undefined && !holdsCertificate(ca)) {
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
    requestTimeoutMs: checkedMs(limits.requestTimeout),
  }
}

function holdsCertificate(pem: string): boolean {
  const begin = pem.indexOf('-----BEGIN CERTIFICATE-----')
  return begin >= 0 && pem.includes('-----END CERTIFICATE-----', begin)
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
