// A folder in memory: what a replica looks like to its users, and the Replica port over it. It passes
// the same conformance suite as the EWS replicas. Hooks stand where requests reach and leave a server,
// so that users act, requests fail, replies are lost and processes die between any two effects.
import type { ItemId, Version } from '../../controller/core/id.ts'
import { type Item, patched } from '../../controller/core/item.ts'
import type { Found, Role } from '../../controller/core/model.ts'
import type { Stamp } from '../../controller/core/stamp.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import type {
  Checkpoint,
  Creation,
  Known,
  Listing,
  Replica,
  Settled,
  Start,
  Update,
  Written,
} from '../../controller/sync/ports.ts'

/** A folder as it was once: what a backup holds. */
export type Backup = Readonly<{ items: ReadonlyMap<ItemId, Entry>; commits: number }>

type Entry = { version: Version; item: Item; stamp: Stamp | undefined; modifiedMs: number }

/** What happens around a request; either may throw. */
export type Hooks = { before: (operation: string) => void; after: (operation: string) => void }

// What this adapter keeps in a checkpoint.
type Adapter = Readonly<{
  cursor?: string | undefined
  highWater?: Readonly<{ committedMs: number }> | undefined
}>

function adapterOf(checkpoint: Checkpoint | undefined): Adapter {
  return (checkpoint?.adapter ?? {}) as Adapter
}

const open: Hooks = { before: () => {}, after: () => {} }

/** One folder and the users who work in it. */
export class Folder {
  readonly name: string
  readonly items = new Map<ItemId, Entry>()
  /** Ids in the order in which something happened to them. */
  readonly log: ItemId[] = []
  /** What the server makes of what it is given. */
  normalise: (item: Item) => Item = (item) => item
  /** What the Replica port deleted last: Deleted Items, or the dumpster, where a user finds it again. */
  readonly trash: Item[] = []
  /** How many writes came from the Replica port. */
  writes = 0
  /** How often something was committed; the server's commit time. */
  commits = 0
  readonly #nowMs: () => number
  #next = 0

  /** `nowMs` is the server's clock, which grows with each call; folders on one server share it. */
  constructor(name: string, nowMs: () => number = ticking()) {
    this.name = name
    this.#nowMs = nowMs
  }

  put(item: Item, stamp?: Stamp): ItemId {
    this.#next += 1
    const id = `${this.name}/${this.#next}` as ItemId
    this.#save(id, item, stamp)
    return id
  }

  edit(id: ItemId, item: Item): void {
    const entry = this.items.get(id)
    if (entry !== undefined) this.#save(id, item, entry.stamp)
  }

  remove(id: ItemId): void {
    if (this.items.delete(id)) this.#log(id)
  }

  /** A new version without a new content, as background assistants make. */
  touch(id: ItemId): void {
    const entry = this.items.get(id)
    if (entry !== undefined) this.#save(id, entry.item, entry.stamp)
  }

  /** A user's copy of an item carries the stamp. */
  copy(id: ItemId): ItemId | undefined {
    const entry = this.items.get(id)
    return entry === undefined ? undefined : this.put(entry.item, entry.stamp)
  }

  /** Out of the folder and back: the same item under another id. */
  move(id: ItemId): ItemId | undefined {
    const entry = this.items.get(id)
    this.remove(id)
    return entry === undefined ? undefined : this.put(entry.item, entry.stamp)
  }

  backup(): Backup {
    return { items: new Map(this.items), commits: this.commits }
  }

  /** In place: the same ids, older versions, and a commit time that goes back. */
  restore({ items, commits }: Backup): void {
    for (const id of new Set([...this.items.keys(), ...items.keys()])) this.log.push(id)
    this.items.clear()
    for (const [id, entry] of items) this.items.set(id, entry)
    this.commits = commits
  }

  found(id: ItemId): Found | undefined {
    const entry = this.items.get(id)
    return entry === undefined ? undefined : { id, ...entry }
  }

  #log(id: ItemId): void {
    this.log.push(id)
    this.commits += 1
  }

  #save(id: ItemId, item: Item, stamp: Stamp | undefined): void {
    this.#log(id)
    const version = `${this.name}@${this.log.length}` as Version
    this.items.set(id, { version, item: this.normalise(item), stamp, modifiedMs: this.#nowMs() })
  }
}

/** A server's clock: strictly growing, so that no two changes are of one time. */
export function ticking(): () => number {
  let nowMs = 0
  return () => {
    nowMs += 1
    return nowMs
  }
}

