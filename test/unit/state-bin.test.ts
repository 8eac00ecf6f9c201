// The bin: what it may hold, what stays although it is old, what was asked back, and both sides of a
// conflict.
import { expect, test } from 'vitest'
import type { GroupId, LinkId } from '../../controller/core/id.ts'
import { notesOf } from '../../controller/core/record.ts'
import { openState } from '../../controller/store/state.ts'
import type { Kept } from '../../controller/sync/ports.ts'
import {
  agreement,
  ann,
  at,
  copy,
  deleted,
  directory,
  group,
  link,
  outlive,
} from '../support/state.ts'

const note = (length: number) => ({ Body: { type: 'Text', text: 'x'.repeat(length) } })

test('what would need more room than there is, is not written at all', async () => {
  const state = openState(':memory:', { binMaxBytes: 1000 })
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted(note(600))] }] })
  await expect(
    baseline.commit({
      at,
      writes: [
        { write: 'kept', kept: [deleted(note(601))] },
        { write: 'agreements', agreements: [agreement] },
      ],
    }),
  ).rejects.toMatchObject({
    kind: 'terminal',
    code: 'BinFull',
    message: expect.stringMatching(/--bin-limit.*--bin-retention/),
  })
  expect(await baseline.everything()).toEqual([])
  expect(state.bin.list(9)).toHaveLength(1)
  // What is kept already, or needs no keeping, goes on.
  await baseline.commit({
    at,
    writes: [
      { write: 'kept', kept: [deleted(note(600))] },
      { write: 'agreements', agreements: [agreement] },
    ],
  })
  // When old things go there is room again.
  outlive(state, 2)
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted(note(601))] }] })
  state.close()
})

test('a namespace that fills the bin stops no other one, which has its share', async () => {
  const state = openState(':memory:', { binMaxBytes: 1000 })
  const [full, other, late] = ['ns/g', 'ns2/g', 'ns/h'].map((id) => state.baseline(id as GroupId))
  for (const each of [full, other])
    await each?.commit({ at, writes: [{ write: 'identity', identity: {} }] })
  await full?.commit({ at, writes: [{ write: 'kept', kept: [deleted(note(900))] }] })
  await other?.commit({ at, writes: [{ write: 'kept', kept: [deleted(note(400))] }] })
  for (const each of [full, other, late]) {
    const more = each?.commit({ at, writes: [{ write: 'kept', kept: [deleted(note(401))] }] })
    await expect(more).rejects.toMatchObject({ code: 'BinFull' })
  }
  expect(state.bin.list(9)).toHaveLength(2)
  state.close()
})

test('a limit that was lowered below what is there forbids more, and drops nothing', async () => {
  const place = directory()
  const before = openState(place)
  await before
    .baseline(group)
    .commit({ at, writes: [{ write: 'kept', kept: [deleted(note(600))] }] })
  before.close()
  const state = openState(place, { binMaxBytes: 10 })
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  const more = state
    .baseline(group)
    .commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: 'b' })] }] })
  await expect(more).rejects.toMatchObject({ code: 'BinFull' })
  expect(state.bin.list(9)).toHaveLength(1)
  state.close()
})

test('what somebody asked to have back outlasts the retention, until it is back', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({
    at,
    writes: [{ write: 'kept', kept: [deleted({ A: '1' }), deleted({ A: '2' })] }],
  })
  state.bin.ask(new Map([[1, {}]]), 5)
  outlive(state, 100)
  expect(state.bin.list(9)).toMatchObject([{ n: 1, restore: 'Pending' }])
  expect(await baseline.restorations()).toMatchObject([{ n: 1, item: { A: '1' }, askedMs: 5 }])
  await baseline.commit({
    at,
    writes: [{ write: 'restored', restored: [{ n: 1, result: 'Restored' }] }],
  })
  expect(await baseline.restorations()).toEqual([])
  outlive(state, 100)
  expect(state.bin.list(9)).toEqual([])
  // Its number is never given to another.
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '3' })] }] })
  expect(state.bin.list(9)).toMatchObject([{ n: 3, restore: undefined }])
  state.close()
})

test('asked twice it is done once; what was overruled may be asked for again', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '1' })] }] })
  state.bin.ask(new Map([[1, {}]]), 5)
  state.bin.ask(new Map([[1, {}]]), 6)
  expect(await baseline.restorations()).toMatchObject([{ askedMs: 6 }])
  await baseline.commit({
    at,
    writes: [{ write: 'restored', restored: [{ n: 1, result: 'Overruled' }] }],
  })
  state.bin.ask(new Map([[1, {}]]), 7)
  expect(await baseline.restorations()).toMatchObject([{ askedMs: 7 }])
  await baseline.commit({
    at,
    writes: [{ write: 'restored', restored: [{ n: 1, result: 'Restored' }] }],
  })
  state.bin.ask(new Map([[1, {}]]), 8)
  expect(await baseline.restorations()).toEqual([])
  state.bin.ask(new Map([[77, {}]]), 8)
  expect(await baseline.restorations()).toEqual([])
  state.close()
})

test('a change that fails leaves what was asked for as it was', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '1' })] }] })
  state.bin.ask(new Map([[1, {}]]), 5)
  const stranger = { link: 'nobody' as LinkId, replica: ann, copy: copy('B') }
  await expect(
    baseline.commit({
      at,
      writes: [
        { write: 'restored', restored: [{ n: 1, result: 'Restored' }] },
        { write: 'copies', copies: [stranger] },
      ],
    }),
  ).rejects.toThrow()
  expect(await baseline.restorations()).toHaveLength(1)
  state.close()
})

test('with another hub nothing of the old one comes back by itself', async () => {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  await baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '1' })] }] })
  state.bin.ask(new Map([[1, {}]]), 5)
  await baseline.commit({ at, writes: [{ write: 'reset' }] })
  expect(await baseline.restorations()).toEqual([])
  expect(state.bin.get(1)?.restore).toBe('Cancelled')
  state.close()
})

test('who asks does so while the writer has it open, and the writer finds it', async () => {
  const place = directory()
  const writer = openState(place)
  await writer
    .baseline(group)
    .commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '1' })] }] })
  const asking = openState(place, { asking: true })
  asking.bin.ask(new Map([[1, {}]]), 5)
  asking.close()
  expect(await writer.baseline(group).restorations()).toHaveLength(1)
  await writer
    .baseline(group)
    .commit({ at, writes: [{ write: 'restored', restored: [{ n: 1, result: 'Restored' }] }] })
  writer.close()
})

test('a conflict is found with both of its sides, until the bin has let it go', async () => {
  const state = openState(':memory:')
  const item = { GivenName: 'Ewa', JobTitle: 'Director' }
  const won = { JobTitle: 'Buyer' }
  const kept: Kept = {
    link,
    replica: ann,
    loss: 'v1',
    reason: 'Conflict',
    fields: ['JobTitle'],
    item,
    won,
  }
  await state.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: [kept] },
      { write: 'conflicts', conflicts: notesOf(kept) },
    ],
  })
  expect(state.bin.conflict(1)).toMatchObject({
    conflict: { field: 'JobTitle', replica: ann },
    kept: { n: 1, item, won },
  })
  outlive(state, 2)
  expect(state.bin.conflict(1)).toMatchObject({ conflict: { field: 'JobTitle' }, kept: undefined })
  expect(state.bin.conflict(2)).toBeUndefined()
  state.close()
})
