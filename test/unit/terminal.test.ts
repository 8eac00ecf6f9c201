// Control characters and marks of direction, whoever wrote them, reach no terminal and no log: every command, every
// character, and what is read back from JSON and YAML is what was there.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { forget } from '../../controller/cli/forget.ts'
import { bin, conflicts, status } from '../../controller/cli/look.ts'
import { jsonText, Output, yamlText } from '../../controller/cli/output.ts'
import { plan } from '../../controller/cli/plan.ts'
import { restore } from '../../controller/cli/restore.ts'
import { validate } from '../../controller/cli/validate.ts'
import type { GroupId, LinkId, ReplicaId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { logger } from '../../controller/telemetry/log.ts'
import { VirtualClock } from '../support/clock.ts'
import { agreement, at, deleted, directory } from '../support/state.ts'
import { groupOn } from './sign-in-office.ts'

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => String.fromCharCode(from + n))

/** All of C0, DEL and C1, the marks of direction, the separators of lines, half a surrogate pair. */
const unsafe = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  '\u061c',
  ...range(0x200e, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2066, 0x2069),
  '\ud800',
]
const all = `a${unsafe.join('b')}z`
const seen = new RegExp(
  `[${unsafe.map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}]`,
  'u',
)

/** What a command writes, through the very output that a terminal gets. */
async function written(command: (out: Output['line']) => Promise<unknown>): Promise<string> {
  let text = ''
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk)
      done()
    },
  })
  const output = new Output(() => stream)
  await command(output.line)
  await output.drained()
  return text
}

/** Printable: no line has anything unsafe, and none was forged. */
function expectPrintable(text: string, lines?: number): void {
  const found = text.split('\n')
  expect(found.filter((line) => seen.test(line))).toEqual([])
  if (lines !== undefined) expect(found).toHaveLength(lines + 1)
}

// SQLite has no half a surrogate pair.
const stored = all.replace('\ud800', '\ufffd')
const group = `ns/${stored}` as GroupId
const [replica, link] = [`${stored}:A` as ReplicaId, stored as LinkId]

/** A state in which every text has every character. */
async function oddState() {
  const state = openState(':memory:')
  const item = { JobTitle: all, [all]: 'x', Body: { type: 'Text', text: `${all}\n`.repeat(40) } }
  await state.baseline(group).commit({
    at: { ...at, pass: all },
    writes: [
      {
        write: 'kept',
        kept: [{ link, replica, loss: 'l', reason: 'Conflict', fields: [all], item, won: item }],
      },
      { write: 'conflicts', conflicts: [{ link, replica, field: stored, version: 'v' }] },
      { write: 'agreements', agreements: [{ ...agreement, link }] },
    ],
  })
  return { state, port: stateOver(state), item }
}

test('the net has no hole: each character is escaped alone, in a line and among lines', async () => {
  for (const each of unsafe) {
    expect(await written((out) => out(`>${each}<`))).toMatch(/^>\\(u[0-9a-f]{4}|[nrt])<\n$/)
    const text = await written((out) => out(`>${each}<\n`, 'lines'))
    expect(text).toMatch(each === '\n' ? /^>\n<\n\n$/ : /^>\\(u[0-9a-f]{4}|[rt])<\n\n$/)
  }
})

