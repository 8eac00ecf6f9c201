// What a contact is made of: the version of the codec, the name that is shown, and how the fields that EWS has no
// element for are read.
import { describe, expect, test } from 'vitest'
import type { Item } from '../../controller/core/item.ts'
import {
  codecVersion,
  contact,
  contactFields,
  fieldsNewSince,
} from '../../controller/core/items/contact.ts'
import { contactCodec } from '../../controller/ews/items/contact.ts'
import { parsed } from '../../controller/ews/xml-reader.ts'
import { TYPES } from '../exchange/grammar/types.ts'

describe('the version of the codec', () => {
  // Whoever adds a field raises `codecVersion`, says in `newIn` which fields are new, and adds a line here.
  test('names as many fields as there are', () => {
    const counts: Readonly<Record<number, number>> = { 1: 63, 2: 89 }
    expect(contactFields).toHaveLength(counts[codecVersion] ?? 0)
    expect(new Set(contactFields).size).toBe(contactFields.length)
    for (const [version, count] of Object.entries(counts)) {
      const news = fieldsNewSince(Number(version))
      expect(contactFields.length - news.size, version).toBe(count)
    }
  })

  test('what is new are fields', () => {
    expect([...fieldsNewSince(0)].filter((field) => !contactFields.includes(field))).toEqual([])
    expect(fieldsNewSince(1)).toContain('DisplayNamePrefix')
    expect(fieldsNewSince(codecVersion)).toEqual(new Set())
  })
})

describe('the name that is shown, after one has changed a name', () => {
  const doctor: Item = { DisplayNamePrefix: 'Dr.', GivenName: 'Jan', Surname: 'Kowalski' }
  const agreed: Item = { ...doctor, Generation: 'Jr.', DisplayName: 'Dr. Jan Kowalski Jr.' }
  const renamed = (more: Item) => ({ ...agreed, Surname: 'Nowak', ...more })

  test.each<readonly [string, Item, Item, string | undefined]>([
    [
      'a server dropped the title',
      agreed,
      renamed({ DisplayName: 'Jan Nowak Jr.' }),
      'Dr. Jan Nowak Jr.',
    ],
    [
      'the title changed, too',
      agreed,
      renamed({ DisplayName: 'Jan Nowak Jr.', DisplayNamePrefix: 'Prof.' }),
      'Prof. Jan Nowak Jr.',
    ],
    ['the title is there', agreed, renamed({ DisplayName: 'Dr. Jan Nowak Jr.' }), undefined],
    ['it is written by hand', agreed, renamed({ DisplayName: 'Nowak, the doctor' }), undefined],
    [
      'it never showed the title',
      { ...agreed, DisplayName: 'Jan Kowalski Jr.' },
      renamed({ DisplayName: 'Jan Nowak Jr.' }),
      undefined,
    ],
    [
      'the title was taken off',
      agreed,
      renamed({ DisplayName: 'Jan Nowak Jr.', DisplayNamePrefix: '' }),
      undefined,
    ],
  ])('%s', (_what, before, after, kept) => {
    expect(contact.kept('DisplayName', before, after)).toBe(kept)
    expect(contact.kept('FileAs', before, after)).toBeUndefined()
  })
})

