// One history: users act at random on several folders, also between any two requests of a running pass;
// requests fail before or after their effect; processes die, also at a write to the state; replicas go
// offline; members leave, come back and change their part; the state is forgotten, or an earlier one put
// back. What must never be is looked for after every request; what must be in the end, once all is healed.

import type { Report } from '../../controller/api/report.ts'
import { hashOf, type Limits } from '../../controller/core/guard.ts'
import type { GroupId, ItemId } from '../../controller/core/id.ts'
import type { Role } from '../../controller/core/model.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { pass } from '../../controller/sync/pass.ts'
import type { PassSpec } from '../../controller/sync/pass-spec.ts'
import type { Baseline, Change, Clock } from '../../controller/sync/ports.ts'
import { propose } from '../../controller/sync/propose.ts'
import { Folder, FolderReplica, gated, type Hooks } from '../support/folder.ts'
import { written } from '../support/written.ts'
import { type Act, act } from './acts.ts'
import { Archive } from './archive.ts'
import { casts, type Part, roleOf, type Setting } from './casts.ts'
import { countsIn, foretold } from './foretold.ts'
import { contacts, type Lived } from './kinds.ts'
import { Ledger } from './ledger.ts'
import { type Memory, openMemory } from './memory.ts'
import { differenceInOrder } from './order.ts'
import type { Step } from './steps.ts'
import { Watch } from './watch.ts'

/** How often the generator reached what it is there to reach. */
export type Counters = Record<string, number>

/** A group as it is lived. */
export type Group = {
  readonly id: GroupId
  /** Everybody's part; who left is not there. */
  parts: readonly Part[]
  state: Memory
  readonly copies: Uint8Array[]
  readonly watch: Watch
  readonly archive: Archive
  readonly approved: Set<string>
  refused: Report['refusals']
  /** Conflicts that were reported, over all states. */
  conflicts: number
  told: number
}

/** Everything that takes part in one history. */
export class World {
  readonly setting: Setting
  readonly folders: readonly Folder[]
  readonly groups: readonly Group[]
  readonly counters: Counters
  readonly ledger: Ledger
  /** What was seen that must never be. */
  readonly violations = new Set<string>()
  readonly marked = new Set<ItemId>()
  /** Demand the same plan in any order, before each pass. */
  anyOrder = false
  /** Compare what a plan says with what the pass does, where nothing happens in between; `untold`: where they differ. */
  foretelling = false
  readonly untold: string[] = []
  /** Copy the state before each pass, to be put back later. */
  copying = false
  /** Folders that were no member's for some time. */
  readonly strangers = new Set<Folder>()
  /** Did anybody ever change her part? */
  turned = false
  /** Was there ever another state in the place of the one there was? */
  begunAnew = false
  limits: Limits
  #offline = new Set<Folder>()
  readonly #published = new Set<string>()
  #dead = false
  #requests = 0
  #commits = 0
  #passes = 0
  #running: Extract<Step, { step: 'pass' }> | undefined
  #nowMs = 1_000_000

  constructor(setting: Setting, counters: Counters, kind: Lived = contacts) {
    this.ledger = new Ledger(kind)
    this.setting = setting
    this.counters = counters
    this.limits = setting.limits
    const cast: readonly (readonly Part[])[] = casts[setting.cast]
    const names = [...new Set(cast.flat().map(({ folder }) => folder))]
    const nowMs = () => {
      this.#nowMs += 1
      return this.#nowMs
    }
    this.folders = names.map((name) => new Folder(name, nowMs))
    this.groups = cast.map((parts, index) => {
      const id = `test/group${index}` as GroupId
      const own = this.folders.filter(({ name }) => parts.some(({ folder }) => folder === name))
      const watch = new Watch(this.ledger, own)
      const more = { copies: [], approved: new Set<string>(), refused: [], conflicts: 0, told: 0 }
      return { id, parts, state: openMemory(id), watch, archive: new Archive(kind.type), ...more }
    })
    const unruly = setting.rewrites ? [this.folders[1], this.folders[3]] : []
    for (const folder of unruly) if (folder) folder.normalise = kind.rewritten
    this.#count(`cast ${setting.cast}`)
  }

