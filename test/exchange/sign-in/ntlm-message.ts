// NTLM messages as MS-NLMP §2.2.1 has them: the server reads NEGOTIATE and AUTHENTICATE and writes CHALLENGE.

/** Bytes are no NTLM message, or none that this server takes. */
export class NtlmError extends Error {
  override readonly name = 'NtlmError'
}

/** Negotiate flags (§2.2.2.5). */
export const FLAG = {
  unicode: 0x00000001,
  oem: 0x00000002,
  requestTarget: 0x00000004,
  sign: 0x00000010,
  seal: 0x00000020,
  ntlm: 0x00000200,
  alwaysSign: 0x00008000,
  targetTypeDomain: 0x00010000,
  extendedSessionSecurity: 0x00080000,
  targetInfo: 0x00800000,
  version: 0x02000000,
  key128: 0x20000000,
  keyExchange: 0x40000000,
  key56: 0x80000000,
} as const

/** Ids of attribute-value pairs (§2.2.2.1). */
export const AV = {
  end: 0,
  computer: 1,
  domain: 2,
  dnsComputer: 3,
  dnsDomain: 4,
  dnsTree: 5,
  flags: 6,
  timestamp: 7,
  targetName: 9,
  channelBindings: 10,
} as const

/** The bit in `AV.flags` that says that a MIC comes with the message. */
export const AV_FLAG_MIC = 2

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1')

