// What Exchange says of a folder before it is used, where the ExchangeServer does not allow everything: whose mailbox it is,
// by its primary address, and where the folder lies by now.
//
// Flow: the mailbox's own top folders are asked for once in a while; one ConvertId tells the primary address; from a folder's
// parent one walks up to a top folder, which for Contacts/NAME is no step at all.
// Guarantees: nothing passes whose address or place is not known; both are known of the folder that is used, by its id.
// Errors: NotAllowed; MailboxUnknown and PlaceUnknown, which are tried again; and what Exchange answers.
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
import { isGeneral } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { FolderState } from './folder-state.ts'
import { getPlaces, ownerOf, type Spot, type Which } from './places.ts'
import type { Route, Transport } from './transport.ts'

/** How long an address and the ids of top folders are believed, ms. */
const rememberMs = 600_000
/** Deeper than this nobody walks up. */
const depthMax = 64

/** A mailbox's top folders, by their ids: the names of the path to each; and its primary address, once it was asked for. */
type Tops = {
  readonly paths: ReadonlyMap<string, readonly string[]>
  primary: string | undefined
  readonly untilMs: number
}

/** What was learnt of the mailboxes of one connection. */
export type Learnt = Map<string, Tops>

/** What the checks need. */
export type PremisesSite = Readonly<{
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

  /** Rejects unless the mailbox's primary address is allowed. Before anything else is asked about the mailbox. */
  async demandMailbox(signal: AbortSignal): Promise<void> {
    const { server, mailbox } = this.#site
    if (mailbox === undefined || !restrictions(server).mailboxes) return
    const tops = await this.#tops(signal)
    tops.primary ??= await this.#primary(tops, signal)
    if (!allowsMailbox(server, tops.primary)) throw denied(otherAddress(mailbox, server))
  }

  /** Rejects unless the folder lies where it may. Before anything in it is read or written. */
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
    // The mailbox may be another one by now, with other ids.
    if (known) {
      learnt.delete(this.#key)
      const again = await this.#walked(state, signal)
      if (again !== undefined) return again
    }
    // From the top it may be seen where from below it is not: a delegate need not see what lies above.
    return (await find()) === state.id ? namesIn(path) : undefined
  }

  async #walked(folder: Spot, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { paths } = await this.#tops(signal)
    // Nothing that one could walk up to is seen.
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
    const { learnt, mailbox, now } = this.#site
    const known = learnt.get(this.#key)
    if (known !== undefined && known.untilMs > now()) return known
    const wanted: readonly Which[] =
      mailbox === undefined
        ? [{ top: 'publicfoldersroot' }]
        : [
            { top: 'contacts', mailbox },
            { top: 'msgfolderroot', mailbox },
          ]
    const answers = await this.#asked(wanted, signal)
    const paths = new Map<string, readonly string[]>()
    answers.forEach((each, index) => {
      const which = wanted[index]
      if (each instanceof SyncError || which === undefined) return
      paths.set(each.id, 'top' in which && which.top === 'contacts' ? ['Contacts'] : [])
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
    if (folder === undefined) throw mailboxUnseen
    try {
      const owner = await transport.call(ownerOf, { folder }, route, signal)
      if (owner !== undefined) return owner
    } catch (error) {
      if (!(error instanceof SyncError) || isGeneral(error) || error.kind === 'transient')
        throw error
    }
    throw mailboxUnknown(server)
  }

  // What concerns the mailbox or the server is thrown; what concerns one folder is its answer.
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
    return this.#site.mailbox?.toLowerCase() ?? ''
  }
}

function otherAddress(mailbox: string, server: ExchangeServer): Pick<Denial, 'message'> {
  const message = `the primary address of the mailbox ${mailbox} is not in spec.allowed.mailboxes of ${titled(server)}: have it added there, or remove the member`
  return { message }
}

function elsewhere(server: ExchangeServer, isPublic: boolean): Pick<Denial, 'message'> {
  const what = isPublic ? 'public folder' : 'mailbox’s folder'
  const message = `the ${what} was moved or renamed, and where it lies now is not in spec.allowed.${isPublic ? 'hubs' : 'folders'} of ${titled(server)}: move it back, or have the new place added there`
  return { message }
}

// No folder that tells whose mailbox it is: most likely a delegate has no right yet.
const mailboxUnseen = new SyncError(
  'transient',
  'MailboxUnknown',
  'the account sees no folder of the mailbox, so its primary address is not known: grant it Folder visible at the top of the mailbox and on Contacts, or correct the address; it is asked again',
)

function mailboxUnknown(server: ExchangeServer): SyncError {
  return new SyncError(
    'transient',
    'MailboxUnknown',
    `the server does not tell the mailbox’s primary address, by which spec.allowed.mailboxes of ${titled(server)} decides; it is asked again`,
  )
}

function placeUnknown(server: ExchangeServer, isPublic: boolean): SyncError {
  return new SyncError(
    'transient',
    'PlaceUnknown',
    `the server does not tell where the folder lies, by which spec.allowed.${isPublic ? 'hubs' : 'folders'} of ${titled(server)} decides; it is asked again`,
  )
}
