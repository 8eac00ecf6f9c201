// Which entries are asked for, and for which of their fields, so that chosen changes of one contact are undone.
import { describe, expect, test } from 'vitest'
import type { LinkId, ReplicaId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { backTo, type Entry, hashOfPlan, undoingOf } from '../../controller/core/undo.ts'

const link = 'link' as LinkId
const edit = (n: number, by: string, fields: string, item: Item): Entry => ({
  n,
  link,
  replica: by as ReplicaId,
  reason: 'Edited',
  fields: fields.split(' '),
  item,
})
const gone = (n: number, by: string, item: Item): Entry => ({
  ...edit(n, by, '', item),
  reason: 'Deleted',
  fields: [],
})
const asked = (entries: readonly Entry[]) =>
  entries.map(({ n, fields }) => [n, fields.join(' ')].join(' ').trim())

/** A contact whose title ann set, whose department bob set, and whose title ann set once more. */
const start = { Surname: 'Ż', JobTitle: '0' }
const titled = { ...start, JobTitle: '1' }
const placed = { ...titled, Department: 'D' }
const now = { ...placed, JobTitle: '2' }
const one = edit(1, 'ann', 'JobTitle', start)
const two = edit(2, 'bob', 'Department', titled)
const three = edit(3, 'ann', 'JobTitle', placed)

describe('by number', () => {
  test.each<[string, Item | undefined, readonly Entry[], readonly string[]]>([
    ['one edit', now, [three], ['3 JobTitle']],
    [
      'all edits: from the oldest, which has all of it',
      now,
      [three, one, two],
      ['1 Department JobTitle'],
    ],
    ['two of one field: the oldest counts', now, [one, three], ['1 JobTitle']],
    ['what is there already', start, [one], []],
    ['an older edit of a field is undone whatever came later', now, [one], ['1 JobTitle']],
    ['a deleted contact, from its delete', undefined, [gone(4, 'bob', now)], ['4']],
    [
      'a deleted contact, from before all edits',
      undefined,
      [gone(4, 'bob', now), one, two, three],
      ['1'],
    ],
    ['a deleted contact of which only an edit is named', undefined, [three], ['3']],
    [
      'a deleted contact that is there again gets what it had',
      start,
      [gone(4, 'bob', now)],
      ['4 Department JobTitle'],
    ],
    [
      'the same, and nothing that is new since goes',
      { ...now, Body: 'x' },
      [gone(4, 'bob', now)],
      [],
    ],
    [
      'a field that only follows others',
      { ...start, DisplayName: 'b' },
      [edit(1, 'ann', 'DisplayName', start)],
      [],
    ],
  ])('%s', (_, current, chosen, sources) => {
    const undoing = undoingOf(contact, current, chosen)
    expect([asked(undoing.sources), undoing.left]).toEqual([sources, []])
  })

  test('of fields from several times each comes from an entry that has it', () => {
    // Between the two somebody, who is not undone, set the company.
    const item = { ...start, CompanyName: 'new' }
    const later = edit(5, 'ann', 'CompanyName Department', { ...item, Department: 'later' })
    const undoing = undoingOf(contact, now, [edit(1, 'ann', 'JobTitle', start), later])
    expect(asked(undoing.sources)).toEqual(['5 CompanyName Department JobTitle'])
    const other = edit(5, 'ann', 'CompanyName', { ...item, JobTitle: 'x' })
    const both = undoingOf(contact, { ...now, CompanyName: 'y' }, [one, other])
    expect(asked(both.sources)).toEqual(['1 JobTitle', '5 CompanyName'])
  })

  test('a deleted contact comes from the oldest entry, and differing fields from the others', () => {
    const last = gone(6, 'ann', { ...now, CompanyName: 'kept' })
    const undoing = undoingOf(contact, undefined, [one, last])
    expect(asked(undoing.sources)).toEqual(['1', '6 CompanyName Department'])
  })
})

describe('where others edited since', () => {
  const left = (undoing: ReturnType<typeof undoingOf>) =>
    undoing.left.map(({ fields, by }) => `${fields.join(' ')} ${by?.replica} ${by?.n}`.trim())
  test.each<[string, Item | undefined, readonly Entry[], readonly Entry[], string[], string[]]>([
    ['other fields', now, [one, three], [two], ['1 JobTitle'], []],
    ['the field', now, [one], [three], [], ['JobTitle ann 3']],
    ['the field, between two of the chosen: down to that', now, [three], [one], ['3 JobTitle'], []],
    [
      'the field, between two of the chosen',
      now,
      [one, three],
      [edit(2, 'bob', 'JobTitle', titled)],
      ['3 JobTitle'],
      [],
    ],
    ['and came to the same', start, [one], [three], [], []],
    ['and the contact is deleted', undefined, [one], [gone(4, 'bob', now)], [], ['bob 4']],
    [
      'and it was deleted by the chosen',
      undefined,
      [one, gone(4, 'ann', now)],
      [two],
      ['1 ', '4 Department'],
      [],
    ],
    [
      'and it was deleted once more',
      undefined,
      [gone(4, 'ann', now)],
      [gone(5, 'bob', now)],
      [],
      ['bob 5'],
    ],
    ['and the deleted contact is there again', start, [gone(4, 'ann', now)], [], [], []],
    ['and it is gone, and nobody knows why', undefined, [one], [], [], ['undefined undefined']],
  ])('%s', (_, current, chosen, others, sources, spared) => {
    const undoing = undoingOf(contact, current, chosen, others)
    expect([asked(undoing.sources), left(undoing)]).toEqual([
      sources.map((each) => each.trim()),
      spared,
    ])
  })
})

describe('back to a moment', () => {
  test.each<[string, Item | undefined, Item, readonly string[]]>([
    ['what differs', now, start, ['1 Department JobTitle']],
    ['nothing differs', start, start, []],
    ['only what servers derive', { ...start, Culture: 'pl' }, start, []],
    ['a deleted contact', undefined, start, ['1']],
  ])('%s', (_, current, then, sources) => {
    expect(asked(backTo(contact, current, edit(1, 'ann', 'JobTitle', then)))).toEqual(sources)
  })
})

test('the hash is of what is asked for, of which contacts, and of what is agreed of them', () => {
  const ask = { n: 1, link, revision: 1, fields: ['JobTitle'] }
  const other = { ...ask, n: 2 }
  const hash = hashOfPlan([ask, other])
  expect(hash).toMatch(/^[\w-]{12}$/)
  expect(hashOfPlan([other, ask])).toBe(hash)
  for (const changed of [{ revision: 2 }, { fields: [] }, { n: 3 }, { link: 'x' as LinkId }])
    expect(hashOfPlan([{ ...ask, ...changed }, other])).not.toBe(hash)
})
