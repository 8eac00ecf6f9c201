// When which group gets a pass. A group is never in two passes at once; a changed declaration gets one
// at once; otherwise each group has its interval. An event only says: look again.
import { allowsMember } from '../core/allowed.ts'
import { refusedClaims } from '../core/claims.ts'
import type { GroupId } from '../core/id.ts'
import type { SyncGroupStatus } from '../core/resources.generated.ts'
import { hasNoRight } from './hindrance.ts'
import type { Declared } from './ports.ts'
import { Queue, type QueueWatch } from './queue.ts'
import { type Mode, type Reconciled, reconcile, type Site } from './reconcile.ts'

/** How often a pass looks at everything, how long one slice of a long pass is, how many passes at once; ms. */
export type Rhythm = Readonly<{
  auditMs: number
  sliceMs: number
  concurrency: number
  /** Spreads waits, so that groups that were declared together do not stay in step. */
  jitter?: (ms: number) => number
  watch?: QueueWatch
  /** Told of one that is not declared any more. */
  gone?: (id: GroupId) => void
  /** Told of the queue when it begins, for metrics. */
  begun?: (queue: Queue<GroupId>) => void
}>

type Claims = ReturnType<typeof refusedClaims>

/** Makes one pass for every group, however long it takes; answers whether all are ready. */
export async function once(site: Site, stop: AbortSignal, hard: AbortSignal): Promise<boolean> {
  const groups = await site.declarations.groups()
  const claims = claimsOf(groups)
  let ready = true
  for (const declared of groups) {
    if (stop.aborted) return false
    const mode = modeOf(claims, declared, () => stop.aborted, undefined, false)
    const done = await reconcile(declared, site, mode, hard)
    ready &&= done.ready
  }
  return ready
}

/** Runs passes until `stop` aborts; then lets those under way end their batch. `hard` abandons them. */
export async function schedule(
  site: Site,
  rhythm: Rhythm,
  stop: AbortSignal,
  hard: AbortSignal,
): Promise<void> {
  // What fails says itself when to look again (`againMs`), so the queue's own back-off is for defects.
  const queue = new Queue<GroupId>(site.clock, { leastMs: 1_000, mostMs: 300_000 }, rhythm.watch)
  rhythm.begun?.(queue)
  const table = new Table(queue, site.clock.now(), rhythm)
  const failed = new AbortController()
  const ending = AbortSignal.any([stop, failed.signal])
  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      failed.abort()
      throw error
    })
  const workers = Array.from({ length: rhythm.concurrency }, () => work(site, table, ending, hard))
  await Promise.all([watch(site, table, ending), ...workers].map(guarded))
}

// Takes over what is declared, whenever it may have changed.
async function watch(site: Site, table: Table, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const changed = site.declarations.changed(stop).catch(() => {})
    table.take(await site.declarations.groups())
    await changed
  }
}

async function work(site: Site, table: Table, stop: AbortSignal, hard: AbortSignal): Promise<void> {
  for (;;) {
    const id = await table.queue.get(stop)
    if (id === undefined) return
    try {
      const turn = table.turn(id, site.clock.now(), stop)
      if (turn === undefined) continue
      const done = await reconcile(turn.declared, site, turn.mode, hard)
      table.passed(turn.declared, done)
    } catch (error) {
      if (!hard.aborted) throw error
    } finally {
      table.queue.done(id)
    }
  }
}

type Place = { declared: Declared; claimedBy: GroupId | undefined; auditMs: number }

// What is declared, and when each group is looked at whole.
class Table {
  readonly queue: Queue<GroupId>
  readonly #rhythm: Rhythm
  readonly #places = new Map<GroupId, Place>()
  #claims: Claims = new Map()
  #nowMs: number

  constructor(queue: Queue<GroupId>, nowMs: number, rhythm: Rhythm) {
    this.queue = queue
    this.#rhythm = rhythm
    this.#nowMs = nowMs
  }

  // A new or changed declaration is due at once, and so is who may have a folder now, or may not.
  take(groups: readonly Declared[]): void {
    const same = ({ id, fingerprint }: Declared) =>
      this.#places.get(id)?.declared.fingerprint === fingerprint
    // Whoever has what changes only with what is declared.
    if (groups.length !== this.#places.size || !groups.every(same)) this.#claims = claimsOf(groups)
    const there = new Set(groups.map(({ id }) => id))
    for (const id of this.#places.keys()) {
      if (there.has(id)) continue
      this.#places.delete(id)
      this.queue.remove(id)
      this.#rhythm.gone?.(id)
    }
    for (const declared of groups) {
      const { id, fingerprint } = declared
      const before = this.#places.get(id)
      const claimedBy = this.#claims.get(id)?.by
      const known = before?.declared.fingerprint === fingerprint && before.claimedBy === claimedBy
      const auditMs = before?.auditMs ?? this.#nowMs + this.#rhythm.auditMs
      this.#places.set(id, { declared, claimedBy, auditMs })
      if (!known) this.queue.add(id)
    }
  }

  turn(id: GroupId, nowMs: number, stop: AbortSignal) {
    this.#nowMs = nowMs
    const place = this.#places.get(id)
    if (place === undefined) return undefined
    const audit = place.auditMs <= nowMs
    if (audit) place.auditMs = nowMs + this.#rhythm.auditMs
    const { declared } = place
    // What is declared otherwise by now, suspended perhaps, is not to be gone on with.
    const outdated = () => this.#places.get(id)?.declared.fingerprint !== declared.fingerprint
    const stopping = () => stop.aborted || outdated()
    return { declared, mode: modeOf(this.#claims, declared, stopping, this.#rhythm.sliceMs, audit) }
  }

  // The next status follows on this one.
  #noted(place: Place, { group }: Declared, status: SyncGroupStatus | undefined): void {
    if (place.declared.group.metadata.uid !== group.metadata.uid) return
    place.declared = { ...place.declared, previous: status }
  }

  passed(declared: Declared, { result, status, againMs }: Reconciled): void {
    const { id, fingerprint } = declared
    const place = this.#places.get(id)
    // Another one may be declared under the name by now: it is due already.
    if (place === undefined || place.declared.fingerprint !== fingerprint) {
      if (place !== undefined && result.kind !== 'released') this.#noted(place, declared, status)
      return
    }
    if (result.kind === 'released') {
      this.#places.delete(id)
      return
    }
    this.#noted(place, declared, status)
    const { jitter = (ms: number) => ms } = this.#rhythm
    this.queue.add(id, jitter(againMs))
  }
}

/** The groups that are refused because an older one has a member's folder. */
export function claimsOf(groups: readonly Declared[]): Claims {
  return refusedClaims(
    groups
      .filter(({ deleted, hindrance }) => !deleted && !hasNoRight(hindrance))
      .map(({ id, group, server }) => ({
        ...{ id, group, server: server?.spec.url },
        allows: allowsMember(server),
      })),
  )
}

function modeOf(
  claims: Claims,
  { id }: Declared,
  stopping: () => boolean,
  sliceMs: number | undefined,
  audit: boolean,
): Mode {
  return { sliceMs, audit, stopping, claimed: claims.get(id) }
}
