// Whose edit replaced which fields of what was agreed, and which of that the guard counts.
import { expect, test } from 'vitest'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type {
  Copy,
  Found,
  Link,
  Observation,
  Restoration,
  Role,
  Rules,
} from '../../controller/core/model.ts'
import { planOf } from '../../controller/core/plan.ts'
import type { Policy } from '../../controller/core/policy.ts'
import { historyOf } from '../../controller/core/record.ts'
import { restorer } from '../../controller/core/restore.ts'
import { rowsOf, type View } from '../../controller/core/rows.ts'
import { finished } from '../../controller/core/work.ts'

const ids = ['hub', 'ann', 'bob'].map((id) => id as ReplicaId)
const [hub, ann] = ids as [ReplicaId, ReplicaId]
const roles: readonly Role[] = ids.map((id) => ({
  id,
  hub: id === 'hub',
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}))
const agreed: Item = {
  GivenName: 'Ewa',
  Surname: 'Żak',
  DisplayName: 'Ewa Żak',
  JobTitle: 'Buyer',
  Department: 'Oboes',
  Categories: ['one'],
}

type World = Readonly<{
  /** What each shows by now of the one contact; who is not there shows what was agreed. */
  shown: Readonly<Record<string, Item>>
  policy?: Policy
  /** How a copy is written down, and what is known of the link. */
  copies?: Readonly<Record<string, Partial<Copy>>>
  link?: Partial<Link>
  roles?: readonly Role[]
  view?: Partial<View>
}>

function stepOf({
  shown,
  policy = 'HubWins',
  copies = {},
  link: more = {},
  roles: as = roles,
  view = {},
}: World) {
  const copy = (id: ReplicaId): Copy => ({
    id: `${id}/1` as ItemId,
    version: 'v1' as Version,
    revision: 2,
    shown: {},
    codec: contact.codec,
    ...copies[id],
  })
  const link: Link = {
    id: 'link' as LinkId,
    revision: 2,
    agreed,
    bases: new Map(),
    copies: new Map(ids.map((id) => [id, copy(id)])),
    aliases: [],
    declined: new Set(),
    ...more,
  }
  const observations = new Map<ReplicaId, Observation>(
    ids.map((id) => {
      const item = shown[id]
      const found: Found = { id: `${id}/1` as ItemId, version: 'v2' as Version, item: item ?? {} }
      return [id, { state: 'seen', gone: [], changed: item === undefined ? [] : [found] }]
    }),
  )
  const rules: Rules = { group: 'ns/g' as GroupId, type: contact, roles: as, policy }
  const rows = finished(rowsOf(rules, { links: [link], observations, ...view }))
  const [step] = finished(planOf(rules, rows)).steps
  if (step === undefined) throw new Error('nothing follows')
  return step
}

const replaced = (world: World) =>
  stepOf(world).replaced.map(
    ({ replica, fields, counted }) =>
      `${replica} ${fields.join(' ')}${counted ? '' : ' uncounted'}`,
  )
const edited = (more: Item): Item => ({ ...agreed, ...more })
const without = (field: string): Item => {
  const { [field]: _, ...rest } = agreed
  return rest
}

