// What one edit or deletion too many can be called back from: a phone that overwrites everything is set aside, and what is
// carried out nevertheless is in the history.
import { describe, expect, test } from 'vitest'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { type Contact, Scene } from './scene.ts'

const ready = ['Ready=True Succeeded']
const guarded = ['Ready=False Guarded', 'Guarded=True Updates', 'Stalled=True Guarded']

const names = (count: number) =>
  Array.from({ length: count }, (_, n) => `P${String(n).padStart(2, '0')}`)
const contacts = (count: number): readonly Contact[] => names(count).map((name) => `${name}:1`)
const notes = (scene: Scene, where: string) =>
  scene
    .folder(where)
    .items()
    .filter(({ contact }) => bodyOf(contact.Body) === 'wiped').length
const bodyOf = (body: unknown) =>
  typeof body === 'string' ? body : (body as { text?: string } | undefined)?.text

/** A group of 40 under the usual guard, in step, whose contacts have notes. */
async function office(): Promise<Scene> {
  const hub = contacts(40).map((each) => ({
    GivenName: String(each).slice(0, 3),
    Surname: 'Żak',
    CompanyName: 'Acme',
    JobTitle: '1',
    Body: 'likes oboes',
  }))
  const scene = await Scene.of({ hub, anna: [], jan: [] })
  await scene.rest()
  expect(scene.says()).toEqual(ready)
  return scene
}

function wipe(scene: Scene, count: number): void {
  for (const name of names(count)) scene.edit('anna', name, { Body: 'wiped' })
}

describe('a phone that wipes the notes of half the contacts', () => {
  test('is set aside, and the others go on', async () => {
    const scene = await office()
    wipe(scene, 20)
    scene.edit('jan', 'P39:2')
    await scene.pass()
    await scene.pass()
    expect(scene.says()).toEqual(guarded)
    expect([notes(scene, 'hub'), notes(scene, 'jan')]).toEqual([0, 0])
    expect(scene.shows('hub')).toContain('P39:2')
    const { guard } = scene.status()
    expect(guard?.refusals).toMatchObject([
      { replica: 'anna@corp.example', reason: 'Updates', count: 20, limit: 10 },
    ])
    const { message } = condition(scene.status(), 'Guarded')
    expect(message).toContain(`exchangesync.dev/approve: ${guard?.hash}`)
    expect(message).toContain('anna@corp.example would cause 20 updates (limit 10)')
    expect(scene.controller().history()).toEqual(['jan JobTitle P39:1'])
  })

  test('is carried out when that was approved, and the history has all of it', async () => {
    const scene = await office()
    wipe(scene, 20)
    await scene.pass()
    scene.controller().approve()
    await scene.rest()
    expect([notes(scene, 'hub'), notes(scene, 'jan'), scene.says()]).toEqual([20, 20, ready])
    const all = names(20).map((name) => `anna Body ${name}:1`)
    expect(scene.controller().history().toSorted()).toEqual(all)
    expect(scene.status().guard).toBeUndefined()
    // What was approved does not use up what may be done without asking.
    for (const name of names(30).slice(20)) scene.edit('anna', `${name}:2`)
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    scene.edit('anna', 'P31:2')
    await scene.pass()
    expect(scene.says()).toEqual(guarded)
  })

  test('may be undone by hand: then nobody ever saw it', async () => {
    const scene = await office()
    wipe(scene, 20)
    await scene.pass()
    for (const name of names(20)) scene.edit('anna', name, { Body: 'likes oboes' })
    await scene.rest()
    expect([notes(scene, 'hub'), scene.says()]).toEqual([0, ready])
    expect(scene.controller().history()).toEqual([])
  })

  test('that wipes a few every pass comes to the same', async () => {
    const scene = await office()
    for (const some of [names(5), names(10).slice(5), names(15).slice(10)]) {
      for (const name of some) scene.edit('anna', name, { Body: 'wiped' })
      await scene.pass()
    }
    expect(scene.says()).toEqual(guarded)
    expect(notes(scene, 'hub')).toBe(10)
    // The same contacts once more are no more contacts.
    for (const name of names(15).slice(10)) scene.edit('anna', name, { Body: 'likes oboes' })
    for (const name of names(10)) scene.edit('anna', name, { Body: 'likes violas' })
    await scene.rest()
    expect([notes(scene, 'hub'), scene.says()]).toEqual([0, ready])
    // After the window there is room again.
    scene.wait(25 * 3_600_000)
    for (const name of names(20).slice(10)) scene.edit('anna', name, { Body: 'wiped' })
    await scene.rest()
    expect([notes(scene, 'hub'), scene.says()]).toEqual([10, ready])
  })
})

