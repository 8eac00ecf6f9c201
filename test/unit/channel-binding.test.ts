// The channel binding of each kind of certificate: which digest of the certificate it is made of (RFC 5929 §4.1).
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { channelBinding } from '../../controller/ews/ntlm/channel-binding.ts'

const directory = join(import.meta.dirname, '../inputs/certificates')

const certificateOf = (name: string) =>
  new X509Certificate(readFileSync(join(directory, `${name}.pem`))).raw

test.each([
  ['rsa-md5', 'sha256'],
  ['rsa-sha1', 'sha256'],
  ['rsa-sha256', 'sha256'],
  ['rsa-sha384', 'sha384'],
  ['rsa-sha512', 'sha512'],
  ['pss-sha256', 'sha256'],
  ['pss-sha384', 'sha384'],
  ['ecdsa-sha1', 'sha256'],
  ['ecdsa-sha256', 'sha256'],
  ['ecdsa-sha384', 'sha384'],
  ['ecdsa-sha512', 'sha512'],
])('a certificate signed by %s is bound by %s', (name, digest) => {
  const certificate = certificateOf(name)
  const hash = createHash(digest).update(certificate).digest('hex')
  const data = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.from(hash, 'hex')])
  const length = Buffer.from([data.length, 0, 0, 0])
  const bindings = Buffer.concat([Buffer.alloc(16), length, data])
  expect(channelBinding(certificate)).toEqual(createHash('md5').update(bindings).digest())
})

test('a certificate whose signature has no digest of its own has no binding', () => {
  expect(channelBinding(certificateOf('ed25519'))).toBeUndefined()
})

test('a damaged certificate has a binding, or none, and is never an error', () => {
  const whole = certificateOf('pss-sha384')
  for (let length = 0; length < whole.length; length += 1) {
    channelBinding(whole.subarray(0, length))
    const damaged = Buffer.from(whole)
    damaged[length] = 0xff
    channelBinding(damaged)
  }
  expect(channelBinding(Buffer.alloc(0))).toBeUndefined()
})
