// A user with her address book, as a phone or Outlook would see it: through ews-javascript-api, signed in
// as herself. What the controller did is only ever believed when it shows here.
import type { Contact, ExchangeService, FolderId } from 'ews-javascript-api'
import { request } from 'undici'
import { exchangeService, library } from '../../controller/ews/library.ts'
import { cardOf, write } from './card.ts'

/** A contact as its reader sees it: every field by its name, and none that is empty. */
export type Card = Readonly<Record<string, string>>

/** Where somebody signs in. */
export type Login = Readonly<{ url: string; address: string; password: string }>

/** An address book: a folder of the user's own mailbox, or of the public folders. */
export type Place = Readonly<{ top: 'mailbox' | 'public'; path: string }>

/** One contact in one address book. */
export type Entry = Readonly<{ id: string; version: string; card: Card }>

/** Exchange shows no more than this in one answer; the demo's folders are far smaller. */
const entriesMax = 1000
const requestTimeoutMs = 20_000

/** One user at one address book. */
export class User {
  /** As the story calls her. */
  readonly name: string
  readonly place: Place
  readonly #service: ExchangeService
  #folder: string | undefined
  // What a version of a contact holds never changes, so only new versions are read again.
  #seen = new Map<string, Entry>()

  constructor(name: string, login: Login, place: Place) {
    this.name = name
    this.place = place
    this.#service = exchangeService((soap) => posted(login, soap), login.url)
  }

  /** Everything in the address book; undefined while there is no such folder. `afresh` forgets what was read before. */
  async entries(afresh = false): Promise<readonly Entry[] | undefined> {
    const ews = library()
    const folder = await this.#find()
    if (folder === undefined) return undefined
    const view = new ews.ItemView(entriesMax)
    view.PropertySet = new ews.PropertySet(ews.BasePropertySet.IdOnly)
    const listing = await settled(this.#service.FindItems(new ews.FolderId(folder), view))
    if (listing.MoreAvailable) throw new Error(`more than ${entriesMax} contacts in a folder`)
    const seen = afresh ? new Map<string, Entry>() : this.#seen
    const fresh = listing.Items.filter(({ Id }) => seen.get(Id.UniqueId)?.version !== Id.ChangeKey)
    const read = new Map(await this.#read(fresh.map(({ Id }) => Id.UniqueId)))
    const entries = listing.Items.flatMap(({ Id }) => {
      const entry = read.get(Id.UniqueId) ?? seen.get(Id.UniqueId)
      return entry === undefined ? [] : [entry] // Deleted between the listing and the reading.
    })
    this.#seen = new Map(entries.map((entry) => [entry.id, entry]))
    return entries
  }

  /** Makes a new contact. */
  async add(fields: Card): Promise<void> {
    const ews = library()
    const contact = new ews.Contact(this.#service)
    for (const [field, value] of Object.entries(fields)) write(contact, field, value)
    await settled(contact.Save(new ews.FolderId(await this.#known())))
  }

  /** Changes fields of the contact that `which` finds. */
  async edit(which: (card: Card) => boolean, fields: Card): Promise<void> {
    const contact = await this.#one(which)
    for (const [field, value] of Object.entries(fields)) write(contact, field, value)
    await settled(contact.Update(library().ConflictResolutionMode.AutoResolve))
  }

  /** Deletes the contact that `which` finds. */
  async delete(which: (card: Card) => boolean): Promise<void> {
    const contact = await this.#one(which)
    await settled(contact.Delete(library().DeleteMode.MoveToDeletedItems))
  }

  async #one(which: (card: Card) => boolean): Promise<Contact> {
    const ews = library()
    const [found, ...more] = ((await this.entries()) ?? []).filter(({ card }) => which(card))
    if (found === undefined || more.length > 0)
      throw new Error(`${this.name} finds ${more.length + (found ? 1 : 0)} contacts instead of one`)
    const all = new ews.PropertySet(ews.BasePropertySet.FirstClassProperties)
    return settled(ews.Contact.Bind(this.#service, new ews.ItemId(found.id), all))
  }

  async #read(ids: readonly string[]): Promise<readonly (readonly [string, Entry])[]> {
    if (ids.length === 0) return []
    const ews = library()
    const all = new ews.PropertySet(ews.BasePropertySet.FirstClassProperties)
    all.RequestedBodyType = ews.BodyType.Text
    const wanted = ids.map((id) => new ews.ItemId(id))
    const answers = await settled(this.#service.BindToItems(wanted, all))
    return answers.Responses.flatMap(({ Result, ErrorCode, ErrorMessage, Item }) => {
      if (ErrorCode === ews.ServiceError.ErrorItemNotFound) return []
      if (Result !== ews.ServiceResult.Success) throw new Error(ErrorMessage)
      const { UniqueId: id, ChangeKey: version } = Item.Id
      return [[id, { id, version, card: cardOf(Item as Contact) }]]
    })
  }

  async #known(): Promise<string> {
    const folder = await this.#find()
    if (folder === undefined) throw new Error(`${this.name} has no folder ${this.place.path}`)
    return folder
  }

  async #find(): Promise<string | undefined> {
    if (this.#folder !== undefined) return this.#folder
    const { WellKnownFolderName: known, FolderId } = library()
    const { MsgFolderRoot, PublicFoldersRoot } = known
    let here = new FolderId(this.place.top === 'public' ? PublicFoldersRoot : MsgFolderRoot)
    for (const name of this.place.path.split('/').filter(Boolean)) {
      const child = await this.#child(here, name)
      if (child === undefined) return undefined
      here = child
    }
    this.#folder = here.UniqueId
    return this.#folder
  }

  async #child(parent: FolderId, name: string): Promise<FolderId | undefined> {
    const ews = library()
    const named = new ews.SearchFilter.IsEqualTo(ews.FolderSchema.DisplayName, name)
    const answer = await settled(this.#service.FindFolders(parent, named, new ews.FolderView(2)))
    return answer.Folders[0]?.Id
  }
}

async function posted({ url, address, password }: Login, soap: string): Promise<string> {
  const response = await request(url, {
    method: 'POST',
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      authorization: `Basic ${Buffer.from(`${address}:${password}`).toString('base64')}`,
    },
    body: soap,
    signal: AbortSignal.timeout(requestTimeoutMs),
  })
  const text = await response.body.text()
  if (response.statusCode === 200) return text
  const code = /<\w+:ResponseCode[^>]*>(\w+)</.exec(text)?.[1]
  throw new Error(`Exchange answered ${address} with HTTP ${response.statusCode} ${code ?? ''}`)
}

// The library rejects with things that are no errors.
async function settled<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error) throw error
    const { message, Message } = error as { message?: string; Message?: string }
    throw new Error(message ?? Message ?? 'ews-javascript-api failed', { cause: error })
  }
}
