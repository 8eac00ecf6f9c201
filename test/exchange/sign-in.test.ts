// Signing in at the embedded Exchange over HTTP: what is offered, handshakes and their connections, and what curl makes
// of it. The checks of a single message are in ntlm.test.ts.
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { type Exchange, type ExchangeOptions, startExchange } from './exchange.ts'
import type { HttpResponse } from './http/border.ts'
import { elementsIn, firstIn, sequence, TAG, tagged } from './http/der.ts'
import { authenticateMessage, negotiateMessage, type Plan } from './ntlm-support.ts'
import { FLAG } from './sign-in/ntlm-message.ts'
import type { WorldSignIn } from './sign-in/settings.ts'
import { firstSignature, MECHANISM } from './sign-in/spnego.ts'
import { distinguished, envelope, getFolder, WORLD } from './support.ts'

const run = promisify(execFile)
const look = envelope(getFolder([distinguished('inbox')]))
const anna = { user: 'anna', domain: 'CORP', password: 'anna-secret' }
const ANNA = 'anna@corp.example'
const windows: WorldSignIn = { offers: ['Negotiate', 'NTLM'] }

async function exchangeWith(signIn: WorldSignIn, options: ExchangeOptions = {}): Promise<Exchange> {
  const exchange = await startExchange({ ...WORLD, signIn }, { port: 'none', ...options })
  onTestFinished(() => exchange.close())
  return exchange
}

/** A client with one connection. */
function clientOf(exchange: Exchange) {
  const connection = {}
  const post = (authorization?: string, body = look) =>
    exchange.handle({
      method: 'POST',
      path: '/EWS/Exchange.asmx',
      headers: authorization === undefined ? {} : { authorization },
      body,
      connection,
    })
  const begin = async (scheme: string, negotiate = negotiateMessage()) => {
    const response = await post(`${scheme} ${negotiate.toString('base64')}`, '')
    return { response, negotiate, challenge: tokenIn(response) }
  }
  const signIn = async (plan: Plan = anna, scheme = 'NTLM') => {
    const { negotiate, challenge } = await begin(scheme)
    const { message } = authenticateMessage(negotiate, challenge, plan)
    return post(`${scheme} ${message.toString('base64')}`)
  }
  return { post, begin, signIn }
}

function offersIn({ headers }: HttpResponse): string[] {
  return [headers['www-authenticate'] ?? []].flat()
}

function tokenIn(response: HttpResponse): Buffer {
  return Buffer.from(offersIn(response)[0]?.split(' ')[1] ?? '', 'base64')
}

test('who has not signed in is shown what is offered, in its order, a line each', async () => {
  const exchange = await exchangeWith(
    { offers: ['Negotiate', 'NTLM', 'Basic', 'Bearer'] },
    { port: 0 },
  )
  const answer = await request(exchange.url, { method: 'POST', body: look })
  await answer.body.dump()
  expect(answer.statusCode).toBe(401)
  const offers = [answer.headers['www-authenticate']].flat()
  expect(offers.slice(0, 3)).toEqual(['Negotiate', 'NTLM', 'Basic realm="corp.example"'])
  expect(offers[3]).toMatch(
    /^Bearer client_id="[^"]+", trusted_issuers=.* authorization_uri="http:/,
  )
  expect(offers[3]).not.toContain('error')
})

test.each(['GET', 'HEAD', 'OPTIONS'])('%s needs a sign-in as well', async (method) => {
  const exchange = await exchangeWith(windows)
  const { status, headers } = await exchange.handle({
    method,
    path: '/EWS/Exchange.asmx',
    headers: {},
    body: '',
  })
  expect([status, headers['www-authenticate']]).toEqual([401, ['Negotiate', 'NTLM']])
})

test('what is not offered signs nobody in', async () => {
  const exchange = await exchangeWith(windows)
  const basic = `Basic ${Buffer.from('anna:anna-secret').toString('base64')}`
  const response = await clientOf(exchange).post(basic)
  expect([response.status, offersIn(response)]).toEqual([401, ['Negotiate', 'NTLM']])
  expect(exchange.signIns.refusals).toEqual({ notOffered: 1 })
})

