// Keeps a copy of all resources of one kind, and tells when one changes.
//
//   list ──► watch ──► watch ──► …            each watch goes on where the last one ended
//     ▲        │ 410, or any other ERROR event
//     └────────┘ anything else that breaks: the same again
//
// Pace: a watch that brings nothing, however it ends, makes the next one wait longer, up to half a minute; one that
// brings news, or stays for half a minute, begins that count anew. A list is no news: it may be large, and is
// what a watch that expires at once would otherwise ask for again and again.
//
// Guarantees: whatever the API server does (stops, hangs, restarts, forgets its history, refuses the
// credentials), it goes on until the signal aborts; the copy is what the server had at some moment, and is
// never emptied by an answer that was not complete; one who is told is told by key only.
// Caveats: a resource that is deleted and made again while nobody listens is told as deleted, then as new.
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from '../sync/ports.ts'
import { type BackOff, backOffMs } from '../sync/queue.ts'
import { asSyncError, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { type KubeObject, keyOf, pathOf, type ResourceKind } from './resource.ts'

/** What to keep, and whom to tell. */
export type ReflectorOptions<Kept extends KubeObject> = Readonly<{
  client: Client
  kind: ResourceKind
  /** All namespaces when undefined. */
  namespace?: string | undefined
  /** labelSelector, fieldSelector. */
  query?: Readonly<Record<string, string>>
  clock: Clock
  chance: () => number
  /** Something is otherwise: undefined for what is not, or was not, there. Must not throw. */
  changed: (now: Kept | undefined, before: Kept | undefined) => void
  /** The first list is complete. */
  synced?: () => void
  /** Told why it does not get on, once per reason. */
  troubled?: (code: string, message: string) => void
}>

type WatchEvent = Readonly<{ type: string; object: KubeObject & { code?: number } }>
type List<Kept> = Readonly<{
  metadata: { resourceVersion?: string; continue?: string }
  items?: readonly Kept[]
}>

const waits: BackOff = { leastMs: 500, mostMs: 30_000 }

/** A bookmark comes about every minute; a server that hangs says nothing. */
const silenceMs = 150_000

/** After so many failures in a row it is more than a moment's trouble. */
const persistentMin = 4

/** The history that we wanted to go on from is gone. */
class Expired extends Error {}

const endsEarly = 'WatchEndsEarly'

/** A copy of the resources of one kind. */
export class Reflector<Kept extends KubeObject> {
  readonly #options: ReflectorOptions<Kept>
  readonly #copy = new Map<string, Kept>()
  #synced = false
  #trouble: string | undefined
  #persistent = false
  #version = ''
  /** The newest version that was ever told. */
  #newest = ''
  #watchedMs = 0
  #news = false
  /** When the server was last heard of, ms since 1970. */
  heardMs = 0

  constructor(options: ReflectorOptions<Kept>) {
    this.#options = options
  }

  /** Has there been a complete list? */
  get synced(): boolean {
    return this.#synced
  }

  /** Why it does not get on, as a code; undefined while it does. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Is it more than a moment's trouble? */
  get persistent(): boolean {
    return this.#persistent
  }

  /** One resource, by namespace/name. */
  get(key: string): Kept | undefined {
    return this.#copy.get(key)
  }

  /** All of them. */
  values(): readonly Kept[] {
    return [...this.#copy.values()]
  }

  /** Takes over what a write of ours answered, unless something newer is known already. */
  took(resource: Kept): void {
    const known = this.#copy.get(keyOf(resource))
    if (known?.metadata.uid !== resource.metadata.uid) return
    // Versions are ordered (Kubernetes 1.35 says so; etcd always did).
    if (known !== undefined && isOlder(known, resource))
      this.#copy.set(keyOf(resource), slim(resource))
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, chance } = this.#options
    let failures = 0
    while (!signal.aborted) {
      let broken: unknown
      this.#news = false
      this.#watchedMs = Number.POSITIVE_INFINITY
      try {
        if (!this.#synced || this.#version === '') await this.#list(signal)
        this.#watchedMs = clock.now()
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) return
        const expired = error instanceof Expired || isStatus(error, 410)
        if (expired) this.#version = ''
        broken = expired && Number.isFinite(this.#watchedMs) ? new Expired() : error
      }
      const stayedMs = Math.max(0, clock.now() - this.#watchedMs)
      const worth = this.#news || stayedMs >= waits.mostMs
      if (worth) this.#well()
      // What broke is not asked again at once, also where it had been well until then.
      failures = worth ? (broken === undefined ? 0 : 1) : failures + 1
      if (broken !== undefined || failures > 0) this.#tell(broken, failures)
      if (failures === 0) continue
      const waitMs = backOffMs(waits, failures) * (0.5 + chance())
      await clock.sleep(waitMs, signal).catch(() => {})
    }
  }

  #well(): void {
    this.#trouble = undefined
    this.#persistent = false
  }

  #tell(error: unknown, failures: number): void {
    const persistent = failures >= persistentMin
    const early = error === undefined || error instanceof Expired
    if (early && !persistent) return
    const { code, message } = early ? this.#early() : asSyncError(error)
    if (this.#trouble === code && this.#persistent === persistent) return
    this.#trouble = code
    this.#persistent = persistent
    this.#options.troubled?.(code, message)
  }

  #early(): { code: string; message: string } {
    const { kind } = this.#options.kind
    const message = `watches of ${kind} end at once and bring nothing: changes are seen late. Check the API server, and any proxy before it`
    return { code: endsEarly, message }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, kind, namespace, query, clock } = this.#options
    const found = new Map<string, Kept>()
    let more: string | undefined
    let version = ''
    // A page token that has expired (410) begins anew with the whole list.
    do {
      const page: Record<string, string> = { limit: '500', ...(more ? { continue: more } : {}) }
      const path = pathOf(kind, namespace)
      const list = await client.json<List<Kept>>(
        { method: 'GET', path, query: { ...query, ...page } },
        signal,
      )
      for (const item of list.items ?? [])
        found.set(keyOf(item), slim({ ...kindOf(kind), ...item }))
      version = list.metadata.resourceVersion ?? ''
      if (more !== undefined && list.metadata.continue === more) throw endless(kind.kind)
      more = list.metadata.continue
    } while (more)
    this.heardMs = clock.now()
    // That a list can be had says nothing of watches.
    if (this.#trouble !== endsEarly) this.#well()
    this.#noted(version)
    const first = !this.#synced
    this.#synced = true
    for (const key of [...this.#copy.keys()]) if (!found.has(key)) this.#set(key, undefined)
    for (const [key, item] of found) this.#set(key, item)
    if (first) this.#options.synced?.()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, kind, namespace, query, clock, chance } = this.#options
    const call = {
      method: 'GET' as const,
      path: pathOf(kind, namespace),
      query: {
        ...query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#version,
        timeoutSeconds: String(300 + Math.floor(chance() * 300)),
      },
    }
    for await (const line of client.lines(call, silenceMs, signal)) {
      const { type, object } = line as WatchEvent
      this.heardMs = clock.now()
      // Expired history is the usual one; after any other, too, only a list tells what there is.
      if (type === 'ERROR') throw new Expired()
      const key = keyOf(object)
      if (type === 'DELETED') this.#set(key, undefined)
      else if (type !== 'BOOKMARK') this.#set(key, slim(object as Kept))
      if (this.#noted(object.metadata.resourceVersion ?? this.#version)) this.#news = true
    }
    this.heardMs = clock.now()
  }

  // From here a watch goes on. True when nothing as new was told before.
  #noted(version: string): boolean {
    this.#version = version
    if (version === this.#newest || isBefore(version, this.#newest)) return false
    this.#newest = version
    return true
  }

  #set(key: string, now: Kept | undefined): void {
    const before = this.#copy.get(key)
    const { uid, resourceVersion } = now?.metadata ?? {}
    if (before === undefined && now === undefined) return
    if (before !== undefined && now !== undefined) {
      if (before.metadata.resourceVersion === resourceVersion) return
      // Our own write answered before the watch told of what came before it.
      if (before.metadata.uid === uid && isOlder(now, before)) return
      if (before.metadata.uid !== uid) this.#set(key, undefined)
    }
    if (now === undefined) this.#copy.delete(key)
    else this.#copy.set(key, now)
    this.#options.changed(
      now,
      before?.metadata.uid === uid || now === undefined ? before : undefined,
    )
  }
}

function endless(kind: string): SyncError {
  const message = `the Kubernetes API server does not come to an end of the list of ${kind}; it is asked again`
  return new SyncError('transient', 'ApiListEndless', message)
}

function isOlder(one: KubeObject, other: KubeObject): boolean {
  return isBefore(one.metadata.resourceVersion ?? '', other.metadata.resourceVersion ?? '')
}

function isBefore(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}

function kindOf({ apiVersion, kind }: ResourceKind): { apiVersion: string; kind: string } {
  return { apiVersion, kind }
}

// Who wrote which field is as large as the rest, and nobody here asks for it.
function slim<Kept extends KubeObject>(resource: Kept): Kept {
  const { managedFields: _, ...metadata } = resource.metadata
  return { ...resource, metadata } as Kept
}
