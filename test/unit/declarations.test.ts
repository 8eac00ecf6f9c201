// A directory of declarations in which something is missing, blank or cannot be read: the last valid version goes on,
// with a warning and a condition; a file that is removed from a directory that is sound otherwise ends its groups.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { isReady, statusOf } from '../../controller/api/group-status.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { LocalDeclarations, type Part } from '../../controller/local/declarations.ts'
import { sourcesIn } from '../../controller/local/directory.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { hubOf } from '../support/declaration.ts'

type Resource = Readonly<Record<string, unknown>>

const resource = (
  kind: string,
  name: string,
  rest: Resource,
  version = 'exchangesync.dev/v1alpha1',
) => ({
  apiVersion: version,
  kind,
  metadata: { name, namespace: 'sales' },
  ...rest,
})
const members = [{ mailbox: 'anna@corp.example' }]
const groupOf = (name: string, more: Resource = {}) => {
  const hub = { publicFolder: '/Company/Contacts' }
  return resource('SyncGroup', name, {
    spec: { serverRef: { name: 'corp' }, hub, members, ...more },
  })
}
const auth = { type: 'Basic', secretRef: { name: 'account' } }
const basics = [
  resource('ExchangeServer', 'corp', {
    spec: { url: 'http://127.0.0.1:1/EWS/Exchange.asmx', auth },
  }),
  resource('Secret', 'account', { stringData: { username: 'a', password: 'b' } }, 'v1'),
]
const [one, two] = [groupOf('one'), groupOf('two', { members: [] })]

let top = ''
let nowMs = 0
let warned: string[] = []

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'exsync-directory-'))
  mkdirSync(join(top, 'local'))
  nowMs = Date.parse('2026-01-01T00:00:00Z')
  warned = []
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

const file = (name: string) => join(top, 'local', name)
const write = (name: string, ...resources: readonly Resource[]) =>
  writeFileSync(file(name), resources.map((each) => stringify(each)).join('---\n'))

const byId = (one: Declared, other: Declared) => (one.id < other.id ? -1 : 1)

/** The declarations as a process has them; `again` reads the directory as after a change of it. */
function opened(part: Part = 'run') {
  const clock = { now: () => nowMs, sleep: async () => {} }
  const declarations = new LocalDeclarations(
    () => sourcesIn(join(top, 'local')),
    top,
    clock,
    (problems) => {
      warned = problems.map(problemText)
    },
    part,
  )
  const told = async () => {
    const groups = await declarations.groups()
    return groups.map(({ id, deleted, invalid }) => [id, deleted ?? false, invalid ?? ''] as const)
  }
  const report = async (declared: Declared) => {
    const result = { kind: 'failed', error: new SyncError('transient', 'Away', 'away') } as const
    const status = statusOf({ ...declared, result, nowMs })
    await declarations.report(declared, status)
  }
  return { declarations, told, report }
}

/** Both groups run, each in a file of its own; then something happens to the files. */
async function running(spoil: () => void) {
  write('basics.yaml', ...basics)
  write('one.yaml', one)
  write('two.yaml', two)
  const before = opened()
  const groups = await before.declarations.groups()
  expect(groups.map(({ id }) => id)).toEqual(['sales/one', 'sales/two'])
  for (const each of groups) await before.report(each)
  spoil()
  return { ...before, again: () => reread(before.declarations) }
}

function reread(declarations: LocalDeclarations) {
  declarations.touched()
  return declarations.groups()
}

