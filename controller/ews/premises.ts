// Checks a folder against the ExchangeServer's restrictions before it is used: the primary address of its mailbox, and its
// present location.
//
// Flow: the mailbox's top folders are read once in a while; one ConvertId gives the primary address; from the folder's
// parent the check walks up to a top folder, which for HOME/NAME needs no request.
// Guarantees: a folder with an unknown address or location is refused. Both are checked for the id of the folder in use.
// Errors: NotAllowed; MailboxUnknown and PlaceUnknown, which are transient; and the errors of Exchange.
import {
  allowsFolder,
  allowsMailbox,
  allowsPublicFolder,
  type Denial,
  denied,
  restrictions,
  titled,
} from '../api/allowed.ts'
import { namesIn } from '../api/path.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import type { Home } from '../core/item.ts'
import { isGeneral } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { FolderState } from './folder-state.ts'
import { getPlaces, ownerOf, type Spot, type Which } from './places.ts'
import type { Route, Transport } from './transport.ts'

/** How long an address and the ids of top folders stay valid, ms. */
const rememberMs = 600_000
/** The deepest folder that is checked, in levels. */
const depthMax = 64

/** The top folders of a mailbox: id → the names of its path; and the primary address once it was requested. */
type Tops = {
  readonly paths: ReadonlyMap<string, readonly string[]>
  primary: string | undefined
  readonly untilMs: number
}

/** Known facts about the mailboxes of one connection. */
export type Learnt = Map<string, Tops>

/** The inputs of the checks. */
export type PremisesSite = Readonly<{
  /** The mailbox's own folder of the kind. */
  home: Home
  server: ExchangeServer
  transport: Transport
  route: Route
  /** The mailbox; undefined for public folders. */
  mailbox: string | undefined
  learnt: Learnt
  now: () => number
  /** The declared path, and the folder that it leads to from the top. */
  path: string
  find: () => Promise<string | undefined>
}>

/** The checks of one replica. */
export class Premises {
  readonly #site: PremisesSite

  constructor(site: PremisesSite) {
    this.#site = site
  }

  /** Rejects unless the primary address is allowed. Call it before any other request about the mailbox. */
  async demandMailbox(signal: AbortSignal): Promise<void> {
    const { server, mailbox } = this.#site
    if (mailbox === undefined || !restrictions(server).mailboxes) return
    const tops = await this.#tops(signal)
    tops.primary ??= await this.#primary(tops, signal)
    if (!allowsMailbox(server, tops.primary)) throw denied(otherAddress(mailbox, server))
  }

  /** Rejects unless the folder's location is allowed. Call it before its content is read or written. */
  async demandPlace(state: Pick<FolderState, keyof Spot>, signal: AbortSignal): Promise<void> {
    const { server, mailbox } = this.#site
    const isPublic = mailbox === undefined
    if (!restrictions(server)[isPublic ? 'hubs' : 'folders']) return
    const names = await this.#namesOf(state, signal)
    if (names === undefined) throw placeUnknown(server, isPublic)
    if (isPublic ? !allowsPublicFolder(server, names) : !allowsFolder(server, names))
      throw denied(elsewhere(server, isPublic))
  }

  async #namesOf(state: Spot, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { learnt, find, path } = this.#site
    const known = learnt.has(this.#key)
    const names = await this.#walked(state, signal)
    if (names !== undefined) return names
    // The mailbox may have been replaced by another one with other ids.
    if (known) {
      learnt.delete(this.#key)
      const again = await this.#walked(state, signal)
      if (again !== undefined) return again
    }
    // Walk down from the top if walking up fails: a delegate may not see the folders above.
    return (await find()) === state.id ? namesIn(path) : undefined
  }

  async #walked(folder: Spot, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { paths } = await this.#tops(signal)
    // No folder above is visible.
    if (paths.size === 0) return undefined
    const names: string[] = []
    let here = folder
    for (let depth = 0; depth < depthMax; depth += 1) {
      const top = paths.get(here.id)
      if (top !== undefined) return [...top, ...names]
      if (here.name === undefined || here.parent === undefined) return undefined
      names.unshift(here.name)
      const above = paths.get(here.parent)
      if (above !== undefined) return [...above, ...names]
      const [next] = await this.#asked([{ folder: here.parent }], signal)
      if (next === undefined || next instanceof SyncError) return undefined
      here = next
    }
    return undefined
  }

