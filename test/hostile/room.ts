// One room: a process of the controller, its healthy group and its hostile neighbours, from start to end.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { SyncGroup, SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { exsync, faultsOf, Place, type Running, readyOf } from '../e2e/support.ts'
import { freePort } from '../support/port.ts'
import type { Case, Room } from './case.ts'
import { declared, Good } from './good.ts'
import type { Open, Question, Tally } from './hosts.ts'
import { type Life, lifeOf } from './log.ts'
import { Watch } from './watch.ts'

/** What became of a case. */
export type Fate = Readonly<{
  name: string
  reason: string
  afterMs: number
  faults: readonly string[]
}>

/** What became of a room. */
export type Outcome = Readonly<{
  room: Room
  fates: readonly Fate[]
  life: Life
  carried: number
  tookMs: number
}>

/** Nothing here takes so long, on whatever machine; ms. */
const deadlineMs = 240_000

/** Lets them all live together; answers what became of them. */
export async function lived(room: Room): Promise<Outcome> {
  const startMs = performance.now()
  const good = await Good.start()
  const hosts = await Hosts.start(room.cases)
  using place = new Place([])
  const stage = new Stage(room, place, good, hosts)
  try {
    return await stage.played(startMs)
  } finally {
    hosts.close()
    await good.close()
  }
}

function gone(): never {
  throw new Error('the process of the hostile servers ended')
}

/** The process of the hostile servers. */
class Hosts {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>
  readonly open: Open

  private constructor(child: ChildProcess, open: Open) {
    this.#child = child
    this.#gone = once(child, 'exit').then(gone)
    // It is ended in the end.
    this.#gone.catch(() => {})
    this.open = open
  }

  static async start(cases: readonly Case[]): Promise<Hosts> {
    const module = fileURLToPath(new URL('hosts.ts', import.meta.url))
    const child = fork(
      module,
      cases.map(({ name }) => name),
      {
        execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=6144'],
      },
    )
    const [open] = (await once(child, 'message')) as [Open]
    return new Hosts(child, open)
  }

