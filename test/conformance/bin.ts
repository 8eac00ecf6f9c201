// What every bin does: one suite for the Bin port. A baseline fills it; pruning empties it; a user asks it for things.
import { expect } from 'vitest'
import type { GroupId, LinkId, ReplicaId } from '../../controller/core/id.ts'
import { notesOf } from '../../controller/core/record.ts'
import type { State } from '../../controller/sync/ports/state.ts'
import {
  agreement,
  ann,
  bob,
  commit,
  deleted,
  edited,
  group,
  hub,
  impossible,
  linkOf,
  memory,
  sized,
} from './changes.ts'
import { day, numbersIn, onState, type StateOptions, type StatePlace } from './state.ts'

const other = 'ns/other' as GroupId
const foreign = 'ns2/group' as GroupId
const all = { history: true }

/** Lets everything go that is older than a day, as two prunings a day apart do. */
async function outlived(state: State, beforeMs: number): Promise<void> {
  for (const nowMs of [beforeMs, beforeMs + day])
    await state.prune(nowMs, { binMs: day, historyMs: day })
}

/** The suite. */
export function conformsToBin(open: (options?: StateOptions) => Promise<StatePlace>): void {
  const on = onState(open)
  const wantedIn = async (state: State) =>
    (await state.baseline(group).restorations()).map(({ n }) => n)

  on('an entry is answered as it was kept, by its number', async (state, place) => {
    const item = { GivenName: 'Ewa', JobTitle: 'Director' }
    const more = { reason: 'Conflict' as const, fields: ['JobTitle'], won: { JobTitle: 'Buyer' } }
    await commit(state.baseline(group), { kept: [deleted(item, more)] }, 10, 'pass-7')
    const entry = {
      ...{ n: 1, group, link: 'link', replica: ann, item, timeMs: 10, pass: 'pass-7' },
      ...{ ...more, restore: undefined },
    }
    expect(await state.bin.get(1)).toEqual(entry)
    expect(await state.bin.list(9)).toEqual([entry])
    expect(await state.bin.get(2)).toBeUndefined()
    expect(await (await place.reopened()).bin.get(1)).toEqual(entry)
  })

  on(
    'a loss that is kept again is the same one, and a number is never given twice',
    async (state) => {
      const baseline = state.baseline(group)
      for (const timeMs of [1, 2]) await commit(baseline, { kept: [deleted({ A: '1' })] }, timeMs)
      await commit(baseline, { kept: [deleted({ A: '1' }, { loss: 'loss-2' })] }, 3)
      await commit(baseline, { kept: [deleted({ A: '1' }, { replica: bob })] }, 4)
      expect((await state.bin.list(9)).map(({ n, timeMs }) => [n, timeMs])).toEqual([
        [3, 4],
        [2, 3],
        [1, 1],
      ])
      await outlived(state, 5)
      await commit(baseline, { kept: [deleted({ A: '1' })] }, 6)
      expect(await numbersIn(state.bin)).toEqual([4])
    },
  )

  on('a change that fails keeps nothing, asks for nothing and ends nothing', async (state) => {
    const baseline = state.baseline(group)
    await commit(baseline, { kept: [deleted({ A: '1' })] })
    await state.bin.ask(new Map([[1, {}]]), 5)
    const failing = { restored: [{ n: 1, result: 'Restored' as const }], ...impossible }
    await expect(commit(baseline, { kept: [deleted({ A: '2' })], ...failing })).rejects.toThrow()
    expect(await numbersIn(state.bin)).toEqual([1])
    expect(await wantedIn(state)).toEqual([1])
  })

  on(
    'a list goes from the newest on, page by page; the history is listed only when asked for',
    async (state) => {
      for (let n = 1; n <= 5; n += 1)
        await commit(
          state.baseline(group),
          { kept: [n === 3 ? edited(3) : deleted({ n: `${n}` })] },
          n,
        )
      const numbers = async (...asked: Parameters<State['bin']['list']>) =>
        (await state.bin.list(...asked)).map(({ n }) => n)
      expect(await numbers(2)).toEqual([5, 4])
      expect(await numbers(2, 4)).toEqual([2, 1])
      expect(await numbers(9, 5, all)).toEqual([4, 3, 2, 1])
      expect(await numbers(9, undefined, { reason: 'Edited' })).toEqual([3])
      expect(await state.bin.counts()).toEqual({ bin: 4, conflicts: 0 })
      expect(await state.bin.counts(all)).toEqual({ bin: 5, conflicts: 0 })
    },
  )

  on('each filter leaves out what is not meant', async (state) => {
    const [member, part] = ['ann@x' as ReplicaId, 'ann@x:Contacts/One' as ReplicaId]
    await commit(state.baseline(group), { kept: [deleted({ A: '1' })] }, 10, 'p1')
    await commit(state.baseline(other), { kept: [deleted({ A: '2' })] }, 20, 'p2')
    const kept = [
      deleted({ A: '3' }, { replica: member, reason: 'Drift' }),
      deleted({ A: '4' }, { replica: part, link: 'two' as LinkId }),
      deleted({ A: '5' }, { replica: 'ann@xy' as ReplicaId }),
    ]
    await commit(state.baseline(group), { kept }, 30, 'p3')
    const found = async (filter: Parameters<State['bin']['list']>[2]) => {
      const listed = (await state.bin.list(9, undefined, filter)).map(({ n }) => n)
      expect((await state.bin.counts(filter)).bin).toBe(listed.length)
      return listed
    }
    expect(await found({ group: other })).toEqual([2])
    expect(await found({ link: 'two' as LinkId })).toEqual([4])
    expect(await found({ replica: 'ann@x' }), 'a mailbox means all its folders').toEqual([4, 3])
    expect(await found({ reason: 'Drift' })).toEqual([3])
    expect(await found({ pass: 'p2' })).toEqual([2])
    expect(await found({ sinceMs: 20 })).toEqual([5, 4, 3, 2])
    expect(await found({ untilMs: 20 })).toEqual([1])
    expect(await found({ group, sinceMs: 20, reason: 'Deleted' })).toEqual([5, 4])
  })

  on(
    'asked twice it is wanted once, as it was asked for last; restored, it is not asked for again',
    async (state, place) => {
      const baseline = state.baseline(group)
      await commit(baseline, { kept: [deleted({ A: '1' })] })
      await state.bin.ask(new Map([[1, {}]]), 5)
      const asked = { fields: ['A'], plan: 'plan', seen: 'seen', confirmed: true }
      await state.bin.ask(new Map([[1, asked]]), 6)
      const wanted = [{ n: 1, link: 'link', replica: ann, item: { A: '1' }, askedMs: 6, ...asked }]
      expect(await baseline.restorations()).toMatchObject(wanted)
      expect(await state.bin.get(1)).toMatchObject({ restore: 'Pending' })
      expect(await state.bin.pending()).toEqual([{ n: 1, group, link: 'link', plan: 'plan' }])

      const again = await place.reopened()
      expect(await again.baseline(group).restorations()).toMatchObject(wanted)
      for (const result of ['Overruled', 'Restored'] as const) {
        await commit(again.baseline(group), { restored: [{ n: 1, result }] })
        expect(await again.bin.get(1)).toMatchObject({ restore: result })
        await again.bin.ask(new Map([[1, {}]]), 7)
        expect(await wantedIn(again)).toEqual(result === 'Overruled' ? [1] : [])
      }
      await again.bin.ask(new Map([[1, { again: true }]]), 8)
      expect(await wantedIn(again)).toEqual([1])
    },
  )

  on('an unknown number asks for nothing; what is asked for comes oldest first', async (state) => {
    const kept = [deleted({ A: '1' }), deleted({ A: '2' }), deleted({ A: '3' })]
    await commit(state.baseline(group), { kept })
    await state.bin.ask(
      new Map([
        [77, {}],
        [3, {}],
      ]),
      5,
    )
    await state.bin.ask(
      new Map([
        [2, {}],
        [1, {}],
      ]),
      6,
    )
    expect(await wantedIn(state)).toEqual([3, 1, 2])
    expect((await state.bin.pending(group)).map(({ n }) => n)).toEqual([1, 2, 3])
    expect(await state.bin.pending(other)).toEqual([])
    await state.bin.cancel([1, 3], 7)
    expect(await wantedIn(state)).toEqual([2])
    expect(await state.bin.get(3)).toMatchObject({ restore: 'Cancelled' })
    await commit(state.baseline(group), { restored: [{ n: 3, result: 'Restored' }] })
    expect(await state.bin.get(3), 'what has ended has ended').toMatchObject({
      restore: 'Cancelled',
    })
  })

  on('with another hub nothing of the old one comes back by itself', async (state) => {
    await commit(state.baseline(group), { kept: [deleted({ A: '1' })] })
    await commit(state.baseline(other), { kept: [deleted({ A: '2' })] })
    await state.bin.ask(
      new Map([
        [1, {}],
        [2, {}],
      ]),
      5,
    )
    await commit(state.baseline(group), { reset: true })
    expect((await state.bin.list(9)).map(({ restore }) => restore)).toEqual([
      'Pending',
      'Cancelled',
    ])
  })

  on('what is asked for outlasts the retention until it is back, and then goes', async (state) => {
    const kept = [deleted({ A: '1' }), deleted({ A: '2' }), edited(3)]
    await commit(state.baseline(group), { kept })
    await state.bin.ask(
      new Map([
        [1, {}],
        [3, {}],
      ]),
      5,
    )
    await outlived(state, 100)
    expect(await numbersIn(state.bin)).toEqual([3, 1])
    const restored = [1, 3].map((n) => ({ n, result: 'Restored' as const }))
    await commit(state.baseline(group), { restored })
    await outlived(state, 200)
    expect(await numbersIn(state.bin)).toEqual([])
  })

  on(
    'a conflict is found with what was kept of it, until the bin has let that go',
    async (state) => {
      const item = { JobTitle: 'Director' }
      const kept = deleted(item, {
        reason: 'Conflict',
        fields: ['JobTitle'],
        won: { JobTitle: 'Buyer' },
      })
      await commit(state.baseline(group), { kept: [kept], conflicts: notesOf(kept) }, 10)
      const conflict = { n: 1, group, link: 'link', replica: ann, field: 'JobTitle', timeMs: 10 }
      expect(await state.bin.conflict(1)).toMatchObject({ conflict, kept: { n: 1, item } })
      const second = { link: linkOf('two'), replica: bob, field: 'Body', version: 'v' }
      await commit(state.baseline(other), { conflicts: [second] }, 20)
      expect((await state.bin.conflicts(9)).map(({ n }) => n)).toEqual([2, 1])
      expect(await state.bin.conflicts(9, group)).toEqual([conflict])
      expect(await state.bin.conflicts(9, undefined, 2)).toEqual([conflict])
      expect(await state.bin.conflicts(1)).toMatchObject([{ n: 2 }])
      expect(await state.bin.counts()).toMatchObject({ conflicts: 2 })
      await outlived(state, 100)
      expect(await state.bin.conflict(1)).toEqual({ conflict, kept: undefined })
      expect(await state.bin.conflict(9)).toBeUndefined()
    },
  )

  on('it names groups, replicas and the roles under which they were observed', async (state) => {
    const memories = new Map([
      [bob, memory({ seenAs: undefined })],
      [hub, memory()],
    ])
    await commit(state.baseline(other), { memories })
    await commit(state.baseline(group), { kept: [deleted({ A: '1' })] })
    expect(await state.bin.names('grp')).toEqual([group, other])
    expect(await state.bin.names('replica')).toEqual([ann, bob, hub])
    expect(await state.bin.names('replica', group)).toEqual([ann])
    expect(await state.bin.seenAs(other)).toEqual(
      new Map([
        [bob, undefined],
        [hub, memory().seenAs],
      ]),
    )
  })

  conformsToRoom(open)
}

