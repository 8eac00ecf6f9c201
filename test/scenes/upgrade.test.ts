// A newer version that synchronises more fields, on a state that knows none of them: each folder is read whole once, and
// what was there merges as at first sync, as nobody's edit.
import { expect, test } from 'vitest'
import { type Contact, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const ready = ['Ready=True Succeeded']
const ewa = (more: Record<string, unknown> = {}): Contact => ({
  GivenName: 'Ewa',
  Surname: 'Żak',
  CompanyName: 'Acme',
  JobTitle: '1',
  ...more,
})

/** Everything is in step under the first codec: of the later fields each folder has only what is put there here. */
async function upgraded(
  later: Readonly<Record<string, Record<string, unknown>>>,
  spec: Record<string, unknown> = {},
): Promise<Scene> {
  const scene = await Scene.of({ hub: [ewa()], anna: [], jan: [] }, unguarded(spec))
  await scene.rest()
  for (const [where, fields] of Object.entries(later)) scene.edit(where, 'Ewa', fields)
  scene.controller().downgrade(scene.versions())
  return scene
}

const hobbies = (scene: Scene, where: string) => scene.item(where, 'Ewa').contact.Hobbies

test('what one has is brought to all, without an edit by anybody', async () => {
  const scene = await upgraded({ hub: { DisplayNamePrefix: 'Dr.', Hobbies: 'Chess' } })
  await scene.rest()
  for (const where of ['anna', 'jan'])
    expect(scene.item(where, 'Ewa').contact).toMatchObject({
      DisplayNamePrefix: 'Dr.',
      Hobbies: 'Chess',
    })
  expect([scene.bin(), scene.says()]).toEqual([[], ready])
})

test('what two have otherwise is settled by the policy, and the loser is kept', async () => {
  const scene = await upgraded({ hub: { Hobbies: 'Chess' }, anna: { Hobbies: 'Cello' } })
  await scene.rest()
  for (const where of ['hub', 'anna', 'jan']) expect(hobbies(scene, where)).toBe('Chess')
  expect(scene.bin()).toEqual(['anna Conflict Ewa:1'])
})

test('what a receive-only member has is no drift, and is kept before it is overwritten', async () => {
  const alone = await upgraded({ jan: { Hobbies: 'Cello' } }, { direction: 'OneWay' })
  await alone.rest()
  expect([hobbies(alone, 'jan'), hobbies(alone, 'hub')]).toEqual(['Cello', undefined])
  expect([alone.bin(), alone.says()]).toEqual([[], ready])
  const both = await upgraded(
    { hub: { Hobbies: 'Chess' }, jan: { Hobbies: 'Cello' } },
    { direction: 'OneWay' },
  )
  await both.rest()
  expect(hobbies(both, 'jan')).toBe('Chess')
  expect(both.bin()).toEqual(['jan Drift Ewa:1'])
})

test('what one has while another cannot be reached does not overwrite the other’s unread', async () => {
  const scene = await upgraded({ anna: { Hobbies: 'Chess' }, jan: { Hobbies: 'Cello' } })
  scene.mailbox('jan').deny('ErrorMailboxMoveInProgress')
  await scene.pass()
  scene.mailbox('jan').deny(undefined)
  await scene.rest()
  for (const where of ['hub', 'anna', 'jan']) expect(hobbies(scene, where)).toBe('Chess')
  expect(scene.bin()).toEqual(['jan Conflict Ewa:1'])
})

test('an edit that is pending travels, with what was there before', async () => {
  const scene = await upgraded({ hub: { Hobbies: 'Chess' } })
  scene.edit('anna', 'Ewa:2')
  await scene.rest()
  for (const where of ['hub', 'anna', 'jan']) {
    expect(scene.shows(where)).toEqual(['Ewa:2'])
    expect(hobbies(scene, where)).toBe('Chess')
  }
  expect(scene.bin()).toEqual([])
})

test('what another canonical form makes of the rest is no edit', async () => {
  const scene = await upgraded({ anna: { JobTitle: '2' } })
  await scene.rest()
  // At the version that was known nothing was edited, whatever it compares like now.
  expect([scene.shows('hub'), scene.shows('anna')]).toEqual([['Ewa:1'], ['Ewa:2']])
  expect([scene.bin(), scene.says()]).toEqual([[], ready])
})
