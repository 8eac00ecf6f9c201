// One history: users act at random on several replicas, also between any two requests of a running
// pass; requests fail before or after their effect; processes die; replicas go offline; the state is
// forgotten. Every value that a user writes is a unique token, and we record which tokens a user who
// saw them has since replaced or deleted. Then all is healed, and the laws are demanded.
import { contact } from '../../controller/core/contact.ts'
import type { Limits } from '../../controller/core/guard.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { canonicalItem, type Item } from '../../controller/core/item.ts'
import type { Role } from '../../controller/core/link.ts'
import type { Report } from '../../controller/core/report.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { openState, type State } from '../../controller/store/state.ts'
import { type Course, pass, propose } from '../../controller/sync/pass.ts'
import type { Baseline, Change, Clock } from '../../controller/sync/ports.ts'
import { Folder, FolderReplica, type Hooks } from '../support/folder.ts'

/** What a user does: to whom, to which of the folder's items, in which field. */
export type Act = Readonly<{
  who: number
  what: 'put' | 'edit' | 'clear' | 'remove' | 'touch' | 'copy' | 'move' | 'hide' | 'twice'
  which: number
  field: number
}>

/** One thing that happens to the requests of a pass. */
export type Event = Readonly<{
  at: number
  what: 'fail' | 'lose' | 'die' | 'busy'
  act?: Act | undefined
}>

/** One step of a history. */
export type Step =
  | Readonly<{ step: 'act'; act: Act }>
  | Readonly<{
      step: 'pass'
      events: readonly Event[]
      acts: readonly Readonly<{ at: number; act: Act }>[]
      /** Which of its writes to the state finds no room. */
      full?: number | undefined
    }>
  | Readonly<{ step: 'offline'; who: number }>
  | Readonly<{ step: 'forget' }>
  | Readonly<{ step: 'restore'; which: number }>

/** How often the generator reached what it is there to reach. */
export type Counters = Record<string, number>

const group = 'test/group' as GroupId
const fields = ['JobTitle', 'Phone:MobilePhone', 'Department', 'Body'] as const

/** Limits that never bite. */
export const free: Limits = {
  deletions: { maxPercent: 100, maxCount: 1e6 },
  publications: { maxCount: 1e6 },
}

/** Who takes part in a history: the hub, two who write, one who receives, all of them with their habits. */
export class World {
  readonly folders: readonly Folder[]
  readonly roles: readonly Role[]
  readonly counters: Counters
  readonly #replicas: readonly FolderReplica[]
  #state: State
  #tokens = 0
  /** Tokens that users wrote, and where a token went when somebody who saw it replaced or deleted it. */
  readonly #written = new Map<string, Folder>()
  readonly #superseded = new Set<string>()
  readonly #kept: string[] = []
  readonly #hidden = new Set<string>()
  /** How many items of one identity users have made. */
  readonly made = new Map<string, number>()
  #offline = new Set<number>()
  #dead = false
  #requests = 0
  #commits = 0
  #conflicts = 0
  #plan: Extract<Step, { step: 'pass' }> | undefined
  #now = 1_000_000

