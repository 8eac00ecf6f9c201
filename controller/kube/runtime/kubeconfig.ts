// The way to the API server: what a kubeconfig, or a pod's service account, says of it, and one pool of
// connections. client-node makes a new pool for each request, and reads the certificates each time
// (kubernetes.md §1.2); here both are made anew only when a file changed, or the server refused the
// credentials, so that rotated ones are taken up.
import { readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { parse } from 'yaml'
import { SyncError } from '../../core/sync-error.ts'

/** What a request needs of it. */
export type Signed = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  dispatcher: Dispatcher
}>

/** The configuration leads to no cluster. */
class Nowhere extends Error {}

type Loaded = Readonly<{
  config: KubeConfig
  server: string
  dispatcher: Dispatcher
  files: readonly string[]
  stand: string
}>

/** How often the files are looked at, ms. */
const lookMs = 1_000

/** How to reach one API server, and as whom. */
export class Cluster {
  readonly #files: readonly string[]
  #loaded: Loaded | undefined
  #lookedMs = Number.NEGATIVE_INFINITY

  /** `kubeconfig`: paths as KUBECONFIG lists them; undefined: ~/.kube/config, else what a pod is given. */
  constructor(kubeconfig: string | undefined) {
    this.#files = (kubeconfig ?? '').split(delimiter).filter(Boolean)
  }

  /** The namespace that the configuration names. */
  get namespace(): string | undefined {
    const { config } = this.#fresh()
    return config.getContextObject(config.getCurrentContext())?.namespace
  }

  /** The URL, credentials and connections for a request. Throws a terminal SyncError without a configuration. */
  async sign(nowMs: number): Promise<Signed> {
    const { config, server, dispatcher } = this.#fresh(nowMs)
    const options: { headers?: Record<string, string>; auth?: string } = {}
    await config.applyToHTTPSOptions(options)
    const basic = options.auth && `Basic ${Buffer.from(options.auth).toString('base64')}`
    const headers = { ...options.headers, ...(basic ? { authorization: basic } : {}) }
    return { url: server, headers, dispatcher }
  }

  /** The credentials were refused: they are read again for the next request. */
  forget(): void {
    this.#lookedMs = Number.NEGATIVE_INFINITY
    if (this.#loaded !== undefined) this.#loaded = { ...this.#loaded, stand: '' }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#loaded?.dispatcher.destroy()
    this.#loaded = undefined
  }

  #fresh(nowMs = 0): Loaded {
    const known = this.#loaded
    if (known !== undefined && nowMs - this.#lookedMs < lookMs) return known
    this.#lookedMs = nowMs
    if (known !== undefined && standOf(known.files) === known.stand) return known
    try {
      this.#loaded = this.#opened()
      // Requests under way end on the old connections.
      known?.dispatcher.close().catch(() => {})
    } catch (error) {
      // A file that is being replaced: the old ones serve until it is there.
      if (known === undefined) throw unusable(error)
    }
    return this.#loaded ?? (known as Loaded)
  }

  #opened(): Loaded {
    const config = loaded(this.#files)
    const cluster = config.getCurrentCluster()
    const user = config.getCurrentUser()
    if (cluster === null) throw new Nowhere('it names no cluster')
    // What client-node falls back to when it has found nothing.
    if (this.#files.length === 0 && cluster.server === 'http://localhost:8080')
      throw new Nowhere('there is none')
    const named = [cluster.caFile, user?.certFile, user?.keyFile]
    const files = [...this.#files, ...named.filter((file) => file !== undefined)]
    const stand = standOf(files)
    const connect = {
      ...tlsOf(cluster, user),
      rejectUnauthorized: !cluster.skipTLSVerify,
      timeout: 10_000,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    }
    // Watches say nothing for minutes; deadlines are the callers'. HTTP/1.1: one hung stream is one socket.
    const pool = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 60_000, allowH2: false }
    const { proxyUrl, server } = cluster
    const dispatcher = proxyUrl
      ? new ProxyAgent({ uri: proxyUrl, requestTls: connect, ...pool })
      : new Agent({ ...pool, connect })
    return { config: inlined(config), server: server.replace(/\/$/, ''), dispatcher, files, stand }
  }
}

type ClusterEntry = NonNullable<ReturnType<KubeConfig['getCurrentCluster']>>

function tlsOf(cluster: ClusterEntry, user: User | null) {
  const bytes = (file?: string, data?: string) =>
    file ? readFileSync(file) : data ? Buffer.from(data, 'base64') : undefined
  const [ca, cert, key] = [
    bytes(cluster.caFile, cluster.caData),
    bytes(user?.certFile, user?.certData),
    bytes(user?.keyFile, user?.keyData),
  ]
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
  }
}

// Without the files, client-node has nothing to read at each request; the pool has what was in them.
function inlined(config: KubeConfig): KubeConfig {
  const next = new KubeConfig()
  const server = 'https://in.pool'
  next.loadFromOptions({
    clusters: config.clusters.map(({ name }) => ({ name, server, skipTLSVerify: false })),
    users: config.users.map(
      ({ certFile: _c, keyFile: _k, certData: _d, keyData: _e, ...user }) => user,
    ),
    contexts: config.contexts,
    currentContext: config.currentContext,
  })
  return next
}

function loaded(files: readonly string[]): KubeConfig {
  const config = new KubeConfig()
  if (files.length === 0) {
    config.loadFromDefault()
    return config
  }
  const [first = '', ...others] = files
  config.loadFromFile(first)
  for (const file of others) {
    const more = new KubeConfig()
    more.loadFromFile(file)
    config.mergeConfig(more)
  }
  // client-node knows kubectl's `tokenFile` only under another name.
  const tokens = files.flatMap(tokenFilesIn)
  config.users = config.users.map((user) => {
    const tokenFile = tokens.find(([name]) => name === user.name)?.[1]
    if (tokenFile === undefined) return user
    const { token: _, ...rest } = user
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } }
  })
  return config
}

function tokenFilesIn(file: string): readonly (readonly [string, string])[] {
  const text = parse(readFileSync(file, 'utf8')) as {
    users?: { name: string; user?: { tokenFile?: string } }[]
  } | null
  return (text?.users ?? []).flatMap(({ name, user }) =>
    user?.tokenFile ? [[name, resolve(dirname(file), user.tokenFile)] as const] : [],
  )
}

function standOf(files: readonly string[]): string {
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 'missing')
    .join(' ')
}

function unusable(error: unknown): SyncError {
  // A parser quotes what it could not read, and that may be a token.
  const { code, name = 'Error' } = (error ?? {}) as { code?: unknown; name?: string }
  const why = error instanceof Nowhere ? error.message : typeof code === 'string' ? code : name
  return new SyncError(
    'terminal',
    'KubeconfigUnusable',
    `the way to the Kubernetes API cannot be read (${why}): set KUBECONFIG, or run in a pod with a service account`,
    { cause: error },
  )
}
