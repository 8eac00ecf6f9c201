// The three messages of NTLM (MS-NLMP §2.2.1): the client offers, the server challenges, the client answers. Version 2
// only, without session security: TLS protects the requests. The answer carries a message integrity code, the service's
// name, and the channel binding.
import { hmac, type NtlmUser, responsesTo, utf16 } from './keys.ts'

/** A challenge as received; `bytes` is the message. `targetInfo`: AV pairs by id, without the end mark. */
export type Challenge = Readonly<{
  bytes: Buffer
  flags: number
  nonce: Buffer
  targetInfo: ReadonlyMap<number, Buffer>
}>

/** The statements of an answer beside the account. */
export type Statement = Readonly<{
  /** The service principal name, `HTTP/host`. */
  service: string
  /** MD5 of the channel bindings, 16 bytes; undefined: none is sent. */
  binding: Buffer | undefined
  /** 8 random bytes. */
  nonce: Buffer
  /** The client's clock, ms since 1970; used only if the server states no time. */
  nowMs: number
}>

const signature = Buffer.from('NTLMSSP\0', 'latin1')

/** MS-NLMP §2.2.2.5. */
const flag = {
  unicode: 0x1,
  requestTarget: 0x4,
  ntlm: 0x200,
  alwaysSign: 0x8000,
  extendedSessionSecurity: 0x80000,
  targetInfo: 0x800000,
  version: 0x2000000,
  key128: 0x20000000,
  key56: 0x80000000,
}

const offered =
  (flag.unicode |
    flag.requestTarget |
    flag.ntlm |
    flag.alwaysSign |
    flag.extendedSessionSecurity |
    flag.version |
    flag.key128 |
    flag.key56) >>>
  0

/** MS-NLMP §2.2.2.1. */
const av = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 }

const hasIntegrityCode = Buffer.from([2, 0, 0, 0])

/** Windows 10, NTLM revision 15 (MS-NLMP §2.2.2.10). */
const version = Buffer.from([10, 0, 0x63, 0x45, 0, 0, 0, 15])

/** The first message: 40 bytes, without a name. Source: MS-NLMP §2.2.1.1. */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40)
  signature.copy(message)
  message.writeUInt32LE(1, 8)
  message.writeUInt32LE(offered, 12)
  version.copy(message, 32)
  return message
}

/** Reads the second message; undefined if it is not one, or not one for NTLMv2. Source: MS-NLMP §2.2.1.2. */
export function challengeIn(bytes: Buffer): Challenge | undefined {
  if (bytes.length < 48 || !bytes.subarray(0, 8).equals(signature)) return undefined
  const flags = bytes.readUInt32LE(20)
  if (bytes.readUInt32LE(8) !== 2 || (flags & flag.unicode) === 0) return undefined
  const targetInfo = pairsIn(fieldAt(bytes, 40))
  return targetInfo && { bytes, flags, nonce: bytes.subarray(24, 32), targetInfo }
}

/** The third message. Source: MS-NLMP §2.2.1.3 and §3.1.5.1.2. */
export function authenticateMessage(
  user: NtlmUser,
  challenge: Challenge,
  statement: Statement,
): Buffer {
  const time = challenge.targetInfo.get(av.timestamp)
  const nonces = {
    server: challenge.nonce,
    client: statement.nonce,
    time: time ?? fileTime(statement.nowMs),
  }
  const info = infoOf(challenge, statement)
  const { nt, lm, sessionKey } = responsesTo(user, nonces, info)
  const texts = [utf16(user.domain), utf16(user.name), Buffer.alloc(0)]
  const sealedKey = Buffer.alloc(0)
  const message = assembled(challenge.flags & (offered | flag.targetInfo), [
    time === undefined ? lm : Buffer.alloc(24),
    nt,
    ...texts,
    sealedKey,
  ])
  if (time !== undefined) {
    const code = hmac(sessionKey, negotiateMessage(), challenge.bytes, message)
    code.copy(message, integrityCodeAt)
  }
  return message
}

const integrityCodeAt = 72
const payloadAt = 88

// The header with each field's length and place, an integrity code of zeros, and the fields.
function assembled(flags: number, fields: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(payloadAt)
  signature.copy(header)
  header.writeUInt32LE(3, 8)
  let at = payloadAt
  fields.forEach(({ length }, n) => {
    header.writeUInt16LE(length, 12 + 8 * n)
    header.writeUInt16LE(length, 14 + 8 * n)
    header.writeUInt32LE(at, 16 + 8 * n)
    at += length
  })
  header.writeUInt32LE(flags >>> 0, 60)
  version.copy(header, 64)
  return Buffer.concat([header, ...fields])
}

// The server's AV pairs with ours. Without the server's time, old servers expect no flags.
function infoOf({ targetInfo }: Challenge, { service, binding }: Statement): Buffer {
  const pairs = new Map(targetInfo)
  for (const id of [av.flags, av.targetName, av.channelBindings]) pairs.delete(id)
  if (pairs.has(av.timestamp)) pairs.set(av.flags, hasIntegrityCode)
  if (binding !== undefined) pairs.set(av.channelBindings, binding)
  pairs.set(av.targetName, utf16(service))
  const parts = [...pairs].map(([id, value]) => Buffer.concat([head(id, value.length), value]))
  return Buffer.concat([...parts, head(av.end, 0)])
}

function head(id: number, length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(id, 0)
  bytes.writeUInt16LE(length, 2)
  return bytes
}

function pairsIn(bytes: Buffer | undefined): ReadonlyMap<number, Buffer> | undefined {
  if (bytes === undefined) return undefined
  const pairs = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)]
    if (id === av.end) return pairs
    at += 4 + length
    if (at > bytes.length || (id === av.timestamp && length !== 8)) return undefined
    pairs.set(id, bytes.subarray(at - length, at))
  }
  return bytes.length === 0 ? pairs : undefined
}

function fieldAt(bytes: Buffer, header: number): Buffer | undefined {
  const [length, at] = [bytes.readUInt16LE(header), bytes.readUInt32LE(header + 4)]
  return at + length <= bytes.length ? bytes.subarray(at, at + length) : undefined
}

// 100 ns since 1601.
function fileTime(nowMs: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE((BigInt(Math.trunc(nowMs)) + 11_644_473_600_000n) * 10_000n)
  return bytes
}
