// What `exsync plan` prints: each change once with the folders that share it, on one screen; every line with -o wide; and a
// comment of at most 60 lines in which no text from outside has an effect.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  boundedSummary,
  isChange,
  type PlanSummary,
  statusBounds,
} from '../../controller/api/plan-summary.ts'
import { markdownOf, quoting } from '../../controller/cli/plan/markdown.ts'
import { rowsUsual, tableOf } from '../../controller/cli/plan/table.ts'
import { wideOf } from '../../controller/cli/plan/wide.ts'
import { missingRight } from '../../controller/cli/rights.ts'
import type { Forecast, ForecastLine, ForecastReplica } from '../../controller/sync/forecast.ts'
import { summaryOf } from '../../controller/sync/plan-summary.ts'

const none = { create: [], update: [], delete: [], keep: [] }
const lines = (count: number, more: Partial<ForecastLine> = {}, from = 0): ForecastLine[] =>
  Array.from({ length: count }, (_, n) => ({ link: `link-${from + n}`, fields: [], ...more }))
const member = (n: number) => `m${n}@corp.example`
const replica = (name: string, changes: Partial<ForecastReplica> = {}): ForecastReplica => ({
  ...none,
  ...changes,
  replica: name,
})
const forecast = (
  replicas: readonly ForecastReplica[],
  rest: Partial<Forecast> = {},
): Forecast => ({
  group: 'sales/contacts',
  problems: [],
  replicas,
  ...rest,
})
const view = (each: Forecast) => ({ summary: summaryOf(each), forecast: each })
const members = (count: number, changes: (n: number) => Partial<ForecastReplica>) =>
  Array.from({ length: count }, (_, n) => replica(member(n), changes(n)))

const named = (text: string, count = 1) => ({ name: text, fields: ['Notes'], count })

describe('the summary', () => {
  test('counts per replica, and joins replicas with the same items', () => {
    const each = forecast([
      replica('hub', {
        update: [
          ...lines(10, { fields: ['Phone'] }),
          ...lines(2, { fields: ['Notes', 'Phone'] }, 10),
        ],
      }),
      ...members(8, () => ({ create: lines(4000) })),
    ])
    const summary = summaryOf(each)
    expect(summary.totals).toEqual({ create: 32_000, update: 12, delete: 0, keep: 0 })
    expect(summary.replicas[0]).toEqual({
      replica: 'hub',
      create: 0,
      update: 12,
      delete: 0,
      keep: 0,
      fields: [
        { name: 'Phone', count: 12 },
        { name: 'Notes', count: 2 },
      ],
    })
    expect(
      summary.changes.map(({ kind, items, replicaCount }) => [kind, items, replicaCount]),
    ).toEqual([
      ['create', 4000, 8],
      ['update', 12, 1],
    ])
    expect(isChange(summary)).toBe(true)
  })

  test('other items, or other fields of the same items, are another change', () => {
    const of = (...replicas: readonly Partial<ForecastReplica>[]) =>
      summaryOf(forecast(replicas.map((each, n) => replica(member(n), each)))).changes.length
    expect(of({ create: lines(3) }, { create: lines(3) })).toBe(1)
    expect(of({ create: lines(3) }, { create: lines(3, {}, 1) })).toBe(2)
    expect(
      of({ update: lines(1, { fields: ['A'] }) }, { update: lines(1, { fields: ['B'] }) }),
    ).toBe(2)
    // The order of the lines says nothing.
    expect(of({ delete: lines(2) }, { delete: lines(2).toReversed() })).toBe(1)
  })

  test('with bounds says how much it leaves out, and shows the changed replicas first', () => {
    const summary = summaryOf(
      forecast([replica('hub'), ...members(300, (n) => (n === 299 ? { create: lines(1) } : {}))], {
        joins: Array.from({ length: 60 }, (_, n) => member(n)),
      }),
    )
    const bounded = boundedSummary(summary, statusBounds)
    expect(bounded.omitted).toEqual({ replicas: 201, joins: 10 })
    expect(bounded.replicas[0]?.replica).toBe(member(299))
    expect(bounded.totals).toEqual(summary.totals)
    expect(boundedSummary(bounded, statusBounds)).toEqual(bounded)
    const small = summaryOf(forecast([replica('hub')]))
    expect(boundedSummary(small, statusBounds)).toEqual(small)
  })
})

