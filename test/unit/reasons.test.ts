// The table of the reasons of conditions: every code of the source is in it, docs/conditions.md says the same, and a status
// follows it. And what a suspended resource shows.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reasonOf } from '../../controller/api/conditions.ts'
import { groupStory, suspendedStory } from '../../controller/api/events.ts'
import { type Result, statusOf } from '../../controller/api/group-status.ts'
import { isStalling, remedies, summaries, waits } from '../../controller/api/reasons.ts'
import type { Problem, Report } from '../../controller/api/report.ts'
import type { ExchangeServer, SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { type ServerResult, serverStatusOf } from '../../controller/api/server-status.ts'
import { participantsOf } from '../../controller/api/topology.ts'
import { type Kind, SyncError } from '../../controller/core/sync-error.ts'
import { kindOf } from '../../controller/ews/response-codes.ts'
import { groupWith } from '../support/health.ts'

const root = join(import.meta.dirname, '../..')
const filesIn = (folder: string) =>
  readdirSync(join(root, 'controller', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'controller', folder, name), 'utf8'))

// Codes of commands, and of a start that fails: no resource shows them.
const ofCommands = [
  'DirectoryUnreadable',
  'InvalidArguments',
  'KeyExposed',
  'KeyInvalid',
  'KubeconfigUnusable',
  'WantedBack',
]

