// The one story that every client lives: contacts are made, read, changed and deleted, by the client and by others
// behind its back, in a mailbox and in a public folder; after each step the server holds what the client believes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import { schemaValidator } from '../exchange/schema.ts'
import type { FolderHandle, Snapshot } from '../exchange/store/store.ts'
import type { World } from '../exchange/world.ts'
import { type Card, type Client, FIELDS, type Place } from './client.ts'
import type { Obtained } from './install.ts'
import { ANNA, optionsFor, type SignIn } from './sign-ins.ts'

/** The public folder that Anna may write to, by its path. */
export const PUBLIC_FOLDER = '/Company/Contacts'

/** What a client cannot do, with the reason; the rest of the story is lived without it. */
export type Cannot = Readonly<{ sync?: string; 'sync a public folder'?: string }>

/** How an Exchange answers in a public folder, whichever the client. */
export const REFUSED: Cannot = {
  'sync a public folder': 'SyncFolderItems is refused there, as documented',
}

/** An Exchange at which a client signs in. */
export type Door = Readonly<{
  exchange: Exchange
  url: string
  signIn: SignIn
  /** The certificate of its authority, in PEM; there when it serves https. */
  caFile: string
}>

/** A client, and how the story is lived with it. */
export type Lived<C extends Client = Client> = Readonly<{
  name: string
  signIn: SignIn
  /** Makes the client; it may sign in at once or with its first request. */
  open: (door: Door) => Promise<C>
  /** Only one chapter of the story in each place: the whole is lived with another way of signing in. */
  short?: boolean
  obtained?: Obtained
  cannot?: Cannot
  options?: ExchangeOptions
  /** It reads from what it keeps, and brings that up to date in the background. */
  eventually?: true
  /** Declares tests of what only this client can do. */
  more?: (client: () => C) => void
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
    'a note of several lines',
    { GivenName: 'Olga', Surname: 'Kos', Body: 'first\nsecond & third\n\nlast' },
    { GivenName: 'Olga', Surname: 'Kos', Body: 'another' },
  ],
]

const POLL = { timeout: 30_000, interval: 200 }
const PLACES: readonly Place[] = ['mailbox', 'public folder']

/** Declares the tests of one client that signs in in one way: it lives the story, or it is refused. */
export function liveStory<C extends Client>(lived: Lived<C>): void {
  const { name, obtained, signIn } = lived
  const reason = obtained?.missing === undefined ? '' : ` (skipped: ${obtained.missing})`
  describe.skipIf(obtained?.missing !== undefined)(`${name}, ${signIn.title}${reason}`, () => {
    if (signIn.refused === undefined) liveThrough(lived)
    else test('it is refused, and nothing is done', () => knock(lived))
  })
}

function liveThrough<C extends Client>(lived: Lived<C>): void {
  const { cannot = {}, signIn } = lived
  const { client, exchange } = opened(lived)
  lived.more?.(client)
  for (const place of PLACES) {
    const folder = () => folderOf(exchange(), place)
    const why = unsynced(cannot, place)
    const agrees = async () => {
      const held = sorted(heldIn(folder()))
      const synced = async () => sorted(await client().sync(place))
      if (lived.eventually) await expect.poll(synced, POLL).toEqual(held)
      else if (why === undefined) expect(await synced()).toEqual(held)
      expect(sorted(await client().list(place))).toEqual(held)
    }
    const read = async (id: string) => {
      const card = await client().read(place, id)
      return card && alike(card)
    }
    const chapters = lived.short ? CHAPTERS.slice(0, 1) : CHAPTERS
    const how = why === undefined ? '' : ` (no synchronisation: ${why})`

    test.each(chapters)(`${place}: %s${how}`, async (_, card, changed) => {
      await agrees()
      const before = folder().size()
      const id = await client().create(place, card)
      expect(heldIn(folder())).toContainEqual(card)
      expect(folder().size()).toBe(before + 1)
      expect(await read(id)).toEqual(card)
      await agrees()

      await client().change(place, id, changed)
      expect(heldIn(folder())).toContainEqual(changed)
      expect(await read(id)).toEqual(changed)
      await agrees()

      await client().delete(place, id)
      expect(folder().size()).toBe(before)
      expect(heldIn(folder())).not.toContainEqual(changed)
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

  test('the server has seen this way of signing in, and no other', () => {
    const { accepted, refusals, last } = exchange().signIns
    expect(Object.keys(accepted)).toEqual([ANNA.mailbox])
    expect(refusals).toEqual({})
    expect(last?.binding).toBe(signIn.binding)
  })
}

async function knock<C extends Client>(lived: Lived<C>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-clients-'))
  const { exchange, door } = await exchangeFor(lived, folder)
  let client: C | undefined
  const asking = async () => {
    client = await lived.open(door)
    await client.list('mailbox')
  }
  await expect(asking()).rejects.toThrow()
  await client?.close()
  await exchange.close()
  expect(exchange.counts).toEqual({})
  expect(exchange.signIns.accepted).toEqual({})
  expect(Object.keys(exchange.signIns.refusals)).toEqual([lived.signIn.refused])
  rmSync(folder, { recursive: true })
}

async function exchangeFor(
  { signIn, options }: Pick<Lived, 'signIn' | 'options'>,
  folder: string,
  more = {},
) {
  const world = { ...WORLD, signIn: signIn.world }
  const exchange = await startExchange(world, {
    ...optionsFor(signIn, folder),
    ...options,
    ...more,
  })
  const door: Door = { exchange, url: exchange.url, signIn, caFile: join(folder, 'ca.crt') }
  return { exchange, door }
}

function opened<C extends Client>(lived: Lived<C>) {
  let folder = ''
  const validator = schemaValidator()
  const inspecting = validator ? { inspect: validator.inspect } : {}
  let exchange: Exchange | undefined
  let client: C | undefined
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exsync-clients-'))
    const started = await exchangeFor(lived, folder, inspecting)
    exchange = started.exchange
    client = await lived.open(started.door)
  })
  afterAll(async () => {
    await client?.close()
    await exchange?.close()
    rmSync(folder, { recursive: true })
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

function heldIn(folder: FolderHandle): readonly Card[] {
  return folder.items().map(cardOf)
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
  const present = FIELDS.filter((field) => found[field])
  return alike(Object.fromEntries(present.map((field) => [field, found[field]])))
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
