// Writes Kubernetes Events (events.k8s.io/v1) about a resource. Events that repeat within six minutes become a series of
// one Event. Each resource gets a burst of at most 25 Events, then one in five minutes (client-go's limits). Without the
// right to write Events it writes none.
import { createHash } from 'node:crypto'
import { cutBytes } from '../../core/cut.ts'
import { printable } from '../../core/printable.ts'
import type { Clock } from '../../sync/ports.ts'
import { isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { builtIn, type KubeObject, microTime, pathOf } from './resource.ts'

/** The content of an Event. `reason` is one of a fixed vocabulary. */
export type Note = Readonly<{ type: 'Normal' | 'Warning'; reason: string; note: string }>

/** The client, the clock and the reporter of the Events. */
export type RecorderOptions = Readonly<{
  client: Client
  clock: Clock
  controller: string
  /** The name of this process. */
  instance: string
  onError?: (message: string) => void
}>

type Series = { name: string; namespace: string; count: number; lastMs: number }
type Bucket = { left: number; atMs: number }

const seriesMs = 6 * 60_000
/** events.k8s.io allows 1 kB, bytes. */
const noteMax = 1000
const burst = 25
const refillMs = 5 * 60_000
/** How many series and buckets are kept. */
const rememberedMax = 4096

/** Writes Events. */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #buckets = new Map<string, Bucket>()
  #forbidden = false
  #told = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Writes an Event about a resource. Never rejects: a failed Event must not cost a pass. */
  async tell(
    regarding: KubeObject,
    { type, reason, note: whole }: Note,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#forbidden) return
    const note = cutBytes(printable(whole), noteMax)
    const { clock, onError } = this.#options
    const nowMs = clock.now()
    const key = JSON.stringify([regarding.metadata.uid, type, reason, note])
    const known = this.#series.get(key)
    try {
      if (known !== undefined && nowMs - known.lastMs < seriesMs) {
        await this.#again(known, nowMs, signal)
      } else if (this.#allowed(regarding.metadata.uid ?? '', nowMs)) {
        const event = await this.#first(regarding, { type, reason, note }, key, nowMs, signal)
        remember(this.#series, key, { ...event, count: 1, lastMs: nowMs })
      }
    } catch (error) {
      // A namespace that is being deleted refuses Events; other namespaces still take them.
      if (isStatus(error, 403) && !/being terminated/.test(error.message)) {
        this.#forbidden = true
        onError?.(
          'no Events are written: the service account lacks the right to create events in events.k8s.io',
        )
      }
      this.#series.delete(key)
    }
  }

  async #first(
    { apiVersion, kind, metadata }: KubeObject,
    { type, reason, note }: Note,
    key: string,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<{ name: string; namespace: string }> {
    const { client, controller, instance } = this.#options
    const { name = '', namespace = 'default', uid, resourceVersion } = metadata
    this.#told += 1
    const digest = createHash('sha256')
      .update(`${instance}${key}${nowMs}${this.#told}`)
      .digest('hex')
    const event = { name: `${name.slice(0, 200)}.${digest.slice(0, 16)}`, namespace }
    const body = {
      apiVersion: builtIn.event.apiVersion,
      kind: builtIn.event.kind,
      metadata: event,
      eventTime: microTime(nowMs),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      action: 'Reconcile',
      reason,
      type,
      note,
      regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
    }
    await client.json({ method: 'POST', path: pathOf(builtIn.event, namespace), body }, signal)
    return event
  }

  async #again(series: Series, nowMs: number, signal: AbortSignal): Promise<void> {
    series.count += 1
    series.lastMs = nowMs
    // Write at each doubling of the count only: 1, 2, 4, 8 …
    if ((series.count & (series.count - 1)) !== 0) return
    const body = { series: { count: series.count, lastObservedTime: microTime(nowMs) } }
    const path = pathOf(builtIn.event, series.namespace, series.name)
    const type = 'application/merge-patch+json'
    await this.#options.client.json({ method: 'PATCH', path, body, type }, signal)
  }

  #allowed(uid: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(uid) ?? { left: burst, atMs: nowMs }
    const refilled = Math.floor((nowMs - bucket.atMs) / refillMs)
    if (refilled > 0) {
      bucket.left = Math.min(burst, bucket.left + refilled)
      bucket.atMs += refilled * refillMs
    }
    remember(this.#buckets, uid, bucket)
    if (bucket.left === 0) return false
    bucket.left -= 1
    return true
  }
}

// Above the limit, the oldest entry is dropped.
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > rememberedMax && oldest !== undefined) map.delete(oldest)
}
