// An example of the repository, made ready for a test: its files copied with the URL of an embedded Exchange in them, and
// of an authority's certificate where they name one, and otherwise as they are; and that Exchange, with everything
// that the example takes to be there.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Document, isMap, parseAllDocuments } from 'yaml'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { setLevel } from '../exchange/store/build.ts'
import type { Level } from '../exchange/store/rights.ts'
import type { World, WorldUser } from '../exchange/world.ts'
import type { Json } from './control-plane.ts'

/** The folder of the examples. */
export const examples = fileURLToPath(new URL('../../examples', import.meta.url))

/** How many contacts are in each public folder. */
export const CONTACTS = 8

const DOMAIN = 'corp.example'
const SEED = 7

/** An example with its Exchange. */
export class Example implements AsyncDisposable {
  readonly objects: readonly Json[]
  readonly #path: string
  readonly #exchange: Exchange

  private constructor(path: string, objects: readonly Json[], exchange: Exchange) {
    this.#path = path
    this.objects = objects
    this.#exchange = exchange
  }

  /** Starts an Exchange for the example at a path below `examples`, a file or a folder. */
  static async of(path: string, folder: string): Promise<Example> {
    const objects = filesAt(join(examples, path)).flatMap((file) =>
      parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()),
    )
    const tls = objects.some(({ spec }) => spec?.tls !== undefined)
    const exchange = await startExchange(worldOf(objects), tls ? { tls: folder } : {})
    shareFolders(exchange, objects)
    return new Example(path, objects, exchange)
  }

  /** Copies the files into a folder, as they are but for the URL and the authority; answers where the copy is. */
  copyTo(folder: string): string {
    const at = join(examples, this.#path)
    const to = join(folder, basename(at))
    for (const file of filesAt(at)) {
      const copy = join(to, file.slice(at.length))
      mkdirSync(dirname(copy), { recursive: true })
      writeFileSync(copy, this.#pointed(readFileSync(file, 'utf8')))
    }
    return to
  }

  /** All objects of a kind. */
  of(kind: string): readonly Json[] {
    return this.objects.filter((each) => each.kind === kind)
  }

  /** The names of the namespaces that are used. */
  get namespaces(): readonly string[] {
    return [...new Set(this.of('SyncGroup').map(({ metadata }) => metadata.namespace as string))]
  }

  /** How many contacts are in a member's folder. */
  contactsOf(group: Json, member: Json): number {
    if (member.publicFolder)
      return this.#exchange.store.publicFolder(member.publicFolder).items().length
    const { publicFolder, folder } = group.spec.hub
    const path = member.folder ?? `Contacts/${(publicFolder ?? folder).split('/').at(-1)}`
    return this.#exchange.store.mailbox(member.mailbox).folder(path).items().length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exchange.close()
  }

  #pointed(text: string): string {
    const authorities = this.of('ExchangeServer').flatMap(({ spec }) => spec.tls?.caSecretRef ?? [])
    const documents = parseAllDocuments(text) as readonly Document[]
    for (const document of documents) {
      const kind = isMap(document.contents) ? document.get('kind') : undefined
      if (kind === 'ExchangeServer') document.setIn(['spec', 'url'], this.#exchange.url)
      for (const { name, key } of authorities)
        if (kind === 'Secret' && document.getIn(['metadata', 'name']) === name)
          document.setIn(['stringData', key], this.#exchange.ca)
    }
    return documents.map(String).join('---\n')
  }
}

/** A file, or the YAML files in a folder and below, sorted as kubectl takes them. */
export function filesAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(path, name))
}

/** Everything that the objects take to be there: mailboxes, the account, public folders with contacts. */
function worldOf(objects: readonly Json[]): World {
  const users = new Map<string, WorldUser>()
  const folders = new Set<string>()
  const empty = new Set<string>()
  const accounts = new Set<string>()
  for (const { kind, spec, stringData } of objects) {
    if (kind === 'Secret' && (stringData.password ?? stringData.clientSecret) !== undefined) {
      const { username = `sync@${DOMAIN}`, password = stringData.clientSecret } = stringData
      const mailbox = username.includes('@') ? username : `${username.split('\\').at(-1)}@${DOMAIN}`
      const delegate = objects.some((each) => each.spec?.access === 'Delegate')
      users.set(mailbox, { mailbox, password, ...(!delegate && { impersonates: 'all' }) })
      accounts.add(mailbox)
    }
    if (kind !== 'SyncGroup') continue
    const { hub } = spec
    if (hub.publicFolder) folders.add(hub.publicFolder)
    else {
      const own = { [hub.folder]: { contacts: CONTACTS, seed: SEED } }
      users.set(hub.mailbox, { mailbox: hub.mailbox, password: 'her-secret', folders: own })
    }
    for (const { publicFolder } of spec.members) if (publicFolder) empty.add(publicFolder)
    const inMailboxes = (spec.members as readonly Json[]).filter(({ mailbox }) => mailbox)
    for (const { mailbox, folder, direction = spec.direction ?? 'TwoWay' } of inMailboxes) {
      // Who chose a folder to edit has it, with contacts that are equal to the hub's.
      const own = { [folder]: { contacts: CONTACTS, seed: SEED } }
      const chosen = folder !== undefined && direction === 'TwoWay'
      users.set(mailbox, { mailbox, password: 'her-secret', ...(chosen && { folders: own }) })
    }
  }
  const permissions = Object.fromEntries(
    [...accounts].map((account) => [account, 'PublishingEditor' as const]),
  )
  return {
    domain: DOMAIN,
    // As Exchange is installed, and Basic for the demo.
    signIn: { offers: ['Negotiate', 'NTLM', 'Basic'], extendedProtection: 'Allow' },
    users: [...users.values()],
    publicFolders: [
      ...[...folders].map((path) => ({ path, permissions, contacts: CONTACTS, seed: SEED })),
      ...[...empty].map((path) => ({ path, permissions, contacts: 0 })),
    ],
  }
}

/** With delegate access each member has made the account Editor of the folder, and let it see those above. */
function shareFolders({ store }: Exchange, objects: readonly Json[]): void {
  if (!objects.some(({ spec }) => spec?.access === 'Delegate')) return
  const members = objects.flatMap(({ kind, spec }) => (kind === 'SyncGroup' ? spec.members : []))
  for (const { mailbox, folder } of members as readonly Json[]) {
    const share = (path: string, level: Level) => {
      const found = store.state.folders.get(store.mailbox(mailbox).folder(path).id())
      if (found === undefined) throw new Error(`${mailbox} has no ${path}`)
      setLevel(found, `sync@${DOMAIN}`, level)
    }
    share(folder, 'Editor')
    // Of the levels that there are here, this is the least that is visible; it cannot read.
    const above: readonly string[] = folder.split('/').slice(0, -1)
    above.forEach((_, i) => {
      share(above.slice(0, i + 1).join('/'), 'Contributor')
    })
  }
}
