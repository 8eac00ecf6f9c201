// How slow an answer may be: the rule tick by tick, and servers on sockets that trickle. The ticks of the latter are
// short, and only how they end counts.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Incoming, pooledNetwork } from '../../controller/ews/network.ts'
import { Pacer, usualRate } from '../../controller/ews/rate.ts'
import { makeCertificates } from '../exchange/http/certificate.ts'

const { signal } = new AbortController()

describe('tick by tick', () => {
  const idle = { sending: false, sent: 0, received: 0, unread: false }
  /** At which tick it is cut, when the tick says how it stands; undefined: not within so many. */
  const cutAt = (at: (tick: number) => Partial<typeof idle>, ticks = 600) => {
    const pacer = new Pacer(usualRate)
    for (let tick = 1; tick <= ticks; tick += 1)
      if (pacer.isTooSlow({ ...idle, ...at(tick) })) return tick
    return undefined
  }

  test.each<[string, (tick: number) => Partial<typeof idle>, number | undefined]>([
    ['a byte a second', (tick) => ({ received: tick }), 16],
    ['nothing, for as long as the request may take', () => ({}), undefined],
    [
      'a byte a second after a minute of thought',
      (tick) => ({ received: Math.max(0, tick - 60) }),
      76,
    ],
    ['headers, and then nothing', () => ({ received: 200 }), 16],
    ['1 KiB a second', (tick) => ({ received: tick * 1_024 }), undefined],
    [
      'in bursts, a second of ten',
      (tick) => ({ received: 1 + Math.floor(tick / 10) * 20_000 }),
      undefined,
    ],
    [
      'well, and then a byte a second',
      (tick) => ({ received: 2_000 * Math.min(tick, 100) + tick }),
      108,
    ],
    ['an answer that we do not read', () => ({ received: 100_000, unread: true }), undefined],
    ['a request of which nothing is taken', () => ({ sending: true, sent: 65_536 }), 16],
    [
      'a request that is taken slowly, but well',
      (tick) => ({ sending: true, sent: tick * 1_100 }),
      undefined,
    ],
    [
      'a request that was taken, and thought about',
      (tick) => ({ sending: tick < 20, sent: Math.min(tick, 20) * 65_536 }),
      undefined,
    ],
  ])('%s', (_what, at, cut) => {
    expect(cutAt(at)).toBe(cut)
  })
})

const rate = { tickMs: 5, ticks: 20, leastBytes: 200 }

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Sends the text, byte by byte and for ever. */
const trickle = (first: string, then: string) => (socket: Socket) => {
  socket.write(first)
  let at = 0
  const timer = setInterval(() => socket.write(then[at++ % then.length] ?? ''), 5)
  socket.on('close', () => clearInterval(timer))
}

async function asked(url: string, ca?: string, body = '<x/>'): Promise<string> {
  const network = pooledNetwork({ concurrency: 2, ca, rate, connectMs: 300 })
  onTestFinished(() => network.close())
  const response: Incoming = await network.send({ url, headers: {}, body, signal })
  let text = ''
  for await (const chunk of response.body) text += Buffer.from(chunk).toString()
  return text
}

describe('on a socket', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n'
  test.each<[string, (socket: Socket) => void]>([
    ['the answer', trickle(`${head}content-length: 100000\r\n\r\n`, 'x')],
    ['its chunks', trickle(`${head}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n')],
    ['its headers', trickle(head, 'x-a: b\r\n')],
    [
      'its first line',
      trickle('', 'HTTP/1.1 200 OOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOO'),
    ],
    [
      'nothing after its headers',
      (socket) => void socket.write(`${head}content-length: 9\r\n\r\n`),
    ],
  ])('%s, byte by byte, is cut', async (_what, answer) => {
    const server = createServer((socket) => socket.once('data', () => answer(socket)))
    const port = await listening(server)
    await expect(asked(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'ServerTooSlow',
    })
  })

  test('a request of which a server takes nothing is cut', async () => {
    const port = await listening(createServer({ pauseOnConnect: true }, () => {}))
    const body = 'x'.repeat(40_000_000)
    await expect(asked(`http://127.0.0.1:${port}/`, undefined, body)).rejects.toMatchObject({
      code: 'ServerTooSlow',
    })
  })

  test('a large request arrives whole, and its answer, both in TLS; a byte a second is cut there, too', async () => {
    const { ca, ...tls } = makeCertificates(Date.now())
    let received = 0
    const server = createTlsServer(tls, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        received += chunk.length
        if (received < 1_000_000) return
        received = 0
        socket.write(`${head}content-length: 500000\r\n\r\n${'y'.repeat(500_000)}`)
      })
    })
    const port = await listening(server)
    const text = await asked(`https://127.0.0.1:${port}/`, ca, 'x'.repeat(1_000_000))
    expect(text.length).toBe(500_000)
    const slow = createTlsServer(tls, (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => trickle(`${head}content-length: 9000\r\n\r\n`, 'x')(socket))
    })
    const url = `https://127.0.0.1:${await listening(slow)}/`
    await expect(asked(url, ca)).rejects.toMatchObject({ code: 'ServerTooSlow' })
  })

  test('a server that takes the connection and says nothing of TLS is left after a while', async () => {
    const port = await listening(createServer(() => {}))
    await expect(asked(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
    })
  })

  test('connections are used again, and there are never more than may be', async () => {
    let sockets = 0
    const server = createServer((socket) => {
      sockets += 1
      socket.on('data', () => socket.write(`${head}content-length: 1\r\n\r\ny`))
    })
    const port = await listening(server)
    const network = pooledNetwork({ concurrency: 2, ca: undefined, rate })
    onTestFinished(() => network.close())
    const url = `http://127.0.0.1:${port}/`
    const once = async () => {
      const response = await network.send({ url, headers: {}, body: 'x', signal })
      for await (const _ of response.body) void _
    }
    for (let n = 0; n < 5; n += 1) await once()
    expect(sockets).toBe(1)
    await Promise.all([once(), once(), once(), once(), once()])
    expect(sockets).toBe(2)
  })
})
