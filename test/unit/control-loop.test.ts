// The control loop, on a clock that the test turns: what is listed is worked on once, again when it changes, later each
// time when it fails, and never when it is not listed any more.
import { expect, onTestFinished, test } from 'vitest'
import { ChangeSignal } from '../../controller/sync/change-signal.ts'
import { ControlLoop, type Requeue } from '../../controller/sync/control-loop.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { calm, Hand } from '../support/clock.ts'

/** A running loop over what a test declares. */
async function running(
  reconcile: (key: string) => Promise<Requeue> | Requeue,
  onGone: () => void = () => {},
) {
  const clock = new Hand()
  const stop = new AbortController()
  const changes = new ChangeSignal()
  const [worked, gone]: [string[], string[]] = [[], []]
  let listed = new Map<string, string | undefined>()
  const servers = new Servers(clock, { leastMs: 1, mostMs: 1 })
  const partyOf = () => ({ tenant: '', server: '', way: '' })
  const loop = new ControlLoop<string>(
    {
      list: async () => {
        changes.clear()
        return listed
      },
      changed: (signal) => changes.changed(signal),
      reconcile: async (key) => {
        worked.push(key)
        return reconcile(key)
      },
      onGone: (key) => {
        gone.push(key)
        onGone()
      },
    },
    {
      clock,
      servers,
      backOff: { leastMs: 1_000, mostMs: 4_000 },
      sharing: { workers: 4, aside: 0, partyOf },
    },
  )
  const ended = loop.run(stop.signal)
  onTestFinished(() => stop.abort())
  const declare = async (now: Readonly<Record<string, string | undefined>>) => {
    listed = new Map(Object.entries(now))
    changes.notify()
    await calm()
  }
  const since = () => worked.splice(0)
  return { clock, declare, since, gone, loop, stop, ended }
}

test('what is listed is worked on at once, and again after its interval or when it changes', async () => {
  const { clock, declare, since } = await running(() => ({ kind: 'after', ms: 60_000 }))
  await declare({ one: 'a', two: 'a' })
  expect(since()).toEqual(['one', 'two'])
  await declare({ one: 'a', two: 'a' })
  expect(since(), 'nothing is new').toEqual([])
  await declare({ one: 'a', two: 'b' })
  expect(since()).toEqual(['two'])
  await clock.turn(60_000)
  expect(since().sort()).toEqual(['one', 'two'])
})

test('what fails comes back later each time, until it succeeds', async () => {
  const answers: Requeue[] = [
    { kind: 'retry' },
    { kind: 'retry' },
    { kind: 'retry', leastMs: 9_000 },
    { kind: 'after', ms: 0 },
    { kind: 'retry' },
  ]
  const { clock, declare, since } = await running(() => answers.shift() ?? { kind: 'forget' })
  await declare({ one: 'a' })
  expect(since()).toEqual(['one'])
  for (const waitMs of [1_000, 2_000]) {
    await clock.turn(waitMs - 1)
    expect(since()).toEqual([])
    await clock.turn(1)
    expect(since()).toEqual(['one'])
  }
  await clock.turn(8_999)
  expect(since(), 'as long as the error asks for').toEqual([])
  await clock.turn(1)
  expect(since(), 'it succeeds, is due at once, and fails').toEqual(['one', 'one'])
  await clock.turn(1_000)
  expect(since(), 'the next failure is the first again').toEqual(['one'])
})

test('a change during its work makes it due at once afterwards, never with two workers', async () => {
  const gates: (() => void)[] = []
  const gated = () =>
    new Promise<Requeue>((resolve) => {
      gates.push(() => resolve({ kind: 'after', ms: 60_000 }))
    })
  const { declare, since } = await running(gated)
  await declare({ one: 'a' })
  await declare({ one: 'b' })
  await declare({ one: 'c' })
  expect(since()).toEqual(['one'])
  gates.shift()?.()
  await calm()
  expect(since()).toEqual(['one'])
})

test('what is not listed any more is not queued again, also when it is being worked on', async () => {
  let end = () => {}
  const gated = () =>
    new Promise<Requeue>((resolve) => {
      end = () => resolve({ kind: 'after', ms: 1_000 })
    })
  const { clock, declare, since, gone, loop } = await running(gated)
  await declare({ one: 'a' })
  await declare({})
  expect(gone, 'what the work records comes before its end').toEqual([])
  end()
  await calm()
  expect(gone).toEqual(['one'])
  await clock.turn(10_000)
  loop.due('one')
  await clock.turn(1)
  expect(since()).toEqual(['one'])
  await declare({ one: 'a' })
  expect(since(), 'declared again, it begins again').toEqual(['one'])
})

test('what is not known whole waits until it is', async () => {
  const { declare, since } = await running(() => ({ kind: 'after', ms: 60_000 }))
  await declare({ one: undefined })
  expect(since()).toEqual([])
  await declare({ one: 'a' })
  expect(since()).toEqual(['one'])
  await declare({ one: undefined })
  await declare({ one: 'a' })
  expect(since(), 'it is what it was before').toEqual([])
})

test('work that rejects ends the loop, with its error', async () => {
  const { declare, ended } = await running(() => Promise.reject(new Error('a defect')))
  const failed = expect(ended).rejects.toThrow('a defect')
  await declare({ one: 'a' })
  await failed
})

test('a key that is declared again during its work ends once, before its new work begins', async () => {
  const order: string[] = []
  let end = () => {}
  const gated = () =>
    new Promise<Requeue>((resolve) => {
      order.push('begins')
      end = () => {
        order.push('ends')
        resolve({ kind: 'after', ms: 1_000 })
      }
    })
  const { declare } = await running(gated, () => order.push('gone'))
  await declare({ one: 'a' })
  await declare({})
  await declare({ one: 'b' })
  end()
  await calm()
  expect(order).toEqual(['begins', 'ends', 'gone', 'begins'])
  await declare({ one: 'b' })
  end()
  await calm()
  expect(order.slice(4)).toEqual(['ends'])
  await declare({})
  expect(order.at(-1), 'at once, without work').toBe('gone')
})
