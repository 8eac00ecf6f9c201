// Decides when a group gets a pass. A group is never in two passes at once. A changed declaration gets one at once;
// otherwise each group has its interval. An event only means: check again. shares.ts decides which of several due
// groups comes next: a namespace is a tenant, and a server is the origin of the URL of an ExchangeServer.

import { folderKey, refusedClaims } from '../api/claims.ts'
import { accessFor, hasNoRight, hubAccess } from '../api/references.ts'
import { type Participant, participantsOf } from '../api/topology.ts'
import type { GroupId } from '../core/id.ts'
import { ControlLoop, type Requeue } from './control-loop.ts'
import type { Environment, Mode, Reconciled } from './environment.ts'
import { type Party, startOf } from './line.ts'
import { isAnswer, partyOn } from './party.ts'
import type { Declared } from './ports.ts'
import type { Queue, QueueWatch, Sharing } from './queue.ts'
import { reconcile } from './reconcile.ts'
import { type Seat, shutdown } from './seat.ts'
import { keyOfAccess } from './server-health.ts'
import { askedOf } from './trying.ts'
import { Waiting } from './waiting.ts'

/**
 * The interval of audits (passes that list everything), the duration of one slice of a long pass, ms; and the number of
 * parallel passes.
 */
export type ScheduleOptions = Readonly<{
  auditMs: number
  sliceMs: number
  concurrency: number
  /** Spreads waits, so that groups that were declared together do not stay in step. */
  jitter?: (ms: number) => number
  watch?: QueueWatch
  /** A group is no longer declared. */
  onGone?: (id: GroupId) => void
  /** Gets the queue when it begins, for metrics. */
  onStart?: (queue: Queue<GroupId>) => void
}>

type Claims = ReturnType<typeof refusedClaims>

/** The maximum number of passes that wait for a server without a worker is this, plus the number of workers. */
const asideMax = 28

/** The queue's own back-off is for defects only: a failed pass says itself when the next one is due (`againMs`). */
const backOff = { leastMs: 1_000, mostMs: 300_000 }

/**
 * Makes one pass for every group, however long it takes; resolves with true if all are ready. Groups of one server run
 * one after the other, so that two with one hub do not run at the same moment. A server that hangs does not delay
 * others.
 */
export async function once(
  environment: Environment,
  stop: AbortSignal,
  hard: AbortSignal,
  concurrency = 4,
): Promise<boolean> {
  const groups = await environment.declarations.groups()
  const claims = claimsOf(groups)
  const byId = new Map(groups.map((declared) => [declared.id, declared]))
  const sharing = sharingOf(environment, concurrency, (id) => byId.get(id))
  const busy = new Set<string>()
  const partyOf = (id: GroupId): Party => {
    const party = sharing.partyOf(id)
    return { ...party, start: () => (busy.has(party.server) ? 'not' : startOf(party)) }
  }
  const ended = new AbortController()
  let [ready, left] = [byId.size, byId.size]
  const reconciled = async (
    id: GroupId,
    { pace, signal: givenUp, party }: Seat,
  ): Promise<Requeue> => {
    busy.add(party.server)
    const mode = modeOf(claims, id, { stopping: () => stop.aborted, pace, givenUp })
    try {
      const done = await reconcile(byId.get(id) as Declared, environment, mode, hard)
      if (!done.ready) ready -= 1
    } catch (error) {
      if (error !== shutdown) throw error
      ready -= 1
    } finally {
      busy.delete(party.server)
    }
    left -= 1
    if (left === 0) ended.abort()
    return { kind: 'forget' }
  }
  const { clock, servers } = environment
  const loop = new ControlLoop<GroupId>(
    {
      list: async () => new Map(groups.map(({ id, fingerprint }) => [id, fingerprint])),
      changed: never,
      reconcile: reconciled,
    },
    { clock, servers, backOff, sharing: { ...sharing, partyOf, patient: true } },
  )
  if (left > 0) await loop.run(AbortSignal.any([stop, ended.signal]))
  return left === 0 && ready === byId.size
}