/** Which message some bytes are, 1 to 3; undefined where they are none. */
export function messageTypeOf(bytes: Buffer): number | undefined {
  if (bytes.length < 12 || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined
  return bytes.readUInt32LE(8)
}

/** The flags of a NEGOTIATE message. Throws `NtlmError`. */
export function negotiatedFlags(bytes: Buffer): number {
  if (messageTypeOf(bytes) !== 1 || bytes.length < 16) throw new NtlmError('It is no NEGOTIATE')
  return bytes.readUInt32LE(12)
}

/** What a CHALLENGE says of its server. */
export type ServerNames = Readonly<{ domain: string; dnsDomain: string; computer: string }>

// What a server takes when the client asks for it.
const ON_REQUEST =
  FLAG.requestTarget |
  FLAG.sign |
  FLAG.seal |
  FLAG.alwaysSign |
  FLAG.extendedSessionSecurity |
  FLAG.version |
  FLAG.key128 |
  FLAG.keyExchange |
  FLAG.key56

/** A CHALLENGE in answer to a NEGOTIATE with these flags (§3.2.5.1.1). Throws `NtlmError`. */
export function challengeMessage(
  asked: number,
  serverChallenge: Buffer,
  names: ServerNames,
  nowMs: number,
): Buffer {
  const unicode = (asked & FLAG.unicode) !== 0
  if (!unicode && (asked & FLAG.oem) === 0) throw new NtlmError('The client has no characters')
  const always = FLAG.ntlm | FLAG.targetTypeDomain | FLAG.targetInfo
  const flags = (always | (unicode ? FLAG.unicode : FLAG.oem) | (asked & ON_REQUEST)) >>> 0
  const target = Buffer.from(names.domain, charactersOf(flags))
  const info = targetInfo(names, nowMs)
  const head = Buffer.alloc(56)
  SIGNATURE.copy(head)
  head.writeUInt32LE(2, 8)
  writeField(head, 12, target.length, head.length)
  head.writeUInt32LE(flags, 20)
  serverChallenge.copy(head, 24)
  writeField(head, 40, info.length, head.length + target.length)
  if ((flags & FLAG.version) !== 0) VERSION.copy(head, 48)
  return Buffer.concat([head, target, info])
}

// Windows Server 2019: 10.0, build 17763, NTLM revision 15 (§2.2.2.10).
const VERSION = Buffer.from('0a0063450000000f', 'hex')

function targetInfo({ domain, dnsDomain, computer }: ServerNames, nowMs: number): Buffer {
  const pairs: readonly (readonly [number, Buffer])[] = [
    [AV.domain, utf16(domain)],
    [AV.computer, utf16(computer)],
    [AV.dnsDomain, utf16(dnsDomain)],
    [AV.dnsComputer, utf16(`${computer.toLowerCase()}.${dnsDomain}`)],
    [AV.dnsTree, utf16(dnsDomain)],
    [AV.timestamp, fileTime(nowMs)],
    [AV.end, Buffer.alloc(0)],
  ]
  return Buffer.concat(
    pairs.flatMap(([id, value]) => {
      const head = Buffer.alloc(4)
      head.writeUInt16LE(id)
      head.writeUInt16LE(value.length, 2)
      return [head, value]
    }),
  )
}

/** An AUTHENTICATE message. */
export type Authenticate = Readonly<{
  flags: number
  user: string
  domain: string
  /** NTLMv2: the 16 bytes of proof, and then `temp` (§3.3.2); NTLMv1: 24 bytes. */
  ntResponse: Buffer
  lmResponse: Buffer
  sessionKey: Buffer
  bytes: Buffer
}>

/** Where the MIC is, in an AUTHENTICATE that has one. */
export const MIC = { start: 72, end: 88 } as const

/** Reads an AUTHENTICATE. Throws `NtlmError`. */
export function authenticateOf(bytes: Buffer): Authenticate {
  if (messageTypeOf(bytes) !== 3 || bytes.length < 64) throw new NtlmError('It is no AUTHENTICATE')
  const flags = bytes.readUInt32LE(60)
  const characters = charactersOf(flags)
  return {
    flags,
    lmResponse: field(bytes, 12),
    ntResponse: field(bytes, 20),
    domain: field(bytes, 28).toString(characters),
    user: field(bytes, 36).toString(characters),
    sessionKey: field(bytes, 52),
    bytes,
  }
}

/** What the client says in an NTLMv2 response (§2.2.2.7). */
export type ClientChallenge = Readonly<{
  timeMs: number
  pairs: ReadonlyMap<number, Buffer>
}>

/** Reads the `temp` of an NTLMv2 response. Throws `NtlmError`. */
export function clientChallengeOf(temp: Buffer): ClientChallenge {
  if (temp.length < 32 || temp[0] !== 1 || temp[1] !== 1) throw new NtlmError('It is not NTLMv2')
  const timeMs = Number(temp.readBigUInt64LE(8) / 10_000n) - EPOCH_MS
  return { timeMs, pairs: avPairs(temp.subarray(28)) }
}

function avPairs(bytes: Buffer): Map<number, Buffer> {
  const pairs = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)]
    if (id === AV.end) return pairs
    const value = bytes.subarray(at + 4, at + 4 + length)
    if (value.length !== length) throw new NtlmError('A pair is cut off')
    pairs.set(id, value)
    at += 4 + length
  }
  throw new NtlmError('The pairs have no end')
}

// The OEM character set of the server is Latin-1 here.
function charactersOf(flags: number): 'utf16le' | 'latin1' {
  return (flags & FLAG.unicode) === 0 ? 'latin1' : 'utf16le'
}

/** A text as NTLM has it. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}

// Times count 100 ns from 1601.
const EPOCH_MS = 11_644_473_600_000

/** A time as Windows writes it: 8 bytes. */
export function fileTime(ms: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(Math.floor(ms) + EPOCH_MS) * 10_000n)
  return bytes
}

function writeField(bytes: Buffer, at: number, length: number, offset: number): void {
  bytes.writeUInt16LE(length, at)
  bytes.writeUInt16LE(length, at + 2)
  bytes.writeUInt32LE(offset, at + 4)
}

function field(bytes: Buffer, at: number): Buffer {
  const length = bytes.readUInt16LE(at)
  const offset = bytes.readUInt32LE(at + 4)
  if (length === 0) return Buffer.alloc(0)
  if (offset < 64 || offset + length > bytes.length) throw new NtlmError('A field is outside')
  return bytes.subarray(offset, offset + length)
}