test.each(['NTLM', 'Negotiate'])('%s: a connection is signed in as its user', async (scheme) => {
  const exchange = await exchangeWith(windows)
  const client = clientOf(exchange)
  const { response } = await client.begin(scheme)
  expect(response.status).toBe(401)
  expect(offersIn(response)).toEqual([expect.stringMatching(new RegExp(`^${scheme} TlRMTVNTUAAC`))])
  expect((await client.signIn(anna, scheme)).status).toBe(200)
  expect((await client.post()).status).toBe(200)
  expect((await clientOf(exchange).post()).status).toBe(401)
  expect(exchange.signIns).toMatchObject({ begun: 2, accepted: { [ANNA]: 1 }, refused: {} })
  expect(exchange.counts).toEqual({ GetFolder: 2 })
})

const names = [
  ['anna', 'CORP'],
  ['Anna', 'corp'],
  ['anna', 'corp.example'],
  ['anna', ''],
  [ANNA, ''],
  ['ANNA@CORP.EXAMPLE', 'CORP'],
] as const

test.each(names)('%s in the domain "%s" is a user', async (user, domain) => {
  const client = clientOf(await exchangeWith(windows))
  expect((await client.signIn({ ...anna, user, domain })).status).toBe(200)
})

test('a wrong password costs one attempt, and looks like every other refusal', async () => {
  const exchange = await exchangeWith(windows)
  const refused = [
    await clientOf(exchange).signIn({ ...anna, password: 'wrong' }),
    await clientOf(exchange).signIn({ ...anna, user: 'nobody' }),
    await clientOf(exchange).signIn({ ...anna, domain: 'OTHER' }),
    await clientOf(exchange).signIn({ ...anna, mic: 'wrong' }),
    await clientOf(exchange).post(),
  ]
  expect(new Set(refused.map((each) => JSON.stringify(each))).size).toBe(1)
  expect(exchange.signIns).toMatchObject({
    begun: 4,
    accepted: {},
    refused: { [ANNA]: 2, 'corp\\nobody': 1, 'other\\anna': 1 },
    refusals: { password: 1, user: 2, mic: 1 },
  })
})

test('nothing of a request is done before the connection is signed in', async () => {
  const exchange = await exchangeWith(windows)
  const client = clientOf(exchange)
  const ntlm = negotiateMessage().toString('base64')
  expect((await client.post(`NTLM ${ntlm}`, look)).status).toBe(401)
  expect((await client.post(undefined, look)).status).toBe(401)
  expect(exchange.counts).toEqual({})
})

test('a challenge is good for one answer, on its connection, by its scheme', async () => {
  const exchange = await exchangeWith(windows)
  const [one, two] = [clientOf(exchange), clientOf(exchange)]
  const { negotiate, challenge } = await one.begin('NTLM')
  await two.begin('NTLM')
  const answer = authenticateMessage(negotiate, challenge, anna).message.toString('base64')
  expect((await two.post(`NTLM ${answer}`)).status).toBe(401)
  expect((await one.post(`NTLM ${answer}`)).status).toBe(200)
  expect((await one.post(`NTLM ${answer}`)).status).toBe(401)
  expect((await one.post()).status).toBe(401)
  const again = await one.begin('NTLM')
  const other = authenticateMessage(again.negotiate, again.challenge, anna).message
  expect((await one.post(`Negotiate ${other.toString('base64')}`)).status).toBe(401)
  expect(exchange.signIns.refusals).toEqual({ password: 1, noChallenge: 2 })
})

test('a handshake that begins again ends the sign-in', async () => {
  const exchange = await exchangeWith(windows)
  const client = clientOf(exchange)
  await client.signIn()
  await client.begin('NTLM')
  expect((await client.post()).status).toBe(401)
  await client.signIn({ user: 'jan', domain: 'CORP', password: 'jan-secret' })
  expect((await client.post()).status).toBe(200)
  expect(exchange.signIns.accepted).toEqual({ [ANNA]: 1, 'jan@corp.example': 1 })
})

test('a connection stays signed in when the password changes, and not when its user is gone', async () => {
  const exchange = await exchangeWith(windows)
  const client = clientOf(exchange)
  await client.signIn()
  const mailbox = exchange.store.mailbox(ANNA)
  mailbox.setPassword('new')
  expect((await client.post()).status).toBe(200)
  expect((await clientOf(exchange).signIn()).status).toBe(401)
  expect((await clientOf(exchange).signIn({ ...anna, password: 'new' })).status).toBe(200)
  mailbox.remove()
  expect((await client.post()).status).toBe(401)
})