test.each([
  ['is blank', () => write('one.yaml'), /one\.yaml:1:1: declares nothing/],
  [
    'has comments only',
    () => writeFileSync(file('one.yaml'), '# one\n---\n'),
    /one\.yaml:1:1: dec/,
  ],
  [
    'is a link that leads nowhere',
    () => {
      rmSync(file('one.yaml'))
      symlinkSync('nowhere', file('one.yaml'))
    },
    /one\.yaml:1:1: declares nothing/,
  ],
  [
    'is removed beside a blank one',
    () => {
      rmSync(file('one.yaml'))
      write('zero.yaml')
    },
    /zero\.yaml:1:1: declares nothing/,
  ],
  [
    'is removed beside one that cannot be parsed',
    () => {
      rmSync(file('one.yaml'))
      writeFileSync(file('zero.yaml'), 'kind: [')
    },
    /zero\.yaml:1:8: invalid YAML/,
  ],
])('a group whose file %s goes on as it was, and says so', async (_, spoil, said) => {
  const { again } = await running(spoil)
  for (const laterMs of [0, 60_000]) {
    nowMs += laterMs
    const [first, second] = (await again()).toSorted(byId)
    expect(first).toMatchObject({ id: 'sales/one', invalid: expect.stringMatching(said) })
    expect(first).toMatchObject({ group: { spec: { members } } })
    expect(hubOf(first).credentials).toMatchObject({ username: 'a' })
    expect(first?.deleted ?? false).toBe(false)
    expect(second).toMatchObject({ id: 'sales/two', invalid: undefined })
    expect(warned).toEqual([expect.stringMatching(said)])
  }
})

test.each([
  ['is blank', () => write('basics.yaml'), /basics\.yaml:1:1: declares nothing/],
  [
    'holds an edit that is not valid',
    () =>
      write(
        'basics.yaml',
        resource('ExchangeServer', 'corp', { spec: { url: 'ftp://x' } }),
        basics[1] ?? {},
      ),
    /basics\.yaml:\d+:\d+: spec\./,
  ],
])(
  'groups whose server and Secret are in a file that %s go on, and say so',
  async (_, spoil, said) => {
    const { again } = await running(spoil)
    for (const each of await again()) {
      const { credentials, server } = hubOf(each)
      expect(each.invalid).toMatch(said)
      expect([credentials?.username, server?.metadata.name]).toEqual(['a', 'corp'])
    }
  },
)

test('a file that is removed from a sound directory ends its group after five seconds', async () => {
  const { again, told } = await running(() => rmSync(file('one.yaml')))
  expect((await again()).map(({ id }) => id)).toEqual(['sales/two'])
  nowMs += 5_000
  expect(await told()).toEqual([
    ['sales/one', true, ''],
    ['sales/two', false, ''],
  ])
  expect(warned).toEqual([])
})

test('where the last file is removed, and where the directory cannot be read, everything goes on', async () => {
  const { again, told, declarations } = await running(() =>
    rmSync(join(top, 'local'), { recursive: true }),
  )
  const said = (what: string) => [
    ['sales/one', false, expect.stringContaining(what)],
    ['sales/two', false, expect.stringContaining(what)],
  ]
  await again()
  expect(await told()).toEqual(said('the directory cannot be read'))
  // It is tried again even when nothing is told.
  await declarations.changed(new AbortController().signal)
  mkdirSync(join(top, 'local'))
  nowMs += 60_000
  expect(await told()).toEqual(said('the directory declares nothing'))
  expect(warned).toEqual([expect.stringContaining('the directory declares nothing')])
  write('basics.yaml', ...basics)
  write('one.yaml', one)
  await again()
  nowMs += 5_000
  expect(await told()).toEqual([
    ['sales/two', true, ''],
    ['sales/one', false, ''],
  ])
})

test.each([
  ['too large', () => writeFileSync(file('one.yaml'), `# ${'x'.repeat(2 ** 20)}`), /larger than 1/],
  ['nested without end', () => writeFileSync(file('one.yaml'), '['.repeat(2 ** 18)), /words and/],
  ['a pipe', () => execFileSync('sh', ['-c', 'rm "$0"; mkfifo "$0"', file('one.yaml')]), /regular/],
  ['binary', () => writeFileSync(file('one.yaml'), Buffer.from([0xff, 0x00])), /not UTF-8/],
])(
  'what a file declared goes on when it is %s, and others are as they are',
  async (_, odd, said) => {
    const { again, declarations } = await running(odd)
    const byName = (await again()).toSorted(byId)
    expect(byName.map(({ id, invalid }) => [id, invalid])).toEqual([
      ['sales/one', expect.stringMatching(said)],
      ['sales/two', undefined],
    ])
    expect([declarations.problems, warned]).toEqual([1, [expect.stringMatching(said)]])
    const later = opened()
    expect((await later.told()).map(([id]) => id)).toEqual(['sales/two'])
  },
)

