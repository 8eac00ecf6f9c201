// Shares out the workers, so that no tenant and no server delays the others.
//
//   begins ──(its server is healthy)────────────► with a worker ──(no answer, and others wait)──► aside
//      └─────(failing, or never tried)──► aside ──(an answer)──► waits ──(its turn)──► with a worker
//
// Guarantees: while others wait, a pass holds a worker only as long as its server answers. A failing server is tried
// without a worker, one try at a time. The places aside are limited, one tenant has at most a quarter of them, and a
// pass that holds one for long without an answer is cancelled when others need it.
// Caveats: passes are not interrupted: with a quick server, a pass keeps its worker until it yields between two
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

/** The options of sharing. */
export type ShareOptions = Readonly<{
  workers: number
  /** Places without a worker, for work that waits for a server. */
  aside: number
  /** Is the error nevertheless an answer of the server? */
  isAnswer?: (error: unknown) => boolean
  /** Every pass runs to its end, however long it takes. */
  patient?: boolean
}>

/** The time for which a request without an answer keeps a worker while others wait, ms. Exchange mostly takes less. */
const patienceMs = 500
/** The time for which work without an answer stays aside while others need its place, ms. */
const giveUpMs = 15_000
/** The maximum interval of checking these times, ms. */
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
  /** The seats that wait for a worker. */
  readonly #backs = new Map<Seat, Back>()
  /** Servers that are being tried, and the number of passes that wait for each, by tenant and server. */
  readonly #tried = new Set<string>()
  readonly #silent = new Map<string, number>()
  #pressed = false
  #open = false

  /** `changed`: called when another work may have a turn. */
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

  /** The number of passes with a worker, and aside. */
  get held(): Readonly<{ workers: number; aside: number }> {
    return { workers: this.#workers.taken, aside: this.#aside.taken }
  }

  /** The number of waiting passes, for a worker and for their server, by tenant. */
  waiting(): ReadonlyMap<string, Readonly<{ worker: number; server: number }>> {
    const all = new Map<string, { worker: number; server: number }>()
    for (const [party, waiting] of this.#line.counts()) {
      const sums = all.get(party.tenant) ?? { worker: 0, server: 0 }
      sums[this.#mayWork(party) ? 'worker' : 'server'] += waiting
      all.set(party.tenant, sums)
    }
    return all
  }

  /** The time for the next call of `next` even if nothing changes, ms since 1970; infinite: none is needed. */
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

  /** Hands out the next work that may begin. */
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

  /** Nothing begins any more: work under way continues at once, to its end. Work without a first answer ends. */
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

  // A server that was never tried comes before one that failed: a thousand failing ones do not delay a new one.
  #tryOne(): { waiting: Key<Name> | Back; start: Start } | undefined {
    // Some places are reserved for work that had a worker.
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

  // A request has ended: a seat without a worker now waits for one.
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

  // While work for another server waits, the seat that has waited longest for its server makes room.
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

  // Cancels the pass that has waited longest, of the tenant with the most places aside.
  #giveUp(of: (party: Party) => boolean): void {
    if (this.#options.patient) return
    const nowMs = this.#clock.now()
    // One at a time: the place of a cancelled one is free in a moment.
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

  // Does a party with another tenant or server wait that holds fewer places?
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
  'the pass was cancelled, because the server did not answer while others waited for their turn; it is tried again later: check the load of the server, and the network and proxies on the way',
)
