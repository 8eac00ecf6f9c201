// Requests of plans run behind those of passes: in few places, and never before a request of a pass that waits for the same ones.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { paceAt } from '../../controller/ews/connections.ts'
import { KeyedSemaphore } from '../../controller/ews/semaphore.ts'
import { Transport } from '../../controller/ews/transport.ts'
import type { Pace } from '../../controller/sync/ports.ts'
import { calm, realClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'

const { signal } = new AbortController()
const behind: Pace = Object.assign(() => async () => {}, { behind: true as const })

/** Tasks that run until they are ended by name; those that began, in order. */
function hall(all: number, each: number) {
  const lanes = new KeyedSemaphore(all, each)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const task = (name: string) => () => {
    begun.push(name)
    return new Promise<void>((resolve) => ends.set(name, resolve))
  }
  const pass = (name: string, mailbox = name, until = signal) =>
    lanes.run(mailbox, task(name), until)
  const plan = (name: string, mailbox = name, until = signal) =>
    lanes.runBehind(mailbox, task(name), until)
  const end = async (name: string) => {
    ends.get(name)?.()
    await calm()
  }
  return { begun, pass, plan, end }
}

test('plans have a quarter of the places, and at least one', async () => {
  for (const [all, places] of [
    [1, 1],
    [4, 1],
    [9, 2],
  ] as const) {
    const { begun, plan, pass } = hall(all, 1)
    for (let n = 0; n < 9; n += 1) void plan(`plan-${n}`)
    await calm()
    expect(begun).toHaveLength(places)
    for (let n = 0; n < 9; n += 1) void pass(`pass-${n}`)
    await calm()
    expect(begun.filter((name) => name.startsWith('pass'))).toHaveLength(all - places)
  }
})

test('a request of a pass that comes later goes first, in all and for one mailbox', async () => {
  const { begun, plan, pass, end } = hall(2, 1)
  void pass('one')
  void pass('two')
  void plan('plan', 'one')
  void pass('three', 'one')
  void pass('four')
  await calm()
  await end('one')
  expect(begun).toEqual(['one', 'two', 'four'])
  await end('two')
  expect(begun).toEqual(['one', 'two', 'four', 'three'])
  await end('four')
  expect(begun).not.toContain('plan')
  await end('three')
  expect(begun.at(-1)).toBe('plan')
  await end('plan')
  void pass('five', 'one')
  await calm()
  expect(begun.at(-1)).toBe('five')
})

test('one that gives up waiting leaves its place to the next', async () => {
  const { begun, plan, pass, end } = hall(1, 1)
  void pass('pass')
  const leaves = new AbortController()
  const first = plan('first', 'first', leaves.signal)
  void plan('second')
  await calm()
  leaves.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await end('pass')
  expect(begun).toEqual(['pass', 'second'])
})

test('the pace of a request decides', async () => {
  const arrived: string[] = []
  const answer = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    arrived.push(String(request.headers['x-anchormailbox']))
    request.resume()
    answer.promise.then(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = endpointAt(`http://127.0.0.1:${port}/`, { concurrency: 1 })
  const transport = new Transport(endpoint, realClock)
  onTestFinished(async () => {
    await transport.close()
    server.close()
  })
  const ask = (anchor: string, pace?: Pace) =>
    transport
      .exchange('CreateItem', '<x/>', { anchor, limit: anchor, pace }, signal)
      .catch(() => {})
  const asked = [ask('first'), ask('plan', behind), ask('pass')]
  answer.resolve()
  await Promise.all(asked)
  expect(arrived.filter((name) => name !== 'undefined')).toEqual(['first', 'pass', 'plan'])
})

test('a plan is behind at every server, the pace of a pass is for that of its hub', () => {
  const pass: Pace = () => async () => {}
  expect([paceAt('a', 'a', pass), paceAt('b', 'a', pass)]).toEqual([pass, undefined])
  expect([paceAt('a', 'a', behind), paceAt('b', 'a', behind)]).toEqual([behind, behind])
})
