// A literal world on the embedded Exchange, and the real program on it over HTTP: ews, sync, store and the
// local resources in one process, with a clock that only the scene moves. A contact is written `Ewa:1`: her
// given name and what is edited, her job title; or as a literal when more of it matters.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import type {
  ExchangeServer,
  SyncGroup,
  SyncGroupStatus,
} from '../../controller/api/resources.generated.ts'
import type { Verification } from '../../controller/api/verification.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { fieldsNewSince } from '../../controller/core/items/contact.ts'
import type { KeepReason } from '../../controller/core/model.ts'
import { Connections, type ConnectionsOptions } from '../../controller/ews/connections.ts'
import { backUp } from '../../controller/store/backup.ts'
import { replaceState } from '../../controller/store/replace.ts'
import { openState, type SqliteState, stateFile } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import type { Asking } from '../../controller/sync/ports/bin.ts'
import type { Clock, Declared } from '../../controller/sync/ports.ts'
import { passSpecOf, reconcile } from '../../controller/sync/reconcile.ts'
import { claimsOf } from '../../controller/sync/schedule.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { verify } from '../../controller/sync/verify.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import type { Literal } from '../exchange/store/literal.ts'
import type { FolderHandle, MailboxHandle, Snapshot } from '../exchange/store/store.ts'
import { accessesOf } from '../support/declaration.ts'
import type { Spec } from './specs.ts'

export const hubPath = '/Company'
export const memberFolder = 'Contacts/Company'

/** What lies in a folder: `Ewa:1`, or the whole contact. */
export type Contact = string | Literal
/** Who has what at first: `hub`, and people by their first names; who has none has no folder yet. */
export type World = Readonly<Record<string, readonly Contact[]>>
const people = ['anna', 'jan', 'ewa'] as const
/** A time long ago, so that the server's own clock is always later than any commit. */
const startMs = Date.UTC(2020, 0, 1)
export const dayMs = 86_400_000
/** How a pass is made; `stops`: by a controller that was asked to stop. */
type PassOptions = Readonly<{ audit?: boolean; stops?: boolean }>
type Bounds = Pick<ConnectionsOptions, 'itemBytes' | 'heldBytes'>

/** One Exchange, and one or more controllers on it. */
export class Scene {
  readonly exchange: Exchange
  readonly clock: Clock
  readonly #controllers = new Map<string, Controller>()
  readonly #world: World
  readonly time: { ms: number }
  /** The bytes of the largest contact that is synchronised, and of those that one pass holds. */
  readonly bounds: Bounds

  private constructor(exchange: Exchange, world: World, time: { ms: number }, bounds: Bounds) {
    this.exchange = exchange
    this.bounds = bounds
    this.#world = world
    this.time = time
    // A back-off is over at once; a deadline never comes.
    const sleep = (delayMs: number) =>
      delayMs < 30_000 ? Promise.resolve() : new Promise<void>(() => {})
    this.clock = { now: () => time.ms, sleep }
  }

