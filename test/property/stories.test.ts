// Stories: a literal world, what people do, passes, and what everybody has then.
import { describe, expect, test } from 'vitest'
import { SyncError } from '../../controller/core/sync-error.ts'
import { free } from '../support/limits.ts'
import { Stage } from './stage.ts'

const receiver = { writes: false } as const

describe('private', () => {
  test('a member’s own private item never leaves, and travels once the mark is gone', async () => {
    const stage = new Stage({ hub: {}, ann: {}, bob: {} })
    stage.put('ann', 'Ewa:1', { Sensitivity: 'Private' })
    await stage.rest()
    expect(stage.shows('hub')).toEqual([])
    stage.clear('ann', 'Ewa', 'Sensitivity')
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:1'], ['Ewa:1']])
  })

  test('a copy that its owner marks private keeps her edits to itself until the mark goes', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:secret', { Sensitivity: 'Private' })
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob'), stage.shows('ann')]).toEqual([
      ['Ewa:1'],
      ['Ewa:1'],
      ['Ewa:secret'],
    ])
    stage.edit('hub', 'Ewa', { Department: 'Smyczki' })
    await stage.rest()
    expect([...(stage.folders.get('ann')?.items.values() ?? [])][0]?.item).toMatchObject({
      JobTitle: 'secret',
      Department: 'Smyczki',
    })
    expect(stage.bin()).toEqual([])
    stage.clear('ann', 'Ewa', 'Sensitivity')
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:secret'], ['Ewa:secret']])
    // What it overwrites everywhere else is kept.
    expect(stage.bin()).toEqual(['hub Unmarked Ewa:1'])
  })

  test('a mark that is taken away without an edit under it keeps nothing and moves nothing', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa', { Sensitivity: 'Private' })
    await stage.rest()
    stage.clear('ann', 'Ewa', 'Sensitivity')
    await stage.rest()
    expect([stage.shows('hub'), stage.bin()]).toEqual([['Ewa:1'], []])
  })

  test('two who take their marks away at once: what either overwrites is in the bin, once', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:secret', { Sensitivity: 'Private' })
    stage.edit('bob', 'Ewa', { Sensitivity: 'Private', Department: 'hidden' })
    await stage.rest()
    stage.clear('ann', 'Ewa', 'Sensitivity')
    stage.clear('bob', 'Ewa', 'Sensitivity')
    await stage.rest()
    const bobs = () => [...(stage.folders.get('bob')?.items.values() ?? [])][0]?.item
    expect(bobs()).toMatchObject({ JobTitle: 'secret', Department: 'hidden' })
    expect(stage.bin()).toEqual(['hub Unmarked Ewa:1'])
    stage.wants('hub Unmarked Ewa:1')
    await stage.rest()
    expect(bobs()).toMatchObject({ JobTitle: '1' })
    expect(bobs()).not.toHaveProperty('Department')
  })

  test('her mark outlives that of the hub’s, and so does what it keeps', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'], private: 'Copy' }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:secret', { Sensitivity: 'Private' })
    await stage.rest()
    stage.edit('hub', 'Ewa', { Sensitivity: 'Private' })
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:1'], ['Ewa:1']])
    stage.edit('ann', 'Ewa', { Department: 'more' })
    await stage.rest()
    stage.clear('hub', 'Ewa', 'Sensitivity')
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:1'], ['Ewa:1']])
    expect([...(stage.folders.get('ann')?.items.values() ?? [])][0]?.item).toMatchObject({
      JobTitle: 'secret',
      Department: 'more',
      Sensitivity: 'Private',
    })
    stage.clear('ann', 'Ewa', 'Sensitivity')
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:secret'], ['Ewa:secret']])
  })

  test('her mark keeps what she wrote, whoever marks it meanwhile', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'], private: 'Copy' }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:secret', { Sensitivity: 'Private' })
    stage.away.add('ann')
    stage.edit('hub', 'Ewa', { Sensitivity: 'Private' })
    await stage.rest()
    stage.away.clear()
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:1'], ['Ewa:1']])
    expect(stage.shows('ann')).toEqual(['Ewa:secret'])
  })

  test('with private: Copy it is an item like any other', async () => {
    const stage = new Stage({ hub: {}, ann: { private: 'Copy' } })
    stage.put('ann', 'Ewa:1', { Sensitivity: 'Private' })
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:1'])
  })
})

