// Connections of an ExchangeServer that is changed or removed: what is under way ends, then the sockets are closed and
// forgotten, and nothing is sent over them with an account that is not declared any more. Against a server on a socket.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { hubAccess } from '../../controller/api/references.ts'
import type { ItemId } from '../../controller/core/id.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { type NetworkOptions, pooledNetwork } from '../../controller/ews/network.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { realClock } from '../support/clock.ts'
import { groupOn } from './sign-in-office.ts'

const answer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<m:ResolveNamesResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"/></s:Body></s:Envelope>`

/** A server that holds answers back until it is told, and knows its sockets. */
async function office() {
  // Open sockets, and the account that each was used with.
  const sockets = new Map<Socket, string>()
  const held: { password: string; answer: () => void; broken: boolean }[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [, given = ''] = String(request.headers.authorization).split(' ')
    const [, password = ''] = Buffer.from(given, 'base64').toString().split(':')
    sockets.set(request.socket, password)
    const one = {
      password,
      broken: false,
      answer: () => response.setHeader('content-type', 'text/xml').end(answer),
    }
    response.once('close', () => {
      one.broken = !response.writableFinished
    })
    request.resume().once('end', () => held.push(one))
  })
  server.on('connection', (socket) => {
    sockets.set(socket, '')
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let opened = 0
  let closed = 0
  const network = (options: NetworkOptions) => {
    const pooled = pooledNetwork(options)
    opened += 1
    return {
      ...pooled,
      close: () => {
        closed += 1
        return pooled.close()
      },
    }
  }
  const connections = new Connections(realClock, { network })
  const signal = new AbortController().signal
  onTestFinished(async () => {
    await connections.close()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const declared = (password: string, name = 'corp') =>
    groupOn(`http://127.0.0.1:${port}/EWS/Exchange.asmx`, 1, { server: name, password })
  const probe = async (of: Declared): Promise<string> => {
    try {
      await connections.probe(hubAccess(of), false, signal)
      return 'answered'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const counts = () => ({ accounts: [...new Set(sockets.values())].sort(), open: opened - closed })
  return { connections, held, declared, probe, counts }
}

test('when a Secret changes, what is under way ends, and then its sockets are closed', async () => {
  const { held, declared, probe, counts } = await office()
  const [first, second] = [declared('old'), declared('new')]
  const before = probe(first)
  await expect.poll(() => held.length).toBe(1)
  const after = probe(second)
  await expect.poll(() => held.length).toBe(2)
  expect(held.map(({ password }) => password)).toEqual(['old', 'new'])
  expect([held[0]?.broken, counts()]).toEqual([false, { accounts: ['new', 'old'], open: 2 }])
  for (const each of held) each.answer()
  // Both were answered, and by what they were asked.
  expect(new Set(await Promise.all([before, after])).size).toBe(1)
  expect(held.map(({ broken }) => broken)).toEqual([false, false])
  await expect.poll(counts).toEqual({ accounts: ['new'], open: 1 })
})

test('nothing more is sent with the account of before, not even by who has it in hand', async () => {
  const { connections, held, declared, probe, counts } = await office()
  const [first, second] = [declared('old'), declared('new')]
  const signal = new AbortController().signal
  const [hub] = connections.replicas(first, signal)
  const after = probe(second)
  await expect.poll(() => held.length).toBe(1)
  await expect(hub?.read(['AAMk' as ItemId], signal)).rejects.toMatchObject({
    code: 'ServerChanged',
    kind: 'transient',
  })
  held[0]?.answer()
  await after
  expect(held.map(({ password }) => password)).toEqual(['new'])
  expect(counts()).toEqual({ accounts: ['new'], open: 1 })
})

test('an ExchangeServer that is removed leaves nothing open; one that another name uses stays', async () => {
  const { connections, held, declared, probe, counts } = await office()
  const asked = async (of: Declared) => {
    const result = probe(of)
    const at = held.length
    await expect.poll(() => held.length).toBeGreaterThan(at)
    held.at(-1)?.answer()
    return result
  }
  await asked(declared('same', 'one'))
  await asked(declared('same', 'two'))
  await asked(declared('other', 'three'))
  expect(counts().open).toBe(2)
  connections.keep(new Set(['sales/two', 'sales/three']))
  await expect.poll(counts).toEqual({ accounts: ['other', 'same'], open: 2 })
  connections.keep(new Set(['sales/three']))
  await expect.poll(counts).toEqual({ accounts: ['other'], open: 1 })
  connections.keep(new Set())
  await expect.poll(counts).toEqual({ accounts: [], open: 0 })
})

test('a hundred passwords one after the other leave one connection', async () => {
  const { held, declared, probe, counts } = await office()
  for (let n = 0; n < 100; n += 1) {
    const result = probe(declared(`password-${n}`))
    await expect.poll(() => held.length, { interval: 1 }).toBe(n + 1)
    held[n]?.answer()
    await result
  }
  await expect.poll(counts).toEqual({ accounts: ['password-99'], open: 1 })
})
