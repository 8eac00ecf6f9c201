// The decision table: what was agreed, what each replica shows, and what follows. Drawn as the world is:
//
//   1      shows content 1            -      shows nothing
//   ?      could not be read          1^     holds 1, which is behind what was agreed
//   1^3    held 1, which is behind, and was edited to 3        1^-    … and was deleted
//
// and what follows: hub=2 an update, bob+2 a create, jan- a delete, keep:ann:3 saved first (whose it
// was, or who deleted it).
// jan only receives; ann and bob write.
import { describe, expect, test } from 'vitest'
import { doubted, shownOf } from '../../controller/core/deviation.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type {
  Copy,
  Found,
  Link,
  Observation,
  Role,
  Rules,
  Shown,
} from '../../controller/core/model.ts'
import { planOf } from '../../controller/core/plan.ts'
import type { Policy } from '../../controller/core/policy.ts'
import { rowsOf } from '../../controller/core/rows.ts'
import type { Action, Plan, Step } from '../../controller/core/step.ts'
import { finished } from '../../controller/core/work.ts'

const group = 'ns/g' as GroupId
const names = ['hub', 'ann', 'bob', 'jan'] as const
const roles: readonly Role[] = names.map((name) => ({
  id: name as string as ReplicaId,
  hub: name === 'hub',
  writes: name !== 'jan',
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}))

type Case = readonly [
  story: string,
  was: string,
  hub: string,
  ann: string,
  bob: string,
  jan: string,
  then: string,
]

const cases: readonly Case[] = [
  // story                                            was  hub   ann    bob    jan   then
  ['nothing changed',                                 '1', '1',  '1',   '1',   '1',  ''],
  ['an edit travels',                                 '1', '1',  '2',   '1',   '1',  'bob=2 hub=2 jan=2'],
  ['the hub\'s edit travels',                         '1', '2',  '1',   '1',   '1',  'ann=2 bob=2 jan=2'],
  ['a delete travels',                                '1', '1',  '-',   '1',   '1',  'bob- hub- jan- keep:ann:1'],
  ['the hub\'s delete travels',                       '1', '-',  '1',   '1',   '1',  'ann- bob- jan- keep:hub:1'],
  ['two deletes are one',                             '1', '-',  '-',   '1',   '1',  'bob- jan- keep:hub:1'],
  ['an edit beats a delete',                          '1', '-',  '2',   '1',   '1',  'bob=2 hub+2 jan=2'],
  ['a member\'s delete loses to the hub\'s edit',     '1', '2',  '-',   '1',   '1',  'ann+2 bob=2 jan=2'],
  ['the same edit twice is one',                      '1', '2',  '2',   '1',   '1',  'bob=2 jan=2'],
  ['two edits: the hub wins, the other is kept',      '1', '2',  '3',   '1',   '1',  'ann=2 bob=2 jan=2 keep:ann:3'],
  ['two members: the later wins, the other is kept',  '1', '1',  '2',   '3',   '1',  'ann=3 hub=3 jan=3 keep:ann:2'],
  ['three edits: the hub wins, both others are kept', '1', '2',  '3',   '4',   '1',  'ann=2 bob=2 jan=2 keep:ann:3 keep:bob:4'],
  ['without the hub nothing is decided',              '1', '?',  '2',   '-',   '3',  ''],
  ['unreachable is not empty',                        '1', '1',  '?',   '1',   '1',  ''],
  ['others go on without whom nobody can reach',      '1', '1',  '?',   '2',   '1',  'hub=2 jan=2'],
  ['a delete passes the unreachable by, for now',     '1', '-',  '?',   '1',   '1',  'bob- jan- keep:hub:1'],
  ['a new item of a member\'s is brought to all',     '',  '-',  '1',   '-',   '-',  'bob+1 hub+1 jan+1'],
  ['a new item of the hub\'s is brought to all',      '',  '1',  '-',   '-',   '-',  'ann+1 bob+1 jan+1'],
  ['equal items that were never linked are one',      '',  '1',  '1',   '-',   '1',  'bob+1'],
  ['two members’ equal new items are one',            '',  '-',  '1',   '1',   '-',  'hub+1 jan+1'],
  ['first sync: one person, two contents',            '',  '1',  '2',   '-',   '-',  'ann=1 bob+1 jan+1 keep:ann:2'],
  ['a new item is not created where one cannot look',  '',  '-',  '1',   '?',   '-',  'hub+1 jan+1'],
  ['what only a receiver has is left alone',          '',  '-',  '-',   '-',   '1',  ''],
  ['a receiver\'s edit is reverted, and kept',        '1', '1',  '1',   '1',   '2',  'jan=1 keep:jan:2'],
  ['a receiver\'s delete is reverted',                '1', '1',  '1',   '1',   '-',  'jan+1'],
  ['a receiver\'s edit does not beat a delete',       '1', '-',  '1',   '1',   '2',  'ann- bob- jan- keep:hub:1'],
  ['a receiver\'s edit loses to any',                 '1', '1',  '3',   '1',   '2',  'bob=3 hub=3 jan=3 keep:jan:2'],
  ['who is behind is brought along',                  '2', '2',  '1^',  '2',   '2',  'ann=2'],
  ['who lacks a copy gets one',                       '2', '2',  '2',   '',    '2',  'bob+2'],
  ['a blind edit loses to what was agreed',           '2', '2',  '1^3', '2',   '2',  'ann=2 keep:ann:3'],
  ['a blind delete does not count',                   '2', '2',  '1^-', '2',   '2',  'ann+2'],
  ['an edit that says what was agreed is none',       '2', '2',  '1^2', '2',   '2',  ''],
  ['an agreed deletion reaches who was away',         'x', '',   '1^',  '',    '',   'ann-'],
  ['an edit beats a deletion it had not seen',        'x', '',   '1^3', '',    '',   'bob+3 hub+3 jan+3'],
] // biome-ignore format: a table

