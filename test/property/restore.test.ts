// Stories of what comes back from the bin: it travels as an edit, once, to everybody; and whatever it
// overwrites is in the bin in its turn.
import { describe, expect, test } from 'vitest'
import { SyncError } from '../../controller/core/sync-error.ts'
import { free } from '../support/limits.ts'
import { type Part, Stage } from './stage.ts'

const all = ['hub', 'ann', 'bob'] as const
const everybody = (stage: Stage) => all.map((who) => stage.shows(who))
const same = (shown: readonly string[]) => all.map(() => shown)

/** The hub and ann edited the same field, and the hub won. */
async function afterConflict(
  parts: Readonly<Record<string, Part>> = { hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} },
): Promise<Stage> {
  const stage = new Stage(parts)
  await stage.rest()
  stage.edit('hub', 'Ewa:hubs')
  stage.edit('ann', 'Ewa:anns')
  await stage.rest()
  return stage
}

async function afterDelete(): Promise<Stage> {
  const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} })
  await stage.rest()
  stage.remove('ann', 'Ewa')
  await stage.rest()
  return stage
}

describe('what is lost once more', () => {
  test('a contact that came back and is deleted again is in the bin again', async () => {
    const stage = await afterDelete()
    stage.wants('ann Deleted Ewa:1')
    await stage.rest()
    stage.remove('bob', 'Ewa')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Jan:1']))
    expect(stage.bin()).toEqual(['ann Deleted Ewa:1', 'bob Deleted Ewa:1'])
    stage.wants('bob Deleted Ewa:1')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1', 'Jan:1']))
  })

  test('the same conflict a second time is kept and counted a second time', async () => {
    const stage = await afterConflict()
    stage.edit('bob', 'Ewa:1')
    await stage.rest()
    stage.edit('hub', 'Ewa:hubs')
    stage.edit('ann', 'Ewa:anns')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:hubs', 'Jan:1']))
    expect(stage.bin()).toEqual(['ann Conflict Ewa:anns', 'ann Conflict Ewa:anns'])
    expect((await stage.pass()).conflicts.total).toBe(2)
  })
})

describe('a group that became OneWay', () => {
  const oneWay = async () => {
    const stage = await afterConflict()
    stage.wants('ann Conflict Ewa:anns')
    stage.join('hub', { receives: false })
    await stage.rest()
    return stage
  }

  test('ends what was asked for before with a reason, and changes nothing', async () => {
    const stage = await oneWay()
    expect(stage.wanted()).toEqual(['ann Conflict Ewa:anns → HubReceivesNothing'])
    expect(everybody(stage)).toEqual(same(['Ewa:hubs', 'Jan:1']))
  })

  test('brings it back when the hub receives again and it is asked for again', async () => {
    const stage = await oneWay()
    stage.join('hub', { receives: true })
    await stage.rest()
    expect(stage.wanted()).toEqual(['ann Conflict Ewa:anns → HubReceivesNothing'])
    stage.wants('ann Conflict Ewa:anns')
    await stage.rest()
    expect(stage.wanted()).toEqual(['ann Conflict Ewa:anns → Restored'])
    expect(everybody(stage)).toEqual(same(['Ewa:anns', 'Jan:1']))
  })
})

