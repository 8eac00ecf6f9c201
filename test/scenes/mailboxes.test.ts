// What must never empty or double the others: a mailbox that is emptied, replaced, restored or moved, and a state
// from last month. For each: what everybody has then, what the group says, and how it heals.
import { describe, expect, test } from 'vitest'
import { dayMs, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const five = ['Adam:1', 'Ewa:1', 'Jan:1', 'Ola:1', 'Piotr:1']
const guarded = ['Ready=False Guarded', 'Guarded=True Deletions', 'Stalled=True Guarded']
const ready = ['Ready=True Succeeded']
const world = { hub: five, anna: [], jan: [] }

describe('a member’s mailbox', () => {
  test('that is emptied waits, and empties nobody', async () => {
    const scene = await Scene.of(world)
    await scene.rest()
    const undo = scene.folder('anna').backup()
    scene.folder('anna').clear()
    await scene.pass()
    expect(scene.all('hub', 'jan')).toEqual(five)
    expect(scene.says()).toEqual(guarded)
    scene.edit('jan', 'Ewa:2')
    await scene.pass()
    expect(scene.shows('hub')).toContain('Ewa:2')
    undo()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five.with(1, 'Ewa:2'))
  })

  test('that only receives is filled again when it was emptied', async () => {
    const scene = await Scene.of(world, { direction: 'OneWay' })
    await scene.rest()
    scene.folder('anna').clear()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
    expect(scene.says()).toEqual(ready)
  })

  test('that is replaced by an empty one is filled again', async () => {
    const scene = await Scene.of(world)
    await scene.rest()
    scene.mailbox('anna').replace()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
    expect(scene.says()).toEqual(ready)
  })

  test('that is denied holds up nobody else, and misses nothing', async () => {
    const scene = await Scene.of(world)
    await scene.rest()
    scene.mailbox('anna').deny('ErrorAccessDenied')
    scene.edit('anna', 'Ewa:2')
    scene.edit('jan', 'Jan:2')
    await scene.pass()
    expect(scene.shows('hub')).toEqual(five.with(2, 'Jan:2'))
    expect(scene.says()[0]).toMatch(/Ready=False/)
    scene.mailbox('anna').deny(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five.with(1, 'Ewa:2').with(2, 'Jan:2'))
  })
})

describe('a mailbox, or a folder in it', () => {
  test('that comes back from last week’s backup under new ids loses nothing', async () => {
    const scene = await Scene.of({ hub: [...five, 'Zofia:1'], anna: [], jan: [] })
    await scene.rest()
    const lastWeek = scene.folder('anna').backup()
    scene.wait(7 * dayMs)
    scene.edit('hub', 'Ewa:2')
    scene.put('hub', 'Nowy:1')
    scene.remove('hub', 'Zofia')
    await scene.rest()
    lastWeek()
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(scene.holds('Ewa:2')).toBe(true)
    expect(scene.holds('Nowy:1')).toBe(true)
  })

  test('that is moved while she deletes and the hub edits: the edit arrives, nothing is doubled', async () => {
    const scene = await Scene.of(world)
    await scene.rest()
    scene.remove('anna', 'Jan')
    scene.edit('hub', 'Ola:2')
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(scene.shows('hub')).toContain('Ola:2')
  })

  test('that is deleted by its owner is made again, and is nobody’s loss', async () => {
    const scene = await Scene.of({ hub: three, anna: ['Mine:1'], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('anna').remove()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
  })

  test('that gets another address: everything is there once', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ members: { anna: {}, jan: {} } }),
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.mailbox('anna').rename('nowak@corp.example')
    await scene.pass()
    scene.declare(unguarded({ members: { nowak: {}, jan: {} } }))
    await scene.rest()
    expect(scene.shows('nowak').length).toBe(3)
    expect(scene.all('hub', 'nowak')).toEqual(scene.shows('jan'))
  })
})