test.each(cases.map((each) => [each[0], each] as const))(
  '%s',
  (_story, [, was, hub, ann, bob, jan, then]) => {
    expect(drawn(planned('HubWins', was, [hub, ann, bob, jan]))).toBe(then)
  },
)

const policies: readonly (readonly [Policy, string, string, string, string])[] = [
  ['HubWins',    '2', '3', '1', 'ann=2 bob=2 jan=2 keep:ann:3'],
  ['MemberWins', '2', '3', '1', 'bob=3 hub=3 jan=3 keep:hub:2'],
  ['LatestWins', '2', '3', '1', 'bob=3 hub=3 jan=3 keep:hub:2'],
  ['KeepBoth',   '2', '3', '1', 'ann+2 bob+3 bob=2 hub+3 jan+3 jan=2 keep:ann:3'],
] // biome-ignore format: a table

test.each(policies)(
  '%s settles a conflict between hub and member',
  (policy, hub, ann, bob, then) => {
    expect(drawn(planned(policy, '1', [hub, ann, bob, '1']))).toBe(then)
  },
)

test('KeepBoth creates no second contact where one cannot look', () => {
  expect(drawn(planned('KeepBoth', '1', ['2', '3', '?', '1']))).toBe(
    'ann+2 hub+3 jan+3 jan=2 keep:ann:3',
  )
})

const givesOnly: readonly Case[] = [
  // jan writes, and does not receive                 was  hub   ann    bob    jan   then
  ['gets no new items',                               '',  '1',  '-',   '-',   '-',  'ann+1 bob+1'],
  ['is not changed',                                  '1', '2',  '1',   '1',   '1',  'ann=2 bob=2'],
  ['loses nothing',                                   '1', '-',  '1',   '1',   '1',  'ann- bob- keep:hub:1'],
  ['keeps its own edit, even when it lost',           '1', '2',  '1',   '1',   '3',  'ann=2 bob=2 keep:jan:3'],
  ['gets nothing back that it deleted',               '1', '2',  '1',   '1',   '-',  'ann=2 bob=2'],
  ['is heard',                                        '1', '1',  '1',   '1',   '2',  'ann=2 bob=2 hub=2'],
] // biome-ignore format: a table

