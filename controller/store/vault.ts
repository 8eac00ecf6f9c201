// Content at rest. With a key everything that somebody wrote is sealed (AES-256-GCM, a random nonce
// each), and digests, from which short content could be guessed, are keyed. Without one it is stored as
// it is. Names of fields, ids, versions and times are no content.
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
import { damaged } from './refusals.ts'

/** How content is written down. */
export type Vault = Readonly<{
  seal: (text: string) => string
  /** Throws a terminal SyncError for what was not sealed with this key, or was changed since. */
  open: (sealed: string) => string
  /** A digest as it is written down: equal for equal digests. */
  print: (digest: string) => string
}>

const cipher = 'aes-256-gcm'
const [nonceBytes, tagBytes, keyBytes] = [12, 16, 32]

/** Without a key. */
export const plain: Vault = { seal: (text) => text, open: (text) => text, print: (text) => text }

/** With a key of 32 bytes. */
export function keyed(key: Uint8Array): Vault {
  const [sealing, printing] = [derived(key, 'seal'), derived(key, 'print')]
  return {
    seal: (text) => {
      const nonce = nonceOf()
      const sealer = createCipheriv(cipher, sealing, nonce)
      const parts = [nonce, sealer.update(text, 'utf8'), sealer.final(), sealer.getAuthTag()]
      return Buffer.concat(parts).toString('base64')
    },
    open: (sealed) => {
      try {
        const bytes = Buffer.from(sealed, 'base64')
        const opener = createDecipheriv(cipher, sealing, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
        opener.setAuthTag(bytes.subarray(bytes.length - tagBytes))
        const text = bytes.subarray(nonceBytes, bytes.length - tagBytes)
        return opener.update(text, undefined, 'utf8') + opener.final('utf8')
      } catch (error) {
        throw damaged('something sealed in the state', error)
      }
    },
    print: (digest) =>
      createHmac('sha256', printing).update(digest).digest('base64url').slice(0, 22),
  }
}

/** The key in a file: 32 bytes as they are, as 64 hexadecimal digits, or in base64. */
export function keyOf(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString('latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  // Half a key in hexadecimal digits also has 32 bytes.
  if (file.length === keyBytes && !/^[0-9a-f]{32}$/i.test(text)) return file
  throw new SyncError(
    'terminal',
    'KeyInvalid',
    'the key file does not hold a key: it takes 32 random bytes, as they are, as 64 hexadecimal digits, or in base64 (openssl rand -base64 32)',
  )
}

function derived(key: Uint8Array, use: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `exsync ${use}`, keyBytes)))
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
