// Which folder takes part: the one that is remembered by its id, or the one that its path leads to.
//
// Guarantees: no folder is taken for another on one answer. An answer about another folder than the one that was
// asked for counts when it comes twice and the other id answers for itself; a path that leads elsewhere counts
// when it does so twice; and where the server does not say that the remembered folder is gone, but fails in
// a way that we do not know, the path decides only when two looks agree.
// Errors: what is busy, moving or denied is thrown: the folder is unreachable, never another one.
import { SyncError } from '../core/sync-error.ts'
import { type Checkpoint, UnsureError } from '../sync/ports.ts'
import { type FolderMemory, type HighWaterMark, memoryIn } from './folder-notes.ts'
import { type FolderState, getFolder, wentBack } from './folder-state.ts'
import { incomplete } from './operations.ts'
import { tellsNothing } from './response-codes.ts'
import type { Dated, Route, Transport } from './transport.ts'

/** A folder's state, with the server's clock when it told it. */
export type SeenFolder = FolderState & Pick<Dated<FolderState>, 'serverDateMs'>

/** How a folder is found. `find` follows the declared path; undefined where nothing is. */
export type FolderSite = Readonly<{
  transport: Transport
  route: () => Route
  find: () => Promise<string | undefined>
  /** Is the remembered folder, seen so, still the declared one? Otherwise the path decides. */
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
   * The folder, and whether it went back in time since it was seen: only where it says so twice. A commit time after the
   * server's own clock is not remembered: every later one would look as if the folder had gone back.
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

  /** The state of a folder that is known by its id. */
  async state(folder: string, signal: AbortSignal): Promise<SeenFolder> {
    const state = await this.#asked(folder, signal)
    if (state.id === folder) return state
    const other = await this.#asked(state.id, signal)
    const again = await this.#asked(folder, signal)
    if (other.id !== state.id || again.id !== state.id) throw incomplete('GetFolder')
    return other
  }

  /**
   * Is the folder in which an item says that it lies another one than this? One folder may have two ids
   * (exchange-protocol §2.2): where both answer with one name and one mark, it is the same; where either cannot be
   * asked, or tells no mark, nothing is known, and that is no.
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
      // A commit between the two makes their marks differ: they are asked once more.
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
    const { transport, route } = this.#site
    const { result, serverDateMs } = await transport.callDated(
      getFolder,
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

  // The path leads to another folder than the remembered one, or to none: only when it says so twice.
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

/** How far the clocks of a server's parts may be apart, ms. */
const aheadMs = 5 * 60_000

const notFound = ['ErrorFolderNotFound', 'ErrorItemNotFound']
