// SPNEGO (RFC 4178) as far as NTLM comes inside of it: which mechanisms a client offers, its token, and the answer.
import { createHash } from 'node:crypto'
import {
  type DerElement,
  DerError,
  elementsIn,
  firstIn,
  oid,
  sequence,
  TAG,
  tagged,
  tagIn,
} from '../http/der.ts'
import { hmacMd5, rc4 } from './ntlm.ts'
import { FLAG } from './ntlm-message.ts'

/** What a client sends: a NegTokenInit has mechanisms, a NegTokenResp none. */
export type ClientToken = Readonly<{
  /** The identifiers of the mechanisms in DER, the preferred one first, and the list as it is signed. */
  mechanisms?: Readonly<{ offered: readonly Buffer[]; list: Buffer }>
  token: Buffer | undefined
  /** The signature of the list. */
  listMic: Buffer | undefined
}>

/** What the server answers. */
export type ServerToken = Readonly<{
  state: 'completed' | 'incomplete' | 'requestMic'
  mechanism?: Buffer
  token?: Buffer
  listMic?: Buffer
}>

/** The identifiers of mechanisms. */
export const MECHANISM = {
  ntlm: oid('1.3.6.1.4.1.311.2.2.10'),
  kerberos: oid('1.2.840.113554.1.2.2'),
} as const

const SPNEGO = oid('1.3.6.1.5.5.2')
const STATES = { completed: 0, incomplete: 1, requestMic: 3 } as const

/** Reads a client's token. Throws `DerError`. */
export function clientTokenOf(bytes: Buffer): ClientToken {
  const outer = firstIn(bytes)
  // The first token has a frame with the identifier of SPNEGO (RFC 2743 §3.1); those that follow have none.
  const framed = outer.tag === 0x60
  const [id, inner] = framed ? elementsIn(outer.content) : [undefined, outer]
  if (framed && id?.bytes.equals(SPNEGO) !== true) throw new DerError('It is not SPNEGO')
  if (inner?.tag !== (framed ? 0xa0 : 0xa1)) throw new DerError('It is no token of SPNEGO')
  const fields = elementsIn(content(inner, TAG.sequence))
  const token = octets(fields, 0xa2)
  const listMic = octets(fields, 0xa3)
  if (!framed) return { token, listMic }
  const list = tagIn(fields, 0xa0)
  if (list === undefined) throw new DerError('There are no mechanisms')
  const offered = elementsIn(content(list, TAG.sequence)).map((each) => each.bytes)
  return { mechanisms: { offered, list: list.content }, token, listMic }
}

/** Writes a server's token, a NegTokenResp. */
export function serverToken({ state, mechanism, token, listMic }: ServerToken): Buffer {
  const optional = (tag: number, value: Buffer | undefined) =>
    value === undefined ? [] : [tagged(tag, value)]
  const inOctets = (value: Buffer | undefined) => value && tagged(TAG.octets, value)
  return tagged(
    0xa1,
    sequence(
      tagged(0xa0, tagged(TAG.enumerated, Buffer.from([STATES[state]]))),
      ...optional(0xa1, mechanism),
      ...optional(0xa2, inOctets(token)),
      ...optional(0xa3, inOctets(listMic)),
    ),
  )
}

/** The first signature that one side of an NTLM session makes (MS-NLMP §3.4.4.2): 16 bytes. */
export function firstSignature(
  { key, flags }: Readonly<{ key: Buffer; flags: number }>,
  side: 'client-to-server' | 'server-to-client',
  text: Buffer,
): Buffer {
  const keyFor = (use: string, secret: Buffer) =>
    createHash('md5')
      .update(secret)
      .update(`session key to ${side} ${use} key magic constant\0`, 'latin1')
      .digest()
  const sequenceNumber = Buffer.alloc(4)
  const sum = hmacMd5(keyFor('signing', key), sequenceNumber, text).subarray(0, 8)
  const strength = (flags & FLAG.key128) !== 0 ? 16 : (flags & FLAG.key56) !== 0 ? 7 : 5
  const sealed =
    (flags & FLAG.keyExchange) === 0 ? sum : rc4(keyFor('sealing', key.subarray(0, strength)), sum)
  return Buffer.concat([Buffer.from([1, 0, 0, 0]), sealed, sequenceNumber])
}

// What is in an explicit tag, which must be of this type.
function content(element: DerElement, tag: number): Buffer {
  const inner = firstIn(element.content)
  if (inner.tag !== tag) throw new DerError('An element is of another type')
  return inner.content
}

function octets(fields: readonly DerElement[], tag: number): Buffer | undefined {
  const found = tagIn(fields, tag)
  return found && content(found, TAG.octets)
}
