// Leader election by a Lease, as in client-go: the holder renews it; another process takes it over when it has not
// changed for its duration, measured by that process's own clock, so clocks need not agree. A holder that cannot renew in
// time stops leading before another one may begin. Ask `leads` before every write to the outside.
//
//   renewed ──── renewDeadline: stops by itself ──── duration: others may take over ────►
import { performance } from 'node:perf_hooks'
import type { Clock } from '../../sync/ports.ts'
import { backOffMs } from '../../sync/queue.ts'
import { resourceIn } from './answers.ts'
import { asSyncError, isStatus } from './api-error.ts'
import { invalidAnswer } from './body.ts'
import type { Client } from './client.ts'
import { builtIn, type KubeObject, microTime, pathOf } from './resource.ts'

/** The Lease, our identity, and the times; ms. */
export type LeaseOptions = Readonly<{
  client: Client
  clock: Clock
  /** A clock that never goes back and runs on while the process is stopped; ms. */
  monotonic?: () => number
  chance: () => number
  namespace: string
  name: string
  identity: string
  durationMs: number
  renewDeadlineMs: number
  retryMs: number
  /** Called on changes: the new holder, or why the Lease cannot be read or written. */
  onChange?: (what: 'waiting' | 'leading' | 'lost' | 'trouble', detail: string) => void
}>

type Spec = Readonly<{
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: string
  renewTime?: string
  leaseTransitions?: number
}>
type Lease = KubeObject & Readonly<{ spec?: Spec }>

/** A won term of leadership. */
export type Term = Readonly<{
  /** Grows with every holder, so that writes of an older term can be recognised. */
  number: number
  /** Aborts when leadership is lost. */
  lost: AbortSignal
  /** May this process write to the outside now? */
  leads: () => boolean
  /** Stops renewing and frees the Lease. */
  release: () => Promise<void>
}>

