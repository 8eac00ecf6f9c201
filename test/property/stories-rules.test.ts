// Stories of rules that would not be missed otherwise: each tells what goes wrong without its rule.
import { describe, expect, test } from 'vitest'
import type { ItemId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { sourceMark } from '../../controller/core/stamp.ts'
import type { Folder } from '../support/folder.ts'
import { free } from '../support/limits.ts'
import { Stage } from './stage.ts'

const receiver = { writes: false } as const
const folder = (stage: Stage, who: string) => stage.folders.get(who) as Folder
const entries = (stage: Stage, who: string) => [...folder(stage, who).items]
const fieldOf = (stage: Stage, who: string, field: string) =>
  entries(stage, who).map(([, { item }]) => item[field])

describe('without a history', () => {
  test('who joins with less takes nothing away, even where members win', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    stage.policy = 'MemberWins'
    await stage.rest()
    stage.join('bob', { has: ['Ewa'] })
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:1'])
    expect(stage.bin()).toEqual([])
  })

  test('an old copy that comes back unedited goes with the deleted item', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    const [[, old] = []] = entries(stage, 'ann')
    stage.away.add('bob')
    stage.remove('hub', 'Ewa')
    await stage.rest()
    folder(stage, 'ann').put(old?.item ?? {}, old?.stamp)
    await stage.rest()
    stage.away.clear()
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual([])
  })

  test('an older copy that was put back loses to what was agreed since, and is kept', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    await stage.rest()
    const [[, old] = []] = entries(stage, 'ann')
    stage.edit('hub', 'Ewa:2')
    await stage.rest()
    stage.edit('hub', 'Ewa:3')
    await stage.rest()
    stage.remove('ann', 'Ewa')
    folder(stage, 'ann').put({ ...old?.item, JobTitle: 'older' }, old?.stamp)
    await stage.rest()
    for (const who of ['hub', 'ann']) expect(stage.shows(who)).toEqual(['Ewa:3'])
    expect(stage.bin()).toEqual(['ann Conflict Ewa:older'])
  })

  test('a copy that was only moved says nothing new, even where members win', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    stage.policy = 'MemberWins'
    await stage.rest()
    stage.edit('hub', 'Ewa:2')
    stage.move('ann', 'Ewa')
    await stage.rest()
    for (const who of ['hub', 'ann']) expect(stage.shows(who)).toEqual(['Ewa:2'])
    expect(stage.bin()).toEqual([])
  })

  test('every stamp names the hub’s item, whoever made it', async () => {
    const stage = new Stage({ hub: {}, ann: { has: ['Ewa:1'] }, bob: {} })
    await stage.rest()
    stage.join('carl')
    await stage.rest()
    const [[id] = ['' as ItemId]] = entries(stage, 'hub')
    for (const who of ['bob', 'carl']) {
      const [[, copy] = []] = entries(stage, who)
      expect(copy?.stamp?.source, who).toBe(sourceMark('hub' as never, id))
    }
  })
})

