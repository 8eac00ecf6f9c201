// The Declarations port over the Kubernetes API. It caches SyncGroups, ExchangeServers and the Secrets that these refer
// to. A change of any of them changes the groups that use it.
//
// Guarantees: a group is reported only when everything it refers to is known, so that a slow answer never looks like a
// missing Secret. A group with our finalizer is reported as deleted until it is released. A resource of another
// namespace is used only if that is allowed.
// Caveats: if a user removes the finalizer, the group ends as with deletionPolicy: Orphan.

import { isNews } from '../api/conditions.ts'
import { groupStory, releasedStory, suspendedStory } from '../api/events.ts'
import { accessTo, type Found, type ReferenceRules } from '../api/references.ts'
import type { ExchangeServer, SyncGroup, SyncGroupStatus } from '../api/resources.generated.ts'
import { idOfGroup, namesIn, type ServerName } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { ChangeSignal } from '../sync/change-signal.ts'
import type { Proposed } from '../sync/ports/plans.ts'
import type { Declarations, Declared } from '../sync/ports.ts'
import { Copies, type CopiesOptions } from './cache.ts'
import {
  brokenSpec,
  declaredOf,
  faultsOf,
  fingerprintOf,
  type KnownServer,
  orphaned,
  unreached,
} from './declared.ts'
import { finalizer, kinds } from './kinds.ts'
import { allReferredBy, type ReferredAll } from './referred.ts'
import { asSyncError } from './runtime/api-error.ts'
import { applyStatus } from './runtime/apply-status.ts'
import type { Recorder } from './runtime/events.ts'
import { withFinalizer, withoutFinalizer } from './runtime/finalizer.ts'
import type { KubeObject } from './runtime/resource.ts'
import { isEnding, isSame } from './runtime/versions.ts'
import { witness } from './runtime/witness.ts'

/** The collaborators and the rules of the port. */
export type KubeOptions = ReferenceRules &
  Omit<CopiesOptions, 'changed' | 'touched'> &
  Readonly<{ recorder: Recorder }>

/** The groups of a cluster. */
export class KubeDeclarations implements Declarations {
  readonly #options: KubeOptions
  readonly #signal: AbortSignal
  readonly #copies: Copies
  /** Groups that had our finalizer and vanished before we released them. */
  readonly #vanished = new Map<GroupId, SyncGroup>()
  /**
   * The last complete access of a group to its servers. A group may be deleted together with its servers and Secrets.
   */
  readonly #last = new Map<GroupId, ReadonlyMap<ServerName, Found>>()
  /** The uids of the groups that we released: their removal, seen by the watch, is no news. */
  readonly #released = new Set<string>()
  /** The last reported version of each group, and its inputs: of hundreds of groups, most are unchanged. */
  readonly #known = new Map<GroupId, Readonly<{ from: readonly unknown[]; declared: Declared }>>()
  /** The signal of each reader of the caches. */
  readonly #readers: ChangeSignal[] = []
  readonly #changes = this.reader()

