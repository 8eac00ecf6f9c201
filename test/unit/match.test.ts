// First sync: which items are one. Ambiguous cases never double what is equal and never merge two people.
import { expect, test } from 'vitest'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Observation, Role, Rules } from '../../controller/core/model.ts'
import { planOf } from '../../controller/core/plan.ts'
import { rowsOf } from '../../controller/core/rows.ts'
import { groupMark, hubMark, type Stamp, sourceMark } from '../../controller/core/stamp.ts'
import type { Plan } from '../../controller/core/step.ts'
import { finished } from '../../controller/core/work.ts'

const group = 'ns/g' as GroupId
const hub = 'hub' as ReplicaId
const ann = 'ann' as ReplicaId
const role = (id: ReplicaId): Role => ({
  id,
  hub: id === hub,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
})

const person = (given: string, more: Item = {}): Item => ({
  GivenName: given,
  Surname: 'Żak',
  ...more,
})
const mail = (address: string): Item => ({ 'Email:EmailAddress1': { address } })
const reception: Item = { DisplayName: 'Reception', 'Phone:BusinessPhone': '100' }
const stamped = (source: string): Stamp => ({
  group: groupMark(group),
  link: 'l' as LinkId,
  source,
  hub: hubMark(hub),
})

type Side = readonly (Item | readonly [Item, Stamp])[]
type Case = readonly [story: string, hub: Side, ann: Side, contacts: number, conflicts: number]

const cases: readonly Case[] = [
  ['equal items are one', [person('Ewa')], [person('Ewa')], 1, 0],
  [
    'two equal entries on both sides stay two',
    [reception, reception],
    [reception, reception],
    2,
    0,
  ],
  ['two equal entries here, one there: one more', [reception, reception], [reception], 2, 0],
  [
    'the same address and name: one person, with a conflict',
    [person('Ewa', { ...mail('e@x.pl'), JobTitle: 'a' })],
    [person('Ewa', { ...mail('e@x.pl'), JobTitle: 'b' })],
    1,
    1,
  ],
  [
    'fields that only one side has are taken over',
    [person('Ewa', { ...mail('e@x.pl'), JobTitle: 'a' })],
    [person('Ewa', { ...mail('e@x.pl'), Department: 'b' })],
    1,
    0,
  ],
  [
    'the same address on two people',
    [person('Ewa', mail('office@x.pl'))],
    [person('Jan', mail('office@x.pl'))],
    2,
    0,
  ],
  [
    'the same address twice on one side is ambiguous',
    [
      person('Ewa', { ...mail('e@x.pl'), JobTitle: 'a' }),
      person('Ewa', { ...mail('e@x.pl'), JobTitle: 'b' }),
    ],
    [person('Ewa', { ...mail('e@x.pl'), JobTitle: 'c' })],
    3,
    0,
  ],
  [
    'the same address twice on the other side is ambiguous, too',
    [person('Ewa', { ...mail('e@x.pl'), JobTitle: 'c' })],
    [
      person('Ewa', { ...mail('e@x.pl'), JobTitle: 'a' }),
      person('Ewa', { ...mail('e@x.pl'), JobTitle: 'b' }),
    ],
    3,
    0,
  ],
  [
    'the same name and company',
    [person('Ewa', { CompanyName: 'A', JobTitle: 'a' })],
    [person('Ewa', { CompanyName: 'A', Department: 'b' })],
    1,
    0,
  ],
  [
    'the same name, no company, another phone',
    [person('Ewa', { 'Phone:MobilePhone': '600100200' })],
    [person('Ewa', { 'Phone:MobilePhone': '600999888' })],
    2,
    0,
  ],
  [
    'the same name, no company, the same phone',
    [person('Ewa', { 'Phone:MobilePhone': '600100200' })],
    [person('Ewa', { 'Phone:HomePhone': '+48 600 100 200' })],
    1,
    0,
  ],
  [
    'the same name, different addresses',
    [person('Ewa', mail('a@x.pl'))],
    [person('Ewa', mail('b@x.pl'))],
    2,
    0,
  ],
  [
    'a stamped copy is found again whatever it contains',
    [person('Ewa', { JobTitle: 'a' })],
    [[{ DisplayName: 'Somebody' }, stamped(sourceMark(hub, 'hub/0' as ItemId))]],
    1,
    0,
  ],
  [
    'a user’s copy of a copy is a second item',
    [person('Ewa')],
    [
      [person('Ewa'), stamped(sourceMark(hub, 'hub/0' as ItemId))],
      [person('Ewa'), stamped(sourceMark(hub, 'hub/0' as ItemId))],
    ],
    2,
    0,
  ],
  [
    'of two copies that name one source the equal one is it',
    [person('Ewa', { JobTitle: 'a' })],
    [
      [person('Ewa', { JobTitle: 'b' }), stamped(sourceMark(hub, 'hub/0' as ItemId))],
      [person('Ewa', { JobTitle: 'a' }), stamped(sourceMark(hub, 'hub/0' as ItemId))],
    ],
    2,
    0,
  ],
  [
    'a copy is its source’s, even where it was made to look like another',
    [person('Jan'), person('Ewa')],
    [[person('Ewa'), stamped(sourceMark(hub, 'hub/0' as ItemId))]],
    2,
    1,
  ],
  [
    'a copy that another group over the same hub made is of the same item',
    [person('Ewa')],
    [[{ DisplayName: 'Somebody' }, { ...stamped(sourceMark(hub, 'hub/0' as ItemId)), group: 'x' }]],
    1,
    0,
  ],
  [
    'a copy of another hub’s item is not brought here',
    [person('Ewa')],
    [[person('Jan'), { ...stamped('elsewhere'), group: 'x', hub: 'another' }]],
    1,
    0,
  ],
]

