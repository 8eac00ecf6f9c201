// Carries a plan out and writes every outcome down as it comes. First the hub, then the members side by side,
// updates before creates; deletes come last. One replica is written by one request at a time. What fails
// stays behind; a failure of the whole replica ends its turn, not the others'.
import { copyAfter, sourceOf } from '../core/fold.ts'
import type { GroupId, ItemId, ReplicaId } from '../core/id.ts'
import type { Item, ItemType } from '../core/item.ts'
import type { Copy, Found } from '../core/link.ts'
import { groupMark, hubMark, type Stamp, sourceMark } from '../core/stamp.ts'
import type { Action, Plan, Step } from '../core/step.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { type Applied, nothingApplied } from './applied.ts'
import { overwritten, ownContent } from './overwritten.ts'
import type { Baseline, Change, Entry, Replica, Written } from './ports.ts'

/** What applying needs. `due()` says that the pass has had its time. */
export type Site = Readonly<{
  group: GroupId
  type: ItemType
  replicas: readonly Replica[]
  baseline: Baseline
  at: () => Change['at']
  due: () => boolean
}>

type Job = Readonly<{ step: Step; action: Action }>

/** How many items one request carries; halved while a replica times out. */
const batchMax = 50

/** Carries the plan out. Rejects only when the signal aborts or the state cannot be written. */
export async function apply(plan: Plan, site: Site, signal: AbortSignal): Promise<Applied> {
  const applied = nothingApplied()
  const jobs = new Map<ReplicaId, Job[]>()
  for (const step of plan.steps) {
    for (const action of step.actions) {
      const queue = jobs.get(action.replica)
      if (queue === undefined) jobs.set(action.replica, [{ step, action }])
      else queue.push({ step, action })
    }
  }
  const hubs = site.replicas.filter(({ role }) => role.hub && jobs.has(role.id))
  const members = site.replicas.filter(({ role }) => !role.hub && jobs.has(role.id))
  const hubIds = new Map<Step, Stamp['source']>()
  for (const kinds of [['update', 'create'], ['delete']] as const) {
    for (const replicas of [hubs, members]) {
      const turn = (replica: Replica) =>
        new Turn(site, replica, applied, hubIds).run(jobs.get(replica.role.id) ?? [], kinds, signal)
      await Promise.all(replicas.map(turn))
    }
  }
  return applied
}

// One replica's turn: its jobs in batches, each written down before the next.
class Turn {
  readonly #site: Site
  readonly #replica: Replica
  readonly #applied: Applied
  readonly #sources: Map<Step, Stamp['source']>
  #batch = batchMax

