// What people wrote arrives as they wrote it: every field, whole, and nothing that they did not write.
import { describe, expect, test } from 'vitest'
import { FORM_KEYS } from '../exchange/protocol/mapi.ts'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

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

// Fields of Outlook's contact form that EWS has no element for.
describe('what stands beside the name', () => {
  const doctor = {
    DisplayNamePrefix: 'Dr.',
    GivenName: 'Jan',
    Surname: 'Kowalski',
    Generation: 'Jr.',
    DisplayName: 'Dr. Jan Kowalski Jr.',
    JobTitle: '1',
  }

  for (const titles of [false, true]) {
    test(`a rename by one member leaves the title on, everywhere (titles: ${titles})`, async () => {
      const scene = await Scene.of(
        { hub: [doctor], anna: [], jan: [] },
        {},
        { normalise: { titles } },
      )
      await scene.rest()
      scene.edit('anna', 'Jan', { Surname: 'Nowak' })
      await scene.rest()
      for (const where of ['hub', 'anna', 'jan']) {
        expect(scene.item(where, 'Jan').contact, where).toMatchObject({
          DisplayNamePrefix: 'Dr.',
          Surname: 'Nowak',
          DisplayName: 'Dr. Jan Nowak Jr.',
          Subject: 'Dr. Jan Nowak Jr.',
        })
      }
      expect(scene.bin()).toEqual([])
      expect(scene.says()).toEqual(ready)
    })
  }

  test('one gives the title, another the name: both are there', async () => {
    const scene = await Scene.of({ hub: [doctor], anna: [], jan: [] })
    await scene.rest()
    scene.edit('anna', 'Jan', { DisplayNamePrefix: 'Prof.', DisplayName: 'Prof. Jan Kowalski Jr.' })
    scene.edit('jan', 'Jan', { Surname: 'Nowak' })
    await scene.rest()
    for (const where of ['hub', 'anna', 'jan']) {
      expect(scene.item(where, 'Jan').contact, where).toMatchObject({
        DisplayNamePrefix: 'Prof.',
        DisplayName: 'Prof. Jan Nowak Jr.',
      })
    }
  })

  test('a title that one takes off is off everywhere', async () => {
    const scene = await Scene.of({ hub: [doctor], anna: [], jan: [] })
    await scene.rest()
    scene.edit('anna', 'Jan', { DisplayNamePrefix: null, DisplayName: 'Jan Kowalski Jr.' })
    await scene.rest()
    for (const where of ['hub', 'jan']) {
      const { contact } = scene.item(where, 'Jan')
      expect(contact.DisplayNamePrefix, where).toBeUndefined()
      expect(contact.DisplayName, where).toBe('Jan Kowalski Jr.')
    }
  })

  test('user fields, numbers and readings are in every copy, are edited there and go', async () => {
    const scene = await Scene.of({ hub: [doctor], anna: [], jan: [] })
    const more = Object.fromEntries([...FORM_KEYS.keys()].map((name) => [name, `${name} ł & <1>`]))
    const all: Record<string, string> = { ...more, Gender: '2', DisplayNamePrefix: 'Dr.' }
    scene.edit('hub', 'Jan', all)
    await scene.rest()
    for (const where of ['anna', 'jan']) {
      expect(scene.item(where, 'Jan').contact, where).toMatchObject(all)
    }
    scene.edit('anna', 'Jan', { UserField1: 'changed', Hobbies: null })
    await scene.rest()
    for (const where of ['hub', 'jan']) {
      const { contact } = scene.item(where, 'Jan')
      expect([contact.UserField1, contact.Hobbies, contact.CustomerId], where).toEqual([
        'changed',
        undefined,
        all.CustomerId,
      ])
    }
  })
})

// Outlook, phones and address books write one day as different times (MS-OXOCNTC §2.2.1.5).
test('one birthday written in three ways is no conflict, and no write', async () => {
  const ewa = { GivenName: 'Ewa', Surname: 'Żak', CompanyName: 'Acme' }
  const scene = await Scene.of({
    hub: [{ ...ewa, Birthday: '1980-05-12' }],
    anna: [{ ...ewa, Birthday: '1980-05-12T11:59:00Z' }],
    jan: [{ ...ewa, Birthday: '1980-05-11T22:00:00Z' }],
  })
  await scene.rest()
  expect(scene.bin()).toEqual([])
  expect(scene.status().conflicts?.total ?? 0).toBe(0)
  const shown = ['hub', 'anna', 'jan'].map((where) => scene.item(where, 'Ewa').contact.Birthday)
  expect(shown).toEqual(['1980-05-12T00:00:00Z', '1980-05-12T11:59:00Z', '1980-05-11T22:00:00Z'])
  scene.edit('anna', 'Ewa', { Birthday: '1980-05-13T11:59:00Z' })
  await scene.rest()
  expect(scene.item('hub', 'Ewa').contact.Birthday).toBe('1980-05-13T11:59:00Z')
})

