// Laws of validation: what is generated to be valid passes; one wrong thing is found, where it is.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readResources } from '../../controller/validation/resources.ts'
import { put, groupSpec as spec } from '../support/declared.ts'

const RUNS = { numRuns: Number(process.env.RUNS ?? 300) }

const MEMBER = ['members', 0]
/** A mailbox that the generator does not make. */
const OTHER = 'one_more@corp.example'
const mutations: readonly (readonly [path: readonly (string | number)[], leaf: unknown])[] = [
  [['serverRef'], undefined],
  [['serverRef', 'name'], 'Corp'],
  [['serverRef', 'namespace'], 'Other'],
  [['hub'], undefined],
  [['hub'], {}],
  [['hub'], { publicFolder: 'no/slash' }],
  [['hub'], { publicFolder: 7 }],
  [['hub'], { publicFolder: '/A', mailbox: OTHER, folder: 'A' }],
  [['hub'], { publicFolder: '/A', folder: 'A' }],
  [['hub'], { mailbox: OTHER }],
  [['hub'], { folder: 'Contacts/A' }],
  [['hub'], { mailbox: 'nobody', folder: 'A' }],
  [['hub'], { mailbox: OTHER, folder: '/A' }],
  [['hub', 'serverRef'], { name: 'elsewhere' }],
  [['items'], 'Tasks'],
  [['direction'], 'twoway'],
  [MEMBER, { mailbox: 'nobody' }],
  [MEMBER, { folder: 'Contacts' }],
  [MEMBER, { mailbox: OTHER, publicFolder: '/A' }],
  [MEMBER, { publicFolder: '/A', folder: 'A' }],
  [MEMBER, { publicFolder: 'A' }],
  [MEMBER, { mailbox: OTHER, serverRef: { name: 'elsewhere' } }],
  [MEMBER, { mailbox: OTHER, serverRef: 'corp' }],
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
  [['guard', 'edits'], {}],
  [['guard', 'updates', 'maxPercent'], 101],
  [['guard', 'minCount'], -1],
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