describe('receive-only', () => {
  test('with drift: Ignore edits and deletes stay, until the hub’s item changes', async () => {
    const stage = new Stage({
      hub: { has: ['Ewa:1', 'Jan:1'] },
      jan: { ...receiver, drift: 'Ignore' },
    })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine')
    stage.remove('jan', 'Jan')
    await stage.rest()
    expect([stage.shows('jan'), stage.shows('hub')]).toEqual([['Ewa:mine'], ['Ewa:1', 'Jan:1']])
    stage.edit('hub', 'Ewa:2')
    stage.edit('hub', 'Jan:2')
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:2'])
  })

  test('from Ignore to Revert: everything is as the hub has it', async () => {
    const stage = new Stage({
      hub: { has: ['Ewa:1', 'Jan:1'] },
      jan: { ...receiver, drift: 'Ignore' },
    })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine')
    stage.remove('jan', 'Jan')
    await stage.rest()
    stage.join('jan', { ...receiver, drift: 'Revert' })
    await stage.rest()
    expect(stage.shows('jan')).toEqual(['Ewa:1', 'Jan:1'])
  })

  test('from Ignore to TwoWay: what was ignored travels', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: { ...receiver, drift: 'Ignore' } })
    await stage.rest()
    stage.edit('jan', 'Ewa:mine')
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:1'])
    stage.join('jan')
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:mine'])
  })

  test('their own items stay theirs, and become everybody’s when they may write', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: { ...receiver, has: ['Own:1'] } })
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('jan')]).toEqual([['Ewa:1'], ['Ewa:1', 'Own:1']])
    stage.join('jan')
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:1', 'Own:1'])
  })
})

describe('membership', () => {
  test('who joins later gets everything, and is matched with what she has', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {} })
    await stage.rest()
    stage.join('bob', { has: ['Ewa:1', 'Ola:1'] })
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob'])
      expect(stage.shows(who)).toEqual(['Ewa:1', 'Jan:1', 'Ola:1'])
  })

  test('who leaves keeps her copies, and no edit of hers travels any more', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.leave('bob')
    await stage.rest()
    stage.edit('bob', 'Ewa:2')
    await stage.rest()
    expect([stage.shows('bob'), stage.shows('hub')]).toEqual([['Ewa:2'], ['Ewa:1']])
    stage.join('bob')
    await stage.rest()
    // Back again, her older copy is compared as if never seen: what was agreed wins, hers is kept.
    expect([stage.shows('bob'), stage.shows('hub')]).toEqual([['Ewa:1'], ['Ewa:1']])
    expect(stage.bin()).toEqual(['bob Conflict Ewa:2'])
  })

  test('another folder in the place of a member’s begins anew and deletes nothing', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {} })
    await stage.rest()
    stage.replace('ann', ['Ola:1'])
    await stage.rest()
    for (const who of ['hub', 'ann']) expect(stage.shows(who)).toEqual(['Ewa:1', 'Jan:1', 'Ola:1'])
  })

  test('an empty folder in the place of the hub is filled again, not everybody else emptied', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, jan: receiver })
    await stage.rest()
    stage.replace('hub')
    await stage.rest()
    for (const who of ['hub', 'ann', 'jan']) expect(stage.shows(who)).toEqual(['Ewa:1', 'Jan:1'])
  })
})

