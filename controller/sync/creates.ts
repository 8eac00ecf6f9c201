// The creates of one replica, and the knowledge of their outcomes: see core/attempt.ts.
import { type Attempt, type Attempts, afterSeen, batchFor } from '../core/attempt.ts'
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import type { Copy } from '../core/model.ts'
import type { Action, Step } from '../core/step.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Commit } from './pass-spec.ts'
import type { Clock, Entry, Written } from './ports.ts'

/** One action of a step. */
export type Job = Readonly<{ step: Step; action: Action }>

/** The outcome of one create; `copy` undefined: the copy is not visible. */
export type Outcome = Readonly<{ job: Job; answer: Written; copy: Copy | undefined }>

/** The maximum number of acknowledged ids that are kept of one attempt. */
const itemsMax = 10

/** Keeps the attempts of one replica up to date in the state. */
export class Creates {
  readonly #replica: ReplicaId
  readonly #commit: Commit
  readonly #clock: Clock
  readonly #known: ReadonlyMap<LinkId, Attempts>
  readonly #sent = new Map<LinkId, Attempt>()
  /** Smaller batch sizes for jobs whose request was refused for its size or form. */
  readonly #limits = new Map<Job, number>()

  constructor(
    replica: ReplicaId,
    { commit, clock }: Readonly<{ commit: Commit; clock: Clock }>,
    known: ReadonlyMap<LinkId, Attempts>,
  ) {
    this.#replica = replica
    this.#commit = commit
    this.#clock = clock
    this.#known = known
  }

  /**
   * The jobs; those whose last try had an unknown outcome come last, so that they do not spoil the requests of others.
   */
  inTurn(jobs: readonly Job[]): Job[] {
    const suspect = (job: Job) => this.#before(job)?.code !== undefined
    return [...jobs.filter((job) => !suspect(job)), ...jobs.filter(suspect)]
  }

  /** The number of the queue's first jobs that go into the next request. */
  sizeOf(queue: readonly Job[], most: number): number {
    let size = most
    let count = 0
    for (const job of queue.slice(0, most)) {
      size = Math.min(size, batchFor(this.#before(job), most), this.#limits.get(job) ?? most)
      if (count >= size) break
      count += 1
    }
    return Math.max(1, Math.min(count, size))
  }

  /** The same jobs, limited to requests of half the size. */
  halved(jobs: readonly Job[]): readonly Job[] {
    for (const job of jobs) this.#limits.set(job, Math.ceil(jobs.length / 2))
    return jobs
  }

  /** Records that these jobs are sent now, in one request. */
  async sent(jobs: readonly Job[]): Promise<void> {
    const sentMs = this.#clock.now()
    for (const job of jobs) {
      const before = this.#before(job)
      const { revision, link } = job.step
      this.#sent.set(link.id, {
        link: link.id,
        replica: this.#replica,
        revision,
        batch: jobs.length,
        tries: before?.revision === revision ? before.tries : 0,
        sentMs,
        items: before?.items ?? [],
        code: undefined,
        seen: false,
      })
    }
    await this.#note(jobs, (attempt) => attempt)
  }

  /**
   * Records that the request failed, with an unknown outcome. It counts as a try only for a single item, which alone
   * can be the cause.
   */
  async failed(jobs: readonly Job[], { code }: SyncError): Promise<void> {
    const more = jobs.length === 1 ? 1 : 0
    await this.#note(jobs, (attempt) => ({ ...attempt, tries: attempt.tries + more, code }))
  }

  /** Records that the request was refused before anything was carried out. */
  async refused(jobs: readonly Job[]): Promise<void> {
    await this.#note(jobs, ({ link }) => this.#known.get(link)?.get(this.#replica))
  }

  /** Records the visible copies, and the knowledge of the others. `unknown`: items that could not be read back. */
  async outcomes(outcomes: readonly Outcome[], unknown: ReadonlySet<ItemId>): Promise<void> {
    const after = new Map<LinkId, Attempt | undefined>()
    const entries: Entry[] = outcomes.map(({ job, answer, copy }) => {
      const link = job.step.link.id
      const attempt = this.#sent.get(link)
      if (attempt !== undefined) after.set(link, this.#afterwards(attempt, answer, copy, unknown))
      const result =
        answer instanceof SyncError ? answer.code : copy === undefined ? notSeen : 'Done'
      return { link, replica: this.#replica, action: 'create', result }
    })
    const copies = outcomes.flatMap(({ job, copy }) =>
      copy === undefined ? [] : [{ link: job.step.link.id, replica: this.#replica, copy }],
    )
    const attempts = [...after].map(([link, attempt]) => {
      return { link, replica: this.#replica, attempt }
    })
    await this.#commit([
      { write: 'copies', copies },
      { write: 'attempts', attempts },
      { write: 'entries', entries },
    ])
  }

  #afterwards(
    attempt: Attempt,
    answer: Written,
    copy: Copy | undefined,
    unknown: ReadonlySet<ItemId>,
  ): Attempt | undefined {
    const before = this.#known.get(attempt.link)?.get(this.#replica)
    if (answer instanceof SyncError) {
      if (!unsure.has(answer.code)) return before
      return { ...attempt, tries: attempt.tries + 1, code: answer.code }
    }
    if (copy !== undefined) return afterSeen(attempt)
    const { id, version } = answer
    const items = [...attempt.items, { id, version }].slice(-itemsMax)
    // A copy that could not be read back is not missing.
    return unknown.has(answer.id)
      ? { ...attempt, items, code: unread }
      : { ...attempt, items, tries: attempt.tries + 1, code: notSeen }
  }

  #before({ step: { link, revision } }: Job): Attempt | undefined {
    const before = this.#known.get(link.id)?.get(this.#replica)
    return before?.revision === revision ? before : undefined
  }

  async #note(
    jobs: readonly Job[],
    next: (attempt: Attempt) => Attempt | undefined,
  ): Promise<void> {
    const attempts = jobs.flatMap(({ step: { link } }) => {
      const attempt = this.#sent.get(link.id)
      if (attempt === undefined) return []
      return [{ link: link.id, replica: this.#replica, attempt: next(attempt) }]
    })
    await this.#commit([{ write: 'attempts', attempts }])
  }
}

/** The code of an acknowledged copy that could not be read back. */
const unread = 'CopyNotRead'

/** The code of an acknowledged copy that is not there. */
export const notSeen = 'CopyNotSeen'

/** Answers for one item that leave its outcome unknown. */
const unsure: ReadonlySet<string> = new Set(['ErrorTimeoutExpired', 'IncompleteAnswer'])
