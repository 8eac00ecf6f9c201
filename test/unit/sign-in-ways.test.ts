// Each way of signing in, on an embedded Exchange that offers it, that offers another, and that refuses: over http and
// over TLS with Extended Protection.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { networkOptionsOf } from '../../controller/ews/endpoint.ts'
import { envelopeXml } from '../../controller/ews/envelope.ts'
import type { Identity } from '../../controller/ews/identity.ts'
import { pooledNetwork } from '../../controller/ews/network.ts'
import { probe } from '../../controller/ews/probe.ts'
import { Transport } from '../../controller/ews/transport.ts'
import { at } from '../../controller/ews/xml.ts'
import type { Clock } from '../../controller/sync/ports.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { FaultInjector } from '../exchange/http/fault.ts'
import type { WorldSignIn } from '../exchange/sign-in/settings.ts'
import { realClock } from '../support/clock.ts'

const { signal } = new AbortController()
const username = 'sync@corp.example'
const password = 'geheim-7'
const app = { id: 'app-1', secret: 'app-geheim', as: username }

type Ntlm = Extract<Identity, { type: 'NTLM' }>

const ntlm = (more: Partial<Ntlm> = {}): Ntlm => ({
  type: 'NTLM',
  username,
  password,
  channelBinding: 'Send',
  ...more,
})

const oauth = (exchange: Exchange, more: object = {}): Identity => ({
  type: 'OAuth',
  tokenURL: new URL('/adfs/oauth2/token', exchange.url).href,
  clientID: app.id,
  clientSecret: app.secret,
  scope: 'https://mail.corp.example/.default',
  ...more,
})

async function exchangeWith(
  signIn: WorldSignIn,
  {
    tls = false,
    fault,
    clock = realClock,
  }: Partial<{ tls: boolean; fault: FaultInjector; clock: Clock }> = {},
): Promise<Exchange> {
  const dir = mkdtempSync(join(tmpdir(), 'exsync-sign-in-'))
  const world = {
    domain: 'corp.example',
    users: [{ mailbox: username, password, impersonates: 'all' as const }],
    publicFolders: [],
    signIn: { ...signIn, ...(signIn.offers?.includes('Bearer') && { apps: [app] }) },
  }
  const exchange = await startExchange(world, {
    clock: clock.now,
    ...(tls && { tls: dir }),
    ...(fault && { fault }),
  })
  onTestFinished(async () => {
    await exchange.close()
    rmSync(dir, { recursive: true })
  })
  return exchange
}

function transportTo(
  exchange: Exchange,
  identity: Identity,
  concurrency = 1,
  clock: Clock = realClock,
): Transport {
  const { url, ca } = exchange
  const limits = { concurrency, concurrencyPerMailbox: concurrency, requestTimeoutMs: 20_000 }
  const endpoint = { url, ca, identity, ...limits }
  const network = pooledNetwork(networkOptionsOf(endpoint, clock.now))
  const transport = new Transport(endpoint, clock, () => {}, network)
  onTestFinished(() => transport.close())
  return transport
}

const deletion = envelopeXml(
  '<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:DeleteItem>',
  undefined,
)

// MS-NLMP §2.2.1.2, without a target.
function challengeOf(flags: number): Buffer {
  const message = Buffer.alloc(56)
  message.write('NTLMSSP\0', 'latin1')
  message.writeUInt32LE(2, 8)
  message.writeUInt32LE(flags, 20)
  return message
}

const ask = (transport: Transport) => probe(transport, { limit: 'probe' }, signal)