describe('commands', () => {
  test('bin and conflicts list a line for each', async () => {
    const { state, port } = await oddState()
    expectPrintable(await written((out) => bin(port.bin, ['list'], 'table', out)), 2)
    expectPrintable(await written((out) => conflicts(port.bin, ['list'], 'table', out)), 2)
    state.close()
  })

  test('forget, which names people on a terminal', async () => {
    const { state } = await oddState()
    const named = { ...deleted({ DisplayName: all }, link), replica }
    await state.baseline(group).commit({ at, writes: [{ write: 'kept', kept: [named] }] })
    const asked = { item: 1, match: undefined, group: undefined, yes: false }
    const edges = { terminal: true, stateDirectory: directory(), nowMs: 1 }
    const text = await written((out) => forget(state.eraser, { ...asked, ...edges }, out))
    expectPrintable(text, 5)
    expect(text).toMatch(/“abb.*z”/)
    state.close()
  })

  test('bin show, conflicts show and both lists are exact in JSON and YAML', async () => {
    const { state, port, item } = await oddState()
    const shown = async (look: typeof bin, args: readonly string[], format: 'table' | 'json') => {
      const text = await written((out) => look(port.bin, args, format, out))
      expectPrintable(text)
      return format === 'json' ? JSON.parse(text) : parse(text)
    }
    for (const format of ['table', 'json'] as const) {
      expect(await shown(bin, ['show', '1'], format)).toMatchObject({
        group,
        replica,
        item,
        won: item,
      })
      expect(await shown(conflicts, ['show', '1'], format)).toMatchObject({ link, field: stored })
    }
    expect((await shown(bin, ['list'], 'json')).bin).toMatchObject([{ group, link, fields: [all] }])
    expect((await shown(conflicts, [], 'json')).conflicts).toMatchObject([{ link, field: stored }])
    state.close()
  })

  test('plan, whatever the group is called and an error says', async () => {
    const state = openState(':memory:')
    const odd: Declared = { ...groupOn('http://127.0.0.1:1', 1, { name: 'odd' }), id: group }
    const site = (out: typeof fails) =>
      ({
        declarations: { groups: async () => [odd] },
        clock: new VirtualClock(0),
        replicas: out,
        former: out,
        baseline: (id: GroupId) => state.baseline(id),
        servers: new Servers(new VirtualClock(0), { leastMs: 1, mostMs: 1 }),
      }) as unknown as Environment
    const fails = () => {
      throw new SyncError('transient', all, all)
    }
    const signal = new AbortController().signal
    const text = await written((out) => plan(site(fails), 'table', out, signal))
    expectPrintable(text, 2)
    expect(text).toContain('error')
    const json = await written((out) => plan(site(fails), 'json', out, signal))
    expectPrintable(json)
    expect(JSON.parse(json).groups).toMatchObject([{ group, error: { message: all } }])
    state.close()
  })

  test('status, whatever stands in its files', async () => {
    const place = directory()
    mkdirSync(join(place, 'status'))
    const conditions = [{ type: 'Ready', status: all, message: all }]
    const document = {
      metadata: { namespace: all, name: all },
      status: { conditions, members: { summary: all }, lastPass: { time: all } },
    }
    writeFileSync(join(place, 'status', 'a.b.yaml'), JSON.stringify(document))
    expectPrintable(await written((out) => status(place, 0, out)), 2)
  })

  test('bin restore and validate, which name what they were given', async () => {
    const { state, port } = await oddState()
    await expect(written((out) => restore(port, directory(), ['1'], 1, out))).rejects.toMatchObject(
      { code: 'GroupGone' },
    )
    state.close()
    const place = directory()
    const name = join(
      place,
      `${all.replaceAll('\0', '').replaceAll('/', '').replaceAll('\ud800', '')}.yaml`,
    )
    const kinds = ['SyncGroup', 'ExchangeServer', 'Secret'].map((kind) =>
      JSON.stringify({
        apiVersion: kind === 'Secret' ? 'v1' : 'exchangesync.dev/v1alpha1',
        kind,
        metadata: { name: all, namespace: all, annotations: { [all]: all } },
        spec: { [all]: all, interval: all, url: all, members: [{ mailbox: all, [all]: 1 }] },
        [all]: all,
      }),
    )
    writeFileSync(name, kinds.join('\n---\n'))
    const text = await written((out) => validate([place], out))
    expectPrintable(text)
    expect(
      text
        .split('\n')
        .slice(0, -2)
        .every((line) => line.startsWith(place)),
    ).toBe(true)
  })
})

test('what is printed as JSON or YAML is read back as it was', () => {
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom(...unsafe, ' ', '\n', ':', '"', "'", '\\', '#', '- '),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''))
  const value = fc.dictionary(text, fc.oneof(text, fc.array(text), fc.dictionary(text, text)))
  fc.assert(
    fc.property(value, (given) => {
      const plain = JSON.parse(JSON.stringify(given)) as unknown
      for (const [read, shown] of [
        [JSON.parse, jsonText(plain)],
        [parse, yamlText(plain)],
      ] as const) {
        expectPrintable(shown)
        expect((read as (text: string) => unknown)(shown)).toEqual(plain)
      }
    }),
  )
})

test('a log has one printable line for each call, which reads as it was', () => {
  const lines: string[] = []
  const log = logger('info', (line) => void lines.push(line))
  log.warn({ problem: all, nested: { [all]: [all] } }, all)
  log.info({ group: all, err: new Error(all) }, 'x')
  expect(lines).toHaveLength(2)
  for (const line of lines) expectPrintable(line, 1)
  // Pino itself writes half a surrogate pair as what stands for an unknown character.
  const known = (text: string) => text.replace('\ud800', '\ufffd')
  const read = JSON.parse(lines[0] ?? '')
  expect([read.problem, read.msg].map(known)).toEqual([all, all].map(known))
})