test.each(givesOnly.map((each) => [each[0], each] as const))(
  'a replica that only gives %s',
  (_story, [, was, ...cells]) => {
    const as = roles.map((role) =>
      role.id === 'jan' ? { ...role, writes: true, receives: false } : role,
    )
    expect(drawn(planned('HubWins', was, cells.slice(0, 4), as))).toBe(cells[4])
  },
)

test('a deletion is agreed once, however long it takes to reach everybody', () => {
  const [step] = planned('HubWins', 'x', ['', '1^', '', '']).steps
  expect(step?.revision).toBe(step?.link.revision)
})

test('who holds what is agreed, though from another time, is not behind any more', () => {
  const [step] = planned('HubWins', '2', ['2', '2^', '2', '2']).steps
  expect(step?.known.get('ann' as ReplicaId)?.revision).toBe(2)
})

test('the time of an agreement is that of the edit that led to it, not of ours', () => {
  const [step] = planned('LatestWins', '1', ['1', '1', '2', '1']).steps
  expect(step?.editedMs).toBe(names.indexOf('bob'))
})

test('members in any order make the same plan', () => {
  const named = (plan: Plan) => [drawn(plan), ...plan.steps.map(({ link }) => link.id)]
  for (const [, was, ...cells] of cases) {
    const forward = named(planned('HubWins', was, cells.slice(0, 4)))
    const backward = named(planned('HubWins', was, cells.slice(0, 4), [...roles].reverse()))
    expect(backward).toEqual(forward)
  }
})

function planned(policy: Policy, was: string, cells: readonly string[], as = roles): Plan {
  const link = linkOf(was, cells)
  const observations = new Map<ReplicaId, Observation>()
  names.forEach((name, index) => {
    observations.set(name as string as ReplicaId, observed(name, was, cells[index] ?? '', index))
  })
  const links = link === undefined ? [] : [link]
  const rules: Rules = { group, type: contact, roles: as, policy }
  return finished(planOf(rules, finished(rowsOf(rules, { links, observations }))))
}

function item(content: string): Item {
  return { GivenName: 'Ewa', Surname: 'Żak', CompanyName: 'Acme', JobTitle: content }
}

const idOf = (name: string) => `item-of-${name}` as ItemId
const held = (cell: string, was: string) => (cell.includes('^') ? (cell.split('^')[0] ?? '') : was)

function linkOf(was: string, cells: readonly string[]): Link | undefined {
  if (was === '') return undefined
  const copies = new Map<ReplicaId, Copy>()
  names.forEach((name, index) => {
    const cell = cells[index] ?? ''
    if (cell === '') return
    const revision = cell.includes('^') ? 1 : 2
    const version = `v-${held(cell, was)}` as Version
    copies.set(name as string as ReplicaId, { id: idOf(name), version, revision, shown: {} })
  })
  const old = cells.find((cell) => cell.includes('^'))?.split('^')[0] ?? ''
  return {
    id: 'link' as LinkId,
    revision: 2,
    agreed: was === 'x' ? undefined : item(was),
    bases: new Map([[1, item(old)]]),
    copies,
    aliases: [],
    declined: new Set(),
  }
}

function observed(name: string, was: string, cell: string, index: number): Observation {
  if (cell === '?') return { state: 'unknown', error: new Error('away') as never }
  const now = cell.includes('^') ? cell.split('^')[1] || held(cell, was) : cell
  if (now === '-' && was !== '') return { state: 'seen', changed: [], gone: [idOf(name)] }
  if (now === '' || now === '-' || now === held(cell, was))
    return { state: 'seen', changed: [], gone: [] }
  const found: Found = {
    id: idOf(name),
    version: `v-${now}` as Version,
    item: item(now),
    modifiedMs: index,
  }
  return { state: 'seen', changed: [found], gone: [] }
}