/** A candidate in a leader election. */
export class Election {
  readonly #options: LeaseOptions
  readonly #monotonic: () => number
  #seen: { version: string; atMs: number } | undefined
  #lease: Lease | undefined
  #renewedMs = Number.NEGATIVE_INFINITY
  #waitingFor = ''

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#monotonic = options.monotonic ?? (() => performance.now())
  }

  /** Waits until it leads. Rejects only when the signal aborts. */
  async win(signal: AbortSignal): Promise<Term> {
    const { clock, retryMs, chance, onChange, durationMs } = this.#options
    let failures = 0
    for (;;) {
      signal.throwIfAborted()
      try {
        if (await this.#tried(signal)) break
        failures = 0
      } catch (error) {
        signal.throwIfAborted()
        failures += 1
        this.#lease = undefined
        const { code, message } = asSyncError(error)
        if (this.#waitingFor !== code) onChange?.('trouble', message)
        this.#waitingFor = code
      }
      // Poll a held Lease at a steady pace; after failures wait longer each time.
      const waitMs = backOffMs({ leastMs: retryMs, mostMs: durationMs }, failures)
      await clock.sleep(Math.min(waitMs * (1 + 0.2 * chance()), durationMs), signal)
    }
    const [lost, ended] = [new AbortController(), new AbortController()]
    const renewing = this.#renew(lost, ended.signal)
    onChange?.('leading', this.#options.identity)
    return {
      number: this.#lease?.spec?.leaseTransitions ?? 0,
      lost: lost.signal,
      leads: () => !ended.signal.aborted && !lost.signal.aborted && this.#inTime(),
      release: async () => {
        ended.abort()
        await renewing
        if (!lost.signal.aborted) await this.#release().catch(() => {})
      },
    }
  }

  #inTime(): boolean {
    return this.#monotonic() - this.#renewedMs < this.#options.renewDeadlineMs
  }

  // Reads the Lease once, and tries to take it if it is free or expired.
  async #tried(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, durationMs, onChange } = this.#options
    const path = pathOf(builtIn.lease, namespace, name)
    let lease: Lease
    try {
      lease = this.#leaseIn(await client.json({ method: 'GET', path }, signal, durationMs))
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      return this.#write('POST', { metadata: { name, namespace } }, 0, signal)
    }
    const { holderIdentity = '', leaseTransitions = 0, leaseDurationSeconds = 0 } = lease.spec ?? {}
    const version = lease.metadata.resourceVersion ?? ''
    if (this.#seen?.version !== version) this.#seen = { version, atMs: this.#monotonic() }
    const heldMs = Math.max(leaseDurationSeconds * 1000, holderIdentity === '' ? 0 : durationMs)
    const free = holderIdentity === '' || this.#monotonic() - this.#seen.atMs > heldMs
    if (!free && holderIdentity !== identity) {
      if (this.#waitingFor !== holderIdentity) onChange?.('waiting', holderIdentity)
      this.#waitingFor = holderIdentity
      return false
    }
    // A restart is a new term, too: the process that held this identity before may still have writes in flight.
    return this.#write('PUT', lease, leaseTransitions + 1, signal)
  }

  async #write(
    method: 'POST' | 'PUT',
    lease: Lease,
    transitions: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, clock, namespace, name, identity, durationMs, renewDeadlineMs } = this.#options
    const nowText = microTime(clock.now())
    const renewal = lease === this.#lease
    const spec: Spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: renewal ? (lease.spec?.acquireTime ?? nowText) : nowText,
      renewTime: nowText,
      leaseTransitions: transitions,
    }
    const { apiVersion, kind } = builtIn.lease
    const body = { apiVersion, kind, metadata: lease.metadata, spec }
    const sentMs = this.#monotonic()
    const path = pathOf(builtIn.lease, namespace, method === 'POST' ? undefined : name)
    try {
      // A short timeout: a dead connection must cost one of several attempts, not the whole deadline.
      const withinMs = renewDeadlineMs / 3
      const written = this.#leaseIn(await client.json({ method, path, body }, signal, withinMs))
      // The answer must confirm our holder and term.
      if (
        written.spec?.holderIdentity !== identity ||
        written.spec.leaseTransitions !== transitions
      )
        throw invalidAnswer('another Lease than the controller wrote')
      this.#lease = written
    } catch (error) {
      if (isStatus(error, 409)) return false
      throw error
    }
    this.#renewedMs = sentMs
    return true
  }

  async #renew(lost: AbortController, ended: AbortSignal): Promise<void> {
    const { clock, retryMs, onChange } = this.#options
    while (!ended.aborted && !lost.signal.aborted) {
      const leftMs = this.#renewedMs + this.#options.renewDeadlineMs - this.#monotonic()
      await clock.sleep(Math.max(0, Math.min(retryMs, leftMs)), ended).catch(() => {})
      if (ended.aborted) return
      if (!this.#inTime()) break
      try {
        if (!(await this.#renewed(ended))) break
      } catch (error) {
        if (ended.aborted) return
        onChange?.('trouble', asSyncError(error).message)
      }
    }
    if (ended.aborted) return
    lost.abort(new Error('leadership was lost'))
    onChange?.('lost', this.#options.identity)
  }

  #leaseIn(answer: unknown): Lease {
    const { namespace, name } = this.#options
    const lease = resourceIn<Lease>(builtIn.lease, { namespace, name }, answer)
    const { holderIdentity, leaseTransitions, leaseDurationSeconds } = lease.spec ?? {}
    const counts = [leaseTransitions ?? 0, leaseDurationSeconds ?? 0]
    if (typeof (holderIdentity ?? '') !== 'string' || !counts.every(Number.isSafeInteger))
      throw invalidAnswer('a Lease with a malformed holder or term')
    return lease
  }

  // False if another process holds the Lease by now.
  async #renewed(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, retryMs } = this.#options
    const lease = this.#lease
    if (lease === undefined) return false
    const { leaseTransitions: number = 0 } = lease.spec ?? {}
    if (await this.#write('PUT', lease, number, signal)) return true
    const path = pathOf(builtIn.lease, namespace, name)
    const now = this.#leaseIn(await client.json({ method: 'GET', path }, signal, retryMs * 2))
    if (now.spec?.holderIdentity !== identity || now.spec.leaseTransitions !== number) return false
    this.#lease = now
    return this.#write('PUT', now, number, signal)
  }

  async #release(): Promise<void> {
    const { client, clock, namespace, name } = this.#options
    const lease = this.#lease
    if (lease === undefined) return
    const { apiVersion, kind } = builtIn.lease
    const now = microTime(clock.now())
    const spec: Spec = {
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: lease.spec?.leaseTransitions ?? 0,
    }
    const body = { apiVersion, kind, metadata: lease.metadata, spec }
    const path = pathOf(builtIn.lease, namespace, name)
    await client.json({ method: 'PUT', path, body }, AbortSignal.timeout(2_000), 2_000)
  }
}
