// What must never be seen elsewhere: what is marked private, what lies in other folders, what is beyond the
// limit, what a receive-only member writes; and no content and no secret in a status.
import { describe, expect, test } from 'vitest'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const mark = { Sensitivity: 'Private' }
const unmark = { Sensitivity: 'Normal' }
const others = (scene: Scene) => scene.all('hub', 'jan')
const world = { hub: three, anna: [], jan: [] }

describe('private', () => {
  for (const sensitivity of ['Private', 'Personal', 'Confidential']) {
    test(`what she has marked ${sensitivity} before the first sync stays hers, state or no state`, async () => {
      const scene = await Scene.of(
        { ...world, anna: [{ GivenName: 'Secret', Sensitivity: sensitivity }] },
        unguarded(),
      )
      await scene.rest()
      scene.controller().forget()
      await scene.rest()
      await scene.pass({ audit: true })
      expect(others(scene)).toEqual(three)
      expect(scene.shows('anna')).toEqual(['Ewa:1', 'Jan:1', 'Ola:1', 'Secret'])
    })
  }

  test('a private one that equals one of the hub’s is not it', async () => {
    const scene = await Scene.of(
      {
        ...world,
        anna: [
          { GivenName: 'Ewa', Surname: 'Żak', CompanyName: 'Acme', JobTitle: 'secret', ...mark },
        ],
      },
      unguarded(),
    )
    await scene.rest()
    scene.controller().forget()
    await scene.rest()
    expect(others(scene)).toEqual(three)
    expect(scene.shows('anna')).toContain('Ewa:secret')
    expect(scene.bin().join()).not.toContain('secret')
  })

  test('a copy that she marks and edits, then moves, restores or copies', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    await scene.rest()
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(others(scene)).toEqual(three)
    scene.folder('anna').copy(scene.item('anna', 'Ewa').id, scene.folder('anna'))
    await scene.rest()
    expect(others(scene)).toEqual(three)
    const lastWeek = scene.folder('anna').backup()
    scene.edit('hub', 'Ewa:2')
    await scene.rest()
    lastWeek()
    scene.exchange.store.loseSyncStates()
    await scene.rest()
    expect(JSON.stringify(others(scene))).not.toContain('secret')
  })

  test('an item of hers that became everybody’s and is then marked: what she writes later stays', async () => {
    const scene = await Scene.of({ ...world, anna: ['Mine:1'] }, unguarded())
    await scene.rest()
    scene.edit('anna', 'Mine:secret', mark)
    await scene.rest()
    scene.controller().forget()
    await scene.rest()
    expect(JSON.stringify(others(scene))).not.toContain('secret')
    scene.remove('hub', 'Mine')
    await scene.rest()
    expect(JSON.stringify(others(scene))).not.toContain('secret')
    expect(scene.holds('Mine:secret')).toBe(true)
  })

  test('a member’s mark on a copy is not the hub’s, and one of the hub’s is everybody’s', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa', mark)
    scene.edit('hub', 'Jan', mark)
    await scene.rest()
    expect(scene.item('jan', 'Ewa').contact.Sensitivity ?? 'Normal').toBe('Normal')
    expect(scene.item('jan', 'Jan').contact.Sensitivity).toBe('Private')
    scene.edit('anna', 'Jan:2')
    await scene.rest()
    expect(scene.shows('hub')).toContain('Jan:2')
  })

  test('a mark and an edit between two passes, and the mark taken away again: the edit travels', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:2', mark)
    await scene.rest()
    scene.edit('anna', 'Ewa', unmark)
    await scene.rest()
    expect(others(scene)).toEqual(three.with(0, 'Ewa:2'))
  })

  test('a delete of a copy that she marked travels, her words do not', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    await scene.rest()
    scene.remove('anna', 'Ewa')
    await scene.rest()
    expect(JSON.stringify(others(scene))).not.toContain('secret')
  })

  test('from Copy to Skip: what she edits from then on stays', async () => {
    const scene = await Scene.of(
      { ...world, anna: [{ GivenName: 'Mine', JobTitle: '1', ...mark }] },
      unguarded({ private: 'Copy' }),
    )
    scene.allow({ private: true }, unguarded({ private: 'Copy' }))
    await scene.rest()
    expect(scene.shows('jan')).toContain('Mine:1')
    scene.declare(unguarded({ private: 'Skip' }))
    scene.edit('anna', 'Mine:secret')
    scene.put('anna', 'New:secret', mark)
    await scene.rest()
    expect(JSON.stringify(others(scene))).not.toContain('New:secret')
  })

  test('under KeepBoth her private version makes no contact of its own', async () => {
    const scene = await Scene.of(world, unguarded({ conflicts: 'KeepBoth' }))
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    scene.edit('hub', 'Ewa:2')
    await scene.rest()
    expect(others(scene)).toEqual(three.with(0, 'Ewa:2'))
  })
})