function drawn(plan: Plan): string {
  return plan.steps
    .flatMap((step) => [...step.actions.map((action) => sign(step, action)), ...keeps(step)])
    .sort()
    .join(' ')
}

function sign({ agreed }: Step, action: Action): string {
  if (action.kind === 'delete') return `${action.replica}-`
  return `${action.replica}${action.kind === 'create' ? '+' : '='}${agreed?.JobTitle}`
}

function keeps({ keeps }: Step): readonly string[] {
  return keeps.map((keep) => `keep:${keep.replica}:${keep.item.JobTitle}`)
}

describe('what a copy shows otherwise, and may be its user’s doing,', () => {
  const ann = 'ann' as ReplicaId
  const shown = shownOf(contact, item('9'), item('1'))
  // The hub edits the title from 1 to 2; ann's copy shows 9 for the 1 that it was given.
  const planWith = (shown: Shown, seen: readonly Found[] = []) => {
    const cells = ['2', '1', '1', '1']
    const link = linkOf('1', cells) as Link
    const copy = { ...(link.copies.get(ann) as Copy), shown }
    const links = [{ ...link, copies: new Map([...link.copies, [ann, copy]]) }]
    const observations = new Map(
      roles.map(({ id }, at) => [id, observed(id, '1', cells[at] ?? '', at)]),
    )
    observations.set(ann, { state: 'seen', changed: seen, gone: [] })
    const rules: Rules = { group, type: contact, roles, policy: 'HubWins' }
    return finished(planOf(rules, finished(rowsOf(rules, { links, observations })))).steps[0]
  }

  test('is read and kept before an update overwrites it, and the server’s doing is not', () => {
    const overwrites = (shown: Shown) =>
      planWith(shown)?.actions.flatMap((action) =>
        action.kind === 'update' && action.replica === ann ? action.overwrites : [],
      )
    expect(overwrites(doubted(shown))).toEqual(['JobTitle'])
    expect(overwrites(shown)).toEqual([])
  })

  test('is kept when its user edits another field meanwhile, and the server’s doing is not', () => {
    const edited = { ...item('9'), CompanyName: 'Acme & Sons' }
    const found = { id: idOf('ann'), version: 'v-other' as Version, item: edited }
    const kept = (shown: Shown) => planWith(shown, [found])?.keeps.map(({ item }) => item.JobTitle)
    expect(kept(doubted(shown))).toEqual(['9'])
    expect(kept(shown)).toEqual([])
  })
})

test('a copy that was read last under an older codec is read again before it is written', () => {
  const [hub, , , jan] = roles.map(({ id }) => id) as [ReplicaId, ReplicaId, ReplicaId, ReplicaId]
  const codec = contact.codec
  const copyOf = (id: string, more: Partial<Copy>): Copy => {
    const known = { id: id as ItemId, version: 'v' as Version, revision: 2, shown: {}, codec }
    return { ...known, ...more }
  }
  const link: Link = {
    id: 'link' as LinkId,
    revision: 2,
    agreed: { GivenName: 'Ewa', Hobbies: 'Chess' },
    bases: new Map([[1, { GivenName: 'Ewa' }]]),
    copies: new Map([
      [hub, copyOf('h', {})],
      [jan, copyOf('j', { revision: 1, codec: codec - 1 })],
    ]),
    aliases: [],
    declined: new Set(),
  }
  const some = roles.filter(({ id }) => id === hub || id === jan)
  const seen: Observation = { state: 'seen', changed: [], gone: [] }
  const view = {
    links: [link],
    observations: new Map(some.map(({ id }) => [id, seen])),
  }
  const rules: Rules = { group, type: contact, roles: some, policy: 'HubWins' }
  const plan = finished(planOf(rules, finished(rowsOf(rules, view))))
  expect(plan.steps.map(({ actions, rereads }) => [actions, rereads])).toEqual([
    [[], [{ replica: jan, id: 'j' }]],
  ])
})