test('a fault ends the sign-in of a connection in its middle', async () => {
  const exchange = await exchangeWith(windows)
  const client = clientOf(exchange)
  await client.signIn()
  exchange.inject(() => ({ kind: 'signOut' }))
  const response = await client.post()
  exchange.inject(undefined)
  expect([response.status, offersIn(response)]).toEqual([401, ['Negotiate', 'NTLM']])
  expect((await client.post()).status).toBe(401)
  expect((await client.signIn()).status).toBe(200)
  expect(exchange.counts).toEqual({ GetFolder: 2 })
})

test.each(['NTLM', 'NTLM x', 'Negotiate', 'Negotiate YA==', 'NTLM TlRMTVNTUAABAAAA', 'Bearer', ''])(
  'a token that is none is refused: %s',
  async (authorization) => {
    const exchange = await exchangeWith(windows)
    expect((await clientOf(exchange).post(authorization)).status).toBe(401)
  },
)

test('without Unicode, names are in the OEM character set, as curl has them', async () => {
  const exchange = await exchangeWith(windows)
  const oem = negotiateMessage(FLAG.oem | FLAG.ntlm)
  const { challenge } = await clientOf(exchange).begin('NTLM', oem)
  expect(challenge.readUInt32LE(20) & 3).toBe(FLAG.oem)
  expect(challenge.subarray(56, 60).toString('latin1')).toBe('CORP')
})

test('NTLM inside SPNEGO, with the list of mechanisms signed', async () => {
  const exchange = await exchangeWith(windows)
  for (const preferred of ['ntlm', 'kerberos'] as const) {
    const { post } = clientOf(exchange)
    const send = (token: Buffer) => post(`Negotiate ${token.toString('base64')}`)
    const list = sequence(...new Set([MECHANISM[preferred], MECHANISM.ntlm]))
    const negotiate = negotiateMessage()
    const first = preferred === 'ntlm' ? negotiate : Buffer.from('a ticket')
    let answer = answerOf(await send(initToken(list, first)))
    if (preferred === 'kerberos') {
      expect(answer).toMatchObject({ state: 3, mechanism: MECHANISM.ntlm, token: undefined })
      answer = answerOf(await send(responseToken(negotiate)))
    }
    expect(answer.state).toBe(1)
    const { message, ...session } = authenticateMessage(
      negotiate,
      answer.token ?? Buffer.alloc(0),
      anna,
    )
    const signature = firstSignature(session, 'client-to-server', list)
    const last = await send(responseToken(message, signature))
    expect(last.status).toBe(200)
    const own = firstSignature(session, 'server-to-client', list)
    expect(answerOf(last)).toMatchObject({ state: 0, listMic: own })
    expect((await post()).status).toBe(200)
  }
  expect(exchange.signIns).toMatchObject({ begun: 2, accepted: { [ANNA]: 2 } })
})

test('SPNEGO: a list that is signed wrongly, not at all, or without NTLM', async () => {
  const exchange = await exchangeWith(windows)
  const list = sequence(MECHANISM.kerberos, MECHANISM.ntlm)
  for (const signature of [undefined, Buffer.alloc(16)]) {
    const { post } = clientOf(exchange)
    const send = (token: Buffer) => post(`Negotiate ${token.toString('base64')}`)
    const negotiate = negotiateMessage()
    await send(initToken(list, Buffer.from('a ticket')))
    const { token = Buffer.alloc(0) } = answerOf(await send(responseToken(negotiate)))
    const { message } = authenticateMessage(negotiate, token, anna)
    expect((await send(responseToken(message, signature))).status).toBe(401)
    expect((await post()).status).toBe(401)
  }
  const lonely = initToken(sequence(MECHANISM.kerberos), Buffer.from('a ticket'))
  await clientOf(exchange).post(`Negotiate ${lonely.toString('base64')}`)
  expect(exchange.signIns.refusals).toEqual({ mic: 2, malformed: 1 })
})