describe('other folders', () => {
  test('of hers are never read, whatever she copies or moves between them', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.mailbox('anna').createFolder('Contacts/Old')
    scene.put('anna/Contacts', 'Secret:1')
    scene.put('anna/Contacts/Old', 'Secret:2')
    const ewa = scene.item('anna', 'Ewa').id
    scene.folder('anna').copy(ewa, scene.folder('anna/Contacts/Old'))
    scene.edit('anna/Contacts/Old', 'Ewa:secret')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    scene
      .folder('anna/Contacts/Old')
      .move(scene.item('anna/Contacts/Old', 'Ewa').id, scene.folder('anna'))
    await scene.rest()
    expect(scene.shows('hub')).not.toContain('Secret:1')
    expect(scene.all('hub', 'jan')).toEqual(scene.shows('anna'))
  })

  test('a copy of hers that she moves out and back is the same', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.mailbox('anna').createFolder('Contacts/Old')
    const [here, there] = [scene.folder('anna'), scene.folder('anna/Contacts/Old')]
    here.move(scene.item('anna', 'Ewa').id, there)
    there.move(scene.item('anna/Contacts/Old', 'Ewa').id, here)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    here.move(scene.item('anna', 'Ewa').id, there)
    await scene.pass()
    there.move(scene.item('anna/Contacts/Old', 'Ewa').id, here)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  })
})

