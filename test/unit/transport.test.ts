// The transport against a real HTTP server: what each answer asks for, what is tried again, and how
// many requests are under way.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Network } from '../../controller/ews/network.ts'
import { faultOf, kindOf } from '../../controller/ews/response-codes.ts'
import { Semaphore } from '../../controller/ews/semaphore.ts'
import { Transport } from '../../controller/ews/transport.ts'
import type { Clock } from '../../controller/sync/ports.ts'
import { realClock, VirtualClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void

const signal = new AbortController().signal
const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

const envelope = (inside: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="types"><s:Body>${inside}</s:Body></s:Envelope>`

const fault = (code: string, more = '') =>
  envelope(
    `<s:Fault><faultcode>a:${code}</faultcode><faultstring>hush</faultstring><detail><e:ResponseCode xmlns:e="e">${code}</e:ResponseCode>${more}</detail></s:Fault>`,
  )

async function transportTo(
  answer: Answer,
  clock: Partial<Clock> = {},
): Promise<{ transport: Transport; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server: Server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => answer(request, response, requests.length))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = limited(`http://127.0.0.1:${port}/EWS/Exchange.asmx`)
  const transport = new Transport(endpoint, { ...realClock, ...clock })
  open.push(
    () => transport.close(),
    () => new Promise((resolve) => server.close(resolve)),
  )
  return { transport, requests }
}

const identity = { type: 'Basic', username: 'sync@corp.example', password: 'pässword' } as const
const limited = (url: string) =>
  endpointAt(url, { identity, concurrencyPerMailbox: 1, requestTimeoutMs: 5000 })

const ask = (transport: Transport, operation = 'GetItem') =>
  transport.exchange(operation, '<x/>', { limit: 'a' }, signal)
const answers =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body)

describe('answers', () => {
  const table: readonly (readonly [string, Answer, string, string, string])[] = [
    ['a wrong password', answers(401), 'AuthenticationFailed', 'terminal', 'Secret'],
    [
      'a proxy’s own sign-in',
      answers(407),
      'ProxyAuthenticationRequired',
      'terminal',
      'around the proxy',
    ],
    ['EWS is forbidden', answers(403), 'Forbidden', 'terminal', 'EwsEnabled'],
    ['no EWS at the URL', answers(404, '<html>'), 'EwsNotFound', 'terminal', 'Exchange.asmx'],
    [
      'a web page',
      answers(200, '<!doctype html><html><body>Sign in'),
      'NotEws',
      'transient',
      'web page',
    ],
    ['an empty error', answers(500), 'HttpError', 'transient', 'HTTP 500'],
    [
      'a redirect',
      answers(302, '', { location: '/ews/genericerrorpage.htm' }),
      'Redirected',
      'transient',
      'spec.url',
    ],
    ['busy', answers(503, '', { 'retry-after': '7' }), 'ServerBusy', 'transient', 'busy'],
    [
      'busy, as a fault',
      answers(
        500,
        fault(
          'ErrorServerBusy',
          '<t:MessageXml><t:Value Name="BackOffMilliseconds">178510</t:Value></t:MessageXml>',
        ),
      ),
      'ErrorServerBusy',
      'transient',
      'tries again',
    ],
    [
      'busy, as a fault with HTTP 200',
      answers(200, fault('ErrorServerBusy')),
      'ErrorServerBusy',
      'transient',
      'tries again',
    ],
    [
      'not to act for a mailbox',
      answers(500, fault('ErrorImpersonateUserDenied')),
      'ErrorImpersonateUserDenied',
      'terminal',
      'ApplicationImpersonation',
    ],
    [
      'half an answer',
      answers(200, envelope('<x>').slice(0, 90)),
      'TruncatedAnswer',
      'transient',
      'broke off',
    ],
    [
      'a lost connection',
      (request) => void request.socket.destroy(),
      'ConnectionLost',
      'transient',
      'broke off',
    ],
  ]
  test.each(table)('%s', async (_what, answer, code, kind, remedy) => {
    const { transport } = await transportTo(answer)
    const error = await ask(transport).then(
      async ({ envelope: node }) => {
        const { answerOf } = await import('../../controller/ews/envelope.ts')
        return answerOf(node)
      },
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code, kind })
    expect((error as Error).message).toContain(remedy)
    expect((error as Error).message).not.toContain('hush')
  })

  test('a wait that a fault with HTTP 200 tells pauses the identity, too', async () => {
    const wait = '<t:MessageXml><t:Value Name="BackOffMilliseconds">60000</t:Value></t:MessageXml>'
    const busy = answers(200, fault('ErrorServerBusy', wait))
    const { transport, requests } = await transportTo(busy, { now: () => 0 })
    await expect(ask(transport)).rejects.toMatchObject({ backOffMs: 60_000 })
    await expect(ask(transport)).rejects.toMatchObject({ code: 'ErrorServerBusy' })
    expect(requests).toHaveLength(1)
  })

  test('a server’s wait is handed on, and pauses the whole identity', async () => {
    let nowMs = 0
    const { transport, requests } = await transportTo(answers(503, '', { 'retry-after': '60' }), {
      now: () => nowMs,
    })
    await expect(ask(transport)).rejects.toMatchObject({ backOffMs: 60_000 })
    await expect(ask(transport, 'CreateItem')).rejects.toMatchObject({ code: 'ErrorServerBusy' })
    expect(requests).toHaveLength(1)
    nowMs = 61_000
    await expect(ask(transport)).rejects.toMatchObject({ code: 'ServerBusy' })
    expect(requests).toHaveLength(2)
  })
})

