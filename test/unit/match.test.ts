// First sync: which items are one. Ambiguous cases never double what is equal and never merge two people.
import { expect, test } from 'vitest'
import { contact } from '../../controller/core/contact.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Observation, Role } from '../../controller/core/link.ts'
import { planOf } from '../../controller/core/plan.ts'
import { rowsOf } from '../../controller/core/rows.ts'
import { groupMark, hubMark, type Stamp, sourceMark } from '../../controller/core/stamp.ts'

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

test.each(cases)('%s', (_story, hubItems, annItems, contacts, conflicts) => {
  const roles = [role(hub), role(ann)]
  const observations = new Map<ReplicaId, Observation>([
    [hub, seen('hub', hubItems)],
    [ann, seen('ann', annItems)],
  ])
  const plan = planOf(
    { type: contact, roles, policy: 'HubWins' },
    rowsOf({ group, type: contact, roles, links: [], observations }),
  )
  expect(plan.steps).toHaveLength(contacts)
  expect(plan.steps.flatMap((step) => step.conflicts)).toHaveLength(conflicts)
})

function seen(name: string, side: Side): Observation {
  const changed = side.map((each, index) => {
    const [item, stamp] = Array.isArray(each)
      ? (each as readonly [Item, Stamp])
      : [each as Item, undefined]
    return { id: `${name}/${index}` as ItemId, version: 'v' as Version, item, stamp }
  })
  return { state: 'seen', changed, gone: [] }
}
