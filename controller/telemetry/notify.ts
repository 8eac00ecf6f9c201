// Sends a receiver the state of resources that need a person, and that they are well again: each change once, and the last
// one certainly.
//
//   status ─► offer ─► differs from what the receiver knows? ─► waiting, one per resource ─► attempt ─► known
//                                                                  ▲                            │
//                                                                  └── at the end of the line ◄─┘ failed: a growing pause
//
// Guarantees: nothing waits for a receiver, and no error leaves this file. The memory of what the receiver knows survives a
// restart; an attempt is remembered before it is made, so that a receiver which may have got a notice also gets its end. A
// notice that is repeated has the same id. Not the queue but the statuses are the source: a notice that is dropped is
// offered again after the next pass of its resource.
// Assumption: only the leader has results to offer, and it asks `leads` before each attempt.
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Counter } from 'prom-client'
import { iso } from '../api/conditions.ts'
import {
  eventOf,
  goneNotice,
  idOf,
  isSameStanding,
  type Notice,
  type Noticed,
  type Standing,
} from '../api/notices.ts'
import type { Clock } from '../sync/ports.ts'
import { backOffMs } from '../sync/queue.ts'
import type { Metrics } from './metrics.ts'
import type { Letter, Refusal } from './webhook.ts'

/** The collaborators of a notifier. */
export type NotifierOptions = Readonly<{
  clock: Clock
  /** A random number from 0 to 1. */
  chance: () => number
  /** Sends an event once; never rejects. */
  post: (letter: Letter, nowMs: number, signal: AbortSignal) => Promise<Refusal>
  /** The name of the receiver in the log: a host. */
  host: string
  /** The receiver that the memory belongs to; another one knows nothing. */
  receiver: string
  /** The file of the memory. */
  file: string
  leads: () => boolean
  metrics: Metrics
  log: Logger
  /** The most notices that wait. */
  waitingMax?: number
}>

/** A standing that the receiver knows, or may know if the attempt had no answer (not `sure`). */
type Known = Standing & Readonly<{ id: string; time: string; sure: boolean }>

type Waiting = Readonly<{ notice: Notice; id: string; time: string }>

/** The pauses after failures, ms. */
const backOff = { leastMs: 1_000, mostMs: 300_000 }

/** So many notices at once, and then one in so many ms: a declaration that changes all the time is no flood. */
const burst = 60
const refillMs = 1_000

/** Larger than any memory, in characters: about 20,000 resources that need a person. */
const memoryMax = 8 * 2 ** 20

