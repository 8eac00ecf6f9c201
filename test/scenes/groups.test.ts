// Two groups over one hub, in one controller or in two with two states: what one's writers do reaches the
// other's members, once, and then it is quiet.
import { describe, expect, test } from 'vitest'
import { Scene } from './scene.ts'
import { type Spec, unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']
const first: Spec = unguarded({ members: { anna: {}, jan: {} } })

async function two(direction: string, where: string, world = {}): Promise<Scene> {
  const scene = await Scene.of({ hub: three, anna: [], jan: [], ewa: [], ...world }, first)
  scene.declare(unguarded({ direction, members: { ewa: {} } }), 'second', where)
  return scene
}

for (const where of ['main', 'other']) {
  const said = where === 'main' ? 'in one controller' : 'in two controllers'
  for (const direction of ['OneWay', 'TwoWay']) {
    describe(`a two-way group and a ${direction} one, ${said}`, () => {
      const everybody = (scene: Scene) => scene.all('hub', 'anna', 'jan', 'ewa')

      test('have the same from the first sync on, and then it is quiet', async () => {
        const scene = await two(direction, where, { ewa: ['Ewa:1'], anna: ['Jan:1', 'Mine:1'] })
        await scene.rest()
        expect(everybody(scene)).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
        for (const { lastPass } of scene.statuses()) {
          expect(lastPass).toMatchObject({ created: 0, updated: 0, deleted: 0, kept: 0 })
        }
        expect(scene.bin()).toEqual([])
      })

      test('pass on edits, new ones and deletes', async () => {
        const scene = await two(direction, where)
        await scene.rest()
        scene.edit('anna', 'Ewa:2')
        scene.edit('hub', 'Jan:2')
        scene.remove('jan', 'Ola')
        scene.put('jan', 'Nowy:1')
        await scene.rest()
        expect(everybody(scene)).toEqual(['Ewa:2', 'Jan:2', 'Nowy:1'])
        expect(scene.says()).toEqual(ready)
        expect(scene.says('second', where)).toEqual(ready)
      })

      test('keep doing so when both edit at once', async () => {
        const scene = await two(direction, where)
        await scene.rest()
        scene.edit('anna', 'Ewa:2')
        scene.edit('ewa', 'Ewa:3')
        scene.edit('ewa', 'Jan', { Department: 'D' })
        scene.edit('jan', 'Jan:2')
        scene.put('ewa', 'Hers:1')
        scene.put('anna', 'Nowy:1')
        await scene.rest()
        const hers = direction === 'TwoWay' ? ['Hers:1'] : []
        expect(scene.all('hub', 'anna', 'jan')).toEqual(
          ['Ewa:2', ...hers, 'Jan:2', 'Nowy:1', 'Ola:1'].sort(),
        )
        expect(scene.holds('Ewa:3')).toBe(true)
        expect(scene.item('anna', 'Jan').contact.Department).toBe(
          direction === 'TwoWay' ? 'D' : undefined,
        )
      })

      for (const lost of ['main', 'other']) {
        if (where === 'main' && lost === 'other') continue
        test(`find everything again when the state of ${lost} is lost`, async () => {
          const scene = await two(direction, where)
          await scene.rest()
          scene.edit('anna', 'Ewa', { Department: 'D' })
          scene.put('jan', 'Nowy:1')
          scene.edit('hub', 'Jan:2')
          scene.controller(lost).forget()
          await scene.rest()
          expect(everybody(scene)).toEqual(['Ewa:1', 'Jan:2', 'Nowy:1', 'Ola:1'])
          expect(scene.item('ewa', 'Ewa').contact.Department).toBe('D')
          expect(scene.says('second', where)).toEqual(ready)
        })

        test(`and when the state of ${lost} is lost amid the first sync`, async () => {
          const scene = await two(direction, where, { anna: ['Mine:1', 'Ewa:1'], ewa: ['Jan:1'] })
          await scene.pass()
          scene.controller(lost).forget()
          await scene.rest()
          expect(everybody(scene)).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
        })
      }
    })
  }
}

describe('one mailbox in two groups', () => {
  test('with a folder each: nothing of one hub reaches the other', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded({ members: { anna: {} } }))
    scene.makeHub('/Other')
    scene.put('/Other', 'Inny:1')
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members: { anna: {} } }), 'second')
    await scene.rest()
    expect(scene.shows('/Other')).toEqual(['Inny:1'])
    expect(scene.shows('anna/Contacts/Other')).toEqual(['Inny:1'])
    scene.folder('anna').copy(scene.item('anna', 'Ewa').id, scene.folder('anna/Contacts/Other'))
    scene.edit('anna/Contacts/Other', 'Inny:2')
    await scene.rest()
    expect(scene.shows('hub')).toEqual(three)
  })

  test('with the same folder: the later group is refused, and nothing is mixed', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded({ members: { anna: {} } }))
    scene.makeHub('/Other')
    scene.put('/Other', 'Inny:1')
    await scene.rest()
    const members = { anna: { folder: 'Contacts/Company' } }
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members }), 'second')
    await scene.pass()
    await scene.pass()
    expect(scene.shows('hub')).toEqual(three)
    expect(scene.shows('/Other')).toEqual(['Inny:1'])
    expect(scene.says('second')[0]).toBe('Ready=False FolderClaimed')
  })
})

describe('two groups', () => {
  test('that get the same new contact at once have it once, and an edit beats a delete across them', async () => {
    for (const where of ['main', 'other']) {
      const scene = await Scene.of(
        { hub: three, anna: [], jan: [], ewa: [] },
        unguarded({ members: { anna: {}, jan: {} } }),
      )
      scene.declare(unguarded({ members: { ewa: {} } }), 'second', where)
      await scene.rest()
      scene.put('anna', 'Nowy:1')
      scene.put('ewa', 'Nowy:1')
      scene.put('jan', 'Nowy:1')
      scene.remove('anna', 'Ewa')
      scene.edit('ewa', 'Ewa:2')
      await scene.rest()
      expect(scene.shows('hub').filter((each) => each === 'Nowy:1')).toHaveLength(1)
      expect(scene.holds('Ewa:2')).toBe(true)
    }
  })
})
