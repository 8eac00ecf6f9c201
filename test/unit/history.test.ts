// The history of edits: its share of the bin's limit, what goes first, and how far back it reaches; and what goes by
// recorded time, whatever the clock says.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GroupId, LinkId } from '../../controller/core/id.ts'
import { openState, type SqliteState } from '../../controller/store/state.ts'
import type { Kept } from '../../controller/sync/ports.ts'
import { ann, at, bytesIn, deleted, directory, group, keyOfBytes } from '../support/state.ts'

const size = (text: string) => Buffer.byteLength(JSON.stringify({ Body: text }))
const text = (bytes: number) => 'x'.repeat(bytes - size(''))
/** An edit of the n-th contact that replaced so many bytes. */
const edit = (n: number, bytes = 100): Kept => ({
  ...deleted({ Body: text(bytes) }, `link-${n}` as LinkId),
  reason: 'Edited',
  fields: ['Body'],
})
const binned = (n: number, bytes: number): Kept => ({ ...edit(n, bytes), reason: 'Deleted' })
const other = 'ns/h' as GroupId

const inHistory = (state: SqliteState, of?: GroupId) =>
  state.bin.list(99, undefined, { reason: 'Edited', group: of }).map(({ link }) => link)
const links = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `link-${to - index}`)

async function edits(state: SqliteState, from: number, to: number, of = group): Promise<void> {
  for (let n = from; n <= to; n += 1)
    await state
      .baseline(of)
      .commit({ at: { ...at, timeMs: n }, writes: [{ write: 'kept', kept: [edit(n)] }] })
}

describe('the history', () => {
  test('is none of the bin, which is listed and counted without it', async () => {
    const state = openState(':memory:')
    await state
      .baseline(group)
      .commit({ at, writes: [{ write: 'kept', kept: [edit(1), binned(2, 100)] }] })
    expect(state.bin.list(9).map(({ link }) => link)).toEqual(['link-2'])
    expect(state.bin.counts().bin).toBe(1)
    expect(state.bin.counts({ history: true }).bin).toBe(2)
    expect(inHistory(state)).toEqual(['link-1'])
    state.close()
  })

  test('has half of the limit: its oldest edits go first, and it says how far back it reaches', async () => {
    const state = openState(':memory:', { binMaxBytes: 2000 })
    await edits(state, 1, 10)
    expect(inHistory(state)).toEqual(links(1, 10))
    expect(await state.baseline(group).historySince()).toBeUndefined()
    await edits(state, 11, 11)
    // It shrinks to a little less than its room, so that not every pass makes some.
    expect(inHistory(state)).toEqual(links(3, 11))
    expect(await state.baseline(group).historySince()).toBe(2)
    expect(state.bin.historyEnds()).toEqual(new Map([[group, 2]]))
    await edits(state, 12, 13)
    expect(await state.baseline(group).historySince()).toBe(4)
    expect(await state.baseline(other).historySince()).toBeUndefined()
    state.close()
  })

  test('of the group that has most of it gives way, and the others keep theirs', async () => {
    const state = openState(':memory:', { binMaxBytes: 2000 })
    await edits(state, 1, 2, other)
    await edits(state, 3, 11)
    expect(inHistory(state, other)).toEqual(links(1, 2))
    expect(inHistory(state, group)).toEqual(links(5, 11))
    expect([...state.bin.historyEnds().keys()]).toEqual([group])
    state.close()
  })

  test('gives way to the bin, which is never refused for its sake, and still refuses when it is full', async () => {
    const state = openState(':memory:', { binMaxBytes: 2000 })
    await edits(state, 1, 10)
    await state
      .baseline(group)
      .commit({ at, writes: [{ write: 'kept', kept: [binned(20, 1500)] }] })
    expect(inHistory(state)).toEqual(links(7, 10))
    await state.baseline(group).commit({ at, writes: [{ write: 'kept', kept: [binned(21, 500)] }] })
    expect(inHistory(state)).toEqual([])
    const more = state
      .baseline(group)
      .commit({ at, writes: [{ write: 'kept', kept: [binned(22, 100)] }] })
    await expect(more).rejects.toMatchObject({ code: 'BinFull' })
    // An edit is carried out with a full bin, and there is no room to remember it.
    await edits(state, 30, 30)
    expect(inHistory(state)).toEqual([])
    expect(await state.baseline(group).historySince()).toBe(30)
    state.close()
  })

  test('keeps what somebody asked to have back until it is, however full it is', async () => {
    const state = openState(':memory:', { binMaxBytes: 2000 })
    await edits(state, 1, 2)
    state.bin.ask(new Map([[1, {}]]), 5)
    await edits(state, 3, 20)
    expect(inHistory(state)).toContain('link-1')
    expect(await state.baseline(group).restorations()).toMatchObject([{ n: 1 }])
    await state
      .baseline(group)
      .commit({ at, writes: [{ write: 'restored', restored: [{ n: 1, result: 'Restored' }] }] })
    await edits(state, 21, 30)
    expect(inHistory(state)).not.toContain('link-1')
    state.close()
  })

  test('all of which is asked for stays, and what is new does not wait for room', async () => {
    const state = openState(':memory:', { binMaxBytes: 1000 })
    await edits(state, 1, 5)
    state.bin.ask(new Map([1, 2, 3, 4, 5].map((n) => [n, {}])), 5)
    await edits(state, 6, 9)
    expect(inHistory(state)).toEqual(links(1, 5))
    state.close()
  })

  test('counts the same edit, tried again, once', async () => {
    const state = openState(':memory:')
    for (const _ of [1, 2])
      await state.baseline(group).commit({ at, writes: [{ write: 'kept', kept: [edit(1)] }] })
    expect(inHistory(state)).toEqual(['link-1'])
    state.close()
  })

  test('is sealed like the bin', async () => {
    const place = directory()
    const state = openState(place, { key: keyOfBytes(7) })
    const secret = { ...edit(1), item: { Body: 'Stradivarius' }, won: { Body: 'Guarneri' } }
    await state.baseline(group).commit({ at, writes: [{ write: 'kept', kept: [secret] }] })
    expect(state.bin.get(1)).toMatchObject({ item: secret.item, won: secret.won })
    state.close()
    for (const bytes of bytesIn(place).values()) expect(bytes).not.toMatch(/Stradivarius|Guarneri/)
  })
})

