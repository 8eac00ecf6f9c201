// A certificate authority made on the spot, and a server certificate for this machine, with nothing but
// node:crypto: X.509 is a handful of DER structures.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { oid, sequence, tagged } from './der.ts'

/** All in PEM. */
export type Certificates = Readonly<{ ca: string; cert: string; key: string }>

const DAY_MS = 86_400_000
const VALID_DAYS = 365

/** The hash in the signatures of certificates, which also binds sign-ins to a channel (RFC 5929). */
export type SignatureHash = 'sha256' | 'sha384' | 'sha512'

/**
 * A fresh authority, and a key and certificate signed by it for localhost, 127.0.0.1, ::1 and these DNS names. The
 * authority's own key is not kept.
 */
export function makeCertificates(
  nowMs: number,
  hash: SignatureHash = 'sha256',
  names: readonly string[] = [],
): Certificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const server = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const validity = sequence(time(nowMs - DAY_MS), time(nowMs + VALID_DAYS * DAY_MS))
  const issuer = name('Embedded Exchange test authority')
  const base = { issuer, validity, signer: authority.privateKey, hash }
  const keyId = keyIdentifier(authority.publicKey)
  const ca = certificate({
    ...base,
    subject: issuer,
    publicKey: authority.publicKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(tagged(0x01, Buffer.from([0xff]))), true),
      extension(KEY_USAGE, bitString(Buffer.from([0x06]), 1), true),
      extension(SUBJECT_KEY, tagged(0x04, keyId)),
    ],
  })
  const cert = certificate({
    ...base,
    subject: name('localhost'),
    publicKey: server.publicKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(), true),
      extension(KEY_USAGE, bitString(Buffer.from([0x80]), 7), true),
      extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
      extension(ALTERNATIVE_NAMES, alternativeNames(names)),
      extension(SUBJECT_KEY, tagged(0x04, keyIdentifier(server.publicKey))),
      extension(AUTHORITY_KEY, sequence(tagged(0x80, keyId))),
    ],
  })
  const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { ca: pem(ca), cert: pem(cert), key }
}

const ECDSA = {
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
} as const
const COMMON_NAME = '2.5.4.3'
const SUBJECT_KEY = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const ALTERNATIVE_NAMES = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

type Plan = Readonly<{
  subject: Buffer
  issuer: Buffer
  validity: Buffer
  publicKey: KeyObject
  signer: KeyObject
  hash: SignatureHash
  extensions: readonly Buffer[]
}>

function certificate(plan: Plan): Buffer {
  const algorithm = sequence(oid(ECDSA[plan.hash]))
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40 // Positive, and of full length.
  const content = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // Version 3.
    tagged(0x02, serial),
    algorithm,
    plan.issuer,
    plan.validity,
    plan.subject,
    plan.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...plan.extensions)),
  )
  return sequence(content, algorithm, bitString(sign(plan.hash, content, plan.signer), 0))
}

function name(common: string): Buffer {
  const attribute = sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from(common)))
  return sequence(tagged(0x31, attribute))
}

function alternativeNames(names: readonly string[]): Buffer {
  const loopback6 = Buffer.alloc(16)
  loopback6[15] = 1
  return sequence(
    ...['localhost', ...names].map((each) => tagged(0x82, Buffer.from(each))),
    tagged(0x87, Buffer.from([127, 0, 0, 1])),
    tagged(0x87, loopback6),
  )
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [tagged(0x01, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...flag, tagged(0x04, value))
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
  return tagged(0x18, Buffer.from(digits))
}

function bitString(bits: Buffer, unused: number): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unused]), bits]))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