describe('a field that lost', () => {
  test('comes back to everybody, and what it overwrites can come back in its turn', async () => {
    const stage = await afterConflict()
    stage.wants('ann Conflict Ewa:anns')
    expect(stage.wanted()).toEqual(['ann Conflict Ewa:anns → Pending'])
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:anns', 'Jan:1']))
    expect(stage.wanted()).toEqual(['ann Conflict Ewa:anns → Restored'])
    expect((await stage.pass()).conflicts.total).toBe(1)
    stage.wants('hub Restored Ewa:hubs')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:hubs', 'Jan:1']))
  })

  test('is put into what was agreed since, and touches nothing else', async () => {
    const stage = await afterConflict()
    stage.edit('bob', 'Ewa', { Department: 'Smyczki' })
    await stage.rest()
    stage.edit('hub', 'Ewa', { OfficeLocation: 'Kraków' })
    stage.wants('ann Conflict Ewa:anns')
    await stage.rest()
    for (const who of all) {
      const items = [...(stage.folders.get(who)?.items.values() ?? [])].map(({ item }) => item)
      expect(items.find(({ GivenName }) => GivenName === 'Ewa')).toMatchObject({
        JobTitle: 'anns',
        Department: 'Smyczki',
        OfficeLocation: 'Kraków',
      })
    }
  })

  test('what a receive-only member had comes back to everybody', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: { writes: false } })
    await stage.rest()
    stage.edit('bob', 'Ewa:bobs')
    await stage.rest()
    stage.wants('bob Drift Ewa:bobs')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:bobs']))
  })

  test('its derived fields follow it', async () => {
    const stage = new Stage({ hub: {}, ann: {}, bob: {} })
    stage.put('hub', 'Ewa', { DisplayName: 'Ewa Żak' })
    await stage.rest()
    stage.edit('hub', 'Ewa', { GivenName: 'Eva', DisplayName: 'Eva Żak' })
    stage.edit('ann', 'Ewa', { GivenName: 'Eve', DisplayName: 'Eve Żak' })
    await stage.rest()
    stage.wants('ann Conflict Eve:undefined')
    await stage.rest()
    for (const who of all) {
      const items = [...(stage.folders.get(who)?.items.values() ?? [])].map(({ item }) => item)
      expect(items).toMatchObject([{ GivenName: 'Eve', DisplayName: 'Eve Żak' }])
    }
  })

  test.each([
    ['HubWins', 'bob', 'Ewa:anns', 'Restored'],
    ['LatestWins', 'bob', 'Ewa:late', 'Overruled'],
    ['HubWins', 'hub', 'Ewa:late', 'Overruled'],
  ] as const)('%s, met by a later edit of %s: %s, %s', async (policy, who, wins, result) => {
    const stage = await afterConflict()
    stage.policy = policy
    stage.wants('ann Conflict Ewa:anns')
    const folder = stage.folders.get(who)
    stage.edit(who, 'Ewa:late')
    for (const entry of folder?.items.values() ?? []) {
      if (entry.item.JobTitle === 'late') entry.modifiedMs = 1e12
    }
    await stage.rest()
    expect(everybody(stage)).toEqual(same([wins, 'Jan:1']))
    expect(stage.wanted()).toEqual([`ann Conflict Ewa:anns → ${result}`])
    // Who lost to it is in the bin, and what was overruled may be asked for again.
    if (result === 'Restored') expect(stage.bin()).toContain(`${who} Conflict Ewa:late`)
    else {
      stage.wants('ann Conflict Ewa:anns')
      await stage.rest()
      expect(everybody(stage)).toEqual(same(['Ewa:anns', 'Jan:1']))
    }
  })
})

describe('a deleted contact', () => {
  test('comes back to everybody, once, whatever the guard forbids', async () => {
    const stage = await afterDelete()
    expect(everybody(stage)).toEqual(same(['Jan:1']))
    stage.limits = {
      ...free,
      deletions: { maxPercent: 0, maxCount: 0 },
      publications: { maxCount: 0 },
    }
    stage.wants('ann Deleted Ewa:1')
    const report = await stage.pass()
    expect([report.refusals, report.created, report.conflicts.total]).toEqual([[], 3, 0])
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1', 'Jan:1']))
    // From then on it is a contact like any other.
    stage.edit('bob', 'Ewa:2')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:2', 'Jan:1']))
    expect(stage.wanted()).toEqual(['ann Deleted Ewa:1 → Restored'])
  })

  test('is one with the copy that somebody who was away still has', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.away.add('bob')
    stage.remove('ann', 'Ewa')
    await stage.pass()
    stage.wants('ann Deleted Ewa:1')
    await stage.pass()
    stage.away.clear()
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1']))
  })

  test('is one with what somebody has entered anew, and no conflict when that is the same', async () => {
    const stage = await afterDelete()
    stage.put('bob', 'Ewa:1')
    stage.wants('ann Deleted Ewa:1')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1', 'Jan:1']))
  })

  test('what two of its versions are asked for is one contact', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: { writes: false } })
    stage.policy = 'MemberWins'
    await stage.rest()
    stage.edit('bob', 'Ewa:bobs')
    await stage.rest()
    stage.remove('hub', 'Ewa')
    await stage.rest()
    expect(everybody(stage)).toEqual(same([]))
    stage.wants('bob Drift Ewa:bobs')
    stage.wants('hub Deleted Ewa:1')
    await stage.rest()
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1']))
    expect(stage.wanted()).toEqual([
      'bob Drift Ewa:bobs → Restored',
      'hub Deleted Ewa:1 → Restored',
    ])
  })

  test('that lives again gets its old fields, and keeps those that it has got since', async () => {
    const bob = { writes: false, drift: 'Ignore' } as const
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob })
    await stage.rest()
    stage.edit('bob', 'Ewa:bobs')
    await stage.rest()
    stage.remove('hub', 'Ewa')
    await stage.rest()
    stage.wants('hub Deleted Ewa:1')
    await stage.rest()
    stage.edit('ann', 'Ewa:2', { Department: 'Smyczki' })
    await stage.rest()
    stage.wants('bob Deleted Ewa:bobs')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:bobs']))
    const items = [...(stage.folders.get('hub')?.items.values() ?? [])].map(({ item }) => item)
    expect(items).toMatchObject([{ Department: 'Smyczki' }])
    expect(stage.bin()).toContain('hub Restored Ewa:2')
  })
})

