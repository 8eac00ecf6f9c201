// The three-way merge, field by field, and what counts as an edit at all.
import { describe, expect, test } from 'vitest'
import {
  bodyField,
  dateField,
  emailField,
  setField,
  textField,
} from '../../controller/core/fields.ts'
import { digestOf, type ItemId, type ReplicaId, type Version } from '../../controller/core/id.ts'
import { canonicalItem, type Field, type Item, type Value } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { changed, changesOf, type Edit, merged } from '../../controller/core/merge.ts'

const base: Item = {
  GivenName: 'Ewa',
  Surname: 'Żak',
  DisplayName: 'Ewa Żak',
  FileAs: 'Żak, Ewa',
  'Phone:MobilePhone': '1',
  Categories: ['a', 'b'],
  'Address:Business': { Street: 'Długa 1', City: 'Gdańsk' },
}

function edit(replica: string, set: Item, clear: readonly string[] = [], on: Item = base): Edit {
  const after: Record<string, Value> = { ...on, ...set }
  for (const field of clear) delete after[field]
  const found = { id: replica as ItemId, version: 'v' as Version, item: after }
  const changes = changesOf(contact, found, on, {})
  return {
    replica: replica as ReplicaId,
    hub: replica === 'hub',
    base: on,
    changes,
    view: changed(on, changes),
    modifiedMs: 0,
  }
}

const merge = (...edits: readonly Edit[]) => merged(contact, 'HubWins', base, 0, edits)

describe('merging', () => {
  test('edits of different fields both survive', () => {
    const { item, conflicts } = merge(
      edit('ann', { 'Phone:MobilePhone': '2' }),
      edit('bob', { JobTitle: 'Boss' }),
    )
    expect(item).toMatchObject({ 'Phone:MobilePhone': '2', JobTitle: 'Boss' })
    expect(conflicts).toEqual([])
  })

  test('one clears a field, another edits a second one', () => {
    const { item } = merge(
      edit('ann', {}, ['Phone:MobilePhone']),
      edit('bob', { JobTitle: 'Boss' }),
    )
    expect(item['Phone:MobilePhone']).toBeUndefined()
    expect(item.JobTitle).toBe('Boss')
  })

  test('one address is one field: half of one and half of another is nobody’s', () => {
    const ann = { 'Address:Business': { Street: 'Krótka 2', City: 'Gdańsk' } }
    const hub = { 'Address:Business': { Street: 'Długa 1', City: 'Sopot' } }
    const { item, conflicts } = merge(edit('ann', ann), edit('hub', hub))
    expect(item['Address:Business']).toEqual(hub['Address:Business'])
    expect(conflicts).toEqual([{ field: 'Address:Business', losers: ['ann'], agreedLost: false }])
  })

  test('of a set, what one adds and another removes both happen', () => {
    const { item, conflicts } = merge(
      edit('ann', { Categories: ['a', 'b', 'c'] }),
      edit('bob', { Categories: ['b'] }),
    )
    expect(item.Categories).toEqual(['b', 'c'])
    expect(conflicts).toEqual([])
  })

  test('what a server derives follows its sources and is never a conflict', () => {
    const ann = edit('ann', { GivenName: 'Eva', DisplayName: 'Eva Żak', FileAs: 'Żak, Eva' })
    const bob = edit('bob', { Surname: 'Zak', DisplayName: 'Ewa Zak', FileAs: 'Zak, Ewa' })
    const { item, conflicts } = merge(ann, bob)
    expect(item).toMatchObject({
      GivenName: 'Eva',
      Surname: 'Zak',
      DisplayName: 'Eva Zak',
      FileAs: 'Zak, Eva',
    })
    expect(conflicts.map(({ field }) => field)).not.toContain('DisplayName')
  })

  test('a rename leaves the title in the name that is shown, also where a server drops it', () => {
    const doctor: Item = { ...base, DisplayNamePrefix: 'Dr.', DisplayName: 'Dr. Ewa Żak' }
    const ann = edit('ann', { Surname: 'Zak', DisplayName: 'Ewa Zak' }, [], doctor)
    const { item } = merged(contact, 'HubWins', doctor, 0, [ann])
    expect(item).toMatchObject({ DisplayNamePrefix: 'Dr.', DisplayName: 'Dr. Ewa Zak' })
    const alone = edit('ann', { DisplayName: 'Ewa Żak' }, [], doctor)
    expect(merged(contact, 'HubWins', doctor, 0, [alone]).item.DisplayName).toBe('Ewa Żak')
  })

  test('of values that are the same the hub’s form is taken', () => {
    const { item, conflicts } = merge(
      edit('ann', { JobTitle: 'Boss' }),
      edit('hub', { JobTitle: 'Boss ' }),
    )
    expect(item.JobTitle).toBe('Boss ')
    expect(conflicts).toEqual([])
  })

  test('of several edits the latest tells when it was edited', () => {
    const { editedMs } = merge(
      { ...edit('ann', { JobTitle: 'Boss' }), modifiedMs: 7 },
      { ...edit('bob', { Department: 'HR' }), modifiedMs: 5 },
    )
    expect(editedMs).toBe(7)
  })

  test('clearing and editing one field is a conflict', () => {
    const { item, conflicts } = merge(
      edit('hub', {}, ['Phone:MobilePhone']),
      edit('ann', { 'Phone:MobilePhone': '9' }),
    )
    expect(item['Phone:MobilePhone']).toBeUndefined()
    expect(conflicts).toEqual([{ field: 'Phone:MobilePhone', losers: ['ann'], agreedLost: false }])
  })

  test('a blind edit of another field than the one that moved merges', () => {
    const old: Item = { ...base, JobTitle: 'old' }
    const now: Item = { ...base, JobTitle: 'new' }
    const blind = edit('ann', { 'Phone:MobilePhone': '2' }, [], old)
    const { item, conflicts } = merged(contact, 'HubWins', now, 0, [blind])
    expect(item).toMatchObject({ JobTitle: 'new', 'Phone:MobilePhone': '2' })
    expect(conflicts).toEqual([])
  })
})