const [hour, day] = [3_600_000, 86_400_000]
const retention = { binMs: 30 * day, historyMs: 30 * day }
const startMs = 20_000 * day

/** A state with an edit and a deletion, and a clock that sweeps every hour. */
class Office {
  readonly state = openState(':memory:')
  nowMs = startMs

  async keep(n: number, timeMs = this.nowMs): Promise<void> {
    const kept = [edit(n), binned(n, 100)]
    await this.state
      .baseline(group)
      .commit({ at: { ...at, timeMs }, writes: [{ write: 'kept', kept }] })
  }

  /** The hours of so many days pass, each with a sweep. */
  days(count: number, keeping = retention): void {
    for (let hours = 0; hours < count * 24; hours += 1) {
      this.nowMs += hour
      this.state.prune(this.nowMs, keeping)
    }
  }

  /** Sweeps by a clock that is wrong by so many days, so many hours later. */
  sweep(wrong: number, hours = 1): void {
    this.nowMs += hours * hour
    this.state.prune(this.nowMs + wrong * day, retention)
  }

  holds(): readonly string[] {
    const all = this.state.bin.list(99, undefined, { history: true })
    return all.map(({ reason, link }) => `${reason} ${link}`)
  }
}

const both = (n: number) => [`Edited link-${n}`, `Deleted link-${n}`]