describe('NTLM', () => {
  test.each([
    ['an address', { username }],
    ['DOMAIN\\user', { username: 'CORP\\sync' }],
    ['a plain name', { username: 'sync' }],
  ])('signs in once for each connection, as %s', async (_, more) => {
    const exchange = await exchangeWith({ offers: ['Negotiate', 'NTLM'] })
    const transport = transportTo(exchange, ntlm(more))
    for (let n = 0; n < 5; n += 1) expect(await ask(transport)).toMatch(/^15\./)
    expect(exchange.signIns).toMatchObject({ begun: 1, accepted: { [username]: 1 }, refused: {} })
    expect(exchange.signIns.last).toMatchObject({ mic: true })
  })

  test('takes Negotiate where that is all the server offers', async () => {
    const exchange = await exchangeWith({ offers: ['Negotiate'] })
    expect(await ask(transportTo(exchange, ntlm()))).toMatch(/^15\./)
    expect(exchange.signIns.accepted).toEqual({ [username]: 1 })
  })

  test.each([
    ['Off', 'Send', true],
    ['Off', 'Omit', true],
    ['Allow', 'Send', true],
    ['Allow', 'Omit', true],
    ['Require', 'Send', true],
    ['Require', 'Omit', false],
  ] as const)(
    'with Extended Protection %s and the binding %s',
    async (extendedProtection, channelBinding, accepted) => {
      const exchange = await exchangeWith({ offers: ['NTLM'], extendedProtection }, { tls: true })
      const answer = ask(transportTo(exchange, ntlm({ channelBinding })))
      if (accepted) expect(await answer).toMatch(/^15\./)
      else
        await expect(answer).rejects.toMatchObject({
          code: 'AuthenticationFailed',
          message: expect.stringMatching(/Extended Protection .* exsync doctor/),
        })
    },
  )

  test('a connection that is opened again binds its sign-in as the first one did', async () => {
    const signIn = { offers: ['NTLM'], extendedProtection: 'Require' } as const
    const exchange = await exchangeWith(signIn, { tls: true })
    const transport = transportTo(exchange, ntlm())
    expect(await ask(transport)).toMatch(/^15\./)
    for (let n = 0; n < 3; n += 1) {
      let lost = false
      exchange.inject(() => {
        if (lost) return undefined
        lost = true
        return { kind: 'drop', when: 'before' }
      })
      expect(await ask(transport)).toMatch(/^15\./)
    }
    expect(exchange.signIns).toMatchObject({ begun: 4, refused: {}, last: { binding: 'right' } })
  })

  test.each([
    ['damaged', 'NTLM TlRMTVNTUAACAAAA'],
    ['without Unicode', `NTLM ${challengeOf(0x8202).toString('base64')}`],
  ])(
    'a challenge that is %s is told from a wrong password, and gets no answer',
    async (_, offer) => {
      const exchange = await exchangeWith({ offers: ['NTLM'] })
      let requests = 0
      exchange.inject(() => {
        requests += 1
        return { kind: 'http', status: 401, headers: { 'www-authenticate': offer } }
      })
      await expect(ask(transportTo(exchange, ntlm()))).rejects.toMatchObject({
        code: 'AuthenticationFailed',
        message: expect.stringMatching(/challenge is damaged, .* no password was sent/),
      })
      expect(requests).toBe(1)
    },
  )

  test('an answer without a challenge is refused: a proxy may have signed in as another account', async () => {
    const exchange = await exchangeWith({ offers: ['NTLM'] })
    exchange.inject(() => ({ kind: 'http', status: 200, body: '<x/>' }))
    await expect(ask(transportTo(exchange, ntlm()))).rejects.toMatchObject({
      code: 'AuthenticationFailed',
      message: expect.stringContaining('without asking for a sign-in'),
    })
  })

  test('a 401 that offers NTLM and gives no challenge says that no password was sent', async () => {
    const exchange = await exchangeWith({ offers: ['NTLM'] })
    const headers = { 'www-authenticate': 'NTLM' }
    exchange.inject(() => ({ kind: 'http', status: 401, headers }))
    await expect(ask(transportTo(exchange, ntlm()))).rejects.toMatchObject({
      code: 'AuthenticationFailed',
      message: expect.stringContaining('without a challenge, so no password was sent'),
    })
  })

  test('a password that stops being right costs one attempt, for all connections', async () => {
    const exchange = await exchangeWith({ offers: ['NTLM'] })
    const transport = transportTo(exchange, ntlm(), 6)
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => ask(transport)))
    exchange.store.mailbox(username).setPassword('another-8')
    exchange.inject(({ operation, user }) =>
      operation === 'GetFolder' && user !== undefined ? { kind: 'signOut' } : undefined,
    )
    const asked = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => ask(transport)))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toEqual([])
    expect(exchange.signIns.refused[username]).toBeLessThanOrEqual(3)
  })

  test('a wrong password costs one attempt, for all requests', async () => {
    const exchange = await exchangeWith({ offers: ['Negotiate', 'NTLM'] })
    const transport = transportTo(exchange, ntlm({ password: 'wrong' }), 4)
    const asked = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => ask(transport)))
    for (const each of asked) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'AuthenticationFailed' } })
      expect(String((each as PromiseRejectedResult).reason)).toContain(
        '(it offers: Negotiate, NTLM)',
      )
    }
    expect(exchange.signIns).toMatchObject({ begun: 1, refused: { [username]: 1 } })
  })

  test('a write is never sent on a connection that is not signed in', async () => {
    const exchange = await exchangeWith({ offers: ['NTLM'] })
    const transport = transportTo(exchange, ntlm())
    for (let n = 0; n < 3; n += 1) {
      exchange.inject(({ operation, user }) =>
        operation === 'GetFolder' && user !== undefined
          ? { kind: 'drop', when: 'after' }
          : undefined,
      )
      await expect(ask(transport)).rejects.toMatchObject({ code: 'ConnectionLost' })
      exchange.inject(undefined)
      const write = transport.exchange('DeleteItem', deletion, { limit: 'a' }, signal)
      expect(at((await write).envelope, 'Body', 'DeleteItemResponse')).toBeDefined()
    }
    expect(exchange.counts.DeleteItem).toBe(3)
    expect(exchange.signIns.refused).toEqual({})
  })

  test('a 401 in the middle repeats a read after a new sign-in, and never a write', async () => {
    let armed: string | undefined
    const exchange = await exchangeWith(
      { offers: ['NTLM'] },
      {
        fault: ({ operation }) => {
          if (operation !== armed) return undefined
          armed = undefined
          return { kind: 'signOut' }
        },
      },
    )
    const transport = transportTo(exchange, ntlm())
    await ask(transport)
    armed = 'GetFolder'
    expect(await ask(transport)).toMatch(/^15\./)
    expect(exchange.signIns.accepted).toEqual({ [username]: 2 })
    armed = 'DeleteItem'
    const write = transport.exchange('DeleteItem', deletion, { limit: 'a' }, signal)
    await expect(write).rejects.toMatchObject({ kind: 'transient', code: 'SignInLost' })
    expect(exchange.counts.DeleteItem).toBeUndefined()
    expect(await ask(transport)).toMatch(/^15\./)
  })
})

