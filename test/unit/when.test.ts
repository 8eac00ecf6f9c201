// Moments and flags as people write them, and what is said of anything else.
import { expect, test } from 'vitest'
import { momentMs } from '../../controller/config/when.ts'
import { configOf } from '../../controller/config.ts'

const nowMs = Date.parse('2026-03-10T12:00:00Z')
const iso = (ms: number | undefined) => (ms === undefined ? ms : new Date(ms).toISOString())

test.each([
  ['2026-03-01', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01T09:30', '2026-03-01T09:30:00.000Z'],
  ['2026-03-01 09:30', '2026-03-01T09:30:00.000Z'],
  ['2026-03-01T09:30:15.250Z', '2026-03-01T09:30:15.250Z'],
  ['2026-03-01T09:30+01:00', '2026-03-01T08:30:00.000Z'],
  ['2h', '2026-03-10T10:00:00.000Z'],
  ['1h30m', '2026-03-10T10:30:00.000Z'],
  ['90m', '2026-03-10T10:30:00.000Z'],
  ['7d', '2026-03-03T12:00:00.000Z'],
  ['1d12h', '2026-03-09T00:00:00.000Z'],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-03-01T25:00', undefined],
  ['2026-03-01T9:30', undefined],
  ['yesterday', undefined],
  ['7', undefined],
  ['d', undefined],
  ['', undefined],
  ['12h1d', undefined],
])('%j is %s', (text, moment) => {
  expect(iso(momentMs(text, nowMs))).toBe(moment)
})

const flagsOf = (line: string) => configOf([...line.split(' '), '--state', 's'], {}, nowMs)

test('each command takes the flags that it looks at', () => {
  expect(flagsOf('history --item 7 --group a/b --replica hub --since 1d --pass p')).toMatchObject({
    ...{ item: 7, group: 'a/b', replica: 'hub', pass: 'p', dryRun: false },
    since: nowMs - 86_400_000,
  })
  expect(flagsOf('bin list --reason edited --name Żak')).toMatchObject({
    ...{ reason: 'Edited', name: 'Żak' },
  })
  expect(flagsOf('bin restore 1 2-4 --dry-run --approve h')).toMatchObject({
    ...{ dryRun: true, approve: 'h', rest: ['restore', '1', '2-4'] },
  })
  expect(flagsOf('rollback --group a/b --to 2026-03-01')).toMatchObject({
    to: Date.parse('2026-03-01'),
  })
})

test.each([
  ['status --group a/b', /^exsync status takes no --group: see exsync status --help$/],
  ['bin show 1 --since 1d', /^exsync bin show takes no --since/],
  ['bin list --dry-run', /^exsync bin list takes no --dry-run/],
  ['bin restore 1 --name x', /^exsync bin restore takes no --name/],
  ['history --to 1d --approve h', /^exsync history takes no --to --approve/],
  ['rollback --since 1d', /^exsync rollback takes no --since/],
  ['rollback now', /^exsync rollback takes no now/],
  ['run --dry-run', /^exsync run takes no --dry-run/],
  [
    'history --since soon',
    /^--since soon is not a time: a date .* a time .* an age \(2h, 90m, 7d\)/,
  ],
  ['rollback --to 2026-03-11', /^--to 2026-03-11 is in the future/],
  ['history --group sales', /^--group sales is not a group, like sales\/company-contacts/],
  ['history --item x', /^--item x is not a number/],
  ['bin list --reason gone', /^--reason gone is not known: Edited, Conflict, Drift, Deleted/],
  ['history --pass=', /^--pass is empty/],
])('%s is refused', (line, message) => {
  expect(() => flagsOf(line)).toThrow(expect.objectContaining({ code: 'InvalidArguments' }))
  expect(() => flagsOf(line)).toThrow(message)
})

test('the help of a command needs none of what it takes', () => {
  expect(flagsOf('rollback --group a/b --help').command).toBe('help')
})