test.each([
  ['nothing', ''],
  ['a text', 'odd'],
  ['null', 'metadata: null\nspec: null\nstatus: null'],
  [
    'wrong types',
    'metadata: {name: one, namespace: sales, generation: x}\nspec: 5\nstatus: {conditions: 7}',
  ],
  ['half a spec', 'metadata: {name: one, namespace: sales}\nspec: {hub: {}}\nstatus: {members: 3}'],
  ['no end', '['.repeat(2 ** 20)],
])('a status file with %s in it is as one that is lost', async (_, text) => {
  const { again, told, report } = await running(() =>
    writeFileSync(join(top, 'status', 'sales.one.yaml'), text),
  )
  const groups = await again()
  expect(groups.map(({ id, previous }) => [id, previous?.conditions])).toContainEqual([
    'sales/one',
    undefined,
  ])
  for (const each of groups) await report(each)
  writeFileSync(join(top, 'status', 'sales.three.yaml'), text.replace('one', 'three'))
  await again()
  nowMs += 60_000
  expect((await told()).map(([id]) => id)).toEqual(['sales/one', 'sales/two'])
})

test('of a thousand problems some are logged', async () => {
  const many = Array.from({ length: 200 }, (_, n) => groupOf(`g${n}`, { direction: 'Sideways' }))
  write('many.yaml', ...basics, ...many)
  const { told, declarations } = opened()
  expect(await told()).toEqual([])
  expect(declarations.problems).toBe(200)
  expect(warned.length).toBe(101)
  expect(warned.at(-1)).toMatch(/^100 more problems: run exsync validate to list them all$/)
})

test('a blank file is no problem as long as nothing is missing', async () => {
  const { again, declarations } = await running(() => write('zero.yaml'))
  expect((await again()).map(({ invalid }) => invalid)).toEqual([undefined, undefined])
  expect([declarations.problems, warned]).toEqual([0, []])
})

test('after a start with a blank file its group does not run, and its status says so', async () => {
  await running(() => write('one.yaml'))
  const { declarations, told } = opened()
  expect((await told()).map(([id]) => id)).toEqual(['sales/two'])
  expect([declarations.problems, warned]).toEqual([1, [expect.stringMatching(/one\.yaml:1:1/)]])
  const stored = parse(readFileSync(join(top, 'status', 'sales.one.yaml'), 'utf8'))
  expect(stored).toMatchObject({ metadata: { generation: 1 }, spec: { members } })
  expect(isReady(stored.status)).toBe(false)
  expect(stored.status.conditions).toEqual([
    expect.objectContaining({
      type: 'Ready',
      reason: 'InvalidSpec',
      message: expect.stringMatching(/declares nothing.*does not run until then$/),
    }),
    expect.objectContaining({ type: 'Stalled', status: 'True' }),
  ])
  write('one.yaml', one)
  expect((await reread(declarations)).map(({ generation }) => generation)).toEqual([1, 1])
})

test('a group that ran and was not valid at a start is ended as it asked to be when it ran', async () => {
  const removing = groupOf('one', { deletionPolicy: 'RemoveCopies' })
  const { declarations } = await running(() => write('one.yaml', removing))
  declarations.touched()
  const [first] = await declarations.groups()
  if (first === undefined) throw new Error('the group is not told')
  await declarations.report(first, { conditions: [] })
  write('one.yaml', groupOf('one', { direction: 'Sideways' }))
  const { told, declarations: later } = opened()
  expect((await told()).map(([id]) => id)).toEqual(['sales/two'])
  rmSync(file('one.yaml'))
  const [ended] = await reread(later)
  expect(ended).toMatchObject({
    deleted: true,
    group: { spec: { deletionPolicy: 'RemoveCopies' } },
  })
})

test('a plan names what is missing for no reason, and writes no status', async () => {
  await running(() => write('one.yaml'))
  const before = readFileSync(join(top, 'status', 'sales.one.yaml'), 'utf8')
  const { declarations, told } = opened('look')
  expect((await told()).map(([id]) => id)).toEqual(['sales/two'])
  expect(declarations.problems).toBe(1)
  expect(readFileSync(join(top, 'status', 'sales.one.yaml'), 'utf8')).toBe(before)
})
