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
// An end is believed on two witnesses: that a resource is gone, is being deleted, or was made anew under its name is
// taken only when the resource itself, asked for, says so as well, or is known to be ending already.
//
// Guarantees: whatever the API server does (stops, hangs, restarts, forgets its history, refuses the
// credentials, answers something else), it goes on until the signal aborts; the copy is what the server had at some
// moment, and is never emptied, nor anything of it taken away, by an answer that was not complete, was another's
// (answers.ts), was older than what is known, or was said once only; one who is told is told by key only.
// Assumptions: a read of one resource tells how it is now. Where it may not be read, two lists that lack it count.
// Caveats: a resource that is deleted and made again while nobody listens is told as deleted, then as new.
// Errors: ApiAnswerInvalid, ApiAnswerTooLarge, ApiListEndless, ApiListShort, ApiWatchDisordered and WatchEndsEarly, besides
// those of the client; after each all is listed again, later each time.
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

/** What to keep, and whom to tell. */
export type ReflectorOptions<Kept extends KubeObject> = Readonly<{
  client: Client
  kind: ResourceKind
  /** All namespaces when undefined. */
  namespace?: string | undefined
  /** The only one that is wanted. */
  name?: string | undefined
  clock: Clock
  chance: () => number
  /** Something is otherwise: undefined for what is not, or was not, there. Must not throw. */
  changed: (now: Kept | undefined, before: Kept | undefined) => void
  /** The first list is complete. */
  synced?: () => void
  /** Told why it does not get on, once per reason. */
  onError?: (code: string, message: string) => void
}>

type Told<Kept> = Extract<WatchEvent<Kept>, { object: Kept }>

const waits: BackOff = { leastMs: 500, mostMs: 30_000 }

/** A bookmark comes about every minute; a server that hangs says nothing. */
const silenceMs = 150_000
/** A watch is asked to end after 5 to 10 minutes; one that does not is ended, ms. */
const lateMs = 60_000

/** How many events in a row may say nothing new. */
const repeatsMax = 1_000
/** How many resources one page of a list has, as long as none is too large. */
const pageSize = 500

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
  /** A list that can be had says nothing of what is wrong with watches. */
  #watchTrouble = false
  /** From here the next watch goes on; '' where only a list tells. */
  #version = ''
  #pageSize = pageSize
  /** What a list lacked, and may not be read by itself, by uid. */
  #doubted: ReadonlySet<string> = new Set()
  /** The newest version that was ever told. */
  #newest = ''
  #watchedMs = 0
  #news = false
  /** When the server was last heard of, ms since 1970. */
  lastSeenMs = 0

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

  /** One resource, by namespace/name; `values`: all of them. */
  get(key: string): Kept | undefined {
    return this.#copy.get(key)
  }

  values(): readonly Kept[] {
    return [...this.#copy.values()]
  }

  /** Takes over what a write of ours answered, unless something newer is known already. */
  applyLocal(resource: Kept): void {
    const [key, known] = [keyOf(resource), this.#copy.get(keyOf(resource))]
    // Versions are ordered (Kubernetes 1.35 says so; etcd always did).
    if (known === undefined || !isSame(known, resource) || !isOlder(known, resource)) return
    // It may be the first to tell of what a user wrote meanwhile: no event will be newer.
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
        // What was odd once may be so again from here on; nor may the version be one that the server knows.
        if (expired || error instanceof SyncError || isStatus(error, 400, 500, 504))
          this.#version = ''
        broken = expired && Number.isFinite(this.#watchedMs) ? new Expired() : error
      }
      const stayedMs = Math.max(0, clock.now() - this.#watchedMs)
      const worth = this.#news || stayedMs >= waits.mostMs
      if (worth) this.#well()
      // What broke is not asked again at once, also where it had been well until then.
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
    const message = `watches of ${this.#options.kind.kind} end at once and bring nothing: changes are seen late. Check the API server, and any proxy before it`
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
        // Fewer at once are smaller.
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
    // A server that was restored from a backup has earlier versions from then on.
    if (isBefore(version, this.#newest)) this.#newest = version
    this.#noted(version)
    const first = !this.#synced
    this.#synced = true
    for (const key of [...this.#copy.keys()]) if (!found.has(key)) this.#set(key, undefined)
    // What is older than what was known is so by its own word.
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
      // Expired history is the usual one; after any other, too, only a list tells what there is.
      if (event.type === 'ERROR') throw new Expired()
      // In the order of their versions: what is not later was told already, or was missed.
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
    // An end is not taken back: where one is told that the resource denies, more may be untrue.
    const told = !gone && isSame(now, object) && isEnding(now) === isEnding(object)
    if (now !== undefined && !told) throw disordered(kind.kind)
    this.#set(key, gone ? undefined : now)
  }

  // Is this what is known, or older?
  #holds({ type, object }: Told<Kept>): boolean {
    const known = this.#copy.get(keyOf(object))
    if (known === undefined || !isSame(known, object)) return false
    return type !== 'DELETED' && !isOlder(known, object)
  }

  // From here a watch goes on. True when nothing as new was told before.
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
      // Our own write answered before the watch told of what came before it.
      else if (!force && isOlder(now, before)) return
    }
    if (now === undefined) this.#copy.delete(key)
    else this.#copy.set(key, now)
    this.#options.changed(now, now === undefined || isSame(before, now) ? before : undefined)
  }
}