  constructor(site: Site, replica: Replica, applied: Applied, sources: Map<Step, Stamp['source']>) {
    this.#site = site
    this.#replica = replica
    this.#applied = applied
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
      this.#failed(syncErrorOf(error), 0)
    }
  }

  async #all(kind: Action['kind'], jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < jobs.length; ) {
      if (this.#site.due()) {
        this.#applied.unfinished = true
        return
      }
      const batch = jobs.slice(at, at + this.#batch)
      try {
        if (kind === 'create') await this.#create(batch, signal)
        else if (kind === 'update') await this.#update(batch, signal)
        else await this.#delete(batch, signal)
        at += batch.length
      } catch (error) {
        const timedOut = error instanceof SyncError && error.code === 'ErrorTimeoutExpired'
        if (!timedOut || kind === 'create' || this.#batch <= 1) throw error
        this.#batch = Math.ceil(this.#batch / 4)
      }
    }
  }

  async #create(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const creations = jobs.map(({ step }) => ({ item: agreedOf(step), stamp: this.#stampOf(step) }))
    const answers = await this.#replica.create(creations, signal)
    await this.#record(jobs, answers, signal)
  }

  async #update(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const kept = await overwritten(jobs, this.#replica, signal)
    this.#applied.kept += kept.length
    if (kept.length > 0) await this.#site.baseline.commit({ at: this.#site.at(), kept })
    const updates = jobs.flatMap(({ step, action }) =>
      action.kind === 'update'
        ? [{ id: action.id, expect: action.expect, patch: action.patch, agreed: agreedOf(step) }]
        : [],
    )
    await this.#record(jobs, await this.#replica.update(updates, signal), signal)
  }

  // There is no conditional delete: each is read right before, kept as it is, and left alone when it moved.
  async #delete(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const { role } = this.#replica
    const { type } = this.#site
    const found = await this.#replica.read(jobs.map(idOf), signal)
    const doomed: { job: Job; item: Found }[] = []
    jobs.forEach((job, index) => {
      const item = found[index]
      if (item instanceof SyncError) this.#itemFailed(item)
      // Gone already, or not to be seen any more? The next look tells; until then nothing is settled.
      else if (job.action.kind === 'delete' && item?.version === job.action.expect)
        doomed.push({ job, item })
    })
    // The agreed content is in the bin already; a copy that shows something else is kept as well.
    const kept = doomed.flatMap(({ job: { step }, item }) => ownContent(type, step, role.id, item))
    this.#applied.kept += kept.length
    await this.#site.baseline.commit({ at: this.#site.at(), kept })
    if (doomed.length === 0) return
    const answers = await this.#replica.remove(
      doomed.map(({ item }) => item.id),
      signal,
    )
    const entries: Entry[] = []
    const done: { link: Step['link']['id']; replica: ReplicaId; copy: undefined }[] = []
    doomed.forEach(({ job }, index) => {
      const error = answers[index]
      const link = job.step.link.id
      entries.push({ link, replica: role.id, action: 'delete', result: error?.code ?? 'Done' })
      if (error !== undefined) this.#itemFailed(error)
      else {
        this.#applied.deleted += 1
        this.#dealtWith(idOf(job))
        done.push({ link, replica: role.id, copy: undefined })
      }
    })
    this.#applied.written.add(role.id)
    await this.#site.baseline.commit({ at: this.#site.at(), copies: done, entries })
  }

  async #record(
    jobs: readonly Job[],
    answers: readonly Written[],
    signal: AbortSignal,
  ): Promise<void> {
    const { role } = this.#replica
    if (answers.length !== jobs.length) {
      throw new SyncError(
        'transient',
        'IncompleteAnswer',
        'the server did not answer for every item',
      )
    }
    this.#applied.written.add(role.id)
    const written = answers.flatMap((answer) => (answer instanceof SyncError ? [] : [answer]))
    const stored = await this.#stored(written, signal)
    const copies: NonNullable<Change['copies']>[number][] = []
    const entries: Entry[] = []
    jobs.forEach(({ step, action }, index) => {
      const answer = answers[index]
      if (answer === undefined || action.kind === 'delete') return
      const failed = answer instanceof SyncError
      const link = step.link.id
      entries.push({
        link,
        replica: role.id,
        action: action.kind,
        result: failed ? answer.code : 'Done',
      })
      if (failed) this.#itemFailed(answer)
      else copies.push({ link, replica: role.id, copy: this.#copyOf(step, action, answer, stored) })
    })
    await this.#site.baseline.commit({ at: this.#site.at(), copies, entries })
  }

  #copyOf(
    step: Step,
    action: Action,
    answer: Exclude<Written, SyncError>,
    stored: ReadonlyMap<ItemId, Item>,
  ): Copy {
    const { role } = this.#replica
    if (action.kind === 'create') this.#applied.created += 1
    else {
      this.#applied.updated += 1
      if (action.kind === 'update') this.#dealtWith(action.id)
    }
    if (role.hub) this.#sources.set(step, sourceMark(role.id, answer.id))
    return copyAfter(this.#site.type, step, action, { ...answer, stored: stored.get(answer.id) })
  }

  // What the server made of what it was given, as far as nobody touched it in between.
  async #stored(
    written: readonly Exclude<Written, SyncError>[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ItemId, Item>> {
    if (written.length === 0) return new Map()
    try {
      const found = await this.#replica.read(
        written.map(({ id }) => id),
        signal,
      )
      const certain = found.flatMap((each, index) =>
        each !== undefined &&
        !(each instanceof SyncError) &&
        each.version === written[index]?.version
          ? [each]
          : [],
      )
      return new Map(certain.map(({ id, item }) => [id, item]))
    } catch (error) {
      // The write is done and must be written down, even though it could not be read back.
      if (signal.aborted) return new Map()
      this.#failed(syncErrorOf(error), 0)
      return new Map()
    }
  }

  #stampOf(step: Step): Stamp {
    const { group, replicas } = this.#site
    const hub = replicas.find(({ role }) => role.hub)?.role.id
    const source = this.#sources.get(step) ?? sourceOf(step, hub)
    return { group: groupMark(group), link: step.link.id, source, hub: hubMark(hub) }
  }

  // What is stale waits for the next pass, which reads it again.
  #itemFailed(error: SyncError): void {
    if (error.kind !== 'stale') this.#failed(error, 1)
  }

  #dealtWith(id: ItemId): void {
    const { role } = this.#replica
    const done = this.#applied.done.get(role.id) ?? new Set()
    this.#applied.done.set(role.id, done.add(id))
  }

  #failed(error: SyncError, items: number): void {
    const { failures } = this.#applied
    const before = failures.get(this.#replica.role.id)
    failures.set(this.#replica.role.id, { error, items: (before?.items ?? 0) + items })
  }
}

function agreedOf(step: Step): Item {
  if (step.agreed === undefined) throw new Error('nothing is agreed of a deleted link')
  return step.agreed
}

function idOf({ action }: Job): ItemId {
  if (action.kind === 'create') throw new Error('a new copy has no id yet')
  return action.id
}
