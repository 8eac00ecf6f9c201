// The channel binding of a TLS connection, which ties a sign-in to the server's certificate: tls-server-end-point
// (RFC 5929 §4). Extended Protection of Windows compares it.
import { createHash } from 'node:crypto'

/**
 * The digest of the channel bindings, 16 bytes, as NTLM sends it (MsvAvChannelBindings, MS-NLMP §2.2.2.1). `certificate`:
 * the server's own, DER. Undefined if its signature has no digest of its own (Ed25519): RFC 5929 defines no binding then.
 */
export function channelBinding(certificate: Buffer): Buffer | undefined {
  const hash = endPointHash(certificate)
  if (hash === undefined) return undefined
  const data = Buffer.concat([Buffer.from('tls-server-end-point:'), hash])
  // gss_channel_bindings_struct (RFC 2744 §3.11): two empty addresses, and the application's data.
  const bindings = Buffer.alloc(20)
  bindings.writeUInt32LE(data.length, 16)
  return createHash('md5').update(bindings).update(data).digest()
}

function endPointHash(certificate: Buffer): Buffer | undefined {
  const digest = digestOfSignature(certificate)
  return digest === undefined ? undefined : createHash(digest).update(certificate).digest()
}

// RFC 5929 §4.1: the digest of the signature, but SHA-256 for MD5 and SHA-1. By OID, the value of its DER in hexadecimal.
const digests: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  // The digests themselves, as RSASSA-PSS names them in its parameters.
  '2b0e03021a': 'sha256', // sha1
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}

const rsassaPss = '2a864886f70d01010a'

// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, parameters }, … } (RFC 5280).
function digestOfSignature(certificate: Buffer): string | undefined {
  const [, algorithm] = childrenOf(childrenOf(certificate)[0])
  const [name, parameters] = childrenOf(algorithm)
  const oid = name?.toString('hex') ?? ''
  if (oid !== rsassaPss) return digests[oid]
  // RSASSA-PSS-params (RFC 4055): [0] hashAlgorithm, default SHA-1.
  const [first] = elementsIn(parameters ?? Buffer.alloc(0))
  if (first?.tag !== 0xa0) return 'sha256'
  const [hash] = childrenOf(childrenOf(first.content)[0])
  return digests[hash?.toString('hex') ?? '']
}

type Element = Readonly<{ tag: number; content: Buffer }>

function childrenOf(bytes: Buffer | undefined): readonly Buffer[] {
  return elementsIn(bytes ?? Buffer.alloc(0)).map(({ content }) => content)
}

// The elements of DER, one after the other, up to the first that is damaged.
function elementsIn(bytes: Buffer): readonly Element[] {
  const elements: Element[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes.readUInt8(at)
    const short = bytes.readUInt8(at + 1)
    const more = short < 0x80 ? 0 : short - 0x80
    if (more > 4 || at + 2 + more > bytes.length) break
    const length = more === 0 ? short : bytes.readUIntBE(at + 2, more)
    const from = at + 2 + more
    if (from + length > bytes.length) break
    elements.push({ tag, content: bytes.subarray(from, from + length) })
    at = from + length
  }
  return elements
}