  async #tops(signal: AbortSignal): Promise<Tops> {
    const { home, learnt, mailbox, now } = this.#site
    const known = learnt.get(this.#key)
    if (known !== undefined && known.untilMs > now()) return known
    const wanted: readonly Which[] =
      mailbox === undefined
        ? [{ top: 'publicfoldersroot' }]
        : [
            { home, mailbox },
            { top: 'msgfolderroot', mailbox },
          ]
    const answers = await this.#asked(wanted, signal)
    const paths = new Map<string, readonly string[]>()
    answers.forEach((each, index) => {
      const which = wanted[index]
      if (each instanceof SyncError || which === undefined) return
      paths.set(each.id, 'home' in which ? [which.home] : [])
    })
    const tops = { paths, primary: undefined, untilMs: now() + rememberMs }
    if (paths.size === 0) return tops
    for (const [key, { untilMs }] of learnt) if (untilMs <= now()) learnt.delete(key)
    learnt.set(this.#key, tops)
    return tops
  }

  async #primary({ paths }: Tops, signal: AbortSignal): Promise<string> {
    const { transport, route, server } = this.#site
    const [folder] = paths.keys()
    if (folder === undefined) throw mailboxUnseen(this.#site.home)
    try {
      const owner = await transport.call(ownerOf, { folder }, route, signal)
      if (owner !== undefined) return owner
    } catch (error) {
      if (!(error instanceof SyncError) || isGeneral(error) || error.kind === 'transient')
        throw error
    }
    throw mailboxUnknown(server)
  }

  // An error about the mailbox or the server is thrown; an error about one folder is its answer.
  async #asked(
    folders: readonly Which[],
    signal: AbortSignal,
  ): Promise<readonly (Spot | SyncError)[]> {
    const { transport, route } = this.#site
    const answers = await transport.callEach(getPlaces, folders, route, signal)
    for (const each of answers)
      if (each instanceof SyncError && isGeneral(each) && each.code !== 'ErrorFolderNotFound')
        throw each
    return answers
  }

  get #key(): string {
    const { home, mailbox } = this.#site
    return mailbox === undefined ? '' : `${home} ${mailbox.toLowerCase()}`
  }
}

function otherAddress(mailbox: string, server: ExchangeServer): Pick<Denial, 'message'> {
  const message = `the primary address of the mailbox ${mailbox} is not in spec.allowed.mailboxes of ${titled(server)}: ask the owner of the server to add it, or remove the member`
  return { message }
}

function elsewhere(server: ExchangeServer, isPublic: boolean): Pick<Denial, 'message'> {
  const what = isPublic ? 'public folder' : 'mailbox’s folder'
  const message = `the ${what} was moved or renamed, and its present path is not in spec.allowed.${isPublic ? 'hubs' : 'folders'} of ${titled(server)}: move it back, or ask the owner of the server to add the new path`
  return { message }
}

// No folder reveals the owner of the mailbox: most likely a delegate has no right yet.
function mailboxUnseen(home: Home): SyncError {
  return new SyncError(
    'transient',
    'MailboxUnknown',
    `the account sees no folder of the mailbox, so its primary address is not known: grant it Folder visible at the top of the mailbox and on ${home}, or correct the address; it is asked again`,
  )
}

function mailboxUnknown(server: ExchangeServer): SyncError {
  return new SyncError(
    'transient',
    'MailboxUnknown',
    `the server does not report the mailbox’s primary address, which spec.allowed.mailboxes of ${titled(server)} needs; the controller asks again`,
  )
}

function placeUnknown(server: ExchangeServer, isPublic: boolean): SyncError {
  return new SyncError(
    'transient',
    'PlaceUnknown',
    `the server does not report the folder’s path, which spec.allowed.${isPublic ? 'hubs' : 'folders'} of ${titled(server)} needs; the controller asks again`,
  )
}
