// The Declarations port over a directory of YAML, for running without Kubernetes. Plays the API server's
// part as far as a user sees it: defaults, validation, generations, and a status per group, written to
// STATE/status/<namespace>.<name>.yaml. An edit that is not valid leaves the last valid version running.
import { join } from 'node:path'
import type { V1Secret } from '@kubernetes/client-node'
import { digestOf, type GroupId } from '../core/id.ts'
import type { ExchangeServer, SyncGroup, SyncGroupStatus } from '../core/resources.generated.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Clock, Credentials, Declarations, Declared } from '../sync/ports.ts'
import { readDirectory, watchDirectory } from './directory.ts'
import type { Source } from './documents.ts'
import { type Problem, problemText, type Ref } from './problem.ts'
import { type Loaded, readResources } from './resources.ts'
import { removeStatus, storedStatus, writeStatus } from './status-file.ts'

/** A resource that was valid when it was read last. */
type Valid = Readonly<{
  kind: string
  resource: SyncGroup | ExchangeServer | V1Secret
  file: string
  hash: string
  invalid: string | undefined
}>

const hashAnnotation = 'exchangesync.dev/declared'

/** The groups of a directory. */
export class LocalDeclarations implements Declarations {
  readonly #read: () => Promise<readonly Source[]>
  readonly #statusDirectory: string
  readonly #clock: Clock
  readonly #warn: (problems: readonly Problem[]) => void
  readonly #statuses: boolean
  #valid = new Map<string, Valid>()
  /** What is declared and was never valid, with why. */
  readonly #refused = new Map<string, string>()
  #problems = ''
  #dirty = true
  #begun = false
  #wake: (() => void) | undefined

  /** `read` gets the sources; `warn` is told of problems when they change; `statuses`: whether they are written. */
  constructor(
    read: () => Promise<readonly Source[]>,
    stateDirectory: string,
    clock: Clock,
    warn: (problems: readonly Problem[]) => void,
    statuses: boolean,
  ) {
    this.#statuses = statuses
    this.#read = read
    this.#statusDirectory = join(stateDirectory, 'status')
    this.#clock = clock
    this.#warn = warn
  }

