// What binds a sign-in to the TLS channel that it comes by: RFC 5929 says what identifies the channel, RFC 2744 in
// which structure, and MS-NLMP §2.2.2.1 that its MD5 is what NTLM carries.
import { createHash } from 'node:crypto'
import { elementsIn, firstIn } from '../http/der.ts'

/** What a server checks of the channel: a wrong binding under Allow, also a missing one under Require. */
export type ExtendedProtection = 'Off' | 'Allow' | 'Require'

/** How a binding fits: `none` where the client sends none, or zeros. */
export type BindingFit = 'none' | 'right' | 'wrong'

/** The MD5 of the channel bindings for connections to a server with this certificate (PEM): 16 bytes. */
export function channelBindingOf(certificate: string): Buffer {
  const der = Buffer.from(certificate.replace(/-----[^-]+-----/g, ''), 'base64')
  return bindingToHash(createHash(hashOf(der)).update(der).digest())
}

/** The same from the hash of a certificate, as RFC 5929 has it. */
export function bindingToHash(hash: Uint8Array): Buffer {
  const data = Buffer.concat([Buffer.from('tls-server-end-point:'), hash])
  // gss_channel_bindings_struct: two addresses of type 0 and length 0, and the application's data.
  const head = Buffer.alloc(20)
  head.writeUInt32LE(data.length, 16)
  return createHash('md5')
    .update(Buffer.concat([head, data]))
    .digest()
}

/** Whether a binding that a client sent is the expected one. */
export function fitOf(sent: Buffer | undefined, expected: Buffer): BindingFit {
  if (sent === undefined || sent.every((byte) => byte === 0)) return 'none'
  return sent.equals(expected) ? 'right' : 'wrong'
}

// By the last bytes of the identifiers of sha384WithRSAEncryption, ecdsa-with-SHA384 and so on; whatever else signs,
// MD5 and SHA-1 among it, SHA-256 is the hash.
const STRONGER: readonly (readonly [string, string])[] = [
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
]

function hashOf(der: Buffer): string {
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm OID, … }, signature }
  const [, algorithm] = elementsIn(firstIn(der).content)
  const id = algorithm === undefined ? '' : firstIn(algorithm.content).content.toString('hex')
  return STRONGER.find(([known]) => known === id)?.[1] ?? 'sha256'
}