describe('over EWS', () => {
  const { itemOf, newXml, shape, undefinedIn, updatesXml } = contactCodec
  const nodeOf = (inside: string) => {
    const xml = `<t:Contact xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">${inside}</t:Contact>`
    const bytes = async function* () {
      yield Buffer.from(xml)
    }
    return parsed(bytes())
  }
  const itemIn = async (inside: string): Promise<Item> => itemOf(await nodeOf(inside))
  const property = (uri: string, value: string) =>
    `<t:ExtendedProperty><t:ExtendedFieldURI ${uri}/><t:Value>${value}</t:Value></t:ExtendedProperty>`

  test('a property is known by any of the names under which servers show it', async () => {
    const address = '00062004-0000-0000-C000-000000000046'
    for (const [title, field] of [
      [
        'PropertyTag="0x3a45" PropertyType="String"',
        'DistinguishedPropertySetId="Address" PropertyId="32847" PropertyType="String"',
      ],
      [
        'PropertyTag="0x3A45" PropertyType="String"',
        `PropertySetId="${address}" PropertyId="32847" PropertyType="String"`,
      ],
      [
        'PropertyTag="14917" PropertyType="String"',
        `PropertySetId="${address}" PropertyId="0x804F" PropertyType="String"`,
      ],
    ] as const) {
      const item = await itemIn(property(title, 'Dr.&#x1F;') + property(field, 'a'))
      expect(item).toEqual({ DisplayNamePrefix: 'Dr.', UserField1: 'a' })
    }
  })

  // One damaged byte of such a value makes every write of the item fail.
  test('a value that EWS does not define is told from those that it defines', async () => {
    const defined = (type: string) => {
      const rule = new RegExp(`^${type} ~ (.*(?:\\n  .*)*)`, 'm').exec(TYPES)?.[1] ?? ''
      return rule.split(/\s+/).filter(Boolean)
    }
    for (const [name, type, count] of [
      ['FileAsMapping', 'FileAsMapping', 18],
      ['PostalAddressIndex', 'PhysicalAddressIndex', 4],
      ['Sensitivity', 'SensitivityChoices', 4],
      ['Importance', 'ImportanceChoices', 3],
    ] as const) {
      const values = defined(type)
      expect(values, type).toHaveLength(count)
      for (const value of ['', ...values])
        expect(undefinedIn(await nodeOf(`<t:${name}>${value}</t:${name}>`)), value).toBeUndefined()
      expect(undefinedIn(await nodeOf(`<t:${name}>Non%</t:${name}>`))).toBe(name)
    }
    const body = (type: string) => nodeOf(`<t:Body${type}>x</t:Body>`)
    for (const type of ['', ...defined('BodyType').map((each) => ` BodyType="${each}"`)])
      expect(undefinedIn(await body(type))).toBeUndefined()
    expect(undefinedIn(await body(' BodyType="HTML5"'))).toBe('Body')
    expect(undefinedIn(await nodeOf('<t:JobTitle>Non%</t:JobTitle>'))).toBeUndefined()
  })

  test('what says nothing is absent', async () => {
    const gender = property('PropertyTag="0x3a4d" PropertyType="Short"', '0')
    const blank = property('PropertyTag="0x3a43" PropertyType="String"', ' ')
    const unknown = property('PropertyTag="0x3a99" PropertyType="String"', 'x')
    const day = property(
      'DistinguishedPropertySetId="Address" PropertyId="32990" PropertyType="SystemTime"',
      '1980-05-12T00:00:00Z',
    )
    expect(await itemIn(gender + blank + unknown + day)).toEqual({})
  })

  test.each(['1601-01-01T00:00:00Z', '4501-01-01T00:00:00Z', '4500-12-31T23:00:00Z'])(
    'what clients write where there is no date is none: %s',
    async (none) => {
      expect(await itemIn(`<t:Birthday>${none}</t:Birthday>`)).toEqual({})
    },
  )

  test('an entry under a key that is none is left alone', async () => {
    const entries =
      '<t:PhoneNumbers><t:Entry Key="Mobile&#x1;Phone">1</t:Entry><t:Entry Key="Satellite">2</t:Entry></t:PhoneNumbers>'
    expect(await itemIn(entries)).toEqual({})
  })

  test('every field is asked for, created and updated', () => {
    for (const field of contactFields) {
      const [group = '', key = ''] = field.split(':')
      const value =
        { Body: { text: 'x' }, Email: { address: 'x' }, Address: { City: 'x' } }[group] ?? 'x'
      const xml = newXml({ [field]: value }, '')
      expect(xml, field).not.toBe('')
      const names = {
        Email: 'EmailAddresses',
        Address: 'PhysicalAddresses',
        Phone: 'PhoneNumbers',
        Im: 'ImAddresses',
      }
      const element = (names as Record<string, string>)[group] ?? field
      const uri = /<t:ExtendedFieldURI [^>]+>/.exec(xml)?.[0] ?? `:${element}"`
      expect(shape, field).toContain(uri)
      for (const patch of [
        { set: { [field]: value }, clear: [] },
        { set: {}, clear: [field] },
      ]) {
        expect(updatesXml(patch, {}), field).toContain(key === '' ? uri : key)
      }
    }
  })
})