describe('a full bin', () => {
  test('what there is no room for is neither overwritten nor deleted, and the group says so', async () => {
    const bob = { writes: false, drift: 'Ignore' } as const
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob })
    stage.binMaxBytes = 150
    stage.forget()
    await stage.rest()
    stage.edit('bob', `Ewa:${'mine'.repeat(40)}`)
    await stage.rest()
    // There is room for what was agreed, and none for what bob made of it.
    stage.remove('hub', 'Ewa')
    const report = await stage.pass()
    expect(report.problems).toMatchObject([{ replica: 'bob', reason: 'BinFull', kind: 'terminal' }])
    expect([stage.shows('ann'), stage.shows('bob').length]).toEqual([['Jan:1'], 2])
    // And now for nothing any more: the whole pass is refused.
    stage.edit('hub', 'Jan:hubs')
    stage.edit('ann', 'Jan:anns')
    await expect(stage.pass()).rejects.toMatchObject({ code: 'BinFull', kind: 'terminal' })
    expect([stage.shows('hub'), stage.shows('ann')]).toEqual([['Jan:hubs'], ['Jan:anns']])
  })
})

describe('what gets in between', () => {
  test('the hub is away: it is done as soon as it is back', async () => {
    const stage = await afterDelete()
    stage.wants('ann Deleted Ewa:1')
    stage.away.add('hub')
    await expect(stage.pass()).rejects.toMatchObject({ code: 'Away' })
    expect(stage.wanted()).toEqual(['ann Deleted Ewa:1 → Pending'])
    stage.away.clear()
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1', 'Jan:1']))
  })

  test('the guard has set the hub aside: nothing is decided, and it waits', async () => {
    const stage = await afterDelete()
    stage.limits = { ...free, deletions: { maxPercent: 0, maxCount: 0 } }
    stage.remove('hub', 'Jan')
    stage.wants('ann Deleted Ewa:1')
    expect((await stage.pass()).refusals).toHaveLength(1)
    expect(stage.wanted()).toEqual(['ann Deleted Ewa:1 → Pending'])
    stage.put('hub', 'Jan:1')
    await stage.rest()
    expect(everybody(stage)).toEqual(same(['Ewa:1', 'Jan:1']))
  })

  test('requests fail from any one on: neither lost nor repeated', async () => {
    for (let moment = 1; moment < 80; moment += 1) {
      const stage = await afterDelete()
      stage.wants('ann Deleted Ewa:1')
      let requests = 0
      stage.during = () => {
        requests += 1
        if (requests >= moment) throw new SyncError('transient', 'Failed', 'it failed')
      }
      await stage.pass().catch(() => undefined)
      const reached = requests >= moment
      stage.during = () => {}
      await stage.rest()
      expect(everybody(stage), `failed at ${moment}`).toEqual(same(['Ewa:1', 'Jan:1']))
      expect(stage.wanted()).toEqual(['ann Deleted Ewa:1 → Restored'])
      if (!reached) return
    }
    throw new Error('a pass of 40 requests and their answers')
  })

  test('what a member marked private does not leave by way of the bin', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: { writes: false } })
    await stage.rest()
    stage.edit('bob', 'Ewa:secret', { Sensitivity: 'Private' })
    await stage.rest()
    stage.wants('bob Drift Ewa:secret')
    await stage.rest()
    expect(stage.shows('hub')).toEqual(['Ewa:1'])
    expect(stage.wanted()).toEqual(['bob Drift Ewa:secret → Private'])
  })
})
