// When which group gets a pass. A group is never in two passes at once; a changed declaration gets one
// at once; otherwise each group has its interval. An event only says: look again. Whose turn it is when several
// are due is in shares.ts: a namespace is a tenant, and a server is the origin of an ExchangeServer's URL.

import { folderKey, refusedClaims } from '../api/claims.ts'
import { accessFor, hasNoRight, hubAccess } from '../api/references.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import { type Participant, participantsOf } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import type { Mode, Reconciled, Site } from './environment.ts'
import { type Party, startOf } from './line.ts'
import { isAnswer, partyOn } from './party.ts'
import type { Declared } from './ports.ts'
import { Queue, type QueueWatch, type Sharing, workOff } from './queue.ts'
import { reconcile } from './reconcile.ts'
import { shutdown } from './seat.ts'
import { keyOfAccess } from './server-health.ts'
import { askedOf } from './trying.ts'

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

/** How many passes wait for a server beside those that have a worker, at most; and as many again as there are workers. */
const asideMax = 28

/** What the queue's own back-off is for: what fails says itself when to look again (`againMs`), so this is for defects. */
const backOff = { leastMs: 1_000, mostMs: 300_000 }

/**
 * Makes one pass for every group, however long it takes; answers whether all are ready. Groups of one server follow
 * one another, so that two over one hub do not meet in the same moment; a server that hangs keeps no other waiting.
 */
export async function once(
  site: Site,
  stop: AbortSignal,
  hard: AbortSignal,
  concurrency = 4,
): Promise<boolean> {
  const groups = await site.declarations.groups()
  const claims = claimsOf(groups)
  const byId = new Map(groups.map((declared) => [declared.id, declared]))
  const sharing = sharingOf(site, concurrency, (id) => byId.get(id))
  const busy = new Set<string>()
  const partyOf = (id: GroupId): Party => {
    const party = sharing.partyOf(id)
    return { ...party, start: () => (busy.has(party.server) ? 'not' : startOf(party)) }
  }
  const queue = new Queue<GroupId>(site.clock, backOff, {}, { ...sharing, partyOf, patient: true })
  const ended = new AbortController()
  let [ready, left] = [byId.size, byId.size]
  const one = async (id: GroupId) => {
    const { pace, signal: givenUp, party } = queue.seat(id)
    busy.add(party.server)
    const mode = modeOf(claims, id, { stopping: () => stop.aborted, pace, givenUp })
    try {
      const done = await reconcile(byId.get(id) as Declared, site, mode, hard)
      if (!done.ready) ready -= 1
    } catch (error) {
      if (error !== shutdown) throw error
      ready -= 1
    } finally {
      busy.delete(party.server)
    }
    left -= 1
    if (left === 0) ended.abort()
  }
  for (const id of byId.keys()) queue.add(id)
  if (left > 0) await tended(site, queue, one, AbortSignal.any([stop, ended.signal]))
  return left === 0 && ready === byId.size
}

/** Runs passes until `stop` aborts; then lets those under way end their batch. `hard` abandons them. */
export async function schedule(
  site: Site,
  rhythm: Rhythm,
  stop: AbortSignal,
  hard: AbortSignal,
): Promise<void> {
  const sharing = sharingOf(site, rhythm.concurrency, (id) => table.declared(id))
  const queue = new Queue<GroupId>(site.clock, backOff, rhythm.watch, sharing)
  const table = new Table(queue, site.clock.now(), rhythm)
  rhythm.begun?.(queue)
  const failed = new AbortController()
  const ending = AbortSignal.any([stop, failed.signal])
  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      failed.abort()
      throw error
    })
  const one = async (id: GroupId) => {
    const turn = table.turn(id, site.clock.now(), ending)
    if (turn === undefined) return
    try {
      const done = await reconcile(turn.declared, site, turn.mode, hard)
      table.passed(turn.declared, done)
    } catch (error) {
      if (!hard.aborted && error !== shutdown) throw error
    }
  }
  await Promise.all([watch(site, table, ending), tended(site, queue, one, ending)].map(guarded))
}

// How servers are decides about turns.
async function tended(
  { servers }: Site,
  queue: Queue<GroupId>,
  one: (id: GroupId) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  servers.watch(() => queue.look(), stop)
  await workOff(queue, one, stop)
}

// Takes over what is declared, whenever it may have changed.
async function watch(site: Site, table: Table, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const changed = site.declarations.changed(stop).catch(() => {})
    table.take(await site.declarations.groups())
    await changed
  }
}

function sharingOf(
  { servers }: Site,
  workers: number,
  declared: (id: GroupId) => Declared | undefined,
): Sharing<GroupId> {
  const partyOf = (id: GroupId): Party => {
    const tenant = id.split('/')[0] ?? ''
    const now = declared(id)
    if (now === undefined) return { tenant, server: '', way: '' }
    // A pass takes its turn at the hub's server.
    const access = hubAccess(now)
    const key = keyOfAccess(access)
    if (key === undefined) return { tenant, server: '', way: '' }
    const hub = participantsOf(now.group).hub.place.server
    return partyOn(servers, tenant, access.server?.spec.url, key, askedOf(now, hub))
  }
  return { workers, aside: workers + asideMax, isAnswer, partyOf }
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

  declared(id: GroupId): Declared | undefined {
    return this.#places.get(id)?.declared
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
    const { pace, signal: givenUp, yields } = this.queue.seat(id)
    const { sliceMs } = this.#rhythm
    const mode = modeOf(this.#claims, id, { sliceMs, audit, stopping, pace, givenUp, yields })
    return { declared, mode }
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

/** The groups that are refused because an older one has one of their folders. */
export function claimsOf(groups: readonly Declared[]): Claims {
  const may = groups.filter((each) => !each.deleted && !hasNoRight(hubAccess(each)))
  return refusedClaims(
    may.map((declared) => ({
      id: declared.id,
      group: declared.group,
      folderOf: (participant) => folderOf(declared, participant),
    })),
  )
}

function folderOf(declared: Declared, participant: Participant): string | undefined {
  const access = accessFor(declared, participant)
  const url = hasNoRight(access) ? undefined : access.server?.spec.url
  return url && folderKey(participant, url)
}

function modeOf(claims: Claims, id: GroupId, mode: Partial<Mode> & Pick<Mode, 'stopping'>): Mode {
  return { sliceMs: undefined, audit: false, ...mode, claimed: claims.get(id) }
}
