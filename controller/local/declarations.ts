// The Declarations port over a directory of YAML, for running without Kubernetes. It does for a user what an API server
// does: defaults, validation, generations, and a status for each group in STATE/status/<namespace>.<name>.yaml. After
// an invalid edit the last valid version keeps running.

import { accessPrint, accessTo, type ReferenceRules } from '../api/references.ts'
import type { ExchangeServer, SyncGroup, SyncGroupStatus } from '../api/resources.generated.ts'
import { idOfGroup, nameOfServer } from '../api/topology.ts'
import { digestOf, type GroupId } from '../core/id.ts'
import { syncErrorOf } from '../core/sync-error.ts'
import { ChangeSignal } from '../sync/change-signal.ts'
import type { Clock, Declarations, Declared } from '../sync/ports.ts'
import type { Source } from '../validation/documents.ts'
import {
  notValid,
  type Problem,
  problemText,
  type Ref,
  unreadableDirectory,
  warnedOf,
} from '../validation/problem.ts'
import { type Loaded, readResourcesSoon } from '../validation/resources.ts'
import { accessesIn, foundIn } from './access.ts'
import { sourcesIn, watchDirectory } from './directory.ts'
import { doubtsOf, Ended, endedGroup } from './missing.ts'
import { Reader } from './reader.ts'
import { type DeclaredServers, LocalServers } from './servers.ts'
import { hashOfSpec, ownedOf, refusedAs, Statuses, type Stored } from './statuses.ts'
import { keptOn, keyOf, staleIn, taken, type Valid } from './taken.ts'

/** The time after which an unreadable directory is read again, ms. */
const unreadMs = 2_000

/**
 * The purpose of reading the declarations. `run`: to run them, with a status for each. `look`: to show them. `excerpt`:
 * to show some of them; a missing group then does not count as deleted.
 */
export type Part = 'run' | 'look' | 'excerpt'

/** The groups of a directory. */
export class LocalDeclarations implements Declarations {
  readonly #reader: Reader
  readonly #store: Statuses
  readonly #clock: Clock
  readonly #warn: (problems: readonly Problem[]) => void
  readonly #part: Part
  readonly #rules: ReferenceRules
  #valid: ReadonlyMap<string, Valid> = new Map()
  /** Declared resources that were never valid, by `keyOf`, with the reason. */
  readonly #refused = new Map<string, string>()
  /** Groups that ran and are no longer declared. */
  readonly #ended = new Ended()
  #problems = ''
  /** While this is set, a missing resource does not count as deleted. */
  #doubt: Problem | undefined
  readonly #changes = new ChangeSignal()
  /** The ExchangeServers of the same directory. */
  readonly exchangeServers: LocalServers

