// How to reach the API server: URL and credentials from a kubeconfig or from a pod's service account, and one connection
// pool. client-node opens a pool per request and reads the certificates each time (kubernetes.md §1.2). Here both are
// renewed only when a file changed or the server refused the credentials, so that rotated credentials take effect.
import { readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { parse } from 'yaml'
import { printableUpTo } from '../../core/printable.ts'
import { SyncError } from '../../core/sync-error.ts'

/** URL, headers and connection pool for one request. */
export type Signed = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  dispatcher: Dispatcher
}>

/** The configuration names no cluster. */
class Nowhere extends Error {}

type Loaded = Readonly<{
  config: KubeConfig
  server: string
  dispatcher: Dispatcher
  files: readonly string[]
  mtimes: string
}>

/** How often the files are checked for changes, ms. */
const lookMs = 1_000
/** How much of the name of an unknown context is quoted, characters. */
const contextMax = 100

/** The connection to one API server as one user. */
export class Cluster {
  readonly #files: readonly string[]
  readonly #context: string | undefined
  #loaded: Loaded | undefined
  #lookedMs = Number.NEGATIVE_INFINITY

  /**
   * `kubeconfig`: paths as in KUBECONFIG; undefined: ~/.kube/config, else the service account of the pod. `context`:
   * another one than the current context.
   */
  constructor(kubeconfig: string | undefined, context?: string) {
    this.#context = context
    this.#files = (kubeconfig ?? '').split(delimiter).filter(Boolean)
  }

  /** The namespace of the current context; undefined if it names none. */
  get namespace(): string | undefined {
    const { config } = this.#fresh()
    return config.getContextObject(config.getCurrentContext())?.namespace
  }

  /** The URL, credentials and connections for a request. Throws a terminal SyncError KubeconfigUnusable without a configuration. */
  async sign(nowMs: number): Promise<Signed> {
    const { config, server, dispatcher } = this.#fresh(nowMs)
    const options: { headers?: Record<string, string>; auth?: string } = {}
    await config.applyToHTTPSOptions(options)
    const basic = options.auth && `Basic ${Buffer.from(options.auth).toString('base64')}`
    const headers = { ...options.headers, ...(basic ? { authorization: basic } : {}) }
    return { url: server, headers, dispatcher }
  }

  /** Marks the credentials as refused: the next request reads them again. */
  forget(): void {
    this.#lookedMs = Number.NEGATIVE_INFINITY
    if (this.#loaded !== undefined) this.#loaded = { ...this.#loaded, mtimes: '' }
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
    if (known !== undefined && mtimesOf(known.files) === known.mtimes) return known
    try {
      this.#loaded = this.#opened()
      // Requests in flight finish on the old connections.
      known?.dispatcher.close().catch(() => {})
    } catch (error) {
      // A file may be half replaced: keep the old credentials until it can be read.
      if (known === undefined) throw unusable(error)
    }
    return this.#loaded ?? (known as Loaded)
  }

  #opened(): Loaded {
    const config = loaded(this.#files)
    if (this.#context !== undefined) {
      if (config.getContextObject(this.#context) === null)
        throw new Nowhere(`it has no context ${printableUpTo(this.#context, contextMax)}`)
      config.setCurrentContext(this.#context)
    }
    const cluster = config.getCurrentCluster()
    const user = config.getCurrentUser()
    if (cluster === null)
      throw new Nowhere(`it names no cluster${this.#context ? ' in this context' : ''}`)
    // client-node falls back to this address when it finds no configuration.
    if (this.#files.length === 0 && cluster.server === 'http://localhost:8080')
      throw new Nowhere('there is none')
    const named = [cluster.caFile, user?.certFile, user?.keyFile]
    const files = [...this.#files, ...named.filter((file) => file !== undefined)]
    const mtimes = mtimesOf(files)
    const connect = {
      ...tlsOf(cluster, user),
      rejectUnauthorized: !cluster.skipTLSVerify,
      timeout: 10_000,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    }
    // Watches are silent for minutes, and callers set deadlines: no timeouts here. HTTP/1.1: a hung stream blocks one socket only.
    const pool = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 60_000, allowH2: false }
    const { proxyUrl, server } = cluster
    const dispatcher = proxyUrl
      ? new ProxyAgent({ uri: proxyUrl, requestTls: connect, ...pool })
      : new Agent({ ...pool, connect })
    return { config: inlined(config), server: server.replace(/\/$/, ''), dispatcher, files, mtimes }
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

// Removes file references, so that client-node reads no file per request. The pool holds the certificates already.
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
  // client-node does not read `tokenFile` of a kubeconfig user; pass it as its own auth provider.
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

function mtimesOf(files: readonly string[]): string {
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 'missing')
    .join(' ')
}

function unusable(error: unknown): SyncError {
  // A parser quotes the text that it cannot read, and that may be a token. Show the code or the name only.
  const { code, name = 'Error' } = (error ?? {}) as { code?: unknown; name?: string }
  const why = error instanceof Nowhere ? error.message : typeof code === 'string' ? code : name
  return new SyncError(
    'terminal',
    'KubeconfigUnusable',
    `the Kubernetes configuration cannot be read (${why}): set KUBECONFIG, or run in a pod with a service account`,
    { cause: error },
  )
}
