// First sync, and a state that is lost at any moment: nothing is doubled, nobody becomes somebody else.
import { describe, expect, test } from 'vitest'
import type { Literal } from '../exchange/store/literal.ts'
import { type Contact, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const reception: Literal = { GivenName: 'Reception', CompanyName: 'Acme', MobilePhone: '+48 1' }
const person = (GivenName: string, more: Literal = {}): Literal => ({
  GivenName,
  Surname: 'Żak',
  ...more,
})
const mail = (EmailAddress1: string): Literal => ({ EmailAddress1 })
const phone = (MobilePhone: string): Literal => ({ MobilePhone })
const info = 'info@acme.example'

type Case = readonly [
  what: string,
  hub: readonly Contact[],
  anna: readonly Contact[],
  then: readonly string[],
  conflicts: number,
]

const R = 'Reception +48 1'
const cases: readonly Case[] = [
  [
    'two equal entries here and there are two',
    [reception, reception],
    [reception, reception],
    [R, R],
    0,
  ],
  ['of two equal entries she has one', [reception, reception], [reception], [R, R], 0],
  ['of two equal entries the hub has one', [reception], [reception, reception], [R, R], 0],
  [
    'two equal entries and one that says more stay two',
    [reception, reception],
    [{ ...reception, JobTitle: 'x' }],
    [R, R, 'Reception:x +48 1'],
    0,
  ],
  [
    'one address of two people',
    [person('Ewa', mail(info)), person('Jan', mail(info))],
    [person('Ewa', mail(info)), person('Jan', { ...mail(info), JobTitle: '2' })],
    [`Ewa ${info}`, `Jan:2 ${info}`],
    0,
  ],
  [
    'one address, one person here, another there',
    [person('Ewa', mail(info))],
    [person('Jan', mail(info))],
    [`Ewa ${info}`, `Jan ${info}`],
    0,
  ],
  [
    'the same name without an address is one',
    [person('Ewa', { CompanyName: 'Acme' })],
    [person('Ewa', { CompanyName: 'Acme', ...phone('+48 2') })],
    ['Ewa +48 2'],
    0,
  ],
  [
    'the same name, no company, the same number is one',
    [person('Ewa', phone('+48 600 100 200'))],
    [person('Ewa', { ...phone('600100200'), JobTitle: '2' })],
    ['Ewa:2 +48 600 100 200'],
    1,
  ],
  [
    'namesakes with other numbers are two',
    [person('Ewa', phone('+48 600 100 200'))],
    [person('Ewa', phone('+48 600 100 999'))],
    ['Ewa +48 600 100 200', 'Ewa +48 600 100 999'],
    0,
  ],
  [
    'an address only on one side',
    [person('Ewa', { CompanyName: 'Acme' })],
    [person('Ewa', { CompanyName: 'Acme', ...mail('ewa@acme.example') })],
    ['Ewa ewa@acme.example'],
    0,
  ],
  [
    'the same name with two addresses is two people',
    [person('Ewa', mail('a@acme.example'))],
    [person('Ewa', mail('b@acme.example'))],
    ['Ewa a@acme.example', 'Ewa b@acme.example'],
    0,
  ],
  [
    'two namesakes there, one here',
    [person('Ewa', { CompanyName: 'Acme' })],
    [
      person('Ewa', { CompanyName: 'Acme', JobTitle: '1' }),
      person('Ewa', { CompanyName: 'Acme', JobTitle: '2' }),
    ],
    ['Ewa', 'Ewa:1', 'Ewa:2'],
    0,
  ],
  [
    'addresses swapped between two people',
    [person('Ewa', mail('ewa@x.example')), person('Jan', mail('jan@x.example'))],
    [person('Ewa', mail('jan@x.example')), person('Jan', mail('ewa@x.example'))],
    ['Ewa ewa@x.example', 'Ewa jan@x.example', 'Jan ewa@x.example', 'Jan jan@x.example'],
    0,
  ],
]

const sorted = (texts: readonly string[]) => [...texts].sort()

describe('at first sync', () => {
  for (const [what, hub, anna, then, conflicts] of cases) {
    test(what, async () => {
      const scene = await Scene.of({ hub, anna, jan: [] }, unguarded())
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(sorted(then))
      expect(scene.status().conflicts?.total).toBe(conflicts)
    })

    test(`${what}; and so it stays when the state is lost after each pass`, async () => {
      const scene = await Scene.of({ hub, anna, jan: [] }, unguarded())
      for (let pass = 0; pass < 3; pass += 1) {
        await scene.pass()
        scene.controller().forget()
      }
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(sorted(then))
    })
  }
})

const pairs: readonly Contact[] = [
  person('Ewa', { ...phone('+48 600 100 200'), JobTitle: '1' }),
  person('Ewa', { ...phone('+48 600 100 999'), JobTitle: '1' }),
  reception,
  reception,
  person('Jan', { ...mail(info), JobTitle: '1' }),
  person('Ola', { ...mail(info), JobTitle: '1' }),
]
const pairsShown = [
  'Ewa:1 +48 600 100 200',
  'Ewa:1 +48 600 100 999',
  `Jan:1 ${info}`,
  `Ola:1 ${info}`,
  R,
  R,
]

describe('a lost state, and edits that nobody synchronised yet', () => {
  const acts: readonly (readonly [
    what: string,
    act: (scene: Scene) => void,
    then: readonly string[],
  ])[] = [
    ['the hub’s edit', (scene) => scene.edit('hub', 'Jan:2'), pairsShown.with(2, `Jan:2 ${info}`)],
    ['a member’s edit', (scene) => scene.edit('anna', 'Jan', { Department: 'D' }), pairsShown],
    [
      'an edit of one of two equal entries in the hub',
      (scene) => scene.edit('hub', 'Reception:2'),
      pairsShown.with(4, 'Reception:2 +48 1'),
    ],
    [
      'an edit of one of two equal entries by a member',
      (scene) => scene.edit('anna', 'Reception', { Department: 'D' }),
      pairsShown,
    ],
    [
      'an edit of a namesake',
      (scene) => scene.edit('anna', 'Ewa', { Department: 'D' }),
      pairsShown,
    ],
    [
      'a new number of a namesake’s',
      (scene) => scene.edit('hub', 'Ewa', phone('+48 600 100 300')),
      pairsShown.with(0, 'Ewa:1 +48 600 100 300'),
    ],
    ['a new one in the hub', (scene) => scene.put('hub', 'Nowy:1'), [...pairsShown, 'Nowy:1']],
    ['a new one of a member’s', (scene) => scene.put('anna', 'Nowy:1'), [...pairsShown, 'Nowy:1']],
    [
      'a member’s swap of two people’s names',
      (scene) => {
        scene.edit('anna', 'Jan', { GivenName: 'Ola!' })
        scene.edit('anna', 'Ola', { GivenName: 'Jan' })
        scene.edit('anna', 'Ola!', { GivenName: 'Ola' })
      },
      pairsShown,
    ],
  ]
  for (const [what, act, then] of acts) {
    for (const passes of [1, 2]) {
      test(`${what}, after ${passes} passes: no double`, async () => {
        const scene = await Scene.of({ hub: pairs, anna: [], jan: [] }, unguarded())
        for (let pass = 0; pass < passes; pass += 1) await scene.pass()
        act(scene)
        scene.controller().forget()
        await scene.rest()
        expect(scene.all('hub', 'anna', 'jan')).toEqual(sorted(then))
        if (
          what.includes('a member’s edit') ||
          what.includes('by a member') ||
          what === 'an edit of a namesake'
        ) {
          const departments = ['hub', 'anna', 'jan'].map(
            (who) =>
              scene
                .folder(who)
                .items()
                .filter(({ contact }) => contact.Department === 'D').length,
          )
          expect(departments).toEqual([1, 1, 1])
        }
      })
    }
  }

  test('a member’s edit of a field loses to nothing when the hub is as it was: it is kept', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.controller().forget()
    await scene.rest()
    expect(scene.holds('Ewa:2')).toBe(true)
  })

  test('a delete that nobody synchronised yet is undone, nothing more', async () => {
    const scene = await Scene.of({ hub: pairs, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.remove('anna', 'Jan')
    scene.remove('anna', 'Reception')
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(sorted(pairsShown))
  })

  test('the hub’s delete that nobody synchronised yet is undone once', async () => {
    const scene = await Scene.of({ hub: pairs, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.remove('hub', 'Jan')
    scene.remove('hub', 'Reception')
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(sorted(pairsShown))
  })

  test('and mailboxes moved, too', async () => {
    const scene = await Scene.of({ hub: pairs, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.mailbox('anna').restore()
    scene.edit('hub', 'Ewa', phone('+48 600 100 300'))
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(
      sorted(pairsShown.with(0, 'Ewa:1 +48 600 100 300')),
    )
  })

  test('a receive-only member’s edits are nobody else’s afterwards either', async () => {
    const members = { anna: {}, jan: { direction: 'OneWay' } }
    const scene = await Scene.of({ hub: pairs, anna: [], jan: [] }, unguarded({ members }))
    await scene.rest()
    scene.edit('jan', 'Jan:leak')
    scene.edit('jan', 'Reception', { Department: 'leak' })
    scene.put('jan', 'Leak:1')
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna')).toEqual(sorted(pairsShown))
    expect(scene.shows('jan')).toEqual(sorted([...pairsShown, 'Leak:1']))
    expect(scene.bin().join()).toContain('leak')
  })
})

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
describe('what looks alike', () => {
  test('KeepBoth and a lost state, again and again: one contact more, not many', async () => {
    const scene = await Scene.of(
      { hub: three, anna: [], jan: [] },
      unguarded({ conflicts: 'KeepBoth' }),
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.edit('jan', 'Ewa:3')
    for (let n = 0; n < 4; n += 1) {
      scene.controller().forget()
      await scene.pass()
    }
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toHaveLength(5)
  })

  test('two equal entries stay two, whatever is edited, deleted, moved and lost', async () => {
    const reception = { GivenName: 'Reception', CompanyName: 'Acme' }
    const scene = await Scene.of(
      { hub: [reception, reception], anna: [reception, reception], jan: [reception] },
      unguarded(),
    )
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toHaveLength(2)
    scene.edit('anna', 'Reception', { JobTitle: 'a' })
    scene.remove('jan', 'Reception')
    scene.mailbox('anna').restore()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Reception', 'Reception:a'])
    scene.controller().forget()
    scene.mailbox('jan').restore()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Reception', 'Reception:a'])
  })

  test('of two namesakes the edited one is what is left, when the hub has new ids and the state is lost', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1', 'Ewa:2'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa', { MobilePhone: '+48 600 100 200' })
    const [hub, old] = [scene.folder('hub'), scene.folder('hub').items()]
    for (const { id } of old) hub.copy(id, hub)
    for (const { id } of old) hub.delete(id)
    scene.controller().forget()
    await scene.rest()
    const all = scene.all('hub', 'anna', 'jan')
    expect(all).toHaveLength(2)
    expect(String(all)).toContain('+48 600 100 200')
  })

  test('an item that a member copies within her folder is a second one, also after a lost state', async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.folder('anna').copy(scene.item('anna', 'Ewa').id, scene.folder('anna'))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', ...three])
    scene.edit('anna', 'Ewa:2')
    scene.controller().forget()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toHaveLength(4)
    expect(scene.holds('Ewa:2')).toBe(true)
  })
})