test('the day that a client wrote beside the time decides, and is in every copy', async () => {
  const ewa = { GivenName: 'Ewa', Surname: 'Żak', CompanyName: 'Acme' }
  // Auckland in summer: midnight there is 11:00Z of the day before.
  const auckland = { Birthday: '1980-01-11T11:00:00Z', BirthdayLocal: '1980-01-12T00:00:00Z' }
  const scene = await Scene.of({
    hub: [{ ...ewa, ...auckland }],
    anna: [{ ...ewa, Birthday: '1980-01-12' }],
    jan: [],
  })
  await scene.rest()
  expect(scene.bin()).toEqual([])
  expect(scene.item('jan', 'Ewa').contact).toMatchObject(auckland)
  scene.edit('anna', 'Ewa', { Birthday: '1980-01-14' })
  await scene.rest()
  for (const where of ['hub', 'jan']) {
    const { Birthday, BirthdayLocal } = scene.item(where, 'Ewa').contact
    expect([Birthday, BirthdayLocal], where).toEqual(['1980-01-14T00:00:00Z', undefined])
  }
})

test('at first sync departments and branches of one firm stay what they are', async () => {
  const acme = { CompanyName: 'Acme', BusinessPhone: '58 100 10 00' }
  const scene = await Scene.of({
    hub: [{ ...acme, Department: 'Sales' }],
    anna: [{ ...acme, Department: 'Service' }],
    jan: [
      { CompanyName: 'Acme', BusinessPhone: '12 200 20 00' },
      { ...acme, Department: 'Sales' },
    ],
  })
  await scene.rest()
  for (const where of ['hub', 'anna', 'jan']) {
    const departments = scene
      .folder(where)
      .items()
      .map(({ contact }) => contact.Department ?? '-')
    expect(departments.sort(), where).toEqual(['-', 'Sales', 'Service'])
  }
})

for (const bodyDeletes of ['done', 'ignored'] as const) {
  test(`a note that one clears is gone from every copy (DeleteItemField: ${bodyDeletes})`, async () => {
    const noted = {
      GivenName: 'Ewa',
      Surname: 'Żak',
      Body: { type: 'HTML', text: '<p>secret</p>' },
    }
    const scene = await Scene.of({ hub: [noted], anna: [], jan: [] }, {}, { bodyDeletes })
    await scene.rest()
    expect(JSON.stringify(scene.item('jan', 'Ewa').contact.Body)).toContain('secret')
    scene.edit('anna', 'Ewa', { Body: null })
    await scene.rest()
    for (const where of ['hub', 'jan']) {
      expect(JSON.stringify(scene.item(where, 'Ewa').contact), where).not.toContain('secret')
    }
  })
}

// A value that EWS does not define would be taken over, and refused by every server that gets it, for ever.
describe('a value that EWS does not define', () => {
  const damaged = (body: string) => body.replace('<t:FileAsMapping>None<', '<t:FileAsMapping>Non%<')

  test('once, in a new contact, delays it only', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.put('hub', 'Jan:1')
    let times = 0
    scene.exchange.inject(({ operation }) => {
      if (operation !== 'GetItem' || times > 0) return undefined
      times += 1
      return { kind: 'rewrite', as: damaged }
    })
    await scene.pass()
    expect(times).toBe(1)
    expect(scene.shows('anna')).toEqual(['Ewa:1'])
    expect(scene.status().problems).toMatchObject([{ reason: 'UndefinedValue' }])
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1'])
    expect([scene.says(), scene.status().problems]).toEqual([ready, []])
  })

  test('in every answer is named, costs the others nothing, and ends with the next edit', async () => {
    const scene = await Scene.of({ hub: ['Ewa:1', 'Jan:1'], anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.edit('hub', 'Jan:2')
    scene.exchange.inject(({ operation, body }) =>
      operation === 'GetItem' && body.includes(scene.item('hub', 'Jan').id)
        ? { kind: 'rewrite', as: damaged }
        : undefined,
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    await scene.rest()
    expect(scene.shows('hub')).toEqual(['Ewa:2', 'Jan:2'])
    expect(scene.all('anna', 'jan')).toEqual(['Ewa:2', 'Jan:1'])
    expect(scene.status().problems).toMatchObject([{ reason: 'UndefinedValue' }])
    scene.exchange.inject(undefined)
    scene.edit('hub', 'Jan:3')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:3'])
    expect([scene.says(), scene.status().problems]).toEqual([ready, []])
  })
})
