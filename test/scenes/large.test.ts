// A contact that is too large is its own problem: it is named, its copies are left as they are, and all others go on.
// What a server tells of sizes may be missing or untrue.
import { describe, expect, test } from 'vitest'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

/** A note of so many KiB; up to 40 are let in, but where a scene is about the real limit. */
const note = (kib: number, letter = 'a') => letter.repeat(kib * 1024)
const small = { itemBytes: 40 * 1024 }
const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']
const world = { hub: three, anna: [], jan: [] }

/** How many requests of an operation go out; ends with the scene. */
function counting(scene: Scene): Map<string, number> {
  const counts = new Map<string, number>()
  scene.exchange.inject(({ operation }) => {
    counts.set(operation, (counts.get(operation) ?? 0) + 1)
    return undefined
  })
  return counts
}

const named = (scene: Scene) =>
  scene.status().problems?.map(({ mailbox, reason }) => [mailbox, reason])
const versions = (scene: Scene, name: string) =>
  ['hub', 'anna', 'jan'].map((where) => scene.item(where, name).changeKey)

test('a new contact that is too large is named, and no other waits for it', async () => {
  const scene = await Scene.of(world, unguarded(), small)
  await scene.rest()
  scene.put('anna', 'Zoe:1', { Body: note(60) })
  scene.put('anna', 'Piotr:1')
  scene.edit('jan', 'Ewa:2')
  await scene.pass()
  await scene.pass()
  expect(scene.all('hub', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1', 'Piotr:1'])
  expect(named(scene)).toEqual([['anna@corp.example', 'ItemTooLarge']])
  expect(scene.status().problems?.[0]?.message).toContain('--max-contact-size')
  // It is not read again before it changes.
  const requests = counting(scene)
  await scene.pass()
  expect([requests.get('GetItem'), requests.get('CreateItem')]).toEqual([undefined, undefined])
  scene.edit('anna', 'Zoe:2', { Body: note(10) })
  await scene.rest()
  expect(scene.shows('hub')).toContain('Zoe:2')
  expect(scene.shows('jan')).toContain('Zoe:2')
  expect(scene.says()).toEqual(ready)
})

describe.each(['anna', 'hub'])('a copy that grew too large in %s', (where) => {
  const others = ['hub', 'anna', 'jan'].filter((each) => each !== where)

  test('is left alone with all others of it, whatever is edited elsewhere, until it is small again', async () => {
    const scene = await Scene.of(world, unguarded(), small)
    await scene.rest()
    scene.edit(where, 'Ewa:big', { Body: note(60) })
    await scene.pass()
    const before = versions(scene, 'Ewa')
    scene.edit('jan', 'Ewa:9')
    scene.edit('jan', 'Ola:9')
    for (let count = 0; count < 3; count += 1) await scene.pass()
    expect(scene.all('hub', 'anna', 'jan')).toBeTypeOf('object')
    for (const each of ['hub', 'anna', 'jan']) expect(scene.shows(each)).toContain('Ola:9')
    expect(scene.item(where, 'Ewa').changeKey).toBe(before[['hub', 'anna', 'jan'].indexOf(where)])
    expect(scene.item(where, 'Ewa').contact.JobTitle).toBe('big')
    expect(named(scene)?.map(([, reason]) => reason)).toEqual(['ItemTooLarge'])
    scene.edit(where, 'Ewa:big', { Body: 'short' })
    await scene.rest()
    // Both edited the title: one of them stays, the other is in the bin.
    expect(scene.all('hub', 'anna', 'jan')).toHaveLength(3)
    expect(scene.holds('Ewa:9') && scene.holds('Ewa:big')).toBe(true)
    expect(scene.says()).toEqual(ready)
  })

  test('comes back from a delete elsewhere, which did not reach it', async () => {
    const scene = await Scene.of(world, unguarded(), small)
    await scene.rest()
    scene.edit(where, 'Ewa:big', { Body: note(60) })
    await scene.pass()
    scene.remove(others[0] ?? '', 'Ewa')
    for (let count = 0; count < 3; count += 1) await scene.pass()
    expect(scene.shows(where)).toContain('Ewa:big')
    scene.edit(where, 'Ewa:big', { Body: 'short' })
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:big', 'Jan:1', 'Ola:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('goes when its own user deletes it', async () => {
    const scene = await Scene.of(world, unguarded(), small)
    await scene.rest()
    scene.edit(where, 'Ewa:big', { Body: note(60) })
    await scene.pass()
    scene.remove(where, 'Ewa')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Jan:1', 'Ola:1'])
    expect(scene.says()).toEqual(ready)
  })
})

describe('sizes that a server tells', () => {
  const lies: readonly (readonly [string, (body: string) => string])[] = [
    ['are none', (body) => body.replace(/<t:Size>\d+<\/t:Size>/g, '')],
    ['are too small', (body) => body.replace(/<t:Size>\d+<\/t:Size>/g, '<t:Size>1</t:Size>')],
    [
      'are too large',
      (body) => body.replace(/<t:Size>\d+<\/t:Size>/g, '<t:Size>99999999999</t:Size>'),
    ],
  ]

  test.each(lies)('%s: only the large ones are left out', async (_how, as) => {
    const big = Array.from({ length: 3 }, (_, n) => ({
      GivenName: `Big${n}`,
      Body: note(6 * 1024),
    }))
    const scene = await Scene.of({ hub: [...three, ...big], anna: [], jan: [] }, unguarded())
    scene.exchange.inject(() => ({ kind: 'rewrite', as }))
    for (let count = 0; count < 3; count += 1) await scene.pass()
    expect(scene.all('anna', 'jan')).toEqual(three)
    expect(named(scene)).toEqual([[undefined, 'ItemTooLarge']])
    expect(scene.status().problems?.[0]?.message).toMatch(/^3 items/)
  })

  test('bound a request: what is large is asked for alone', async () => {
    const some = Array.from({ length: 6 }, (_, n) => ({ GivenName: `Some${n}`, Body: note(1536) }))
    const scene = await Scene.of({ hub: [...three, ...some], anna: [] }, unguarded())
    const asked: number[] = []
    scene.exchange.inject(({ operation, body }) => {
      if (operation === 'GetItem') asked.push(body.split('<t:ItemId ').length - 1)
      return undefined
    })
    await scene.rest()
    expect(scene.shows('anna')).toHaveLength(9)
    // Listed, at most one of them fits beside the small ones; read back, no size is known.
    expect(asked.slice(0, 5).every((count) => count <= 4)).toBe(true)
  })
})

test('what many edits make too large together is not written, again and again', async () => {
  const scene = await Scene.of(world, unguarded(), small)
  await scene.rest()
  scene.edit('anna', 'Ewa:1', { Body: note(30) })
  scene.edit('jan', 'Ewa:1', { CompanyName: note(20, 'b') })
  await scene.pass()
  await scene.pass()
  const requests = counting(scene)
  const before = versions(scene, 'Ewa')
  await scene.pass()
  expect([requests.get('UpdateItem'), requests.get('CreateItem')]).toEqual([undefined, undefined])
  expect(versions(scene, 'Ewa')).toEqual(before)
  expect(new Set(named(scene)?.map(([, reason]) => reason))).toEqual(new Set(['ItemTooLarge']))
  scene.edit('anna', 'Ewa:2', { Body: 'short' })
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
  for (const where of ['hub', 'anna', 'jan'])
    expect(scene.item(where, 'Ewa').contact.CompanyName).toBe(note(20, 'b'))
  expect(scene.says()).toEqual(ready)
})

async function untilReady(scene: Scene): Promise<void> {
  for (let count = 0; count < 20 && scene.says().join() !== ready.join(); count += 1)
    await scene.pass()
}

describe('what is more than one pass holds', () => {
  const names = Array.from({ length: 300 }, (_, n) => `N${n}`).sort()
  const all = names.map((GivenName) => ({
    GivenName,
    Surname: 'Żak',
    Body: `${note(2)}${GivenName}`,
  }))
  // A pass reads 50 of each folder at least, and less than 200 of all.
  const held = { heldBytes: 200 * 1024 }

  test('is read by the next ones, at once, and nothing is made twice or taken for deleted', async () => {
    const scene = await Scene.of({ hub: all, anna: all.toReversed(), jan: [] }, unguarded(), held)
    await scene.pass()
    expect(scene.says()).toEqual(['Ready=False Progressing', 'Reconciling=True Progressing'])
    expect(scene.shows('jan').length).toBeLessThan(200)
    await untilReady(scene)
    expect(scene.all('hub', 'anna', 'jan')).toEqual(names)
    expect([scene.bin(), scene.says()]).toEqual([[], ready])
  })

  test('edits and deletes meanwhile reach everybody', async () => {
    const scene = await Scene.of({ hub: all, anna: all.toReversed(), jan: [] }, unguarded(), held)
    await scene.pass()
    scene.edit('anna', 'N7:2')
    scene.edit('hub', 'N150:3')
    scene.remove('anna', 'N299')
    await scene.pass()
    scene.put('jan', 'Zoe:1')
    await untilReady(scene)
    const others = names.filter((name) => !['N7', 'N150', 'N299'].includes(name))
    // What was deleted before the hub's own was read is there once more, or gone everywhere.
    const shown = scene.all('hub', 'anna', 'jan')
    expect(shown).toEqual(expect.arrayContaining([...others, 'N7:2', 'N150:3', 'Zoe:1']))
    expect([scene.bin().filter((each) => !each.includes('N299')), scene.says()]).toEqual([
      [],
      ready,
    ])
  })
})
