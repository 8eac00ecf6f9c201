// The log: levels are words, a line about something wrong has the remedy, and what a library says arrives without its text.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../controller/api/report.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { libraryLog } from '../../controller/telemetry/libraries.ts'
import { logger, logPass, logRefusedPlan, logServer } from '../../controller/telemetry/log.ts'
import { groupWith } from '../support/health.ts'

type Line = Readonly<Record<string, unknown>>

function lines() {
  const written: string[] = []
  const log = logger('debug', (line) => void written.push(line))
  return { log, written, said: () => written.map((line) => JSON.parse(line) as Line) }
}

const group = groupWith([{ mailbox: 'anna@corp.example' }, { mailbox: 'jan@corp.example' }])
const declared = { id: 'sales/clients' as GroupId, group }
const [anna, jan] = ['anna@corp.example:contacts/contacts', 'jan@corp.example:contacts/contacts']
const report = {
  ...{ startMs: 0, durationMs: 1, items: 3, created: 0, updated: 0, deleted: 0, kept: 0 },
  ...{ conflicts: { total: 0 }, members: { total: 2, current: 0, behind: 0, unreachable: 2 } },
  problems: [anna, jan].map((replica) => {
    const message = 'the mailbox anna@corp.example is full'
    return { replica, kind: 'terminal', reason: 'ErrorQuotaExceeded', message }
  }),
  refusals: [{ replica: anna, reason: 'Deletions', count: 9, limit: 5, hash: 'abc' }],
  unfinished: false,
} as unknown as Report
const passed = { kind: 'passed', report, recent: [] } as const

test('levels are words', () => {
  const { log, said } = lines()
  log.info('one')
  log.warn('two')
  log.error('three')
  log.debug('four')
  expect(said().map(({ level }) => level)).toEqual(['info', 'warn', 'error', 'debug'])
})

test('a pass with problems says the remedy of each, the command that names the members, and how to approve', () => {
  const { log, said, written } = lines()
  logPass(log, { state: '/var/lib/ex sync' }, declared, passed, 1)
  logPass(log, 'cluster', declared, passed, 1)
  const [local, cluster] = said()
  expect(local?.remedies).toEqual([
    'QuotaExceeded (2 times): the mailbox is full: delete items, or raise its quota',
    "the members and details: exsync status -o json --state '/var/lib/ex sync'",
    'the guard blocks changes: undo them in Exchange, or approve exactly this: give the SyncGroup the annotation exchangesync.dev/approve: abc',
  ])
  expect(cluster?.remedies).toEqual([
    'QuotaExceeded (2 times): the mailbox is full: delete items, or raise its quota',
    "the members and details: kubectl get syncgroup clients -n sales -o jsonpath='{.status.problems}'",
    'the guard blocks changes: undo them in Exchange, or approve exactly this: kubectl annotate --overwrite syncgroup clients -n sales exchangesync.dev/approve=abc',
  ])
  expect(written.join('')).not.toContain('@')
})

test('a pass and a probe that fail say the remedy', () => {
  const { log, said } = lines()
  const failed = (code: string) =>
    ({ kind: 'failed', error: new SyncError('terminal', code, 'a message') }) as const
  logPass(log, 'cluster', declared, failed('HubNotFound'), 1)
  logPass(log, 'cluster', declared, failed('RequestTimeout'), 1)
  logPass(log, 'cluster', declared, failed('ErrorBrandNew'), 1)
  logServer(log, 'sales/corp', failed('AuthenticationFailed'), undefined)
  expect(said().map(({ remedy }) => remedy)).toEqual([
    'correct spec.hub, or the account’s permissions; exsync doctor checks them',
    'the server did not answer in time; it is tried again',
    'look this code up in the documentation of Exchange, and correct the cause',
    'put the right account or password into the Secret; exsync doctor says more',
  ])
})

test('a library’s warnings and console output are lines without their text, counted and bounded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'node_modules/chatty')
  mkdirSync(home, { recursive: true })
  const source = `exports.say = (text) => console.log(text)
exports.fail = (text) => console.error('%s', text)
exports.warn = (text) => process.emitWarning(text, { type: 'DeprecationWarning', code: 'DEP0999' })
exports.odd = (text) => process.emitWarning(text, { type: text, code: text })`
  writeFileSync(join(home, 'index.js'), source)
  const chatty = createRequire(import.meta.url)(home)
  const { log, said, written } = lines()
  const kept = console.log
  const giveBack = libraryLog(log)
  onTestFinished(giveBack)
  const secret = 'Bearer s3cret\n    at s3cret (/x/node_modules/s3cret/a.js:1:1)'
  for (let i = 0; i < 5; i += 1) chatty.say(secret)
  chatty.fail(secret)
  chatty.warn(secret)
  chatty.odd(secret)
  process.emitWarning('an experiment', 'ExperimentalWarning')
  // Node emits warnings at its next turn.
  await new Promise((resolve) => setImmediate(resolve))
  giveBack()
  expect(console.log).toBe(kept)
  expect(written.join('')).not.toContain('s3cret')
  const what = said().map(({ time: _, ...rest }) => rest)
  const wrote = { level: 'warn', msg: 'a library wrote to the console' }
  const warned = { level: 'warn', msg: 'a library warns' }
  const at = (line: number) => `chatty/index.js:${line}`
  expect(what).toEqual([
    ...[1, 2, 4].map((count) => ({ ...wrote, method: 'log', place: at(1), count })),
    { ...wrote, method: 'error', place: at(2), count: 1 },
    { ...warned, warning: 'DeprecationWarning', code: 'DEP0999', place: at(3), count: 1 },
    { ...warned, warning: 'Warning', place: at(4), count: 1 },
  ])
})

test('a missing right about SyncPlans is named with what grants it, another refusal is not', () => {
  const { log, said } = lines()
  const about = { id: 'sales/p', right: 'patch syncplans/status' }
  const forbidden = new SyncError('terminal', 'ApiForbidden', 'may not')
  logRefusedPlan(log, { ...about, error: forbidden })
  logRefusedPlan(log, { ...about, error: new SyncError('transient', 'ApiTimeout', 'late') })
  const [first, second] = said()
  expect(first).toMatchObject({ level: 'warn', plan: 'sales/p', reason: 'ApiForbidden' })
  expect(first?.remedy).toMatch(
    /grant patch syncplans\/status: .*rbac\.create=true.*--verb=patch --resource=syncplans\.exchangesync\.dev\/status/,
  )
  expect(second).not.toHaveProperty('remedy')
})