  async take(step: Step): Promise<void> {
    switch (step.step) {
      case 'act':
        return this.act(step.act)
      case 'offline': {
        this.#count('offline')
        const folder = this.#folder(step.who)
        if (!this.#offline.delete(folder)) this.#offline.add(folder)
        return
      }
      case 'forget':
        this.#count('forgotten')
        return this.#begin(this.#group(step.group))
      case 'restore': {
        const group = this.#group(step.group)
        const copied = group.copies.at(-1 - (step.back % Math.max(1, group.copies.length)))
        if (copied !== undefined) this.#count('restored')
        return this.#begin(group, copied)
      }
      case 'ask':
        return this.#ask(this.#group(step.group), step.which)
      case 'leave':
        return this.#leave(this.#folder(step.who))
      case 'turn':
        return this.#turn(this.#folder(step.who))
      case 'approve':
        return this.approve(this.#group(step.group))
      case 'wait':
        this.#nowMs += 2 * windowMs
        for (const { watch } of this.groups) watch.windows += 1
        return
      case 'pass':
        await this.pass(this.#group(step.group), step)
    }
  }

  /** A pass with what happens during it; answers the report, or undefined when it did not come to one. */
  async pass(group: Group, step?: Extract<Step, { step: 'pass' }>): Promise<Report | undefined> {
    if (this.copying) group.copies.push(group.state.copy())
    if (this.anyOrder) await this.#inAnyOrder(group)
    const { events, acts, amid } = step ?? { events: [], acts: [], amid: undefined }
    const quiet = amid === undefined && events.length + acts.length === 0
    const counts = this.foretelling && quiet ? await foretold(this.#course(group)) : undefined
    this.#running = step ?? { step: 'pass', events: [], acts: [] }
    this.#requests = 0
    this.#commits = 0
    this.#passes += 1
    this.#dead = false
    try {
      const report = await pass(this.#course(group), new AbortController().signal)
      this.#reported(group, report)
      if (counts !== undefined) {
        this.#count('foretold')
        const [said, done] = [countsIn(counts), countsIn(report)]
        if (said !== done) this.untold.push(`the plan: ${said}; the pass: ${done}`)
      }
      return report
    } catch (error) {
      if (!(error instanceof SyncError) && !(error instanceof Death)) throw error
      return undefined
    } finally {
      this.#running = undefined
      if (this.#dead) this.#count('deaths')
      this.#dead = false
    }
  }

  #reported(group: Group, { conflicts, refusals }: Report): void {
    const more = conflicts.total - group.told
    group.conflicts += Math.max(0, more)
    group.told = conflicts.total
    if (more > 0) this.#count(`conflicts ${this.setting.policy}`)
    for (const { reason } of refusals) this.#count(`guard ${reason}`)
    if (refusals.length > 0 && group.approved.size > 0) this.#count('stale approvals')
    group.refused = refusals
    group.watch.shown(refusals)
  }

  /** Approves exactly what the group's last report showed. */
  approve(group: Group): void {
    if (group.refused.length === 0) return
    this.#count('approvals')
    const hash = hashOf(group.refused)
    group.approved.add(hash)
    group.watch.approve(hash)
  }

  /** Heals everything. */
  heal(): void {
    this.#offline = new Set()
  }

  /** What a pass would do now. */
  async planned(group: Group): Promise<number> {
    const { guarded } = await propose(this.#course(group), new AbortController().signal)
    return guarded.plan.steps.length
  }

  writes(): number {
    return this.folders.reduce((sum, { writes }) => sum + writes, 0)
  }

  /** Tokens that nobody superseded and that are nowhere: neither in a folder nor in a bin. */
  lost(): readonly string[] {
    for (const group of this.groups) this.#keepBin(group)
    // Exchange has no conditional delete: an edit between the last look and the delete is found in the
    // mailbox's own Deleted Items (exchange-protocol §2.5).
    for (const { trash } of this.folders) this.ledger.keep(trash)
    return this.ledger.lost(this.folders)
  }

  /** What was agreed or carried, and can be had back from nowhere: neither from a folder, a bin, nor a history. */
  async irretrievable(): Promise<readonly string[]> {
    for (const group of this.groups) this.#keepBin(group)
    const carried = this.ledger.irretrievable(this.folders)
    return [...(await this.#unarchived()), ...carried.map((token) => `${token} cannot be had back`)]
  }

  act(one: Act): void {
    const folder = this.#folder(one.who)
    const roles = this.#rolesOf(folder)
    const scene = {
      folder,
      ledger: this.ledger,
      writes: roles.some(({ writes }) => writes),
      open: folder.name === 'hub' || this.setting.private === 'Copy',
      during: this.#passes,
      passing: this.#running !== undefined,
      marked: this.marked,
    }
    if (act(scene, one)) this.#count(one.what)
  }

  #folder(who: number): Folder {
    return this.folders[who % this.folders.length] as Folder
  }

  #group(index = 0): Group {
    return this.groups[index % this.groups.length] as Group
  }

  #rolesOf({ name }: Folder): readonly Role[] {
    const parts = this.groups.flatMap((group) =>
      group.parts.filter(({ folder }) => folder === name),
    )
    return parts.map((part) => roleOf(part, this.setting))
  }

  // Another state in the place of the one there was: what it counted is not counted any more.
  async #begin(group: Group, copied?: Uint8Array): Promise<void> {
    this.begunAnew = true
    this.#never(await this.#unarchived())
    this.#keepBin(group)
    this.ledger.forget()
    group.state.close()
    Object.assign(group, { state: openMemory(group.id, copied), told: 0, refused: [] })
    await group.archive.begin(group.state)
    group.watch.windows += 1
  }

  async #unarchived(): Promise<readonly string[]> {
    const all = this.groups.map(({ archive, state }) => archive.irretrievable(state))
    return (await Promise.all(all)).flat().map((item) => `${item} cannot be had back`)
  }

  // Somebody asks for something in the bin or the history; of one link at a time, as one pass puts one thing back.
  #ask({ state }: Group, which: number): void {
    // Who does not receive does not get it back either, and another group may have brought it back already.
    if (this.setting.cast === 'manyToOne' || this.groups.length > 1) return
    const kept = state.kept()
    const one = kept[which % Math.max(1, kept.length)]
    if (one === undefined) return
    if (kept.some(({ link, restore }) => link === one.link && restore === 'Pending')) return
    this.#count(`asked ${one.reason}`)
    // Whoever asks gives it to everybody, also what a receive-only member wrote.
    for (const folder of this.folders) this.ledger.release(folder, 'foreign', one.item)
    state.ask(one.n, this.#nowMs)
  }

  #keepBin({ state }: Group): void {
    for (const { item, reason } of state.kept()) {
      if (reason === 'Edited') this.ledger.remember(item)
      else this.ledger.keep(item)
    }
  }

  // A member leaves, or comes back as what she was.
  #leave(folder: Folder): void {
    // Who comes back says nothing by what she lacks; one who does not receive goes on lacking it.
    if (this.setting.cast === 'manyToOne') return
    const cast: readonly (readonly Part[])[] = casts[this.setting.cast]
    this.groups.forEach((group, index) => {
      const part = cast[index]?.find((each) => each.folder === folder.name)
      if (part === undefined || part.hub) return
      this.#count('left')
      this.strangers.add(folder)
      const others = group.parts.filter((each) => each !== part && each.folder !== folder.name)
      const back = others.length === group.parts.length
      group.parts = this.#fitting(back ? [...others, part] : others)
      if (back && part.writes) this.ledger.release(folder, 'foreign')
    })
  }

  // A writer becomes a receiver, or the other way round.
  #turn(folder: Folder): void {
    if (this.setting.cast === 'manyToOne') return
    for (const group of this.groups) {
      const part = group.parts.find((each) => each.folder === folder.name)
      if (part === undefined || part.hub) continue
      this.#count('turned')
      this.turned = true
      const next = { ...part, writes: !part.writes }
      group.parts = this.#fitting(group.parts.map((each) => (each === part ? next : each)))
      if (next.writes) this.ledger.release(folder, 'foreign')
    }
  }

