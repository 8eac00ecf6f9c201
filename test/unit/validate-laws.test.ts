// Laws of validation: what is generated to be valid passes; one wrong thing is found, where it is.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readResources } from '../../controller/local/resources.ts'

const RUNS = { numRuns: Number(process.env.RUNS ?? 300) }

type Json = Readonly<Record<string, unknown>>

const word = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const mailbox = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9._+'-]{1,20}$/), word, word)
  .map(([local, host, top]) => `${local}@${host}.${top}`)
const segment = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((text) => !/[/\n\r]/.test(text) && text === text.trim() && !/^ | $/.test(text))
const folder = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const duration = fc.oneof(
  fc.integer({ min: 1, max: 86_400 }).map((n) => `${n}s`),
  fc.integer({ min: 1000, max: 999_999 }).map((n) => `${n}ms`),
  fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${h}h${m + 1}m`),
)
const direction = fc.constantFrom('TwoWay', 'OneWay')

/** Some of the fields, each perhaps left out. */
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) =>
  fc.record(fields, { requiredKeys: [] })

const members = fc.uniqueArray(
  fc.record({ mailbox, direction, folder }, { requiredKeys: ['mailbox'] }),
  { selector: (member) => member.mailbox.toLowerCase(), maxLength: 12 },
)
const spec = fc
  .tuple(
    fc.record({
      serverRef: fc.constant({ name: 'corp' }),
      hub: folder.map((path) => ({ publicFolder: `/${path}` })),
    }),
    some({
      items: fc.constant('Contacts'),
      direction,
      members,
      conflicts: fc.constantFrom('HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'),
      drift: fc.constantFrom('Revert', 'Ignore'),
      private: fc.constantFrom('Skip', 'Copy'),
      guard: some({
        window: duration,
        deletions: some({ maxPercent: fc.nat(100), maxCount: fc.nat(1_000_000) }),
        publications: some({ maxCount: fc.nat(1_000_000) }),
      }),
      interval: duration,
      retryInterval: duration,
      timeout: duration,
      suspend: fc.boolean(),
      deletionPolicy: fc.constantFrom('Orphan', 'RemoveCopies'),
    }),
  )
  .map(([required, optional]): Json => ({ ...required, ...optional }))

/** Puts a value at a path; `undefined` removes what is there. */
function put(value: unknown, path: readonly (string | number)[], leaf: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return leaf
  if (typeof key === 'number') {
    const list = Array.isArray(value) ? value : []
    return list.toSpliced(Math.min(key, list.length), 1, put(list[key], rest, leaf))
  }
  const { [key]: inner, ...others } = (value ?? {}) as Record<string, unknown>
  const made = put(inner, rest, leaf)
  return made === undefined ? others : { ...others, [key]: made }
}

const MEMBER = ['members', 0]
/** A mailbox that the generator does not make. */
const OTHER = 'one_more@corp.example'
const mutations: readonly (readonly [path: readonly (string | number)[], leaf: unknown])[] = [
  [['serverRef'], undefined],
  [['serverRef', 'name'], 'Corp'],
  [['serverRef', 'namespace'], 'Other'],
  [['hub'], undefined],
  [['hub', 'publicFolder'], 'no/slash'],
  [['hub', 'publicFolder'], 7],
  [['items'], 'Tasks'],
  [['direction'], 'twoway'],
  [MEMBER, { mailbox: 'nobody' }],
  [MEMBER, { folder: 'Contacts' }],
  [MEMBER, 'anna@corp.example'],
  [MEMBER, { mailbox: OTHER, direction: '' }],
  [MEMBER, { mailbox: OTHER, folder: '/x' }],
  [MEMBER, { mailbox: OTHER, role: 'reader' }],
  [MEMBER, { mailbox: `${'x'.repeat(254)}@a.b` }],
  [['members'], {}],
  [['conflicts'], true],
  [['drift'], 'Undo'],
  [['private'], []],
  [['guard'], 'on'],
  [['guard', 'window'], '1w'],
  [['guard', 'deletions', 'maxPercent'], -1],
  [['guard', 'deletions', 'maxCount'], '50'],
  [['guard', 'publications', 'maxCount'], 1_000_001],
  [['guard', 'updates'], {}],
  [['interval'], '0s'],
  [['retryInterval'], '30'],
  [['timeout'], '48h'],
  [['suspend'], 'no'],
  [['deletionPolicy'], 'Delete'],
  [['surprise'], 1],
]

const textOf = (value: unknown) =>
  stringify(
    {
      apiVersion: 'exchangesync.dev/v1alpha1',
      kind: 'SyncGroup',
      metadata: { name: 'a' },
      spec: value,
    },
    { version: '1.1', aliasDuplicateObjects: false },
  )

const SERVER = `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec: { url: "https://mail/", auth: { type: Basic, secretRef: { name: elsewhere } } }
`
const problemsOf = (text: string) =>
  readResources(
    [
      { name: 'a.yaml', text },
      { name: 'b.yaml', text: SERVER },
    ],
    {
      externalSecrets: true,
    },
  ).problems

test('what is valid passes, and with its defaults it passes again, unchanged', () => {
  fc.assert(
    fc.property(spec, (valid) => {
      const text = textOf(valid)
      expect(problemsOf(text)).toEqual([])
      const [document] = readResources([{ name: 'a.yaml', text }]).documents
      const again = stringify(document?.resource, { version: '1.1' })
      expect(readResources([{ name: 'a.yaml', text: again }]).documents[0]?.resource).toEqual(
        document?.resource,
      )
    }),
    RUNS,
  )
})

test('one wrong thing is one problem, at the place of the thing', () => {
  const reached = new Set<number>()
  fc.assert(
    fc.property(spec, fc.nat(mutations.length - 1), (valid, which) => {
      const [path, leaf] = mutations[which] ?? [[], undefined]
      reached.add(which)
      const text = textOf(put(valid, path, leaf))
      const problems = problemsOf(text)
      const place = path.reduce<string>(
        (made, key) => (typeof key === 'number' ? `${made}[${key}]` : `${made}.${key}`),
        'spec',
      )
      expect(problems.length).toBeGreaterThan(0)
      for (const { path: at, line, column } of problems) {
        expect([place, at.startsWith(place)]).toEqual([place, true])
        // What is missing is told where its parent is; all else where it stands.
        const key = at.match(/(\w+)$/)?.[1] ?? ''
        const shown = text.split('\n')[line - 1] ?? ''
        expect(column).toBeLessThanOrEqual(shown.length + 1)
        if (leaf !== undefined && !(typeof leaf === 'object')) expect(shown).toContain(key)
      }
    }),
    RUNS,
  )
  expect(reached.size).toBe(mutations.length)
})

test('whatever a file holds, reading it does not throw', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[-:{}[\]&*!|>'"%@`,# \na-z0-9]{0,40}$/),
    fc.json({ maxDepth: 4 }),
    fc.json({ maxDepth: 3 }).map((json) => `${textOf({})}status: ${json}\n`),
    fc.json({ maxDepth: 3 }).map((json) => textOf(JSON.parse(json))),
  )
  fc.assert(
    fc.property(junk, (text) => {
      for (const { line, column, message } of problemsOf(text)) {
        expect(line > 0 && column > 0 && message !== '').toBe(true)
      }
    }),
    RUNS,
  )
})
