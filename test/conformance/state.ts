// What every state does: one suite for the State port. It is about what groups of one state have to do with each other,
// what is forgotten in time, and what outlives a process; one group’s own is in baseline.ts.
import { expect, test } from 'vitest'
import type { GroupId, ReplicaId } from '../../controller/core/id.ts'
import type { Bin } from '../../controller/sync/ports/bin.ts'
import type { State } from '../../controller/sync/ports/state.ts'
import {
  agreement,
  ann,
  bob,
  commit,
  deleted,
  edited,
  everythingOf,
  group,
  hub,
  idOf,
  linkOf,
  memory,
  sized,
} from './changes.ts'

/** How a state is opened. */
export type StateOptions = Readonly<{ binMaxBytes?: number | undefined }>

/** An empty state, in a test's hands. */
export type StatePlace = Readonly<{
  state: State
  /** The same state after it was closed and opened again, with another limit of the bin perhaps. */
  reopened: (binMaxBytes?: number) => Promise<State>
  close: () => Promise<void>
}>

export const day = 86_400_000
const other = 'ns/other' as GroupId
const held = (folder: string) => new Map([[ann, memory({ checkpoint: { folder } })]])

/** Runs a test on an empty state. */
export function onState(open: (options?: StateOptions) => Promise<StatePlace>) {
  return (
    title: string,
    body: (state: State, place: StatePlace) => Promise<void>,
    options?: StateOptions,
  ) =>
    test(title, async () => {
      const place = await open(options)
      try {
        await body(place.state, place)
      } finally {
        await place.close()
      }
    })
}

/** All numbers in the bin, with the history, the newest first. */
export async function numbersIn(bin: Bin): Promise<readonly number[]> {
  return (await bin.list(999, undefined, { history: true })).map(({ n }) => n)
}

