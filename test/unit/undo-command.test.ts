// `exsync history`, `bin list`, `bin restore` of several and `rollback` on a real state: what they say, what they ask for, and
// what they refuse.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { history, listBin } from '../../controller/cli/history.ts'
import { cancel, restore } from '../../controller/cli/restore.ts'
import { rollback } from '../../controller/cli/rollback.ts'
import type { Filters } from '../../controller/config/filters.ts'
import type { GroupId, LinkId, ReplicaId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import { seenAs } from '../../controller/sync/observe.ts'
import type { Kept } from '../../controller/sync/ports.ts'
import { agreement, copy, deleted, directory, group, outlive } from '../support/state.ts'

const role = { hub: true, writes: true, receives: true, drift: 'Revert', private: 'Skip' } as const
const [hub, ann, bob] = ['hub:/company', 'ann@x:Contacts', 'bob@x:Contacts'] as ReplicaId[]
const named = (GivenName: string, more: Item = {}) => ({ GivenName, Surname: 'Żak', ...more })
const edited = (of: string, fields: string, item: Item, replica = ann): Kept => ({
  ...deleted(item, of as LinkId),
  loss: `${of} ${fields} ${JSON.stringify(item)}`,
  reason: 'Edited',
  replica: replica as ReplicaId,
  fields: fields.split(' '),
})

/** Ewa and Jan have a title that ann gave them, and bob put Jan into a department; ann deleted Ola. */
async function made(receives = true, replicas: readonly (string | undefined)[] = [hub, ann, bob]) {
  const place = directory()
  const state = openState(place)
  const baseline = state.baseline(group)
  const memories = new Map(
    replicas.map((id) => [
      id as ReplicaId,
      { checkpoint: {}, seenAs: seenAs({ ...role, receives, id: id as ReplicaId }), recheck: [] },
    ]),
  )
  const agreed = (link: string, item: Item) => ({
    ...agreement,
    link: link as LinkId,
    agreed: item,
    copies: new Map([[ann as ReplicaId, copy(link)]]),
  })
  const now = [
    agreed('ewa', named('Ewa', { JobTitle: 'wiped' })),
    agreed('jan', named('Jan', { JobTitle: 'wiped', Department: 'D' })),
  ]
  const first = [
    edited('ewa', 'JobTitle', named('Ewa', { JobTitle: '1' })),
    edited('jan', 'JobTitle', named('Jan')),
  ]
  await baseline.commit({
    at: { timeMs: 1000, pass: 'p1' },
    writes: [
      { write: 'kept', kept: first },
      { write: 'agreements', agreements: now },
      { write: 'memories', memories },
    ],
  })
  const second = edited('jan', 'Department', named('Jan', { JobTitle: 'wiped' }), bob)
  const gone = { ...deleted(named('Ola'), 'ola' as LinkId), replica: ann as ReplicaId }
  for (const each of [second, gone])
    await baseline.commit({
      at: { timeMs: 2000, pass: 'p2' },
      writes: [{ write: 'kept', kept: [each] }],
    })
  const said: string[] = []
  const out = async (line: string) => {
    said.push(line)
    return true
  }
  const port = stateOver(state)
  const place_ = { state: port, directory: place, nowMs: 9000, out }
  return {
    state,
    place,
    said,
    list: (more = {}) => listBin(port.bin, 'table', out, more),
    history: (more = {}, output: 'table' | 'json' = 'table') =>
      history(port.bin, output, out, more),
    restore: (numbers: readonly string[], more: Partial<Filters> & { output?: 'json' } = {}) =>
      restore(port, place, numbers, 9000, out, more),
    rollback: (more: Partial<Filters>, retentionMs = 9000) =>
      rollback(place_, retentionMs, { group, ...more }),
    pending: async () =>
      (await baseline.restorations()).map(({ n, fields, confirmed }) =>
        [n, ...fields, ...(confirmed ? ['confirmed'] : [])].join(' '),
      ),
    hash: () => /--approve (\S+)$/.exec(said.at(-1) ?? '')?.[1] ?? '',
  }
}

test('history lists all that replaced agreed content, with names on a terminal only', async () => {
  const world = await made()
  await world.history({ terminal: true })
  expect(world.said[0]).toMatch(/^N +TIME +GROUP +LINK +WHO +WHAT +FIELDS +RESTORE +PASS +NAME$/)
  expect(world.said[1]).toMatch(/^4 .*Z +ns\/g +ola +ann@x:Contacts +Deleted +p2 +Ola Żak$/)
  expect(world.said[2]).toMatch(/^3 .* bob@x:Contacts +Edited +Department +p2 +Jan Żak$/)
  expect(world.said).toHaveLength(5)
  world.said.length = 0
  await world.history({ name: 'żak' })
  await world.history({}, 'json')
  expect(world.said.join('\n')).not.toMatch(/Żak|wiped/)
  expect(world.said.slice(0, 5)).toHaveLength(5)
  const { history: entries, since } = JSON.parse(world.said.slice(5).join('\n'))
  expect(entries.map(({ n }: { n: number }) => n)).toEqual([4, 3, 2, 1])
  expect(since).toEqual({})
  world.state.close()
})

test.each<[string, Partial<Filters>, readonly number[]]>([
  ['of a contact', { item: 2 }, [3, 2]],
  ['of a mailbox', { replica: 'ann@x' }, [4, 2, 1]],
  ['of the hub', { replica: 'hub' }, []],
  ['since a time', { since: 2000 }, [4, 3]],
  ['of a pass', { pass: 'p1' }, [2, 1]],
  ['of a name', { name: 'EWA ż' }, [1]],
  ['of a reason', { reason: 'Deleted' }, [4]],
])('history %s', async (_, filters, numbers) => {
  const world = await made()
  await world.history(filters)
  expect(world.said.slice(1).map((line) => Number(line.split(' ')[0]))).toEqual(numbers)
  world.state.close()
})

test('the history of what is not there is refused, and one that was cut says so', async () => {
  const world = await made()
  await expect(world.history({ item: 9 })).rejects.toThrow(/there is no 9 in the history/)
  await expect(world.history({ group: 'ns/other' as GroupId })).rejects.toThrow(
    /^--group ns\/other is not in this state: known are ns\/g$/,
  )
  await expect(world.history({ replica: 'an@x' })).rejects.toThrow(
    /^--replica an@x is not in this state: known are ann@x:Contacts, bob@x:Contacts, hub:/,
  )
  const small = openState(':memory:', { binMaxBytes: 400 })
  const kept = [1, 2, 3, 4, 5, 6].map((n) =>
    edited('ewa', 'JobTitle', named('Ewa', { JobTitle: `${n}` })),
  )
  for (const [at, each] of kept.entries())
    await small
      .baseline(group)
      .commit({ at: { timeMs: 1000 + at, pass: 'p' }, writes: [{ write: 'kept', kept: [each] }] })
  const said: string[] = []
  await history(stateOver(small).bin, 'table', async (line) => said.push(line) > 0, {})
  expect(said.at(-1)).toMatch(
    /^the history of ns\/g was full and reaches back to 1970-.*Z: see --bin-limit$/,
  )
  for (const state of [small, world.state]) state.close()
})

test('bin list has no edits unless they are asked for, and says how many match', async () => {
  const world = await made()
  await world.list()
  expect(world.said).toHaveLength(2)
  const many = Array.from({ length: 205 }, (_, n) =>
    deleted(named(n < 203 ? 'Many' : 'Few'), `${n}` as LinkId),
  )
  await world.state
    .baseline(group)
    .commit({ at: { timeMs: 3000, pass: 'p' }, writes: [{ write: 'kept', kept: many }] })
  for (const [filters, more] of [
    [{}, 6],
    [{ since: 3000 }, 5],
    [{ name: 'many' }, 3],
  ] as const) {
    world.said.length = 0
    await world.list(filters)
    expect(world.said.at(-1)).toMatch(
      new RegExp(`^… and ${more} older ones: use -o json to show all$`),
    )
    expect(world.said).toHaveLength(202)
  }
  world.said.length = 0
  await world.list({ reason: 'Edited' })
  expect(world.said).toHaveLength(4)
  world.state.close()
})

test('a range is shown first, and asked for as it was approved, or not at all', async () => {
  const world = await made()
  expect(await world.restore(['1-9'], { dryRun: true })).toBe(2)
  const text = world.said.join('\n')
  expect(text).toMatch(/^not there: 5-9$/m)
  expect(text).toMatch(/^4 +ns\/g +ola +the contact is brought back$/m)
  expect(text).toMatch(/^2 +ns\/g +jan +fields go back +Department JobTitle$/m)
  expect(text).toMatch(/^1 brought back, 2 with fields that go back$/m)
  expect(text).toMatch(/exactly this plan.*: exsync bin restore 1-9 --approve \S+$/)
  expect(await world.pending()).toEqual([])
  await expect(world.restore(['1-9'], { approve: 'other' })).rejects.toThrow(
    /^nothing is requested: --approve other belongs to another plan; .* check it with exsync bin restore 1-9 --dry-run$/,
  )
  expect(await world.pending()).toEqual([])
  await world.restore(['1-9'], { dryRun: true })
  expect(await world.restore(['1-9'], { approve: world.hash() })).toBe(0)
  expect(await world.pending()).toEqual([
    '1 JobTitle confirmed',
    '2 Department JobTitle confirmed',
    '4 confirmed',
  ])
  world.state.close()
})

test('two entries of one contact are undone down to the older one', async () => {
  const world = await made()
  expect(await world.restore(['3', '2'])).toBe(0)
  expect(await world.pending()).toEqual(['2 Department JobTitle'])
  expect(world.said.at(-1)).toMatch(/^1 requested: the next pass of ns\/g does it/)
  world.state.close()
})

test('a pass, or what one did since, leaves what others edited since', async () => {
  const world = await made()
  const later = edited('ewa', 'JobTitle', named('Ewa', { JobTitle: '2' }), bob)
  await world.state
    .baseline(group)
    .commit({ at: { timeMs: 3000, pass: 'p3' }, writes: [{ write: 'kept', kept: [later] }] })
  for (const [filters, asked] of [
    [{ pass: 'p1' }, ['2 JobTitle']],
    [{ replica: 'ann@x', since: 0 }, ['2 JobTitle', '4']],
    [{ replica: 'ann@x', since: 1500 }, ['4']],
  ] as const) {
    world.said.length = 0
    expect(await world.restore([], { ...filters, dryRun: true })).toBe(2)
    const told = /edited since by bob@x:Contacts \(5\): not changed +JobTitle$/m.test(
      world.said.join('\n'),
    )
    expect(told).toBe(asked.includes('2 JobTitle' as never))
    const again = world.hash()
    await world.restore([], { ...filters, approve: again })
    expect(await world.pending()).toEqual(asked.map((each) => `${each} confirmed`))
    const waiting = world.state.bin.pending().map(({ n }) => n)
    if (waiting.includes(2))
      await expect(world.restore(['3-3'])).rejects.toThrow(/pending already \(2\)/)
    world.state.bin.cancel(waiting, 1)
  }
  world.state.close()
})

test('what waits is taken back by its number, or all of it', async () => {
  const world = await made()
  const cancelled = (numbers: readonly string[], more = {}) =>
    cancel(stateOver(world.state).bin, numbers, more, 1, async () => true)
  await world.restore(['2'])
  await world.restore(['4'])
  await expect(cancelled(['3'])).rejects.toThrow(/^3 is not waiting to be restored/)
  await expect(cancelled([])).rejects.toThrow(/either numbers or --all/)
  await cancelled(['4'])
  expect(await world.pending()).toEqual(['2 JobTitle'])
  await cancelled([], { all: true, group: 'ns/other' as GroupId })
  expect(await world.pending()).toHaveLength(1)
  await cancelled([], { all: true, group })
  expect(await world.pending()).toEqual([])
  world.state.close()
})

test('more than a few say that the guard counts them; JSON has the whole plan and no content', async () => {
  const world = await made()
  const many = Array.from({ length: 250 }, (_, n) => deleted(named('Many'), `${n}` as LinkId))
  await world.state
    .baseline(group)
    .commit({ at: { timeMs: 3000, pass: 'p3' }, writes: [{ write: 'kept', kept: many }] })
  expect(await world.restore(['5-254'], { output: 'json' })).toBe(0)
  const plan = JSON.parse(world.said.join('\n'))
  expect(plan).toMatchObject({ contacts: 250, asked: true, counts: { Revive: 250 }, notes: [] })
  expect(plan.plan).toHaveLength(250)
  expect(world.said.join('\n')).not.toContain('Many')
  world.said.length = 0
  await world.restore(['5-254'])
  expect(world.said[201]).toBe('… and 50 more: use -o json to show all')
  expect(world.said.at(-1)).toMatch(
    /^the guard counts them as edits: .*spec\.guard\.updates.* or approve now: exsync bin restore 5-254 --approve \S+$/,
  )
  world.state.close()
})

test('what cannot be brought back by number stops all, and of a rollback only itself', async () => {
  const world = await made()
  const secret = {
    ...deleted(named('Uta', { Sensitivity: 'Private' }), 'uta' as LinkId),
    replica: ann as ReplicaId,
  }
  await world.state
    .baseline(group)
    .commit({ at: { timeMs: 3000, pass: 'p3' }, writes: [{ write: 'kept', kept: [secret] }] })
  await expect(world.restore(['1-5'])).rejects.toThrow(
    /^nothing is requested: 5 cannot be restored: it is marked private/,
  )
  expect(await world.pending()).toEqual([])
  // Of a pass the others come back.
  expect(await world.rollback({ to: 1 })).toBe(0)
  expect(await world.pending()).toEqual(['1 JobTitle', '2 Department JobTitle', '4'])
  expect(world.said.join('\n')).toMatch(/^5 .* cannot be restored: it is marked private/m)
  world.state.close()
})

test('content that does not open is listed as damaged, and stops only those who name it', async () => {
  const world = await made()
  world.state.close()
  const file = new DatabaseSync(join(world.place, stateFile))
  file.exec("UPDATE bin SET item = '{' WHERE n = 1")
  file.close()
  const state = openState(world.place)
  const said: string[] = []
  const out = async (line: string) => said.push(line) > 0
  await expect(restore(stateOver(state), world.place, ['1-4'], 9000, out)).rejects.toThrow(
    /^nothing is requested: 1 damaged: its content cannot be read/,
  )
  expect(state.bin.list(9, 9, { history: true }).flatMap((each) => each.restore ?? [])).toEqual([
    'Damaged',
  ])
  said.length = 0
  expect(await restore(stateOver(state), world.place, [], 9000, out, { pass: 'p1' })).toBe(0)
  expect(said.join('\n')).toMatch(/^1 +ns\/g +ewa +damaged: its content cannot be read$/m)
  expect(await state.baseline(group).restorations()).toMatchObject([{ n: 2 }])
  state.close()
})

test('a deleted contact that was entered again is edited, and said to be', async () => {
  const world = await made()
  const ida = named('Ida', { CompanyName: 'Acme', JobTitle: '1' })
  const again = { ...agreement, link: 'again' as LinkId, agreed: { ...ida, JobTitle: '2' } }
  const kept = [deleted(ida, 'ida' as LinkId)]
  await world.state.baseline(group).commit({
    at: { timeMs: 3000, pass: 'p3' },
    writes: [
      { write: 'kept', kept },
      { write: 'agreements', agreements: [again] },
    ],
  })
  expect(await world.restore(['5'], { dryRun: true })).toBe(2)
  expect(world.said[1]).toMatch(
    /^5 +ns\/g +ida +edits the contact that was entered again +JobTitle$/,
  )
  expect(await world.restore(['5'])).toBe(0)
  expect(world.said.at(-1)).toMatch(
    /^5 is requested: the next pass of ns\/g edits the contact that was/,
  )
  expect(await world.pending()).toEqual(['5'])
  world.state.close()
})

test('a rollback brings back what was agreed at a time, and then has nothing to do', async () => {
  const world = await made()
  expect(await world.rollback({ to: 2000, dryRun: true })).toBe(2)
  expect(world.said.join('\n')).toMatch(/^3 +ns\/g +jan +fields go back +Department$/m)
  expect(world.said.join('\n')).toMatch(/^contacts that are new since then stay/m)
  expect(world.said.at(-1)).toMatch(
    /: exsync rollback --group ns\/g --to 1970-01-01T00:00:02.000Z --approve \S+$/,
  )
  expect(await world.rollback({ to: 2000, approve: world.hash() })).toBe(0)
  expect(await world.pending()).toEqual(['3 Department confirmed', '4 confirmed'])
  world.said.length = 0
  expect(await world.rollback({ to: 2001, dryRun: true })).toBe(0)
  expect(world.said.at(-1)).toBe('nothing to do')
  expect(await world.rollback({ to: 500, replica: 'bob@x', dryRun: true })).toBe(2)
  expect(world.said.join('\n')).toMatch(/^3 +ns\/g +jan +fields go back +Department$/m)
  expect(world.said.join('\n')).not.toMatch(/ewa|ola/)
  world.state.close()
})

test('a rollback to before the history is refused, and says how far back it reaches', async () => {
  const world = await made()
  await expect(world.rollback({ to: 500 }, 8000)).rejects.toMatchObject({
    code: 'HistoryTooShort',
    message: expect.stringMatching(
      /reaches back only to 1970-01-01T00:00:01.000Z, not to .*00.500Z/,
    ),
  })
  // By what the state itself let go, whatever the flag says.
  outlive(world.state, 1500)
  await expect(world.rollback({ to: 1200 })).rejects.toMatchObject({ code: 'HistoryTooShort' })
  expect(await world.rollback({ to: 1600, dryRun: true })).toBe(2)
  await expect(world.rollback({ to: undefined })).rejects.toThrow(
    /needs --group NS\/NAME and --to TIME/,
  )
  world.state.close()
})

test('where the hub receives nothing, is missing, or the group is gone, nothing is asked for', async () => {
  const oneWay = await made(false)
  for (const ask of [
    () => oneWay.restore(['1-4']),
    () => oneWay.restore([], { pass: 'p1' }),
    () => oneWay.rollback({ to: 1 }),
  ])
    await expect(ask()).rejects.toMatchObject({ code: 'HubReceivesNothing' })
  await expect(oneWay.rollback({ to: 1, group: 'ns/gone' as GroupId })).rejects.toThrow(
    /^--group ns\/gone is not in this state: known are ns\/g$/,
  )
  expect(await oneWay.pending()).toEqual([])
  oneWay.state.close()
  const noHub = await made(true, [ann, bob])
  await expect(noHub.restore(['1-4'])).rejects.toMatchObject({
    code: 'NoHub',
    message: expect.stringMatching(/has no hub.*show it with exsync bin show .*enter it by hand/),
  })
  expect(await noHub.pending()).toEqual([])
  noHub.state.close()
})

test.each<[readonly string[], Partial<Filters>, RegExp]>([
  [[], {}, /needs a number/],
  [['1'], { pass: 'p' }, /either numbers, or --pass P, or --replica R --since T/],
  [[], { replica: 'ann' }, /--replica R and --since T together/],
  [[], { since: 1 }, /--replica R and --since T together/],
  [[], { pass: 'p9' }, /^the pass p9 has no entries/],
  [['9'], { dryRun: true }, /there is no entry 9 in the bin/],
  [['4-2'], {}, /^4-2 is no range: the smaller number comes first, 2-4$/],
  [['1-99'], {}, /^there is no entry 99, so nothing is restored: the newest entry is 4/],
  [['x-2'], {}, /there is no entry x-2 in the bin/],
  [['1', '99'], {}, /there is no entry 99 in the bin/],
])('bin restore %j %j is refused', async (numbers, filters, message) => {
  const world = await made()
  await expect(world.restore(numbers, filters)).rejects.toThrow(message)
  expect(await world.pending()).toEqual([])
  world.state.close()
})