test('damaged tokens of SPNEGO are refused, and nothing worse', async () => {
  const exchange = await exchangeWith(windows)
  const whole = initToken(sequence(MECHANISM.ntlm), negotiateMessage())
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 0xff
    for (const token of [damaged, whole.subarray(0, at)]) {
      const response = await clientOf(exchange).post(`Negotiate ${token.toString('base64')}`)
      expect(response.status).toBe(401)
    }
  }
})

function initToken(list: Buffer, token: Buffer): Buffer {
  const inner = sequence(tagged(0xa0, list), tagged(0xa2, tagged(TAG.octets, token)))
  return tagged(0x60, Buffer.from('06062b0601050502', 'hex'), tagged(0xa0, inner))
}

function responseToken(token: Buffer, listMic?: Buffer): Buffer {
  const signature = listMic ? [tagged(0xa3, tagged(TAG.octets, listMic))] : []
  return tagged(0xa1, sequence(tagged(0xa2, tagged(TAG.octets, token)), ...signature))
}

function answerOf(response: HttpResponse) {
  const fields = elementsIn(firstIn(firstIn(tokenIn(response)).content).content)
  const field = (tag: number) => {
    const found = fields.find((each) => each.tag === tag)
    return found && firstIn(found.content)
  }
  return {
    state: field(0xa0)?.content[0],
    mechanism: field(0xa1)?.bytes,
    token: field(0xa2)?.content,
    listMic: field(0xa3)?.content,
  }
}

test('over sockets: each connection has a sign-in of its own, and keeps it', async () => {
  const exchange = await exchangeWith(windows, { port: 0 })
  const agents = [new Agent({ connections: 1 }), new Agent({ connections: 1 })]
  onTestFinished(async () => {
    for (const agent of agents) await agent.close()
  })
  const send = async (dispatcher: Agent | undefined, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const options = { method: 'POST', headers, body: look } as const
    const answer = await request(exchange.url, { ...options, ...(dispatcher && { dispatcher }) })
    await answer.body.dump()
    return {
      status: answer.statusCode,
      headers: answer.headers as HttpResponse['headers'],
      body: '',
    }
  }
  const [one, two] = agents
  const negotiate = negotiateMessage()
  const challenged = await send(one, `NTLM ${negotiate.toString('base64')}`)
  const { message } = authenticateMessage(negotiate, tokenIn(challenged), anna)
  expect((await send(one, `NTLM ${message.toString('base64')}`)).status).toBe(200)
  expect((await send(one)).status).toBe(200)
  expect((await send(two)).status).toBe(401)
})

//  protection  TLS  user                     password       status
const curls = [
  ['Off', false, 'CORP\\anna', 'anna-secret', '200'],
  ['Off', false, 'anna@corp.example', 'anna-secret', '200'],
  ['Off', false, 'CORP\\anna', 'wrong', '401'],
  ['Off', true, 'CORP\\anna', 'anna-secret', '200'],
  ['Allow', true, 'CORP\\anna', 'anna-secret', '200'],
  // It knows nothing of channel bindings.
  ['Require', true, 'CORP\\anna', 'anna-secret', '401'],
] as const

test.for(curls)('curl: %s, TLS %s, %s with %s gets %s', async (row, { skip }) => {
  const [extendedProtection, tls, user, password, status] = row
  const present = await run('curl', ['--version']).catch(() => undefined)
  if (!present) skip('curl is not on this machine')
  const directory = mkdtempSync(join(tmpdir(), 'exchange-'))
  const exchange = await exchangeWith(
    { ...windows, extendedProtection },
    { port: 0, ...(tls && { tls: directory }) },
  )
  const trust = tls ? ['--cacert', join(directory, 'ca.crt')] : []
  const asked = ['--silent', '--write-out', '\n%{http_code}', '--data', look, exchange.url]
  const { stdout } = await run('curl', [
    '--ntlm',
    '--user',
    `${user}:${password}`,
    ...trust,
    ...asked,
  ])
  expect(stdout.split('\n').at(-1)).toBe(status)
  const one = { [ANNA]: 1 }
  expect(exchange.signIns).toMatchObject({
    begun: 1,
    accepted: status === '200' ? one : {},
    refused: status === '200' ? {} : one,
  })
})
