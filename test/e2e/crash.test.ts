// A first sync dies, or loses an answer, at any moment; afterwards there is exactly one copy of everything.
//
// A moment is the n-th request, or write, of a run, before or after its effect: so a history is told again
// by its seed, however fast the machine is. With one request at a time (half of the histories) it is the same
// to the letter; with eight, the others under way may be other ones.
//
//   SEED=1 RUNS=50 npx vitest run test/e2e/crash.test.ts
import { afterAll, describe, expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import {
  lostPhone,
  type Moment,
  members,
  momentsOf,
  password,
  worldOf,
  wrongIn,
} from './crash-world.ts'
import {
  type Ended,
  faultsOf,
  groupOf,
  holdingsOf,
  Place,
  type Running,
  readyOf,
  secretOf,
  serverOf,
  two,
} from './support.ts'

const seed = Number(process.env.SEED ?? 1)
const runs = Number(process.env.RUNS ?? 6)
/** How many passes it may take from the last misfortune until all is well. */
const passesMax = 4

const reached = new Map<string, number>()

describe.concurrent('a first sync survives', () => {
  test.each(Array.from({ length: runs }, (_, n) => seed + n))(
    'SEED=%i RUNS=1 npx vitest run test/e2e/crash.test.ts',
    async (each) => two(() => history(each)),
    120_000,
  )
})

afterAll(() => {
  const lines = [...reached].sort().map(([what, times]) => `${what} ${times}`)
  console.log(`reached: ${lines.join(', ')}`)
  // What was never tried proves nothing.
  if (runs < 50) return
  for (const kind of ['kill before', 'kill after', 'lose'])
    expect(reached.get(`${kind} CreateItem`) ?? 0).toBeGreaterThan(0)
})

async function history(each: number): Promise<void> {
  const { moments, concurrency } = momentsOf(each)
  const exchange = await startExchange(worldOf())
  try {
    using place = new Place([
      serverOf(exchange.url, { limits: { concurrency } }),
      secretOf('account', { username: 'sync@corp.example', password }),
      groupOf({ members }),
    ])
    for (const moment of moments) await misfortune(exchange, place, moment)
    exchange.inject(undefined)
    const last = await untilReady(place)
    expect(last.code, `not Ready after ${passesMax} passes: ${place.statusText(group)}`).toBe(0)
    expect(faultsOf(place.status(group))).toEqual([])
    expect(wrongIn(exchange.store)).toEqual([])
    // The phone number that lost against the hub's can be got back.
    expect(JSON.stringify(place.bin())).toContain(lostPhone)

    const before = holdingsOf(exchange.store)
    const quiet = await place.once()
    expect(quiet.code).toBe(0)
    expect(holdingsOf(exchange.store)).toEqual(before)
    expect(place.status(group)?.lastPass).toMatchObject({ created: 0, updated: 0, deleted: 0 })
  } finally {
    await exchange.close()
  }
}

const group = 'company-contacts'

// One run of the program, to which it happens at the given moment, if it gets that far.
async function misfortune(exchange: Exchange, place: Place, moment: Moment): Promise<void> {
  let count = 0
  let running: Running | undefined
  exchange.inject(async ({ operation }) => {
    if (moment.of === 'writes' && !/^(Create|Update|Delete)/.test(operation)) return undefined
    count += 1
    if (count !== moment.n) return undefined
    const what = `${moment.kind} ${operation}`
    reached.set(what, (reached.get(what) ?? 0) + 1)
    if (moment.kind === 'lose') return { kind: 'drop', when: 'after' }
    running?.child.kill('SIGKILL')
    await running?.ended
    return { kind: 'drop', when: moment.kind === 'kill before' ? 'before' : 'after' }
  })
  running = place.start('run', '--once')
  await running.ended
}

async function untilReady(place: Place): Promise<Ended> {
  let last = await place.once()
  for (let pass = 1; pass < passesMax && last.code !== 0; pass += 1) last = await place.once()
  expect(readyOf(place.status(group)), last.stderr).toBeDefined()
  return last
}
