// Shares out the workers, so that no tenant and no server keeps the others waiting.
//
//   begins ──(its server is well)──────────────► with a worker ──(no answer, and others wait)──► aside
//      └─────(ill, or never tried)──► aside ──(an answer)──► waits ──(its turn)──► with a worker
//
// Guarantees: a pass holds a worker only while its server answers, as soon as others wait. A server that is ill is
// tried outside of the workers, by one at a time. Aside there are so many places and no more, one tenant has a quarter
// of them at most, and who holds one for long without an answer is given up when others need it.
// Caveats: passes are not interrupted: one whose server answers quickly keeps its worker until it yields between two
// batches.
import { SyncError } from '../core/sync-error.ts'
import {
  count,
  Line,
  type Party,
  Places,
  type Start,
  serverOf,
  startOf,
  type Waiting,
} from './line.ts'
import type { Clock } from './ports.ts'
import { Seat, shutdown } from './seat.ts'

/** What is shared out. */
export type ShareOptions = Readonly<{
  workers: number
  /** Places beside the workers, for what waits for a server. */
  aside: number
  /** Is the error an answer of the server's all the same? */
  isAnswer?: (error: unknown) => boolean
  /** Each is to have its pass, however long it takes. */
  patient?: boolean
}>

/** How long a request may keep a worker without an answer while others wait; ms. Exchange mostly takes less. */
const patienceMs = 500
/** How long one may be aside without an answer while others need its place; ms. */
const giveUpMs = 15_000
/** How often those who wait look whether one of these times is over, at least; ms. */
const recheckMs = 500

type Key<Name> = Waiting & Readonly<{ name: Name }>
type Back = Waiting & Readonly<{ seat: Seat }>

/** Shares out places for work on the names. */
export class Shares<Name extends string> {
  readonly #clock: Clock
  readonly #options: ShareOptions
  readonly #changed: () => void
  readonly #workers: Places
  readonly #aside: Places
  readonly #line = new Line<Key<Name> | Back>()
  readonly #seats = new Set<Seat>()
  /** Those of them that wait for a worker. */
  readonly #backs = new Map<Seat, Back>()
  /** Servers that are being tried, and how many keep a pass waiting, by tenant and server. */
  readonly #tried = new Set<string>()
  readonly #silent = new Map<string, number>()
  #pressed = false
  #open = false

  /** `changed`: somebody may have a turn by now. */
  constructor(clock: Clock, options: ShareOptions, changed: () => void) {
    this.#clock = clock
    this.#options = options
    this.#changed = changed
    this.#workers = new Places(options.workers)
    this.#aside = new Places(options.aside)
  }

  add(waiting: Key<Name>): void {
    this.#line.add(waiting)
  }

  remove(waiting: Key<Name>): void {
    this.#line.remove(waiting)
  }

