// Who takes part, and how, changes: joining, leaving, other directions, folders, hubs, addresses, and a
// month of suspension. Each with edits pending at that moment.
import { describe, expect, test } from 'vitest'
import { dayMs, hubPath, Scene } from './scene.ts'
import { guardedExactly, unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']

describe('who joins', () => {
  test('gets everything, and what she has of it counts once', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: ['Ewa:1', 'Jan:2', 'Nowy:1'] },
      unguarded({ members: { anna: {} } }),
    )
    await scene.rest()
    scene.edit('anna', 'Ola:2')
    scene.declare(unguarded({ members: { anna: {}, jan: {} } }))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1', 'Nowy:1', 'Ola:2'])
    expect(scene.bin()).toEqual(['jan Conflict Jan:2'])
    expect(scene.says()).toEqual(ready)
  })

  test('under a second address of a mailbox that takes part is refused, and nothing is doubled', async () => {
    const twice = unguarded({ members: { ewa: {}, jan: { mailbox: 'sales-ewa@corp.example' } } })
    const scene = await Scene.of({ hub: three }, unguarded())
    scene.controller().access = 'Delegate'
    scene.mailbox('ewa').createFolder('Contacts/Company')
    for (const path of ['Contacts', 'Contacts/Company'])
      scene.folder(`ewa/${path}`).setPermission('sync@corp.example', 'Owner')
    scene.declare(twice)
    await scene.rest()
    expect(scene.all('hub', 'ewa')).toEqual(three)
    expect(scene.status().problems?.map(({ reason }) => reason)).toEqual(['FolderTwice'])
    scene.edit('ewa', 'Ola:2')
    await scene.rest()
    expect(scene.all('hub', 'ewa')).toEqual(['Ewa:1', 'Jan:1', 'Ola:2'])
  })

  test('to receive only gets everything and gives nothing', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: ['Ewa:1', 'Jan:2', 'Mine:1'] },
      unguarded({ members: { anna: {} } }),
    )
    await scene.rest()
    scene.declare(unguarded({ members: { anna: {}, jan: { direction: 'OneWay' } } }))
    await scene.rest()
    expect(scene.all('hub', 'anna')).toEqual(three)
    expect(scene.shows('jan')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
    expect(scene.holds('Jan:2')).toBe(true)
  })

  test('again after she left: what she edited and deleted meanwhile does what her copies say', async () => {
    const both = unguarded({ members: { anna: {}, jan: {} } })
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, both)
    await scene.rest()
    scene.declare(unguarded({ members: { anna: {} } }))
    await scene.rest()
    scene.edit('jan', 'Ewa:2')
    scene.edit('hub', 'Jan:2')
    scene.remove('hub', 'Ola')
    await scene.rest()
    expect(scene.shows('jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
    scene.declare(both)
    await scene.rest()
    expect(scene.shows('hub')).toContain('Jan:2')
    expect(scene.holds('Ewa:2')).toBe(true)
    expect(scene.all('hub', 'anna')).toEqual(scene.shows('jan'))
    expect(scene.says()).toEqual(ready)
  })
})

describe('who leaves', () => {
  test('keeps her copies, and nothing of hers travels any more', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('jan', 'Ewa:late')
    scene.declare(unguarded({ members: { anna: {} } }))
    await scene.rest()
    scene.remove('jan', 'Ola')
    scene.edit('hub', 'Jan:2')
    await scene.rest()
    expect(scene.all('hub', 'anna')).toEqual(['Ewa:1', 'Jan:2', 'Ola:1'])
    expect(scene.shows('jan')).toEqual(['Ewa:late', 'Jan:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('when nobody is left, nothing happens to anybody', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded())
    await scene.rest()
    scene.declare(unguarded({ members: {} }))
    await scene.rest()
    expect(scene.all('hub', 'anna')).toEqual(three)
  })

  test('a group that is withdrawn and declared again doubles nothing', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.controller().withdraw()
    await scene.pass()
    scene.edit('anna', 'Ewa:2')
    scene.remove('anna', 'Jan')
    scene.declare(unguarded())
    await scene.rest()
    // What was done to copies that were nobody's any more deletes nothing, and is kept.
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    expect(scene.holds('Ewa:2')).toBe(true)
    expect(scene.says()).toEqual(ready)
  })
})

