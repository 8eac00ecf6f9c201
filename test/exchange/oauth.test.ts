// Tokens for applications: the issuer (RFC 6749 §4.4 and §5), and what EWS makes of them.
import { expect, onTestFinished, test } from 'vitest'
import { startExchange } from './exchange.ts'
import { distinguished, envelope, getFolder, START_MS, WORLD } from './support.ts'

const look = envelope(getFolder([distinguished('inbox')]))
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const right = {
  grant_type: 'client_credentials',
  client_id: 'exsync',
  client_secret: 'app-secret',
  resource: 'https://mail.corp.example/',
}
const { resource, ...unscoped } = right

async function office() {
  const time = { ms: START_MS }
  const apps = [{ id: 'exsync', secret: 'app-secret', as: 'sync@corp.example' }]
  const exchange = await startExchange(
    { ...WORLD, signIn: { offers: ['Bearer'], apps, tokenSeconds: 600 } },
    { port: 'none', clock: () => time.ms },
  )
  onTestFinished(() => exchange.close())
  const issuer = new URL('/adfs/oauth2/token', exchange.url)
  const ask = async (form: Record<string, string> | string, headers = {}) => {
    const body = new URLSearchParams(form).toString()
    const init = { method: 'POST', headers: { ...FORM, ...headers }, body }
    const response = await exchange.fetch(issuer, init)
    const answer = (await response.json()) as Record<string, unknown>
    return { status: response.status, headers: response.headers, answer }
  }
  const post = (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return exchange.fetch(exchange.url, { method: 'POST', headers, body: look })
  }
  return { exchange, time, ask, post }
}

test('an application gets a token and acts as its user, until the token expires', async () => {
  const { exchange, time, ask, post } = await office()
  const { status, headers, answer } = await ask(right)
  expect(status).toBe(200)
  expect(answer).toEqual({
    access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    token_type: 'bearer',
    expires_in: 600,
  })
  expect(headers.get('cache-control')).toBe('no-store')
  const token = String(answer.access_token)
  expect((await post(token)).status).toBe(200)
  time.ms += 599_000
  expect((await post(token)).status).toBe(200)
  time.ms += 1_000
  const late = await post(token)
  expect(late.status).toBe(401)
  expect(late.headers.get('www-authenticate')).toMatch(
    /^Bearer client_id="[^"]+", trusted_issuers="[^"]+", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="[^"]+\/adfs\/oauth2\/authorize", error="invalid_token"$/,
  )
  expect(exchange.signIns).toMatchObject({
    accepted: { 'sync@corp.example': 2 },
    refusals: { token: 1 },
  })
  expect(exchange.counts).toEqual({ OAuthToken: 1, GetFolder: 2 })
})

test('every token is another one, and a changed one is none', async () => {
  const { ask, post } = await office()
  const [one, two] = [(await ask(right)).answer, (await ask(right)).answer]
  expect(one.access_token).not.toBe(two.access_token)
  const token = String(one.access_token)
  const [head, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect(claims).toMatchObject({ aud: resource, appid: 'exsync', iat: START_MS / 1000 })
  const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 }))
  const changed = [head, later.toString('base64url'), signature].join('.')
  for (const each of [changed, `${token}x`, 'x', '', '..', 'a.e30.b', `${head}.${payload}`]) {
    expect((await post(each)).status).toBe(401)
  }
})

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })

test('an application may name itself in the header, and a scope', async () => {
  const { ask } = await office()
  const bare = { grant_type: 'client_credentials', scope: 'https://mail.corp.example/.default' }
  expect((await ask(bare, basic('exsync:app-secret'))).status).toBe(200)
  const refused = await ask(bare, basic('exsync:wrong'))
  expect([refused.status, refused.answer.error]).toEqual([401, 'invalid_client'])
  expect(refused.headers.get('www-authenticate')).toMatch(/^Basic /)
})

//  what is wrong           form                                         headers           status  error
const refusals = [
  ['a wrong secret', { ...right, client_secret: 'x' }, {}, 401, 'invalid_client'],
  ['an unknown client', { ...right, client_id: 'x' }, {}, 401, 'invalid_client'],
  ['no client', { grant_type: 'client_credentials', resource }, {}, 401, 'invalid_client'],
  ['no grant', { client_id: 'exsync', client_secret: 'x' }, {}, 400, 'invalid_request'],
  ['another grant', { ...right, grant_type: 'password' }, {}, 400, 'unsupported_grant_type'],
  ['neither resource nor scope', unscoped, {}, 400, 'invalid_request'],
  ['no form', right, { 'content-type': 'application/json' }, 400, 'invalid_request'],
  ['a parameter twice', 'grant_type=a&grant_type=b', {}, 400, 'invalid_request'],
] as const

test.each(refusals)('%s is refused', async (_, form, headers, status, error) => {
  const { ask } = await office()
  const refused = await ask(form, headers)
  expect([refused.status, refused.answer.error]).toEqual([status, error])
  expect(refused.answer.access_token).toBeUndefined()
})

test('faults happen to the issuer as well', async () => {
  const { exchange, ask } = await office()
  exchange.inject(({ operation }) =>
    operation === 'OAuthToken' ? { kind: 'http', status: 503, body: '{}' } : undefined,
  )
  expect((await ask(right)).status).toBe(503)
  exchange.inject(() => ({ kind: 'drop', when: 'before' }))
  await expect(ask(right)).rejects.toThrow('fetch failed')
})

test('without Bearer among the offers, there is no issuer', async () => {
  const exchange = await startExchange(WORLD, { port: 'none' })
  const issuer = new URL('/adfs/oauth2/token', exchange.url)
  expect((await exchange.fetch(issuer, { method: 'POST' })).status).toBe(404)
  await exchange.close()
})
