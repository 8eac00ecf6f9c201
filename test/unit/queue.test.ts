// The work queue against a model of five lines, over random histories; then the server's back-off.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lockoutMs } from '../../controller/api/duration.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { backOffMs, Queue } from '../../controller/sync/queue.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { VirtualClock } from '../support/clock.ts'

const backOff = { leastMs: 1_000, mostMs: 60_000 }
type Key = 'a' | 'b' | 'c'

/** What the queue must do: when each key is due, who is worked on, and how often each failed. */
class Model {
  nowMs = 0
  readonly due = new Map<Key, number>()
  readonly working = new Set<Key>()
  readonly failures = new Map<Key, number>()

  add(key: Key, delayMs: number): void {
    this.due.set(key, Math.min(this.due.get(key) ?? Number.POSITIVE_INFINITY, this.nowMs + delayMs))
  }
}

const key = fc.constantFrom<Key>('a', 'b', 'c')
const act = fc.oneof(
  fc.record({ what: fc.constant('add' as const), key, ms: fc.constantFrom(0, 0, 500, 5_000) }),
  fc.record({ what: fc.constant('get' as const), key, ms: fc.constant(0) }),
  fc.record({ what: fc.constant('done' as const), key, ms: fc.constant(0) }),
  fc.record({ what: fc.constant('fail' as const), key, ms: fc.constant(0) }),
  fc.record({ what: fc.constant('forget' as const), key, ms: fc.constant(0) }),
  fc.record({ what: fc.constant('remove' as const), key, ms: fc.constant(0) }),
  fc.record({ what: fc.constant('turn' as const), key, ms: fc.constantFrom(1, 499, 500, 10_000) }),
)

test('never two at once per key, the earliest due time wins, and nothing is forgotten', async () => {
  const reached = new Map<string, number>()
  const reach = (what: string) => reached.set(what, (reached.get(what) ?? 0) + 1)
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 80, size: 'max' }), async (acts) => {
      const clock = new VirtualClock(0)
      const queue = new Queue<Key>(clock, backOff)
      const model = new Model()
      for (const { what, key, ms } of acts) {
        if (what === 'add') {
          if (model.working.has(key)) reach('added while worked on')
          if (model.due.has(key)) reach('added twice')
          queue.add(key, ms)
          model.add(key, ms)
        } else if (what === 'get') await got(queue, model, reach)
        else if (what === 'done') {
          queue.done(key)
          model.working.delete(key)
        } else if (what === 'fail') {
          const failures = (model.failures.get(key) ?? 0) + 1
          model.failures.set(key, failures)
          const waitMs = Math.min(60_000, 1_000 * 2 ** (failures - 1))
          expect(queue.retry(key)).toBe(waitMs)
          model.add(key, waitMs)
        } else if (what === 'forget') {
          queue.forget(key)
          model.failures.delete(key)
        } else if (what === 'remove') {
          queue.remove(key)
          model.due.delete(key)
          model.failures.delete(key)
        } else {
          clock.advance(ms)
          model.nowMs += ms
        }
        const ready = [...model.due].filter(
          ([each, dueMs]) => dueMs <= model.nowMs && !model.working.has(each),
        )
        expect(queue.depth).toBe(ready.length)
        expect([...queue.working.keys()].sort()).toEqual([...model.working].sort())
      }
    }),
    { numRuns: 1_000 },
  )
  for (const what of ['added while worked on', 'added twice', 'handed out', 'waited for'])
    expect([what, (reached.get(what) ?? 0) > 20]).toEqual([what, true])
})

// Whoever asks gets what has been due for longest; when nothing is due, the next one as soon as it is.
async function got(queue: Queue<Key>, model: Model, reach: (what: string) => void): Promise<void> {
  const free = [...model.due].filter(([each]) => !model.working.has(each))
  const ready = free.filter(([, dueMs]) => dueMs <= model.nowMs)
  if (free.length === 0) return
  const first = Math.min(...free.map(([, dueMs]) => dueMs))
  if (ready.length === 0) {
    reach('waited for')
    return
  }
  const handed = await queue.get(new AbortController().signal)
  reach('handed out')
  expect(model.due.get(handed as Key)).toBe(first)
  model.due.delete(handed as Key)
  model.working.add(handed as Key)
}

