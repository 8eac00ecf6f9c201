// Encrypts content at rest. With a key, all content that people wrote is sealed (AES-256-GCM, a random nonce each) and
// bound to its spot: a value moved to another row or column does not open. Digests are keyed, because short content could
// be guessed from them. Without a key content is stored as it is. Field names, ids, versions and times are not content.
//
//   key file ─ HKDF with the salt of the state ─► sealing key; each change of keys draws a new salt
//   digest ─ HMAC ─► … ─ HMAC ─► print    one layer per change of keys: stored prints get one more layer, because the
//                                         digest itself is not stored
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

/** The spot of a sealed value: table, column and the values that name its row. It opens at no other spot. */
export type Spot = readonly (string | number)[]

/** How content is stored. */
export type Vault = Readonly<{
  seal: (text: string, at: Spot) => string
  /** Throws a terminal SyncError for a value that was sealed with another key or for another spot, or was changed. */
  open: (sealed: string, at: Spot) => string
  /** The stored form of a digest: equal for equal digests. */
  fingerprint: (digest: string) => string
  /** The form of a stored fingerprint in rows that a running key change has already reached; undefined without one. */
  carriedFingerprint?: (print: string) => string
  /** The keys of the layers of `fingerprint`, in base64, in order. */
  layers: readonly string[]
}>

const cipher = 'aes-256-gcm'
const [nonceBytes, tagBytes, keyBytes] = [12, 16, 32]

/** A vault without a key. Layers remain from the time when there was one. */
export function plainVault(layers: readonly string[] = []): Vault {
  return { seal: (text) => text, open: (text) => text, fingerprint: printing(layers), layers }
}

/** A vault without a key that never had one. */
export const plain: Vault = plainVault()

/** A vault with a key of 32 bytes, the salt of the state (base64) and the layers. */
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

/** The vault of states up to schema 4, whose values are not bound to a spot. It only opens, so that they can be bound. */
export function unbound(key: Uint8Array): Vault {
  const sealing = createSecretKey(derived(key, 'seal'))
  const layers = [derived(key, 'print').toString('base64')]
  const seal = () => {
    throw new Error('an unbound vault cannot seal')
  }
  return { seal, open: (text) => opened(sealing, text), fingerprint: printing(layers), layers }
}

/** Applies layers to a digest, or the layers that a key change adds to a stored print. */
export function printing(layers: readonly string[]): (digest: string) => string {
  const keys = layers.map((layer) => createSecretKey(Buffer.from(layer, 'base64')))
  const print = (digest: string, key: KeyObject) =>
    createHmac('sha256', key).update(digest).digest('base64url').slice(0, 22)
  return (digest) => keys.reduce(print, digest)
}

/** A layer key or a salt: random bytes in base64. */
export function drawnAtRandom(bytes: 16 | 32): string {
  return randomFillSync(Buffer.alloc(bytes)).toString('base64')
}

/** The key in a file: 32 raw bytes, 64 hexadecimal digits, or base64. Throws a terminal KeyInvalid. */
export function keyOf(bytes: Uint8Array, file: string): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  // 32 hexadecimal digits also have 32 bytes, but they are half a key.
  if (bytes.length === keyBytes && !/^[0-9a-f]{32}$/i.test(text)) return bytes
  throw new SyncError(
    'terminal',
    'KeyInvalid',
    `the key file ${file} does not hold a key: it needs 32 random bytes, raw, as 64 hexadecimal digits, or in base64. Make one: openssl rand -base64 32`,
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
    throw damaged('the state, in which an encrypted value was changed or moved,', error)
  }
}

function derived(key: Uint8Array, use: string, salt: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `exsync ${use}`, keyBytes))
}

// Each draw is a system call; draw a thousand nonces at once.
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