describe('a server that offers something else', () => {
  test.each([
    [
      'Basic',
      ['Negotiate', 'NTLM'],
      /does not offer Basic .* only Negotiate, NTLM: set spec\.auth\.type to NTLM, or .* -BasicAuthentication \$true/,
    ],
    [
      'NTLM',
      ['Basic'],
      /does not offer NTLM or Negotiate .* only Basic: set spec\.auth\.type to Basic, or .* -WindowsAuthentication \$true/,
    ],
    ['OAuth', ['NTLM', 'Bearer'], /^ok$/],
  ] as const)('%s, where there is %j', async (type, offers, said) => {
    const exchange = await exchangeWith({ offers })
    const identity: Identity =
      type === 'OAuth'
        ? oauth(exchange)
        : type === 'NTLM'
          ? ntlm()
          : { type: 'Basic', username, password }
    const answer = await ask(transportTo(exchange, identity)).then(
      () => 'ok',
      ({ message }) => message,
    )
    expect(answer).toMatch(said)
    expect(answer).not.toContain(password)
  })
})

describe('OAuth', () => {
  test('one token serves many requests, and is asked for again before it expires', async () => {
    const time = { ms: Date.UTC(2026, 0, 1) }
    const clock = { ...realClock, now: () => time.ms }
    const exchange = await exchangeWith({ offers: ['Bearer'], tokenSeconds: 3_600 }, { clock })
    const transport = transportTo(exchange, oauth(exchange), 4, clock)
    await Promise.all([1, 2, 3, 4, 5].map(() => ask(transport)))
    expect(exchange.counts.OAuthToken).toBe(1)
    time.ms += 3_290_000
    await ask(transport)
    expect(exchange.counts.OAuthToken, 'valid for more than five minutes').toBe(1)
    time.ms += 20_000
    await ask(transport)
    expect(exchange.counts.OAuthToken, 'valid for less').toBe(2)
    expect(exchange.signIns.refused).toEqual({})
  })

  test('a refused token is renewed once, also for a write', async () => {
    const exchange = await exchangeWith({ offers: ['Bearer'] })
    let refusals = 0
    const transport = transportTo(exchange, oauth(exchange))
    await ask(transport)
    exchange.inject(({ operation }) => {
      if (operation !== 'GetFolder') return undefined
      refusals += 1
      return refusals === 1 ? { kind: 'http', status: 401 } : undefined
    })
    expect(await ask(transport)).toMatch(/^15\./)
    expect(refusals).toBe(2)
    exchange.inject(({ operation }) => {
      if (operation !== 'GetFolder') return undefined
      return { kind: 'http', status: 401, headers: { 'www-authenticate': 'Bearer error="x"' } }
    })
    await expect(ask(transport)).rejects.toMatchObject({
      code: 'AuthenticationFailed',
      message: expect.stringContaining('it offers: Bearer'),
    })
  })

  test('a token that is still valid is used while the endpoint is down', async () => {
    const time = { ms: Date.UTC(2026, 0, 1) }
    const clock = { ...realClock, now: () => time.ms }
    const exchange = await exchangeWith({ offers: ['Bearer'], tokenSeconds: 3_600 }, { clock })
    const transport = transportTo(exchange, oauth(exchange), 4, clock)
    await ask(transport)
    exchange.inject(({ operation }) =>
      operation === 'OAuthToken' ? { kind: 'http', status: 503 } : undefined,
    )
    time.ms += 3_400_000
    expect(await ask(transport)).toMatch(/^15\./)
    time.ms += 201_000
    const asked = await Promise.allSettled([1, 2, 3].map(() => ask(transport)))
    for (const each of asked) expect(each).toMatchObject({ reason: { code: 'TokenUnavailable' } })
  })

  test('a wrong secret is named, and costs one attempt', async () => {
    const exchange = await exchangeWith({ offers: ['Bearer'] })
    const identity = oauth(exchange, { clientSecret: 'falsch-9' })
    const transport = transportTo(exchange, identity, 4)
    const asked = await Promise.allSettled([1, 2, 3].map(() => ask(transport)))
    for (const each of asked) {
      const { reason } = each as PromiseRejectedResult
      expect(reason).toMatchObject({ kind: 'terminal', code: 'AuthenticationFailed' })
      expect(reason.message).toMatch(/invalid_client.*clientSecret/)
      expect(reason.message).not.toContain('falsch')
    }
  })
})
