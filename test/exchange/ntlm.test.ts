// The server's side of NTLM and of channel bindings, against what Microsoft published (MS-NLMP §4.2.4, and its note of
// 2013 about channel bindings), and against answers with one thing wrong.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeCertificates } from './http/certificate.ts'
import { authenticateMessage, negotiateMessage, type Plan } from './ntlm-support.ts'
import {
  bindingToHash,
  channelBindingOf,
  type ExtendedProtection,
} from './sign-in/channel-binding.ts'
import { exportedKey, hmacMd5, judge, ntowfv2 } from './sign-in/ntlm.ts'
import { challengeMessage, FLAG, utf16 } from './sign-in/ntlm-message.ts'
import { firstSignature } from './sign-in/spnego.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

const CHALLENGE = hex(`
  4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000 2400240044000000
  060070170000000f 530065007200760065007200
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`)
const TEMP = hex(`
  0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000`)
const AUTHENTICATE = hex(`
  4e544c4d53535000 03000000 180018006c000000 5400540084000000 0c000c0048000000 0800080054000000
  100010005c000000 10001000d8000000 358288e2 0501280a0000000f
  44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
  86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa
  68cd0ab851e51c96aabc927bebef6a1c ${TEMP.toString('hex')}
  c5dad2544fc9799094ce1ce90bc9d03e`)
const serverChallenge = hex('0123456789abcdef')

test('the published values', () => {
  const key = ntowfv2('Password', 'User', 'Domain')
  expect(key.toString('hex')).toBe('0c868a403bfd7a93a3001ef22ef02e3f')
  const client = Buffer.alloc(8, 0xaa)
  expect(hmacMd5(key, serverChallenge, client).toString('hex')).toBe(
    '86c35097ac9cec102554764a57cccc19',
  )
  const proof = hmacMd5(key, serverChallenge, TEMP)
  expect(proof.toString('hex')).toBe('68cd0ab851e51c96aabc927bebef6a1c')
  const baseKey = hmacMd5(key, proof)
  expect(baseKey.toString('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3')
  const encrypted = hex('c5dad2544fc9799094ce1ce90bc9d03e')
  expect(exportedKey(baseKey, FLAG.keyExchange | FLAG.sign, encrypted)).toEqual(
    Buffer.alloc(16, 0x55),
  )
  expect(exportedKey(baseKey, FLAG.keyExchange, encrypted)).toEqual(baseKey)
  const signature = firstSignature(
    { key: Buffer.alloc(16, 0x55), flags: 0 },
    'client-to-server',
    utf16('Plaintext'),
  )
  expect(signature.toString('hex')).toBe('0100000070352851f256430900000000')
})

const published = { negotiate: negotiateMessage(), challenge: CHALLENGE, serverChallenge }
const YEAR_1601 = Date.UTC(1601, 0, 1)
const users = (name: string, domain: string) =>
  name === 'User' && domain === 'Domain' ? { user: 'User', password: 'Password' } : undefined
const rules = (nowMs: number) => ({
  lookUp: users,
  extendedProtection: 'Off' as const,
  binding: undefined,
  nowMs,
})

test('the published message is that of the user', () => {
  const judgement = judge(published, AUTHENTICATE, rules(YEAR_1601))
  expect(judgement).toMatchObject({ name: 'Domain\\User', user: 'User', mic: false })
  expect(judgement.refusal).toBeUndefined()
  expect(judgement.session?.key).toEqual(Buffer.alloc(16, 0x55))
})

test('the published message is refused by any other time, challenge or byte of the proof', () => {
  expect(judge(published, AUTHENTICATE, rules(YEAR_1601 + 37 * 3_600_000)).refusal).toBe('time')
  const other = { ...published, serverChallenge: Buffer.alloc(8) }
  expect(judge(other, AUTHENTICATE, rules(YEAR_1601)).refusal).toBe('password')
  const proofAt = AUTHENTICATE.indexOf(hex('68cd0ab8'))
  for (let at = proofAt; at < proofAt + 16 + 60; at += 1) {
    const damaged = Buffer.from(AUTHENTICATE)
    damaged[at] = (damaged[at] ?? 0) ^ 0x10
    expect(judge(published, damaged, rules(YEAR_1601)).refusal).toMatch(/^(password|malformed)$/)
  }
})

test('what is cut off or damaged never signs anybody in, and never throws', () => {
  for (let length = 0; length < AUTHENTICATE.length; length += 1) {
    const cut = judge(published, AUTHENTICATE.subarray(0, length), rules(YEAR_1601))
    expect(cut.refusal).toBe('malformed')
  }
  for (let at = 0; at < 64; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Buffer.from(AUTHENTICATE)
      damaged[at] = value
      expect(() => judge(published, damaged, rules(YEAR_1601))).not.toThrow()
    }
  }
})