for (const conflicts of ['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth']) {
  test(`a member’s mailbox from last week under new ids, ${conflicts}`, async () => {
    const scene = await Scene.of(
      { hub: [...three, 'Zofia:1'], anna: [], jan: [] },
      unguarded({ conflicts }),
    )
    await scene.rest()
    const lastWeek = scene.folder('anna').backup()
    scene.wait(7 * dayMs)
    scene.edit('hub', 'Ewa:2')
    scene.remove('hub', 'Zofia')
    scene.put('hub', 'Nowy:1')
    await scene.rest()
    lastWeek()
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(scene.holds('Ewa:2')).toBe(true)
    // Whose place it is when last week's words meet this week's is the policy's to say.
    const wins = conflicts === 'HubWins' || conflicts === 'KeepBoth'
    expect(scene.shows('hub').includes('Ewa:2')).toBe(wins)
  })
}

describe('a state from last month', () => {
  test('undoes nothing that happened since', async () => {
    const scene = await Scene.of({ hub: [...five, 'Zofia:1'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    const lastMonth = scene.controller().backup()
    scene.wait(30 * dayMs)
    scene.edit('hub', 'Ewa:2')
    scene.edit('anna', 'Ola:2')
    scene.put('anna', 'Nowy:1')
    scene.put('hub', 'Inny:1')
    scene.remove('jan', 'Zofia')
    await scene.rest()
    const now = scene.shows('hub')
    lastMonth()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(now)
    expect(scene.says()).toEqual(ready)
    expect(scene.status().conflicts?.total).toBe(0)
  })

  test('keeps edits that were not yet synchronised', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const lastMonth = scene.controller().backup()
    scene.wait(30 * dayMs)
    scene.edit('hub', 'Ewa:2')
    await scene.rest()
    scene.edit('anna', 'Ewa:3')
    scene.edit('jan', 'Jan:2')
    lastMonth()
    await scene.rest()
    expect(scene.holds('Ewa:3')).toBe(true)
    expect(scene.holds('Jan:2')).toBe(true)
  })

  test('undoes nothing with sync states lost, too', async () => {
    const scene = await Scene.of({ hub: [...five, 'Zofia:1'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    const lastMonth = scene.controller().backup()
    scene.wait(30 * dayMs)
    scene.edit('hub', 'Ewa:2')
    scene.put('anna', 'Nowy:1')
    scene.remove('jan', 'Zofia')
    await scene.rest()
    const now = scene.shows('hub')
    lastMonth()
    scene.exchange.store.loseSyncStates()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(now)
    expect(scene.says()).toEqual(ready)
  })

  test('brings back nothing that was deleted while the item had been edited since', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const lastMonth = scene.controller().backup()
    scene.wait(30 * dayMs)
    scene.edit('hub', 'Ewa:2')
    await scene.rest()
    scene.remove('hub', 'Ewa')
    await scene.rest()
    lastMonth()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(five.filter((each) => each !== 'Ewa:1'))
    expect(scene.says()).toEqual(ready)
  })
})

describe('a state from before', () => {
  test('the hub was another: nothing of it reaches the one of now', async () => {
    const folder = 'Contacts/Company'
    const members = { anna: { folder }, jan: { folder } }
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded({ members }))
    await scene.rest()
    scene.makeHub('/Other')
    scene.put('/Other', 'Nowy:1')
    const earlier = scene.controller().backup()
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members }))
    await scene.rest()
    const [other, anna] = [scene.shows('/Other'), scene.shows('anna')]
    earlier()
    await scene.rest()
    expect([scene.shows('/Other'), scene.shows('anna'), scene.shows('hub')]).toEqual([
      other,
      anna,
      three,
    ])
  })

  test('somebody joined: she has everything once, and her edit is kept', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: ['Own:1'] },
      unguarded({ members: { anna: {} } }),
    )
    await scene.rest()
    const earlier = scene.controller().backup()
    scene.declare(unguarded({ members: { anna: {}, jan: {} } }))
    await scene.rest()
    scene.edit('jan', 'Ewa:2')
    earlier()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toHaveLength(4)
    expect(scene.holds('Ewa:2')).toBe(true)
  })
})
