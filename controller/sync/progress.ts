// Counts the work of a pass while it runs. Passes report to the port Progress; reading a count costs nothing, and no
// count decides anything.
import type { Moment, Phase, Sample } from '../api/progress.ts'
import type { GroupId, ReplicaId } from '../core/id.ts'

/** The receiver of the counts of one pass, or of the end of a group. No call fails or waits. */
export type Progress = Readonly<{
  /** The folders of these replicas are listed next. */
  reading: (replicas: readonly ReplicaId[]) => void
  /** A folder is listed. */
  listed: (replica: ReplicaId) => void
  /** The numbers of copies that are written, or removed, next. Replaces the numbers of an earlier call. */
  planned: (phase: Exclude<Phase, 'Reading'>, writes: ReadonlyMap<ReplicaId, number>) => void
  /** This many planned copies of the replica are dealt with. */
  dealtWith: (replica: ReplicaId, count: number) => void
}>

/** How passes under way are shown. */
export type ProgressOptions = Readonly<{
  /** The duration of a pass before it is shown, ms: of a group that a user waits for. */
  firstMs: number
  /** The same for any other group, and the time between two writes, ms. */
  everyMs: number
  /** Called while a pass runs, and once with undefined at its end. */
  onProgress: (group: GroupId, now: Moment | undefined) => void
  /**
   * Called when a pass begins, with a function that answers its counts at any time; undefined before the first count.
   * Answers a function that is called once, at the end of the pass.
   */
  onBegin?: (group: GroupId, look: () => Moment | undefined) => () => void
}>

/** The counts of one pass. `carried`: copies that earlier slices of the same work wrote. */
export class Counts implements Progress {
  readonly #carried: number
  readonly #isMember: (replica: ReplicaId) => boolean
  #phase: Phase | undefined
  #members: ReadonlySet<ReplicaId> = new Set()
  readonly #listed = new Set<ReplicaId>()
  readonly #left = new Map<ReplicaId, number>()
  #planned = 0
  #done = 0

  constructor(isMember: (replica: ReplicaId) => boolean, carried = 0) {
    this.#isMember = isMember
    this.#carried = carried
  }

  readonly reading = (replicas: readonly ReplicaId[]): void => {
    this.#phase = 'Reading'
    this.#members = new Set(replicas.filter(this.#isMember))
    this.#listed.clear()
    this.#plan(new Map())
  }

  readonly listed = (replica: ReplicaId): void => {
    this.#listed.add(replica)
  }

  readonly planned = (phase: Phase, writes: ReadonlyMap<ReplicaId, number>): void => {
    this.#phase = phase
    if (phase === 'Removing') this.#members = new Set([...writes.keys()].filter(this.#isMember))
    this.#plan(writes)
  }

  readonly dealtWith = (replica: ReplicaId, count: number): void => {
    this.#done += count
    this.#left.set(replica, Math.max(0, (this.#left.get(replica) ?? 0) - count))
  }

  /** The counts now; undefined before the first report. */
  sample(): Sample | undefined {
    const phase = this.#phase
    if (phase === undefined) return undefined
    const done = this.#carried + this.#done
    const isDone = (id: ReplicaId) =>
      (phase === 'Removing' || this.#listed.has(id)) && !this.#left.get(id)
    const membersDone = [...this.#members].filter(isDone).length
    // A batch that is split and sent again may count more than was planned.
    const planned = Math.max(done, this.#carried + this.#planned)
    return { phase, done, planned, membersDone, members: this.#members.size }
  }

  #plan(writes: ReadonlyMap<ReplicaId, number>): void {
    this.#left.clear()
    this.#planned = 0
    this.#done = 0
    for (const [id, count] of writes) {
      this.#left.set(id, count)
      this.#planned += count
    }
  }
}