describe('what is kept', () => {
  test('goes when its retention has passed, and not before', async () => {
    const office = new Office()
    office.days(1)
    await office.keep(1)
    office.days(29)
    expect(office.holds()).toEqual(both(1))
    office.days(2)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('has two retentions, one for the bin and one for the history', async () => {
    const office = new Office()
    await office.keep(1)
    office.days(8, { binMs: 30 * day, historyMs: 7 * day })
    expect(office.holds()).toEqual(['Deleted link-1'])
    await office.keep(2)
    office.days(8, { binMs: 7 * day, historyMs: 30 * day })
    expect(office.holds()).toEqual(['Edited link-2'])
    office.state.close()
  })

  test.each([
    ['once', 1],
    ['for ten sweeps', 10],
  ])('outlasts a clock that is 31 days ahead %s', async (_, times) => {
    const office = new Office()
    office.days(1)
    await office.keep(1)
    office.days(1)
    for (let count = 0; count < times; count += 1) office.sweep(31)
    expect(office.holds()).toEqual(both(1))
    office.days(27)
    expect(office.holds()).toEqual(both(1))
    office.days(4)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('outlasts two clocks that take turns, one of them 31 days ahead', async () => {
    const office = new Office()
    office.days(1)
    await office.keep(1)
    for (let count = 0; count < 60; count += 1) for (const wrong of [31, 0]) office.sweep(wrong)
    expect(office.holds()).toEqual(both(1))
    office.state.close()
  })

  test('outlasts any turns of clocks that are right, ahead and behind, for all but two days', async () => {
    // Six hours apart, for 27 days; each of two jumps forward may count as a day.
    const clocks = fc.array(fc.constantFrom(0, 0, 31, -365), { minLength: 108, maxLength: 108 })
    await fc.assert(
      fc.asyncProperty(clocks, async (wrongs) => {
        const office = new Office()
        await office.keep(1)
        for (const wrong of wrongs) office.sweep(wrong, 6)
        expect(office.holds()).toEqual(both(1))
        for (let days = 0; days < 64; days += 1) office.sweep(0, 24)
        expect(office.holds()).toEqual([])
        office.state.close()
      }),
      { numRuns: 20 },
    )
  })

  test('under a clock that was behind outlasts the one that is right', async () => {
    const office = new Office()
    office.days(40)
    await office.keep(1, office.nowMs - 365 * day)
    office.days(1)
    expect(office.holds()).toEqual(both(1))
    office.days(31)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('outlasts a clock that is set back, and goes a retention later', async () => {
    const office = new Office()
    office.days(20)
    await office.keep(1)
    office.sweep(-365)
    office.days(20)
    expect(office.holds()).toEqual(both(1))
    office.days(12)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('outlasts months in which nothing ran', async () => {
    const office = new Office()
    office.days(1)
    await office.keep(1)
    office.nowMs += 90 * day
    office.days(1)
    expect(office.holds()).toEqual(both(1))
    office.days(30)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('and is asked for stays until it is back', async () => {
    const office = new Office()
    await office.keep(1)
    office.state.bin.ask(new Map([[2, {}]]), office.nowMs)
    office.days(32)
    expect(office.holds()).toEqual(['Edited link-1'])
    await office.state
      .baseline(group)
      .commit({ at, writes: [{ write: 'restored', restored: [{ n: 2, result: 'Restored' }] }] })
    office.days(1)
    expect(office.holds()).toEqual([])
    office.state.close()
  })

  test('says how far the history reaches only as long as its retention does', async () => {
    const state = openState(':memory:', { binMaxBytes: 200 })
    const baseline = state.baseline(group)
    await baseline.commit({
      at: { ...at, timeMs: startMs },
      writes: [{ write: 'kept', kept: [edit(1), edit(2)] }],
    })
    expect(await baseline.historySince()).toBe(startMs)
    for (let hours = 0; hours < 31 * 24; hours += 1)
      state.prune(startMs + hours * hour + 1, retention)
    expect(await baseline.historySince()).toBeUndefined()
    state.close()
  })
})

test('what the guard counts outlasts a retention that is shorter than its window', async () => {
  const office = new Office()
  const baseline = office.state.baseline(group)
  office.days(1)
  const caused = new Map([[ann, { deletions: 1, publications: 0, updates: [] }]])
  await baseline.commit({
    at: { ...at, timeMs: office.nowMs },
    writes: [{ write: 'caused', caused }],
  })
  await office.keep(1)
  const short = { binMs: hour, historyMs: hour }
  office.days(6, short)
  expect(office.holds()).toEqual([])
  expect((await baseline.causedSince(0)).get(ann)).toMatchObject({ deletions: 1 })
  office.days(3, short)
  expect((await baseline.causedSince(0)).size).toBe(0)
  office.state.close()
})

test('the edits that the guard counts are contacts, however often each was edited', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const caused = new Map([
    [ann, { deletions: 0, publications: 0, updates: ['a', 'b'] as LinkId[] }],
  ])
  const again = new Map([[ann, { deletions: 1, publications: 0, updates: ['b', 'c'] as LinkId[] }]])
  await baseline.commit({ at, writes: [{ write: 'caused', caused }] })
  await baseline.commit({ at, writes: [{ write: 'caused', caused: again }] })
  // Edits of one contact, in however many passes, are one.
  const found = (await baseline.causedSince(0)).get(ann)
  expect({ ...found, updates: [...(found?.updates ?? [])].sort() }).toEqual({
    deletions: 1,
    publications: 0,
    updates: ['a', 'b', 'c'],
  })
  state.close()
})