/** The replica, each of whose requests waits for the gate. */
export function gated(replica: FolderReplica, gate: () => Promise<void>): FolderReplica {
  return new Proxy(replica, {
    get: (target, key) => {
      const value = Reflect.get(target, key) as unknown
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        await gate()
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

/** The Replica port over a folder. */
export class FolderReplica implements Replica {
  readonly role: Role
  readonly folder: Folder
  hooks: Hooks
  readonly #created: ItemId[] = []

  constructor(role: Role, folder: Folder, hooks: Hooks = open) {
    this.role = role
    this.folder = folder
    this.hooks = hooks
  }

  async observe(start: Start | undefined, known: Known): Promise<Listing> {
    const before = start?.checkpoint
    // Another folder in the same place: what was known of the old one says nothing of it.
    const same = before === undefined || before.folder === this.folder.name
    const { cursor: last, highWater } = adapterOf(before)
    const rewound = same && this.folder.commits < (highWater?.committedMs ?? 0)
    const from = same && !rewound && !start?.whole ? last : undefined
    const { cursor, told } = this.#request('observe', () => this.#told(from))
    const versions = await known.versions(told)
    const listed = new Set(told)
    const missing =
      same && from === undefined
        ? [...(await known.all()).keys()].filter((id) => !listed.has(id))
        : []
    const recheck = same ? (start?.recheck ?? []) : []
    const moved = told.filter((id) => this.folder.items.get(id)?.version !== versions.get(id))
    const ids = [...new Set([...moved, ...recheck])]
    const now = await this.read(ids.filter((id) => this.folder.items.has(id)))
    const gone = [...ids.filter((id) => !this.folder.items.has(id)), ...missing]
    const changed = now.flatMap((each) =>
      each === undefined || each instanceof SyncError ? [] : [each],
    )
    const { name: folder, commits: committedMs } = this.folder
    const adapter: Adapter = { highWater: { committedMs }, cursor }
    return { changed, gone, rewound, recheck: [], checkpoint: { folder, adapter } }
  }

  async prepare(checkpoint: Checkpoint): Promise<Checkpoint> {
    return checkpoint
  }

  async read(ids: readonly ItemId[]): Promise<readonly (Found | undefined | SyncError)[]> {
    return this.#request('read', () => ids.map((id) => this.folder.found(id)))
  }

  async create(items: readonly Creation[]): Promise<readonly Written[]> {
    return this.#request('create', () =>
      items.map(({ item, stamp }) => {
        const id = this.folder.put(item, stamp)
        this.#created.push(id)
        return this.#written(id)
      }),
    )
  }

  async update(updates: readonly Update[]): Promise<readonly Written[]> {
    return this.#request('update', () =>
      updates.map(({ id, expect, patch }) => {
        const entry = this.folder.items.get(id)
        if (entry === undefined || entry.version !== expect) {
          return new SyncError('stale', 'ErrorIrresolvableConflict', 'it changed meanwhile')
        }
        this.folder.edit(id, patched(entry.item, patch))
        return this.#written(id)
      }),
    )
  }

  async remove(ids: readonly ItemId[]): Promise<readonly (undefined | SyncError)[]> {
    return this.#request('remove', () =>
      ids.map((id) => {
        if (!this.folder.items.has(id)) return new SyncError('stale', 'ErrorItemNotFound', 'gone')
        this.folder.writes += 1
        const item = this.folder.items.get(id)?.item
        if (item !== undefined) this.folder.trash.push(item)
        this.folder.remove(id)
        return undefined
      }),
    )
  }

  async settle(checkpoint: Checkpoint, known: Known): Promise<Settled> {
    const before = adapterOf(checkpoint)
    const { cursor, told } = this.#request('settle', () => this.#told(before.cursor))
    const versions = await known.versions(told)
    const echo = told.every((id) => this.folder.items.get(id)?.version === versions.get(id))
    // What was made, and is gone before it was told of, never is.
    const recheck = this.#created.filter((id) => !echo || !told.includes(id))
    const adapter: Adapter = echo ? { ...before, cursor } : before
    return { checkpoint: { ...checkpoint, adapter }, recheck }
  }

  #request<Result>(operation: string, effect: () => Result): Result {
    this.hooks.before(operation)
    const result = effect()
    this.hooks.after(operation)
    return result
  }

  #told(cursor: string | undefined): { cursor: string; told: readonly ItemId[] } {
    const { log, items } = this.folder
    const at = cursor === undefined ? 0 : Number(cursor)
    // What came and went since then is not told of at all (exchange-protocol §8.3, 13).
    const known = new Set(log.slice(0, at))
    const since = [...new Set(log.slice(at))].filter((id) => items.has(id) || known.has(id))
    return { cursor: String(log.length), told: cursor === undefined ? [...items.keys()] : since }
  }

  #written(id: ItemId): Written {
    this.folder.writes += 1
    return { id, version: this.folder.items.get(id)?.version ?? ('' as Version) }
  }
}