test.each<readonly [string, Forecast, readonly string[]]>([
  [
    'the same items in each member',
    forecast([replica('hub'), ...members(8, () => ({ create: lines(4000) }))]),
    ['create the same 4,000 items in each of 8 members', '… the items: -o wide shows all'],
  ],
  [
    'counted fields',
    forecast([
      replica('hub', {
        update: [...lines(10, { fields: ['Phone'] }), ...lines(3, { fields: ['Notes'] }, 10)],
      }),
    ]),
    ['update 13 items in the hub: Phone 10, Notes 3', '… the items: -o wide shows all'],
  ],
  [
    'two folders by name, and one item',
    forecast([replica('hub', { delete: lines(1) }), ...members(1, () => ({ delete: lines(1) }))]),
    ['delete the same 1 item in the hub and m0@corp.example', '… the items: -o wide shows all'],
  ],
  [
    'many different changes of one kind',
    forecast(members(5, (n) => ({ create: lines(n + 1, {}, 10 * n) }))),
    ['create 1 to 5 items in each of 5 folders (15 in all)', '… the items: -o wide shows all'],
  ],
  [
    'items by name',
    forecast([
      replica('hub', {
        update: lines(2, named('Ewa Nowak')),
        keep: lines(1, { ...named('\u001b[31mJan\n'), reason: 'Conflict' }),
      }),
    ]),
    [
      'update 2 items in the hub: Notes 2',
      '  update  Ewa Nowak  Notes',
      '  update  Ewa Nowak  Notes',
      'keep the content of 1 item of the hub in the bin first: Conflict 1; Notes 1',
      '  keep  \\u001b[31mJan\\n  Conflict  Notes',
    ],
  ],
  [
    'members that come, go and turn, and problems',
    forecast([], {
      joins: [0, 1, 2, 3, 4].map(member),
      forgets: ['old@corp.example'],
      leaving: [
        { replica: 'gone@corp.example', copies: 4000, removes: 3999 },
        { replica: 'x', copies: 1, waits: 'NotAllowed' },
      ],
      turns: [{ replica: member(1), before: 'TwoWay', now: 'OneWay' }],
      problems: [{ replica: member(0), reason: 'AccessDenied', message: 'no right' }],
    }),
    [
      'm0@corp.example  AccessDenied: no right',
      'joins  m0@corp.example, m1@corp.example, m2@corp.example and 2 more',
      'old@corp.example  leaves, and its copies stay',
      'gone@corp.example  leaves: of 4,000 copies 3,999 that the controller made are removed',
      'x  leaves: of 1 copies none is removed for now (NotAllowed)',
      'm1@corp.example  direction OneWay, was TwoWay',
    ],
  ],
  [
    'the guard',
    forecast([], {
      guard: {
        hash: 'abc',
        refusals: [{ replica: 'hub', reason: 'Deletions', count: 4000, limit: 20, hash: 'abc' }],
      },
    }),
    [
      'blocked by the guard: undo it in Exchange, or approve it with the annotation exchangesync.dev/approve: abc; meanwhile nothing is synchronised',
      '  hub  4,000 deletions (limit 20)',
    ],
  ],
  ['an error', forecast([], { error: { reason: 'X', message: 'y' } }), ['error  X: y']],
  ['a suspended group', forecast([], { suspended: true }), ['suspended: spec.suspend is true']],
])('the table shows %s', (_, each, expected) => {
  const shown = tableOf([view(each)])
  expect(shown[0]).toBe('sales/contacts')
  const more = shown.at(-1)?.startsWith('…')
    ? shown
        .slice(1, -1)
        .map((line) => line.slice(2))
        .concat(shown.at(-1) ?? '')
    : shown.slice(1).map((line) => line.slice(2))
  expect(more).toEqual(expected)
})

