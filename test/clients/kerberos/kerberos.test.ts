// Sign-in by Kerberos, with a real KDC: the controller's side and the embedded Exchange's are both GSSAPI of MIT Kerberos.
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { networkOptionsOf } from '../../../controller/ews/endpoint.ts'
import type { Identity } from '../../../controller/ews/identity.ts'
import { pooledNetwork } from '../../../controller/ews/network.ts'
import { probe } from '../../../controller/ews/probe.ts'
import { Transport } from '../../../controller/ews/transport.ts'
import { type Exchange, startExchange } from '../../exchange/exchange.ts'
import { envelope } from '../../exchange/support.ts'
import { realClock } from '../../support/clock.ts'
import { ended } from '../../support/program.ts'
import { curl } from '../install.ts'
import { kerberos } from './install.ts'
import { type Kdc, REALM, startKdc } from './kdc.ts'

const obtained = await kerberos()
const curling = await curl()
const { path: root = '' } = obtained
const service = 'HTTP/127.0.0.1'
const svc = 'svc@corp.example'
const other = 'other@corp.example'
const short = 'short@corp.example'

describe.skipIf(obtained.missing !== undefined)('Kerberos', () => {
  let kdc: Kdc
  let serviceKeytab = ''
  const keytabs: Record<string, string> = {}

  beforeAll(async () => {
    kdc = await startKdc(root)
    Object.assign(process.env, kdc.env)
    for (const name of ['svc', 'other', service]) await kdc.add(name, '+requires_preauth')
    for (const name of ['svc', 'other']) keytabs[name] = await kdc.keytab(name)
    serviceKeytab = await kdc.keytab(service)
  })
  afterAll(() => kdc.close())

  const identity = (name: string, keytab = keytabs[name] ?? ''): Identity => ({
    type: 'Kerberos',
    username: `${name}@${REALM}`,
    keytab: readFileSync(keytab).toString('base64'),
  })

  async function exchangeWith(keytab = serviceKeytab): Promise<Exchange> {
    const exchange = await startExchange({
      domain: 'corp.example',
      users: [svc, other, short].map((mailbox) => ({
        mailbox,
        password: 'p',
        impersonates: 'all',
      })),
      publicFolders: [],
      signIn: { offers: ['Negotiate'], kerberos: { keytab } },
    })
    onTestFinished(() => exchange.close())
    return exchange
  }

  async function passing(exchange: Exchange): Promise<readonly string[]> {
    const tokens: string[] = []
    exchange.inject(({ headers }) => {
      tokens.push(headers.authorization ?? '')
      return undefined
    })
    return tokens
  }

  test('signs each request in, with a token of its own', async () => {
    const exchange = await exchangeWith()
    const tokens = await passing(exchange)
    const transport = transportTo(exchange.url, identity('svc'), 4)
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => ask(transport)))
    expect(await ask(transport)).toMatch(/^15\./)
    expect(new Set(tokens).size).toBe(7)
    expect(exchange.signIns).toMatchObject({ begun: 0, accepted: { [svc]: 7 }, refused: {} })
  })

  test.skipIf(curling.missing !== undefined)('curl signs in with the same keytab', async () => {
    const exchange = await exchangeWith()
    const keytab = `FILE:${keytabs.svc}`
    const config = `${kdc.env.KRB5_CONFIG}.curl`
    const lines = ['[libdefaults]', `default_realm = ${REALM}`, 'dns_canonicalize_hostname = false']
    writeFileSync(config, `${lines.join('\n')}\n`)
    const found = { KRB5_CLIENT_KTNAME: keytab, KRB5CCNAME: 'MEMORY:' }
    const env = { ...process.env, ...found, KRB5_CONFIG: `${config}:${kdc.env.KRB5_CONFIG}` }
    const flags = [
      '-sS',
      '--negotiate',
      '--user',
      ':',
      '--data',
      '@-',
      '-H',
      'Content-Type: text/xml',
    ]
    const written = ['--write-out', '%{http_code}', '--output', '/dev/null']
    const { stdout, stderr } = await ended(
      'curl',
      [...flags, ...written, exchange.url],
      env,
      envelope('<m:GetFolder/>'),
    )
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^(200|500)$/)
    expect(exchange.signIns).toMatchObject({ begun: 0, accepted: { [svc]: 1 } })
  })

  test('two identities at once are never mixed', async () => {
    const exchange = await exchangeWith()
    const [one, two] = [identity('svc'), identity('other')].map((each) =>
      transportTo(exchange.url, each, 4),
    )
    const asked = Array.from({ length: 20 }, (_, n) => ask((n % 2 ? one : two) as Transport))
    await Promise.all(asked)
    expect(exchange.signIns).toMatchObject({ accepted: { [svc]: 10, [other]: 10 }, refused: {} })
  })

  test('a token is taken once only', async () => {
    const exchange = await exchangeWith()
    const tokens = await passing(exchange)
    await ask(transportTo(exchange.url, identity('svc')))
    const headers = { authorization: tokens[0] ?? '', 'content-type': 'text/xml' }
    const { status } = await fetch(exchange.url, { method: 'POST', headers, body: '' })
    expect(status).toBe(401)
    expect(exchange.signIns.refusals).toEqual({ ticket: 1 })
  })

  test.each([
    ['of an account whose password was changed', 'changed', /refuses the key in the keytab/],
    ['of another principal', 'another', /the keytab has no key of the principal/],
    ['of an account that is gone', 'gone', /does not know the principal/],
    ['of an account that is locked', 'locked', /locked, disabled or expired/],
  ])('a keytab %s is refused, in plain words', async (_, name, said) => {
    await kdc.add(name, '+requires_preauth')
    const keytab = await kdc.keytab(name === 'another' ? 'other' : name)
    keytabs.other = name === 'another' ? keytab : (keytabs.other ?? '')
    if (name === 'changed') await kdc.admin('cpw -randkey changed')
    if (name === 'gone') await kdc.admin('delprinc -force gone')
    if (name === 'locked') await kdc.admin('modprinc -allow_tix locked')
    const exchange = await exchangeWith()
    const { error } = await failure(ask(transportTo(exchange.url, identity(name, keytab))))
    expect(error).toMatchObject({ kind: 'terminal', code: 'AuthenticationFailed' })
    expect(error.message).toMatch(said)
    expect(error.message).not.toMatch(new RegExp(`${name}@|127\\.0`))
    expect(exchange.signIns).toMatchObject({ accepted: {}, refused: {} })
  })

  test('a host without a service principal is named as the cause', async () => {
    const { port } = new URL((await exchangeWith()).url)
    const url = `http://localhost:${port}/EWS/Exchange.asmx`
    const { error } = await failure(ask(transportTo(url, identity('svc'))))
    expect(error).toMatchObject({ kind: 'terminal', code: 'AuthenticationFailed' })
    expect(error.message).toMatch(/setspn -S HTTP\//)
  })

  test('a KDC that is down passes by itself', async () => {
    const exchange = await exchangeWith()
    const transport = transportTo(exchange.url, identity('svc'))
    await kdc.stop()
    const { error } = await failure(ask(transport)).finally(() => kdc.start())
    expect(error).toMatchObject({ kind: 'transient', code: 'KerberosUnavailable' })
    expect(error.message).toMatch(/no KDC of the realm answers/)
    expect(await ask(transport)).toMatch(/^15\./)
  })

  test('a KDC that never answers holds a request no longer than its deadline', async () => {
    await using silent = await silentKdc()
    const exchange = await exchangeWith()
    const before = process.env.KRB5_CONFIG
    process.env.KRB5_CONFIG = silent.config(kdc)
    onTestFinished(() => {
      process.env.KRB5_CONFIG = before
    })
    const transport = transportTo(exchange.url, identity('svc'), 1, 1_500)
    const { error, ms } = await failure(ask(transport))
    expect(error).toMatchObject({ kind: 'transient', code: 'RequestTimeout' })
    expect(ms).toBeLessThan(5_000)
    expect(silent.asked()).toBeGreaterThan(0)
  })

  test('tickets are renewed before they expire', async () => {
    await kdc.add('short', '+requires_preauth -maxlife "4 seconds"')
    const exchange = await exchangeWith()
    const transport = transportTo(exchange.url, identity('short', await kdc.keytab('short')))
    for (let n = 0; n < 7; n += 1) {
      await ask(transport)
      await sleep(1_000)
    }
    expect(exchange.signIns).toMatchObject({ accepted: { [short]: 7 }, refused: {} })
  })

  test('tickets for a key that Exchange has no more are fetched again, without a failure', async () => {
    await kdc.add('HTTP/localhost')
    const first = await kdc.keytab('HTTP/localhost')
    const exchange = await exchangeWith(first)
    const url = exchange.url.replace('127.0.0.1', 'localhost')
    const transport = transportTo(url, identity('svc'))
    for (let n = 0; n < 3; n += 1) await ask(transport)
    const second = readFileSync(await kdc.keytab('HTTP/localhost'))
    writeFileSync(first, second)
    expect(await ask(transport)).toMatch(/^15\./)
    expect(exchange.signIns).toMatchObject({ accepted: { [svc]: 4 }, refusals: { ticket: 1 } })
  })

  test('a server with another key is refused once, with both sides named', async () => {
    const exchange = await exchangeWith(keytabs.other)
    const { error } = await failure(ask(transportTo(exchange.url, identity('svc'))))
    expect(error).toMatchObject({ kind: 'terminal', code: 'AuthenticationFailed' })
    expect(error.message).toMatch(/the Kerberos ticket.*setspn -Q.*it offers: Negotiate/)
    expect(exchange.signIns.refusals).toEqual({ ticket: 1 })
  })

  test('without the package, the error says how to install it', async () => {
    const exchange = await exchangeWith()
    const before = process.env.NODE_PATH
    process.env.NODE_PATH = ''
    const { error } = await failure(ask(transportTo(exchange.url, identity('svc')))).finally(() => {
      process.env.NODE_PATH = before
    })
    expect(error).toMatchObject({ kind: 'terminal', code: 'KerberosNotInstalled' })
    expect(error.message).toContain('npm install --no-save kerberos@7.0.0')
  })
})

