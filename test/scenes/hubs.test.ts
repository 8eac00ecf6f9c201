// What must never empty the others: a hub that is emptied, replaced, restored, renamed or hidden. For each: what
// everybody has then, what the group says, and how it heals.
import { describe, expect, test } from 'vitest'
import { dayMs, hubPath, Scene } from './scene.ts'
import { guardedExactly, unguarded } from './specs.ts'

const five = ['Adam:1', 'Ewa:1', 'Jan:1', 'Ola:1', 'Piotr:1']
const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const guarded = ['Ready=False Guarded', 'Guarded=True Deletions', 'Stalled=True Guarded']
const ready = ['Ready=True Succeeded']
const world = { hub: five, anna: [], jan: [] }

for (const direction of ['TwoWay', 'OneWay'] as const) {
  describe(`a hub in a ${direction} group`, () => {
    test('that is emptied waits, empties nobody, and is as before when that is undone', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      const undo = scene.folder('hub').backup()
      scene.folder('hub').clear()
      await scene.pass()
      expect(scene.all('anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(guarded)
      undo()
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(ready)
    })

    test('that is emptied empties the others once exactly that is approved, into the bin', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      scene.folder('hub').clear()
      await scene.pass()
      const [said] = scene.status().conditions ?? []
      expect(said?.message).toMatch(
        /; meanwhile nothing is synchronised; hub would cause 5 deletions/,
      )
      scene.controller().approve()
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual([])
      expect(scene.bin()).toEqual(five.map((each) => `hub Deleted ${each}`))
      expect(scene.says()).toEqual(ready)
    })

    test('that is filled again with the same contacts after it was emptied doubles nobody', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      scene.folder('hub').clear()
      await scene.pass()
      for (const each of five) scene.put('hub', each)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(ready)
    })

    test('that is renamed away is missing, nothing is done, and its old name heals it', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      const away = scene.folder('hub').rename('Old')
      scene.edit('anna', 'Ewa:2')
      await scene.pass()
      expect(scene.shows('jan')).toEqual(five)
      expect(scene.says()).toEqual(['Ready=False HubNotFound', 'Stalled=True HubNotFound'])
      away.rename('Company')
      await scene.rest()
      const after = direction === 'TwoWay' ? five.with(1, 'Ewa:2') : five
      expect(scene.all('hub', 'anna', 'jan')).toEqual(after)
      expect(scene.says()).toEqual(ready)
    })

    test('that may no longer be seen is missing, and nothing is done until it may', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      scene.folder('hub').setPermission('sync@corp.example', 'None')
      await scene.pass()
      await scene.pass({ audit: true })
      expect(scene.all('anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(['Ready=False HubNotFound', 'Stalled=True HubNotFound'])
      scene.folder('hub').setPermission('sync@corp.example', 'PublishingEditor')
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(ready)
    })

    test('that shows itself but no longer its items is not empty', async () => {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      scene.folder('hub').setPermission('sync@corp.example', 'Contributor')
      await scene.pass()
      await scene.pass({ audit: true })
      expect(scene.all('anna', 'jan')).toEqual(five)
      expect(scene.says()).toEqual(['Ready=False NoRightToRead', 'Stalled=True NoRightToRead'])
    })

    test('that comes back from last week’s backup loses nothing', async () => {
      const scene = await Scene.of({ hub: [...five, 'Zofia:1'], anna: [], jan: [] }, { direction })
      await scene.rest()
      const lastWeek = scene.folder('hub').backup()
      scene.wait(7 * dayMs)
      scene.edit('hub', 'Ewa:2')
      scene.put('hub', 'Nowy:1')
      scene.remove('hub', 'Zofia')
      await scene.rest()
      lastWeek()
      await scene.rest()
      expect([scene.holds('Ewa:2'), scene.holds('Nowy:1')]).toEqual([true, true])
    })

    test('that comes back from a backup with more deleted than the guard allows', async () => {
      const scene = await Scene.of(world, guardedExactly({ direction }))
      await scene.rest()
      const lastWeek = scene.folder('hub').backup()
      scene.wait(7 * dayMs)
      for (const each of ['N1:1', 'N2:1', 'N3:1', 'N4:1']) scene.put('hub', each)
      await scene.rest()
      lastWeek()
      await scene.pass()
      // Where the hub may be written to, what the backup lacks is brought back to it.
      expect(scene.says()).toEqual(direction === 'TwoWay' ? ready : guarded)
      expect(scene.shows('anna')).toContain('N3:1')
    })
  })
}