test('groups with nothing to do are one line', () => {
  const idle = view(forecast([replica('hub')]))
  expect(tableOf([idle])).toEqual(['sales/contacts: nothing to do'])
  expect(tableOf([idle, idle])).toEqual(['2 groups: nothing to do'])
})

test('a table that does not fit names each group in a line, or says how many there are', () => {
  const busy = (n: number) =>
    view({
      ...forecast(
        members(3, () => ({ create: lines(2) })),
        { joins: [member(1)] },
      ),
      group: `g/${n}`,
    })
  const some = tableOf(Array.from({ length: 15 }, (_, n) => busy(n)))
  expect(some.at(0)).toBe('g/0: create 6')
  expect(some.at(-1)).toBe('… and 30 items: -o wide shows all')
  const many = tableOf(Array.from({ length: 900 }, (_, n) => busy(n)))
  expect(many).toHaveLength(rowsUsual - 1)
  expect(many.at(-1)).toBe('… and 878 more groups, and 1,800 items: -o wide shows all')
})

test('wide shows every change of every replica', () => {
  const each = forecast([
    replica('hub', { update: lines(1, { fields: ['A', 'B'] }) }),
    ...members(2, () => ({ create: lines(1500, { name: 'Ewa' }) })),
  ])
  const shown = [...wideOf(view(each))]
  expect(shown).toContain('  hub  create 0, update 1, delete 0, keep 0')
  expect(shown).toContain('    update link-0 A B')
  expect(shown.filter((line) => line.startsWith('    create link-'))).toHaveLength(3000)
  expect(shown).toContain('  m1@corp.example  create 1,500, update 0, delete 0, keep 0')
  expect(shown).toContain('    create link-7 (Ewa)')
  expect([...wideOf({ summary: summaryOf(each) })]).not.toContain('    update link-0 A B')
})

