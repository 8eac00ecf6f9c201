// Keeps a copy of all resources of one kind, and reports each change.
//
//   list ──► watch ──► watch ──► …            each watch continues at the last version of the one before
//     ▲        │ 410, or any other ERROR event
//     └────────┘ any other failure: the same
//
// Pace: each watch without news, however it ends, doubles the wait before the next one, up to half a minute. A watch that
// brings news, or lasts half a minute, resets the wait. A list does not count as news: it may be large, and a watch
// that expires at once would otherwise cause one list after another.
//
// Second witness: a resource counts as gone, as being deleted, or as created again under its name only if a read of that
// resource says the same, or if it was known to be ending.
//
// Guarantees: run() continues until the signal aborts, whatever the API server does (stops, hangs, restarts, loses its
// history, refuses the credentials, answers something else). The copy is a state that the server had at some moment. No
// answer that is incomplete, about another resource (answers.ts), older than the copy, or unconfirmed removes anything
// from it.
// Assumptions: a read of one resource gives its current state. Without the right to read it, two lists without it count.
// Caveats: a resource that is deleted and created again between two watches is reported as deleted, then as new.
// Errors: ApiAnswerInvalid, ApiAnswerTooLarge, ApiListEndless, ApiListShort, ApiWatchDisordered, WatchEndsEarly, and those
// of the client. Each leads to a new list, with a longer wait each time.
import { SyncError } from '../../core/sync-error.ts'
import type { Clock } from '../../sync/ports.ts'
import { type BackOff, backOffMs } from '../../sync/queue.ts'
import { type Asked, eventIn, type WatchEvent } from './answers.ts'
import { asSyncError, isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { listed, resourcesMax, tooMany } from './listing.ts'
import { type KubeObject, keyOf, pathOf, type ResourceKind } from './resource.ts'
import { ends, isBefore, isEnding, isOlder, isSame, saysSame } from './versions.ts'
import { disordered, short, witness, witnessed } from './witness.ts'

/** The resources to copy, and the callbacks. */
export type ReflectorOptions<Kept extends KubeObject> = Readonly<{
  client: Client
  kind: ResourceKind
  /** The namespace; undefined: all. */
  namespace?: string | undefined
  /** The name of the only resource that is wanted; undefined: all. */
  name?: string | undefined
  clock: Clock
  chance: () => number
  /** Called on each change: `now` is undefined for a deleted resource, `before` for a new one. Must not throw. */
  changed: (now: Kept | undefined, before: Kept | undefined) => void
  /** Called when the first list is complete. */
  synced?: () => void
  /** Called with the reason why it makes no progress, once per reason. */
  onError?: (code: string, message: string) => void
}>

type Told<Kept> = Extract<WatchEvent<Kept>, { object: Kept }>

const waits: BackOff = { leastMs: 500, mostMs: 30_000 }

/** A bookmark comes about every minute: a longer silence means that the server hangs, ms. */
const silenceMs = 150_000
/** The server ends a watch after the 5 to 10 minutes that we ask for. This much later we end it, ms. */
const lateMs = 60_000

/** How many events in a row may bring nothing new. */
const repeatsMax = 1_000
/** The page size of a list, in resources; smaller after an answer that is too large. */
const pageSize = 500

/** From this number of failures in a row on, the trouble is reported as persistent. */
const persistentMin = 4

/** The server no longer has the history from our version on. */
class Expired extends Error {}
const endsEarly = 'WatchEndsEarly'

/** A copy of the resources of one kind. */
export class Reflector<Kept extends KubeObject> {
  readonly #options: ReflectorOptions<Kept>
  readonly #copy = new Map<string, Kept>()
  #synced = false
  #trouble: string | undefined
  #persistent = false
  /** The trouble comes from a watch; a list that succeeds does not clear it. */
  #watchTrouble = false
  /** The version at which the next watch continues; '' if a new list is needed. */
  #version = ''
  #pageSize = pageSize
  /** The uids of resources that a list lacked and that the controller may not read. */
  #doubted: ReadonlySet<string> = new Set()
  /** The newest version that was ever received. */
  #newest = ''
  #watchedMs = 0
  #news = false
  /** Time of the last message of the server, ms since 1970. */
  lastSeenMs = 0

  constructor(options: ReflectorOptions<Kept>) {
    this.#options = options
  }

  /** Has there been a complete list? */
  get synced(): boolean {
    return this.#synced
  }

  /** The code of the error that keeps it from making progress; undefined without one. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Has the trouble lasted for several attempts? */
  get persistent(): boolean {
    return this.#persistent
  }

  /** One resource, by namespace/name; `values`: all. */
  get(key: string): Kept | undefined {
    return this.#copy.get(key)
  }

  values(): readonly Kept[] {
    return [...this.#copy.values()]
  }

  /** Takes over the answer to a write of ours, unless the copy is newer. */
  applyLocal(resource: Kept): void {
    const [key, known] = [keyOf(resource), this.#copy.get(keyOf(resource))]
    // Versions are ordered (documented since Kubernetes 1.35; etcd always ordered them).
    if (known === undefined || !isSame(known, resource) || !isOlder(known, resource)) return
    // The answer may contain a user's change that we had not seen; no later event will report it.
    if (!saysSame(known, resource)) this.#set(key, resource)
    this.#copy.set(key, resource)
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
        // Start from a new list: the same version may give the same wrong answer, or be unknown to the server.
        if (expired || error instanceof SyncError || isStatus(error, 400, 500, 504))
          this.#version = ''
        broken = expired && Number.isFinite(this.#watchedMs) ? new Expired() : error
      }
      const stayedMs = Math.max(0, clock.now() - this.#watchedMs)
      const worth = this.#news || stayedMs >= waits.mostMs
      if (worth) this.#well()
      // Wait after a failure, even if the watch was healthy before it.
      failures = worth ? (broken === undefined ? 0 : 1) : failures + 1
      if (broken !== undefined || failures > 0) this.#tell(broken, failures)
      if (failures === 0) continue
      await clock.sleep(backOffMs(waits, failures) * (0.5 + chance()), signal).catch(() => {})
    }
  }

  #well(): void {
    this.#trouble = undefined
    this.#watchTrouble = false
    this.#persistent = false
  }

  #tell(error: unknown, failures: number): void {
    const [persistent, early] = [failures >= persistentMin, !error || error instanceof Expired]
    if (early && !persistent) return
    const { code, message } = early ? this.#early() : asSyncError(error)
    if (this.#trouble === code && this.#persistent === persistent) return
    this.#trouble = code
    this.#persistent = persistent
    this.#watchTrouble = Number.isFinite(this.#watchedMs)
    this.#options.onError?.(code, message)
  }

  #early(): { code: string; message: string } {
    const message = `watches of ${this.#options.kind.kind} end at once without events: the controller sees changes late. Check the API server, and any proxy before it`
    return { code: endsEarly, message }
  }

  get #asked(): Asked {
    return { namespace: this.#options.namespace, name: this.#options.name }
  }

  get #query(): Readonly<Record<string, string>> {
    const { name } = this.#options
    return name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, kind, clock } = this.#options
    const [limit, scope] = [this.#pageSize, { client, kind, asked: this.#asked }]
    const whole = await listed<Kept>({ ...scope, query: this.#query, limit }, signal).catch(
      (error) => {
        // A smaller page makes a smaller answer.
        if (asSyncError(error).code === 'ApiAnswerTooLarge')
          this.#pageSize = Math.max(1, Math.floor(limit / 4))
        throw error
      },
    )
    const { version } = whole
    const { sure: found, doubted } = await witnessed(scope, whole.found, this.#copy, signal)
    const unsure = [...doubted].some((uid) => !this.#doubted.has(uid))
    this.#doubted = doubted
    if (unsure) throw short(kind.kind)
    this.lastSeenMs = clock.now()
    if (!this.#watchTrouble) this.#well()
    // After a restore from a backup the server's versions are lower.
    if (isBefore(version, this.#newest)) this.#newest = version
    this.#noted(version)
    const first = !this.#synced
    this.#synced = true
    for (const key of [...this.#copy.keys()]) if (!found.has(key)) this.#set(key, undefined)
    // Force: `witnessed` has read each resource that is older here than in the copy.
    for (const [key, item] of found) this.#set(key, item, true)
    if (first) this.#options.synced?.()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, kind, namespace, clock, chance } = this.#options
    const seconds = 300 + Math.floor(chance() * 300)
    const call = {
      method: 'GET' as const,
      path: pathOf(kind, namespace),
      query: {
        ...this.#query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#version,
        timeoutSeconds: String(seconds),
      },
    }
    let repeats = 0
    const bounds = { silenceMs, mostMs: seconds * 1000 + lateMs }
    for await (const line of client.lines(call, bounds, signal)) {
      const event = eventIn<Kept>(kind, this.#asked, line)
      this.lastSeenMs = clock.now()
      // 410 is the usual error. After any other one, too, only a list gives the current state.
      if (event.type === 'ERROR') throw new Expired()
      // Events come in the order of their versions: one that is not later is a repetition, or was missed.
      const earlier = isBefore(event.version, this.#version)
      const old = event.version === this.#version || earlier
      const missed = event.type === 'BOOKMARK' ? earlier : old && !this.#holds(event)
      repeats = old ? repeats + 1 : 0
      if (missed || repeats > repeatsMax) throw disordered(kind.kind)
      if (old) continue
      if (event.type !== 'BOOKMARK') await this.#take(event, signal)
      if (this.#noted(event.version)) this.#news = true
    }
    this.lastSeenMs = clock.now()
  }

  async #take({ type, object }: Told<Kept>, signal: AbortSignal): Promise<void> {
    const { client, kind } = this.#options
    const key = keyOf(object)
    const before = this.#copy.get(key)
    if (before === undefined && this.#copy.size >= resourcesMax) throw tooMany(kind.kind)
    const gone = type === 'DELETED'
    const sure = gone ? isSame(object, before) && isEnding(before) : !ends(object, before)
    if (sure) return this.#set(key, gone ? undefined : object)
    const now = await witness<Kept>(client, kind, object, signal)
    if (now === 'unreadable') throw short(kind.kind)
    // The resource contradicts the event: other events may be wrong as well, so list again.
    const told = !gone && isSame(now, object) && isEnding(now) === isEnding(object)
    if (now !== undefined && !told) throw disordered(kind.kind)
    this.#set(key, gone ? undefined : now)
  }

  // Does the copy hold this state, or a newer one?
  #holds({ type, object }: Told<Kept>): boolean {
    const known = this.#copy.get(keyOf(object))
    if (known === undefined || !isSame(known, object)) return false
    return type !== 'DELETED' && !isOlder(known, object)
  }

  // Sets the version where the next watch continues. True if it is newer than any received before.
  #noted(version: string): boolean {
    this.#version = version
    if (version === this.#newest || isBefore(version, this.#newest)) return false
    this.#newest = version
    return true
  }

  #set(key: string, now: Kept | undefined, force = false): void {
    const before = this.#copy.get(key)
    if (before === undefined && now === undefined) return
    if (before !== undefined && now !== undefined) {
      if (!isSame(before, now)) this.#set(key, undefined)
      else if (before.metadata.resourceVersion === now.metadata.resourceVersion) return
      // The answer to our own write came before the watch reported an earlier change.
      else if (!force && isOlder(now, before)) return
    }
    if (now === undefined) this.#copy.delete(key)
    else this.#copy.set(key, now)
    this.#options.changed(now, now === undefined || isSame(before, now) ? before : undefined)
  }
}
