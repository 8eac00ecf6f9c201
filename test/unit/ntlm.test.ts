// Signing in by NTLM: the published vectors of RFC 1320 and of MS-NLMP §4.2.4, and bad challenges.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmac, ntlmUser, responseKey, responsesTo } from '../../controller/ews/ntlm/keys.ts'
import { md4 } from '../../controller/ews/ntlm/md4.ts'
import {
  authenticateMessage,
  challengeIn,
  negotiateMessage,
} from '../../controller/ews/ntlm/messages.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test.each([
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    '043f8582f241db351ce627e153e7f0e4',
  ],
  ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
])('MD4 of %j is the one of RFC 1320, appendix A.5', (text, digest) => {
  expect(md4(Buffer.from(text)).toString('hex')).toBe(digest)
})

// MS-NLMP §4.2.1 and §4.2.4.
const user = { domain: 'Domain', name: 'User', password: 'Password' }
const nonces = {
  server: hex('0123456789abcdef'),
  client: hex('aaaaaaaaaaaaaaaa'),
  time: Buffer.alloc(8),
}
const names = '02000c00 44006f006d00610069006e00 01000c00 530065007200760065007200'
const targetInfo = hex(`${names} 00000000`)
const published = hex(
  `4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000
   2400240044000000 0600 7017 000000 0f 530065007200760065007200 ${names} 00000000`.replaceAll(
    /\s/g,
    '',
  ),
)

test('the key of an account is the one of MS-NLMP §4.2.4.1.1', () => {
  expect(responseKey(user)).toEqual(hex('0c868a403bfd7a93a3001ef22ef02e3f'))
})

test('the responses and the session key are those of MS-NLMP §4.2.4', () => {
  const { nt, lm, sessionKey } = responsesTo(user, nonces, targetInfo)
  expect(lm).toEqual(hex('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa'))
  expect(nt.subarray(0, 16)).toEqual(hex('68cd0ab851e51c96aabc927bebef6a1c'))
  expect(sessionKey).toEqual(hex('8de40ccadbc14a82f15cb0ad0de95ca3'))
})

test('the challenge of MS-NLMP §4.2.4.3 is read', () => {
  const challenge = challengeIn(published)
  expect(challenge?.nonce).toEqual(nonces.server)
  expect([...(challenge?.targetInfo.keys() ?? [])]).toEqual([2, 1])
})

test.each([
  ['CORP\\anna', { domain: 'CORP', name: 'anna' }],
  ['anna@corp.example', { domain: '', name: 'anna@corp.example' }],
  ['anna', { domain: '', name: 'anna' }],
])('the account %s', (username, account) => {
  expect(ntlmUser(username, 'x')).toEqual({ ...account, password: 'x' })
})

test('a letter without one capital keeps its form in the key of an account', () => {
  const of = (name: string) => responseKey({ ...user, name })
  expect(of('straße')).toEqual(of('STRAßE'))
  expect(of('straße')).not.toEqual(of('STRASSE'))
})

const statement = {
  service: 'HTTP/mail.corp.example',
  binding: hex('00112233445566778899aabbccddeeff'),
  nonce: nonces.client,
  nowMs: 0,
}

// A challenge with a time, with pairs that only a client may state.
function timed(): Buffer {
  const info = hex(
    `${names} 07000800 0090d336b734c301 06000400 00000000 0a001000 ${'00'.repeat(16)} 00000000`,
  )
  const head = Buffer.from(published.subarray(0, 68))
  head.writeUInt16LE(info.length, 40)
  head.writeUInt16LE(info.length, 42)
  return Buffer.concat([head, info])
}

function answerTo(bytes: Buffer): Buffer {
  const challenge = challengeIn(bytes)
  if (challenge === undefined) throw new Error('not a challenge')
  return authenticateMessage(user, challenge, statement)
}

function field(message: Buffer, header: number): Buffer {
  const at = message.readUInt32LE(header + 4)
  return message.subarray(at, at + message.readUInt16LE(header))
}

test('an answer to a challenge with a time states an integrity code, the service and the binding', () => {
  const challenge = timed()
  const message = answerTo(challenge)
  const nt = field(message, 20)
  const text = nt.toString('hex')
  expect(text).toContain('0600040002000000')
  expect(text).toContain(`0a001000${statement.binding.toString('hex')}`)
  expect(nt.toString('utf16le')).toContain(statement.service)
  expect(field(message, 12)).toEqual(Buffer.alloc(24))
  const key = hmac(responseKey(user), nt.subarray(0, 16))
  const blank = Buffer.from(message)
  blank.fill(0, 72, 88)
  expect(message.subarray(72, 88)).toEqual(hmac(key, negotiateMessage(), challenge, blank))
})

test('an answer to a challenge without a time has no integrity code', () => {
  const message = answerTo(published)
  expect(message.subarray(72, 88)).toEqual(Buffer.alloc(16))
  expect(field(message, 20).toString('hex')).not.toContain('06000400')
  expect(field(message, 12)).toHaveLength(24)
  expect(field(message, 12)).not.toEqual(Buffer.alloc(24))
})

test('a damaged challenge is none, or is answered within its bounds', () => {
  const damaged = fc.tuple(fc.nat(timed().length - 1), fc.nat(255), fc.nat(timed().length))
  fc.assert(
    fc.property(damaged, ([at, value, length]) => {
      const bytes = timed()
      bytes[at] = value
      const challenge = challengeIn(bytes.subarray(0, length))
      if (challenge === undefined) return
      expect(authenticateMessage(user, challenge, statement).length).toBeLessThan(1_024)
    }),
  )
  expect(challengeIn(Buffer.alloc(0))).toBeUndefined()
  expect(challengeIn(negotiateMessage())).toBeUndefined()
})