describe('the comment', () => {
  const odd = [
    '@team/all',
    '<img src=x onerror=alert(1)>',
    '| a | b |',
    '`code`',
    '``` \n# head',
    '\\`@x\\`|',
    '[l](http://x)',
    '#1 !2 $x$',
    '\u202eevil\u0000',
    '',
    ' ',
  ]
  // A code span as CommonMark reads it; the rest has only what the program itself writes.
  const outside = (line: string) => line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '')
  const own = /^[\w ,.;:()/|#*…>-]*$/

  test.each(odd)('quotes %j so that it has no effect', (text) => {
    const quoted = quoting(new Set())(text)
    expect(outside(quoted)).toBe('')
    expect(quoted).not.toMatch(/[|\n\r\u0000\u202e]/)
  })

  test('shows an address only if the declaration names it', () => {
    const quote = quoting(new Set(['ewa@corp.example']))
    expect(quote('the mailbox Ewa@corp.example and jan.x@corp.example: see <ann@a.b>')).toBe(
      '`the mailbox Ewa@corp.example and …@corp.example: see <…@a.b>`',
    )
    expect(quoting(new Set())(`${'a'.repeat(100_000)}@b`).length).toBeLessThan(400)
  })

  test('has a table of changes and one of folders, and no item', () => {
    const each = forecast(
      [
        replica('hub', { update: lines(3, named('Geheim')) }),
        ...members(4, () => ({ create: lines(4000, named('Geheim')) })),
      ],
      { joins: [member(0)], forgets: ['old@corp.example'] },
    )
    const text = markdownOf([summaryOf(each)]).join('\n')
    expect(text).toContain('| create | 4,000 | the same in each of 4 members |  |')
    expect(text).toContain('| update | 3 | `hub` | `Notes` 3 |')
    expect(text).toContain('| `m0@corp.example` | 4,000 | 0 | 0 | 0 |')
    expect(text).toContain('- **Joins:** `m0@corp.example`')
    expect(text).toContain('- **Leaves, and its copies stay:** `…@corp.example`')
    expect(text).not.toMatch(/Geheim|link-/)
    expect(markdownOf([summaryOf(each)], ['old@corp.example']).join('\n')).toContain(
      '`old@corp.example`',
    )
  })

  test('says when there is nothing, and no group', () => {
    const idle = summaryOf(forecast([replica('hub')]))
    expect(markdownOf([idle])).toEqual(['### exsync plan', '', 'Nothing to do.'])
    expect(markdownOf([idle, idle])).toContain('2 groups have nothing to do.')
    expect(markdownOf([])).toContain('There is no group.')
  })

  const text = fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'binary', maxLength: 40 }))
  const change = fc.array(
    fc.record({ link: text, fields: fc.array(text, { maxLength: 3 }), reason: text, name: text }),
    { maxLength: 4 },
  )
  const some = fc.record({
    group: text,
    problems: fc.array(fc.record({ replica: text, reason: text, message: text }), {
      maxLength: 30,
    }),
    joins: fc.array(text, { maxLength: 70 }),
    forgets: fc.array(text, { maxLength: 9 }),
    leaving: fc.array(fc.record({ replica: text, copies: fc.nat(), waits: text }), {
      maxLength: 70,
    }),
    replicas: fc.array(
      fc.record({ replica: text, create: change, update: change, delete: change, keep: change }),
      { maxLength: 90 },
    ),
  })

  test('whatever the names are, no form is too long, and none has an effect', () => {
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 5 }),
        fc.integer({ min: 0, max: 60 }),
        (all, rows) => {
          const views = (all as Forecast[]).map(view)
          const summaries: readonly PlanSummary[] = views.map(({ summary }) => summary)
          const comment = markdownOf(summaries)
          expect(comment.length).toBeLessThanOrEqual(60)
          for (const line of comment) {
            expect(line).not.toMatch(/[\n\r]/)
            expect(outside(line)).toMatch(own)
          }
          expect(tableOf(views, rows, 80).length).toBeLessThan(Math.max(10, rows))
          const bounded = summaries.map((each) => boundedSummary(each, statusBounds))
          expect(markdownOf(bounded).length).toBeLessThanOrEqual(60)
        },
      ),
      { numRuns: 60 },
    )
  })
})

test.each([
  [
    'syncgroups.exchangesync.dev is forbidden: User "ann@corp.example" cannot list resource "syncgroups" in API group "exchangesync.dev" at the cluster scope',
    'the user ann@corp.example may not get, list and watch syncgroups.exchangesync.dev in all namespaces. An administrator grants it: kubectl create clusterrole exsync-plan-syncgroups --verb=get,list,watch --resource=syncgroups.exchangesync.dev && kubectl create clusterrolebinding exsync-plan-syncgroups --clusterrole=exsync-plan-syncgroups --user=ann@corp.example',
  ],
  [
    'secrets "account" is forbidden: User "system:serviceaccount:ci:plan" cannot list resource "secrets" in API group "" in the namespace "sales"',
    'the user system:serviceaccount:ci:plan may not get, list and watch secrets account in the namespace sales. An administrator grants it: kubectl create role exsync-plan-secrets -n sales --verb=get,list,watch --resource=secrets --resource-name=account && kubectl create rolebinding exsync-plan-secrets -n sales --role=exsync-plan-secrets --serviceaccount=ci:plan',
  ],
  ['a proxy says no', 'a proxy says no'],
])('a missing right has the command that grants it: %s', (refusal, message) => {
  expect(missingRight(refusal)).toBe(message)
})