  constructor(options: KubeOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    const { onError } = options
    this.#copies = new Copies(
      {
        ...options,
        changed: (now, before) => this.#changed(now, before),
        touched: () => this.#touch(),
        onError: (kind, code, message) => {
          onError(kind, code, message)
          this.#touch()
        },
      },
      signal,
    )
  }

  /** Are all SyncGroups and ExchangeServers listed? */
  get synced(): boolean {
    return this.#copies.synced
  }

  /** The oldest time at which a watch last heard from the API server, ms since 1970. */
  get lastSeenMs(): number {
    return this.#copies.lastSeenMs
  }

  /** Resolves when all groups and everything that they refer to are known, or the signal aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    const known = () =>
      this.#copies.listed &&
      this.servers().every(({ pending }) => !pending) &&
      this.#copies
        .groups()
        .map((group) => this.#copies.soundGroup(group).resource)
        .every((group) => this.#referred(group, false) !== undefined)
    while (!signal.aborted && !known()) {
      this.#changes.clear()
      await this.changed(signal)
    }
  }

  /** Does the group certainly not exist? False if its namespace is not watched, or may not be read. */
  lacks(id: GroupId): boolean {
    const { namespace } = namesIn(id)
    const { namespaces } = this.#options
    const looked = namespaces.length === 0 || namespaces.includes(namespace)
    return looked && this.synced && this.#copies.group(id) === undefined && !this.#vanished.has(id)
  }

  /** The same, confirmed by a read of this group at the API server. Rejects as `Client.json` does. */
  async isGone(id: GroupId, signal: AbortSignal): Promise<boolean> {
    if (!this.lacks(id)) return false
    const { client } = this.#options
    const now = await witness(client, kinds.syncGroup, { metadata: namesIn(id) }, signal)
    return now === undefined && this.lacks(id)
  }

  /**
   * A group as if it were stored, with all others as they are declared now; `pending` while one of its Secrets is not known.
   * Undefined while groups and servers are not listed. Keeps nothing of it, and is no reading of the groups.
   */
  proposed(group: SyncGroup): Proposed | undefined {
    const copies = this.#copies
    if (!copies.listed) return undefined
    copies.wantReferred()
    const fresh = { deleted: false, last: new Map() }
    const referred = allReferredBy(group, copies, this.#options, fresh)
    if (referred === undefined) return undefined
    const facts = { deleted: false, invalid: referred.stale, broken: undefined }
    const declared = declaredOf(group, referred.accesses, facts)
    const others = this.#all().filter(({ id }) => id !== declared.id)
    return { declared, others, pending: referred.pending }
  }

  /** A signal for one more reader of the caches: something may have changed. */
  reader(): ChangeSignal {
    const signal = new ChangeSignal()
    this.#readers.push(signal)
    return signal
  }

  async groups(): Promise<readonly Declared[]> {
    // Clear the signal first: a change during this call, or the end of a list, must wake the next `changed()`.
    this.#changes.clear()
    // An incomplete list does not show which group claims a folder first.
    if (!this.#copies.listed) return []
    this.#copies.wantReferred()
    return this.#all()
  }

  #all(): readonly Declared[] {
    const there = this.#copies.groups().flatMap((group) => this.#declared(group))
    const gone = [...this.#vanished.values()].flatMap((group) => this.#declared(group, true))
    return [...there, ...gone]
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.changed(signal)
  }

  async hold({ id, broken }: Declared): Promise<void> {
    // A broken group does not run, so there is nothing to end.
    if (broken !== undefined) return
    const group = this.#copies.group(id)
    if (group === undefined) throw vanished(id)
    if (group.metadata.finalizers?.includes(finalizer)) return
    await this.#writing(async () => {
      const { client } = this.#options
      const held = await withFinalizer(client, kinds.syncGroup, group, finalizer, this.#signal)
      this.#copies.applyLocal(held as SyncGroup)
    })
  }

  async report({ id, group, previous }: Declared, status: SyncGroupStatus): Promise<void> {
    const { client, recorder } = this.#options
    const now = this.#copies.group(id)
    if (now === undefined || now.metadata.uid !== group.metadata.uid) return
    if (isNews(now.status, status)) {
      await this.#writing(async () => {
        const kind = kinds.syncGroup
        const written = await applyStatus<SyncGroup>(client, kind, now, status, this.#signal)
        // A group that no longer exists needs no status.
        if (written !== undefined) this.#copies.applyLocal(written)
      })
    }
    const paused = suspendedStory(group, previous, status)
    for (const event of [...groupStory(group, previous, status), ...paused])
      void recorder.tell(now, event, this.#signal)
  }

  async released({ id, group: declared }: Declared): Promise<void> {
    const group = this.#copies.group(id)
    const { uid = '' } = declared.metadata
    if (this.#vanished.get(id)?.metadata.uid === uid) this.#vanished.delete(id)
    this.#last.delete(id)
    this.#known.delete(id)
    // A new group with the same name is not the released one.
    if (group === undefined || group.metadata.uid !== uid) return
    this.#released.add(uid)
    const { client, recorder } = this.#options
    await this.#writing(async () => {
      const freed = await withoutFinalizer(client, kinds.syncGroup, group, finalizer, this.#signal)
      if (freed !== undefined) this.#copies.applyLocal(freed as SyncGroup)
    })
    void recorder.tell(group, releasedStory(declared), this.#signal)
  }

  /** The ExchangeServers, each with its credentials and its certificate authority. */
  servers(): readonly KnownServer[] {
    const copies = this.#copies
    if (!copies.listed) return []
    copies.wantReferred()
    return copies.servers().map(({ resource: server, invalid, standIn }) => {
      const broken = invalid === undefined ? undefined : brokenSpec(invalid)
      const { pending, ...reach } = standIn ? unreached : copies.reachOf(server)
      const found = standIn ? { unusable: invalid, server: undefined } : { server }
      const access = accessTo(
        server.metadata.name ?? '',
        { ...reach, ...found },
        this.#options.hosts,
      )
      return { server, access, pending, broken }
    })
  }

  /** A resource as the cluster has it, by namespace/name, whatever is proposed; a Secret only if a server names it. */
  stored(kind: string, key: string): KubeObject | undefined {
    return this.#copies.stored(kind, key)
  }

  /** Takes over an ExchangeServer that we wrote. */
  applyLocalServer(server: ExchangeServer): void {
    this.#copies.applyLocal(server)
  }

  #touch(): void {
    for (const { notify } of this.#readers) notify()
  }

  #changed(now: SyncGroup | undefined, before: SyncGroup | undefined): void {
    // The group vanished before we released it: end it, or the state would claim its folders for ever.
    const held = before?.metadata.finalizers?.includes(finalizer)
    const letGo =
      now === undefined || (isEnding(now) && !now.metadata.finalizers?.includes(finalizer))
    if (before !== undefined && held && letGo && !this.#released.has(before.metadata.uid ?? ''))
      this.#vanished.set(idOfGroup(before), before)
    if (now === undefined) this.#released.delete(before?.metadata.uid ?? '')
    // A new group with the same name starts on its own.
    else if (!isEnding(now)) this.#vanished.delete(idOfGroup(now))
    // Only the status changed, and we wrote that ourselves.
    if (now !== undefined && before !== undefined && fingerprintOf(now) === fingerprintOf(before))
      return
    this.#touch()
  }

  #declared(stored: SyncGroup, gone = false): readonly Declared[] {
    const sound = this.#copies.soundGroup(stored)
    const group = sound.resource
    const deleted = gone || group.metadata.deletionTimestamp !== undefined
    // Only finalizers of other controllers remain: our part is done.
    if (deleted && !group.metadata.finalizers?.includes(finalizer)) return []
    const id = idOfGroup(group)
    const referred = this.#referred(group, deleted)
    const known = this.#known.get(id)
    // Leave the group out until its references are known: that ends nothing. Exception: a pending Secret of a group
    // that runs unchanged.
    if (referred === undefined) return []
    if (referred.pending && (known === undefined || !isSame(known.declared.group, group))) return []
    this.#last.set(id, referred.last)
    const faults = faultsOf(sound, referred.stale)
    const from = [group, gone, faults.invalid, ...referred.parts]
    if (known?.from.every((part, at) => part === from[at])) return [known.declared]
    const whole = gone ? orphaned(group) : group
    const declared = declaredOf(whole, referred.accesses, { deleted, ...faults })
    this.#known.set(id, { from, declared })
    return [declared]
  }

  #referred(group: SyncGroup, deleted: boolean): ReferredAll | undefined {
    const last = this.#last.get(idOfGroup(group)) ?? new Map<ServerName, Found>()
    return allReferredBy(group, this.#copies, this.#options, { deleted, last })
  }

  async #writing(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#signal.throwIfAborted()
      throw asSyncError(error)
    }
  }
}

function vanished(id: GroupId): SyncError {
  return new SyncError('stale', 'Vanished', `the SyncGroup ${id} no longer exists`)
}
