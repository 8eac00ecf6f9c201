// A client of NTLM for the tests of the embedded Exchange. It can do what no good client does; that it does the right
// thing as well is shown by the vectors that Microsoft published, and by other people's clients.
import { exportedKey, hmacMd5, ntowfv2, rc4 } from './sign-in/ntlm.ts'
import { AV, AV_FLAG_MIC, FLAG, fileTime, MIC, utf16 } from './sign-in/ntlm-message.ts'

/** What an answer to a challenge is to be like. */
export type Plan = Readonly<{
  user: string
  domain: string
  password: string
  /** `none` sends none and does not say so; `wrong` says so and sends another one. Default: right. */
  mic?: 'right' | 'none' | 'wrong'
  binding?: Buffer
  targetName?: string
  /** Default: the time of the challenge. */
  timeMs?: number
  /** The domain that the key is made with. Default: that of the message. */
  keyDomain?: string
  /** Another response in the place of that of NTLMv2. */
  ntResponse?: Buffer
}>

const FLAGS =
  (FLAG.unicode |
    FLAG.requestTarget |
    FLAG.sign |
    FLAG.ntlm |
    FLAG.alwaysSign |
    FLAG.extendedSessionSecurity |
    FLAG.targetInfo |
    FLAG.version |
    FLAG.key128 |
    FLAG.keyExchange) >>>
  0

/** A NEGOTIATE message. */
export function negotiateMessage(flags: number = FLAGS): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.write('NTLMSSP\0', 'latin1')
  bytes.writeUInt32LE(1, 8)
  bytes.writeUInt32LE(flags, 12)
  return bytes
}

/** An AUTHENTICATE message in answer to a challenge, and the session key. */
export function authenticateMessage(
  negotiate: Buffer,
  challenge: Buffer,
  plan: Plan,
): { message: Buffer; key: Buffer; flags: number } {
  const { user, domain, password, mic = 'right', keyDomain = domain } = plan
  const flags = (FLAGS & challenge.readUInt32LE(20)) >>> 0
  const owf = ntowfv2(password, user, keyDomain)
  const temp = Buffer.concat([
    Buffer.from('0101000000000000', 'hex'),
    plan.timeMs === undefined ? timeIn(challenge) : fileTime(plan.timeMs),
    Buffer.alloc(8, 0xaa),
    Buffer.alloc(4),
    pairsFor(challenge, plan),
    Buffer.alloc(4),
  ])
  const proof = hmacMd5(owf, challenge.subarray(24, 32), temp)
  const key = Buffer.alloc(16, 0x55)
  const encrypted = rc4(hmacMd5(owf, proof), key)
  const payload = [
    Buffer.alloc(0),
    plan.ntResponse ?? Buffer.concat([proof, temp]),
    utf16(domain),
    utf16(user),
    utf16('CLIENT'),
    encrypted,
  ]
  const head = Buffer.alloc(MIC.end)
  head.write('NTLMSSP\0', 'latin1')
  head.writeUInt32LE(3, 8)
  let offset = head.length
  payload.forEach((part, index) => {
    head.writeUInt16LE(part.length, 12 + 8 * index)
    head.writeUInt16LE(part.length, 14 + 8 * index)
    head.writeUInt32LE(offset, 16 + 8 * index)
    offset += part.length
  })
  head.writeUInt32LE(flags, 60)
  const message = Buffer.concat([head, ...payload])
  if (mic === 'none') return { message, key, flags }
  const session = exportedKey(hmacMd5(owf, proof), flags, encrypted)
  const sum = hmacMd5(session, negotiate, challenge, message)
  if (mic === 'wrong') sum[0] = (sum[0] ?? 0) ^ 1
  sum.copy(message, MIC.start)
  return { message, key, flags }
}

function pairsFor(challenge: Buffer, { mic, binding, targetName }: Plan): Buffer {
  const length = challenge.readUInt16LE(40)
  const start = challenge.readUInt32LE(44)
  const given = challenge.subarray(start, start + length - 4) // without the end
  const said = Buffer.from([AV_FLAG_MIC, 0, 0, 0])
  return Buffer.concat([
    given,
    ...(mic === 'none' ? [] : [pair(AV.flags, said)]),
    ...(binding ? [pair(AV.channelBindings, binding)] : []),
    ...(targetName === undefined ? [] : [pair(AV.targetName, utf16(targetName))]),
    pair(AV.end, Buffer.alloc(0)),
  ])
}

function pair(id: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id)
  head.writeUInt16LE(value.length, 2)
  return Buffer.concat([head, value])
}

function timeIn(challenge: Buffer): Buffer {
  const head = Buffer.from([AV.timestamp, 0, 8, 0])
  const at = challenge.indexOf(head, 56)
  return challenge.subarray(at + 4, at + 12)
}
