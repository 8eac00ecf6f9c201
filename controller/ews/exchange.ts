// From an ExchangeServer and a SyncGroup to replicas: which connection, which route, which account.
import { checkedMs } from '../core/duration.ts'
import type { ExchangeServer, SyncGroup } from '../core/resources.generated.ts'
import { castOf } from '../core/roles.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Declared, Replica } from '../sync/ports.ts'
import { Control } from './control.ts'
import { Hub } from './hub.ts'
import { Pool } from './looks.ts'
import { Member } from './member.ts'
import { type Network, type NetworkOptions, pooledNetwork } from './network.ts'
import { type Endpoint, type Route, type Trace, Transport } from './transport.ts'

/** Connections to Exchange servers, one per server and account, shared by groups. */
export class Connections {
  readonly #clock: Clock
  readonly #trace: Trace
  readonly #network: (options: NetworkOptions) => Network
  readonly #open = new Map<string, Transport>()

  constructor(
    clock: Clock,
    trace: Trace = () => {},
    network: (options: NetworkOptions) => Network = pooledNetwork,
  ) {
    this.#clock = clock
    this.#trace = trace
    this.#network = network
  }

  /** The replicas of a group. Throws a terminal SyncError when what it refers to is missing or unusable. */
  replicas(declared: Declared, signal: AbortSignal): readonly Replica[] {
    const endpoint = endpointOf(declared)
    const key = JSON.stringify(endpoint)
    const transport =
      this.#open.get(key) ??
      new Transport(endpoint, this.#clock, this.#trace, this.#network(endpoint))
    this.#open.set(key, transport)
    return replicasOf(
      declared.group,
      declared.server as ExchangeServer,
      endpoint,
      transport,
      signal,
    )
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((transport) => transport.close()))
    this.#open.clear()
  }
}

function replicasOf(
  group: SyncGroup,
  server: ExchangeServer,
  endpoint: Endpoint,
  transport: Transport,
  signal: AbortSignal,
): readonly Replica[] {
  const { hub, members } = castOf(group)
  const { url, username } = endpoint
  const account = username.includes('@') ? username : undefined
  const pool = new Pool()
  const hubRoute: Route = { anchor: account, lane: 'hub' }
  const start = { publicFolders: true } as const
  return [
    new Hub({
      role: hub.role,
      path: hub.path,
      transport,
      control: new Control(transport, url, hubRoute, start, () => signal),
      pool,
      account,
      written: hub.role.receives,
    }),
    ...members.map(({ role, mailbox, folder }) => {
      const actAs = server.spec.access === 'Impersonation' ? mailbox : undefined
      const route: Route = { actAs, anchor: mailbox, lane: mailbox.toLowerCase() }
      const control = new Control(transport, url, route, { mailbox }, () => signal)
      return new Member({ role, path: folder, transport, control, pool, route })
    }),
  ]
}

function endpointOf({ group, server, unusable, credentials, ca }: Declared): Endpoint {
  if (server === undefined) {
    const name = group.spec.serverRef.name
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
    requestTimeoutMs: checkedMs(limits.requestTimeout),
  }
}