describe('publications', () => {
  const guard = { publications: { maxCount: 3 } }
  const many = ['P1:1', 'P2:1', 'P3:1', 'P4:1']
  const guarded = ['Ready=False Guarded', 'Guarded=True Publications', 'Stalled=True Guarded']

  test('beyond the limit none is seen elsewhere, not even in slices, not after a lost state', async () => {
    const scene = await Scene.of({ ...world, anna: many }, { guard })
    await scene.pass()
    expect(scene.says()).toEqual(expect.arrayContaining(guarded))
    for (let n = 0; n < 3; n += 1) await scene.pass({ audit: n === 1 })
    scene.controller().forget()
    await scene.pass()
    await scene.pass()
    expect(JSON.stringify(others(scene))).not.toContain('P')
    expect(others(scene)).toEqual(three)
  })

  test('her whole address book dragged into the folder waits; others go on', async () => {
    const scene = await Scene.of(world, { guard })
    await scene.rest()
    for (const each of many) scene.put('anna', each)
    scene.edit('jan', 'Ewa:2')
    await scene.pass()
    expect(others(scene)).toEqual(three.with(0, 'Ewa:2'))
    expect(scene.says()).toEqual(expect.arrayContaining(guarded))
    // Set aside, a mailbox receives nothing either; its condition says so.
    expect(scene.shows('anna')).not.toContain('Ewa:2')
    expect(scene.status().conditions?.[0]?.message).toMatch(
      /; meanwhile nothing arrives there either; /,
    )
    for (const each of ['P1', 'P2', 'P3', 'P4']) scene.remove('anna', each)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three.with(0, 'Ewa:2'))
  })

  test('what is approved travels, what came later does not', async () => {
    const scene = await Scene.of(world, { guard })
    await scene.rest()
    for (const each of many) scene.put('anna', each)
    await scene.pass()
    scene.put('anna', 'Q:1')
    scene.controller().approve()
    await scene.pass()
    expect(others(scene)).toEqual(three)
    scene.remove('anna', 'Q')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, ...many].sort())
  })

  test('each who is set aside is named with a hash of her own, and counts as behind', async () => {
    const scene = await Scene.of(world, { guard })
    await scene.rest()
    for (const each of many) scene.put('anna', each)
    for (const each of many) scene.put('jan', each.replace('P', 'Q'))
    await scene.pass()
    const { guard: seen, members, conditions = [] } = scene.status()
    expect(members).toMatchObject({ current: 0, behind: 2 })
    const hashes = seen?.refusals.map(({ hash }) => hash) ?? []
    expect(new Set([seen?.hash, ...hashes]).size).toBe(3)
    const [said = ''] = conditions.map(({ message }) => message)
    expect(said).toContain(`exchangesync.dev/approve: ${seen?.hash};`)
    expect(said).toContain(
      `jan@corp.example would cause 4 publications (limit 3) (alone: ${hashes[1]})`,
    )

    scene.controller().approve('company', hashes[1])
    await scene.rest()
    expect(scene.shows('hub')).toEqual([...three, 'Q1:1', 'Q2:1', 'Q3:1', 'Q4:1'].sort())
    const [left] = scene.status().conditions ?? []
    expect(left?.message).toContain('the present annotation names another hash')
    expect(scene.status().members).toMatchObject({ current: 1, behind: 1 })
  })

  test('one after the other they count together within the window', async () => {
    const scene = await Scene.of(world, { guard })
    await scene.rest()
    for (const each of many) {
      scene.put('anna', each)
      await scene.pass()
    }
    expect(scene.shows('hub')).not.toContain('P4:1')
    expect(scene.says()).toEqual(expect.arrayContaining(guarded))
    scene.wait(3_600_000)
    await scene.rest()
    expect(scene.shows('hub')).toContain('P4:1')
  })

  test('under KeepBoth the losing versions count, too', async () => {
    const scene = await Scene.of(
      { ...world, hub: many, anna: [] },
      { guard, conflicts: 'KeepBoth' },
    )
    await scene.rest()
    for (const each of ['P1', 'P2', 'P3', 'P4']) {
      scene.edit('anna', `${each}:a`)
      scene.edit('hub', `${each}:h`)
    }
    await scene.pass()
    expect(scene.says()).toEqual(expect.arrayContaining(guarded))
    expect(others(scene)).toEqual(['P1:h', 'P2:h', 'P3:h', 'P4:h'])
  })
})

describe('a receive-only member', () => {
  const members = { anna: { direction: 'OneWay' }, jan: {} }
  for (const drift of ['Revert', 'Ignore']) {
    test(`tells nobody anything (${drift})`, async () => {
      const scene = await Scene.of(
        { ...world, anna: ['Own:secret'] },
        unguarded({ drift, members }),
      )
      await scene.rest()
      scene.edit('anna', 'Ewa:secret')
      scene.put('anna', 'New:secret')
      scene.folder('anna').copy(scene.item('anna', 'Jan').id, scene.folder('anna'))
      scene.remove('anna', 'Ola')
      await scene.rest()
      scene.controller().forget()
      await scene.rest()
      scene.exchange.store.loseSyncStates()
      await scene.pass({ audit: true })
      scene.mailbox('anna').restore()
      scene.controller().forget()
      await scene.rest()
      expect(others(scene)).toEqual(three)
    })
  }

  test('tells nobody anything by a copy in a writer’s folder, beyond what that copy is', async () => {
    const scene = await Scene.of(world, unguarded({ members }))
    await scene.rest()
    scene.edit('anna', 'Ewa:secret')
    scene.folder('anna').copy(scene.item('anna', 'Ewa').id, scene.folder('jan'))
    await scene.rest()
    expect(scene.shows('hub').length).toBeLessThanOrEqual(4)
  })
})