describe('what counts as an edit', () => {
  const found = (item: Item) => ({ id: 'i' as ItemId, version: 'v' as Version, item })

  test('a field that shows what it showed when it was written down is unchanged', () => {
    const shown = { FileAs: digestOf(textField.canonical('EWA ŻAK')) }
    expect([...changesOf(contact, found({ ...base, FileAs: 'EWA ŻAK' }), base, shown)]).toEqual([])
    expect([
      ...changesOf(contact, found({ ...base, FileAs: 'other' }), base, shown).keys(),
    ]).toEqual(['FileAs'])
  })

  const rewritten: readonly (readonly [string, Field, Value, Value])[] = [
    ['white space around a text', textField, ' Ewa ', 'Ewa'],
    ['line ends', textField, 'a\r\nb', 'a\nb'],
    ['how an accent is composed', textField, 'Z\u0307ak', 'Żak'],
    ['characters that XML cannot carry', textField, 'E\u0001wa', 'Ewa'],
    ['a date’s notation', dateField, '1980-05-12T00:00:00.000+00:00', '1980-05-12T00:00:00Z'],
    ['11:59Z, as the protocol has it', dateField, '1980-05-12T11:59:00Z', '1980-05-12T00:00:00Z'],
    [
      'midnight where the client is, east',
      dateField,
      '1980-05-11T22:00:00Z',
      '1980-05-12T00:00:00Z',
    ],
    ['… by half a day', dateField, '1980-05-11T12:00:00Z', '1980-05-12T00:00:00Z'],
    ['… west', dateField, '1980-05-12T08:00:00Z', '1980-05-12T00:00:00Z'],
    ['a zone', dateField, '1980-05-12T00:00:00+02:00', '1980-05-12'],
    ['a time without a zone', dateField, '1980-05-12T00:00:00', '1980-05-12T00:00:00Z'],
    [
      'a day beside the time, which decides',
      dateField,
      { utc: '1980-05-11T11:00:00Z', local: '1980-05-12T00:00:00Z' },
      '1980-05-12T11:59:00Z',
    ],
    [
      'a day beside the time that is none',
      dateField,
      { utc: '1980-05-11T22:00:00Z', local: 'never' },
      '1980-05-12T00:00:00Z',
    ],
    [
      '… or the zero of Windows',
      dateField,
      { utc: '1980-05-11T22:00:00Z', local: '1601-01-01T00:00:00Z' },
      '1980-05-12T00:00:00Z',
    ],
    ['the order of a set', setField, ['b', 'a'], ['a', 'b']],
    [
      'an address as its own display name',
      emailField,
      { address: 'a@b.c', name: 'a@b.c' },
      { address: 'A@b.c', routingType: 'SMTP' },
    ],
    [
      'the wrapper around HTML',
      bodyField,
      { type: 'HTML', text: '<html><head><meta x></head><body><p><b>x</b></p>\r\n</body></html>' },
      { type: 'HTML', text: '<p><b>x</b></p>' },
    ],
    [
      'text turned into HTML',
      bodyField,
      { type: 'HTML', text: '<html><body><div>a &amp; b</div></body></html>' },
      { type: 'Text', text: 'a & b\r\n' },
    ],
    ['an empty note', bodyField, { type: 'Text', text: ' \r\n' }, ''],
    [
      'the empty paragraph that Outlook leaves',
      bodyField,
      {
        type: 'HTML',
        text: '<HTML><HEAD><style>p {}</style></HEAD><BODY><p class="x"><span lang=PL><o:p>&nbsp;</o:p></span></p></BODY></HTML>',
      },
      '',
    ],
    [
      'a comment, also one that speaks of a head',
      bodyField,
      { type: 'HTML', text: '<!-- </head> --><head ><title>t</title></head ><b>x</b>' },
      { type: 'HTML', text: '<b>x</b>' },
    ],
  ]
  test.each(rewritten)('not: %s', (_what, field, one, other) => {
    expect(field.canonical(one)).toBe(field.canonical(other))
  })

  const different: readonly (readonly [string, Field, Value, Value])[] = [
    ['the day before', dateField, '1980-05-11T11:59:00Z', '1980-05-12T00:00:00Z'],
    [
      'another day beside the same time',
      dateField,
      { utc: '1980-05-11T22:00:00Z', local: '1980-05-11T00:00:00Z' },
      '1980-05-11T22:00:00Z',
    ],
    ['a picture', bodyField, { type: 'HTML', text: '<p><img src="cid:1"></p>' }, ''],
    ['what only looks like a head', bodyField, { type: 'HTML', text: '<header>x</header>' }, 'x'],
    ['a tag that does not end', bodyField, { type: 'HTML', text: '<b>x</b><html' }, '<b>x</b>'],
  ]
  test.each(different)('but: %s', (_what, field, one, other) => {
    expect(field.canonical(one)).not.toBe(field.canonical(other))
  })

  // Were any step quadratic, the run would end at the time-out.
  test.each(['<!--', '<head', '<html', '<p', '</p ', '<', '&a', '&#x', '<br  ', '\r', '<b>'])(
    'a note of a megabyte of %j is compared in one go',
    (piece) => {
      const text = piece.repeat(1_000_000 / piece.length)
      expect(bodyField.canonical({ type: 'HTML', text })).toBeTypeOf('string')
    },
  )

  test('bold is', () => {
    expect(bodyField.canonical({ type: 'HTML', text: '<b>x</b>' })).not.toBe(
      bodyField.canonical({ type: 'Text', text: 'x' }),
    )
  })

  test('not: what a server derives', () => {
    expect(canonicalItem(contact, { ...base, DisplayName: 'ŻAK Ewa' })).toBe(
      canonicalItem(contact, base),
    )
  })

  test('what an item seen for the first time lacks says nothing', () => {
    const changes = changesOf(contact, found({ GivenName: 'Eva' }), base, {}, true)
    expect([...changes.keys()]).toEqual(['GivenName'])
  })

  test('two people of the same name are not equal', () => {
    expect(canonicalItem(contact, base)).not.toBe(
      canonicalItem(contact, { ...base, 'Phone:MobilePhone': '2' }),
    )
  })
})