describe('requests', () => {
  test('carry who we are, and where they go', async () => {
    const { transport, requests } = await transportTo(answers(200, envelope('<x/>')))
    const route = { limit: 'a', anchor: 'anna@corp.example', contentMailbox: 'guid@corp.example' }
    await transport.exchange('GetItem', '<x/>', route, signal)
    expect(requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('sync@corp.example:pässword').toString('base64')}`,
      'x-anchormailbox': 'anna@corp.example',
      'x-publicfoldermailbox': 'guid@corp.example',
      'user-agent': 'exchange-sync-controller/0.1',
    })
  })

  test('a read whose connection was lost is tried once more, a write never', async () => {
    const lossy: Answer = (request, response, nth) =>
      void (nth === 2 ? request.socket.destroy() : response.end(envelope('<x/>')))
    const reading = await transportTo(lossy)
    await ask(reading.transport)
    await ask(reading.transport)
    expect(reading.requests).toHaveLength(3)
    const writing = await transportTo(lossy)
    await ask(writing.transport)
    await expect(ask(writing.transport, 'CreateItem')).rejects.toMatchObject({
      code: 'ConnectionLost',
    })
    expect(writing.requests).toHaveLength(2)
  })

  test('before the account is accepted, a lost read is not tried at once: each may be an attempt', async () => {
    const { transport, requests } = await transportTo((request) => void request.socket.destroy())
    await expect(ask(transport)).rejects.toMatchObject({ code: 'ConnectionLost' })
    expect(requests).toHaveLength(1)
  })

  test('a request ends at its deadline, by the clock that was handed down', async () => {
    const clock = new VirtualClock(0)
    const send: Network['send'] = ({ signal: enough }) =>
      new Promise((_, reject) =>
        enough.addEventListener('abort', () => reject(enough.reason), { once: true }),
      )
    const network = { send, close: async () => {} }
    const transport = new Transport(limited('http://127.0.0.1/'), clock, () => {}, network)
    await expect(clock.until(ask(transport))).rejects.toMatchObject({ code: 'RequestTimeout' })
    expect(clock.now()).toBe(5000)
  })

  test('an abort ends the request with its own reason', async () => {
    const { transport } = await transportTo(() => {})
    const abort = new AbortController()
    const asked = transport.exchange('GetItem', '<x/>', { limit: 'a' }, abort.signal)
    abort.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })
})

describe('lanes', () => {
  test('so many at once and no more, in order', async () => {
    const lane = new Semaphore(2)
    const log: string[] = []
    let inside = 0
    const task = (name: string) => async () => {
      inside += 1
      log.push(`${name}${inside}`)
      await Promise.resolve()
      inside -= 1
    }
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => lane.run(task(name), signal)))
    expect(log.map((each) => each[0])).toEqual(['a', 'b', 'c', 'd'])
    expect(Math.max(...log.map((each) => Number(each[1])))).toBe(2)
  })

  test('who gives up waiting does not hold a place', async () => {
    const lane = new Semaphore(1)
    const abort = new AbortController()
    const release = Promise.withResolvers<void>()
    const first = lane.run(() => release.promise, signal)
    const second = lane.run(async () => 'never', abort.signal)
    abort.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    release.resolve()
    await first
    await expect(lane.run(async () => 'free', signal)).resolves.toBe('free')
  })
})

test.each([
  ['ErrorIrresolvableConflict', 'stale'],
  ['ErrorItemNotFound', 'stale'],
  ['ErrorServerBusy', 'transient'],
  ['ErrorMailboxMoveInProgress', 'transient'],
  ['ErrorSomethingNobodyHasHeardOf', 'transient'],
  ['ErrorAccessDenied', 'terminal'],
  ['ErrorNonExistentMailbox', 'terminal'],
  ['ErrorInvalidPropertySet', 'terminal'],
])('%s is %s', (code, kind) => {
  expect(kindOf(code)).toBe(kind)
  expect(faultOf(code).message).not.toBe('')
})
