// What cannot be read may be the equal of what another folder shows: it is not made a second time, and nobody is kept waiting
// for ever.
import { describe, expect, test } from 'vitest'
import { indexIn } from './answers.ts'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const ready = ['Ready=True Succeeded']

/** So many answers say that the hub's Ewa, and `also` another item, cannot be read. */
function unreadable(scene: Scene, code: string, times = Number.POSITIVE_INFINITY) {
  const answers: { also: string | undefined } = { also: undefined }
  const id = scene.item('hub', 'Ewa').id
  let left = times
  scene.exchange.inject(({ operation, body }) => {
    const spoilt = [id, answers.also].find((each) => each !== undefined && body.includes(each))
    if (operation !== 'GetItem' || spoilt === undefined || left === 0) return undefined
    left -= 1
    return { kind: 'code', code, at: indexIn(body, spoilt) }
  })
  return answers
}

describe('what cannot be read', () => {
  for (const direction of ['TwoWay', 'OneWay'] as const)
    for (const code of ['ErrorItemCorrupt', 'ErrorInternalServerError'])
      test(`is not doubled by its equal for two answers at first, ${direction} (${code})`, async () => {
        const world = { hub: ['Ewa:1'], anna: ['Ewa:1'], jan: [] }
        const scene = await Scene.of(
          world,
          unguarded({ members: { anna: { direction }, jan: {} } }),
        )
        unreadable(scene, code, 2)
        for (let pass = 0; pass < 4; pass += 1) await scene.pass()
        expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1'])
        expect([scene.says(), scene.status().problems]).toEqual([ready, []])
      })

  for (const code of ['ErrorItemCorrupt', 'ErrorInternalServerError'])
    test(`and was given up is tried again for a folder that was away until now (${code})`, async () => {
      const scene = await Scene.of({ hub: ['Ewa:1'], anna: ['Ewa:1'], jan: ['Ola:1'] }, unguarded())
      scene.mailbox('anna').deny('ErrorMailboxStoreUnavailable')
      unreadable(scene, code, 4)
      for (let pass = 0; pass < 5; pass += 1) await scene.pass()
      scene.mailbox('anna').deny(undefined)
      for (let pass = 0; pass < 4; pass += 1) await scene.pass()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Ola:1'])
      expect([scene.says(), scene.status().problems]).toEqual([ready, []])
    })

  test('and was given up is tried again for what could not be read elsewhere until now', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1'], anna: ['Ewa:1'], jan: [] }, unguarded())
    scene.mailbox('anna').deny('ErrorMailboxStoreUnavailable')
    const [hers, answers] = [scene.item('anna', 'Ewa').id, unreadable(scene, 'ErrorItemCorrupt')]
    for (let pass = 0; pass < 4; pass += 1) await scene.pass()
    scene.mailbox('anna').deny(undefined)
    answers.also = hers
    for (let pass = 0; pass < 2; pass += 1) await scene.pass()
    answers.also = undefined
    await scene.pass()
    scene.exchange.inject(undefined)
    for (let pass = 0; pass < 3; pass += 1) await scene.pass()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1'])
  })

  test('and stays so keeps nobody’s new contact waiting for more than three looks', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1'], anna: ['Jan:1'], jan: [] }, unguarded())
    scene.mailbox('anna').deny('ErrorMailboxStoreUnavailable')
    unreadable(scene, 'ErrorItemCorrupt')
    for (let pass = 0; pass < 5; pass += 1) await scene.pass()
    scene.mailbox('anna').deny(undefined)
    await scene.pass()
    await scene.pass()
    expect(scene.shows('hub')).toEqual(['Ewa:1'])
    await scene.pass()
    expect(scene.shows('hub')).toEqual(['Ewa:1', 'Jan:1'])
    scene.put('anna', 'Ola:1')
    await scene.pass()
    expect(scene.shows('hub')).toEqual(['Ewa:1', 'Jan:1', 'Ola:1'])
  })
})
