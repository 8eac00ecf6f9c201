// The part of a plan for one replica, carried out.
//
// Guarantees: a create counts once the copy is seen in its folder with our stamp; an update once it is read back at
// exactly the version that it returned; a delete once the item can no longer be read. A failed item stays behind. A
// create of unknown outcome is not sent again in the same pass.
import { copyAfter, sourceOf } from '../core/fold.ts'
import type { GroupId, ReplicaId } from '../core/id.ts'
import { bytesOf, type Item, type ItemType } from '../core/item.ts'
import { into } from '../core/many.ts'
import type { Copy, Found } from '../core/model.ts'
import { BatchSize, isGeneral, isRefused } from '../core/scope.ts'
import { groupMark, hubMark, type Stamp, sourceMark } from '../core/stamp.ts'
import type { Action, Step } from '../core/step.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Creates, Job } from './creates.ts'
import type { Commit } from './pass-spec.ts'
import type { CopyNote, Entry, Replica, Written } from './ports.ts'
import type { Progress } from './progress.ts'
import { type ReadBack, readBack } from './read-back.ts'
import { carryOutDeletes, overwritten } from './removal.ts'
import { type Applied, ReplicaTally } from './tally.ts'

/** The input of applying a plan. */
export type ApplySpec = Readonly<{
  group: GroupId
  type: ItemType
  replicas: readonly Replica[]
  commit: Commit
  /** True if no further batch may begin. `first`: the first batch of this replica, which only a stop forbids. */
  due: (first: boolean) => boolean
  /** The creates of a replica, and the knowledge of their outcomes. */
  creates: (replica: ReplicaId) => Creates
  progress?: Progress | undefined
}>

/** The maximum number of items of one request. */
const batchMax = 50
/** The maximum size of the items of one request, bytes; a single item may be larger. */
const batchBytes = 2 * 1024 * 1024
/** The maximum number of consecutive creates of unknown outcome in one turn. */
const failuresMax = 3
/** Codes of a refusal because of the form or size of a request: half of it may pass. */
const splits: ReadonlySet<string> = new Set(['ErrorSchemaValidation', 'RequestTooLarge'])

type Ref = Exclude<Written, SyncError>

/** The turn of one replica: its jobs in batches, each recorded before the next. */
export class Turn {
  readonly #site: ApplySpec
  readonly #replica: Replica
  readonly #applied: Applied
  readonly #tally: ReplicaTally
  #isFirst = true
  readonly #sources: Map<Step, Stamp['source']>

  constructor(
    site: ApplySpec,
    replica: Replica,
    applied: Applied,
    sources: Map<Step, Stamp['source']>,
  ) {
    this.#site = site
    this.#replica = replica
    this.#applied = applied
    this.#tally = new ReplicaTally(replica.role.id, applied)
    this.#sources = sources
  }

  async run(
    jobs: readonly Job[],
    kinds: readonly Action['kind'][],
    signal: AbortSignal,
  ): Promise<void> {
    const { id } = this.#replica.role
    if (this.#applied.failures.get(id)?.error.kind === 'transient') return
    try {
      for (const kind of kinds) {
        await this.#all(
          kind,
          jobs.filter(({ action }) => action.kind === kind),
          signal,
        )
      }
    } catch (error) {
      signal.throwIfAborted()
      this.#tally.failed(syncErrorOf(error), 0)
    }
  }

  // Updates and deletes name what they change, so a request that failed as a whole may be split and sent again.
  async #all(kind: Action['kind'], jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    if (kind === 'create') return this.#creates(jobs, signal)
    const batch = new BatchSize(batchMax)
    for (let at = 0; at < jobs.length; ) {
      if (this.#outOfTime()) return
      const some = fitting(jobs.slice(at, at + batch.size))
      try {
        await (kind === 'update'
          ? this.#update(some, signal)
          : carryOutDeletes(
              some,
              {
                type: this.#site.type,
                commit: this.#site.commit,
                replica: this.#replica,
                applied: this.#applied,
                tally: this.#tally,
              },
              signal,
            ))
        batch.answered()
        at += some.length
        this.#dealtWith(some.length)
      } catch (error) {
        if (!(error instanceof SyncError) || signal.aborted) throw error
        batch.failed(error, some.length)
        if (some.length > 1) continue
        this.#tally.itemFailed(error)
        at += 1
        this.#dealtWith(1)
      }
    }
  }

  // A create of unknown outcome is not sent again in this pass: the next listing shows the outcome.
  async #creates(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const creates = this.#site.creates(this.#replica.role.id)
    let queue = creates.inTurn(jobs)
    let failures = 0
    while (queue.length > 0) {
      if (this.#outOfTime()) return
      const most = fitting(queue.slice(0, batchMax)).length
      const some = queue.splice(0, creates.sizeOf(queue, most))
      try {
        await creates.sent(some)
        await this.#create(some, creates, signal)
        this.#dealtWith(some.length)
        failures = 0
      } catch (error) {
        if (!(error instanceof SyncError) || signal.aborted) throw error
        if (!isRefused(error)) {
          this.#applied.unknown.add(this.#replica.role.id)
          await creates.failed(some, error)
          failures += 1
          this.#tally.failed(error, some.length)
          if (isGeneral(error) || failures > failuresMax) throw error
        } else {
          await creates.refused(some)
          if (!splits.has(error.code)) throw error
          if (some.length === 1) this.#tally.itemFailed(error)
          else queue = [...creates.halved(some), ...queue]
        }
      }
    }
  }