describe('another direction', () => {
  const anna = (direction: string) => unguarded({ members: { anna: { direction }, jan: {} } })

  test('from TwoWay to OneWay: her pending edit is reverted, and kept', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, anna('TwoWay'))
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.remove('anna', 'Ola')
    scene.put('anna', 'Mine:1')
    scene.declare(anna('OneWay'))
    await scene.rest()
    expect(scene.all('hub', 'jan')).toEqual(three)
    expect(scene.shows('anna')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
    expect(scene.bin()).toEqual(['anna Drift Ewa:2'])
  })

  test('from OneWay to TwoWay: her pending edit, delete and new one travel', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, anna('OneWay'))
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.remove('anna', 'Ola')
    scene.put('anna', 'Mine:1')
    scene.declare(anna('TwoWay'))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Mine:1'])
    expect(scene.bin()).toEqual(['anna Deleted Ola:1'])
  })

  test('there and back, with an edit at each moment', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, anna('TwoWay'))
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.declare(anna('OneWay'))
    await scene.pass()
    scene.edit('anna', 'Jan:2')
    scene.edit('hub', 'Jan', { Department: 'D' })
    scene.declare(anna('TwoWay'))
    await scene.rest()
    scene.edit('anna', 'Ola:2')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:2', 'Ola:2'])
    expect(scene.item('anna', 'Jan').contact.Department).toBe('D')
    expect(scene.says()).toEqual(ready)
  })

  test('the whole group from TwoWay to OneWay and back', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ direction: 'TwoWay' }),
    )
    await scene.rest()
    scene.declare(unguarded({ direction: 'OneWay' }))
    scene.edit('jan', 'Ewa:2')
    scene.edit('hub', 'Ola:2')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1', 'Ola:2'])
    scene.edit('jan', 'Jan:2')
    scene.declare(unguarded({ direction: 'TwoWay' }))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:2', 'Ola:2'])
    expect(scene.says()).toEqual(ready)
  })

  test('what the hub deleted while she received only and was away stays deleted', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, anna('OneWay'))
    await scene.rest()
    scene.mailbox('anna').deny('ErrorMailboxMoveInProgress')
    scene.remove('hub', 'Ola')
    await scene.pass()
    scene.declare(anna('TwoWay'))
    await scene.pass()
    scene.mailbox('anna').deny(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1'])
  })
})