describe('what is asked for from the history', () => {
  test('is limited like edits, and waits by itself; approved it comes back', async () => {
    const scene = await office()
    wipe(scene, 20)
    await scene.pass()
    scene.controller().approve()
    await scene.rest()
    scene.controller().wantBack()
    scene.edit('jan', 'P39:2')
    await scene.pass()
    expect(scene.status().guard?.refusals).toMatchObject([
      { replica: 'bin', reason: 'Updates', count: 20, limit: 10 },
    ])
    expect(scene.controller().pending()).toBe(20)
    expect([notes(scene, 'hub'), scene.shows('hub').includes('P39:2')]).toEqual([20, true])
    scene.controller().approve()
    await scene.rest()
    expect([notes(scene, 'hub'), notes(scene, 'anna'), notes(scene, 'jan')]).toEqual([0, 0, 0])
    expect([scene.controller().pending(), scene.says()]).toEqual([0, ready])
  })

  test('is carried out at once where the whole plan was confirmed', async () => {
    const scene = await office()
    wipe(scene, 20)
    await scene.pass()
    scene.controller().approve()
    await scene.rest()
    scene.controller().wantBack('Edited', { confirmed: true })
    await scene.rest()
    expect([notes(scene, 'hub'), notes(scene, 'jan'), scene.says()]).toEqual([0, 0, ready])
  })

  test('of a deleted contact edits the one that was entered again', async () => {
    const scene = await Scene.of({ hub: contacts(5), anna: [], jan: [] })
    await scene.rest()
    scene.remove('anna', 'P00')
    await scene.rest()
    scene.put('jan', 'P00')
    await scene.rest()
    scene.controller().wantBack('Deleted')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(contacts(5))
  })
})

describe('in a group of five', () => {
  test('a second delete within the hour needs no administrator, and the last ones do', async () => {
    const scene = await Scene.of({ hub: contacts(5), anna: [], jan: [] })
    await scene.rest()
    for (const name of ['P00', 'P01']) {
      scene.remove('anna', name)
      await scene.rest()
      expect(scene.says()).toEqual(ready)
    }
    expect(scene.all('hub', 'anna', 'jan')).toEqual(contacts(5).slice(2))
    for (const name of ['P02', 'P03', 'P04']) scene.remove('anna', name)
    await scene.pass()
    expect(scene.says()).toEqual([
      'Ready=False Guarded',
      'Guarded=True Deletions',
      'Stalled=True Guarded',
    ])
    expect(scene.shows('hub')).toEqual(contacts(5).slice(2))
  })

  test('nobody deletes all at once', async () => {
    const scene = await Scene.of({ hub: contacts(5), anna: [], jan: [] })
    await scene.rest()
    for (const name of names(5)) scene.remove('anna', name)
    await scene.pass()
    expect(scene.says()).toEqual([
      'Ready=False Guarded',
      'Guarded=True Deletions',
      'Stalled=True Guarded',
    ])
    expect(scene.status().guard?.refusals).toMatchObject([{ count: 5, limit: 4 }])
    expect(scene.all('hub', 'jan')).toEqual(contacts(5))
  })
})

test('a first sync, a member that joins and one that comes back edit nothing', async () => {
  const other = (count: number) => names(count).map((name): Contact => `${name}:2`)
  const both = { members: { anna: {}, jan: {} } }
  const scene = await Scene.of(
    { hub: contacts(40), anna: other(40), jan: other(40) },
    {
      members: { anna: {} },
    },
  )
  await scene.rest()
  expect(scene.says()).toEqual(ready)
  scene.declare(both)
  await scene.rest()
  expect([scene.says(), scene.all('hub', 'anna', 'jan')]).toEqual([ready, contacts(40)])
  expect(scene.controller().history()).toEqual([])
})

function condition({ conditions = [] }: SyncGroupStatus, type: string) {
  const found = conditions.find((each) => each.type === type)
  if (found === undefined) throw new Error(`there is no condition ${type}`)
  return found
}