describe('an empty folder in the hub’s place', () => {
  test('is filled again by members who may write', async () => {
    const scene = await Scene.of(world)
    await scene.rest()
    scene.folder('hub').rename('Old')
    scene.makeHub(hubPath)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
  })

  test('empties nobody who only receives before somebody approves', async () => {
    const scene = await Scene.of(world, { direction: 'OneWay' })
    await scene.rest()
    scene.folder('hub').rename('Old')
    scene.makeHub(hubPath)
    await scene.pass()
    expect(scene.all('anna', 'jan')).toEqual(five)
    expect(scene.says()).toEqual(guarded)
    await scene.pass({ audit: true })
    expect(scene.all('anna', 'jan')).toEqual(five)
    scene.controller().approve()
    await scene.rest()
    expect(scene.all('anna', 'jan')).toEqual([])
    expect(scene.bin().length).toBe(5)
  })

  test('that is taken away again for the old one changes nothing', async () => {
    for (const direction of ['TwoWay', 'OneWay']) {
      const scene = await Scene.of(world, { direction })
      await scene.rest()
      const old = scene.folder('hub').rename('Old')
      const other = scene.makeHub(hubPath)
      await scene.pass()
      other.rename('Empty')
      old.rename('Company')
      scene.edit('hub', 'Ewa:2')
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(five.with(1, 'Ewa:2'))
      expect(scene.says()).toEqual(ready)
    }
  })
})

describe('an approval', () => {
  test('an approval does not cover what was deleted since', async () => {
    const world = { hub: [...five, 'Zofia:1'], anna: [], jan: [] }
    const scene = await Scene.of(world, guardedExactly())
    await scene.rest()
    for (const each of ['Adam', 'Ewa', 'Jan']) scene.remove('anna', each)
    await scene.pass()
    scene.remove('anna', 'Ola')
    scene.controller().approve()
    await scene.pass()
    expect(scene.shows('hub').length).toBe(6)
    expect(scene.says()).toEqual(guarded)
  })
})

describe('the hub', () => {
  test('that is replaced by its own copy: a member’s pending edit is not lost', async () => {
    for (const direction of ['TwoWay', 'OneWay']) {
      const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded({ direction }))
      await scene.rest()
      scene.edit('anna', 'Ewa:2')
      const old = scene.folder('hub').rename('Old')
      scene.makeHub(hubPath)
      for (const { id } of old.items()) old.copy(id, scene.folder('hub'))
      scene.edit('hub', 'Jan:2')
      scene.remove('hub', 'Ola')
      await scene.rest()
      expect(scene.holds('Ewa:2')).toBe(true)
      expect(scene.shows('hub')).toContain('Jan:2')
    }
  })

  test('that is not there for a month, and comes back as it was, gets everything', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('hub').setPermission('sync@corp.example', 'None')
    scene.edit('anna', 'Ewa:2')
    scene.edit('jan', 'Ewa', { Department: 'D' })
    scene.remove('jan', 'Ola')
    scene.edit('hub', 'Jan:2')
    scene.wait(30 * dayMs)
    scene.exchange.store.loseSyncStates()
    await scene.pass()
    scene.folder('hub').setPermission('sync@corp.example', 'PublishingEditor')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:2'])
    expect(scene.item('hub', 'Ewa').contact.Department).toBe('D')
    expect(scene.says()).toEqual(ready)
  })

  test('that may only be read stalls a two-way group, and nothing is lost', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('hub').setPermission('sync@corp.example', 'Reviewer')
    scene.edit('anna', 'Ewa:2')
    scene.edit('hub', 'Jan:2')
    await scene.pass()
    scene.folder('hub').setPermission('sync@corp.example', 'PublishingEditor')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:2', 'Ola:1'])
  })

  test('in which we may only change our own items: it says so, and goes on once we may', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('hub').setPermission('sync@corp.example', 'Author')
    scene.edit('anna', 'Ewa:2')
    scene.put('anna', 'Nowy:1')
    scene.remove('jan', 'Ola')
    await scene.pass()
    await scene.pass()
    scene.folder('hub').setPermission('sync@corp.example', 'PublishingEditor')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Nowy:1'])
  })
})

for (const conflicts of ['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth']) {
  for (const direction of ['TwoWay', 'OneWay']) {
    test(`a hub from last week as another folder, ${conflicts} ${direction}`, async () => {
      const scene = await Scene.of(
        { hub: [...three, 'Zofia:1'], anna: [], jan: [] },
        unguarded({ conflicts, direction }),
      )
      await scene.rest()
      const lastWeek = scene.folder('hub').backup()
      scene.wait(7 * dayMs)
      scene.edit('hub', 'Ewa:2')
      scene.remove('hub', 'Zofia')
      scene.put('hub', 'Nowy:1')
      await scene.rest()
      lastWeek()
      const old = scene.folder('hub').rename('Old')
      scene.makeHub(hubPath)
      for (const { id } of old.items()) old.copy(id, scene.folder('hub'))
      await scene.rest()
      expect([scene.holds('Ewa:2'), scene.holds('Nowy:1')]).toEqual([true, true])
    })
  }
}
