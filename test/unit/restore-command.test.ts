// `exsync bin restore` says what will happen, and asks for nothing where nothing would.
import { expect, test } from 'vitest'
import { restore } from '../../controller/cli/restore.ts'
import type { LinkId, ReplicaId } from '../../controller/core/id.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import { seenAs } from '../../controller/sync/observe.ts'
import type { Kept } from '../../controller/sync/ports.ts'
import { agreement, ann, at, deleted, directory, group, link } from '../support/state.ts'

const hub = 'hub:/company' as ReplicaId
const role = { id: hub, hub: true, writes: true, receives: true } as const
const as = seenAs({ ...role, drift: 'Revert', private: 'Copy' })
const kept = (reason: Kept['reason'], GivenName: string, of: LinkId = link): Kept => ({
  ...deleted({ GivenName }, of),
  loss: `${reason} ${GivenName}`,
  reason,
})
const ended = 'ended' as LinkId

/** A state in which `Ewa` is agreed, with these in the bin; and what asking for number 1 says and does. */
async function asked(...bin: readonly Kept[]) {
  const place = directory()
  const state = openState(place)
  const memories = new Map([[hub, { checkpoint: {}, seenAs: as, recheck: [] }]])
  await state.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: bin },
      { write: 'agreements', agreements: [agreement] },
      { write: 'memories', memories },
    ],
  })
  const said: string[] = []
  const out = async (line: string) => {
    said.push(line)
    return true
  }
  const numbers = bin.map((_, i) => String(i + 1))
  const code = await restore(stateOver(state), place, numbers, 1, out).finally(() => state.close())
  const look = openState(place, { readOnly: true })
  const pending = look.bin.list(9).filter((each) => each.restore === 'Pending')
  look.close()
  return { code, said, pending: pending.map(({ n }) => n).toReversed() }
}

test.each([
  [
    'a copy that was removed, of a contact that is there',
    kept('Removed', 'Ewa'),
    /^1 needs no restore: the folders of ns\/g have it, or .*; the folder that it was removed from \(ann\) takes no part any more: add the member again/,
    [],
  ],
  [
    'a copy that was removed, of a contact that is gone',
    kept('Removed', 'Ola', ended),
    /^1 is requested: the next pass of ns\/g restores it for its members; the folder that .* \(ann\)/,
    [1],
  ],
  ['what is agreed anyhow', kept('Deleted', 'Ewa'), /^1 needs no restore: .* the next pass$/, []],
  [
    'another content',
    kept('Deleted', 'Eva'),
    /^1 is requested: the next pass of ns\/g restores it; exsync bin list shows when it is done$/,
    [1],
  ],
])('of %s', async (_, thing, message, pending) => {
  expect(await asked(thing)).toEqual({
    code: 0,
    said: [expect.stringMatching(message)],
    pending,
  })
})

test('of several says it for each', async () => {
  const { said, pending } = await asked(kept('Deleted', 'Eva'), kept('Removed', 'Ewa'))
  expect(said.map((line) => line.split(':')[0])).toEqual(['1 is requested', '2 needs no restore'])
  expect(pending).toEqual([1])
})

test('where one may not be put back, none is asked for', async () => {
  const secret: Kept = { ...kept('Deleted', 'Eva'), item: { Sensitivity: 'Private' } }
  const place = directory()
  const state = openState(place)
  const memories = new Map([
    [hub, { checkpoint: {}, seenAs: as, recheck: [] }],
    [
      ann,
      {
        checkpoint: {},
        seenAs: seenAs({ ...role, id: ann, drift: 'Revert', private: 'Skip' }),
        recheck: [],
      },
    ],
  ])
  const both = [kept('Deleted', 'Ola'), secret]
  await state.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: both },
      { write: 'agreements', agreements: [agreement] },
      { write: 'memories', memories },
    ],
  })
  await expect(restore(stateOver(state), place, ['1', '2'], 1, async () => true)).rejects.toThrow(
    /^2 is marked private by its owner/,
  )
  expect(state.bin.list(9).map((each) => each.restore)).toEqual([undefined, undefined])
  state.close()
})
