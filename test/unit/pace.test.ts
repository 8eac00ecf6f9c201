// What brings nothing is asked for later each time, and what brings news is not kept waiting: watches, lists, the
// Lease. Against a server on a socket; time passes only where the code waits.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { kinds } from '../../controller/kube/kinds.ts'
import { Election } from '../../controller/kube/runtime/lease.ts'
import { Reflector } from '../../controller/kube/runtime/reflector.ts'
import { builtIn } from '../../controller/kube/runtime/resource.ts'
import { reach } from '../apiserver/reach.ts'
import { realClock } from '../support/clock.ts'

type Answer = (response: ServerResponse) => void

const { apiVersion, kind } = kinds.syncGroup
const missing =
  (name: string): Answer =>
  (response) =>
    void response
      .writeHead(404)
      .end(JSON.stringify({ kind: 'Status', reason: 'NotFound', details: { name } }))
const event = (type: string, metadata: object, more: object = {}) =>
  `${JSON.stringify({ type, object: { apiVersion, kind, metadata, ...more } })}\n`
const says =
  (...lines: readonly string[]): Answer =>
  (response) =>
    void response.end(lines.join(''))
const breaks =
  (...lines: readonly string[]): Answer =>
  (response) =>
    void response.write(lines.join(''), () => response.destroy())
const status =
  (code: number): Answer =>
  (response) =>
    void response.writeHead(code).end(JSON.stringify({ kind: 'Status', reason: 'Because' }))
const listing = (metadata: object, ...items: readonly object[]) =>
  says(JSON.stringify({ apiVersion, kind: `${kind}List`, metadata, items }))
const listed = listing({ resourceVersion: '7' })

/** A client of a server that answers lists and watches so; waits are noted, and end at once. */
async function serving(
  list: (url: URL, n: number) => Answer,
  watch: (n: number) => Answer = () => says(),
) {
  const seen = { lists: 0, watches: 0 }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    request.resume()
    const [, one] = /\/syncgroups\/(\w+)$/.exec(url.pathname) ?? []
    if (url.searchParams.has('watch')) watch(++seen.watches)(response)
    else if (one !== undefined) missing(one)(response)
    else list(url, ++seen.lists)(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // The client's own tries are at once; its deadlines are real.
  const quick = {
    now: realClock.now,
    sleep: (ms: number, until: AbortSignal) => realClock.sleep(ms < 3_000 ? 0 : ms, until),
  }
  const { client, close } = reach(`http://127.0.0.1:${port}`, quick)
  const end = new AbortController()
  onTestFinished(async () => {
    end.abort()
    await close()
    server.closeAllConnections()
    server.close()
  })
  const waits: number[] = []
  let nowMs = 1_000_000
  /** Ends after so many waits. */
  const clock = (most: number) => ({
    now: () => nowMs,
    sleep: async (ms: number) => {
      waits.push(ms)
      nowMs += ms
      if (waits.length >= most) end.abort()
    },
  })
  const stay = (ms: number) => {
    nowMs += ms
  }
  return { client, seen, waits, clock, signal: end.signal, end, stay }
}

async function reflected(
  list: Parameters<typeof serving>[0],
  watch: (n: number) => Answer,
  most: number,
) {
  const served = await serving(list, watch)
  const told: string[] = []
  const reflector = new Reflector({
    client: served.client,
    kind: kinds.syncGroup,
    clock: served.clock(most),
    chance: () => 0.5,
    changed: () => {},
    onError: (code) => told.push(code),
  })
  await reflector.run(served.signal)
  return { ...served, told }
}

const doubling = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]

test.each<readonly [string, Answer, readonly string[]]>([
  ['expires at once', says(event('ERROR', {}, { code: 410 })), ['WatchEndsEarly']],
  ['ends at once', says(), ['WatchEndsEarly']],
  [
    'tells what was known, and expires',
    says(event('BOOKMARK', { resourceVersion: '7' }), event('ERROR', {}, { code: 410 })),
    ['WatchEndsEarly'],
  ],
  [
    'tells what is older, and breaks off',
    breaks(event('BOOKMARK', { resourceVersion: '6' })),
    ['ApiWatchDisordered', 'ApiWatchDisordered'],
  ],
  ['is refused', status(500), ['ApiHttp500', 'ApiHttp500']],
  ['may not be made, though lists may', status(403), ['ApiHttp403', 'ApiHttp403']],
  ['is gone at once', status(410), ['WatchEndsEarly']],
])('a watch that %s is made later each time, and told of once', async (_, answer, codes) => {
  const { waits, told } = await reflected(
    () => listed,
    () => answer,
    doubling.length,
  )
  expect(waits).toEqual(doubling)
  expect(told).toEqual(codes)
})

test('news begin the count anew, and one that ends well is gone on with at once', async () => {
  const version = (n: number) => ({ name: 'a', namespace: 'x', uid: 'u', resourceVersion: `${n}` })
  const expired = event('ERROR', {}, { code: 410 })
  const answers = [
    says(expired),
    says(expired),
    says(expired),
    says(event('ADDED', version(8)), expired),
    says(expired),
    says(event('MODIFIED', version(9))),
    says(event('MODIFIED', version(10))),
    says(),
  ]
  const { waits, seen } = await reflected(
    () => listed,
    (n) => answers[n - 1] ?? says(),
    6,
  )
  expect(waits).toEqual([500, 1_000, 2_000, 500, 1_000, 500])
  expect(seen).toEqual({ lists: 6, watches: 8 })
})

test('a watch that stays for a while may end without news', async () => {
  const served = await serving(
    () => listed,
    (n) => (response) => {
      // Two ends after a while, then one at once.
      if (n <= 2) served.stay(60_000)
      response.end()
    },
  )
  const { client, signal } = served
  const rest = { kind: kinds.syncGroup, chance: () => 0.5, changed: () => {} }
  await new Reflector({ client, clock: served.clock(1), ...rest }).run(signal)
  expect([served.seen.watches, served.waits]).toEqual([3, [500]])
})

test('a list that never ends is given up, and asked for later each time', async () => {
  const { waits, told, seen } = await reflected(
    () => listing({ resourceVersion: '7', continue: 'same' }),
    () => says(),
    4,
  )
  expect(waits).toEqual([500, 1_000, 2_000, 4_000])
  expect(told).toEqual(['ApiListEndless', 'ApiListEndless'])
  expect(seen).toEqual({ lists: 8, watches: 0 })
})

test('a Lease that cannot be read is asked for later each time; one that another holds, steadily', async () => {
  const waiting = async (answer: Answer) => {
    const served = await serving(() => answer)
    const election = new Election({
      client: served.client,
      clock: served.clock(6),
      monotonic: () => 0,
      chance: () => 0,
      namespace: 'x',
      name: 'lease',
      identity: 'me',
      durationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryMs: 2_000,
    })
    await expect(election.win(served.signal)).rejects.toThrow()
    return served.waits
  }
  const metadata = { namespace: 'x', name: 'lease', uid: 'u', resourceVersion: '1' }
  const lease = { apiVersion: builtIn.lease.apiVersion, kind: builtIn.lease.kind, metadata }
  const held = { ...lease, spec: { holderIdentity: 'other' } }
  expect(await waiting(status(403))).toEqual([2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
  expect(await waiting(says(JSON.stringify(held)))).toEqual(Array(6).fill(2_000))
})
