// The control plane: finds and creates folders, through ews-javascript-api over our own transport. A path that begins
// with `Contacts`, or another kind's home, begins at the mailbox's own folder of the kind, whatever its name in the
// mailbox's language.
import type { ExchangeService, FolderId } from 'ews-javascript-api'
import { folded, namesIn, pathOf } from '../api/path.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Codec } from './codec.ts'
import { readable } from './folders-answer.ts'
import { exchangeService, library } from './library.ts'
import type { Route, Transport } from './transport.ts'

/** A folder that was found. */
export type Folder = Readonly<{ id: string; name: string; class: string }>

/** The folder at the path, or how far the path leads: `parent` and `children`, as written in the path. */
export type Lookup =
  | Readonly<{ found: true; folder: Folder }>
  | Readonly<{
      found: false
      parent: string
      missing: readonly string[]
      children: readonly string[]
    }>

/** The start of a path. */
export type Start = Readonly<{ publicFolders: true }> | Readonly<{ mailbox: string }>

/** Finds and creates folders of one replica. */
export class Control {
  readonly #codec: Codec
  readonly #service: () => ExchangeService
  readonly #start: Start
  readonly #signal: () => AbortSignal

  constructor(
    codec: Codec,
    transport: Transport,
    url: string,
    route: Route,
    start: Start,
    signal: () => AbortSignal,
  ) {
    this.#codec = codec
    this.#start = start
    this.#signal = signal
    // Loading the library costs half a second and 60 MB, so it happens only when a folder must be found.
    let service: ExchangeService | undefined
    this.#service = () => {
      service ??= exchangeService(
        async (soap) => {
          const operation = operationIn(soap)
          const { envelope } = await transport.exchange(operation, soap, route, signal())
          return readable(operation, envelope)
        },
        url,
        route.actAs,
      )
      return service
    }
  }

  /** Follows the path level by level: public folders do not support deep searches (exchange-protocol §1.1). */
  async find(path: string): Promise<Lookup> {
    const segments = namesIn(path)
    let here = this.#root()
    let folder: Folder | undefined
    const walked: string[] = []
    for (const segment of segments) {
      const distinguished = walked.length === 0 && this.#distinguished(segment)
      const children = distinguished ? [] : await this.#children(here)
      folder = distinguished || children.find(({ name }) => sameName(name, segment))
      if (folder === undefined) {
        return {
          found: false,
          parent: `/${pathOf(walked)}`,
          missing: segments.slice(walked.length),
          children: children.map(({ name }) => pathOf([name])),
        }
      }
      if (folder.id === '') folder = await this.#bind(segment)
      here = new (library().FolderId)(folder.id)
      walked.push(segment)
    }
    if (folder === undefined)
      throw new SyncError('terminal', 'InvalidPath', 'the folder’s path is empty')
    return { found: true, folder }
  }

  /** Creates the folders that the path lacks, for items of the kind. `made`: the last one is new. */
  async make(path: string): Promise<Readonly<{ id: string; made: boolean }>> {
    const ews = library()
    let lookup = await this.find(path)
    const made = !lookup.found
    while (!lookup.found) {
      const { parent, missing } = lookup
      const above = parent === '/' ? this.#root() : new ews.FolderId(await this.#idOf(parent))
      const folder = new ews[this.#codec.folderElement](this.#service())
      folder.DisplayName = missing[0] ?? ''
      await this.#settled(folder.Save(above))
      const next = await this.find(path)
      if (!next.found && next.missing.length >= missing.length) {
        throw new SyncError(
          'transient',
          'FolderNotMade',
          'the new folder is not visible yet; the controller looks for it again',
        )
      }
      lookup = next
    }
    return { id: lookup.folder.id, made }
  }

  /** Renames a folder. If the new name is taken, the folder keeps its name. */
  async rename(id: string, name: string): Promise<void> {
    const ews = library()
    try {
      const folder = await this.#settled(ews.Folder.Bind(this.#service(), new ews.FolderId(id)))
      folder.DisplayName = name
      await this.#settled(folder.Update())
    } catch (error) {
      if (!(error instanceof SyncError) || error.code !== 'ErrorFolderExists') throw error
    }
  }

  async #idOf(path: string): Promise<string> {
    const lookup = await this.find(path)
    if (!lookup.found)
      throw new SyncError(
        'transient',
        'FolderNotMade',
        'a parent folder disappeared; the controller tries again',
      )
    return lookup.folder.id
  }

  // Our own errors and the reason of an abort pass through the library unchanged. The library's own errors come from an
  // answer that it cannot read.
  async #settled<Value>(answer: Promise<Value>): Promise<Value> {
    try {
      return await answer
    } catch (error) {
      this.#signal().throwIfAborted()
      if (error instanceof SyncError) throw error
      const message =
        'the server’s answer about folders cannot be read; the controller asks again. If this persists, check for a proxy that changes answers'
      throw new SyncError('transient', 'UnreadableAnswer', message, { cause: error })
    }
  }

  #root(): FolderId {
    const ews = library()
    const { WellKnownFolderName: known } = ews
    if ('publicFolders' in this.#start) return new ews.FolderId(known.PublicFoldersRoot)
    return new ews.FolderId(known.MsgFolderRoot, new ews.Mailbox(this.#start.mailbox))
  }

  // Its id is unknown until it is requested.
  #distinguished(segment: string): Folder | undefined {
    const { type, folderClass } = this.#codec
    const isHome = 'mailbox' in this.#start && sameName(segment, type.home)
    return isHome ? { id: '', name: segment, class: folderClass } : undefined
  }

  async #bind(name: string): Promise<Folder> {
    const ews = library()
    const mailbox = 'mailbox' in this.#start ? this.#start.mailbox : ''
    const { type, folderClass } = this.#codec
    const id = new ews.FolderId(ews.WellKnownFolderName[type.home], new ews.Mailbox(mailbox))
    const bound = await this.#settled(ews.Folder.Bind(this.#service(), id))
    return { id: bound.Id.UniqueId, name, class: folderClass }
  }

  async #children(parent: FolderId): Promise<readonly Folder[]> {
    const ews = library()
    const folders: Folder[] = []
    // Exchange allows 10,000 sub-folders (exchange-protocol §1.4).
    for (let offset = 0; offset < 10_000; ) {
      const page = await this.#settled(
        this.#service().FindFolders(parent, new ews.FolderView(1000, offset)),
      )
      for (const { Id, DisplayName, FolderClass } of page.Folders) {
        folders.push({ id: Id.UniqueId, name: DisplayName ?? '', class: FolderClass ?? '' })
      }
      offset += page.Folders.length
      if (!page.MoreAvailable || page.Folders.length === 0) break
    }
    return folders
  }
}

/** Do both names mean the same folder? */
export function sameName(one: string, other: string): boolean {
  return folded(one) === folded(other)
}

function operationIn(soap: string): string {
  return /<m:([A-Za-z]+)/.exec(soap)?.[1] ?? 'Unknown'
}