describe('another folder', () => {
  const inFolder = (folder: string) => unguarded({ members: { anna: { folder }, jan: {} } })

  test('of a member’s is filled, and the old one is left as it is', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, inFolder('Contacts/Company'))
    await scene.rest()
    scene.edit('anna', 'Ewa:late')
    scene.declare(inFolder('Contacts/Firma'))
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna/Contacts/Firma')).toEqual(three)
    expect(scene.holds('Ewa:late')).toBe(true)
    scene.edit('anna/Contacts/Company', 'Jan:leak')
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna/Contacts/Firma')).toEqual(three)
    expect(scene.says()).toEqual(ready)
  })

  test('and back to the first: her copies there are found again, her edits meanwhile kept', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, inFolder('Contacts/Company'))
    await scene.rest()
    scene.declare(inFolder('Contacts/Firma'))
    await scene.rest()
    scene.edit('anna/Contacts/Company', 'Ewa:old')
    scene.edit('hub', 'Jan:2')
    await scene.rest()
    scene.declare(inFolder('Contacts/Company'))
    await scene.rest()
    expect(scene.shows('hub')).toContain('Jan:2')
    expect(scene.shows('anna').length).toBe(3)
    expect(scene.says()).toEqual(ready)
  })

  test('her whole contacts folder as the new one: her own contacts there are hers to give', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, inFolder('Contacts/Company'))
    await scene.rest()
    scene.put('anna/Contacts', 'Mine:1')
    scene.put('anna/Contacts', 'Jan:1')
    scene.allow({ folders: ['Contacts', 'Contacts/*'] }, inFolder('Contacts'))
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna/Contacts')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
  })

  test('that its user renamed is still hers, and loses nothing', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('anna').rename('Firma')
    scene.edit('hub', 'Ewa:2')
    scene.edit('anna/Contacts/Firma', 'Jan:2')
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna/Contacts/Firma')).toEqual(['Ewa:2', 'Jan:2', 'Ola:1'])
    expect(scene.folder('anna').exists()).toBe(false)
    expect(scene.says()).toEqual(ready)
  })

  test('that its user renamed, when the state is lost: another one is made, nothing travels from the old', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('anna').rename('Firma')
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna')).toEqual(three)
  })

  test('that its user renamed while another one with its name was made', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('anna').rename('Firma')
    scene.mailbox('anna').createFolder('Contacts/Company')
    scene.edit('anna/Contacts/Firma', 'Jan:2')
    await scene.rest()
    expect(scene.all('hub', 'jan')).toEqual(scene.shows('anna/Contacts/Firma'))
  })
})

describe('another hub', () => {
  test('of the same group: nothing of the old one reaches it', async () => {
    const scene = await Scene.of({ hub: three, anna: ['Mine:1'], jan: [] }, unguarded())
    await scene.rest()
    scene.makeHub('/Other')
    scene.put('/Other', 'Nowy:1')
    scene.edit('anna', 'Ewa:late')
    scene.declare(
      unguarded({
        hub: { publicFolder: '/Other' },
        members: { anna: { folder: 'Contacts/Company' }, jan: { folder: 'Contacts/Company' } },
      }),
    )
    await scene.rest()
    expect(scene.shows('hub')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
    expect(scene.shows('jan')).toContain('Nowy:1')
    expect(scene.holds('Ewa:late')).toBe(true)
    expect(scene.shows('/Other').filter((each) => each !== 'Mine:1')).toEqual(['Nowy:1'])
  })

  test('and back to the first finds its copies again', async () => {
    const folder = 'Contacts/Company'
    const members = { anna: { folder }, jan: { folder } }
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded({ members }))
    await scene.rest()
    scene.makeHub('/Other')
    scene.put('/Other', 'Nowy:1')
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members }))
    await scene.rest()
    scene.declare(unguarded({ hub: { publicFolder: hubPath }, members }))
    await scene.rest()
    expect(scene.shows('hub')).toEqual(three)
    expect(scene.shows('/Other')).toEqual(['Nowy:1'])
    expect(scene.shows('anna').filter((each) => each !== 'Nowy:1')).toEqual(three)
  })
})