  /** The groups of a directory, watched until the signal aborts. */
  static async watching(
    directory: string,
    stateDirectory: string,
    clock: Clock,
    warn: (problems: readonly Problem[]) => void,
    signal: AbortSignal,
  ): Promise<LocalDeclarations> {
    const local = new LocalDeclarations(
      () => sourcesIn(directory),
      stateDirectory,
      clock,
      warn,
      true,
    )
    await watchDirectory(directory, () => local.#touched(), signal)
    return local
  }

  /** How many problems the last reading had. */
  get problems(): number {
    return this.#problems === '' ? 0 : this.#problems.split('\n').length
  }

  async groups(): Promise<readonly Declared[]> {
    if (this.#dirty) {
      this.#dirty = false
      const sources = await this.#read().catch((error: unknown) => {
        // Once running, a directory that cannot be read for a moment changes nothing.
        if (!this.#begun) throw error
        this.#warn([
          {
            ...unknown,
            message: 'the directory cannot be read; what was declared goes on running',
          },
        ])
        return undefined
      })
      if (sources !== undefined) await this.#take(readResources(sources))
      this.#begun = true
    }
    const groups = [...this.#valid.values()].filter(({ kind }) => kind === 'SyncGroup')
    return Promise.all(groups.map((valid) => this.#declared(valid)))
  }

  async changed(signal: AbortSignal): Promise<void> {
    if (this.#dirty) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async report(declared: Declared, status: SyncGroupStatus): Promise<void> {
    const { apiVersion, kind, metadata } = declared.group
    const { name, namespace, creationTimestamp } = metadata
    const annotations = { [hashAnnotation]: digestOf(JSON.stringify(declared.group.spec)) }
    const own = { name, namespace, generation: declared.generation, creationTimestamp, annotations }
    await writeStatus(this.#statusDirectory, declared.id, {
      apiVersion,
      kind,
      metadata: own,
      status,
    })
  }

  readonly #unsaved = (error: unknown) =>
    this.#warn([{ ...unknown, message: syncErrorOf(error).message }])

  #touched(): void {
    this.#dirty = true
    this.#wake?.()
  }

  // What is valid is taken; what is not keeps its last valid version; what is no more declared goes.
  async #take(loaded: Loaded): Promise<void> {
    const next = new Map<string, Valid>()
    this.#refused.clear()
    for (const { ref, file, resource, hash, problems } of loaded.documents) {
      const key = keyOf(ref.kind, ref.namespace, ref.name)
      const last = this.#valid.get(key)
      const [problem] = problems
      if (resource !== undefined)
        next.set(key, { kind: ref.kind, resource, file, hash, invalid: undefined })
      else if (last !== undefined && !next.has(key)) {
        next.set(key, {
          ...last,
          invalid: problem === undefined ? 'it is not valid' : problemText(problem),
        })
      } else await this.#refuse(ref, problem)
    }
    // A file that cannot even be parsed still stands for what it declared before.
    for (const problem of loaded.problems.filter(({ ref }) => ref === undefined)) {
      for (const [key, last] of this.#valid) {
        if (last.file === problem.file && !next.has(key))
          next.set(key, { ...last, invalid: problemText(problem) })
      }
    }
    for (const [key, { kind }] of this.#valid) {
      const ended = kind === 'SyncGroup' && !next.has(key) && this.#statuses
      if (!ended) continue
      const id = key.slice(kind.length + 1) as GroupId
      await removeStatus(this.#statusDirectory, id).catch(this.#unsaved)
    }
    this.#valid = next
    const text = loaded.problems.map(problemText).join('\n')
    if (text !== this.#problems) this.#warn(loaded.problems)
    this.#problems = text
  }

  // One that was never valid has a status, too: there is no version of it that could run.
  async #refuse({ kind, namespace, name }: Ref, problem: Problem | undefined): Promise<void> {
    this.#refused.set(
      keyOf(kind, namespace, name),
      problem === undefined ? '' : problemText(problem),
    )
    if (kind !== 'SyncGroup' || !this.#statuses) return
    const since = new Date(this.#clock.now()).toISOString()
    const said = {
      status: 'False' as const,
      reason: 'InvalidSpec',
      message: problemText(problem ?? unknown),
      lastTransitionTime: since,
    }
    const conditions = [
      { type: 'Ready', ...said },
      { type: 'Stalled', ...said, status: 'True' as const },
    ]
    const status = { observedGeneration: -1, conditions }
    const id = `${namespace}/${name}` as GroupId
    // What is wrong is told already; where the status cannot be written, the others still run.
    await writeStatus(this.#statusDirectory, id, {
      kind,
      metadata: { name, namespace },
      status,
    }).catch(this.#unsaved)
  }

  async #declared({ resource, hash, invalid }: Valid): Promise<Declared> {
    const group = resource as SyncGroup
    const namespace = group.metadata.namespace ?? 'default'
    const id = `${namespace}/${group.metadata.name}` as GroupId
    const stored = await storedStatus(this.#statusDirectory, id)
    const before = stored.metadata?.generation ?? 0
    const changed =
      stored.metadata?.annotations?.[hashAnnotation] !== digestOf(JSON.stringify(group.spec))
    const server = this.#resource<ExchangeServer>(
      'ExchangeServer',
      namespace,
      group.spec.serverRef.name,
    )
    const credentials = server && this.#secret(namespace, server.spec.auth.secretRef.name)
    const tls = server?.spec.tls?.caSecretRef
    const ca = tls && this.#secret(namespace, tls.name)?.[tls.key]
    const created = group.metadata.creationTimestamp ?? stored.metadata?.creationTimestamp
    const creationTimestamp = created ?? new Date(this.#clock.now()).toISOString()
    return {
      id,
      group: { ...group, metadata: { ...group.metadata, creationTimestamp } } as SyncGroup,
      generation: group.metadata.generation ?? (changed ? before + 1 : before),
      server,
      unusable: this.#refused.get(keyOf('ExchangeServer', namespace, group.spec.serverRef.name)),
      credentials,
      ca,
      fingerprint: digestOf(
        hash,
        JSON.stringify(server?.spec ?? ''),
        JSON.stringify(credentials ?? ''),
        ca ?? '',
        invalid ?? '',
      ),
      invalid,
      previous: stored.status,
    }
  }

  #resource<Kind>(kind: string, namespace: string, name: string): Kind | undefined {
    return this.#valid.get(keyOf(kind, namespace, name))?.resource as Kind | undefined
  }

  #secret(namespace: string, name: string): Credentials | undefined {
    const secret = this.#resource<V1Secret>('Secret', namespace, name)
    if (secret === undefined) return undefined
    const decoded = Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ])
    return Object.fromEntries(decoded)
  }
}

const unknown: Problem = { file: '', line: 1, column: 1, path: '', message: 'it is not valid' }

/** The sources of a directory; a terminal SyncError when it cannot be read. */
export async function sourcesIn(directory: string): Promise<readonly Source[]> {
  try {
    return await readDirectory(directory)
  } catch (error) {
    throw new SyncError(
      'terminal',
      'DirectoryUnreadable',
      `cannot read the directory ${directory}: create it, or name another one with --local`,
      { cause: error },
    )
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string | undefined): string {
  return `${kind}/${namespace ?? 'default'}/${name ?? ''}`
}