test.each<readonly [string, World, readonly string[]]>([
  ['one edit', { shown: { ann: edited({ JobTitle: 'Director' }) } }, ['ann JobTitle']],
  ['a field that is taken away', { shown: { ann: without('JobTitle') } }, ['ann JobTitle']],
  [
    'a field that was not there',
    { shown: { ann: edited({ OfficeLocation: 'Kraków' }) } },
    ['ann OfficeLocation'],
  ],
  ['the hub’s', { shown: { hub: edited({ JobTitle: 'Director' }) } }, ['hub JobTitle']],
  [
    'edits of different fields, each by its own editor',
    { shown: { ann: edited({ JobTitle: '2' }), bob: edited({ Department: '2' }) } },
    ['ann JobTitle', 'bob Department'],
  ],
  [
    'one field that two edited, by who won it',
    { shown: { hub: edited({ JobTitle: '2' }), ann: edited({ JobTitle: '3', Department: '2' }) } },
    ['ann Department', 'hub JobTitle'],
  ],
  [
    '… the member',
    {
      policy: 'MemberWins',
      shown: { hub: edited({ JobTitle: '2' }), ann: edited({ JobTitle: '3' }) },
    },
    ['ann JobTitle'],
  ],
  [
    'a set that two changed, by both',
    { shown: { ann: edited({ Categories: ['one', 'two'] }), bob: edited({ Categories: [] }) } },
    ['ann Categories', 'bob Categories'],
  ],
  [
    'a derived field, by who changed what it is made of',
    {
      shown: {
        ann: edited({ GivenName: 'Eva', DisplayName: 'Eva Żak' }),
        hub: edited({ JobTitle: '2' }),
      },
    },
    ['ann DisplayName GivenName', 'hub JobTitle'],
  ],
  [
    'what lay in a folder that joins',
    {
      shown: { ann: edited({ JobTitle: '2', Department: 'Flutes', OfficeLocation: 'Kraków' }) },
      copies: { ann: { revision: 0 } },
    },
    ['ann OfficeLocation uncounted'],
  ],
  [
    'what a hub shows that was restored from a backup and only gives',
    {
      shown: { hub: edited({ JobTitle: 'old' }) },
      roles: roles.map((role) => (role.hub ? { ...role, receives: false } : role)),
      view: { rewound: new Map([[hub, 'all']]) },
    },
    ['hub JobTitle uncounted'],
  ],
  [
    'a field that a newer codec reads first',
    {
      shown: { ann: edited({ Hobbies: 'Chess' }) },
      copies: { ann: { codec: 1 } },
    },
    ['ann Hobbies uncounted'],
  ],
  [
    '… beside one that its user edited',
    {
      shown: { ann: edited({ Hobbies: 'Chess', JobTitle: '2' }) },
      copies: { ann: { codec: 1 } },
    },
    ['ann Hobbies JobTitle'],
  ],
])('%s', (_, world, told) => {
  expect([...replaced(world)].sort()).toEqual([...told].sort())
})

test('our own write, whose reply was lost, is nobody’s edit', () => {
  const bases = new Map([[1, edited({ JobTitle: 'old' })]])
  const world: World = {
    shown: { ann: agreed },
    copies: { ann: { revision: 1 } },
    link: { bases },
  }
  expect(stepOf(world).replaced).toEqual([])
})

test('a first sync replaces nothing, and neither does a deletion', () => {
  const link = { revision: 0, agreed: {} }
  const world = { shown: { hub: agreed, ann: edited({ JobTitle: '2' }) }, link }
  expect(
    stepOf({ ...world, copies: { hub: { revision: 0 }, ann: { revision: 0 } } }).replaced,
  ).toEqual([])
  const gone: Observation = { state: 'seen', changed: [], gone: ['ann/1' as ItemId] }
  const seen: Observation = { state: 'seen', changed: [], gone: [] }
  const observations = new Map(ids.map((id) => [id, id === ann ? gone : seen]))
  const step = stepOf({ shown: {}, view: { observations } })
  expect([step.agreed, step.replaced]).toEqual([undefined, []])
})

const wanted: Restoration = {
  n: 1,
  link: 'link' as LinkId,
  replica: ann,
  reason: 'Conflict',
  fields: ['JobTitle'],
  item: edited({ JobTitle: 'back' }),
  askedMs: 5,
}

test('what comes back from the bin keeps what it replaces itself, and the guard counts it as such', () => {
  const step = stepOf({ shown: {}, view: { restorations: [wanted] } })
  expect([step.replaced, step.restores, step.confirmed]).toEqual([[], true, false])
  expect(step.keeps).toMatchObject([{ replica: hub, reason: 'Restored', fields: ['JobTitle'] }])
  const beside = { shown: { ann: edited({ Department: '2' }) }, view: { restorations: [wanted] } }
  expect(replaced(beside)).toEqual(['ann Department'])
  const confirmed = { shown: {}, view: { restorations: [{ ...wanted, confirmed: true }] } }
  expect(stepOf(confirmed).confirmed).toBe(true)
})

test('the history has what was agreed, once for everybody who edited it, with what took its place', () => {
  const step = stepOf({
    shown: { ann: edited({ JobTitle: '2' }), bob: without('Department') },
  })
  const rows = historyOf(step, roles)
  expect(rows).toMatchObject([
    {
      link: 'link',
      replica: 'bob',
      reason: 'Edited',
      fields: ['Department'],
      item: agreed,
      won: {},
    },
    {
      link: 'link',
      replica: 'ann',
      reason: 'Edited',
      fields: ['JobTitle'],
      item: agreed,
      won: { JobTitle: '2' },
    },
  ])
  // Which loss it is stays the same when it is tried again.
  expect(new Set(rows.map(({ loss }) => loss)).size).toBe(1)
})

test('what the bin brought is the hub’s in the history', () => {
  const step = stepOf({ shown: {}, view: { restorations: [wanted] } })
  const replaced = [{ replica: restorer, fields: ['DisplayName'], counted: false }]
  expect(historyOf({ ...step, replaced }, roles)).toMatchObject([{ replica: hub }])
})