describe('a month of suspension', () => {
  for (const lost of [false, true]) {
    test(`ends as if nobody had slept${lost ? ', sync states lost' : ''}`, async () => {
      const scene = await Scene.of(
        { hub: [...three, 'Piotr:1', 'Zofia:1'], anna: [], jan: [] },
        unguarded(),
      )
      await scene.rest()
      scene.declare(unguarded({ suspend: true }))
      await scene.pass()
      expect(scene.says()).toEqual(['Ready=True Succeeded'])
      scene.edit('hub', 'Ewa:2')
      scene.edit('anna', 'Ewa', { Department: 'D' })
      scene.edit('anna', 'Jan:2')
      scene.edit('jan', 'Jan:3')
      scene.remove('hub', 'Ola')
      scene.remove('jan', 'Piotr')
      scene.edit('anna', 'Piotr:2')
      scene.remove('anna', 'Zofia')
      scene.put('jan', 'Nowy:1')
      scene.put('anna', 'Nowy:1')
      scene.wait(30 * dayMs)
      await scene.pass()
      if (lost) scene.exchange.store.loseSyncStates()
      scene.declare(unguarded())
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:3', 'Nowy:1', 'Piotr:2'])
      expect(scene.item('jan', 'Ewa').contact.Department).toBe('D')
      expect(scene.bin()).toEqual([
        'anna Conflict Jan:2',
        'anna Deleted Zofia:1',
        'hub Deleted Ola:1',
      ])
      expect(scene.says()).toEqual(ready)
    })
  }

  test('that ends with a guard: too many deletes at once wait', async () => {
    const world = { hub: [...three, 'Piotr:1', 'Zofia:1'], anna: [], jan: [] }
    const scene = await Scene.of(world, guardedExactly())
    await scene.rest()
    scene.declare(guardedExactly({ suspend: true }))
    for (const each of ['Ewa', 'Jan', 'Ola']) scene.remove('anna', each)
    scene.wait(30 * dayMs)
    await scene.pass()
    scene.declare(guardedExactly())
    await scene.pass()
    expect(scene.all('hub', 'jan')).toEqual([...three, 'Piotr:1', 'Zofia:1'])
    expect(scene.says()).toEqual([
      'Ready=False Guarded',
      'Guarded=True Deletions',
      'Stalled=True Guarded',
    ])
  })
})

describe('the same under another name', () => {
  test('the hub’s path in other spelling is the same hub', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.declare(unguarded({ hub: { publicFolder: '/COMPANY' } }))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three.with(0, 'Ewa:2'))
  })

  test('a hub of another name: members’ folders that are named after it follow, with what is pending in them', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('hub').rename('Firma')
    scene.edit('anna', 'Ewa:2')
    scene.declare(unguarded({ hub: { publicFolder: '/Firma' } }))
    await scene.rest()
    const after = three.with(0, 'Ewa:2')
    expect(scene.all('/Firma', 'anna/Contacts/Firma', 'jan/Contacts/Firma')).toEqual(after)
    expect([scene.shows('anna'), scene.shows('jan')]).toEqual([[], []])
  })

  test('a hub of another name: a folder that its member calls otherwise keeps its name, and is the same', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('hub').rename('Firma')
    scene.folder('anna').rename('Kunden')
    scene.mailbox('jan').createFolder('Contacts/Firma')
    scene.declare(unguarded({ hub: { publicFolder: '/Firma' } }))
    await scene.rest()
    scene.edit('anna/Contacts/Kunden', 'Ewa:2')
    await scene.rest()
    const after = three.with(0, 'Ewa:2')
    expect(scene.all('/Firma', 'anna/Contacts/Kunden', 'jan')).toEqual(after)
    expect([scene.shows('anna/Contacts/Firma'), scene.shows('jan/Contacts/Firma')]).toEqual([
      [],
      [],
    ])
  })

  test('a member who moves all into another folder, which is then declared, has everything once', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ members: { anna: {}, jan: {} } }),
    )
    await scene.rest()
    scene.mailbox('anna').createFolder('Contacts/Firma')
    for (const { id } of scene.folder('anna').items())
      scene.folder('anna').move(id, scene.folder('anna/Contacts/Firma'))
    scene.edit('anna/Contacts/Firma', 'Ewa:2')
    scene.declare(unguarded({ members: { anna: { folder: 'Contacts/Firma' }, jan: {} } }))
    await scene.rest()
    expect(scene.all('hub', 'jan', 'anna/Contacts/Firma')).toHaveLength(3)
  })

  test('a renamed folder that is then declared by its new name has everything once', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ members: { anna: {}, jan: {} } }),
    )
    await scene.rest()
    scene.folder('anna').rename('Firma')
    scene.edit('anna/Contacts/Firma', 'Ewa:2')
    scene.remove('anna/Contacts/Firma', 'Ola')
    scene.declare(unguarded({ members: { anna: { folder: 'Contacts/Firma' }, jan: {} } }))
    await scene.rest()
    expect(scene.holds('Ewa:2')).toBe(true)
  })
})