describe('private', () => {
  test('a member’s private item is not taken for the hub’s of the same name', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    stage.put('ann', 'Ewa:own', { Sensitivity: 'Private' })
    await stage.rest()
    expect(stage.shows('ann')).toEqual(['Ewa:1', 'Ewa:own'])
    stage.remove('hub', 'Ewa')
    await stage.rest()
    expect(stage.shows('ann')).toEqual(['Ewa:own'])
  })

  test('an edit of what the hub itself marks private travels', async () => {
    const stage = new Stage({ hub: { private: 'Copy' }, ann: {}, bob: {} })
    stage.put('hub', 'Ewa:1', { Sensitivity: 'Private' })
    await stage.rest()
    stage.edit('ann', 'Ewa:2')
    await stage.rest()
    for (const who of ['hub', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:2'])
  })

  test('what says that it is not private is not', async () => {
    const stage = new Stage({ hub: {}, ann: {} })
    stage.put('ann', 'Ewa:1', { Sensitivity: 'Normal' })
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:1'])
  })
})

describe('drift that is ignored', () => {
  const ignoring = { ...receiver, drift: 'Ignore' } as const

  test('ends where the hub changes the same field, even at the same time', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: ignoring })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine', { Department: 'mine' })
    stage.edit('hub', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:2'])
    expect(fieldOf(stage, 'jan', 'Department')).toEqual(['mine'])
    expect(stage.bin()).toEqual(['jan Drift Ewa:mine'])
  })

  test('is kept when the hub changes the same field later', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: ignoring })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine')
    await stage.rest()
    stage.edit('hub', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:2'])
    expect(stage.bin()).toEqual(['jan Drift Ewa:mine'])
  })

  test('ends when her user takes the deleted copy out of the bin again', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: ignoring })
    await stage.rest()
    const [[, old] = []] = entries(stage, 'jan')
    stage.remove('jan', 'Ewa')
    await stage.rest()
    expect(stage.shows('jan')).toEqual([])
    folder(stage, 'jan').put(old?.item ?? {}, old?.stamp)
    await stage.rest()
    stage.edit('hub', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:2'])
  })

  test('is kept when the hub deletes the item', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: ignoring })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine')
    await stage.rest()
    stage.remove('hub', 'Ewa')
    await stage.rest()
    expect(stage.shows('jan')).toEqual([])
    expect(stage.bin()).toEqual(['hub Deleted Ewa:1', 'jan Deleted Ewa:mine'])
  })
})

describe('what a server makes of a copy', () => {
  const cut = (item: Item): Item => ({ ...item, JobTitle: String(item.JobTitle).slice(0, 3) })

  test('is cut nowhere else, whatever her user edits next', async () => {
    const stage = new Stage({ hub: {}, ann: {}, bob: {} })
    folder(stage, 'ann').normalise = cut
    stage.put('hub', 'Ewa:long title')
    await stage.rest()
    stage.edit('hub', 'Ewa:longer title')
    await stage.rest()
    stage.edit('ann', 'Ewa:lon', { Department: 'HR' })
    await stage.rest()
    for (const who of ['hub', 'bob']) {
      expect(stage.shows(who)).toEqual(['Ewa:longer title'])
      expect(fieldOf(stage, who, 'Department')).toEqual(['HR'])
    }
  })

  test('is not written again when her user edits something else', async () => {
    const stage = new Stage({ hub: {}, ann: {} })
    folder(stage, 'ann').normalise = cut
    stage.put('hub', 'Ewa:long title')
    await stage.rest()
    const before = folder(stage, 'ann').writes
    stage.edit('ann', 'Ewa:lon', { Department: 'HR' })
    await stage.rest()
    expect(folder(stage, 'ann').writes).toBe(before)
  })
})

test('what a server derives for a copy does not travel when the copy is moved', async () => {
  const stage = new Stage({ hub: {}, ann: {} })
  stage.policy = 'MemberWins'
  folder(stage, 'ann').normalise = (item) => ({ ...item, DisplayName: 'ŻAK Ewa' })
  stage.put('hub', 'Ewa:1', { DisplayName: 'Ewa Żak' })
  await stage.rest()
  stage.move('ann', 'Ewa')
  await stage.rest()
  expect(fieldOf(stage, 'hub', 'DisplayName')).toEqual(['Ewa Żak'])
})

test('an edit is written once to everybody', async () => {
  const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
  await stage.rest()
  stage.edit('hub', 'Ewa:2')
  expect(await stage.pass()).toMatchObject({ created: 0, updated: 2, deleted: 0 })
  expect(await stage.pass()).toMatchObject({ created: 0, updated: 0, deleted: 0 })
})

test('a copy that its user edits right before it is deleted is left, and lives again', async () => {
  const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
  await stage.rest()
  stage.remove('hub', 'Ewa')
  stage.during = (who, operation, when) => {
    if (who !== 'bob' || operation !== 'read' || when !== 'before') return
    stage.during = () => {}
    // The pass has looked already, and is about to read once more before it deletes.
    if (stage.shows('hub').length === 0) stage.edit('bob', 'Ewa:2')
  }
  await stage.rest()
  for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:2'])
})

