// Who gets a place: laws over random arrivals, on a clock that the test turns, and the cases one by one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Party, Places, type Start } from '../../controller/sync/line.ts'
import type { Seat } from '../../controller/sync/seat.ts'
import { Shares } from '../../controller/sync/shares.ts'
import { VirtualClock } from '../support/clock.ts'

const workers = 4
const aside = 8

type Key = `${string}/${string}/${number}`
type Work = Readonly<{ name: Key; seat: Seat; answers: ((error: unknown) => Promise<void>)[] }>

/** Keys `tenant/server/n`, and servers that are as the test says. */
class Office {
  readonly clock = new VirtualClock(0)
  readonly starts = new Map<string, Start>()
  readonly under = new Set<Work>()
  readonly waiting = new Map<Key, Readonly<{ name: Key; party: Party; sinceMs: number }>>()
  /** Of each tenant that waits for a worker and has none: how many others got one meanwhile. */
  readonly passedOver = new Map<string, number>()
  readonly shares: Shares<Key>
  #n = 0

  constructor(patient = false) {
    this.shares = new Shares(this.clock, { workers, aside, patient }, () => {})
  }

  add(tenant: string, server: string): void {
    const name: Key = `${tenant}/${server}/${this.#n++}`
    const start = () => this.starts.get(`${tenant} ${server}`) ?? 'worker'
    const ready = {
      name,
      party: { tenant, server, way: 'x', start },
      sinceMs: this.clock.now(),
    }
    this.waiting.set(name, ready)
    this.shares.add(ready)
  }

  /** Hands out all that may begin now. */
  begin(seen: (work: Work) => void = () => {}): readonly Work[] {
    const begun: Work[] = []
    for (;;) {
      const next = this.shares.next()
      if (next === undefined) return begun
      const work = { ...next, answers: [] }
      this.waiting.delete(next.name)
      this.under.add(work)
      begun.push(work)
      seen(work)
    }
  }

  ask({ seat, answers }: Work): void {
    answers.push(seat.pace())
  }

  answer({ answers }: Work): void {
    void answers.shift()?.(undefined)
  }

  end(work: Work): void {
    this.under.delete(work)
    this.shares.end(work.seat)
  }

  /** How many keys wait that may have a worker as far as their server goes, by tenant. */
  wanting(): ReadonlySet<string> {
    const silent = new Set(
      [...this.under]
        .filter(({ seat }) => seat.state === 'aside')
        .map(({ seat: { party } }) => `${party.tenant} ${party.server}`),
    )
    const keys = [...this.waiting.values()]
      .filter(({ party }) => (party.start?.() ?? 'worker') === 'worker')
      .filter(({ party }) => !silent.has(`${party.tenant} ${party.server}`))
    const back = [...this.under].filter(({ seat }) => seat.state === 'waiting')
    return new Set([...keys, ...back.map(({ seat }) => seat)].map(({ party }) => party.tenant))
  }

  count(state: Seat['state'], of: (party: Party) => boolean = () => true): number {
    return [...this.under].filter(({ seat }) => seat.state === state && of(seat.party)).length
  }
}

const tenants = ['a', 'b', 'c', 'd', 'e', 'f']
const tenant = fc.constantFrom(...tenants)
const server = fc.constantFrom('s', 't')
const pick = fc.nat(30)
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('add' as const), tenant, server }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('end' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('ask' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('answer' as const), pick }) },
  fc.record({ what: fc.constant('turn' as const), ms: fc.constantFrom(1, 600, 20_000) }),
  fc.record({
    what: fc.constant('server' as const),
    tenant,
    server,
    start: fc.constantFrom<Start>('worker', 'first', 'again', 'not'),
  }),
)

test('each has its turn, and nobody gets more than its share, whatever comes and hangs', async () => {
  const reached = new Map<string, number>()
  const reach = (what: string) => reached.set(what, (reached.get(what) ?? 0) + 1)
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 60, maxLength: 120, size: 'max' }),
      async (acts) => {
        const office = new Office()
        for (const each of acts) {
          const some = [...office.under]
          if (each.what === 'add') office.add(each.tenant, each.server)
          else if (each.what === 'turn') office.clock.advance(each.ms)
          else if (each.what === 'server')
            office.starts.set(`${each.tenant} ${each.server}`, each.start)
          else {
            const work = some[each.pick % Math.max(1, some.length)]
            if (work !== undefined) office[each.what](work)
          }
          shared(office, reach)
          // What was given up ends by itself.
          for (const work of office.under)
            if (work.seat.signal.aborted) {
              reach('given up')
              office.end(work)
            }
        }
      },
    ),
    { numRuns: 200 },
  )
  for (const what of ['many wait', 'aside', 'given up', 'first', 'back'])
    expect([what, (reached.get(what) ?? 0) > 20]).toEqual([what, true])
})