  /** Starts an Exchange with this in it, and declares the group `company` for all who are named. */
  static async of(
    world: World,
    spec: Spec = {},
    { itemBytes, heldBytes, ...options }: ExchangeOptions & Bounds = {},
  ): Promise<Scene> {
    const time = { ms: startMs }
    const exchange = await startExchange(
      {
        domain: 'corp.example',
        users: [
          { mailbox: 'sync@corp.example', password: 's', impersonates: 'all' },
          ...people.map((who) => ({
            mailbox: `${who}@corp.example`,
            password: 'p',
            aliases: [`sales-${who}@corp.example`, `${who}@old.example`],
            folders: folderOf(world[who] ?? []),
          })),
        ],
        publicFolders: [
          {
            path: hubPath,
            permissions: { 'sync@corp.example': 'PublishingEditor' },
            contacts: (world.hub ?? []).map(literalOf),
          },
        ],
      },
      { ...options, clock: () => time.ms },
    )
    const scene = new Scene(exchange, world, time, { itemBytes, heldBytes })
    onTestFinished(async () => {
      for (const controller of scene.#controllers.values()) await controller.close()
      await exchange.close()
    })
    scene.declare(spec)
    return scene
  }

  /** Another controller, with a state of its own; `main` is the first. */
  controller(name = 'main'): Controller {
    const there = this.#controllers.get(name) ?? new Controller(this)
    this.#controllers.set(name, there)
    return there
  }

  /** Declares a group, or declares it anew. */
  declare(spec: Spec, name = 'company', controller = 'main'): void {
    const everybody = Object.keys(this.#world).filter((who) => who !== 'hub')
    const members = spec.members ?? Object.fromEntries(everybody.map((who) => [who, {}]))
    this.controller(controller).declare(name, { hub: { publicFolder: hubPath }, ...spec, members })
  }

  /** The ExchangeServer allows this from now on; the group is declared as the spec says. */
  allow(allowed: Literal, spec: Spec = {}, name = 'company'): void {
    this.controller().allowed = allowed
    this.declare(spec, name)
  }

  /** One pass for every group. */
  async pass(options: PassOptions = {}): Promise<void> {
    this.wait(2000)
    for (const controller of this.#controllers.values()) await controller.pass(options)
    this.wait(2000)
  }

  /** Passes until nothing is written any more; throws when that takes more than six. */
  async rest(): Promise<void> {
    for (let count = 0; count < 6; count += 1) {
      const before = this.#holdings()
      await this.pass()
      if (this.#holdings() === before && count > 0) return
    }
    throw new Error(`it does not come to rest: ${JSON.stringify(this.statuses())}`)
  }

  /** The version of each item now, by its id. */
  versions(): ReadonlyMap<string, string> {
    const shown = ['hub', ...people].filter((where) => this.folder(where).exists())
    const items = shown.flatMap((where) => this.folder(where).items())
    return new Map(items.map(({ id, changeKey }) => [id, changeKey]))
  }

  wait(ms: number): void {
    this.time.ms += ms
  }

  mailbox(who: string): MailboxHandle {
    return this.exchange.store.mailbox(`${who}@corp.example`)
  }

  /** The folder of `hub` or of a member; `anna/Contacts/Old` is another one of hers. */
  folder(where: string): FolderHandle {
    const { store } = this.exchange
    if (where.startsWith('/')) return store.publicFolder(where)
    if (where === 'hub') return store.publicFolder(hubPath)
    const [who = '', ...path] = where.split('/')
    return this.mailbox(who).folder(path.join('/') || memberFolder)
  }

  /** Makes a public folder that may be a hub. */
  makeHub(path: string): FolderHandle {
    const folder = this.exchange.store.createPublicFolder(path)
    folder.setPermission('sync@corp.example', 'PublishingEditor')
    return folder
  }

  put(where: string, contact: Contact, more: Literal = {}): void {
    this.wait(2000)
    this.folder(where).create({ ...literalOf(contact), ...more })
  }

  edit(where: string, contact: string, more: Literal = {}): void {
    this.wait(2000)
    const [name = '', title] = contact.split(':')
    const titled = title === undefined ? {} : { JobTitle: title }
    this.folder(where).update(this.item(where, name).id, { ...titled, ...more })
  }

  remove(where: string, name: string): void {
    this.wait(2000)
    this.folder(where).delete(this.item(where, name).id)
  }

  /** The first item of that given name. */
  item(where: string, name: string): Snapshot {
    const found = this.folder(where)
      .items()
      .find(({ contact }) => contact.GivenName === name)
    if (found === undefined) throw new Error(`${where} has no ${name}`)
    return found
  }

  /** What is there: `Ewa:1`, with her address and number if she has them; sorted. */
  shows(where: string): readonly string[] {
    const folder = this.folder(where)
    if (!folder.exists()) return []
    return folder
      .items()
      .map(({ contact }) => textOf(contact))
      .sort()
  }

  /** What all of them show, when it is the same; else who shows what. */
  all(...where: readonly string[]): unknown {
    const shown = where.map((each) => [each, this.shows(each)] as const)
    const texts = new Set(shown.map(([, list]) => JSON.stringify(list)))
    return texts.size === 1 ? shown[0]?.[1] : Object.fromEntries(shown)
  }

  /** What was kept, by all controllers: `anna Conflict Ewa:1`. */
  bin(): readonly string[] {
    return [...this.#controllers.values()].flatMap((controller) => controller.bin()).sort()
  }

  /** Is it in a folder of anybody's, or in the bin? */
  holds(text: string): boolean {
    const everywhere = ['hub', ...people].flatMap((where) => this.shows(where))
    return [...everywhere, ...this.bin()].some((each) => each.includes(text))
  }

  status(name = 'company', controller = 'main'): SyncGroupStatus {
    const status = this.controller(controller).statuses.get(`sales/${name}`)
    if (status === undefined) throw new Error(`${name} has no status`)
    return status
  }

  /** The conditions of a group: `Ready=False Guarded`. */
  says(name = 'company', controller = 'main'): readonly string[] {
    const { conditions = [] } = this.status(name, controller)
    return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)
  }

  statuses(): readonly SyncGroupStatus[] {
    return [...this.#controllers.values()].flatMap(({ statuses }) => [...statuses.values()])
  }

  #holdings(): string {
    const { state } = this.exchange.store
    return JSON.stringify([...state.items.values()].map(({ id, change }) => [id, change]))
  }
}

/** One controller's state and declarations. */
export class Controller {
  readonly statuses = new Map<string, SyncGroupStatus>()
  /** How the account reaches mailboxes. */
  access: 'Impersonation' | 'Delegate' = 'Impersonation'
  /** What the ExchangeServer allows. */
  allowed: Literal = {}
  readonly #scene: Scene
  readonly #connections: Connections
  readonly #servers: Servers
  readonly #directory = mkdtempSync(join(tmpdir(), 'exsync-scene-'))
  readonly #groups = new Map<string, Declared>()
  #state: SqliteState

  constructor(scene: Scene) {
    this.#scene = scene
    this.#connections = new Connections(scene.clock, scene.bounds)
    this.#servers = new Servers(scene.clock, { leastMs: 1_000, mostMs: 1_000 })
    this.#state = openState(this.#directory)
  }

  declare(name: string, { members = {}, annotations, ...spec }: Spec): void {
    const before = this.#groups.get(name)
    const { access, allowed } = this
    const server = { url: this.#scene.exchange.url, access, allowed }
    const declared = declaredOf(server, name, {
      metadata: { name, namespace: 'sales', annotations },
      spec: {
        serverRef: { name: 'corp' },
        members: Object.entries(members).map(([who, more]) => ({
          mailbox: `${who}@corp.example`,
          ...more,
        })),
        ...spec,
      },
    })
    this.#groups.set(name, { ...declared, generation: (before?.generation ?? 0) + 1 })
  }

  /** It is not declared any more; the next pass ends it. */
  withdraw(name = 'company'): void {
    const declared = this.#groups.get(name)
    if (declared !== undefined) this.#groups.set(name, { ...declared, deleted: true })
  }

  /** Declares the same, with the guard's verdict approved; or only what `hash` names. */
  approve(name = 'company', hash = this.statuses.get(`sales/${name}`)?.guard?.hash): void {
    const declared = this.#groups.get(name)
    if (declared === undefined || hash === undefined) throw new Error('nothing to approve')
    const { group } = declared
    const annotations = { 'exchangesync.dev/approve': hash }
    const approved = { ...group, metadata: { ...group.metadata, annotations } }
    this.#groups.set(name, { ...declared, group: approved })
  }

  async pass({ audit = false, stops = false }: PassOptions = {}): Promise<void> {
    const groups = [...this.#groups.values()].map((declared) => ({
      ...declared,
      previous: this.statuses.get(declared.id),
    }))
    const claims = claimsOf(groups)
    for (const declared of groups) {
      const mode = { sliceMs: undefined, audit, stopping: () => stops }
      const claimed = claims.get(declared.id)
      await reconcile(declared, this.#site(), { ...mode, claimed }, new AbortController().signal)
      // The hub's tag tells seconds apart, and the server's own clock says that they are long over.
      this.#scene.wait(2000)
    }
  }

  /** Verifies a group as a process of its own does: over a state that is only read, and other connections. */
  async verify(name = 'company'): Promise<Verification> {
    const declared = this.#groups.get(name)
    if (declared === undefined) throw new Error(`${name} is not declared`)
    const state = openState(this.#directory, { readOnly: true })
    const connections = new Connections(this.#scene.clock, this.#scene.bounds)
    try {
      const site: Environment = {
        ...this.#site(),
        baseline: (group) => state.baseline(group),
        replicas: (group, signal) => connections.replicas(group, signal),
      }
      const mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
      const { signal } = new AbortController()
      return await verify(passSpecOf(declared, site, mode, signal), signal)
    } finally {
      await connections.close()
      state.close()
    }
  }

  bin(): readonly string[] {
    return this.#state.bin
      .list(1000)
      .map(
        ({ replica, reason, item }) =>
          `${replica.split(/[@:]/)[0]} ${reason} ${[item.GivenName, item.JobTitle].filter(Boolean).join(':')}`,
      )
  }

  /** What edits replaced, the oldest first: `anna JobTitle Ewa:1`. */
  history(): readonly string[] {
    const all = this.#state.bin.list(1000, undefined, { reason: 'Edited' }).toReversed()
    return all.map(
      ({ replica, fields, item }) =>
        `${replica.split(/[@:]/)[0]} ${fields.join(' ')} ${[item.GivenName, item.JobTitle].filter(Boolean).join(':')}`,
    )
  }

  /** Asks to have everything back that is in the history, or that was kept for this reason. */
  wantBack(reason: KeepReason = 'Edited', asking: Asking = {}): void {
    const all = this.#state.bin.list(1000, undefined, { reason })
    this.#state.bin.ask(new Map(all.map(({ n }) => [n, asking])), this.#scene.time.ms)
  }

  /** How many wait to be had back. */
  pending(): number {
    const all = this.#state.bin.list(1000, undefined, { history: true })
    return all.filter(({ restore }) => restore === 'Pending').length
  }

  /** The state as it is now; the answer puts it back. */
  backup(): () => void {
    const [file, copy] = ['', '.backup'].map((more) => join(this.#directory, stateFile + more))
    this.#reopened(() => copyFileSync(file as string, copy as string))
    return () => this.#reopened(() => copyFileSync(copy as string, file as string))
  }

  /** The state as `exsync backup` copies it now, while it is open; the answer puts it back as `exsync restore-state` does. */
  saved(): () => void {
    const { time } = this.#scene
    const file = join(this.#directory, `saved-${time.ms}.db`)
    backUp(this.#directory, file, undefined)
    return () => this.#reopened(() => void replaceState(this.#directory, file, undefined, time.ms))
  }

  /** The state is lost. */
  forget(): void {
    this.#reopened(() => rmSync(join(this.#directory, stateFile)))
  }

  /** The state is as the first version of the codec left it, which knew none of the later fields, at these versions. */
  downgrade(versions: ReadonlyMap<string, string>): void {
    const later = fieldsNewSince(1)
    this.#reopened(() => {
      const db = new DatabaseSync(join(this.#directory, stateFile))
      for (const { n, agreed } of db.prepare('SELECT n, agreed FROM links').all()) {
        if (agreed === null) continue
        const known = Object.entries(JSON.parse(String(agreed))).filter(
          ([field]) => !later.has(field),
        )
        const text = JSON.stringify(Object.fromEntries(known))
        db.prepare('UPDATE links SET agreed = ? WHERE n = ?').run(text, Number(n))
      }
      db.exec('UPDATE copies SET codec = 1, shown = NULL; UPDATE replicas SET codec = NULL')
      const change = db.prepare('UPDATE copies SET version = ? WHERE id = ?')
      for (const [id, version] of versions) change.run(version, id)
      db.close()
    })
  }

  async close(): Promise<void> {
    await this.#connections.close()
    this.#state.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #reopened(meanwhile: () => void): void {
    this.#state.close()
    meanwhile()
    this.#state = openState(this.#directory)
  }

  #site(): Environment {
    return {
      declarations: {
        groups: async () => [],
        changed: async () => {},
        hold: async () => {},
        report: async ({ id }, status) => void this.statuses.set(id, status),
        released: async ({ id }) => void this.#groups.delete(id.split('/')[1] ?? ''),
      },
      replicas: (...asked) => this.#connections.replicas(...asked),
      former: (...asked) => this.#connections.former(...asked),
      baseline: (group: GroupId) => this.#state.baseline(group),
      recent: async (group: GroupId) => this.#state.bin.conflicts(10, group),
      clock: this.#scene.clock,
      itemBytes: this.#connections.itemBytes,
      servers: this.#servers,
      onEnded: () => {},
    }
  }
}

const credentials = { username: 'sync@corp.example', password: 's' }

function declaredOf(server: Literal, name: string, rest: Literal): Declared {
  const apiVersion = 'exchangesync.dev/v1alpha1'
  const auth = { type: 'Basic', secretRef: { name: 'account' } }
  const corp = { metadata: { name: 'corp', namespace: 'sales' }, spec: { ...server, auth } }
  const text = [
    stringify({ apiVersion, kind: 'ExchangeServer', ...corp }),
    stringify({ apiVersion, kind: 'SyncGroup', ...rest }),
  ].join('---\n')
  const read = readResources([{ name: 'scene.yaml', text }], { externalSecrets: true })
  if (read.problems.length > 0) throw new Error(JSON.stringify(read.problems))
  const [exchange, group] = read.documents.map(({ resource }) => resource)
  return {
    id: `sales/${name}` as GroupId,
    group: group as SyncGroup,
    access: accessesOf(group as SyncGroup, [exchange as ExchangeServer], credentials),
    generation: 1,
    fingerprint: '',
    invalid: undefined,
    previous: undefined,
  }
}

function folderOf(contacts: readonly Contact[]): Record<string, readonly Literal[]> {
  return contacts.length === 0 ? {} : { [memberFolder]: contacts.map(literalOf) }
}

/** The contact that a text stands for. */
export function literalOf(contact: Contact): Literal {
  if (typeof contact !== 'string') return contact
  const [name = '', title] = contact.split(':')
  const titled = title === undefined ? {} : { JobTitle: title }
  return { GivenName: name, Surname: 'Żak', CompanyName: 'Acme', ...titled }
}

function textOf(contact: Literal): string {
  const { GivenName, Surname, JobTitle } = contact
  const { EmailAddresses = {}, PhoneNumbers = {} } = contact as Readonly<
    Record<string, Readonly<Record<string, string | Literal>>>
  >
  const { EmailAddress1: email } = EmailAddresses
  const address = typeof email === 'object' ? String(email.address) : email
  const more = [address, PhoneNumbers.MobilePhone].filter(Boolean).map((each) => ` ${each}`)
  const name = GivenName ?? Surname ?? '-'
  return [name, JobTitle].filter(Boolean).join(':') + more.join('')
}
