// Content at rest. With a key everything that somebody wrote is sealed (AES-256-GCM, a random nonce each), and bound
// to its spot: what is moved to another row or column opens no more. Digests, from which short content could be
// guessed, are keyed. Without a key content is stored as it is. Names of fields, ids, versions and times are no content.
//
//   key file ─ HKDF, salt of the state ─► key that seals; a change of keys draws another salt
//   digest ─ HMAC ─► … ─ HMAC ─► print    one layer per change of keys: what was printed before is printed on, since
//                                         the digest itself is not written down
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto'
import { SyncError } from '../core/sync-error.ts'
import { damaged } from './errors.ts'

/** Where something sealed stands: its table and column, and what names its row. It opens nowhere else. */
export type Spot = readonly (string | number)[]

/** How content is written down. */
export type Vault = Readonly<{
  seal: (text: string, at: Spot) => string
  /** Throws a terminal SyncError for what was not sealed with this key for this spot, or was changed since. */
  open: (sealed: string, at: Spot) => string
  /** A digest as it is written down: equal for equal digests. */
  fingerprint: (digest: string) => string
  /** The same print, as it is written down in rows that a change under way has reached; undefined: there is none. */
  carriedFingerprint?: (print: string) => string
  /** The keys of the layers of `fingerprint`, in base64, the first one first. */
  layers: readonly string[]
}>

const cipher = 'aes-256-gcm'
const [nonceBytes, tagBytes, keyBytes] = [12, 16, 32]

/** Without a key. Layers are left of the time when there was one. */
export function plainVault(layers: readonly string[] = []): Vault {
  return { seal: (text) => text, open: (text) => text, fingerprint: printing(layers), layers }
}

/** Without a key, and there never was one. */
export const plain: Vault = plainVault()

/** With a key of 32 bytes, and the salt of the state. */
export function keyed(key: Uint8Array, salt: string, layers: readonly string[]): Vault {
  const sealing = createSecretKey(derived(key, 'seal bound', Buffer.from(salt, 'base64')))
  const bound = (at: Spot) => Buffer.from(JSON.stringify(at))
  return {
    seal: (text, at) => sealed(sealing, text, bound(at)),
    open: (text, at) => opened(sealing, text, bound(at)),
    fingerprint: printing(layers),
    layers,
  }
}

/** As states were sealed up to schema 4: nothing is bound to its spot. Only opens, so that it can be bound. */
export function unbound(key: Uint8Array): Vault {
  const sealing = createSecretKey(derived(key, 'seal'))
  const layers = [derived(key, 'print').toString('base64')]
  const seal = () => {
    throw new Error('nothing is sealed without its spot any more')
  }
  return { seal, open: (text) => opened(sealing, text), fingerprint: printing(layers), layers }
}

/** The layers that a change of keys adds to prints that are written down already. */
export function printing(layers: readonly string[]): (digest: string) => string {
  const keys = layers.map((layer) => createSecretKey(Buffer.from(layer, 'base64')))
  const print = (digest: string, key: KeyObject) =>
    createHmac('sha256', key).update(digest).digest('base64url').slice(0, 22)
  return (digest) => keys.reduce(print, digest)
}

/** The key of a layer, or a salt: random bytes in base64. */
export function drawnAtRandom(bytes: 16 | 32): string {
  return randomFillSync(Buffer.alloc(bytes)).toString('base64')
}

/** The key in a file: 32 bytes as they are, as 64 hexadecimal digits, or in base64. */
export function keyOf(bytes: Uint8Array, file: string): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  // Half a key in hexadecimal digits also has 32 bytes.
  if (bytes.length === keyBytes && !/^[0-9a-f]{32}$/i.test(text)) return bytes
  throw new SyncError(
    'terminal',
    'KeyInvalid',
    `the key file ${file} does not hold a key: it takes 32 random bytes, as they are, as 64 hexadecimal digits, or in base64 (openssl rand -base64 32)`,
  )
}

function sealed(key: KeyObject, text: string, bound: Uint8Array): string {
  const nonce = nonceOf()
  const sealer = createCipheriv(cipher, key, nonce).setAAD(bound)
  const parts = [nonce, sealer.update(text, 'utf8'), sealer.final(), sealer.getAuthTag()]
  return Buffer.concat(parts).toString('base64')
}

function opened(key: KeyObject, sealed: string, bound?: Uint8Array): string {
  try {
    const bytes = Buffer.from(sealed, 'base64')
    const opener = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
    if (bound !== undefined) opener.setAAD(bound)
    opener.setAuthTag(bytes.subarray(bytes.length - tagBytes))
    const text = bytes.subarray(nonceBytes, bytes.length - tagBytes)
    return opener.update(text, undefined, 'utf8') + opener.final('utf8')
  } catch (error) {
    throw damaged('the state, in which something sealed was changed or moved,', error)
  }
}

function derived(key: Uint8Array, use: string, salt: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `exsync ${use}`, keyBytes))
}

// Drawing random bytes is a call into the system; a thousand nonces are drawn at once.
const drawn = Buffer.alloc(nonceBytes * 1000)
let next = drawn.length

function nonceOf(): Uint8Array {
  if (next === drawn.length) {
    randomFillSync(drawn)
    next = 0
  }
  next += nonceBytes
  return Buffer.from(drawn.subarray(next - nonceBytes, next))
}