const ask = (transport: Transport) =>
  probe(transport, { limit: 'probe' }, new AbortController().signal)

async function failure(asked: Promise<unknown>): Promise<{ error: Error; ms: number }> {
  const start = Date.now()
  const error = await asked.then(
    () => new Error('it was accepted'),
    (reason: Error) => reason,
  )
  return { error, ms: Date.now() - start }
}

function transportTo(url: string, identity: Identity, concurrency = 1, requestTimeoutMs = 30_000) {
  const limits = { concurrency, concurrencyPerMailbox: concurrency, requestTimeoutMs }
  const endpoint = { url, ca: undefined, identity, ...limits }
  const network = pooledNetwork(networkOptionsOf(endpoint, Date.now))
  const transport = new Transport(endpoint, realClock, () => {}, network)
  onTestFinished(() => transport.close())
  return transport
}

/** A port that takes everything and answers nothing. */
async function silentKdc() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  let asked = 0
  const datagrams = createSocket('udp4', () => {
    asked += 1
  })
  await new Promise<void>((resolve) => datagrams.bind(port, '127.0.0.1', resolve))
  return {
    asked: () => asked,
    config: ({ env }: Kdc) => {
      const own = `${env.KRB5_CONFIG}.silent`
      const text = readFileSync(env.KRB5_CONFIG ?? '', 'utf8')
      writeFileSync(own, text.replace(/^ +kdc = .*/m, `kdc = 127.0.0.1:${port}`))
      return own
    },
    [Symbol.asyncDispose]: async () => {
      datagrams.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
