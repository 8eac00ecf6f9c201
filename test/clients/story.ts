// The one story that every client lives: contacts are made, read, changed and deleted, by the client and by others
// behind its back, in a mailbox and in a public folder; after each step the server holds what the client believes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import { schemaValidator } from '../exchange/schema.ts'
import type { FolderHandle, Snapshot } from '../exchange/store/store.ts'
import type { World } from '../exchange/world.ts'
import { type Card, type Client, FIELDS, type Place } from './client.ts'
import type { Obtained } from './install.ts'

/** The person that clients sign in as. */
export const ANNA = {
  mailbox: 'anna@corp.example',
  user: 'CORP\\anna',
  password: 'anna-secret',
} as const

/** The public folder that Anna may write to, by its path. */
export const PUBLIC_FOLDER = '/Company/Contacts'

/** What a client cannot do, with the reason; the rest of the story is lived without it. */
export type Cannot = Readonly<{
  sync?: string
  'sync a public folder'?: string
  [field: `keep ${string}`]: string
}>

/** How an Exchange answers in a public folder, whichever the client. */
export const REFUSED: Cannot = {
  'sync a public folder': 'SyncFolderItems is refused there, as documented',
}

/** A client, and how the story is lived with it. */
export type Lived<C extends Client = Client> = Readonly<{
  name: string
  /** Signs in at an Exchange. */
  open: (exchange: Exchange) => Promise<C>
  obtained?: Obtained
  cannot?: Cannot
  options?: ExchangeOptions
  /** It reads from what it keeps, and brings that up to date in the background. */
  eventually?: true
  /** Declares tests of what only this client can do. */
  more?: (client: () => C, exchange: () => Exchange) => void
}>

const WORLD: World = {
  domain: 'corp.example',
  users: [
    {
      mailbox: ANNA.mailbox,
      password: ANNA.password,
      folders: { Contacts: [{ GivenName: 'Jan', Surname: 'Nowak' }] },
    },
    { mailbox: 'jan@corp.example', password: 'jan-secret' },
  ],
  publicFolders: [
    {
      path: PUBLIC_FOLDER,
      permissions: { 'anna@corp.example': 'PublishingEditor' },
      contacts: [{ GivenName: 'Jan', Surname: 'Nowak' }],
    },
  ],
}

type Chapter = readonly [title: string, made: Card, becomes: Card]

/** What is made, and what becomes of it. */
const CHAPTERS: readonly Chapter[] = [
  [
    'a value changes',
    { GivenName: 'Ewa', Surname: 'Lis', CompanyName: 'Lis & Co', JobTitle: 'Buyer' },
    { GivenName: 'Ewa', Surname: 'Lis', CompanyName: 'Lis & Sons', JobTitle: 'Owner' },
  ],
  [
    'letters of all kinds',
    { GivenName: 'Zażółć', Surname: '李🙂', CompanyName: `"A" <b> 'c' & d` },
    { GivenName: 'Ґедзь', Surname: 'Ørsted', CompanyName: 'Ελλάς; a, b: c\\d' },
  ],
  [
    'numbers and addresses come and go',
    {
      GivenName: 'Ada',
      Surname: 'Byron',
      EmailAddress1: 'ada@example.com',
      MobilePhone: '+48 600 100 200',
      Street: 'ul. Długa 1',
      City: 'Łódź',
    },
    { GivenName: 'Ada', Surname: 'King', BusinessPhone: '+44 1', City: 'London' },
  ],
  [
    'a note of several lines',
    { GivenName: 'Olga', Surname: 'Kos', Body: 'first\nsecond & third\n\nlast' },
    { GivenName: 'Olga', Surname: 'Kos', Body: 'another' },
  ],
]

const POLL = { timeout: 30_000, interval: 200 }
const PLACES: readonly Place[] = ['mailbox', 'public folder']