const acme = (more: Item = {}): Item => ({ CompanyName: 'Acme', DisplayName: 'Acme', ...more })
const tel = (number: string): Item => ({ 'Phone:BusinessPhone': number })
const mobile = (number: string): Item => ({ 'Phone:MobilePhone': number })
const town = (City: string, Street = 'Długa 1', place = 'Business'): Item => ({
  [`Address:${place}`]: { City, Street },
})

/** One entry in the hub, one with Ann: are they one? */
type Pair = readonly [story: string, hub: Item, ann: Item, contacts: 1 | 2]

// biome-ignore format: a table
const neighbours: readonly Pair[] = [
  // A firm's name alone.
  ['two departments of one firm', acme({ Department: 'Sales', ...tel('58 100 10 01') }), acme({ Department: 'Service', ...tel('58 100 10 02') }), 2],
  ['… with one switchboard', acme({ Department: 'Sales', ...tel('58 100 10 00') }), acme({ Department: 'Service', ...tel('58 100 10 00') }), 2],
  ['… with one address', acme({ Department: 'Sales', ...mail('info@acme.pl') }), acme({ Department: 'Service', ...mail('info@acme.pl') }), 2],
  ['a firm and a department of it', acme(tel('58 100 10 00')), acme({ Department: 'Sales', ...tel('58 100 10 00') }), 2],
  ['two branches of one firm', acme({ ...tel('58 100 10 00'), ...town('Gdańsk') }), acme({ ...tel('12 200 20 00'), ...town('Kraków') }), 2],
  ['… with one hotline', acme({ ...tel('801 100 100'), ...town('Gdańsk') }), acme({ ...tel('801 100 100'), ...town('Kraków') }), 2],
  ['… in one town', acme({ ...tel('801 100 100'), ...town('Gdańsk') }), acme({ ...tel('801 100 100'), ...town('Gdańsk', 'Krótka 2') }), 2],
  ['… with one address for e-mail', acme({ ...mail('info@acme.pl'), ...town('Gdańsk') }), acme({ ...mail('info@acme.pl'), ...town('Kraków') }), 2],
  ['two switchboards of one firm', acme(tel('58 100 10 00')), acme(tel('58 200 20 00')), 2],
  ['two extensions', acme(tel('100')), acme(tel('200')), 2],
  ['a firm with a note here, and another there', acme({ JobTitle: 'x' }), acme({ Profession: 'y' }), 2],
  ['one firm, one number', acme({ ...tel('58 100 10 00'), JobTitle: 'x' }), acme({ ...tel('+48 58 100 10 00'), Profession: 'y' }), 1],
  ['one firm, one address', acme({ ...mail('info@acme.pl'), JobTitle: 'x' }), acme(mail('info@acme.pl')), 1],
  ['a firm by its main number', acme({ 'Phone:CompanyMainPhone': '58 100 10 00', JobTitle: 'x' }), acme({ 'Phone:CompanyMainPhone': '58 100 10 00' }), 1],
  // A firm and people.
  ['a firm and a person with its address', acme(mail('info@acme.pl')), person('Ewa', { CompanyName: 'Acme', ...mail('info@acme.pl') }), 2],
  ['a person whose firm has the same name', person('Ewa', { CompanyName: 'Ewa Żak', JobTitle: 'x' }), person('Ewa', { CompanyName: 'Ewa Żak', ...tel('58 100 10 00') }), 1],
  ['two people behind one address', person('Ewa', mail('info@acme.pl')), person('Jan', mail('info@acme.pl')), 2],
  ['two people behind one switchboard', person('Ewa', { CompanyName: 'Acme', 'Phone:CompanyMainPhone': '58 100 10 00' }), person('Jan', { CompanyName: 'Acme', 'Phone:CompanyMainPhone': '58 100 10 00' }), 2],
  ['namesakes behind one switchboard', person('Ewa', { 'Phone:CompanyMainPhone': '58 100 10 00', ...mobile('600 100 100') }), person('Ewa', { 'Phone:CompanyMainPhone': '58 100 10 00', ...mobile('600 200 200') }), 2],
  ['namesakes in two departments, with other numbers', person('Ewa', { CompanyName: 'Acme', Department: 'Sales', ...mobile('600 100 100') }), person('Ewa', { CompanyName: 'Acme', Department: 'Service', ...mobile('600 200 200') }), 2],
  ['a colleague with a new number', person('Ewa', { CompanyName: 'Acme', ...mobile('600 100 100') }), person('Ewa', { CompanyName: 'Acme', ...mobile('600 200 200') }), 1],
  ['a colleague in another department', person('Ewa', { CompanyName: 'Acme', Department: 'Sales' }), person('Ewa', { CompanyName: 'Acme', Department: 'Service' }), 1],
  ['two receptions of one firm', { ...reception, ...acme({ DisplayName: 'Reception', ...tel('100') }) }, acme({ DisplayName: 'Reception', ...tel('200') }), 2],
  ['one reception, told more of here', acme({ DisplayName: 'Reception', ...tel('100'), JobTitle: 'x' }), acme({ DisplayName: 'Reception', ...tel('100') }), 1],
  // Families.
  ['a couple with one address', person('Ewa', { ...mail('zak@x.pl'), ...mobile('600 100 100') }), person('Jan', { ...mail('zak@x.pl'), ...mobile('600 200 200') }), 2],
  ['a couple with one telephone', person('Ewa', { 'Phone:HomePhone': '58 100 10 00' }), person('Jan', { 'Phone:HomePhone': '58 100 10 00' }), 2],
  ['father and son by what follows the name', person('Jan', { ...mail('zak@x.pl'), Generation: 'Sr.' }), person('Jan', { ...mail('zak@x.pl'), Generation: 'Jr.' }), 2],
  ['father and son by their birthdays', person('Jan', { ...mail('zak@x.pl'), Birthday: '1950-05-12' }), person('Jan', { ...mail('zak@x.pl'), Birthday: '1980-05-12' }), 2],
  ['one birthday in two notations', person('Jan', { ...mail('zak@x.pl'), Birthday: '1980-05-12T11:59:00Z' }), person('Jan', { ...mail('zak@x.pl'), Birthday: '1980-05-11T22:00:00Z' }), 1],
  ['two middle names', person('Jan', { ...mail('zak@x.pl'), MiddleName: 'Adam' }), person('Jan', { ...mail('zak@x.pl'), MiddleName: 'Piotr' }), 2],
  ['a middle name and its initial', person('Jan', { ...mail('zak@x.pl'), MiddleName: 'Adam' }), person('Jan', { ...mail('zak@x.pl'), MiddleName: 'A.' }), 1],
  ['a family’s entry and one of the family', { Surname: 'Żak', ...mail('zak@x.pl'), 'Phone:HomePhone': '58 100 10 00' }, person('Ewa', { ...mail('zak@x.pl'), ...mobile('600 100 100') }), 2],
  ['a surname, and the same with a given name', { Surname: 'Żak', ...mail('zak@x.pl') }, person('Ewa', mail('zak@x.pl')), 1],
  ['two identity numbers', person('Jan', { GovernmentIdNumber: '80051200001' }), person('Jan', { GovernmentIdNumber: '50051200001' }), 2],
  // Names and nothing else.
  ['namesakes in two towns', person('Jan', town('Gdańsk', 'Długa 1', 'Home')), person('Jan', town('Kraków', 'Długa 1', 'Home')), 2],
  ['one who moved, with the same number', person('Jan', { ...mobile('600 100 100'), ...town('Gdańsk', 'Długa 1', 'Home') }), person('Jan', { ...mobile('600 100 100'), ...town('Kraków', 'Długa 1', 'Home') }), 1],
  ['a name in one piece and in two', { DisplayName: 'Ewa Żak', JobTitle: 'x' }, person('Ewa', tel('58 100 10 00')), 1],
  ['an address without a name, and a person', { DisplayName: 'e@x.pl', ...mail('e@x.pl') }, person('Ewa', mail('e@x.pl')), 1],
  ['… whose numbers differ', { DisplayName: 'e@x.pl', ...mail('e@x.pl'), ...mobile('600 200 200') }, person('Ewa', { ...mail('e@x.pl'), ...mobile('600 100 100') }), 2],
]