describe('a status', () => {
  test('holds no content, whatever happens', async () => {
    const token = 'Tajemnica'
    const scene = await Scene.of(
      { ...world, anna: [`${token}:1`, { GivenName: token, ...mark }] },
      {},
    )
    await scene.rest()
    scene.edit('hub', `Ewa:${token}`)
    scene.edit('anna', `Ewa:${token}2`)
    await scene.pass()
    scene.folder('anna').clear()
    await scene.pass()
    scene.folder('hub').rename(token)
    await scene.pass()
    expect(JSON.stringify(scene.statuses()).replace(/HubNotFound.*/, '')).not.toContain(token)
    expect(JSON.stringify(scene.statuses())).not.toContain('"s"')
  })
})

describe('a private copy', () => {
  test('a private copy with her words, and the hub deletes it', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    await scene.rest()
    scene.remove('hub', 'Ewa')
    await scene.rest()
    expect(scene.holds('Ewa:secret')).toBe(true)
  })

  test('a private copy with her words, and she becomes receive-only', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ members: { anna: {}, jan: {} } }),
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    await scene.rest()
    scene.declare(unguarded({ members: { anna: { direction: 'OneWay' }, jan: {} } }))
    await scene.rest()
    expect(scene.holds('Ewa:secret')).toBe(true)
  })

  test('private marks while the hub is away, state old', async () => {
    const scene = await Scene.of({ hub: three, anna: ['Mine:1'], jan: [] }, unguarded())
    await scene.rest()
    const old = scene.controller().backup()
    scene.edit('anna', 'Ewa:secret', mark)
    scene.edit('anna', 'Mine:secret2', mark)
    await scene.rest()
    old()
    await scene.rest()
    expect(JSON.stringify(scene.all('hub', 'jan'))).not.toContain('secret')
    expect(scene.holds('Ewa:secret')).toBe(true)
    expect(scene.holds('Mine:secret2')).toBe(true)
  })
})

describe('drift', () => {
  test('drift of a receive-only member while her copy is behind', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ direction: 'OneWay' }),
    )
    await scene.rest()
    scene.mailbox('anna').deny('ErrorMailboxMoveInProgress')
    scene.edit('hub', 'Ewa:2')
    await scene.pass()
    scene.edit('anna', 'Ewa:mine', { Department: 'mine' })
    scene.mailbox('anna').deny(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three.with(0, 'Ewa:2'))
    expect(scene.bin()).toEqual(['anna Drift Ewa:mine'])
  })

  test('what a receive-only member edited and the hub deleted is in the bin', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ direction: 'OneWay', drift: 'Ignore' }),
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:mine')
    await scene.rest()
    scene.remove('hub', 'Ewa')
    await scene.rest()
    expect(scene.holds('Ewa:mine')).toBe(true)
  })

  test('from Ignore to Revert keeps', async () => {
    const members = { anna: { direction: 'OneWay' }, jan: {} }
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ members, drift: 'Ignore' }),
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:mine')
    await scene.rest()
    scene.declare(unguarded({ members, drift: 'Revert' }))
    await scene.rest()
    expect(scene.holds('Ewa:mine')).toBe(true)
    expect(scene.shows('anna')).toEqual(three)
  })

  test('drift reverted when nothing of it is known any more is kept', async () => {
    const members = { anna: { direction: 'OneWay' }, jan: {} }
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded({ members }))
    await scene.rest()
    scene.edit('anna', 'Ewa:mine')
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(scene.holds('Ewa:mine')).toBe(true)
  })
})

describe('who may write from now on', () => {
  test('from OneWay to TwoWay her own items beyond the limit wait', async () => {
    const guard = { publications: { maxCount: 3 } }
    const scene = await Scene.of(
      { hub: three, anna: ['P1:1', 'P2:1', 'P3:1', 'P4:1'], jan: [] },
      { guard, direction: 'OneWay' },
    )
    await scene.rest()
    scene.declare({ guard, direction: 'TwoWay' })
    await scene.pass()
    await scene.pass()
    expect(scene.all('hub', 'jan')).toEqual(three)
    expect(scene.says().slice(0, 2)).toEqual(['Ready=False Guarded', 'Guarded=True Publications'])
  })
})
