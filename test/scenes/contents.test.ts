// What people wrote arrives as they wrote it: every field, whole, and nothing that they did not write.
import { describe, expect, test } from 'vitest'
import { Scene, unguarded } from './scene.ts'

const ready = ['Ready=True Succeeded']

// Exchange writes control characters, which users paste without seeing them, as references that XML forbids.
describe('characters that XML forbids', () => {
  const odd = (where: string) => (body: string) => body.replaceAll(where, `${where}&#x1F;`)

  test('are in no copy, neither as themselves nor as the text of a reference', async () => {
    const dudek = {
      GivenName: 'Jan',
      Surname: 'Dudek',
      CompanyName: 'Acme &#x1F;',
      JobTitle: '1',
      Categories: ['Kunde'],
      EmailAddress1: { address: 'jan@acme.example', name: 'Herr Dudek' },
      PhysicalAddresses: { Home: { City: 'Wien' } },
      MobilePhone: '600',
      Body: { type: 'Text', text: 'Notiz' },
    }
    const scene = await Scene.of({ hub: [dudek], anna: [], jan: [] })
    const places = ['Dudek', 'Kunde', 'jan@acme.example', 'Wien', '600', 'Notiz']
    scene.exchange.inject(({ operation }) =>
      operation === 'GetItem'
        ? { kind: 'rewrite', as: (body) => places.reduce((text, one) => odd(one)(text), body) }
        : undefined,
    )
    await scene.rest()
    scene.edit('anna', 'Jan:2')
    await scene.rest()
    const { EmailAddress1, MobilePhone, ...flat } = dudek
    for (const where of ['hub', 'anna', 'jan']) {
      expect(scene.item(where, 'Jan').contact, where).toMatchObject({
        ...flat,
        JobTitle: '2',
        EmailAddresses: { EmailAddress1 },
        PhoneNumbers: { MobilePhone },
      })
    }
    expect(scene.says()).toEqual(ready)
  })

  test('damage in an id is tried again, and nothing is doubled', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1', 'Jan:1'], anna: ['Ewa:1'] }, unguarded())
    await scene.rest()
    let damaged = 0
    scene.exchange.inject(({ operation }) => {
      if (operation !== 'GetItem' && operation !== 'GetFolder') return undefined
      damaged += 1
      return { kind: 'rewrite', as: (body) => body.replace(/ Id="..../, '$&\u0000') }
    })
    scene.edit('hub', 'Ewa:2')
    await scene.pass()
    expect(damaged).toBeGreaterThan(0)
    scene.exchange.inject(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna')).toEqual(['Ewa:2', 'Jan:1'])
  })
})