function conformsToRoom(open: (options?: StateOptions) => Promise<StatePlace>): void {
  const on = onState(open)
  const room = { binMaxBytes: 1000 }
  const full = { kind: 'terminal', code: 'BinFull' }
  const edits = async (state: State, from: number, to: number, of = group) => {
    for (let n = from; n <= to; n += 1) await commit(state.baseline(of), { kept: [edited(n)] }, n)
  }
  const history = async (state: State, of?: GroupId) =>
    (await state.bin.list(99, undefined, { reason: 'Edited', group: of })).map(({ link }) => link)

  on(
    'a full bin refuses the whole change, and drops nothing; what needs no room goes on',
    async (state) => {
      const baseline = state.baseline(group)
      await commit(baseline, { kept: [deleted(sized(600))] })
      const more = { agreements: [agreement('one')], kept: [deleted(sized(601))] }
      await expect(commit(baseline, more)).rejects.toMatchObject(full)
      expect(await baseline.everything()).toEqual([])
      expect(await numbersIn(state.bin)).toEqual([1])
      await commit(baseline, { agreements: [agreement('one')], kept: [deleted(sized(600))] })
      await outlived(state, 2)
      await commit(baseline, { kept: [deleted(sized(601))] })
    },
    room,
  )

  on(
    'a limit that is lowered below what is there forbids more, and drops nothing',
    async (state, place) => {
      await commit(state.baseline(group), { kept: [deleted(sized(600))] })
      const small = await place.reopened(10)
      await commit(small.baseline(group), { agreements: [agreement('one')] })
      await expect(
        commit(small.baseline(group), { kept: [deleted({ A: 'b' })] }),
      ).rejects.toMatchObject(full)
      expect(await numbersIn(small.bin)).toEqual([1])
    },
  )

  on(
    'a namespace that fills the bin stops no other one, which has its share',
    async (state) => {
      const [filling, spare, late] = [group, foreign, other].map((id) => state.baseline(id))
      for (const each of [filling, spare]) if (each) await commit(each, { identity: {} })
      if (!filling || !spare || !late) throw new Error('three baselines')
      await commit(filling, { kept: [deleted(sized(900))] })
      await commit(spare, { kept: [deleted(sized(400))] })
      for (const each of [filling, spare, late])
        await expect(commit(each, { kept: [deleted(sized(401))] })).rejects.toMatchObject(full)
      expect(await numbersIn(state.bin)).toHaveLength(2)
    },
    room,
  )

  on(
    'the history has half of the limit: the oldest edits of the largest group go, and it says so',
    async (state, place) => {
      await edits(state, 1, 2, other)
      await edits(state, 3, 10)
      expect(await state.baseline(group).historySince()).toBeUndefined()
      expect(await state.bin.goneUntil(group)).toBeUndefined()
      await edits(state, 11, 11)
      expect(await history(state, other)).toEqual(['link-2', 'link-1'])
      expect((await history(state, group)).at(-1)).toBe('link-5')
      expect(await state.baseline(group).historySince()).toBe(4)
      expect(await state.bin.historyEnds()).toEqual(new Map([[group, 4]]))
      const again = await place.reopened()
      expect(await again.bin.goneUntil(group)).toBe(4)
      expect(await again.baseline(other).historySince()).toBeUndefined()
    },
    { binMaxBytes: 2000 },
  )

  on(
    'the history gives way to the bin, and to nothing that is asked for',
    async (state) => {
      await edits(state, 1, 10)
      await state.bin.ask(new Map([[1, {}]]), 5)
      await commit(state.baseline(group), { kept: [deleted(sized(1900))] }, 20)
      expect(await history(state)).toEqual(['link-1'])
      expect(await state.bin.list(9)).toHaveLength(1)
      await expect(
        commit(state.baseline(group), { kept: [deleted(sized(200))] }, 21),
      ).rejects.toMatchObject(full)
      // An edit is carried out with a full bin, and there is no room to remember it.
      await edits(state, 30, 30)
      expect(await history(state)).toEqual(['link-1'])
    },
    { binMaxBytes: 2000 },
  )
}