describe('the table', () => {
  test('has every code that a pass, a probe or a declaration can end with, by the kind of its error', () => {
    const floors = ['api', 'core', 'ews', 'kube', 'local', 'store', 'sync']
    const found = floors.flatMap(filesIn).flatMap((text) => [
      // What the doctor finds is no condition.
      ...text.matchAll(/new SyncError\(\s*'(\w+)',\s*'(\w+)'/g),
    ])
    expect(found.length).toBeGreaterThan(80)
    const missing = found
      .map(([, , code = '']) => code)
      .filter((code) => !waits.has(reasonOf(code)) && !ofCommands.includes(code))
    expect(missing).toEqual([])
    // These are tried again soon although a person must act.
    const soon = ['ServerSuspended', 'UndefinedValue']
    const other = found.filter(
      ([, kind, code = '']) =>
        waits.has(reasonOf(code)) &&
        !soon.includes(code) &&
        (kind === 'terminal') !== isStalling({ kind: kind as Kind, code }),
    )
    expect(other.map(([, , code]) => code)).toEqual([])
  })

  test('decides Exchange’s codes as the Replica port does', () => {
    const text = readFileSync(join(root, 'controller/ews/response-codes.ts'), 'utf8')
    const codes = new Set([...text.matchAll(/\bError[A-Z]\w+/g)].map(([code]) => code))
    expect(codes.size).toBeGreaterThan(40)
    const other = [...codes].filter((code) => {
      const kind = kindOf(code)
      return isStalling({ kind, code }) !== (kind === 'terminal')
    })
    expect(other).toEqual([])
    const listed = [...codes].filter((code) => kindOf(code) === 'terminal')
    expect(listed.filter((code) => !waits.has(reasonOf(code)))).toEqual([])
  })

  test('leaves a code that it lacks to the kind of the error', () => {
    expect(isStalling({ kind: 'terminal', code: 'ErrorBrandNew' })).toBe(true)
    expect(isStalling({ kind: 'transient', code: 'ErrorBrandNew' })).toBe(false)
    expect(isStalling({ kind: 'stale', code: 'ErrorBrandNew' })).toBe(false)
  })

  test('is the same in docs/conditions.md, which explains each reason', () => {
    const text = readFileSync(join(root, 'docs/conditions.md'), 'utf8')
    const rows = [...text.matchAll(/^\| `(\w+)` \| (\w+) \| (yes|no) \| (.+) \|$/gm)]
    const shown = rows.map(([, reason, wait, stalled, what]) => [reason, wait, stalled, what])
    const wanted = [...waits].map(([reason, wait]) => [
      reason,
      wait,
      wait === 'time' ? 'no' : 'yes',
      remedies.get(reason),
    ])
    expect(shown).toEqual(wanted)
    for (const [, , , , what = ''] of rows) expect(what.length).toBeGreaterThan(9)
    for (const reason of summaries) expect(text).toContain(`\`${reason}\``)
  })
})

const members = Array.from({ length: 14 }, (_, i) => ({ mailbox: `m${i}@corp.example` }))
const group = groupWith(members)
const { hub, members: joined } = participantsOf(group)
const idOf = (number: number) => joined[number]?.role.id ?? hub.role.id
const reportOf = (problems: readonly Problem[], more: Partial<Report> = {}): Report => ({
  ...{ startMs: 0, durationMs: 1, items: 3, created: 0, updated: 0, deleted: 0, kept: 0 },
  conflicts: { total: 0, lastMs: undefined },
  members: {
    total: 14,
    current: 14 - problems.length,
    behind: 0,
    unreachable: problems.length,
  },
  ...{ problems, refusals: [], unfinished: false },
  ...more,
})
const problem = (number: number, reason: string, kind: Kind = 'terminal'): Problem => ({
  ...{ replica: idOf(number), kind, reason, message: `the message of ${reason}` },
})
const passed = (report: Report): Result => ({ kind: 'passed', report, recent: [] })
const status = (result: Exclude<Result, { kind: 'released' }>, more: object = {}) =>
  statusOf({ group, generation: 1, previous: undefined, nowMs: 0, result, ...more })
const says = ({ conditions = [] }: SyncGroupStatus) =>
  conditions.map(({ type, status: holds, reason }) => `${type}=${holds} ${reason}`)
const shownOf = (report: Report) => says(status(passed(report) as never))
const refusal = {
  ...{ replica: idOf(0), reason: 'Deletions' as const, count: 9, limit: 5 },
  hash: 'abc',
} as Report['refusals'][number]
const behind = (count: number) => ({
  members: { total: 14, current: 14 - count, behind: count, unreachable: 0 },
})

describe('a group is Stalled', () => {
  test.each(['NonExistentMailbox', 'FolderClaimed', 'NotAllowed', 'BinFull', 'ErrorQuotaExceeded'])(
    'when %s is all that is wrong',
    (code) => {
      const reason = reasonOf(code)
      expect(shownOf(reportOf([problem(0, code)]))).toEqual([
        `Ready=False ${reason}`,
        `Stalled=True ${reason}`,
      ])
    },
  )

  test('when the guard blocks, and when other members wait as well', () => {
    const guarded = { refusals: [refusal], ...behind(1) }
    expect(shownOf(reportOf([], guarded))).toEqual([
      'Ready=False Guarded',
      'Guarded=True Deletions',
      'Stalled=True Guarded',
    ])
    const both = { refusals: [refusal], ...behind(2) }
    expect(shownOf(reportOf([problem(1, 'BinFull')], both)).at(-1)).toBe('Stalled=True Guarded')
  })

  test('and names its members with their reasons, ten at most', () => {
    const some = [problem(3, 'FolderClaimed'), problem(3, 'BinFull'), problem(1, 'BinFull')]
    const messageOf = (report: Report) =>
      status(passed(report) as never).conditions?.find(({ type }) => type === 'Stalled')?.message
    expect(messageOf(reportOf(some, behind(2)))).toMatch(
      /^waits for a person: m3@corp\.example \(FolderClaimed\), m1@corp\.example \(BinFull\); .*the message of FolderClaimed/,
    )
    const many = members.map((_, i) => problem(i, 'ErrorNonExistentMailbox'))
    const named = messageOf(reportOf(many)) ?? ''
    expect(named.match(/\(NonExistentMailbox\)/g)).toHaveLength(10)
    expect(named).toContain(' and 4 more; ')
  })

  test('when the hub explains that members are behind', () => {
    const hubs = { ...problem(0, 'ItemTooLarge'), replica: hub.role.id }
    expect(shownOf(reportOf([hubs], behind(3))).at(-1)).toBe('Stalled=True ItemTooLarge')
  })
})

describe('a group is not Stalled', () => {
  const next = 'Reconciling=True Progressing'
  test('when anything may pass by itself', () => {
    const mixed = [problem(0, 'FolderClaimed'), problem(1, 'ServerBusy', 'transient')]
    expect(shownOf(reportOf(mixed))).toEqual(['Ready=False MembersNotReady', next])
    const slow = { refusals: [refusal], ...behind(2) }
    const busy = [problem(1, 'ServerBusy', 'transient')]
    expect(shownOf(reportOf(busy, slow))).toEqual([
      'Ready=False Guarded',
      'Guarded=True Deletions',
      next,
    ])
  })

  test('when the table says that an error passes, whatever its kind', () => {
    expect(shownOf(reportOf([problem(0, 'RequestTimeout')]))).toEqual([
      'Ready=False RequestTimeout',
    ])
  })

  test('when time ran out, or others edited meanwhile', () => {
    const claimed = [problem(0, 'FolderClaimed')]
    expect(shownOf(reportOf(claimed, { unfinished: true })).at(-1)).toBe(next)
    expect(shownOf(reportOf(claimed, behind(2))).at(-1)).toBe(next)
    expect(shownOf(reportOf([], behind(2)))).toEqual(['Ready=False Progressing', next])
    expect(shownOf(reportOf([]))).toEqual(['Ready=True Succeeded'])
  })
})

describe('suspended', () => {
  const suspended = { kind: 'suspended' } as const
  const paused = (previous: SyncGroupStatus | undefined, more: object = {}) =>
    status(suspended, { generation: 2, previous, nowMs: 9_000, ...more })

  test('a group keeps its conditions, their times too, and the generation advances', () => {
    for (const report of [reportOf([]), reportOf([problem(0, 'BinFull')])]) {
      const before = status(passed(report) as never, { cuts: ['spec.timeout is 5h'] })
      const now = paused(before, { cuts: ['spec.timeout is 5h'] })
      const conditions = before.conditions?.map((each) => ({ ...each, observedGeneration: 2 }))
      expect(now).toEqual({ ...before, observedGeneration: 2, conditions })
      expect(paused(now)).toEqual(now)
    }
  })

  test('it keeps Guarded and Stalled, and is not Reconciling any more', () => {
    const guarded = status(passed(reportOf([], { refusals: [refusal], ...behind(1) })) as never)
    expect(says(paused(guarded))).toEqual(says(guarded))
    const late = status(passed(reportOf([], behind(1))) as never)
    expect(says(late)).toHaveLength(2)
    expect(says(paused(late))).toEqual(['Ready=False Progressing'])
  })

  test('a group without a result of its spec is Unknown', () => {
    const unknown = ['Ready=Unknown Suspended']
    expect(says(paused(undefined))).toEqual(unknown)
    expect(says(paused(paused(undefined)))).toEqual(unknown)
    const invalid = status(suspended, { invalid: 'spec.hub is missing' })
    expect(says(invalid)).toEqual(['Ready=False InvalidSpec', 'Stalled=True InvalidSpec'])
    expect(says(paused(invalid))).toEqual(unknown)
    // As version 0.1 wrote it.
    const [ready] = paused(undefined).conditions ?? []
    if (ready === undefined) throw new Error('no condition')
    const old = { conditions: [{ ...ready, status: 'False' as const }] }
    expect(says(paused(old))).toEqual(unknown)
  })

  test('an Event says it once, by Ready or by itself', () => {
    const before = status(passed(reportOf([])) as never)
    const resting = { ...group, spec: { ...group.spec, suspend: true } }
    const notes = (was: SyncGroupStatus | undefined, now: SyncGroupStatus) =>
      [...groupStory(group, was, now), ...suspendedStory(resting, was, now)].map(
        ({ type, reason }) => `${type} ${reason}`,
      )
    const once = ['Normal Suspended']
    expect(notes(before, paused(before))).toEqual(once)
    expect(notes(paused(before), paused(paused(before)))).toEqual([])
    expect(notes(undefined, paused(undefined))).toEqual(once)
    expect(suspendedStory(group, before, paused(before))).toEqual([])
  })

  test('a server keeps its conditions, and is Unknown before its first probe', () => {
    const server = (generation: number, status?: ExchangeServer['status']) =>
      ({ metadata: { name: 'corp', generation }, ...(status && { status }) }) as ExchangeServer
    const probed = (result: ServerResult) => serverStatusOf(server(1), result, 0)
    const error = new SyncError('terminal', 'AuthenticationFailed', 'a wrong password')
    for (const result of [
      { kind: 'answered', version: '15.2' },
      { kind: 'failed', error },
    ] as const) {
      const before = probed(result)
      const conditions = before.conditions?.map((each) => ({ ...each, observedGeneration: 2 }))
      const now = serverStatusOf(server(2, before), suspended, 9_000)
      expect(now).toEqual({ ...before, observedGeneration: 2, conditions })
    }
    expect(probed(suspended).conditions).toMatchObject([
      { type: 'Ready', status: 'Unknown', reason: 'Suspended' },
    ])
    const stalled = (probed({ kind: 'failed', error }).conditions ?? []).map(({ type }) => type)
    expect(stalled).toEqual(['Ready', 'Stalled'])
  })
})