/** Runs passes until `stop` aborts; then lets those under way end their batch. `hard` cancels them. */
export async function schedule(
  environment: Environment,
  options: ScheduleOptions,
  stop: AbortSignal,
  hard: AbortSignal,
): Promise<void> {
  const { clock, servers, declarations } = environment
  const table = new Table(clock.now(), options)
  const afterMs = environment.progress?.firstMs
  const waiting =
    afterMs === undefined ? undefined : new Waiting(declarations, clock, afterMs, stop)
  const reconciled = async (id: GroupId, seat: Seat, ending: AbortSignal): Promise<Requeue> => {
    await waiting?.begin(id)
    const turn = table.turn(id, seat, clock.now(), ending)
    if (turn === undefined) return { kind: 'forget' }
    try {
      return table.passed(
        turn.declared,
        await reconcile(turn.declared, environment, turn.mode, hard),
      )
    } catch (error) {
      if (!hard.aborted && error !== shutdown) throw error
      return { kind: 'forget' }
    }
  }
  const loop = new ControlLoop<GroupId>(
    {
      list: async () => {
        const groups = await declarations.groups()
        waiting?.take(groups)
        return table.take(groups)
      },
      changed: (signal) => declarations.changed(signal),
      reconcile: reconciled,
      onGone: (id) => options.onGone?.(id),
    },
    {
      clock,
      servers,
      backOff,
      sharing: sharingOf(environment, options.concurrency, (id) => table.declared(id)),
      watch: options.watch,
    },
  )
  options.onStart?.(loop.queue)
  await loop.run(stop)
}

// The declarations do not change while one pass is made of each group.
function never(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function sharingOf(
  { servers }: Environment,
  workers: number,
  declared: (id: GroupId) => Declared | undefined,
): Sharing<GroupId> {
  const partyOf = (id: GroupId): Party => {
    const tenant = id.split('/')[0] ?? ''
    const now = declared(id)
    if (now === undefined) return { tenant, server: '', way: '' }
    // A pass waits for its turn at the server of the hub.
    const access = hubAccess(now)
    const key = keyOfAccess(access)
    if (key === undefined) return { tenant, server: '', way: '' }
    const hub = participantsOf(now.group).hub.place.server
    return partyOn(servers, tenant, access.server?.spec.url, key, askedOf(now, hub))
  }
  return { workers, aside: workers + asideMax, isAnswer, partyOf }
}

type Place = { declared: Declared; auditMs: number }

// The declared groups, and the time of the next audit of each.
class Table {
  readonly #options: ScheduleOptions
  #places: ReadonlyMap<GroupId, Place> = new Map()
  #claims: Claims = new Map()
  #nowMs: number

  constructor(nowMs: number, options: ScheduleOptions) {
    this.#options = options
    this.#nowMs = nowMs
  }

  // A changed claim makes a group due at once, as a changed declaration does.
  take(groups: readonly Declared[]): ReadonlyMap<GroupId, string> {
    const same = ({ id, fingerprint }: Declared) =>
      this.#places.get(id)?.declared.fingerprint === fingerprint
    // Claims change only together with declarations.
    if (groups.length !== this.#places.size || !groups.every(same)) this.#claims = claimsOf(groups)
    const claimedBy = (id: GroupId) => this.#claims.get(id)?.by ?? ''
    this.#places = new Map(
      groups.map((declared) => {
        const auditMs =
          this.#places.get(declared.id)?.auditMs ?? this.#nowMs + this.#options.auditMs
        return [declared.id, { declared, auditMs }]
      }),
    )
    return new Map(groups.map(({ id, fingerprint }) => [id, `${fingerprint} ${claimedBy(id)}`]))
  }

  declared(id: GroupId): Declared | undefined {
    return this.#places.get(id)?.declared
  }

  turn(id: GroupId, seat: Seat, nowMs: number, stop: AbortSignal) {
    this.#nowMs = nowMs
    const place = this.#places.get(id)
    if (place === undefined) return undefined
    const audit = place.auditMs <= nowMs
    if (audit) place.auditMs = nowMs + this.#options.auditMs
    const { declared } = place
    // A pass does not continue after its declaration has changed: the group may be suspended now.
    const outdated = () => this.declared(id)?.fingerprint !== declared.fingerprint
    const stopping = () => stop.aborted || outdated()
    const suspended = () => this.declared(id)?.group.spec.suspend === true
    const { pace, signal: givenUp, yields } = seat
    const { sliceMs } = this.#options
    const given = { sliceMs, audit, stopping, suspended, pace, givenUp, yields }
    return { declared, mode: modeOf(this.#claims, id, given) }
  }

  // The next status is based on the one that was reported.
  passed({ id, group }: Declared, { result, status, againMs }: Reconciled): Requeue {
    if (result.kind === 'released') return { kind: 'forget' }
    const place = this.#places.get(id)
    if (place?.declared.group.metadata.uid === group.metadata.uid && place !== undefined)
      place.declared = { ...place.declared, previous: status }
    const { jitter = (ms: number) => ms } = this.#options
    return { kind: 'after', ms: jitter(againMs) }
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