describe('moved', () => {
  test('of two equal items any is taken for the one that was edited and moved', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    await stage.rest()
    stage.edit('hub', 'Ewa', { Department: 'hub' })
    stage.edit('ann', 'Ewa:2')
    const ann = stage.folders.get('ann')
    const [id] = [...(ann?.items.keys() ?? [])]
    if (id === undefined) throw new Error('ann has nothing')
    stage.folders.get('ann')?.put({ ...ann?.items.get(id)?.item })
    stage.folders.get('ann')?.put({ ...ann?.items.get(id)?.item })
    ann?.remove(id)
    await stage.rest()
    for (const who of ['hub', 'ann']) expect(stage.shows(who)).toHaveLength(2)
  })
})

describe('another hub', () => {
  const hub = { hub: true, private: 'Copy' } as const

  test('nothing of the old one reaches the new one or its members', async () => {
    const stage = new Stage({ 'hub:old': { ...hub, has: ['Secret:1'] }, ann: {} })
    await stage.rest()
    stage.leave('hub:old')
    stage.join('hub:new', { ...hub, has: ['Pub:1'] })
    stage.join('bob')
    await stage.rest()
    expect([stage.shows('hub:new'), stage.shows('bob')]).toEqual([['Pub:1'], ['Pub:1']])
    stage.edit('ann', 'Secret:2')
    await stage.rest()
    expect(stage.shows('hub:new')).toEqual(['Pub:1'])
  })
})

describe('copies that are marked private', () => {
  test('are found again by their stamps when the state is lost, and their edits stay', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'], private: 'Copy' }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:secret', { Sensitivity: 'Private' })
    await stage.rest()
    stage.forget()
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('bob')]).toEqual([['Ewa:1'], ['Ewa:1']])
    expect(stage.shows('ann')).toHaveLength(1)
  })

  test('a private contact of the hub’s is not doubled when the state is lost', async () => {
    const stage = new Stage({ hub: { private: 'Copy' }, ann: {}, bob: {} })
    stage.put('hub', 'Ewa:1', { Sensitivity: 'Private' })
    await stage.rest()
    stage.forget()
    await stage.rest()
    expect(stage.shows('ann')).toEqual(['Ewa:1'])
  })
})

describe('away', () => {
  test('an edit beats a delete that was made meanwhile, and a delete reaches who comes back', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.away.add('bob')
    stage.remove('hub', 'Ewa')
    stage.remove('hub', 'Jan')
    stage.edit('bob', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('ann')).toEqual([])
    stage.away.clear()
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:2'])
  })

  test('two blind edits of different fields merge; of one field what was agreed wins', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.away.add('bob')
    stage.edit('ann', 'Ewa:ann', { Department: 'ann' })
    stage.edit('bob', 'Ewa:bob', { OfficeLocation: 'bob' })
    await stage.rest()
    stage.away.clear()
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) {
      const [entry] = [...(stage.folders.get(who)?.items.values() ?? [])]
      expect(entry?.item).toMatchObject({
        JobTitle: 'ann',
        Department: 'ann',
        OfficeLocation: 'bob',
      })
    }
    expect(stage.bin()).toEqual(['bob Conflict Ewa:bob'])
  })
})

describe('guard', () => {
  test('an emptied hub waits, and approving exactly that lets it through', async () => {
    const stage = new Stage({
      hub: { has: Array.from({ length: 20 }, (_, n) => `P${n}:1`) },
      ann: {},
    })
    stage.limits = { ...free, deletions: { maxPercent: 10, maxCount: 50 } }
    await stage.rest()
    for (let n = 0; n < 20; n += 1) stage.remove('hub', `P${n}`)
    const first = await stage.pass()
    const second = await stage.pass()
    expect(first.refusals).toMatchObject([{ replica: 'hub', count: 20, limit: 2 }])
    expect(second.refusals).toEqual(first.refusals)
    expect(stage.shows('ann')).toHaveLength(20)
    stage.approved.add(first.refusals[0]?.hash ?? '')
    await stage.rest()
    expect([stage.shows('ann'), stage.bin().length]).toEqual([[], 20])
  })
})

