// Ids and change keys, laid out like those of Exchange, so that clients which look inside find what they
// expect:
//
//   mailbox item    00 03 len guid 00 len │ flags provider type │ folder │ replica counter pad
//   public item     00 02 len │ flags provider type │ folder │ replica counter pad │ len folder id
//   change key      type 22 │ replica counter
//
// The counter always starts at a multiple of three bytes, so it is eight letters of base64. It is written so
// that every second id differs from the one before it only in the case of one letter: whoever compares ids
// without regard to case soon mixes up two items.
import { createHash } from 'node:crypto'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PAIRS = 26

/** Makes the ids of one mailbox, or of the public folders. */
export type Ids = Readonly<{
  /** What they are made of. */
  seed: string
  folder: (serial: number) => string
  item: (folder: number, serial: number) => string
  attachment: (item: string, serial: number) => string
  changeKey: (type: ObjectType, change: number) => string
  /** The change a key stands for; undefined when it is not a change key of this store. */
  change: (key: string) => number | undefined
  guid: string
}>

/** What a change key's first byte says. */
export type ObjectType = 'folder' | 'Contact' | 'DistributionList' | 'Message' | 'PostItem' | 'Item'

/** What kind of id a text is, by its layout alone. */
export type IdKind = 'item' | 'folder' | 'attachment'

const TYPES: Readonly<Record<ObjectType, number>> = {
  folder: 0x01,
  Message: 0x09,
  PostItem: 0x0b,
  Item: 0x0f,
  Contact: 0x11,
  DistributionList: 0x12,
}

/** The ids of the store that `seed` names. */
export function idsOf(seed: string, scope: 'mailbox' | 'public'): Ids {
  const guid = guidOf(seed)
  const replica = digest(`replica ${seed}`).subarray(0, 16)
  const keys = new Map(
    Object.entries(TYPES).map(([type, byte]) => {
      const head = Buffer.from([byte, 0, 0, 0, 22, 0, 0, 0])
      return [type, Buffer.concat([head, replica]).toString('base64')] as const
    }),
  )
  const layout = scope === 'mailbox' ? mailboxLayout(guid, replica) : publicLayout(replica)
  const prefixes = new Map<number, Affix>()
  const affix = (folder: number): Affix => {
    const known = prefixes.get(folder)
    if (known) return known
    const made = layout.item(folder)
    prefixes.set(folder, made)
    return made
  }
  return unlisted({
    seed,
    guid,
    folder: (serial) => layout.folder.before + letters(serial) + layout.folder.after,
    item: (folder, serial) => {
      const { before, after } = affix(folder)
      return before + letters(serial) + after
    },
    attachment: (item, serial) =>
      Buffer.from(`\u0001\u0000${item}\u0000${serial}`).toString('base64'),
    changeKey: (type, change) => `${keys.get(type)}${plain(change)}`,
    change: (key) => {
      const known = key.length === 40 && [...keys.values()].includes(key.slice(0, 32))
      return known ? number(key.slice(32)) : undefined
    },
  })
}

// Functions are not listed, so that what is written down of a store is its values.
function unlisted(ids: Ids): Ids {
  const functions = Object.entries(ids).filter(([, value]) => typeof value === 'function')
  for (const [key] of functions) Object.defineProperty(ids, key, { enumerable: false })
  return ids
}

/** A GUID that depends on nothing but the seed. */
export function guidOf(seed: string): string {
  const hex = digest(`guid ${seed}`).toString('hex')
  const part = (from: number, to: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-4${part(13, 16)}-a${part(17, 20)}-${part(20, 32)}`
}

/** Sixteen bytes in base64 that depend on nothing but the seed. */
export function keyOf(seed: string): string {
  return digest(`key ${seed}`).subarray(0, 16).toString('base64')
}

/** The kind of an id; undefined when it is malformed. */
export function kindOf(id: string): IdKind | undefined {
  if (id.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(id)) return undefined
  const bytes = Buffer.from(id, 'base64')
  const [zero, storage] = bytes
  if (zero === 0 && storage === 3) return bytes.length === 113 ? 'item' : whole(bytes, 89)
  if (zero === 0 && storage === 1) return whole(bytes, 50)
  if (zero === 0 && storage === 2) return bytes.length === 122 ? 'item' : undefined
  return zero === 1 && storage === 0 ? 'attachment' : undefined
}

function whole(bytes: Buffer, length: number): IdKind | undefined {
  return bytes.length === length ? 'folder' : undefined
}

type Affix = Readonly<{ before: string; after: string }>
type Layout = Readonly<{ folder: Affix; item: (folder: number) => Affix }>

const ZERO2 = Buffer.alloc(2)
const MAILBOX_PROVIDER = Buffer.from('1b55fa20aa6611cd9bc800aa002fc45a', 'hex')
const PUBLIC_PROVIDER = Buffer.from('1a447390aa6611cd9bc800aa002fc45a', 'hex')

function entry(provider: Buffer, type: number, replica: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(4), provider, Buffer.from([type, 0]), replica])
}

function mailboxLayout(guid: string, replica: Buffer): Layout {
  const moniker = Buffer.concat([Buffer.from([0, 3, 36, 0]), Buffer.from(guid, 'ascii')])
  const head = (length: number) => Buffer.concat([moniker, Buffer.from([0, length, 0])])
  const folder = Buffer.concat([head(46), entry(MAILBOX_PROVIDER, 1, replica)])
  const item = (serial: number) =>
    Buffer.concat([head(70), entry(MAILBOX_PROVIDER, 7, replica), counter(serial), ZERO2, replica])
  return {
    folder: { before: folder.toString('base64'), after: ZERO2.toString('base64') },
    item: (serial) => ({ before: item(serial).toString('base64'), after: 'AAA=' }),
  }
}

function publicLayout(replica: Buffer): Layout {
  const folder = entry(PUBLIC_PROVIDER, 3, replica)
  const head = (storage: number, length: number) => Buffer.from([0, storage, length, 0])
  return {
    folder: {
      before: Buffer.concat([head(1, 46), folder]).toString('base64'),
      after: ZERO2.toString('base64'),
    },
    item: (serial) => {
      const parent = Buffer.concat([folder, counter(serial), ZERO2])
      const message = entry(PUBLIC_PROVIDER, 9, replica)
      const before = [head(2, 70), message, counter(serial), ZERO2, replica]
      const after = [ZERO2, Buffer.from([46, 0]), parent]
      return {
        before: Buffer.concat(before).toString('base64'),
        after: Buffer.concat(after).toString('base64'),
      }
    },
  }
}

function counter(serial: number): Buffer {
  return Buffer.from(letters(serial), 'base64')
}

function letters(serial: number): string {
  const pair = Math.floor(serial / 2)
  const letter = BASE64[(pair % PAIRS) + (serial % 2) * PAIRS]
  return `${plain(Math.floor(pair / PAIRS)).slice(1)}${letter}`
}

function plain(value: number): string {
  let rest = value
  let found = ''
  for (let i = 0; i < 8; i += 1) {
    found = BASE64[rest % 64] + found
    rest = Math.floor(rest / 64)
  }
  return found
}

function number(eight: string): number {
  let value = 0
  for (const letter of eight) value = value * 64 + BASE64.indexOf(letter)
  return value
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
