// FindItem: pages, restrictions, orders, and how little of an item it shows.
import { expect, test } from 'vitest'
import {
  all,
  codes,
  distinguished,
  exchangeFor,
  field,
  findItem,
  first,
  person,
  refs,
  STAMP,
  STAMP_PATH,
  slot,
  texts,
} from './support.ts'
import type { World } from './world.ts'

const world: World = {
  domain: 'corp.example',
  users: [
    {
      mailbox: 'anna@corp.example',
      password: 'anna-secret',
      folders: {
        Contacts: 1200,
        'Contacts/Few': [
          { GivenName: 'Ewa', Surname: 'Żak', MobilePhone: '1', Birthday: '1980-05-12' },
          { GivenName: 'jan', Surname: 'Nowak', Body: 'a note', Categories: ['VIP', 'A'] },
          { GivenName: 'Anna', Surname: 'Nowak', Birthday: '1990-01-01', EmailAddress1: 'a@b.c' },
        ],
      },
    },
  ],
}
const exchange = await exchangeFor(world)
const anna = person(exchange, 'anna')
const few = exchange.store.mailbox('anna@corp.example').folder('Contacts/Few')
const fewId = `<t:FolderId Id="${few.id()}"/>`
few.stamp(few.items()[1]?.id ?? '', STAMP, 'Stamp')

const page = (offset: number, count: number, from = 'Beginning') =>
  `<m:IndexedPageItemView MaxEntriesReturned="${count}" Offset="${offset}" BasePoint="${from}"/>`

test('pages of a large folder make up the whole of it', async () => {
  const seen: string[] = []
  for (let offset = 0; ; ) {
    const view = page(offset, 500)
    const root = first(await anna.ask(findItem(distinguished('contacts'), { view })), 'RootFolder')
    seen.push(...refs(root).map(({ id }) => id))
    const { IndexedPagingOffset, IncludesLastItemInRange, TotalItemsInView } = root.attributes
    expect(TotalItemsInView).toBe('1200')
    offset = Number(IndexedPagingOffset)
    if (IncludesLastItemInRange === 'true') break
  }
  expect(new Set(seen).size).toBe(1200)
})

const named = `<t:Exists>${field('contacts:GivenName')}</t:Exists>`
const pages = [
  ['no view at all', {}, 1000, '1000', 'false'],
  ['more than there may be', { view: page(0, 5000) }, 1000, '1000', 'false'],
  [
    'more than there may be, restricted',
    { view: page(0, 5000), restriction: named },
    250,
    '250',
    'false',
  ],
  ['the rest', { view: page(1000, 500) }, 200, '1200', 'true'],
  ['beyond the end', { view: page(1200, 500) }, 0, '1200', 'true'],
  ['from the end', { view: page(0, 10, 'End') }, 10, '10', 'false'],
  [
    'a fraction',
    { view: '<m:FractionalPageItemView MaxEntriesReturned="10" Numerator="1" Denominator="2"/>' },
    10,
    '610',
    'false',
  ],
] as const

test.each(pages)('%s', async (_, finding, count, next, last) => {
  const root = first(await anna.ask(findItem(distinguished('contacts'), finding)), 'RootFolder')
  expect(refs(root)).toHaveLength(count)
  expect(root.attributes).toMatchObject({
    IndexedPagingOffset: next,
    IncludesLastItemInRange: last,
  })
})

test('what comes in between two pages shifts them', async () => {
  const folder = exchange.store.mailbox('anna@corp.example').createFolder('Contacts/Shifting')
  for (let n = 0; n < 4; n += 1) folder.create({ GivenName: `${n}` })
  const id = `<t:FolderId Id="${folder.id()}"/>`
  const [, second] = refs(await anna.ask(findItem(id, { view: page(0, 2) })))
  folder.create({ GivenName: 'new' })
  const [third] = refs(await anna.ask(findItem(id, { view: page(2, 2) })))
  expect(third).toEqual(second)
})

const is = (operator: string, path: string, value: string) =>
  `<t:${operator}>${path}<t:FieldURIOrConstant><t:Constant Value="${value}"/></t:FieldURIOrConstant></t:${operator}>`
const contains = (path: string, value: string, mode: string, comparison: string) =>
  `<t:Contains ContainmentMode="${mode}" ContainmentComparison="${comparison}">${path}<t:Constant Value="${value}"/></t:Contains>`