describe('two groups over one hub', () => {
  test('edits of one’s writers reach the other’s receivers; no echo, no double', async () => {
    const two = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} }, 'test/two-way')
    const one = new Stage({ hub: { receives: false }, jan: receiver }, 'test/one-way', two.folders)
    for (const stage of [two, one]) await stage.rest()
    two.edit('ann', 'Ewa:2')
    two.put('ann', 'Ola:1')
    for (const stage of [two, one, two, one]) await stage.rest()
    for (const who of ['hub', 'ann', 'jan'])
      expect(one.folders.get(who) && one.shows(who)).toEqual(['Ewa:2', 'Ola:1'])
    one.edit('hub', 'Ola:3')
    for (const stage of [one, two]) await stage.rest()
    expect([two.shows('ann'), one.shows('jan')]).toEqual([
      ['Ewa:2', 'Ola:3'],
      ['Ewa:2', 'Ola:3'],
    ])
  })
})

describe('policies', () => {
  test.each([
    ['MemberWins', ['Ewa:ann']],
    ['LatestWins', ['Ewa:ann']],
    ['KeepBoth', ['Ewa:ann', 'Ewa:hub']],
  ] as const)('%s: everybody has the same, and the loser is kept', async (policy, then) => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    stage.policy = policy
    await stage.rest()
    stage.edit('hub', 'Ewa:hub')
    stage.edit('ann', 'Ewa:between')
    stage.edit('ann', 'Ewa:ann')
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(then)
    expect(stage.bin()).toHaveLength(1)
  })
})

describe('the times of our own writes', () => {
  const everybody = ['hub', 'ann', 'bob']

  test('a lost reply does not make our write a later edit than a user’s', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    stage.policy = 'LatestWins'
    await stage.rest()
    stage.edit('ann', 'Ewa:2')
    stage.during = (who, operation, when) => {
      if (who !== 'bob' || operation !== 'update') return
      if (when === 'before') stage.edit('ann', 'Ewa:3')
      else throw new SyncError('transient', 'LostReply', 'it failed after its effect')
    }
    await stage.pass()
    stage.during = () => {}
    await stage.rest()
    for (const who of everybody) expect(stage.shows(who)).toEqual(['Ewa:3'])
  })

  test('a lost reply does not make our write an edit that beats a delete', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:2')
    stage.during = (who, operation, when) => {
      if (who === 'bob' && operation === 'update' && when === 'after')
        throw new SyncError('transient', 'LostReply', 'it failed after its effect')
    }
    await stage.pass()
    stage.during = () => {}
    stage.remove('ann', 'Ewa')
    await stage.rest()
    for (const who of everybody) expect(stage.shows(who)).toEqual([])
  })

  test('of equal values the earliest time counts when the state was lost', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {} })
    stage.policy = 'LatestWins'
    await stage.rest()
    stage.edit('ann', 'Ewa:2')
    // bob's copy of the old content is made after ann's edit.
    stage.away.add('ann')
    stage.join('bob')
    await stage.pass()
    stage.away.clear()
    stage.forget()
    await stage.rest()
    for (const who of everybody) expect(stage.shows(who)).toEqual(['Ewa:2'])
  })
})

describe('a hub that only gives', () => {
  test('another folder in its place says what there is, as far as the guard allows', async () => {
    const many = Array.from({ length: 20 }, (_, n) => `P${n}:1`)
    const stage = new Stage({ hub: { receives: false, has: many }, jan: receiver })
    stage.limits = { ...free, deletions: { maxPercent: 10, maxCount: 50 } }
    await stage.rest()
    stage.replace('hub', ['New:1'])
    const { refusals } = await stage.pass()
    expect(refusals).toMatchObject([{ replica: 'hub', count: 20, limit: 2 }])
    expect(stage.shows('jan')).toHaveLength(20)
    stage.approved.add(refusals[0]?.hash ?? '')
    await stage.rest()
    expect([stage.shows('jan'), stage.bin().length]).toEqual([['New:1'], 20])
  })
})