/** Declares the tests of one client. */
export function liveStory<C extends Client>(lived: Lived<C>): void {
  const { name, obtained, cannot = {} } = lived
  const reason = obtained?.missing === undefined ? '' : ` (skipped: ${obtained.missing})`
  describe.skipIf(obtained?.missing !== undefined)(`${name}${reason}`, () => {
    const { client, exchange } = opened(lived)
    lived.more?.(client, exchange)
    for (const place of PLACES) {
      const folder = () => folderOf(exchange(), place)
      const why = unsynced(cannot, place)
      const agrees = async () => {
        const held = sorted(heldIn(folder(), cannot))
        const synced = async () => sorted(await client().sync(place))
        if (lived.eventually) await expect.poll(synced, POLL).toEqual(held)
        else if (why === undefined) expect(await synced()).toEqual(held)
        expect(sorted(await client().list(place))).toEqual(held)
      }
      const read = async (id: string) => {
        const card = await client().read(place, id)
        return card && alike(card)
      }
      const how = why === undefined ? '' : ` (no synchronisation: ${why})`

      test.each(CHAPTERS)(`${place}: %s${how}`, async (_, given, becomes) => {
        const [card, changed] = [within(given, cannot), within(becomes, cannot)]
        await agrees()
        const before = folder().size()
        const id = await client().create(place, card)
        expect(heldIn(folder(), cannot)).toContainEqual(card)
        expect(folder().size()).toBe(before + 1)
        expect(await read(id)).toEqual(card)
        await agrees()

        await client().change(place, id, changed)
        expect(heldIn(folder(), cannot)).toContainEqual(changed)
        expect(await read(id)).toEqual(changed)
        await agrees()

        await client().delete(place, id)
        expect(folder().size()).toBe(before)
        expect(heldIn(folder(), cannot)).not.toContainEqual(changed)
        await agrees()
        expect(await read(id)).toBeUndefined()
      })

      test(`${place}: what others do meanwhile${how}`, async () => {
        await agrees()
        const others = folder().as('jan@corp.example')
        const { id } = others.create({ GivenName: 'Iga', Surname: 'Sowa', MobilePhone: '1' })
        const { id: gone } = others.create({ GivenName: 'Leo', Surname: 'Wilk' })
        await agrees()
        others.update(id, { MobilePhone: null, CompanyName: 'Sowa' })
        others.delete(gone)
        await agrees()
        others.delete(id)
        await agrees()
      })
    }
  })
}

function opened<C extends Client>({ open, options }: Lived<C>) {
  const validator = schemaValidator()
  let exchange: Exchange | undefined
  let client: C | undefined
  beforeAll(async () => {
    const inspect = validator ? { inspect: validator.inspect } : {}
    exchange = await startExchange(WORLD, { ...inspect, ...options })
    client = await open(exchange)
  })
  afterAll(async () => {
    await client?.close()
    await exchange?.close()
    expect(validator?.errors ?? []).toEqual([])
  })
  return { client: () => opening(client), exchange: () => opening(exchange) }
}

function opening<T>(what: T | undefined): T {
  if (what === undefined) throw new Error('it has not been opened')
  return what
}

function unsynced(cannot: Cannot, place: Place): string | undefined {
  return cannot.sync ?? (place === 'public folder' ? cannot['sync a public folder'] : undefined)
}

/** The folder of a place, on the server. */
export function folderOf({ store }: Exchange, place: Place): FolderHandle {
  if (place === 'public folder') return store.publicFolder(PUBLIC_FOLDER)
  return store.mailbox(ANNA.mailbox).folder('Contacts')
}

// What the client cannot keep is no part of the story.
function within(card: Card, cannot: Cannot): Card {
  const kept = FIELDS.filter((field) => card[field] && cannot[`keep ${field}`] === undefined)
  return Object.fromEntries(kept.map((field) => [field, card[field]]))
}

function heldIn(folder: FolderHandle, cannot: Cannot): readonly Card[] {
  return folder.items().map((item) => within(cardOf(item), cannot))
}

/** The card that the server holds. */
function cardOf({ contact }: Snapshot): Card {
  type Held = Record<string, Record<string, unknown> | undefined>
  const {
    PhoneNumbers: phones,
    PhysicalAddresses: places,
    EmailAddresses: emails,
  } = contact as Held
  const email = emails?.EmailAddress1 as { address?: string } | string | undefined
  const { text } = (contact.Body ?? {}) as { text?: string }
  const found: Record<string, unknown> = {
    ...contact,
    ...phones,
    ...((places as Record<string, object> | undefined)?.Home ?? {}),
    EmailAddress1: typeof email === 'object' ? email.address : email,
    Body: (text ?? contact.Body) as string | undefined,
  }
  return alike(found as Card)
}

/** The card with its note's lines ended by LF, and no end of the last one. */
function alike(card: Card): Card {
  if (card.Body === undefined) return card
  return { ...card, Body: card.Body.replaceAll('\r\n', '\n').replace(/\n+$/, '') }
}

function sorted(cards: readonly Card[]): readonly string[] {
  return cards
    .map(alike)
    .map((card) => JSON.stringify(FIELDS.map((field) => card[field] ?? null)))
    .sort()
}