const surname = field('contacts:Surname')
const given = field('contacts:GivenName')
const restrictions = [
  ['equal, in any case', is('IsEqualTo', surname, 'NOWAK'), ['Anna', 'jan']],
  ['not equal', is('IsNotEqualTo', surname, 'Nowak'), ['Ewa']],
  ['a stamp', is('IsEqualTo', STAMP_PATH, 'Stamp'), ['jan']],
  ['a stamp of any value', `<t:Exists>${STAMP_PATH}</t:Exists>`, ['jan']],
  ['no stamp', `<t:Not><t:Exists>${STAMP_PATH}</t:Exists></t:Not>`, ['Anna', 'Ewa']],
  ['a phone', is('IsEqualTo', slot('contacts:PhoneNumber', 'MobilePhone'), '1'), ['Ewa']],
  ['one of several', is('IsEqualTo', field('item:Categories'), 'VIP'), ['jan']],
  [
    'both',
    `<t:And>${is('IsEqualTo', surname, 'Nowak')}${is('IsEqualTo', given, 'Anna')}</t:And>`,
    ['Anna'],
  ],
  [
    'either',
    `<t:Or>${is('IsEqualTo', given, 'Ewa')}${is('IsEqualTo', given, 'Anna')}</t:Or>`,
    ['Anna', 'Ewa'],
  ],
  ['later', is('IsGreaterThan', field('contacts:Birthday'), '1985-01-01T00:00:00Z'), ['Anna']],
  ['a beginning', contains(surname, 'no', 'Prefixed', 'IgnoreCase'), ['Anna', 'jan']],
  ['a part, in its case', contains(surname, 'NOW', 'Substring', 'Exact'), []],
  ['without diacritics', contains(surname, 'zak', 'FullString', 'Loose'), []],
  [
    'without diacritics, loosely',
    contains(surname, 'Zak', 'FullString', 'IgnoreNonSpacingCharacters'),
    ['Ewa'],
  ],
  ['in the body', contains(field('item:Body'), 'note', 'Substring', 'Exact'), ['jan']],
  [
    'two fields that are equal',
    `<t:IsEqualTo>${given}<t:FieldURIOrConstant>${surname}</t:FieldURIOrConstant></t:IsEqualTo>`,
    [],
  ],
] as const

test.each(restrictions)('a restriction finds %s', async (_, restriction, wanted) => {
  const more = given
  const answer = await anna.ask(findItem(fewId, { restriction, more }))
  expect(texts(answer, 'GivenName')).toEqual(wanted)
})

test('a dictionary as a whole cannot be searched', async () => {
  const restriction = is('IsEqualTo', field('contacts:PhoneNumbers'), '1')
  const answer = await anna.ask(findItem(fewId, { restriction }))
  expect(codes(answer)).toEqual(['ErrorUnsupportedPathForQuery'])
})

const by = (path: string, order = 'Ascending') =>
  `<t:FieldOrder Order="${order}">${path}</t:FieldOrder>`
const orders = [
  ['nothing: the newest first', undefined, ['Anna', 'jan', 'Ewa']],
  ['a name', by(given), ['Anna', 'Ewa', 'jan']],
  ['a name, downwards', by(given, 'Descending'), ['jan', 'Ewa', 'Anna']],
  ['one name, then another', by(surname) + by(given, 'Descending'), ['jan', 'Anna', 'Ewa']],
  ['a stamp', by(STAMP_PATH, 'Descending'), ['jan', 'Anna', 'Ewa']],
  ['a date', by(field('contacts:Birthday'), 'Descending'), ['Anna', 'Ewa', 'jan']],
] as const

test.each(orders)('items are sorted by %s', async (_, sort, wanted) => {
  const answer = await anna.ask(findItem(fewId, { more: given, ...(sort && { sort }) }))
  expect(texts(answer, 'GivenName')).toEqual(wanted)
})

test('long texts are cut, and bodies and attachments do not come at all', async () => {
  const folder = exchange.store.mailbox('anna@corp.example').createFolder('Contacts/Long')
  folder.create({ GivenName: 'x'.repeat(300), Body: 'a note' })
  const id = `<t:FolderId Id="${folder.id()}"/>`
  const more = field('item:Body')
  const answer = await anna.ask(findItem(id, { shape: 'AllProperties', more }))
  expect(texts(answer, 'GivenName')).toEqual(['x'.repeat(255)])
  expect(all(answer, 'Body')).toEqual([])
  expect(all(answer, 'Attachments')).toEqual([])
})

const refusals = [
  ['no entries', { view: page(0, 0) }, 'ErrorInvalidPagingMaxRows'],
  ['a negative offset', { view: page(-1, 5) }, 'ErrorInvalidIndexedPagingParameters'],
  [
    'an impossible fraction',
    { view: '<m:FractionalPageItemView Numerator="3" Denominator="2"/>' },
    'ErrorInvalidFractionalPagingParameters',
  ],
  ['a property of folders', { more: field('folder:DisplayName') }, 'ErrorInvalidPropertyRequest'],
] as const

test.each(refusals)('%s is refused', async (_, finding, code) => {
  expect(codes(await anna.ask(findItem(fewId, finding)))).toEqual([code])
})

test('there are no associated items', async () => {
  const answer = await anna.ask(findItem(fewId, { traversal: 'Associated' }))
  expect(first(answer, 'RootFolder').attributes.TotalItemsInView).toBe('0')
})
