// One life of the controller's process, over the office's Exchange and state: everything that is real
// above the sockets. What happens to a request or to a write of the state is decided by whoever watches.
// After its death nothing of it has an effect any more: whatever it waits for never comes.

import type { GroupId } from '../../controller/core/id.ts'
import { Connections } from '../../controller/ews/connections.ts'
import type { Network, Outgoing } from '../../controller/ews/network.ts'
import type { SqliteState } from '../../controller/store/state.ts'
import type { Environment, Mode, Reconciled } from '../../controller/sync/environment.ts'
import type { Baseline, Change, Clock, Declarations } from '../../controller/sync/ports.ts'
import { propose } from '../../controller/sync/propose.ts'
import { passSpecOf, reconcile } from '../../controller/sync/reconcile.ts'
import { schedule } from '../../controller/sync/schedule.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { ConnectionLost, type Fault } from '../exchange/http/fault.ts'
import type { Office } from './office.ts'

/** A request, numbered from 1 in the order of this life. */
export type Call = Readonly<{ n: number; operation: string; body: string }>

/** What becomes of a request. */
export type Fate =
  | Readonly<{ kind: 'die'; when: 'before' | 'after' }>
  /** No answer comes before the deadline; the effect may have taken place. */
  | Readonly<{ kind: 'late'; when: 'before' | 'after' }>
  | Readonly<{ kind: 'fault'; fault: Fault }>

/** What comes back over the network. `lost`: the connection breaks at the end of the body. `piece`: bytes that come at once. */
export type Reply = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
  lost?: boolean
  piece?: number
}>

/** Asks the server, also with another text; undefined when the connection is lost before the reply. */
export type Ask = (body?: string, fault?: Fault) => Promise<Reply | undefined>

/** Stands between the process and the server: it asks as often as it wants, and answers what it wants. */
export type Border = (call: Call, ask: Ask, enough: AbortSignal) => Promise<Reply | undefined>

/** Who sees everything, and decides what goes wrong. */
export type Watch = Readonly<{
  request?: (call: Call) => Fate | undefined
  border?: Border
  /** The server is done with it, whether or not anybody hears what it said. */
  answered?: (call: Call, said: string) => void
  /** A write to the state, numbered from 1. */
  commit?: (n: number) => 'before' | 'after' | undefined
  committed?: (change: Change) => void
  began?: (group: GroupId) => void
  ended?: (group: GroupId, result: Reconciled['result']) => void
  /** No pass is under way any more: those that waited for a first answer were given up without an end. */
  stopped?: () => void
}>

/** How long a request is under way. */
const latencyMs = 25

const signal = new AbortController().signal

/** The process died. */
export const died = 'died'

/** One process. */
export class Life {
  requests = 0
  commits = 0
  readonly #office: Office
  readonly #watch: Watch
  readonly #state: SqliteState
  readonly #clock: Clock
  readonly #connections: Connections
  readonly #servers: Servers
  readonly #end = Promise.withResolvers<typeof died>()
  #dead = false

  constructor(office: Office, watch: Watch = {}) {
    this.#office = office
    this.#watch = watch
    this.#state = office.state
    const { clock } = office
    this.#clock = {
      now: () => clock.now(),
      sleep: (delayMs, until) => (this.#dead ? never() : clock.sleep(delayMs, until)),
    }
    this.#servers = new Servers(this.#clock, { leastMs: 5_000, mostMs: 900_000 })
    this.#connections = new Connections(this.#clock, { network: () => this.#network() })
  }

  get dead(): boolean {
    return this.#dead
  }

  die(): void {
    this.#dead = true
    this.#office.clock.forget()
    this.#end.resolve(died)
  }