  // A hub receives when some member writes, as the resource has it.
  #fitting(parts: readonly Part[]): readonly Part[] {
    const receives = parts.some(({ hub, writes }) => !hub && writes)
    return parts.map((part) => (part.hub ? { ...part, receives } : part))
  }

  async #inAnyOrder(group: Group): Promise<void> {
    const course = this.#course(group)
    try {
      const { view } = await propose(course, new AbortController().signal)
      if (differenceInOrder(course.rules, view)) this.violations.add('another order, another plan')
      this.#count('orders')
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
    }
  }

  #count(what: string): void {
    this.counters[what] = (this.counters[what] ?? 0) + 1
  }

  #hooks(group: Group, folder: Folder): Hooks {
    const event = () => this.#running?.events.find(({ at }) => at === this.#requests)
    return {
      before: () => {
        this.#requests += 1
        for (const one of this.#running?.acts ?? [])
          if (one.at === this.#requests) this.act(one.act)
        if (this.#dead) throw new Death()
        if (this.#offline.has(folder)) throw new SyncError('transient', 'Offline', 'away')
        if (event()?.what === 'fail') {
          this.#count('failed')
          throw new SyncError('transient', 'Failed', 'it failed before its effect')
        }
      },
      after: (operation) => {
        this.#look(group, folder, operation)
        if (event()?.what === 'lose') {
          this.#count('lost replies')
          throw new SyncError('transient', 'LostReply', 'it failed after its effect')
        }
        if (event()?.what === 'die') {
          this.#dead = true
          throw new Death()
        }
      },
    }
  }

  // What must never be, right after a request had its effect.
  #look({ watch }: Group, folder: Folder, operation: string): void {
    if (operation === 'create' || operation === 'update') {
      this.#never(this.ledger.leakedInto(folder))
      const origins = this.ledger.carriedInto(folder)
      if (operation === 'update') for (const origin of origins) watch.updated(origin)
    }
    if (operation === 'create') {
      for (const { item } of folder.items.values()) {
        const where = `${folder.name} ${this.ledger.kind.nameOf(item)}`
        if (!this.#published.has(where)) watch.created(item, folder)
        this.#published.add(where)
      }
    }
    if (operation === 'remove') {
      for (const item of folder.trash) this.#never(watch.deleted(item))
      for (const item of folder.trash.splice(0)) this.ledger.keep(item)
    }
    this.#never(watch.excesses(this.limits))
  }

  #never(what: readonly string[]): void {
    for (const each of what) this.violations.add(each)
  }

  #course(group: Group): PassSpec {
    const clock: Clock = { now: () => this.#nowMs, sleep: async () => {} }
    const roles = group.parts.map((part) => roleOf(part, this.setting))
    return {
      name: 'pass',
      rules: {
        group: group.id,
        type: this.ledger.kind.type,
        roles,
        policy: this.setting.policy,
      },
      replicas: roles.map((role) => {
        const folder = this.folders.find(({ name }) => name === role.id) as Folder
        return gated(new FolderReplica(role, folder, this.#hooks(group, folder)), () =>
          this.#amid(group),
        )
      }),
      baseline: this.#mortal(group),
      limits: this.limits,
      windowMs,
      approved: group.approved,
      budgetMs: Number.POSITIVE_INFINITY,
      stopping: () => false,
      audit: false,
      clock,
    }
  }

  // Another group's pass in the midst of this one's.
  async #amid(group: Group): Promise<void> {
    const [running, requests, commits, dead] = [
      this.#running,
      this.#requests,
      this.#commits,
      this.#dead,
    ]
    const other = this.groups.find((each) => each !== group)
    if (other === undefined || running?.amid !== requests + 1 || dead) return
    this.#running = { step: 'pass', events: [], acts: [] }
    this.#count('amid')
    await this.pass(other)
    this.#running = { ...running, amid: undefined }
    this.#requests = requests
    this.#commits = commits
    this.#dead = dead
  }

  // A dead process writes nothing any more; a pass may also die right before or after a write to the state.
  #mortal({ state: { baseline }, archive }: Group): Baseline {
    const commit = async (change: Change): Promise<void> => {
      this.#commits += 1
      if (this.#dead) throw new Death()
      const at = this.#running?.events.filter((event) => event.at === this.#commits) ?? []
      if (at.some(({ what }) => what === 'die before commit')) this.#die()
      if (at.some(({ what }) => what === 'no room')) {
        this.#count('no room')
        throw new SyncError('transient', 'StateFull', 'there is no room')
      }
      await baseline.commit(change)
      archive.committed(change)
      const memories = written(change, 'memories').flatMap((one) => [...one.memories.values()])
      if (memories.some(({ recheck }) => recheck.length > 0)) this.#count('stale')
      if (at.some(({ what }) => what === 'die after commit')) this.#die()
    }
    return new Proxy(baseline, {
      get: (target, key) => {
        if (key === 'commit') return commit
        const value = Reflect.get(target, key) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #die(): never {
    this.#count('deaths at a commit')
    this.#dead = true
    throw new Death()
  }
}

const windowMs = 3_600_000

/** The process died. */
class Death extends Error {
  override readonly name = 'Death'
}
