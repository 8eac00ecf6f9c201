// What the client of the API server does with what may come over the wire: one pool, deadlines, other tries, and
// credentials and certificates that change. Against a server on a socket, answer by answer.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Cluster } from '../../controller/kube/runtime/kubeconfig.ts'
import type { Clock } from '../../controller/sync/ports.ts'
import { makeCertificates } from '../exchange/http/certificate.ts'
import { realClock } from '../support/clock.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const { signal } = new AbortController()
const call = { method: 'GET', path: '/api' } as const
const ok: Answer = (_request, response) => void response.end('{"fine":true}')
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end('{"kind":"Status","reason":"Because","message":"x"}')

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A server that gives the answers in turn, the last one for ever. */
async function serving(answers: readonly Answer[], tls?: { key: string; cert: string }) {
  const seen: IncomingMessage[] = []
  let connections = 0
  const handle: Answer = (request, response) => {
    seen.push(request)
    const answer = answers[Math.min(seen.length, answers.length) - 1] ?? ok
    answer(request, response)
  }
  const server = tls ? createTlsServer(tls, handle) : createServer(handle)
  server.on(tls ? 'secureConnection' : 'connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return { port, seen, connections: () => connections, server }
}

/** A client of it, whose waits take no time and are noted. */
function clientOf(port: number, more: { ca?: string; token?: string } = {}, scheme = 'http') {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-client-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const [token, ca] = [join(folder, 'token'), join(folder, 'ca.crt')]
  writeFileSync(token, more.token ?? 'one')
  if (more.ca !== undefined) writeFileSync(ca, more.ca)
  const cluster = {
    server: `${scheme}://127.0.0.1:${port}`,
    ...(more.ca === undefined ? {} : { 'certificate-authority': 'ca.crt' }),
  }
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(
    kubeconfig,
    stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { tokenFile: 'token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'ns' } }],
      'current-context': 'x',
    }),
  )
  const waited: number[] = []
  let aheadMs = 0
  const clock: Clock = {
    now: () => realClock.now() + aheadMs,
    // A deadline is as long as it is, another try is at once.
    sleep: (delayMs, until) => {
      if (delayMs >= 5_000) return realClock.sleep(delayMs, until)
      waited.push(delayMs)
      return realClock.sleep(0, until)
    },
  }
  const way = new Cluster(kubeconfig)
  ends.push(() => way.close())
  const told: string[] = []
  const client = new Client(
    way,
    clock,
    () => 0.5,
    (method, code) => told.push(`${method} ${code}`),
  )
  const later = () => {
    aheadMs += 2_000
  }
  return { client, way, token, ca, waited, told, later }
}

test('two hundred requests take two connections at most', async () => {
  const { port, connections, seen } = await serving([ok])
  const { client, way } = clientOf(port)
  for (let n = 0; n < 200; n++) await client.json(call, signal)
  expect(seen.length).toBe(200)
  expect(connections()).toBeLessThanOrEqual(2)
  expect(way.namespace).toBe('ns')
})

test('a busy server is asked again when it said, and the answers are counted', async () => {
  const { port } = await serving([status(429, { 'retry-after': '2' }), status(503), ok])
  const { client, waited, told } = clientOf(port)
  expect(await client.json(call, signal)).toEqual({ fine: true })
  expect(waited[0]).toBe(2_000)
  expect(told).toEqual(['GET 429', 'GET 503', 'GET 200'])
})

test('a connection that breaks is tried again for what may be done twice, and for nothing else', async () => {
  const broken: Answer = (request) => void request.socket.destroy()
  const { port, seen } = await serving([broken, ok, broken, ok])
  const { client } = clientOf(port)
  const apply = {
    method: 'PATCH',
    path: '/x',
    body: {},
    type: 'application/apply-patch+yaml',
  } as const
  expect(await client.json(apply, signal)).toEqual({ fine: true })
  expect(seen[0]?.headers['content-type']).toBe('application/apply-patch+yaml')
  const create = { method: 'POST', path: '/x', body: {} } as const
  await expect(client.json(create, signal)).rejects.toThrow()
  expect(seen.length).toBe(3)
})

test('what the server refuses is an error with its status and reason', async () => {
  const { port, seen } = await serving([status(409)])
  const { client } = clientOf(port)
  await expect(client.json({ ...call, method: 'PUT', body: {} }, signal)).rejects.toMatchObject({
    status: 409,
    reason: 'Http409',
  })
  expect(seen.length).toBe(1)
})

test('a token that is refused is read again', async () => {
  const { port, seen } = await serving([ok, status(401), ok])
  const { client, token } = clientOf(port)
  await client.json(call, signal)
  writeFileSync(token, 'two')
  expect(await client.json(call, signal)).toEqual({ fine: true })
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer one',
    'Bearer one',
    'Bearer two',
  ])
})

test('an authority that is replaced is trusted from then on', async () => {
  const [first, second] = [makeCertificates(Date.now()), makeCertificates(Date.now())]
  const { port } = await serving([ok], second)
  const { client, ca, later } = clientOf(port, { ca: first.ca }, 'https')
  const create = { method: 'POST', path: '/x', body: {} } as const
  await expect(client.json(create, signal)).rejects.toThrow()
  writeFileSync(ca, second.ca)
  utimesSync(ca, new Date(), new Date(Date.now() + 5_000))
  later()
  expect(await client.json(create, signal)).toEqual({ fine: true })
})

test('a server that never answers is given up at the deadline', async () => {
  const { port } = await serving([() => {}])
  const { client } = clientOf(port)
  await expect(client.json({ method: 'POST', path: '/x', body: {} }, signal, 10)).rejects.toThrow()
})

test('a watch is read line by line, wherever the pieces end, and ends when it falls silent', async () => {
  const pieces: Answer = (_request, response) => {
    response.write('{"type":"ADDED","obj')
    response.write('ect":{"n":1}}\n{"type":"ADDED","object":{"n":"ż')
    response.write('"}}\n')
  }
  const { port } = await serving([pieces])
  const { client } = clientOf(port)
  const lines: unknown[] = []
  const reading = async () => {
    for await (const line of client.lines(call, { silenceMs: 100, mostMs: 60_000 }, signal))
      lines.push(line)
  }
  await expect(reading()).rejects.toThrow()
  expect(lines).toEqual([
    { type: 'ADDED', object: { n: 1 } },
    { type: 'ADDED', object: { n: 'ż' } },
  ])
})

test('without a cluster it is said what to do', async () => {
  expect(() => new Cluster('/nowhere/kubeconfig').namespace).toThrow(
    expect.objectContaining({
      code: 'KubeconfigUnusable',
      message: expect.stringContaining('KUBECONFIG'),
    }),
  )
})
