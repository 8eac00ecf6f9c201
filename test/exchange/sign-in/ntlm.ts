// The server's side of NTLM (MS-NLMP §3.2.5): is this AUTHENTICATE the answer of a user to our CHALLENGE? NTLMv2 only;
// a MIC is checked where the message says that it has one, a time and a channel binding as §3.2.5.1.2 and RFC 5929 have them.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { md4 } from '../../../controller/ews/ntlm/md4.ts'
import { type BindingFit, type ExtendedProtection, fitOf } from './channel-binding.ts'
import {
  type Authenticate,
  AV,
  AV_FLAG_MIC,
  authenticateOf,
  type ClientChallenge,
  clientChallengeOf,
  FLAG,
  MIC,
  NtlmError,
  utf16,
} from './ntlm-message.ts'

/** Why a sign-in is refused. A client is answered the same, whatever it is. */
export type Refusal =
  | 'malformed'
  | 'noChallenge'
  | 'notOffered'
  | 'ntlmVersion'
  | 'user'
  | 'password'
  | 'time'
  | 'mic'
  | 'binding'
  | 'token'
  | 'ticket'

/** What went before an AUTHENTICATE on its connection. */
export type Handshake = Readonly<{
  negotiate: Buffer
  challenge: Buffer
  serverChallenge: Buffer
}>

/** How an AUTHENTICATE is judged. */
export type Rules<U> = Readonly<{
  /** The user of a name in a domain, the latter as in the message, and the password. */
  lookUp: (name: string, domain: string) => Readonly<{ user: U; password: string }> | undefined
  extendedProtection: ExtendedProtection
  /** The binding of the channel; undefined without TLS. */
  binding: Buffer | undefined
  nowMs: number
}>

/** What an AUTHENTICATE has shown; how far it was read depends on what was wrong. */
export type Judgement<U> = Readonly<{
  /** The name in the message, with the domain before it. */
  name: string
  user?: U
  refusal?: Refusal
  /** What binds messages that follow, such as the list of mechanisms in SPNEGO. */
  session?: Readonly<{ key: Buffer; flags: number }>
  /** What it carried beside the proof. */
  mic?: boolean
  binding?: BindingFit
  targetName?: string
}>

/** Longer ago, or further ahead, than this, the time of a response is not taken (§3.1.1.1, MaxLifetime). */
const LIFETIME_MS = 36 * 3_600_000

/** Judges an AUTHENTICATE message. */
export function judge<U>(handshake: Handshake, bytes: Buffer, rules: Rules<U>): Judgement<U> {
  try {
    const message = authenticateOf(bytes)
    const name = message.domain === '' ? message.user : `${message.domain}\\${message.user}`
    return { name, ...judged(handshake, message, rules) }
  } catch (error) {
    if (error instanceof NtlmError) return { name: '', refusal: 'malformed' }
    throw error
  }
}

function judged<U>(
  handshake: Handshake,
  message: Authenticate,
  rules: Rules<U>,
): Omit<Judgement<U>, 'name'> {
  const { ntResponse } = message
  const found = rules.lookUp(message.user, message.domain)
  const who = found && { user: found.user }
  // Of 24 bytes is the response of NTLMv1; without any, it is LM alone, or nobody in particular.
  if (ntResponse.length <= 24) return { ...who, refusal: 'ntlmVersion' }
  const [proof, temp] = [ntResponse.subarray(0, 16), ntResponse.subarray(16)]
  const said = clientChallengeOf(temp)
  if (!found) return { refusal: 'user' }
  const shown = { ...who, ...carried(said, rules.binding) }
  const baseKey = [message.domain, '']
    .map((domain) => ntowfv2(found.password, message.user, domain))
    .filter((key) => same(proof, hmacMd5(key, handshake.serverChallenge, temp)))
    .map((key) => hmacMd5(key, proof))[0]
  if (baseKey === undefined) return { ...shown, refusal: 'password' }
  if (Math.abs(rules.nowMs - said.timeMs) > LIFETIME_MS) return { ...shown, refusal: 'time' }
  const flags = (message.flags & handshake.challenge.readUInt32LE(20)) >>> 0
  const key = exportedKey(baseKey, flags, message.sessionKey)
  if (shown.mic && !micFits(key, handshake, message.bytes)) return { ...shown, refusal: 'mic' }
  if (!bound(rules, shown.binding)) return { ...shown, refusal: 'binding' }
  return { ...shown, session: { key, flags } }
}

function carried({ pairs }: ClientChallenge, expected: Buffer | undefined) {
  const flags = pairs.get(AV.flags)
  const targetName = pairs.get(AV.targetName)?.toString('utf16le')
  const sent = pairs.get(AV.channelBindings)
  return {
    mic: flags !== undefined && flags.length >= 4 && (flags.readUInt32LE() & AV_FLAG_MIC) !== 0,
    binding: fitOf(sent, expected ?? Buffer.alloc(0)),
    ...(targetName !== undefined && { targetName }),
  }
}

function bound({ extendedProtection, binding }: Rules<unknown>, fit: BindingFit): boolean {
  if (extendedProtection === 'Off' || binding === undefined) return true
  return fit === 'right' || (fit === 'none' && extendedProtection === 'Allow')
}

// The MIC is over all three messages, with zeros in its own place.
function micFits(key: Buffer, { negotiate, challenge }: Handshake, bytes: Buffer): boolean {
  if (bytes.length < MIC.end) return false
  const bare = Buffer.from(bytes)
  bare.fill(0, MIC.start, MIC.end)
  return same(bytes.subarray(MIC.start, MIC.end), hmacMd5(key, negotiate, challenge, bare))
}

/** The key of a user under NTLMv2 (§3.3.2), from the password: 16 bytes. */
export function ntowfv2(password: string, user: string, domain: string): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(upper(user) + domain))
}

/** The exported session key: the client's own where keys are exchanged, else the base key (§3.2.5.1.2). */
export function exportedKey(baseKey: Buffer, flags: number, encrypted: Buffer): Buffer {
  const exchanged = (flags & FLAG.keyExchange) !== 0 && (flags & (FLAG.sign | FLAG.seal)) !== 0
  return exchanged ? rc4(baseKey, encrypted) : baseKey
}

/** HMAC-MD5 of some bytes one after the other: 16 bytes. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('md5', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** RC4, which OpenSSL 3 does not offer any more. */
export function rc4(key: Buffer, bytes: Buffer): Buffer {
  const box = Uint8Array.from({ length: 256 }, (_, n) => n)
  const at = (n: number) => box[n & 0xff] ?? 0
  const swap = (n: number, m: number) => {
    const kept = at(n)
    box[n & 0xff] = at(m)
    box[m & 0xff] = kept
  }
  for (let n = 0, m = 0; n < 256; n += 1) {
    m = (m + at(n) + (key[n % key.length] ?? 0)) & 0xff
    swap(n, m)
  }
  let m = 0
  return Buffer.from(
    bytes.map((byte, index) => {
      const n = index + 1
      m = (m + at(n)) & 0xff
      swap(n, m)
      return byte ^ at(at(n) + at(m))
    }),
  )
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

// One letter becomes one letter, as in Windows: ß stays.
function upper(text: string): string {
  return [...text]
    .map((letter) => {
      const large = letter.toUpperCase()
      return large.length === letter.length ? large : letter
    })
    .join('')
}