  /** A pass for each of the groups, side by side; `died` when it did not come to the end. */
  passes(
    only: (id: GroupId) => boolean = () => true,
    audit = false,
  ): Promise<readonly Reconciled[] | typeof died> {
    const mode: Mode = { sliceMs: undefined, audit, stopping: () => false, claimed: undefined }
    const groups = this.#office.groups.filter(({ id }) => only(id))
    const all = groups.map((declared) => reconcile(declared, this.#site(), mode, signal))
    return this.#lived(Promise.all(all))
  }

  /** Passes as they come due, for so long. */
  async runs(forMs: number): Promise<void> {
    const stop = new AbortController()
    this.#office.clock.sleep(forMs, stop.signal).then(
      () => stop.abort(),
      () => {},
    )
    const options = { auditMs: 3_600_000, sliceMs: 60_000, concurrency: 4 }
    await this.#lived(schedule(this.#site(), options, stop.signal, signal))
    this.#watch.stopped?.()
  }

  /** How many steps a pass of the group would take now. */
  async planned(id: GroupId): Promise<number> {
    const declared = this.#office.groups.find((each) => each.id === id)
    if (declared === undefined) throw new Error(`there is no group ${id}`)
    const mode: Mode = {
      sliceMs: undefined,
      audit: false,
      stopping: () => false,
      claimed: undefined,
    }
    const course = passSpecOf(declared, this.#site(), mode, signal)
    const proposal = await this.#office.clock.until(propose(course, signal))
    return proposal.guarded.plan.steps.length
  }

  #lived<Value>(work: Promise<Value>): Promise<Value | typeof died> {
    return this.#office.clock.until(Promise.race([work, this.#end.promise]))
  }

  #site(): Environment {
    const office = this.#office
    const declarations: Declarations = {
      groups: async () => office.groups,
      changed: (until) =>
        new Promise((_, reject) =>
          until.addEventListener('abort', () => reject(until.reason), { once: true }),
        ),
      hold: async () => {},
      released: async () => {},
      report: async (declared, status) => {
        if (this.#dead) await never()
        office.groups = office.groups.map((each) =>
          each.id === declared.id ? { ...each, previous: status } : each,
        )
      },
    }
    return {
      declarations,
      replicas: (declared, until) => {
        this.#watch.began?.(declared.id)
        return this.#connections.replicas(declared, until)
      },
      former: (declared, ids, until) => this.#connections.former(declared, ids, until),
      baseline: (group) => this.#mortal(this.#state.baseline(group)),
      recent: async (group) => this.#state.bin.conflicts(10, group),
      clock: this.#clock,
      servers: this.#servers,
      onEnded: ({ declared: { id }, result }) => this.#watch.ended?.(id, result),
    }
  }

  #mortal(baseline: Baseline): Baseline {
    const commit = async (change: Change): Promise<void> => {
      if (this.#dead) return never()
      this.commits += 1
      const death = this.#watch.commit?.(this.commits)
      if (death === 'before') {
        this.die()
        return never()
      }
      await baseline.commit(change)
      this.#watch.committed?.(change)
      if (death === undefined) return
      this.die()
      return never()
    }
    return new Proxy(baseline, {
      get: (target, key) => {
        if (key === 'commit') return commit
        const value = Reflect.get(target, key) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #network(): Network {
    return { send: (request) => this.#send(request), close: async () => {} }
  }

  async #send(request: Outgoing): ReturnType<Network['send']> {
    if (this.#dead) return never()
    this.requests += 1
    const operation = /<m:([A-Za-z]+)/.exec(request.body)?.[1] ?? ''
    const call: Call = { n: this.requests, operation, body: request.body }
    this.#office.clock.advance(latencyMs)
    const fate = this.#watch.request?.(call)
    if (fate?.kind === 'die' && fate.when === 'before') {
      this.die()
      return never()
    }
    if (fate?.kind === 'late' && fate.when === 'before') return forsaken(request.signal)
    const doomed = fate?.kind === 'fault' ? fate.fault : undefined
    const ask: Ask = (body = request.body, fault = doomed) =>
      this.#asked(call, { ...request, body }, fault)
    const { border } = this.#watch
    const reply = await (border === undefined ? ask() : border(call, ask, request.signal))
    if (fate?.kind === 'die') this.die()
    if (this.#dead) return never()
    if (fate?.kind === 'late') return forsaken(request.signal)
    if (reply === undefined) throw new ConnectionLost()
    const { status, headers } = reply
    return { status, headers, body: chunksOf(reply), discard: async () => {} }
  }

  async #asked(
    call: Call,
    { url, headers, body }: Outgoing,
    fault: Fault | undefined,
  ): Promise<Reply | undefined> {
    const { exchange, clock } = this.#office
    exchange.inject(fault === undefined ? undefined : () => fault)
    const path = new URL(url).pathname
    try {
      const answer = await exchange.handle({ method: 'POST', path, headers, body })
      this.#watch.answered?.(call, answer.body)
      const date = new Date(clock.now()).toUTCString()
      const { status, truncated: lost = false } = answer
      return { status, headers: { ...answer.headers, date }, body: answer.body, lost }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error
      this.#watch.answered?.(call, '')
      return undefined
    }
  }
}

async function* chunksOf({ body, lost, piece }: Reply): AsyncIterable<Uint8Array> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const size = piece ?? Math.max(1, bytes.length)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  if (lost) throw new ConnectionLost()
}

function never(): Promise<never> {
  return new Promise(() => {})
}

/** Nothing comes before whoever waits has had enough. */
export function forsaken(enough: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (enough.aborted) reject(enough.reason)
    else enough.addEventListener('abort', () => reject(enough.reason), { once: true })
  })
}