  #dealtWith(count: number): void {
    this.#site.progress?.dealtWith(this.#replica.role.id, count)
  }

  #outOfTime(): boolean {
    const due = this.#site.due(this.#isFirst)
    this.#isFirst = false
    if (due) this.#applied.unfinished = true
    return due
  }

  async #create(jobs: readonly Job[], creates: Creates, signal: AbortSignal): Promise<void> {
    const creations = jobs.map(({ step }) => ({ item: agreedOf(step), stamp: this.#stampOf(step) }))
    const answers = await this.#replica.create(creations, signal)
    const { back, unknown } = await this.#written(jobs, answers, signal)
    const outcomes = jobs.map((job, index) => {
      const answer = answers[index] as Written
      const copy =
        answer instanceof SyncError ? undefined : this.#madeCopy(job, answer, back.get(answer.id))
      if (answer instanceof SyncError) this.#tally.itemFailed(answer, job.step.link.id)
      else if (copy === undefined) this.#applied.unknown.add(this.#replica.role.id)
      return { job, answer, copy }
    })
    await creates.outcomes(outcomes, unknown)
  }

  // A copy counts once it is seen in its folder with our stamp.
  #madeCopy(job: Job, answer: Ref, found: Found | undefined): Copy | undefined {
    const { role } = this.#replica
    if (found?.stamp?.link !== job.step.link.id) return undefined
    this.#applied.created += 1
    if (role.hub) this.#sources.set(job.step, sourceMark(role.id, answer.id))
    const stored = found.version === answer.version ? found.item : undefined
    return copyAfter(this.#site.type, job.step, job.action, { ...answer, stored })
  }

  async #update(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const kept = await overwritten(jobs, this.#replica, signal)
    this.#applied.kept += kept.length
    if (kept.length > 0) await this.#site.commit([{ write: 'kept', kept }])
    const updates = jobs.flatMap(({ step, action }) =>
      action.kind === 'update'
        ? [{ id: action.id, expect: action.expect, patch: action.patch, agreed: agreedOf(step) }]
        : [],
    )
    await this.#updated(jobs, await this.#replica.update(updates, signal), signal)
  }

  // An update counts once it is read back at exactly the version that it returned. Only this distinguishes what the
  // server changed from what a user changed. Until then the recorded copy stays, and is read again.
  async #updated(
    jobs: readonly Job[],
    answers: readonly Written[],
    signal: AbortSignal,
  ): Promise<void> {
    const { role } = this.#replica
    const { back } = await this.#written(jobs, answers, signal)
    const copies: CopyNote[] = []
    const entries: Entry[] = []
    jobs.forEach(({ step, action }, index) => {
      const answer = answers[index]
      if (answer === undefined || action.kind !== 'update') return
      const link = step.link.id
      const failed = answer instanceof SyncError
      const found = failed ? undefined : back.get(answer.id)
      const certain = !failed && found?.version === answer.version
      const result = failed ? answer.code : certain ? 'Done' : 'Unconfirmed'
      entries.push({ link, replica: role.id, action: action.kind, result })
      if (failed) {
        this.#tally.itemFailed(answer, link)
        return
      }
      this.#applied.updated += 1
      if (!certain) return
      this.#tally.dealtWith(action.id)
      const copy = copyAfter(this.#site.type, step, action, { ...answer, stored: found?.item })
      copies.push({ link, replica: role.id, copy })
      this.#noteUntaken(action, copy)
    })
    await this.#site.commit([
      { write: 'copies', copies },
      { write: 'entries', entries },
    ])
  }

  // The server acknowledges the update, and the copy shows its former content.
  #noteUntaken(action: Extract<Action, { kind: 'update' }>, { id, shown }: Copy): void {
    if (!action.patch.clear.some((field) => field in shown && !this.#site.type.derived(field, {})))
      return
    into(this.#applied.untaken, this.#replica.role.id, id)
  }

  async #written(
    jobs: readonly Job[],
    answers: readonly Written[],
    signal: AbortSignal,
  ): Promise<ReadBack> {
    if (answers.length !== jobs.length) throw notForAll
    this.#applied.written.add(this.#replica.role.id)
    const ids = answers.flatMap((answer) => (answer instanceof SyncError ? [] : [answer.id]))
    const read = await readBack(this.#replica, ids, signal)
    if (read.error !== undefined) this.#tally.failed(read.error, 0)
    return read
  }

  #stampOf(step: Step): Stamp {
    const { group, replicas } = this.#site
    const hub = replicas.find(({ role }) => role.hub)?.role.id
    const source = this.#sources.get(step) ?? sourceOf(step, hub)
    return { group: groupMark(group), link: step.link.id, source, hub: hubMark(hub) }
  }
}

// The first jobs, as many as one request should carry.
function fitting(jobs: readonly Job[]): readonly Job[] {
  let bytes = 0
  const end = jobs.findIndex(({ step: { agreed } }, index) => {
    bytes += agreed === undefined ? 0 : bytesOf(agreed)
    return index > 0 && bytes > batchBytes
  })
  return end < 0 ? jobs : jobs.slice(0, end)
}

const notForAll = new SyncError(
  'transient',
  'IncompleteAnswer',
  'the server did not answer for every item',
)

function agreedOf(step: Step): Item {
  if (step.agreed === undefined) throw new Error('nothing is agreed of a deleted link')
  return step.agreed
}