test('the published channel binding', () => {
  const hash = hex('ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95')
  expect(bindingToHash(hash).toString('hex')).toBe('6586e99d81c2fc984e47172fd4dd0310')
})

const NOW = Date.UTC(2026, 0, 1)
const names = { domain: 'CORP', dnsDomain: 'corp.example', computer: 'EX01' }
const right = Buffer.alloc(16, 7)
const wrong = Buffer.alloc(16, 8)
const zeros = Buffer.alloc(16)

function judged(plan: Partial<Plan>, protection: ExtendedProtection = 'Off', tls = true) {
  const negotiate = negotiateMessage()
  const challenge = challengeMessage(negotiate.readUInt32LE(12), serverChallenge, names, NOW)
  const whole = { user: 'anna', domain: 'CORP', password: 'right', ...plan }
  const { message } = authenticateMessage(negotiate, challenge, whole)
  return judge({ negotiate, challenge, serverChallenge }, message, {
    lookUp: (name) => (name === 'anna' ? { user: name, password: 'right' } : undefined),
    extendedProtection: protection,
    binding: tls ? right : undefined,
    nowMs: NOW,
  })
}

const DAY_MS = 86_400_000

//  what is sent                          plan                                      refusal
const plans = [
  ['all as it should be', {}, undefined],
  ['no MIC, and no word of one', { mic: 'none' }, undefined],
  ['a key without a domain', { keyDomain: '' }, undefined],
  ['a time of yesterday', { timeMs: NOW - DAY_MS }, undefined],
  ['a wrong MIC', { mic: 'wrong' }, 'mic'],
  ['a wrong password', { password: 'wrong' }, 'password'],
  ['a key with another domain', { keyDomain: 'OTHER' }, 'password'],
  ['an unknown user', { user: 'jan' }, 'user'],
  ['a time of the day before yesterday', { timeMs: NOW - 2 * DAY_MS }, 'time'],
  ['a time of the day after tomorrow', { timeMs: NOW + 2 * DAY_MS }, 'time'],
  ['a response of NTLMv1', { ntResponse: Buffer.alloc(24, 1) }, 'ntlmVersion'],
  ['a response of LM alone', { ntResponse: Buffer.alloc(0) }, 'ntlmVersion'],
  ['half a response', { ntResponse: Buffer.alloc(40, 1) }, 'malformed'],
] as const

test.each(plans)('%s', (_, plan, refusal) => {
  expect(judged(plan).refusal).toBe(refusal)
})

//  protection  over TLS  binding    fit      refusal
const bindings = [
  ['Off', true, undefined, 'none', undefined],
  ['Off', true, wrong, 'wrong', undefined],
  ['Allow', true, undefined, 'none', undefined],
  ['Allow', true, zeros, 'none', undefined],
  ['Allow', true, right, 'right', undefined],
  ['Allow', true, wrong, 'wrong', 'binding'],
  ['Require', true, undefined, 'none', 'binding'],
  ['Require', true, zeros, 'none', 'binding'],
  ['Require', true, wrong, 'wrong', 'binding'],
  ['Require', true, right, 'right', undefined],
  ['Require', false, undefined, 'none', undefined],
  ['Require', false, zeros, 'none', undefined],
] as const

test.each(bindings)('%s, TLS %s, binding %s: %s', (protection, tls, binding, fit, refusal) => {
  const judgement = judged({ ...(binding && { binding }), targetName: 'HTTP/x' }, protection, tls)
  expect([judgement.binding, judgement.refusal]).toEqual([fit, refusal])
  expect([judgement.mic, judgement.targetName]).toEqual([true, 'HTTP/x'])
})

test('the binding goes by the hash in the certificate’s signature', () => {
  const made = (['sha256', 'sha384', 'sha512'] as const).map(
    (hash) => [hash, makeCertificates(NOW, hash).cert] as const,
  )
  for (const [hash, cert] of made) {
    const der = Buffer.from(cert.replace(/-----[^-]+-----/g, ''), 'base64')
    const token = bindingToHash(hashed(hash, der))
    expect(channelBindingOf(cert)).toEqual(token)
  }
})

function hashed(hash: string, bytes: Buffer): Buffer {
  return createHash(hash).update(bytes).digest()
}