describe('guard', () => {
  const many = Array.from({ length: 20 }, (_, n) => `P${n}:1`)
  const limits = {
    ...free,
    deletions: { maxPercent: 10, maxCount: 50 },
    publications: { maxCount: 100 },
  }
  const staged = async () => {
    const stage = new Stage({ hub: { has: many }, ann: {} })
    stage.limits = limits
    await stage.rest()
    return stage
  }

  test('a member’s mass delete waits, pass after pass, until it is approved', async () => {
    const stage = await staged()
    for (let n = 0; n < 5; n += 1) stage.remove('ann', `P${n}`)
    const first = await stage.pass()
    const second = await stage.pass()
    expect(first.refusals).toMatchObject([{ replica: 'ann', count: 5, limit: 2 }])
    expect(second.refusals).toEqual(first.refusals)
    stage.approved.add(first.refusals[0]?.hash ?? '')
    await stage.rest()
    expect(stage.shows('hub')).toHaveLength(15)
    // What was approved does not use up what may be done without asking.
    stage.remove('ann', 'P5')
    expect((await stage.pass()).refusals).toEqual([])
  })

  test('an approval covers the edits that were seen, and none that is made since', async () => {
    const stage = await staged()
    stage.limits = { ...free, updates: { maxPercent: 100, maxCount: 1 } }
    for (const name of ['P0', 'P1']) stage.edit('ann', `${name}:2`)
    const [first, second] = [await stage.pass(), await stage.pass()]
    expect(first.refusals).toMatchObject([{ replica: 'ann', reason: 'Updates', count: 2 }])
    expect(second.refusals).toEqual(first.refusals)
    stage.approved.add(first.refusals[0]?.hash ?? '')
    stage.edit('ann', 'P1:3')
    const [again] = (await stage.pass()).refusals
    expect(again?.hash).not.toBe(first.refusals[0]?.hash)
    expect(stage.shows('hub')).toContain('P1:1')
    stage.approved.add(again?.hash ?? '')
    await stage.rest()
    expect(stage.shows('hub')).toEqual(expect.arrayContaining(['P0:2', 'P1:3']))
  })

  test('what all show already was not brought to anybody, and does not count', async () => {
    const stage = await staged()
    stage.limits = { ...free, updates: { maxPercent: 0, maxCount: 0 } }
    for (const name of ['P0', 'P1']) for (const who of ['hub', 'ann']) stage.edit(who, `${name}:2`)
    expect((await stage.pass()).refusals).toEqual([])
    stage.edit('ann', 'P0:3')
    expect((await stage.pass()).refusals).toHaveLength(1)
  })

  test('deletes add up within the window, and are forgotten after it', async () => {
    const stage = await staged()
    for (const name of ['P0', 'P1']) {
      stage.remove('ann', name)
      await stage.rest()
    }
    stage.remove('ann', 'P2')
    expect((await stage.pass()).refusals).toMatchObject([{ replica: 'ann', count: 3, limit: 2 }])
    expect(stage.shows('hub')).toHaveLength(18)
    stage.wait(3_600_000)
    await stage.rest()
    expect(stage.shows('hub')).toHaveLength(17)
  })
})

describe('an ignored drift', () => {
  test('ends when the copy that she had taken away is put back: it gets what is edited then', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: { ...receiver, drift: 'Ignore' } })
    await stage.rest()
    const [[id, copy] = []] = entries(stage, 'jan')
    folder(stage, 'jan').remove(id as ItemId)
    await stage.rest()
    folder(stage, 'jan').put(copy?.item ?? {}, copy?.stamp)
    await stage.rest()
    stage.edit('hub', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:2'])
  })
})

test('drift that was ignored travels when its owner begins to write, also of what the hub marked private', async () => {
  const bob = { writes: false, drift: 'Ignore' } as const
  const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob })
  await stage.rest()
  stage.edit('hub', 'Ewa:1', { Sensitivity: 'Private' })
  stage.edit('bob', 'Ewa:2')
  await stage.rest()
  expect(stage.shows('ann')).toEqual(['Ewa:1'])
  stage.join('bob', { writes: true })
  await stage.rest()
  expect(['hub', 'ann', 'bob'].map((who) => stage.shows(who))).toEqual(
    ['hub', 'ann', 'bob'].map(() => ['Ewa:2']),
  )
})
