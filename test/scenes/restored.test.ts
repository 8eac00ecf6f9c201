// A state that was put back with `exsync restore-state`, on the embedded Exchange: whatever happened since the backup,
// nothing is lost, nothing doubled, and what was deleted since does not come back.
import { describe, expect, test } from 'vitest'
import { dayMs, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const ready = ['Ready=True Succeeded']
const six = ['Ewa:1', 'Igor:1', 'Jan:1', 'Ola:1', 'Piotr:1', 'Zofia:1']
const everybody = ['hub', 'anna', 'jan'] as const

/** In step, backed up, and a month later much has happened, all of it synchronised; the answer is the backup. */
async function monthLater(): Promise<readonly [Scene, () => void]> {
  const scene = await Scene.of({ hub: six, anna: [], jan: [] }, unguarded())
  await scene.rest()
  const restore = scene.controller().saved()
  scene.wait(30 * dayMs)
  scene.edit('hub', 'Ewa:2')
  scene.edit('anna', 'Ola:2')
  scene.put('anna', 'Nowy:1')
  scene.put('hub', 'Inny:1')
  scene.remove('jan', 'Zofia')
  await scene.rest()
  scene.edit('jan', 'Igor:2')
  scene.put('jan', 'Krótko:1')
  await scene.rest()
  scene.remove('hub', 'Igor')
  scene.remove('anna', 'Krótko')
  scene.edit('jan', 'Nowy:2')
  await scene.rest()
  return [scene, restore]
}

const after = ['Ewa:2', 'Inny:1', 'Jan:1', 'Nowy:2', 'Ola:2', 'Piotr:1']

describe('a state from the backup', () => {
  test.each([
    ['', (_: Scene) => {}],
    [
      ', with Exchange’s memory of changes gone',
      (scene: Scene) => scene.exchange.store.loseSyncStates(),
    ],
  ])('meets what happened since as it is%s', async (_, meanwhile) => {
    const [scene, restore] = await monthLater()
    expect(scene.all(...everybody)).toEqual(after)
    const versions = scene.versions()
    restore()
    meanwhile(scene)
    await scene.rest()
    expect(scene.all(...everybody)).toEqual(after)
    expect([scene.says(), scene.status().conflicts?.total]).toEqual([ready, 0])
    // Nobody's copy was touched, let alone made again.
    expect(scene.versions()).toEqual(versions)
    // And it goes on as before.
    scene.edit('anna', 'Jan:3')
    scene.remove('jan', 'Piotr')
    await scene.rest()
    expect(scene.all(...everybody)).toEqual(['Ewa:2', 'Inny:1', 'Jan:3', 'Nowy:2', 'Ola:2'])
  })

  test('loses no edit that was not synchronised yet', async () => {
    const [scene, restore] = await monthLater()
    scene.edit('anna', 'Ewa:3')
    scene.edit('jan', 'Jan:2')
    scene.put('jan', 'Późny:1')
    scene.remove('anna', 'Piotr')
    restore()
    await scene.rest()
    for (const edit of ['Ewa:3', 'Jan:2', 'Późny:1'])
      expect([edit, scene.holds(edit)]).toEqual([edit, true])
    expect(scene.all(...everybody)).toContain('Jan:2')
    expect(scene.all(...everybody)).not.toContain('Piotr:1')
    expect(scene.says()).toEqual(ready)
  })

  test('put back at once, and undone with what was put aside, changes nothing', async () => {
    const [scene, restore] = await monthLater()
    const undo = scene.controller().saved()
    restore()
    undo()
    const [versions, bin] = [scene.versions(), scene.bin()]
    await scene.rest()
    expect([scene.versions(), scene.bin(), scene.says()]).toEqual([versions, bin, ready])
  })

  test('does not bring back again what was wanted back then, and was deleted since', async () => {
    const scene = await Scene.of({ hub: six, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.remove('hub', 'Ewa')
    await scene.rest()
    scene.controller().wantBack('Deleted')
    const restore = scene.controller().saved()
    await scene.rest()
    expect(scene.all(...everybody)).toEqual(six)
    scene.wait(30 * dayMs)
    scene.remove('hub', 'Ewa')
    await scene.rest()
    restore()
    await scene.rest()
    expect(scene.all(...everybody)).toEqual(six.filter((each) => each !== 'Ewa:1'))
  })

  test('stops at the guard like every state where the hub lost much since', async () => {
    const hub = Array.from({ length: 60 }, (_, n) => `P${n}:1`)
    const scene = await Scene.of({ hub, anna: [] })
    await scene.rest()
    const restore = scene.controller().saved()
    for (const name of hub.slice(0, 55)) scene.remove('hub', name.split(':')[0] ?? '')
    restore()
    await scene.pass()
    expect(scene.says()).toContain('Ready=False Guarded')
    expect(scene.shows('anna')).toHaveLength(60)
  })
})
