// The Declarations port over a directory of YAML, for running without Kubernetes. Plays the API server's
// part as far as a user sees it: defaults, validation, generations, and a status per group, written to
// STATE/status/<namespace>.<name>.yaml. An edit that is not valid leaves the last valid version running.

import { messageText } from '../api/conditions.ts'
import { accessPrint, type ReferenceRules } from '../api/references.ts'
import type { SyncGroup, SyncGroupStatus } from '../api/resources.generated.ts'
import { digestOf, type GroupId } from '../core/id.ts'
import { syncErrorOf } from '../core/sync-error.ts'
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
import { hashAnnotation, Statuses, type Stored } from './statuses.ts'
import { keptOn, keyOf, staleIn, taken, type Valid } from './taken.ts'

/** How long until a directory that could not be read is read again. */
const unreadMs = 2_000

/**
 * What the declarations are read for: to run them, with a status for each; to look at them; or only some of
 * them, which says nothing about what was deleted.
 */
export type Part = 'run' | 'look' | 'excerpt'

/** The groups of a directory. */
export class LocalDeclarations implements Declarations {
  readonly #read: () => Promise<readonly Source[]>
  readonly #store: Statuses
  readonly #clock: Clock
  readonly #warn: (problems: readonly Problem[]) => void
  readonly #part: Part
  readonly #rules: ReferenceRules
  #valid: ReadonlyMap<string, Valid> = new Map()
  /** What is declared and was never valid, with why. */
  readonly #refused = new Map<string, string>()
  /** Groups that ran, and are not declared any more. */
  readonly #ended = new Ended()
  #problems = ''
  #dirty = true
  #begun = false
  #unread = false
  #wake: (() => void) | undefined

  /** `read` gets the sources; `warn` is told of problems when they change. */
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
    this.#read = read
    this.#store = new Statuses(stateDirectory)
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

  /** How many problems the last reading had. */
  get problems(): number {
    return this.#problems === '' ? 0 : this.#problems.split('\n').length
  }

  async groups(): Promise<readonly Declared[]> {
    if (this.#dirty) {
      this.#dirty = false
      const sources = await this.#read().catch((error: unknown) => {
        // Once it runs, a directory that cannot be read for a moment ends no group.
        if (!this.#begun) throw error
        return undefined
      })
      this.#unread = sources?.some(({ again }) => again) ?? true
      if (sources !== undefined) await this.#take(await readResourcesSoon(sources))
      else {
        this.#valid = keptOn(this.#valid, unreadableDirectory.message)
        this.#tell([unreadableDirectory])
      }
      this.#begun = true
    }
    const groups = [...this.#valid.values()].filter(({ kind }) => kind === 'SyncGroup')
    const ended = this.#ended
      .due(this.#clock.now())
      .flatMap(([id, stored]) => this.#endedOf(id, stored))
    return [...ended, ...(await Promise.all(groups.map((valid) => this.#declared(valid))))]
  }

  async changed(signal: AbortSignal): Promise<void> {
    if (this.#dirty) return
    const touched = new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const nextMs = this.#unread ? unreadMs : this.#ended.nextMs(this.#clock.now())
    const slept = nextMs === undefined ? [] : [this.#clock.sleep(nextMs, signal)]
    await Promise.race([touched, ...slept])
    if (this.#unread) this.#dirty = true
  }

  // A group that is missing is told of from its status file.
  async hold(): Promise<void> {}

  async report(declared: Declared, status: SyncGroupStatus): Promise<void> {
    const { apiVersion, kind, metadata } = declared.group
    const { name, namespace, creationTimestamp } = metadata
    const annotations = { [hashAnnotation]: digestOf(JSON.stringify(declared.group.spec)) }
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

  /** The directory may have changed: it is read again. */
  touched(): void {
    this.#dirty = true
    this.#wake?.()
  }

  // What is valid is taken; what is not keeps its last valid version; what is no more declared goes.
  async #take(loaded: Loaded): Promise<void> {
    const looked = this.#part !== 'excerpt'
    const doubts = looked ? doubtsOf(loaded) : []
    const { next, refused, spared } = taken(loaded, this.#valid, doubts)
    this.#valid = next
    this.#refused.clear()
    for (const [ref, problem] of refused) await this.#refuse(ref, problem)
    for (const { kind, resource } of next.values())
      if (kind === 'SyncGroup') this.#ended.declared(idOf(resource as SyncGroup))
    const [doubt] = doubts
    const missing = looked ? await this.#missing(doubt === undefined) : new Map()
    this.#ended.missing(doubt === undefined ? missing : new Map(), this.#clock.now())
    if (doubt !== undefined)
      for (const [id, stored] of missing)
        await this.#say(id, stored, `${problemText(doubt)}; the group does not run until then`)
    // A file that declares nothing matters only where something is missing.
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
    const left = [...(await this.#store.all())].filter(([id]) => !there(id))
    // One that never ran has nothing to be ended.
    for (const [id, { spec }] of left)
      if (spec === undefined && certain && this.#part === 'run')
        await this.#store.remove(id).catch(this.#unsaved)
    return new Map(left.filter(([, { spec }]) => spec !== undefined))
  }

  // There is no version of it that could run. What it was when it ran stays written down: it is ended by that.
  async #refuse({ kind, namespace, name }: Ref, problem: Problem | undefined): Promise<void> {
    const why = problem === undefined ? '' : problemText(problem)
    this.#refused.set(keyOf(kind, namespace, name), why)
    if (kind !== 'SyncGroup') return
    const id = `${namespace}/${name}` as GroupId
    const stored = await this.#store.of(id)
    const { metadata } = stored
    const status = { ...stored.status, observedGeneration: -1 }
    const own = { ...stored, kind, metadata: { ...metadata, name, namespace }, status }
    await this.#say(id, own, problemText(problem ?? notValid))
  }

  // A group that does not run has a status, too.
  async #say(id: GroupId, stored: Stored, message: string): Promise<void> {
    if (this.#part !== 'run') return
    const lastTransitionTime = new Date(this.#clock.now()).toISOString()
    const said = { reason: 'InvalidSpec', message: messageText(message), lastTransitionTime }
    const conditions = [
      { type: 'Ready', status: 'False', ...said },
      { type: 'Stalled', status: 'True', ...said },
    ]
    // What is wrong is told already; where the status cannot be written, the others still run.
    await this.#store
      .write(id, { ...stored, status: { ...stored.status, conditions } })
      .catch(this.#unsaved)
  }

  async #declared({ resource, hash, invalid }: Valid): Promise<Declared> {
    const group = resource as SyncGroup
    const id = idOf(group)
    const stored = await this.#store.of(id)
    const before = stored.metadata?.generation ?? 0
    const changed =
      stored.metadata?.annotations?.[hashAnnotation] !== digestOf(JSON.stringify(group.spec))
    const accesses = this.#accesses(group)
    const stale = invalid ?? staleIn(this.#valid, accesses.access)
    const created = group.metadata.creationTimestamp ?? stored.metadata?.creationTimestamp
    const creationTimestamp = created ?? new Date(this.#clock.now()).toISOString()
    return {
      id,
      group: { ...group, metadata: { ...group.metadata, creationTimestamp } } as SyncGroup,
      generation: group.metadata.generation ?? (changed ? before + 1 : before),
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

function idOf({ metadata: { namespace = 'default', name } }: SyncGroup): GroupId {
  return `${namespace}/${name}` as GroupId
}
