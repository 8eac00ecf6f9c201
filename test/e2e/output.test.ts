// What the program prints: to the last byte into whatever reads it, all there is or how much is missing, and nothing
// that only seems to be an answer.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GroupId, LinkId, ReplicaId } from '../../controller/core/id.ts'
import { openState } from '../../controller/store/state.ts'
import { seenAs } from '../../controller/sync/observe.ts'
import type { Change } from '../../controller/sync/ports.ts'
import { type Ended, exsync, type Running } from './support.ts'

const group = 'sales/clients' as GroupId
const anna = 'anna@corp.example:contacts/clients' as ReplicaId
const hub = 'hub:/company/clients' as ReplicaId
const [few, many] = [250, 2_500]
const longField = 'x'.repeat(2_100)

let top = ''
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'exsync-output-'))
  await filled('few', few, 'JobTitle')
  await filled('many', many, longField)
  mkdirSync(join(top, 'empty'))
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

/** A state whose bin holds so many things, of which each is a conflict as well. */
async function filled(name: string, count: number, field: string): Promise<void> {
  const state = openState(join(top, name))
  const each = <Line>(line: (link: LinkId, n: number) => Line) =>
    Array.from({ length: count }, (_, n) => line(`link-${n}` as LinkId, n))
  const role = {
    hub: true,
    writes: true,
    receives: true,
    drift: 'Revert',
    private: 'Copy',
  } as const
  const change: Change = {
    at: { timeMs: 1, pass: 'p' },
    writes: [
      {
        write: 'kept',
        kept: each((link) => ({
          link,
          replica: anna,
          loss: 'v1',
          reason: 'Conflict',
          fields: [field],
          item: { GivenName: 'Ewa' },
        })),
      },
      {
        write: 'conflicts',
        conflicts: each((link) => ({ link, replica: anna, field, version: 'v1' })),
      },
      {
        write: 'memories',
        memories: new Map([
          [hub, { checkpoint: {}, seenAs: seenAs({ id: hub, ...role }), recheck: [] }],
        ]),
      },
    ],
  }
  await state.baseline(group).commit(change)
  state.close()
}

const on = (name: string, ...args: readonly string[]) =>
  exsync([...args, '--state', join(top, name)])

/** Reads it a little at a time, and lets the program wait in between. */
function slowly(running: Running): Promise<Ended> {
  for (const stream of [running.child.stdout, running.child.stderr]) {
    stream?.on('data', () => {
      stream.pause()
      setTimeout(() => stream.resume(), 1)
    })
  }
  return running.ended
}

describe.concurrent('whatever reads it slowly gets all of it', () => {
  test('a list as JSON', async () => {
    const { code, stdout, stderr } = await slowly(on('many', 'bin', 'list', '-o', 'json'))
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.length).toBeGreaterThan(5_000_000)
    const lines = JSON.parse(stdout).bin as readonly { n: number }[]
    expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: many }, (_, i) => many - i))
    expect(stdout).toBe(`${JSON.stringify({ bin: lines }, null, 2)}\n`)
  })

  const wrong = (name: string) => {
    const folder = join(top, name.repeat(200))
    mkdirSync(folder)
    const bad = (n: number) =>
      `apiVersion: exchangesync.dev/v1alpha1\nkind: SyncGroup\nmetadata: {name: g${n}}\nspec: 1\n`
    const text = Array.from({ length: 2_000 }, (_, n) => bad(n)).join('---\n')
    writeFileSync(join(folder, 'all.yaml'), text)
    return join(folder, 'all.yaml')
  }

  test('everything that is wrong, on standard error, with its exit code', async () => {
    const { code, stderr } = await slowly(on('new', 'plan', '-f', wrong('p')))
    expect([code, stderr.split('\n').length]).toEqual([1, 2_001])
  })

  test('everything that validate has to say, with its exit code', async () => {
    const { code, stdout } = await slowly(exsync(['validate', wrong('v')]))
    expect(code).toBe(1)
    expect(stdout).toMatch(/2000 errors in 1 file\n$/)
  })
})

test.concurrent('one that reads the first lines only ends it quietly', async () => {
  const running = on('many', 'bin', 'list', '-o', 'json')
  running.child.stdout?.once('data', () => running.child.stdout?.destroy())
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
})

describe.concurrent('a long list', () => {
  test.each([
    ['bin', ['bin', 'list']],
    ['conflicts', ['conflicts']],
  ] as const)('%s: the table says how many are not shown, JSON has all', async (name, args) => {
    const table = (await on('few', ...args).ended).stdout.trimEnd().split('\n')
    expect(table).toHaveLength(202)
    expect(table.at(-1)).toBe('… and 50 older ones: use -o json to show all')
    const json = JSON.parse((await on('few', ...args, '-o', 'json').ended).stdout)
    expect(json[name]).toHaveLength(few)
  })
})

describe.concurrent('where there is no state', () => {
  const commands = ['bin list', 'bin show 1', 'bin restore 1', 'conflicts', 'conflicts show 1']
  test.each([...commands, 'status'])('%s says so, and what to do', async (command) => {
    const name = command.startsWith('bin') ? 'mistyped' : 'empty'
    const { code, stdout, stderr } = await on(name, ...command.split(' ')).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`in ${join(top, name)}`)
    expect(stderr).toMatch(/^exsync: there is no stat(e|us) in .*--state.*exsync run/)
  })
})

describe('bin restore', () => {
  const pending = async () =>
    JSON.parse((await on('few', 'bin', 'list', '-o', 'json').ended).stdout)
      .bin.filter(({ restore }: { restore?: string }) => restore === 'Pending')
      .map(({ n }: { n: number }) => n)

  test.each([
    [['1', '2', '999'], /there is no entry 999 in the bin, so nothing is restored/],
    [['1', 'two'], /there is no entry two in the bin/],
    [['1', '2', '-3'], /-3/],
    [[], /needs a number: see exsync bin list/],
  ])('of %j refuses all', async (numbers, message) => {
    const { code, stdout, stderr } = await on('few', 'bin', 'restore', ...numbers).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(await pending()).toEqual([])
  })

  test('of several asks for each, once', async () => {
    const { code, stdout, stderr } = await on('few', 'bin', 'restore', '1', '3', '2', '3').ended
    expect([code, stderr]).toEqual([0, ''])
    const said = stdout.trimEnd().split('\n')
    expect(said.map((line) => line.split(':')[0])).toEqual(
      [1, 3, 2].map((n) => `${n} is requested`),
    )
    expect(await pending()).toEqual([3, 2, 1])
  })
})

test.concurrent('help and the version need nothing else', async () => {
  const help = await exsync(['bin', 'restore', '--help']).ended
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/^usage: exsync bin restore N… --state DIR\n/)
  const version = await exsync(['--version']).ended
  expect(version).toMatchObject({ code: 0, stderr: '' })
  expect(version.stdout).toMatch(/^exsync \d+\.\d+\.\d+\n$/)
})
