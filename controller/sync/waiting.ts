// Groups that wait for their first pass: each gets a status that says so. Without any condition, kstatus takes a group for
// Current, and a user sees nothing.
//
//   take ──► pending ──afterMs──► shown, one after the other
//               │
//               └── begin ──► its pass writes the next status
//
// Guarantees: a group is shown once; nothing is written for it after `begin` has resolved. A write that fails is not
// repeated, because the pass reports anyway.
import { waitingStatus } from '../api/progress.ts'
import type { GroupId } from '../core/id.ts'
import type { Clock, Declarations, Declared } from './ports.ts'

/** The groups of a schedule that wait for their first pass. */
export class Waiting {
  readonly #declarations: Pick<Declarations, 'report'>
  readonly #clock: Clock
  readonly #afterMs: number
  readonly #stop: AbortSignal
  #pending = new Map<GroupId, Declared>()
  /** The groups that were shown, or had their turn. */
  readonly #done = new Set<GroupId>()
  #writing: Readonly<{ id: GroupId; ended: Promise<void> }> | undefined
  #running = false

  /** `afterMs`: how long a group waits before it is shown, ms. */
  constructor(
    declarations: Pick<Declarations, 'report'>,
    clock: Clock,
    afterMs: number,
    stop: AbortSignal,
  ) {
    this.#declarations = declarations
    this.#clock = clock
    this.#afterMs = afterMs
    this.#stop = stop
  }

  /** Takes the groups as they are declared now. */
  take(groups: readonly Declared[]): void {
    const ids = new Set(groups.map(({ id }) => id))
    for (const id of this.#done) if (!ids.has(id)) this.#done.delete(id)
    const fresh = groups.filter((each) => !this.#done.has(each.id) && waits(each))
    this.#pending = new Map(fresh.map((each) => [each.id, each]))
    if (this.#pending.size > 0 && !this.#running) void this.#show().catch(() => {})
  }

  /** The turn of a group has come; resolves when nothing is written for it any more. */
  async begin(id: GroupId): Promise<void> {
    this.#done.add(id)
    this.#pending.delete(id)
    if (this.#writing?.id === id) await this.#writing.ended
  }

  async #show(): Promise<void> {
    this.#running = true
    try {
      await this.#clock.sleep(this.#afterMs, this.#stop)
      for (;;) {
        const [next] = this.#pending
        if (next === undefined || this.#stop.aborted) return
        const [id, declared] = next
        this.#pending.delete(id)
        this.#done.add(id)
        const status = waitingStatus(declared, this.#clock.now())
        const ended = this.#declarations.report(declared, status).catch(() => {})
        this.#writing = { id, ended }
        await ended
      }
    } finally {
      this.#writing = undefined
      this.#running = false
    }
  }
}

// Is a group new, and will it have a pass?
function waits({ previous, group, invalid, deleted }: Declared): boolean {
  if (deleted || invalid !== undefined || group.spec.suspend) return false
  return previous?.conditions?.some(({ type }) => type === 'Ready') !== true
}