  async ask(question: Question): Promise<Tally> {
    const answer = Promise.race([once(this.#child, 'message') as Promise<[Tally]>, this.#gone])
    this.#child.send(question)
    return (await answer)[0]
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }
}

/** When a case was told, and with which status. */
type Told = Readonly<{ afterMs: number; status: SyncGroupStatus | undefined }>

class Stage {
  readonly #room: Room
  readonly #place: Place
  readonly #good: Good
  readonly #hosts: Hosts
  readonly #told = new Map<string, Told>()
  readonly #faults = new Map<string, string[]>()
  #ended = false

  constructor(room: Room, place: Place, good: Good, hosts: Hosts) {
    this.#room = room
    this.#place = place
    this.#good = good
    this.#hosts = hosts
  }

  async played(startMs: number): Promise<Outcome> {
    const { cases, flags = [], passes = 2 } = this.#room
    const [health, metrics] = [await freePort(), await freePort()]
    this.#declare({})
    for (const { files } of cases) files?.(this.#place.local)
    const { local, state } = this.#place
    const args = ['run', '--local', local, '--state', state]
    args.push(
      `--health-probe-bind-address=127.0.0.1:${health}`,
      `--metrics-bind-address=127.0.0.1:${metrics}`,
      ...flags,
    )
    // The heap of a container of 1 GiB, whatever this machine has.
    const running = exsync(args, ['--max_old_space_size=768'])
    const kill = () => running.child.kill('SIGKILL')
    process.once('exit', kill)
    const watch = new Watch(running.child.pid ?? 0, health)
    void running.ended.then(() => {
      this.#ended = true
    })
    await this.#each(this.#inTime(), (each, tally) => this.#tried(each, tally, running), startMs)
    const forced = cases.filter(({ forced: wanted }) => wanted)
    if (forced.length > 0) await this.#force(this.#inTime())
    const healed = await this.#hosts.ask('heal')
    const before = this.#good.carried
    const enough = () => this.#good.carried >= before + passes
    const inTime = this.#inTime()
    while (inTime() && !enough()) await delay(100)
    if (!enough()) this.#blame('', 'the healthy group carries no edit any more')
    await this.#each(this.#inTime(), ({ name }, tally) => (tally[name]?.wrong ?? []).length === 0)
    const tally = this.#ended ? healed : await this.#hosts.ask('wrong')
    const life = await lifeOf({ running, watch, metrics, room: this.#room, good: this.#good })
    return {
      room: this.#room,
      fates: cases.map((each) => this.#fateOf(each, tally)),
      life: { ...life, faults: [...life.faults, ...(this.#faults.get('') ?? [])] },
      carried: this.#good.carried,
      tookMs: performance.now() - startMs,
    }
  }

  /** Is the process there, and the deadline from now on not over? */
  #inTime(): () => boolean {
    const began = performance.now()
    return () => !this.#ended && performance.now() - began < deadlineMs
  }

  #declare(annotations: Record<string, string>): void {
    const all = this.#room.cases.flatMap(({ name, members, server, group, secret, forced }) => {
      const open = this.#hosts.open[name]
      if (open === undefined) return []
      const host = { ...open, hits: () => 0, close: async () => {} }
      const options = { members, server, group, secret: secret?.(host) }
      const given = Object.entries(options).filter(([, value]) => value !== undefined)
      const more = forced ? { annotations } : {}
      return declared(name, open.url, { ...Object.fromEntries(given), ...more })
    })
    const text = [...this.#good.declared(), ...all].map((each) => stringify(each)).join('---\n')
    this.#place.write('all.yaml', text)
  }

  // Asks about each case until it is so; whoever is late is blamed.
  async #each(
    inTime: () => boolean,
    isSo: (each: Case, tally: Tally) => boolean,
    startMs?: number,
  ): Promise<void> {
    const open = new Set(this.#room.cases)
    while (open.size > 0 && inTime()) {
      const tally = await this.#hosts.ask(startMs === undefined ? 'wrong' : 'hits')
      for (const each of open) {
        if (!isSo(each, tally)) continue
        open.delete(each)
        if (startMs === undefined) continue
        const status = this.#status(each.name)
        this.#told.set(each.name, { afterMs: performance.now() - startMs, status })
      }
      // To look through whole mailboxes takes a while.
      await delay(startMs === undefined ? 1000 : 100)
    }
    if (startMs === undefined) return
    for (const { name } of open)
      this.#blame(
        name,
        this.#ended ? 'the process ended before' : 'it was not tried, or told, in time',
      )
  }

  #tried(
    { name, open, reasons, logged, hits = 1 }: Case,
    tally: Tally,
    { said }: Running,
  ): boolean {
    if (open === undefined) return logged === undefined || logged.test(said())
    if ((tally[name]?.hits ?? 0) < hits) return false
    return reasons === undefined || reasons.test(this.#ready(name)?.reason ?? '')
  }

  // A forced pass asks again, whatever the server said of waiting.
  async #force(inTime: () => boolean): Promise<void> {
    const before = await this.#hosts.ask('hits')
    const token = 'now'
    this.#declare({
      'exchangesync.dev/requestedAt': token,
      'exchangesync.dev/forceAt': token,
    })
    const late = new Set(this.#room.cases.filter(({ forced }) => forced).map(({ name }) => name))
    while (late.size > 0 && inTime()) {
      const now = await this.#hosts.ask('hits')
      for (const name of late) {
        if ((now[name]?.hits ?? 0) > (before[name]?.hits ?? 0)) late.delete(name)
      }
      await delay(100)
    }
    for (const name of late) this.#blame(name, 'a forced pass did not reach the server')
  }

  #fateOf({ name, open, reasons, says }: Case, tally: Tally): Fate {
    const wrong = tally[name]?.wrong ?? []
    const faults = [...(this.#faults.get(name) ?? []), ...wrong]
    const told = this.#told.get(name)
    const afterMs = told?.afterMs ?? Number.NaN
    if (open === undefined) return { name, reason: '', afterMs, faults }
    // What was told of the harm; a proxy that does none any more has another status.
    const status = told?.status ?? this.#status(name)
    const { reason = '', message = '' } = readyOf(status) ?? {}
    const text = JSON.stringify(status ?? {})
    return {
      name,
      reason,
      afterMs,
      faults: [
        ...faults,
        ...(reasons === undefined || reasons.test(reason)
          ? []
          : [`Ready says ${reason}: ${message}`]),
        ...(says === undefined || says.test(message)
          ? []
          : [`the next step is missing: ${message}`]),
        ...faultsOf(status),
        ...(text.length > 40_000 ? [`the status has ${text.length} characters`] : []),
        ...(/Zq7secret|Zq7name/.test(text) ? ['the status holds a secret or a name'] : []),
        ...(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u.test(messagesIn(status))
          ? ['the status holds control characters']
          : []),
      ],
    }
  }

  #ready(name: string) {
    return readyOf(this.#status(name))
  }

  #status(name: string): SyncGroupStatus | undefined {
    try {
      const text = readFileSync(join(this.#place.state, 'status', `${name}.contacts.yaml`), 'utf8')
      return (parse(text) as Partial<SyncGroup> | null)?.status
    } catch {
      return undefined
    }
  }

  #blame(name: string, fault: string): void {
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), fault])
  }
}

function messagesIn(status: SyncGroupStatus | undefined): string {
  const all = [...(status?.conditions ?? []), ...(status?.problems ?? [])]
  return all.map(({ message, reason }) => `${reason} ${message}`).join(' ')
}