  /** How many passes hold a worker, and how many are aside. */
  get held(): Readonly<{ workers: number; aside: number }> {
    return { workers: this.#workers.taken, aside: this.#aside.taken }
  }

  /** How many wait for a worker, and how many for their server, by tenant. */
  waiting(): ReadonlyMap<string, Readonly<{ worker: number; server: number }>> {
    const all = new Map<string, { worker: number; server: number }>()
    for (const [party, waiting] of this.#line.counts()) {
      const sums = all.get(party.tenant) ?? { worker: 0, server: 0 }
      sums[this.#mayWork(party) ? 'worker' : 'server'] += waiting
      all.set(party.tenant, sums)
    }
    return all
  }

  /** When `next` is to be called again although nothing has changed; infinite: not at all. */
  get againMs(): number {
    if (!this.#pressed) return Number.POSITIVE_INFINITY
    const nowMs = this.#clock.now()
    let leftMs = recheckMs
    for (const seat of this.#seats) {
      const silentMs = seat.state === 'worker' ? seat.silentMs(nowMs) : 0
      if (silentMs > 0 && silentMs < patienceMs) leftMs = Math.min(leftMs, patienceMs - silentMs)
    }
    return nowMs + leftMs
  }

  /** Hands out the next one that may begin. */
  next(): Readonly<{ name: Name; seat: Seat }> | undefined {
    for (;;) {
      const item = this.#worker() ?? this.#tryOne()
      if (item === undefined) return undefined
      if ('name' in item.waiting)
        return { name: item.waiting.name, seat: this.#begun(item.waiting.party, item.start) }
      this.#back(item.waiting.seat)
    }
  }

  /** The work has ended. */
  end(seat: Seat): void {
    if (!this.#seats.delete(seat)) return
    if (seat.state === 'worker') this.#workers.give(seat.party)
    else this.#aside.give(seat.party)
    if (seat.state === 'aside') count(this.#silent, serverOf(seat.party), -1)
    if (seat.tries) this.#tried.delete(serverOf(seat.party))
    const back = this.#backs.get(seat)
    if (back !== undefined) this.#line.remove(back)
    this.#backs.delete(seat)
    seat.become('ended')
    this.#changed()
  }

  /** Nothing begins any more: what is under way goes on at once, to its end. What waits for a first answer ends. */
  open(): void {
    this.#open = true
    for (const seat of this.#seats) if (seat.isNew) seat.giveUp(shutdown)
    for (const seat of [...this.#backs.keys()]) this.#back(seat)
  }

  #worker(): { waiting: Key<Name> | Back; start: Start } | undefined {
    const may = (party: Party) => this.#mayWork(party)
    this.#pressed = false
    if (!this.#workers.free) {
      if (!this.#line.some(may)) return undefined
      this.#pressed = true
      if (!this.#setAside()) return undefined
    }
    const waiting = this.#line.next('worker', this.#workers, may)
    return waiting && { waiting, start: 'worker' }
  }

  // Who was never tried comes before who failed: a thousand that are ill keep no new one waiting.
  #tryOne(): { waiting: Key<Name> | Back; start: Start } | undefined {
    // Some places are left for those who had a worker.
    const most = Math.max(1, this.#aside.max - this.#workers.max)
    for (const start of ['first', 'again'] as const) {
      const may = (party: Party) => this.#mayTry(party, start)
      if (this.#aside.taken < most) {
        const waiting = this.#line.next('aside', this.#aside, may)
        if (waiting !== undefined) return { waiting, start }
      } else if (this.#line.some(may)) {
        this.#pressed = true
        this.#giveUp(() => true)
        return undefined
      }
    }
    return undefined
  }

  #begun(party: Party, start: Start): Seat {
    const seat = new Seat(party, start !== 'worker', this.#clock, {
      ended: (error) => this.#answered(seat, start, error),
      yields: () => this.#wanted(seat),
    })
    this.#seats.add(seat)
    if (start === 'worker') this.#workers.take(party)
    else {
      this.#aside.take(party)
      this.#tried.add(serverOf(party))
      count(this.#silent, serverOf(party), 1)
    }
    return seat
  }

  // A request has ended: who has no worker waits for one.
  async #answered(seat: Seat, start: Start, error: unknown): Promise<void> {
    if (seat.state === 'ended') return
    const isAnswer = error === undefined || this.#options.isAnswer?.(error) === true
    if (start === 'first' && seat.tries && isAnswer) {
      seat.tries = false
      this.#tried.delete(serverOf(seat.party))
      seat.party.answered?.()
    }
    if (seat.state === 'aside') {
      count(this.#silent, serverOf(seat.party), -1)
      seat.state = 'waiting'
      const { tenant, server } = seat.party
      const back = { party: { tenant, server, way: backWay }, sinceMs: this.#clock.now(), seat }
      this.#backs.set(seat, back)
      this.#line.add(back)
      if (this.#open) this.#back(seat)
      this.#changed()
    }
    if (seat.state === 'waiting') await seat.back.promise
  }

  #back(seat: Seat): void {
    const back = this.#backs.get(seat)
    if (back !== undefined) this.#line.remove(back)
    this.#backs.delete(seat)
    this.#aside.give(seat.party)
    this.#workers.take(seat.party)
    seat.become('worker')
  }

  // The one that has waited longest for its server makes room, where one waits for another server.
  #setAside(): boolean {
    const nowMs = this.#clock.now()
    const silent = [...this.#seats]
      .filter((seat) => seat.state === 'worker' && seat.silentMs(nowMs) >= patienceMs)
      .filter(({ party: { tenant, server } }) =>
        this.#line.some(
          (party) => this.#mayWork(party) && (party.tenant !== tenant || party.server !== server),
        ),
      )
      .sort((one, other) => other.silentMs(nowMs) - one.silentMs(nowMs))
    const [seat] = silent.filter(({ party }) => this.#hasRoom(party))
    if (seat !== undefined) {
      this.#moved(seat)
      return true
    }
    const [longest] = silent
    if (longest === undefined) return false
    if (this.#aside.free) this.#giveUp(({ tenant }) => tenant === longest.party.tenant)
    else this.#giveUp(() => true)
    return false
  }

  #moved(seat: Seat): void {
    this.#workers.give(seat.party)
    this.#aside.take(seat.party)
    count(this.#silent, serverOf(seat.party), 1)
    seat.state = 'aside'
  }

  // Of the tenant that has most places aside, the pass that has waited longest.
  #giveUp(of: (party: Party) => boolean): void {
    if (this.#options.patient) return
    const nowMs = this.#clock.now()
    // One after the other: its place is free in a moment.
    for (const { signal } of this.#seats) if (signal.aborted) return
    const isLate = (seat: Seat) => seat.state === 'aside' && seat.silentMs(nowMs) >= giveUpMs
    const held = ({ party }: Seat) => this.#aside.of(party.tenant)
    const [seat] = [...this.#seats]
      .filter((each) => of(each.party) && isLate(each))
      .sort((one, other) => held(other) - held(one) || other.silentMs(nowMs) - one.silentMs(nowMs))
    seat?.giveUp(serverSlow)
  }

  #mayWork(party: Party): boolean {
    if (party.way === backWay) return true
    return startOf(party) === 'worker' && !this.#silent.has(serverOf(party))
  }

  #mayTry(party: Party, start: Start): boolean {
    if (startOf(party) !== start) return false
    return !this.#tried.has(serverOf(party)) && this.#aside.of(party.tenant) < this.#tenantMax
  }

  // Does one wait who has less, for another server at least?
  #wanted({ party: { tenant, server } }: Seat): boolean {
    if (this.#workers.free) return false
    const held = this.#workers.of(tenant)
    return this.#line.some(
      (party) =>
        this.#mayWork(party) &&
        (party.tenant === tenant
          ? this.#workers.of(tenant, party.server) < this.#workers.of(tenant, server)
          : this.#workers.of(party.tenant) < held),
    )
  }

  #hasRoom({ tenant }: Party): boolean {
    return this.#aside.free && this.#aside.of(tenant) < this.#tenantMax
  }

  get #tenantMax(): number {
    return Math.ceil(this.#aside.max / 4)
  }
}

const backWay = 'back'

const serverSlow = new SyncError(
  'transient',
  'ServerSilent',
  'the server did not answer for so long, while others waited for their turn, that it was given up; it is tried again later: look at its load, and at the network and proxies on the way',
)