  constructor(roles: readonly Role[], counters: Counters) {
    this.roles = roles
    this.counters = counters
    this.folders = roles.map(({ id }) => new Folder(id))
    this.#replicas = roles.map((role, index) => {
      const folder = this.folders[index] as Folder
      return new FolderReplica(role, folder, this.#hooks(index))
    })
    this.#state = openState(':memory:')
  }

  async take(step: Step): Promise<void> {
    switch (step.step) {
      case 'act':
        return this.act(step.act)
      case 'offline':
        this.#count('offline')
        if (!this.#offline.delete(step.who)) this.#offline.add(step.who % this.folders.length)
        return
      case 'forget':
        this.#count('forgotten')
        this.#remember()
        this.#state.close()
        this.#state = openState(':memory:')
        return
      case 'restore':
        this.#restore(step.which)
        return
      case 'pass':
        await this.pass(step)
    }
  }

  /** A pass with what happens during it; answers the report, or undefined when it did not come to one. */
  async pass(step?: Extract<Step, { step: 'pass' }>, limits = free): Promise<Report | undefined> {
    this.#plan = step
    this.#requests = 0
    this.#commits = 0
    this.#dead = false
    try {
      const report = await pass(this.#course(limits), new AbortController().signal)
      if (report.conflicts.total > this.#conflicts) this.#count('conflicts')
      this.#conflicts = report.conflicts.total
      if (report.refusals.length > 0) this.#count('refusals')
      return report
    } catch (error) {
      if (!(error instanceof SyncError) && !(error instanceof Death)) throw error
      return undefined
    } finally {
      this.#plan = undefined
      if (this.#dead) this.#count('deaths')
      this.#dead = false
    }
  }

  /** Heals everything. */
  heal(): void {
    this.#offline = new Set()
    this.#plan = undefined
  }

  /** What a pass would do now. */
  async planned(): Promise<number> {
    return (await propose(this.#course(free), new AbortController().signal)).guarded.plan.steps
      .length
  }

  writes(): number {
    return this.folders.reduce((sum, { writes }) => sum + writes, 0)
  }

  /** The contents of a folder, as a sorted list. */
  contents(index: number, only: (item: Item) => boolean = () => true): readonly string[] {
    const folder = this.folders[index] as Folder
    const items = [...folder.items.values()].map(({ item }) => item).filter(only)
    return items.map((item) => canonicalItem(contact, item)).sort()
  }

  /** Tokens that nobody superseded and that are nowhere: neither in a folder nor in the bin. */
  lost(): readonly string[] {
    this.#remember()
    // Exchange has no conditional delete: an edit between the last look and the delete is found in the
    // mailbox's own Deleted Items (exchange-protocol §2.5).
    for (const { trash } of this.folders) this.#kept.push(JSON.stringify(trash))
    const everywhere =
      this.folders.map((_, index) => this.contents(index).join('\n')).join('\n') +
      this.#kept.join('\n')
    return [...this.#written.keys()].filter(
      (token) => !this.#superseded.has(token) && !everywhere.includes(token),
    )
  }

  /** Tokens of items marked private that are seen in another folder than their own. */
  leaked(): readonly string[] {
    return [...this.#hidden].filter((token) => {
      const home = this.#written.get(token)
      return this.folders.some(
        (folder, index) => folder !== home && this.contents(index).join('\n').includes(token),
      )
    })
  }

  kept(): number {
    return this.#state.bin.list(1e6).length
  }

  /** The identities in a folder, with how often each is there. */
  identities(index: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { item } of (this.folders[index] as Folder).items.values()) {
      const name = String(item.GivenName)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }

  act({ who, what, which, field: at }: Act): void {
    const folder = this.folders[who % this.folders.length] as Folder
    const ids = [...folder.items.keys()]
    const id = ids[which % Math.max(1, ids.length)]
    const field = fields[at % fields.length] as (typeof fields)[number]
    this.#now += 1000
    if (what === 'put' || what === 'hide' || what === 'twice') this.#put(folder, what, which)
    if (id === undefined || what === 'put' || what === 'hide' || what === 'twice') return
    this.#count(what)
    const item = folder.items.get(id)?.item ?? {}
    if (what === 'edit') {
      this.#supersede(item[field])
      folder.edit(id, { ...item, [field]: this.#token(folder, field) })
    } else if (what === 'clear') {
      this.#supersede(item[field])
      const { [field]: _, ...rest } = item
      folder.edit(id, rest)
    } else if (what === 'remove') {
      for (const value of Object.values(item)) this.#supersede(value)
      folder.remove(id)
    } else if (what === 'touch') folder.touch(id)
    else if (what === 'move') {
      folder.move(id)
      // Out of the folder while a pass looks, and back before the next: that is a delete and a new item.
      if (this.#plan !== undefined) this.#made(String(item.GivenName))
    } else {
      folder.copy(id)
      this.#made(String(item.GivenName))
    }
  }

  #put(folder: Folder, what: 'put' | 'hide' | 'twice', which: number): void {
    this.#count(what)
    this.#tokens += 1
    // Two people may enter the same person: same name, same company.
    const hidden = what === 'hide' && folder !== this.folders[0]
    const name = what === 'twice' ? `Shared${which % 3}` : `Person${this.#tokens}`
    this.#made(name)
    const item: Record<string, Item[string]> = {
      GivenName: name,
      Surname: 'Żak',
      CompanyName: 'Acme & Sons',
    }
    if (hidden) item.Sensitivity = 'Private'
    const title = this.#token(folder, 'JobTitle')
    item.JobTitle = title
    if (hidden) this.#hidden.add(String(title))
    folder.put(item)
  }

  // Somebody asks for something in the bin; of one link at a time, as one pass puts one thing back.
  #restore(which: number): void {
    const kept = this.#state.bin.list(1e6)
    const one = kept[which % Math.max(1, kept.length)]
    const waiting = kept.some((each) => each.link === one?.link && each.restore === 'Pending')
    if (one === undefined || waiting) return
    this.#count(`restore ${one.reason}`)
    this.#state.bin.ask(one.n, this.#now)
  }

  #token(folder: Folder, field: string): Item[string] {
    this.#tokens += 1
    const token = `<${this.#tokens}>`
    this.#written.set(token, folder)
    return field === 'Body' ? { type: 'Text', text: token } : token
  }

  #supersede(value: Item[string] | undefined): void {
    for (const [token] of JSON.stringify(value ?? '').matchAll(/<\d+>/g))
      this.#superseded.add(token)
  }

  #made(name: string): void {
    this.made.set(name, (this.made.get(name) ?? 0) + 1)
  }

  #remember(): void {
    for (const { item } of this.#state.bin.list(1e6)) this.#kept.push(JSON.stringify(item))
  }

  #count(what: string): void {
    this.counters[what] = (this.counters[what] ?? 0) + 1
  }

  #hooks(index: number): Hooks {
    return {
      before: () => {
        this.#requests += 1
        const { events = [], acts = [] } = this.#plan ?? {}
        for (const { at, act } of acts) if (at === this.#requests) this.act(act)
        if (this.#dead) throw new Death()
        if (this.#offline.has(index)) throw new SyncError('transient', 'Offline', 'away')
        const event = events.find(({ at }) => at === this.#requests)
        if (event?.what === 'fail' || event?.what === 'busy') {
          this.#count('failed')
          throw new SyncError('transient', 'Failed', 'it failed before its effect')
        }
      },
      after: () => {
        const event = this.#plan?.events.find(({ at }) => at === this.#requests)
        if (event?.what === 'lose') {
          this.#count('lost replies')
          throw new SyncError('transient', 'LostReply', 'it failed after its effect')
        }
        if (event?.what === 'die') {
          this.#dead = true
          throw new Death()
        }
      },
    }
  }

  #course(limits: Limits): Course {
    const clock: Clock = { now: () => this.#now, sleep: async () => {} }
    return {
      group,
      name: 'pass',
      rules: { type: contact, roles: this.roles, policy: 'HubWins' },
      replicas: this.#replicas,
      baseline: this.#mortal(this.#state.baseline(group)),
      limits,
      windowMs: 1,
      approved: new Set(),
      budgetMs: Number.POSITIVE_INFINITY,
      stopping: () => false,
      audit: false,
      clock,
    }
  }

  // A dead process writes nothing any more; a pass may also die at a write to the state.
  #mortal(baseline: Baseline): Baseline {
    const commit = async (change: Change): Promise<void> => {
      if (this.#dead) throw new Death()
      this.#commits += 1
      if (this.#commits === this.#plan?.full) {
        this.#count('full')
        throw new SyncError('transient', 'StateFull', 'there is no room')
      }
      await baseline.commit(change)
      const stale =
        (change.memories !== undefined &&
          [...change.memories.values()].some(({ recheck }) => recheck.length > 0)) ||
        false
      if (stale) this.#count('stale')
    }
    return new Proxy(baseline, {
      get: (target, key) => {
        if (key === 'commit') return commit
        const value = Reflect.get(target, key) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

/** The process died. */
class Death extends Error {
  override readonly name = 'Death'
}
