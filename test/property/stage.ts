// A literal world on folders in memory: who has which contacts, what users do, and passes in between.
// A contact is written `name:title`; its name is who it is, its title what is edited.

import type { Report } from '../../controller/api/report.ts'
import { formerParticipant, placeOfId } from '../../controller/api/topology.ts'
import { oldestEach } from '../../controller/cli/rollback.ts'
import { type Manner, undoPlan } from '../../controller/cli/undo-plan.ts'
import type { Limits } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, ReplicaId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Role } from '../../controller/core/model.ts'
import type { Policy } from '../../controller/core/policy.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { holdsAgreed } from '../../controller/core/undo.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState, type SqliteState } from '../../controller/store/state.ts'
import { pass } from '../../controller/sync/pass.ts'
import type { PassSpec } from '../../controller/sync/pass-spec.ts'
import type { Binned } from '../../controller/sync/ports/bin.ts'
import type { Baseline, Change, Left } from '../../controller/sync/ports.ts'
import { Folder, FolderReplica, gated, ticking } from '../support/folder.ts'
import { free } from '../support/limits.ts'
import { type Counts, foretold } from './foretold.ts'

/** A replica's part, and what lies in its folder at first. */
export type Part = Partial<Omit<Role, 'id'>> & { has?: readonly string[] }

/** One group, or one of two that share folders. */
export class Stage {
  readonly folders = new Map<string, Folder>()
  readonly away = new Set<string>()
  policy: Policy = 'HubWins'
  limits: Limits = free
  /** How much the bin may hold; from the next `forget` on. */
  binMaxBytes = Number.POSITIVE_INFINITY
  approved = new Set<string>()
  #roles = new Map<string, Role>()
  #state: SqliteState = openState(':memory:')
  readonly #group: GroupId
  deletionPolicy: 'Orphan' | 'RemoveCopies' = 'Orphan'
  /** What happens around a request: it may throw, and users may act. */
  during: (who: string, operation: string, when: 'before' | 'after') => void = () => {}
  /** What a request waits for before it is sent: another group's pass, perhaps. */
  gate: () => Promise<void> = async () => {}
  /** What happens right before the state is written: it may throw. */
  writing: () => void = () => {}
  readonly #tick: () => number
  #now = 1_000_000

  constructor(
    parts: Readonly<Record<string, Part>>,
    group = 'test/group',
    folders?: Map<string, Folder>,
  ) {
    this.#group = group as GroupId
    this.#tick = ticking()
    for (const [name, folder] of folders ?? []) this.folders.set(name, folder)
    for (const [name, part] of Object.entries(parts)) this.join(name, part)
  }

  /** Adds a replica, or changes its part. */
  join(name: string, { has = [], ...part }: Part = {}): void {
    const id = name as ReplicaId
    const role = {
      hub: name === 'hub',
      writes: true,
      receives: true,
      drift: 'Revert',
      private: 'Skip',
    } as const
    this.#roles.set(name, { ...role, ...part, id })
    if (!this.folders.has(name)) this.folders.set(name, new Folder(name, this.#tick))
    for (const text of has) this.put(name, text)
  }

  leave(name: string): void {
    this.#roles.delete(name)
  }

  forget(): void {
    this.#state.close()
    this.#state = openState(':memory:', { binMaxBytes: this.binMaxBytes })
  }

  put(where: string, text: string, more: Item = {}): void {
    this.#folder(where).put({ ...itemOf(text), ...more })
  }

  edit(where: string, text: string, more: Item = {}): void {
    const { GivenName: name } = itemOf(text)
    const id = this.#id(where, String(name))
    this.#folder(where).edit(id, {
      ...this.#folder(where).items.get(id)?.item,
      ...itemOf(text),
      ...more,
    })
  }

  /** Takes a field away. */
  clear(where: string, name: string, field: string): void {
    const id = this.#id(where, name)
    const { [field]: _, ...rest } = this.#folder(where).items.get(id)?.item ?? {}
    this.#folder(where).edit(id, rest)
  }

  /** Out of the folder and back. */
  move(where: string, name: string): void {
    this.#folder(where).move(this.#id(where, name))
  }

  remove(where: string, name: string): void {
    this.#folder(where).remove(this.#id(where, name))
  }