// Hands places out one by one, and holds each to the laws.
function shared(office: Office, reach: (what: string) => void): void {
  for (;;) {
    const wanting = office.wanting()
    const before = new Map(tenants.map((each) => [each, held(office, each)]))
    const waited = office.count('waiting')
    const next = office.shares.next()
    const taken = tenants.filter((each) => held(office, each) > (before.get(each) ?? 0))
    if (next !== undefined) {
      office.waiting.delete(next.name)
      office.under.add({ ...next, answers: [] })
      if (next.seat.state === 'worker') taken.push(next.seat.party.tenant)
      else reach('first')
    }
    if (office.count('waiting') < waited) reach('back')
    // One call may let several go on, or leave servers alone that do not answer: these do not wait any more by then.
    const after = office.wanting()
    for (const each of taken) {
      if (wanting.size > 2) reach('many wait')
      const others = [...wanting].filter((other) => other !== each && after.has(other))
      expect(held(office, each)).toBeLessThanOrEqual(Math.ceil(workers / (others.length + 1)))
      office.passedOver.delete(each)
      for (const other of others)
        if (held(office, other) === 0)
          office.passedOver.set(other, (office.passedOver.get(other) ?? 0) + 1)
    }
    for (const each of office.passedOver.keys())
      if (!after.has(each)) office.passedOver.delete(each)
    for (const count of office.passedOver.values()) expect(count).toBeLessThan(tenants.length)
    bounded(office, reach)
    if (next === undefined) return
  }
}

function held(office: Office, tenant: string): number {
  return office.count('worker', (party) => party.tenant === tenant)
}

function bounded(office: Office, reach: (what: string) => void): void {
  const out = office.count('aside') + office.count('waiting')
  expect(office.count('worker')).toBeLessThanOrEqual(workers)
  expect(out).toBeLessThanOrEqual(aside)
  expect(office.shares.held).toEqual({ workers: office.count('worker'), aside: out })
  if (office.count('aside') > 0) reach('aside')
  for (const name of tenants) {
    const is = (party: Party) => party.tenant === name
    expect(office.count('aside', is) + office.count('waiting', is)).toBeLessThanOrEqual(aside / 4)
    for (const server of ['s', 't']) {
      const trying = [...office.under].filter(
        ({ seat }) => seat.tries && is(seat.party) && seat.party.server === server,
      )
      expect(trying.length, 'one tries').toBeLessThanOrEqual(1)
    }
  }
}

