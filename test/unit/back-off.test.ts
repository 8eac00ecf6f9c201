// How long a server may ask to be left alone: never more than a quarter of an hour, whatever it says and wherever it says
// it; and not when a user asks for a try. A refused password is another matter.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isWanted } from '../../controller/api/annotations.ts'
import { lockoutMs } from '../../controller/api/duration.ts'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { participantsOf } from '../../controller/api/topology.ts'
import { retryAfterMs } from '../../controller/core/retry-after.ts'
import { backOffMaxMs, SyncError } from '../../controller/core/sync-error.ts'
import { answerOf, errorOf, messagesOf } from '../../controller/ews/envelope.ts'
import { contactCodec } from '../../controller/ews/items/contact.ts'
import { getItem } from '../../controller/ews/operations.ts'
import { SignIn } from '../../controller/ews/sign-in.ts'
import { Transport } from '../../controller/ews/transport.ts'
import { parsed } from '../../controller/ews/xml-reader.ts'
import { startOf } from '../../controller/sync/line.ts'
import { partyOn } from '../../controller/sync/party.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { askedOf as askedOn } from '../../controller/sync/trying.ts'
import { realClock, VirtualClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'
import { groupOn } from './sign-in-office.ts'

const { signal } = new AbortController()
const nowMs = Date.UTC(2024, 0, 1)
const inAnHour = new Date(nowMs + 3_600_000).toUTCString()

test.each<[string | string[] | undefined, string | undefined, number | undefined]>([
  ['7', undefined, 7_000],
  ['0', undefined, undefined],
  [' 60 ', undefined, 60_000],
  ['99999999999', undefined, backOffMaxMs],
  [`${'9'.repeat(400)}`, undefined, backOffMaxMs],
  ['-5', undefined, undefined],
  ['NaN', undefined, undefined],
  ['Infinity', undefined, undefined],
  ['1e99', undefined, undefined],
  ['soon', undefined, undefined],
  ['', undefined, undefined],
  [undefined, undefined, undefined],
  [['3', '99'], undefined, 3_000],
  [inAnHour, undefined, backOffMaxMs],
  [new Date(nowMs + 20_000).toUTCString(), undefined, 20_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', undefined, backOffMaxMs],
  ['Thu, 01 Jan 1970 00:00:00 GMT', undefined, undefined],
  // The server's clock is an hour ahead of ours.
  [new Date(nowMs + 3_605_000).toUTCString(), inAnHour, 5_000],
])('Retry-After: %s, Date: %s', (value, date, wanted) => {
  expect(retryAfterMs({ 'retry-after': value, date }, nowMs)).toBe(wanted)
})

test.each([
  ['1e15', backOffMaxMs],
  ['-1', undefined],
  ['NaN', undefined],
  ['Infinity', backOffMaxMs],
  ['', undefined],
  ['a while', undefined],
  ['178510', 178_510],
])('BackOffMilliseconds %s', async (value, wanted) => {
  const { envelope } = busy(value)
  const answer = answerOf(await parsed(bytesOf(envelope)))
  expect(messagesOf(answer).map(errorOf)).toMatchObject([{ backOffMs: wanted }])
})

test('no error asks for more, whoever makes it', () => {
  const asks = (backOffMs: number) => new SyncError('transient', 'X', '', { backOffMs }).backOffMs
  expect([1e15, Number.NaN, -1, 0, 1, Number.POSITIVE_INFINITY].map(asks)).toEqual([
    backOffMaxMs,
    undefined,
    undefined,
    undefined,
    1,
    backOffMaxMs,
  ])
})

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}

function busy(wait: string) {
  const message = `<m:GetItemResponseMessage ResponseClass="Error"><m:ResponseCode>ErrorServerBusy</m:ResponseCode><m:MessageXml><t:Value Name="BackOffMilliseconds">${wait}</t:Value></m:MessageXml></m:GetItemResponseMessage>`
  return {
    envelope: `<s:Envelope xmlns:s="s" xmlns:m="m" xmlns:t="t"><s:Body><m:GetItemResponse><m:ResponseMessages>${message}</m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>`,
  }
}

async function transportTo(body: string, status = 200, headers = {}) {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    request.resume().on('end', () => response.writeHead(status, headers).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const time = { ms: nowMs }
  const limits = { concurrencyPerMailbox: 1, requestTimeoutMs: 60_000 }
  const endpoint = endpointAt(`http://127.0.0.1:${port}/`, limits)
  const transport = new Transport(endpoint, { ...realClock, now: () => time.ms })
  onTestFinished(async () => {
    await transport.close()
    server.close()
  })
  return { transport, time, requests: () => requests }
}

describe('an account is paused', () => {
  const route = { limit: 'a' }

  test('by one message of an answer about many, as by the whole', async () => {
    const { transport, time, requests } = await transportTo(busy('60000').envelope)
    const ask = () => transport.callEach(getItem(contactCodec), [], route, signal)
    expect(await ask()).toMatchObject([{ code: 'ErrorServerBusy', backOffMs: 60_000 }])
    await expect(ask()).rejects.toMatchObject({ code: 'ErrorServerBusy', backOffMs: 60_000 })
    await expect(transport.exchange('GetFolder', '<x/>', route, signal)).rejects.toThrow()
    expect(requests()).toBe(1)
    time.ms += 60_000
    await ask()
    expect(requests()).toBe(2)
  })

  test('and so by a message that the control plane reads', async () => {
    const { transport, requests } = await transportTo(busy('60000').envelope)
    await transport.exchange('FindFolder', '<x/>', route, signal)
    await expect(transport.exchange('FindFolder', '<x/>', route, signal)).rejects.toThrow()
    expect(requests()).toBe(1)
  })

  test('for a quarter of an hour at most, and until a user asks', async () => {
    const { transport, time, requests } = await transportTo('', 503, {
      'retry-after': '99999999999',
    })
    const ask = () => transport.exchange('GetItem', '<x/>', route, signal)
    await expect(ask()).rejects.toMatchObject({ code: 'ServerBusy', backOffMs: backOffMaxMs })
    await expect(ask()).rejects.toMatchObject({ code: 'ErrorServerBusy' })
    transport.resume()
    await expect(ask()).rejects.toMatchObject({ code: 'ServerBusy' })
    time.ms += backOffMaxMs
    await expect(ask()).rejects.toMatchObject({ code: 'ServerBusy' })
    expect(requests()).toBe(3)
  })
})

describe('a user who asks for a pass', () => {
  const status: SyncGroupStatus = { observedGeneration: 1, lastHandledReconcileAt: 'a' }
  const asking = (annotations: Record<string, string>, generation = 1, previous = status) => ({
    ...groupOn('http://x/', 1, { annotations }),
    generation,
    previous,
  })
  const [requested, force] = ['exchangesync.dev/requestedAt', 'exchangesync.dev/forceAt']

  test('is known by the annotation, or by what is declared otherwise', () => {
    const on = (declared: ReturnType<typeof asking>) =>
      askedOn(declared, participantsOf(declared.group).hub.place.server)
    expect(isWanted(asking({}))).toBe(false)
    expect(isWanted(asking({ [requested]: 'a' }))).toBe(false)
    expect(on(asking({ [requested]: 'b' }))).toBe('pause')
    expect(on(asking({}, 2))).toBe('pause')
    const forced = asking({ [requested]: 'b', [force]: 'b' })
    expect(on(forced)).toBe('refusal')
    // Another tenant could lock the account that they share.
    const { group } = forced
    expect(askedOn(forced, `platform/${group.spec.serverRef.name}`)).toBe('pause')
    // One that is declared for the first time asks for nothing: five hundred may come at once.
    expect(isWanted({ ...asking({}), previous: undefined })).toBe(false)
  })

  test('does not wait for a server that is busy, and does not lock an account', () => {
    const clock = new VirtualClock(0)
    const servers = new Servers(clock, { leastMs: 1_000, mostMs: 900_000 })
    const ill = (code: string) =>
      servers.record(code, new SyncError('transient', code, '', { backOffMs: 600_000 }))
    ill('ServerBusy')
    expect(servers.allow('ServerBusy')).toMatchObject({ backOffMs: 600_000 })
    expect(servers.state('ServerBusy', 'pause')).toBe('half-open')
    expect(servers.allow('ServerBusy', 'pause')).toBe(undefined)
    ill('AuthenticationFailed')
    expect(servers.state('AuthenticationFailed', 'pause')).toBe('open')
    expect(servers.allow('AuthenticationFailed', 'pause')).toMatchObject({ backOffMs: lockoutMs })
    expect(servers.allow('AuthenticationFailed', 'refusal')).toBe(undefined)
  })

  test('can have a refused password tried three times within the time that a lockout takes', async () => {
    const clock = new VirtualClock(0)
    const signIn = new SignIn(clock)
    let sent = 0
    const send = async () => {
      sent += 1
      throw new SyncError('terminal', 'AuthenticationFailed', '')
    }
    const ask = async () => {
      signIn.ask()
      await signIn.run(send, send, true, signal).catch(() => {})
    }
    await ask()
    for (let n = 0; n < 20; n += 1) {
      clock.advance(40_000)
      await ask()
    }
    expect(sent).toBe(4)
  })
})

describe('how a server is', () => {
  const fresh = () => new Servers(new VirtualClock(0), { leastMs: 1_000, mostMs: 900_000 })
  const hung = new SyncError('transient', 'RequestTimeout', '')

  test('a small question does not say that passes come to an end', () => {
    const servers = fresh()
    servers.record('s', hung)
    servers.record('s', undefined, true)
    expect(servers.state('s', 'pause')).toBe('half-open')
    servers.record('s', hung)
    expect(servers.backOffMs('s'), 'the second failure').toBe(2_000)
    servers.record('s', undefined)
    expect(servers.state('s')).toBe('closed')
    servers.record('s', new SyncError('transient', 'ConnectionRefused', ''))
    servers.record('s', undefined, true)
    expect(servers.state('s')).toBe('closed')
  })

  test('decides how its groups begin, and is one by its origin', () => {
    const servers = fresh()
    const party = (path = '/a') =>
      partyOn(servers, 'ns', `https://mail.corp.example${path}`, 's', undefined)
    const start = () => startOf(party())
    expect(party('/b').server).toBe(party().server)
    expect(start(), 'never tried').toBe('first')
    party().answered?.()
    expect(start()).toBe('worker')
    servers.record('s', new SyncError('transient', 'RequestTimeout', '', { backOffMs: 1_000 }))
    party().answered?.()
    expect(start(), 'told so by a worker').toBe('worker')
    expect(servers.state('s', 'pause')).toBe('half-open')
    const asked = partyOn(servers, 'ns', 'https://x', 's', 'pause')
    expect(startOf(asked)).toBe('again')
    servers.allow('s', 'pause')
    expect(startOf(asked), 'while one tries').toBe('not')
  })

  test('what is not declared any more is forgotten', () => {
    const servers = fresh()
    servers.allow('ns/corp#1')
    servers.record('ns/corp#1', hung)
    servers.forget('ns/corp')
    expect(servers.state('ns/corp#1')).toBe('unknown')
  })
})