  /** The folder becomes known by another name. */
  rename(from: string, to: string, part: Part = {}): void {
    this.folders.set(to, this.#folder(from))
    this.folders.delete(from)
    this.leave(from)
    this.join(to, part)
  }

  /** Another folder takes the place of this one. */
  replace(where: string, has: readonly string[] = []): void {
    this.folders.set(where, new Folder(`${where}'`, this.#tick))
    for (const text of has) this.put(where, text)
  }

  /** Time goes by. */
  wait(ms: number): void {
    this.#now += ms
  }

  async pass(): Promise<Report> {
    this.#now += 1000
    return pass(this.#course(), new AbortController().signal)
  }

  /** What a pass would report now. */
  foretold(): Promise<Counts | undefined> {
    return foretold(this.#course())
  }

  #course(): PassSpec {
    const replicas = [...this.#roles.values()].map((role) => this.#replica(role))
    return {
      name: 'pass',
      rules: {
        group: this.#group,
        type: contact,
        roles: [...this.#roles.values()],
        policy: this.policy,
      },
      replicas,
      former:
        this.deletionPolicy === 'Orphan'
          ? undefined
          : (left: readonly Left[]) =>
              left.map(({ id }) => this.#replica(formerParticipant(id, placeOfId(id, '')).role)),
      baseline: this.#watched(this.#state.baseline(this.#group)),
      limits: this.limits,
      windowMs: 3_600_000,
      approved: this.approved,
      budgetMs: Number.POSITIVE_INFINITY,
      stopping: () => false,
      audit: false,
      clock: { now: () => this.#now, sleep: async () => {} },
    }
  }

  /** Passes until nothing is written any more; throws when that takes more than six. */
  async rest(): Promise<void> {
    for (let count = 0; count < 6; count += 1) {
      const { created, updated, deleted } = await this.pass()
      if (created + updated + deleted === 0) return
    }
    throw new Error('it does not come to rest')
  }

  /** Who is there: `name:title`, sorted. */
  shows(where: string): readonly string[] {
    const items = [...this.#folder(where).items.values()].map(({ item }) => item)
    return items.map((item) => [item.GivenName, item.JobTitle].filter(Boolean).join(':')).sort()
  }

  /** What lies in the bin: `replica reason name:title`, sorted. */
  bin(): readonly string[] {
    const kept = this.#state.bin.list(1000)
    return kept.map(textOf).sort()
  }

  /** Asks for something in the bin, as `bin()` writes it. */
  wants(text: string): void {
    const all = this.#state.bin.list(1000, undefined, { history: true })
    const kept = all.find((each) => textOf(each) === text)
    if (kept === undefined) throw new Error(`there is no ${text} in the bin`)
    this.#state.bin.ask(new Map([[kept.n, {}]]), this.#now)
  }

  /** What became of what was asked for: `replica reason name:title → result`, sorted. */
  wanted(): readonly string[] {
    const asked = this.#state.bin.list(1000).filter(({ restore }) => restore !== undefined)
    return asked.map((each) => `${textOf(each)} → ${each.restore}`).sort()
  }

  /** What replaced agreed content, the newest first. */
  history(): readonly Binned[] {
    const all = this.#state.bin.list(1000, undefined, { history: true })
    return all.filter(({ reason }) => holdsAgreed(reason))
  }

  /** Time as it is now. */
  get nowMs(): number {
    return this.#now
  }

  /** Undoes entries as `exsync bin restore` does; answers what it says of each contact, sorted. */
  async undo(
    chosen: readonly Binned[],
    manner: Manner,
    confirmed = false,
  ): Promise<readonly string[]> {
    const { lines, asked } = await undoPlan(stateOver(this.#state), chosen, manner)
    const wanted = [...asked].map(
      ([n, { fields }]) => [n, { fields, confirmed, again: true }] as const,
    )
    this.#state.bin.ask(new Map(wanted), this.#now)
    return lines.map(({ message, fields }) => [message, ...fields].join(' ')).sort()
  }

  /** What was agreed right before this time comes back, as with `exsync rollback`. */
  async rollback(toMs: number): Promise<readonly string[]> {
    return this.undo(await oldestEach(stateOver(this.#state).bin, { sinceMs: toMs }), 'Back')
  }

  #watched(baseline: Baseline): Baseline {
    const commit = async (change: Change): Promise<void> => {
      this.writing()
      await baseline.commit(change)
    }
    return new Proxy(baseline, {
      get: (target, key) => {
        if (key === 'commit') return commit
        const value = Reflect.get(target, key) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #replica(role: Role): FolderReplica {
    const replica = new FolderReplica(role, this.#folder(role.id), {
      before: (operation) => {
        if (this.away.has(role.id)) throw new SyncError('transient', 'Away', 'away')
        this.during(role.id, operation, 'before')
      },
      after: (operation) => this.during(role.id, operation, 'after'),
    })
    return gated(replica, () => this.gate())
  }

  #folder(where: string): Folder {
    const folder = this.folders.get(where)
    if (folder === undefined) throw new Error(`nobody is called ${where}`)
    return folder
  }

  #id(where: string, name: string): ItemId {
    const found = [...this.#folder(where).items].find(([, { item }]) => item.GivenName === name)
    if (found === undefined) throw new Error(`${where} has no ${name}`)
    return found[0]
  }
}

function textOf({ replica, reason, item }: Binned): string {
  return `${replica} ${reason} ${item.GivenName}:${item.JobTitle}`
}

function itemOf(text: string): Item {
  const [name = '', title] = text.split(':')
  return {
    GivenName: name,
    Surname: 'Żak',
    CompanyName: 'Acme',
    ...(title === undefined ? {} : { JobTitle: title }),
  }
}
