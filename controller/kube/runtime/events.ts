// Tells the owner of a resource what happened to it: Kubernetes Events (events.k8s.io/v1). What repeats within six
// minutes becomes a series of one Event; nobody is told more than a burst of 25 and then one in five minutes
// (client-go's limits). Without the right to write Events, nothing is told.
import { createHash } from 'node:crypto'
import { cutBytes } from '../../core/cut.ts'
import { printable } from '../../core/printable.ts'
import type { Clock } from '../../sync/ports.ts'
import { isStatus } from './api-error.ts'
import type { Client } from './client.ts'
import { builtIn, type KubeObject, microTime, pathOf } from './resource.ts'

/** What happened. `reason` is one of a fixed vocabulary. */
export type Note = Readonly<{ type: 'Normal' | 'Warning'; reason: string; note: string }>

/** Who tells, and with what. */
export type RecorderOptions = Readonly<{
  client: Client
  clock: Clock
  controller: string
  /** This process. */
  instance: string
  onError?: (message: string) => void
}>

type Series = { name: string; namespace: string; count: number; lastMs: number }
type Bucket = { left: number; atMs: number }

const seriesMs = 6 * 60_000
/** events.k8s.io allows 1 kB. */
const noteMax = 1000
const burst = 25
const refillMs = 5 * 60_000
/** How many series and buckets are remembered. */
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

  /** Tells of a resource. Never rejects: what cannot be told is not worth a pass. */
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
      // A namespace that is going takes no Events any more: that says nothing of the others.
      if (isStatus(error, 403) && !/being terminated/.test(error.message)) {
        this.#forbidden = true
        onError?.('events are not written: the right to create them in events.k8s.io is missing')
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
    // One write for each doubling tells as much as one for each.
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

// The oldest goes.
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > rememberedMax && oldest !== undefined) map.delete(oldest)
}