  /** `read` returns the sources. `warn` is called when the problems change. */
  constructor(
    read: () => Promise<readonly Source[]>,
    stateDirectory: string,
    clock: Clock,
    warn: (problems: readonly Problem[]) => void,
    part: Part,
    rules: ReferenceRules = { crossNamespace: false },
  ) {
    this.#rules = rules
    this.#part = part
    this.#reader = new Reader(read, (sources) => this.#take(sources))
    this.#store = new Statuses(stateDirectory, 'SyncGroup')
    this.exchangeServers = new LocalServers(stateDirectory, clock, () => this.#declaredServers())
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
    rules: ReferenceRules = { crossNamespace: false },
  ): Promise<LocalDeclarations> {
    const local = new LocalDeclarations(
      () => sourcesIn(directory),
      stateDirectory,
      clock,
      warn,
      'run',
      rules,
    )
    await watchDirectory(directory, () => local.touched(), signal)
    return local
  }

  /** The number of problems at the last reading. */
  get problems(): number {
    return this.#problems === '' ? 0 : this.#problems.split('\n').length
  }

  async groups(): Promise<readonly Declared[]> {
    this.#changes.clear()
    await this.#reader.refreshed()
    const groups = [...this.#valid.values()].filter(({ kind }) => kind === 'SyncGroup')
    const ended = this.#ended
      .due(this.#clock.now())
      .flatMap(([id, stored]) => this.#endedOf(id, stored))
    return [...ended, ...(await Promise.all(groups.map((valid) => this.#declared(valid))))]
  }

  async changed(signal: AbortSignal): Promise<void> {
    const nextMs = this.#reader.unread ? unreadMs : this.#ended.nextMs(this.#clock.now())
    const slept = nextMs === undefined ? undefined : this.#clock.sleep(nextMs, signal)
    await this.#changes.changed(signal, slept)
    if (this.#reader.unread) this.#reader.touched()
  }

  async #declaredServers(): Promise<DeclaredServers> {
    await this.#reader.refreshed()
    const servers = [...this.#valid.values()].flatMap(({ kind, resource, hash, invalid }) => {
      if (kind !== 'ExchangeServer') return []
      const server = resource as ExchangeServer
      const found = foundIn(this.#valid, this.#refused, nameOfServer(server))
      const access = accessTo(server.metadata.name ?? '', found, this.#rules.hosts)
      return [{ server, hash, invalid, access }]
    })
    return { servers, refused: this.#refused, certain: this.#doubt === undefined }
  }

  // No finalizer is needed: a missing group is known from its status file.
  async hold(): Promise<void> {}

  async report(declared: Declared, status: SyncGroupStatus): Promise<void> {
    const { apiVersion, kind, metadata } = declared.group
    const { name, namespace, creationTimestamp } = metadata
    const annotations = hashOfSpec(declared.group.spec)
    const own = { name, namespace, generation: declared.generation, creationTimestamp, annotations }
    const { spec } = declared.group
    await this.#store.write(declared.id, { apiVersion, kind, metadata: own, spec, status })
  }

  async released({ id }: Declared): Promise<void> {
    this.#ended.released(id)
    if (this.#part === 'run') await this.#store.remove(id)
  }

  readonly #unsaved = (error: unknown) =>
    this.#warn([{ ...notValid, message: syncErrorOf(error).message }])

  /** The directory may have changed: reads it again at the next call. */
  touched(): void {
    this.#reader.touched()
    this.#changes.notify()
    this.exchangeServers.touched()
  }

  // A valid resource is taken, an invalid one keeps its last valid version, and one that is no longer declared is
  // dropped.
  async #take(sources: readonly Source[] | undefined): Promise<void> {
    if (sources === undefined) {
      this.#valid = keptOn(this.#valid, unreadableDirectory.message)
      this.#doubt = unreadableDirectory
      this.#tell([unreadableDirectory])
    } else await this.#takeLoaded(await readResourcesSoon(sources))
    this.exchangeServers.touched()
  }

  async #takeLoaded(loaded: Loaded): Promise<void> {
    const looked = this.#part !== 'excerpt'
    const doubts = looked ? doubtsOf(loaded) : []
    const { next, refused, spared } = taken(loaded, this.#valid, doubts)
    this.#valid = next
    this.#refused.clear()
    for (const [ref, problem] of refused) await this.#refuse(ref, problem)
    for (const { kind, resource } of next.values())
      if (kind === 'SyncGroup') this.#ended.declared(idOfGroup(resource as SyncGroup))
    const [doubt] = doubts
    this.#doubt = doubt
    const missing = looked ? await this.#missing(doubt === undefined) : new Map()
    this.#ended.missing(doubt === undefined ? missing : new Map(), this.#clock.now())
    if (doubt !== undefined)
      for (const [id, stored] of missing)
        await this.#say(id, stored, `${problemText(doubt)}; the group does not run until then`)
    // A file without declarations is a problem only if a resource is missing.
    const more = spared || missing.size > 0 ? doubts : []
    this.#tell([...loaded.problems, ...more.filter((each) => !loaded.problems.includes(each))])
  }

  #tell(problems: readonly Problem[]): void {
    const text = problems.map(problemText).join('\n')
    if (text !== this.#problems) this.#warn(this.#part === 'run' ? warnedOf(problems) : problems)
    this.#problems = text
  }

  async #missing(certain: boolean): Promise<ReadonlyMap<GroupId, Stored>> {
    const key = (id: GroupId) => `SyncGroup/${id}`
    const there = (id: GroupId) => this.#valid.has(key(id)) || this.#refused.has(key(id))
    const all = [...(await this.#store.all())].map(
      ([id, stored]) => [id as GroupId, stored] as const,
    )
    const left = all.filter(([id]) => !there(id))
    // A group that never ran has nothing to end.
    for (const [id, { spec }] of left)
      if (spec === undefined && certain && this.#part === 'run')
        await this.#store.remove(id).catch(this.#unsaved)
    return new Map(left.filter(([, { spec }]) => spec !== undefined))
  }

  // The resource has no valid version. The status file keeps the spec with which the group ran, because its end needs
  // it.
  async #refuse({ kind, namespace, name }: Ref, problem: Problem | undefined): Promise<void> {
    const why = problem === undefined ? '' : problemText(problem)
    this.#refused.set(keyOf(kind, namespace, name), why)
    if (kind !== 'SyncGroup') return
    const id = idOfGroup({ metadata: { namespace, name } })
    const stored = await this.#store.of(id)
    const { metadata } = stored
    const status = { ...stored.status, observedGeneration: -1 }
    const own = { ...stored, kind, metadata: { ...metadata, name, namespace }, status }
    await this.#say(id, own, problemText(problem ?? notValid))
  }

  // Writes the status of a group that does not run.
  async #say(id: GroupId, stored: Stored, message: string): Promise<void> {
    if (this.#part !== 'run') return
    const refused = refusedAs(stored, message, this.#clock.now())
    // The problem is logged already. An unwritable status must not stop the other groups.
    await this.#store.write(id, refused).catch(this.#unsaved)
  }

  async #declared({ resource, hash, invalid }: Valid): Promise<Declared> {
    const group = resource as SyncGroup
    const id = idOfGroup(group)
    const stored = await this.#store.of(id)
    const accesses = this.#accesses(group)
    const stale = invalid ?? staleIn(this.#valid, accesses.access)
    const { generation, creationTimestamp } = ownedOf(group, stored, this.#clock.now())
    return {
      id,
      group: { ...group, metadata: { ...group.metadata, creationTimestamp } } as SyncGroup,
      generation,
      ...accesses,
      fingerprint: digestOf(hash, accessPrint(accesses.access), stale ?? ''),
      invalid: stale,
      previous: stored.status,
    }
  }

  #endedOf(id: GroupId, stored: Stored): readonly Declared[] {
    const ended = endedGroup(id, stored)
    if (ended === undefined) return []
    const accesses = this.#accesses(ended.group)
    const print = accessPrint(accesses.access)
    const fingerprint = digestOf('ended', JSON.stringify(ended.group.spec), print)
    const rest = { fingerprint, invalid: undefined, previous: stored.status, deleted: true }
    return [{ id, ...ended, ...accesses, ...rest }]
  }

  #accesses(group: SyncGroup) {
    return accessesIn(group, (name) => foundIn(this.#valid, this.#refused, name), this.#rules)
  }
}
