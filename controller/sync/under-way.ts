// Shows a pass while it runs: writes the status of the group, and tells telemetry.
//
//   begin ──firstMs or everyMs──► write ──everyMs──► write ── … ──► end: the last write is over
//
// Guarantees: never two writes of a group at once, so that none comes after the status of the finished pass; at most
// one write in `everyMs`; a write that fails or hangs stops no pass, though
// the end of the pass waits for it; no write after the signal aborts.
import {
  carriedFrom,
  continuedStatus,
  interruptedStatus,
  isAwaited,
  type Moment,
  type Sample,
  underWayStatus,
} from '../api/progress.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import { isHub } from '../core/id.ts'
import type { Environment } from './environment.ts'
import type { Declared } from './ports.ts'
import { Counts, type ProgressOptions } from './progress.ts'

/** One pass under way. */
export class UnderWay {
  readonly counts: Counts
  readonly #declared: Declared
  readonly #environment: Environment
  readonly #startMs: number
  readonly #carried: number
  readonly #ended = new AbortController()
  #shown: SyncGroupStatus | undefined
  #writing: Promise<void> = Promise.resolve()
  #onEnd: (() => void) | undefined

  constructor(declared: Declared, environment: Environment) {
    this.#declared = declared
    this.#environment = environment
    this.#startMs = environment.clock.now()
    this.#carried = carriedFrom(declared.previous)
    this.counts = new Counts((replica) => !isHub(replica), this.#carried)
  }

  /** Shows the pass until `end`, or until the signal aborts. */
  begin(signal: AbortSignal): void {
    const { progress } = this.#environment
    if (progress === undefined) return
    this.#onEnd = progress.onBegin?.(this.#declared.id, () => this.#moment())
    const either = AbortSignal.any([signal, this.#ended.signal])
    void this.#follow(progress, either).catch(() => {})
  }

  /** Ends the showing; resolves when no write is under way any more. */
  async end(): Promise<void> {
    const again = this.#ended.signal.aborted
    this.#ended.abort()
    this.#onEnd?.()
    this.#onEnd = undefined
    await this.#writing
    if (again || this.#shown === undefined) return
    // The copies since the last moment count, too.
    this.#environment.progress?.onProgress(this.#declared.id, this.#moment())
    this.#environment.progress?.onProgress(this.#declared.id, undefined)
  }

  /** The declaration with the status that was shown last, which the status of the finished pass follows. */
  get declared(): Declared {
    return this.#shown === undefined ? this.#declared : { ...this.#declared, previous: this.#shown }
  }

  /**
   * The status after the pass, with the progress if the pass is `unfinished`: it is continued at once. If the group was
   * suspended meanwhile, it is not: then the conditions are those from before the pass.
   */
  finished(status: SyncGroupStatus, unfinished: boolean, suspended = false): SyncGroupStatus {
    if (!unfinished) return status
    if (suspended) return interruptedStatus(status, this.#declared.previous)
    const sample = this.counts.sample()
    if (sample === undefined || this.#environment.progress === undefined) return status
    // Nothing was seen of a short pass, and nothing needs to be continued.
    if (this.#shown === undefined && this.#declared.previous?.progress === undefined) return status
    return continuedStatus(status, sample, this.#times(sample))
  }

  async #follow({ firstMs, everyMs }: ProgressOptions, signal: AbortSignal): Promise<void> {
    const { clock } = this.#environment
    await clock.sleep(isAwaited(this.#declared) ? firstMs : everyMs, signal)
    while (!signal.aborted) {
      this.#writing = this.#show(signal)
      await this.#writing
      await clock.sleep(everyMs, signal)
    }
  }

  async #show(signal: AbortSignal): Promise<void> {
    const { declarations, progress } = this.#environment
    const sample = this.counts.sample()
    if (sample === undefined || signal.aborted) return
    const status = underWayStatus(this.declared, sample, this.#times(sample))
    try {
      progress?.onProgress(this.#declared.id, this.#moment())
      await declarations.report(this.declared, status)
    } catch {
      // The next write, or the status of the finished pass, reports again.
    }
    this.#shown = status
  }

  #moment(): Moment | undefined {
    const sample = this.counts.sample()
    if (sample === undefined) return undefined
    const { startMs, endMs } = this.#times(sample)
    return { sample, startMs, endMs, carried: this.#carried }
  }

  #times(sample: Sample) {
    const nowMs = this.#environment.clock.now()
    return { startMs: this.#startMs, nowMs, endMs: this.#endOf(sample, nowMs) }
  }

  // At the rate since the start of this pass.
  #endOf({ phase, done, planned }: Sample, nowMs: number): number | undefined {
    const written = done - this.#carried
    if (phase === 'Reading' || written <= 0 || done >= planned) return undefined
    const msPerCopy = (nowMs - this.#startMs) / written
    return nowMs + (planned - done) * msPerCopy
  }
}