describe('case by case', () => {
  test('a tenant of five hundred gets as many workers as one of one, as soon as that comes', () => {
    const office = new Office()
    for (let n = 0; n < 500; n += 1) office.add('big', 's')
    const [first] = office.begin()
    expect(office.count('worker')).toBe(workers)
    for (const small of ['b', 'c', 'd']) office.add(small, 's')
    office.end(first as Work)
    const after = [...office.begin()]
    for (const work of [...office.under].slice(0, 2)) office.end(work)
    after.push(...office.begin())
    expect(after.map(({ seat }) => seat.party.tenant)).toEqual(['b', 'c', 'd'])
  })

  test('of one tenant the servers share, under whatever names they are declared', () => {
    const office = new Office()
    for (let n = 0; n < 10; n += 1) office.add('a', 's')
    office.add('a', 't')
    expect(office.begin().map(({ seat }) => seat.party.server)).toEqual(['s', 't', 's', 's'])
  })

  test('who waits for a server gives the worker away after half a second, and takes its turn to go on', async () => {
    const office = new Office()
    for (const each of ['a', 'b', 'c', 'd']) office.add(each, 's')
    const hanging = office.begin()
    office.ask(hanging[0] as Work)
    office.add('e', 's')
    office.clock.advance(499)
    expect(office.begin()).toEqual([])
    expect(office.shares.againMs - office.clock.now()).toBe(1)
    office.clock.advance(1)
    const [next] = office.begin()
    expect(next?.name).toMatch(/^e/)
    expect(hanging.map(({ seat }) => seat.state).sort()).toEqual([
      'aside',
      'worker',
      'worker',
      'worker',
    ])
    office.add('a', 's')
    office.add('f', 's')
    office.end(next as Work)
    const [other] = office.begin()
    expect(other?.name, 'nothing more begins on a server that does not answer').toMatch(/^f/)
    const moved = hanging.find(({ seat }) => seat.state === 'aside') as Work
    let went = false
    void moved.answers[0]?.(undefined).then(() => {
      went = true
    })
    office.begin()
    await new Promise((resolve) => setImmediate(resolve))
    expect([moved.seat.state, went], 'all workers are taken').toEqual(['waiting', false])
    for (const ready of office.waiting.values()) office.shares.remove(ready)
    office.end(other as Work)
    office.begin()
    await new Promise((resolve) => setImmediate(resolve))
    expect([moved.seat.state, went]).toEqual(['worker', true])
  })

  test('nobody gives a worker away that no other server needs', () => {
    const office = new Office()
    for (let n = 0; n < 5; n += 1) office.add('a', 's')
    for (const work of office.begin()) office.ask(work)
    office.clock.advance(60_000)
    expect(office.begin()).toEqual([])
    expect(office.count('aside')).toBe(0)
  })

  test('one that goes on well keeps its worker, and yields between two batches after a while', () => {
    const office = new Office()
    for (const each of ['a', 'b', 'c', 'd']) office.add(each, 's')
    const [quick] = office.begin() as [Work, ...Work[]]
    expect(quick.seat.yields(), 'nobody waits').toBe(false)
    office.add('e', 's')
    for (let n = 0; n < 37; n += 1) {
      expect(quick.seat.yields()).toBe(false)
      office.ask(quick)
      office.clock.advance(400)
      expect(office.begin()).toEqual([])
      office.answer(quick)
    }
    office.clock.advance(200)
    expect([quick.seat.state, quick.seat.yields()]).toEqual(['worker', true])
  })

  test('what was never tried begins aside, and does not wait behind a thousand that are ill', () => {
    const office = new Office()
    for (let n = 0; n < 1_000; n += 1) {
      office.starts.set(`t${n} s`, 'again')
      office.add(`t${n}`, 's')
    }
    expect(office.begin()).toHaveLength(aside - workers)
    expect(office.count('worker')).toBe(0)
    office.starts.set('new s', 'first')
    office.add('new', 's')
    office.add('well', 's')
    expect(office.begin().map(({ name }) => name[0])).toEqual(['w'])
    office.clock.advance(15_000)
    office.begin()
    const late = [...office.under].filter(({ seat }) => seat.signal.aborted)
    expect(late).toHaveLength(1)
    expect(late[0]?.seat.signal.reason).toMatchObject({ code: 'ServerSilent', kind: 'transient' })
    office.end(late[0] as Work)
    expect(office.begin().map(({ name }) => name.slice(0, 3))).toEqual(['new'])
  })

  test('who is patient gives nobody up', () => {
    const office = new Office(true)
    for (let n = 0; n < 20; n += 1) {
      office.starts.set(`t${n} s`, 'first')
      office.add(`t${n}`, 's')
    }
    office.begin()
    office.clock.advance(600_000)
    office.begin()
    expect([...office.under].some(({ seat }) => seat.signal.aborted)).toBe(false)
  })

  test('a first answer lets the others of the server begin; one that was ill must come to its end', () => {
    const office = new Office()
    office.starts.set('a s', 'first').set('b s', 'again')
    for (const each of ['a', 'a', 'b', 'b']) office.add(each, 's')
    const tries = office.begin()
    expect(tries.map(({ name }) => name[0])).toEqual(['a', 'b'])
    for (const work of tries) {
      office.ask(work)
      office.answer(work)
    }
    office.starts.set('a s', 'worker')
    expect(office.begin().map(({ name }) => name[0])).toEqual(['a'])
    for (const work of tries) office.end(work)
    office.starts.set('b s', 'worker')
    expect(office.begin().map(({ name }) => name[0])).toEqual(['b'])
  })

  test('when nothing more is to begin, whoever waits for a worker goes on', () => {
    const office = new Office()
    for (const each of ['a', 'b', 'c', 'd']) office.add(each, 's')
    office.begin()
    office.starts.set('e s', 'first')
    office.add('e', 's')
    const [one] = office.begin() as [Work]
    office.ask(one)
    office.answer(one)
    expect(one.seat.state).toBe('waiting')
    office.shares.open()
    expect(one.seat.state).toBe('worker')
  })

  test('what waits is counted by tenant, and by what it waits for; nothing is kept of what is gone', () => {
    const office = new Office()
    for (let n = 0; n < 6; n += 1) office.add('a', 's')
    office.starts.set('b s', 'not')
    office.add('b', 's')
    office.begin()
    expect([...office.shares.waiting()]).toEqual([
      ['a', { worker: 2, server: 0 }],
      ['b', { worker: 0, server: 1 }],
    ])
    for (const ready of office.waiting.values()) office.shares.remove(ready)
    expect([...office.shares.waiting()]).toEqual([])
    const places = new Places(2)
    const party = { tenant: 'a', server: 's', way: '' }
    places.take(party)
    places.give(party)
    expect([places.taken, places.of('a'), places.of('a', 's')]).toEqual([0, 0, 0])
  })
})
