// Finds the folder that takes part: the one remembered by its id, or the one at the declared path.
//
// Guarantees: one answer never exchanges the folder for another one. An answer about another folder than the requested
// one counts only if it comes twice and the other id answers for itself. A path that leads to another folder counts only
// if it does so twice. If the server fails for the remembered folder in an unknown way, without saying that it is gone,
// the path decides only if two looks agree.
// Errors: busy, moving and denied are thrown. The folder is then unreachable, and never replaced by another one.
import { SyncError } from '../core/sync-error.ts'
import { type Checkpoint, UnsureError } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { type FolderMemory, type HighWaterMark, memoryIn } from './folder-notes.ts'
import { type FolderState, getFolder, wentBack } from './folder-state.ts'
import { incomplete } from './operations.ts'
import { tellsNothing } from './response-codes.ts'
import type { Dated, Route, Transport } from './transport.ts'

/** A folder's state, with the server's clock at that answer. */
export type SeenFolder = FolderState & Pick<Dated<FolderState>, 'serverDateMs'>

/** How to find a folder. `find` follows the declared path; undefined without a folder there. */
export type FolderSite = Readonly<{
  codec: Codec
  transport: Transport
  route: () => Route
  find: () => Promise<string | undefined>
  /** Is the remembered folder, in this state, still the declared one? If not, the path decides. */
  accepts: (state: FolderState, memory: FolderMemory) => boolean
}>

/** Finds the folder of one replica. */
export class FolderIdentity {
  readonly #site: FolderSite
  readonly #elsewhere = new Map<string, Promise<boolean>>()

  constructor(site: FolderSite) {
    this.#site = site
  }

  /** The folder that takes part now; undefined where there is none. Rejects when that cannot be told. */
  async seen(
    checkpoint: Checkpoint | undefined,
    signal: AbortSignal,
  ): Promise<SeenFolder | undefined> {
    const remembered = checkpoint?.folder
    if (checkpoint === undefined || remembered === undefined) return this.#byPath(signal)
    try {
      const state = await this.state(remembered, signal)
      const accepted = this.#site.accepts(state, memoryIn(checkpoint))
      return accepted ? state : await this.#another(remembered, signal)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      if (notFound.includes(error.code)) return this.#another(remembered, signal)
      if (tellsNothing(error)) throw error
      return this.#doubted(checkpoint, error, signal)
    }
  }

  /**
   * The folder, and whether it went back in time since `seen`; that needs two answers. A commit time ahead of the server's
   * own clock is not remembered: with it, every later state would look as if the folder had gone back.
   */
  async aged(
    state: SeenFolder,
    seen: HighWaterMark | undefined,
    signal: AbortSignal,
  ): Promise<Readonly<{ state: SeenFolder; rewound: boolean }>> {
    const suspected = wentBack(state.highWater, seen)
    const sure = suspected ? await this.state(state.id, signal) : state
    const { highWater, serverDateMs = Number.POSITIVE_INFINITY } = sure
    const future = highWater !== undefined && highWater.committedMs > serverDateMs + aheadMs
    return {
      state: future ? { ...sure, highWater: seen } : sure,
      rewound: suspected && !future && wentBack(highWater, seen),
    }
  }

  /** The state of the folder with this id. */
  async state(folder: string, signal: AbortSignal): Promise<SeenFolder> {
    const state = await this.#asked(folder, signal)
    if (state.id === folder) return state
    const other = await this.#asked(state.id, signal)
    const again = await this.#asked(folder, signal)
    if (other.id !== state.id || again.id !== state.id) throw incomplete('GetFolder')
    return other
  }

  /**
   * Is `parent`, the folder id that an item names, another folder than `folder`? One folder may have two ids
   * (exchange-protocol §2.2): they are the same folder if both have the same name and mark. If one of them cannot be asked,
   * or has no mark, the answer is false.
   */
  isElsewhere(folder: string | undefined, parent: string, signal: AbortSignal): Promise<boolean> {
    if (folder === undefined || parent === folder) return Promise.resolve(false)
    const key = `${folder} ${parent}`
    const known = this.#elsewhere.get(key) ?? this.#compared(folder, parent, signal)
    this.#elsewhere.set(key, known)
    return known
  }

  async #compared(folder: string, parent: string, signal: AbortSignal): Promise<boolean> {
    try {
      // A commit between the two requests makes their marks differ: ask once more.
      for (let tries = 0; tries < 2; tries += 1) {
        const there = await this.#asked(parent, signal)
        const here = await this.#asked(folder, signal)
        if (here.name !== there.name) return true
        if (here.mark === undefined || here.mark === there.mark) return false
      }
      return true
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      return false
    }
  }

  async #asked(folder: string, signal: AbortSignal): Promise<SeenFolder> {
    const { codec, transport, route } = this.#site
    const { result, serverDateMs } = await transport.callDated(
      getFolder(codec),
      { folder },
      route(),
      signal,
    )
    return { ...result, serverDateMs }
  }

  async #byPath(signal: AbortSignal): Promise<SeenFolder | undefined> {
    const id = await this.#site.find()
    return id === undefined ? undefined : this.state(id, signal)
  }

  // The path leads to another folder than the remembered one, or to none: that needs two answers.
  async #another(remembered: string, signal: AbortSignal): Promise<SeenFolder | undefined> {
    const state = await this.#byPath(signal)
    if (state?.id === remembered) return state
    const again = await this.#site.find()
    if (again !== state?.id) throw incomplete('the folder’s path')
    return state
  }

  async #doubted(
    checkpoint: Checkpoint,
    error: SyncError,
    signal: AbortSignal,
  ): Promise<SeenFolder | undefined> {
    const state = await this.#another(checkpoint.folder ?? '', signal)
    if (state?.id === checkpoint.folder) throw error
    const memory = memoryIn(checkpoint)
    const doubt = state?.id ?? ''
    if (memory.notes.doubt === doubt) return state
    const adapter: FolderMemory = { ...memory, notes: { ...memory.notes, doubt } }
    throw new UnsureError(error, { ...checkpoint, adapter })
  }
}

/** How far apart the clocks within a server may be, ms. */
const aheadMs = 5 * 60_000

const notFound = ['ErrorFolderNotFound', 'ErrorItemNotFound']