/** The suite. */
export function conformsToState(open: (options?: StateOptions) => Promise<StatePlace>): void {
  const on = onState(open)

  on(
    'groups share nothing: the same link, replica and item of two groups are two',
    async (state) => {
      const [one, two] = [state.baseline(group), state.baseline(other)]
      await commit(one, { agreements: [agreement('one')], memories: held('f'), approvals: ['h'] })
      const empty = await everythingOf(state.baseline('ns/empty' as GroupId))
      expect({ ...((await everythingOf(two)) as object), claims: [] }).toEqual({
        ...(empty as object),
        claims: [],
      })
      await commit(two, { agreements: [agreement('one', { agreed: { GivenName: 'other' } })] })
      await commit(two, { reset: true })
      expect(await one.links([linkOf('one')])).toMatchObject([{ agreed: { GivenName: 'one' } }])
      expect(await one.linksOf(ann, [idOf('one')])).toEqual(['one'])
    },
  )

  on(
    'its sizes follow what is kept, with their limits, and the bin takes room from the history',
    async (state, place) => {
      const before = await state.sizes()
      expect(before).toMatchObject({
        bin: { bytes: 0, maxBytes: 1_000 },
        history: { bytes: 0, maxBytes: 500 },
      })
      const kept = [deleted(sized(600)), edited(1, 50)]
      await commit(state.baseline(group), { agreements: [agreement('one')], kept })
      const { bin, history, files } = await state.sizes()
      expect(bin.bytes).toBeGreaterThanOrEqual(600)
      expect(history.bytes).toBeGreaterThanOrEqual(50)
      expect(history.maxBytes).toBe(1_000 - bin.bytes)
      expect(files.bytes).toBeLessThan(files.maxBytes)
      expect(await (await place.reopened(5_000)).sizes()).toMatchObject({
        bin: { bytes: bin.bytes, maxBytes: 5_000 },
        history: { bytes: history.bytes },
      })
    },
    { binMaxBytes: 1_000 },
  )

  on('two baselines of a group are one', async (state) => {
    await commit(state.baseline(group), { agreements: [agreement('one')] })
    expect(await state.baseline(group).everything()).toEqual(['one'])
  })

  on('a group of a resource is listed while it holds folders', async (state, place) => {
    const baseline = state.baseline(group)
    await commit(baseline, { identity: { uid: 'u' } })
    expect(await state.groups(), 'it holds nothing yet').toEqual([])
    await commit(state.baseline(other), { identity: { server: 'ns/s' }, memories: held('g') })
    expect(await state.groups(), 'a directory has no uids').toEqual([])
    await commit(baseline, { memories: held('f') })
    expect(await state.groups()).toEqual([group])
    const again = await place.reopened()
    expect(await again.groups()).toEqual([group])
    await commit(again.baseline(group), { reset: true })
    expect(await again.groups()).toEqual([])
  })

  on(
    'a member’s folder belongs to the group that wrote it first, until that lets it go',
    async (state) => {
      const [first, late] = [state.baseline(group), state.baseline(other)]
      await commit(first, { memories: held('folder') })
      expect(await late.claims()).toEqual(new Map([['folder', { group, hub: false }]]))
      expect(await first.claims(), 'its own is no other one’s').toEqual(new Map())
      const writes = { agreements: [agreement('one')], memories: held('folder') }
      await expect(commit(late, writes)).rejects.toMatchObject({
        kind: 'terminal',
        code: 'FolderClaimed',
      })
      expect(await late.everything(), 'nothing of it was written').toEqual([])
      await commit(first, { memories: held('folder') })
      await commit(first, { left: [ann] })
      await commit(late, writes)
      expect(await first.claims()).toEqual(new Map([['folder', { group: other, hub: false }]]))
    },
  )

  on('a folder may be the hub of several groups, and then no member of another', async (state) => {
    for (const each of [group, other])
      await commit(state.baseline(each), {
        memories: new Map([[hub, memory({ checkpoint: { folder: 'public' } })]]),
      })
    expect(await state.baseline(group).claims()).toEqual(
      new Map([['public', { group: other, hub: true }]]),
    )
    const third = state.baseline('ns/third' as GroupId)
    await expect(commit(third, { memories: held('public') })).rejects.toMatchObject({
      code: 'FolderClaimed',
    })
  })

  on('a claim moves with a replica that is renamed', async (state) => {
    await commit(state.baseline(group), { memories: held('folder') })
    await commit(state.baseline(group), { renames: new Map([[bob, ann]]) })
    const eve = new Map([['eve' as ReplicaId, memory({ checkpoint: { folder: 'folder' } })]])
    await expect(commit(state.baseline(other), { memories: eve })).rejects.toMatchObject({
      code: 'FolderClaimed',
    })
  })

  on(
    'what is older than its retention is forgotten: bin, history, and what was counted',
    async (state) => {
      const baseline = state.baseline(group)
      const caused = new Map([[ann, { deletions: 1, publications: 0, updates: [] }]])
      const history = deleted({ A: 'h' }, { reason: 'Edited' })
      await state.prune(0, { binMs: day, historyMs: 30 * day })
      await commit(baseline, { kept: [deleted({ A: 'b' }), history], caused }, 1)
      for (let n = 1; n <= 9; n += 1)
        await state.prune(n * day, { binMs: day, historyMs: 30 * day })
      expect(await state.bin.list(9, undefined, { history: true })).toMatchObject([
        { item: { A: 'h' } },
      ])
      expect(await baseline.causedSince(0), 'a guard looks back a week').toEqual(caused)
      for (let n = 10; n <= 40; n += 1)
        await state.prune(n * day, { binMs: day, historyMs: 30 * day })
      expect(await numbersIn(state.bin)).toEqual([])
      expect(await baseline.causedSince(0)).toEqual(new Map())
      expect(await state.bin.goneUntil(group)).toBeGreaterThanOrEqual(1)
    },
  )

  on('agreements, memories and conflicts are never forgotten by age', async (state) => {
    const baseline = state.baseline(group)
    const conflicts = [{ link: linkOf('one'), replica: ann, field: 'Body', version: 'v' }]
    await commit(baseline, { agreements: [agreement('one')], memories: held('f'), conflicts })
    const before = await everythingOf(baseline)
    for (let n = 0; n <= 40; n += 1) await state.prune(n * day, { binMs: day, historyMs: day })
    expect(await everythingOf(baseline)).toEqual(before)
  })

  on(
    'a clock that is ahead once empties nothing; recorded time counts, also over a reopen',
    async (state, place) => {
      const retention = { binMs: 2 * day, historyMs: 2 * day }
      await state.prune(0, retention)
      await commit(state.baseline(group), { kept: [deleted({ A: '1' })] }, 1)
      await state.prune(1000 * day, retention)
      expect(await numbersIn(state.bin)).toEqual([1])
      const again = await place.reopened()
      for (const n of [0, 1, 2]) await again.prune(n * day, retention)
      expect(await numbersIn(again.bin)).toEqual([1])
      for (const n of [3, 4]) await again.prune(n * day, retention)
      expect(await numbersIn(again.bin)).toEqual([])
    },
  )
}
