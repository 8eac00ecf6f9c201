// The distinguished encoding rules (X.690) as far as certificates and SPNEGO need them: one-byte tags, lengths up
// to 65535, no lengths without end.

/** Bytes are not what the encoding rules allow. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

/** One element: its tag, what is in it, and all of its bytes. */
export type DerElement = Readonly<{ tag: number; content: Buffer; bytes: Buffer }>

/** Tags of types that more than one structure has. */
export const TAG = {
  octets: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  sequence: 0x30,
} as const

const LENGTH_MAX = 0xffff
const ELEMENTS_MAX = 64

/** The elements that follow each other in some bytes, at most 64. Throws `DerError`. */
export function elementsIn(bytes: Buffer): DerElement[] {
  const found: DerElement[] = []
  let rest = bytes
  while (rest.length > 0) {
    if (found.length === ELEMENTS_MAX) throw new DerError('There are too many elements')
    const element = firstIn(rest)
    found.push(element)
    rest = rest.subarray(element.bytes.length)
  }
  return found
}

/** The element that some bytes begin with. Throws `DerError`. */
export function firstIn(bytes: Buffer): DerElement {
  const [tag = 0, short = 0] = bytes
  if (bytes.length < 2 || (tag & 0x1f) === 0x1f) throw new DerError('There is no element')
  const more = short < 0x80 ? 0 : short & 0x7f
  if (short >= 0x80 && (more < 1 || more > 2)) throw new DerError('A length is not allowed')
  if (bytes.length < 2 + more) throw new DerError('A length is cut off')
  const length = more === 0 ? short : bytes.readUIntBE(2, more)
  const end = 2 + more + length
  if (bytes.length < end) throw new DerError('An element is cut off')
  return { tag, content: bytes.subarray(2 + more, end), bytes: bytes.subarray(0, end) }
}

/** The one element with a tag among some; undefined when there is none. */
export function tagIn(elements: readonly DerElement[], tag: number): DerElement | undefined {
  return elements.find((element) => element.tag === tag)
}

/** An element with a tag, and these parts in it. */
export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length > LENGTH_MAX) throw new DerError('An element is too long')
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** A SEQUENCE of these parts. */
export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(TAG.sequence, ...parts)
}

/** An OBJECT IDENTIFIER, from its numbers with dots between. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = rest.flatMap((value) => {
    const sevens = [value & 0x7f]
    for (let high = value >>> 7; high > 0; high >>>= 7) sevens.unshift((high & 0x7f) | 0x80)
    return sevens
  })
  return tagged(TAG.oid, Buffer.from([first * 40 + second, ...bytes]))
}