test('who waits is woken when a key becomes due, when one is added, and when it is told to end', async () => {
  const clock = new VirtualClock(0)
  const queue = new Queue<Key>(clock, backOff)
  const { signal } = new AbortController()
  queue.add('a', 5_000)
  expect(await clock.until(queue.get(signal))).toBe('a')
  expect(clock.now()).toBe(5_000)
  const waiting = queue.get(signal)
  queue.add('b')
  expect(await waiting).toBe('b')
  // One that is worked on is handed out again only when that has ended.
  queue.add('a')
  const again = queue.get(signal)
  queue.done('a')
  expect(await again).toBe('a')
  const ending = new AbortController()
  const never = queue.get(ending.signal)
  ending.abort()
  expect(await never).toBe(undefined)
})

describe('a server is the unit of back-off', () => {
  const refused = new SyncError('terminal', 'AuthenticationFailed', 'the password is wrong')
  const lost = new SyncError('transient', 'ConnectionRefused', 'nothing answers')
  const fresh = () => {
    const clock = new VirtualClock(1_000_000)
    const turned: string[] = []
    const servers = new Servers(clock, backOff, (key) => turned.push(key))
    return { clock, servers, turned }
  }

  test('a request that fails where another folder answers is not the server’s matter', () => {
    const { servers, turned } = fresh()
    expect(servers.allow('one')).toBe(undefined)
    servers.record('one', new SyncError('transient', 'HttpError', 'HTTP 500', { local: true }))
    expect([servers.allow('one'), turned]).toEqual([undefined, []])
    servers.record('one', new SyncError('transient', 'HttpError', 'HTTP 500'))
    expect(servers.allow('one')).toMatchObject({ code: 'HttpError' })
  })

  test('one wrong password is one attempt, whoever asks, until a lockout can be over', () => {
    const { clock, servers, turned } = fresh()
    expect(servers.allow('one')).toBe(undefined)
    servers.record('one', refused)
    expect(servers.allow('one')).toMatchObject({
      code: 'AuthenticationFailed',
      backOffMs: lockoutMs,
    })
    expect(servers.allow('another')).toBe(undefined)
    clock.advance(lockoutMs)
    expect(servers.allow('one'), 'one tries').toBe(undefined)
    expect(servers.allow('one'), 'the others wait for it').toMatchObject({ backOffMs: 1_000 })
    servers.record('one', undefined)
    expect(servers.allow('one')).toBe(undefined)
    expect(turned).toEqual(['one', 'one'])
  })

  test('it waits twice as long each time, and as long as the server asks', () => {
    const { clock, servers } = fresh()
    const waits = [1, 2, 3, 4].map(() => {
      servers.record('one', lost)
      const waitMs = servers.backOffMs('one')
      clock.advance(waitMs)
      expect(servers.allow('one')).toBe(undefined)
      return waitMs
    })
    expect(waits).toEqual([1, 2, 3, 4].map((failures) => backOffMs(backOff, failures)))
    const busy = new SyncError('transient', 'ServerBusy', 'busy', { backOffMs: 50_000 })
    servers.record('one', busy)
    expect(servers.backOffMs('one')).toBe(50_000)
  })

  test('what is one mailbox’s matter is an answer of the server’s', () => {
    const { servers } = fresh()
    servers.record('one', lost)
    servers.record('one', new SyncError('terminal', 'HubNotFound', 'no such folder'))
    expect(servers.allow('one')).toBe(undefined)
  })

  test('a password that comes back is tried anew: it may be the right one by then', () => {
    const { servers } = fresh()
    expect(servers.allow('ns/one#old')).toBe(undefined)
    servers.record('ns/one#old', refused)
    expect(servers.allow('ns/one#new')).toBe(undefined)
    servers.record('ns/one#new', refused)
    expect(servers.allow('ns/one#old')).toBe(undefined)
    servers.record('ns/one#old', refused)
    expect(servers.allow('ns/other#old')).toBe(undefined)
    expect(servers.allow('ns/one#old')).toMatchObject({ code: 'AuthenticationFailed' })
  })

  test('somebody who asks for it need not wait, and a try that was given up says nothing', () => {
    const { clock, servers } = fresh()
    servers.record('one', refused)
    expect(servers.allow('one', 'refusal')).toBe(undefined)
    servers.cancel('one')
    expect(servers.allow('one')).toMatchObject({ code: 'AuthenticationFailed' })
    clock.advance(lockoutMs)
    expect(servers.allow('one')).toBe(undefined)
  })
})