test.each(neighbours)('one or two: %s', (_story, hubItem, annItem, contacts) => {
  for (const [one, other] of [
    [hubItem, annItem],
    [annItem, hubItem],
  ] as const) {
    expect(planned([one], [other]).steps).toHaveLength(contacts)
  }
})

test.each(cases)('%s', (_story, hubItems, annItems, contacts, conflicts) => {
  const plan = planned(hubItems, annItems)
  expect(plan.steps).toHaveLength(contacts)
  expect(plan.steps.flatMap((step) => step.conflicts)).toHaveLength(conflicts)
})

function planned(hubItems: Side, annItems: Side): Plan {
  const roles = [role(hub), role(ann)]
  const observations = new Map<ReplicaId, Observation>([
    [hub, seen('hub', hubItems)],
    [ann, seen('ann', annItems)],
  ])
  const rules: Rules = { group, type: contact, roles, policy: 'HubWins' }
  return finished(planOf(rules, finished(rowsOf(rules, { links: [], observations }))))
}

function seen(name: string, side: Side): Observation {
  const changed = side.map((each, index) => {
    const [item, stamp] = Array.isArray(each)
      ? (each as readonly [Item, Stamp])
      : [each as Item, undefined]
    return { id: `${name}/${index}` as ItemId, version: 'v' as Version, item, stamp }
  })
  return { state: 'seen', changed, gone: [] }
}