/** Sends notices to one receiver. */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #sent: Counter
  readonly #known = new Map<string, Known>()
  readonly #waiting = new Map<string, Waiting>()
  #underWay: string | undefined
  #failures = 0
  #tokens = { left: burst, atMs: 0 }
  #wake = Promise.withResolvers<void>()
  #idle = Promise.withResolvers<void>()
  #unsaved = false

  constructor(options: NotifierOptions) {
    this.#options = options
    const { metrics } = options
    this.#sent = metrics.counter(
      'exsync_notifications_total',
      'Notices to the webhook: sent, failed (an attempt), superseded by a later one, or dropped because too many waited.',
      ['result'],
    )
    for (const result of ['sent', 'failed', 'superseded', 'dropped']) this.#sent.inc({ result }, 0)
    const waiting = metrics.gauge(
      'exsync_notifications_waiting',
      'Notices that the webhook has not accepted yet.',
      [],
      () => waiting.set(this.#waiting.size + (this.#underWay === undefined ? 0 : 1)),
    )
  }

  /** Reads the memory; before the first offer. */
  async load(): Promise<void> {
    const { file, log, receiver } = this.#options
    try {
      const text = await readFile(file, 'utf8')
      if (text.length > memoryMax) throw new SyntaxError('too long')
      const memory = JSON.parse(text) as { receiver?: unknown; known?: Record<string, unknown> }
      const known = memory.receiver === receiver ? memory.known : {}
      for (const [key, value] of Object.entries(known ?? {}))
        if (isKnown(value) && !this.#known.has(key)) this.#known.set(key, value)
    } catch (error) {
      // Without a memory each standing is sent once more, with the same id.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn({ reason: 'NotifyMemoryUnreadable' }, 'the memory of sent notices is not readable')
    }
  }

  /** Takes the standing of a resource after its pass; undefined: its status says nothing about it. */
  offer(notice: Notice | undefined): void {
    if (notice === undefined) return
    const key = keyOf(notice.subject)
    const known = this.#known.get(key)
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined && isSameStanding(waiting.notice, notice)) return
    const isSame = known !== undefined && isSameStanding(known, notice)
    const isSettled = known === undefined ? notice.state === 'Healed' : isSame && known.sure
    const isUnderWay = isSame && this.#underWay === key
    if (waiting !== undefined) {
      this.#waiting.delete(key)
      this.#sent.inc({ result: 'superseded' })
    }
    if (isSettled || isUnderWay) return
    const again = isSame ? { id: known.id, time: known.time } : undefined
    const first = { id: idOf(notice), time: iso(this.#options.clock.now()) }
    this.#waiting.set(key, { notice, ...(again ?? first) })
    this.#dropOldest()
    this.#wake.resolve()
  }

  /** The resource is not declared any more. */
  gone(subject: Noticed): void {
    this.offer(goneNotice(subject, iso(this.#options.clock.now())))
  }

  /** Sends notices until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = abortOf(signal)
    const { clock, leads } = this.#options
    while (!signal.aborted) {
      const [first] = this.#waiting
      if (first === undefined) {
        this.#idle.resolve()
        this.#wake = Promise.withResolvers()
        await Promise.race([this.#wake.promise, stopped])
        continue
      }
      await clock.sleep(this.#pauseMs(), signal).catch(() => {})
      if (signal.aborted || !leads()) return
      const pauseMs = await this.#attempt(first[0], signal)
      if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => {})
    }
  }

  /** Resolves when no notice waits, or the signal aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    const late = abortOf(signal)
    while (!signal.aborted && (this.#waiting.size > 0 || this.#underWay !== undefined)) {
      this.#idle = Promise.withResolvers()
      await Promise.race([this.#idle.promise, late])
    }
  }

  // Answers the pause after it, ms.
  async #attempt(key: string, signal: AbortSignal): Promise<number> {
    const waiting = this.#waiting.get(key)
    // It was superseded during a pause.
    if (waiting === undefined) return 0
    const { clock, chance, post, log, host } = this.#options
    const { notice, id, time } = waiting
    const { state, reason, hash, subject } = notice
    this.#waiting.delete(key)
    this.#underWay = key
    this.#known.set(key, { state, reason, hash, id, time, sure: false })
    await this.#save()
    const body = JSON.stringify(eventOf(notice, id, time))
    const refusal = await post({ id, body }, clock.now(), signal)
    this.#underWay = undefined
    const about = { kind: subject.kind, resource: `${subject.namespace}/${subject.name}` }
    if (refusal === undefined) {
      this.#failures = 0
      this.#sent.inc({ result: 'sent' })
      log.info({ ...about, state, reason, host }, 'notice sent')
      if (state === 'Healed') this.#known.delete(key)
      else this.#known.set(key, { state, reason, hash, id, time, sure: true })
      await this.#save()
      return 0
    }
    if (signal.aborted) return 0
    this.#failures += 1
    this.#sent.inc({ result: 'failed' })
    // A newer notice about the resource takes its place.
    if (!this.#waiting.has(key)) this.#waiting.set(key, waiting)
    this.#dropOldest()
    const pauseMs = Math.max(backOffMs(backOff, this.#failures), refusal.retryMs ?? 0)
    const level = this.#failures === 1 ? 'warn' : 'debug'
    log[level]({ ...about, state, reason: refusal.reason, host, pauseMs }, 'notice not sent')
    return pauseMs * (1 + chance() / 4)
  }

  #dropOldest(): void {
    const { waitingMax = 1_000 } = this.#options
    for (const key of this.#waiting.keys()) {
      if (this.#waiting.size <= waitingMax) return
      this.#waiting.delete(key)
      this.#sent.inc({ result: 'dropped' })
    }
  }

  // The time until the next attempt is due, ms.
  #pauseMs(): number {
    const nowMs = this.#options.clock.now()
    const { left, atMs } = this.#tokens
    const refilled = Math.min(burst, left + Math.max(0, nowMs - atMs) / refillMs)
    this.#tokens = { left: refilled - 1, atMs: nowMs }
    return Math.max(0, -this.#tokens.left) * refillMs
  }

  async #save(): Promise<void> {
    const { file, log, receiver } = this.#options
    try {
      const known = Object.fromEntries(this.#known)
      const text = JSON.stringify({ version: 1, receiver, known })
      await writeFile(`${file}.new`, text, { mode: 0o600 })
      await rename(`${file}.new`, file)
      this.#unsaved = false
    } catch {
      if (!this.#unsaved)
        log.warn({ reason: 'NotifyMemoryUnwritable' }, 'the memory of sent notices is not writable')
      this.#unsaved = true
    }
  }
}

// Resolves when the signal aborts.
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function keyOf({ kind, namespace, name }: Noticed): string {
  return `${kind} ${namespace}/${name}`
}

const knownStates: readonly unknown[] = ['Guarded', 'Stalled', 'Healed']

function isKnown(value: unknown): value is Known {
  if (typeof value !== 'object' || value === null) return false
  const { state, sure, ...texts } = value as Record<string, unknown>
  const { reason, hash, id, time } = texts
  const areTexts = [reason, hash, id, time].every(
    (each) => typeof each === 'string' && each.length <= 256,
  )
  return knownStates.includes(state) && typeof sure === 'boolean' && areTexts
}
