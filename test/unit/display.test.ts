// The board and the lines of `exsync run` on a terminal: at every width and height, with many groups, with hostile texts, on
// a terminal that is resized, is gone, or takes nothing; and where nothing may be drawn.
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Moment, Sample } from '../../controller/api/progress.ts'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { boardOf, passText, type Row, widthOf } from '../../controller/cli/board.ts'
import { Display, displayOptionsIn } from '../../controller/cli/display.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { logger } from '../../controller/telemetry/log.ts'
import { VirtualClock } from '../support/clock.ts'
import { Screen } from '../support/screen.ts'

const counts: Sample = {
  phase: 'Writing',
  done: 1_200,
  planned: 12_000,
  membersDone: 3,
  members: 10,
}
const moment: Moment = { sample: counts, startMs: 0, endMs: 50_000, carried: 0 }
const readyText = '200 items, 4 of 4 members current'
const rows: readonly Row[] = [
  { id: 'sales/a', pass: undefined, last: { word: 'Ready', text: readyText } },
  { id: 'sales/b', pass: moment, last: undefined },
  { id: 'sales/c', pass: undefined, last: { word: 'Stalled', text: 'FolderClaimed' } },
  { id: 'sales/d', pass: undefined, last: undefined },
  { id: 'sales/e', pass: 'begun', last: undefined },
]

test('the board: that which moves first, then that which needs a person', () => {
  expect(boardOf(rows, { columns: 120, rows: 24 }, 5_000)).toEqual([
    '5 groups: 2 under way, 1 stalled, 1 waiting, 1 ready',
    'sales/b  writing  10 %, 45 s left, 240/s, 1,200 of 12,000 copies, 3 of 10 members done',
    'sales/e  begins',
    'sales/c  stalled  FolderClaimed',
    'sales/d  waiting',
    'sales/a  ready    200 items, 4 of 4 members current',
  ])
  expect(boardOf(rows, { columns: 40, rows: 4 }, 5_000)).toEqual([
    '5 groups: 2 under way, 1 stalled, 1 wa…',
    'sales/b  writing  10 %, 45 s left, 240…',
    '… and 4 groups: 1 under way, 1 stalled…',
  ])
  expect(boardOf([], { columns: 40, rows: 4 }, 0)).toEqual([])
})

test('it is smaller than the terminal, and printable, whatever the names are', () => {
  const row = fc.record({
    id: fc.string({ unit: 'binary', maxLength: 80 }),
    pass: fc.constantFrom(undefined, 'begun' as const, moment),
    last: fc.option(
      fc.record({
        word: fc.constantFrom('Ready' as const, 'Stalled' as const),
        text: fc.string({ unit: 'binary' }),
      }),
      { nil: undefined },
    ),
  })
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
  })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 80 }), size, (groups, { columns, rows }) => {
      const lines = boardOf(groups, { columns, rows }, 5_000)
      expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
      for (const line of lines) {
        expect(widthOf(line)).toBeLessThan(columns)
        expect(line).not.toMatch(/[\p{Cc}\p{Cs}]/u)
      }
    }),
  )
})

test.each([
  [{}, 5_000, '10 %, 45 s left, 240/s, 1,200 of 12,000 copies, 3 of 10 members done'],
  [{ endMs: 3_605_000 }, 5_000, '10 %, 1 h 0 min left, 240/s, '],
  [{ endMs: 605_000 }, 5_000, '10 %, 10 min left, 240/s, '],
  [{ endMs: Number.MAX_SAFE_INTEGER }, 5_000, '10 %, more than 4 days left, 240/s, '],
  // The end was due before, or the clock was set back.
  [{ endMs: 1_000 }, 5_000, '10 %, 0 s left, 240/s, '],
  [{ startMs: 9_000, endMs: undefined }, 5_000, '10 %, 1200/s, '],
  // Earlier slices say nothing about the rate of this one.
  [{ carried: 1_195, endMs: undefined }, 5_000, '10 %, 1.0/s, 1,200 of '],
  [{ carried: 1_200, endMs: undefined }, 5_000, '10 %, 1,200 of 12,000 copies'],
  [{ sample: { ...counts, phase: 'Reading' } }, 5_000, 'reading folders: 3 of 10 members read'],
  [{ sample: { ...counts, done: 0, planned: 0 }, endMs: undefined }, 5_000, '0 of 0 copies'],
] as const)('a pass under way: %j', (change, nowMs, text) => {
  expect(passText({ ...moment, ...change }, nowMs)).toContain(text)
})

/** A terminal in a test's hands. */
class Glass extends Writable {
  columns = 60
  rows = 8
  text = ''
  override _write(chunk: unknown, _: unknown, done: (error?: Error) => void): void {
    this.text += String(chunk)
    done()
  }
}

const group = 'sales/clients' as GroupId
const draws = { draws: true, messages: true, once: false }
const statusWith = (
  status: 'True' | 'False',
  reason: string,
  message: string,
): SyncGroupStatus => ({
  conditions: [
    { type: 'Ready', status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
})

function shown(options = draws) {
  const [glass, clock] = [new Glass(), new VirtualClock(0)]
  const display = new Display(glass, clock, options)
  return { glass, clock, display, log: logger('info', display.log) }
}

const wait = async (clock: VirtualClock, ms: number) => {
  await clock.until(clock.sleep(ms, new AbortController().signal))
}

describe('on a terminal', () => {
  test('a run: the board stays below the lines, and is gone at the end', async () => {
    const { glass, clock, display, log } = shown()
    const screen = () => new Screen(60, 8).write(glass.text).all
    display.declared([group])
    await wait(clock, 300)
    expect(screen()).toEqual(['1 group: 1 waiting', 'sales/clients  waiting', ''])
    let sample: Sample = { ...counts, done: 600 }
    const end = display.begun(group, () => ({ ...moment, sample, endMs: undefined }))
    log.info({ group, phase: 'Writing' }, 'pass under way')
    log.warn({ problem: `bad\u001b[2J\u202e` }, 'declaration is not valid')
    await wait(clock, 300)
    sample = counts
    await wait(clock, 300)
    expect(screen().slice(2)).toEqual([
      '1 group: 1 under way',
      'sales/clients  writing  10 %, 1200/s, 1,200 of 12,000 copi…',
      '',
    ])
    expect(screen().slice(0, 2).join('')).toMatch(
      /Z warn declaration is not valid problem=bad\\u001b\[2J\\u202e$/,
    )
    const beforeMs = clock.now()
    await wait(clock, 5)
    end()
    display.ended(
      group,
      statusWith('False', 'Guarded', 'blocked by the guard: anna@corp.example'),
      false,
    )
    log.info({ group, ...done, created: 12, reasons: ['Guarded'], refused: 1 }, 'pass done')
    log.info({ group, ...done }, 'pass done')
    display.ended(group, statusWith('True', 'Succeeded', readyText), false)
    expect(clock.now() - beforeMs).toBe(5)
    await wait(clock, 300)
    expect(screen().slice(2, 4)).toEqual([
      '          sales/clients: Guarded: blocked by the guard: anna',
      '@corp.example',
    ])
    expect(screen().slice(-3)).toEqual([
      '1 group: 1 ready',
      'sales/clients  ready  200 items, 4 of 4 members current',
      '',
    ])
    expect(screen().filter((line) => line.includes('12 created'))).toHaveLength(1)
    expect(screen().filter((line) => line.includes('no copy changed'))).toHaveLength(0)
    display.end()
    expect(screen().join('\n')).not.toContain('1 group')
    const { length } = glass.text
    await wait(clock, 1_000)
    expect(glass.text).toHaveLength(length)
  })

  test('nothing is written while nothing changes', async () => {
    const { glass, clock, display } = shown()
    display.declared([group])
    await wait(clock, 300)
    const { length } = glass.text
    await wait(clock, 60_000)
    expect(glass.text).toHaveLength(length)
    display.end()
  })

  test('a terminal that becomes narrower gets a board that fits; after a stop, one below the shell’s lines', async () => {
    const { glass, clock, display } = shown()
    display.declared([group, 'sales/other' as GroupId])
    display.ended(group, statusWith('True', 'Succeeded', readyText), false)
    await wait(clock, 300)
    glass.text = ''
    Object.assign(glass, { columns: 20, rows: 3 })
    glass.emit('resize')
    // Three lines of at most 59 columns are more than the three rows of the screen now.
    expect(glass.text.startsWith('\r\u001b[2A2 groups: 1 waitin…\u001b[K\n')).toBe(true)
    expect(new Screen(20, 3).write(glass.text).all).toEqual([
      '2 groups: 1 waitin…',
      '… and 2 groups: 1 …',
      '',
    ])
    glass.text = ''
    display.resumed()
    await wait(clock, 300)
    expect(glass.text).toBe('2 groups: 1 waitin…\n… and 2 groups: 1 …\n')
    display.end()
  })

  test('a terminal that is gone, or takes nothing, harms nothing', async () => {
    class Gone extends Glass {
      override _write(_: unknown, __: unknown, done: (error?: Error) => void): void {
        done(Object.assign(new Error('write EIO'), { code: 'EIO' }))
      }
    }
    class Full extends Glass {
      override _write(chunk: unknown): void {
        this.text += String(chunk)
      }
    }
    for (const glass of [new Gone(), new Full({ highWaterMark: 1 })]) {
      const clock = new VirtualClock(0)
      const display = new Display(glass, clock, draws)
      let done = 0
      display.declared([group])
      display.begun(group, () => ({ ...moment, sample: { ...counts, done: done++ } }))
      await wait(clock, 60_000)
      display.log('{"level":"info","msg":"x"}')
      display.end()
      expect(glass.text.length).toBeLessThan(1_000)
    }
  })
})

const done = {
  ...{ items: 200, created: 0, updated: 0, deleted: 0, kept: 0, durationMs: 1_234, conflicts: 0 },
  ...{
    current: 4,
    behind: 0,
    unreachable: 0,
    refused: 0,
    reasons: [] as string[],
    unfinished: false,
  },
}

test('plain lines: no sequence, a line for each pass, and the counts of a long one', async () => {
  const { glass, clock, display, log } = shown({ draws: false, messages: false, once: true })
  display.declared([group])
  display.begun(group, () => moment)
  display.progress(group, moment)
  display.progress(group, undefined)
  display.ended(group, statusWith('False', 'X', 'anna@corp.example'), false)
  log.info(
    {
      group,
      ...done,
      updated: 3,
      kept: 1,
      behind: 1,
      reasons: ['NotRead'],
      unfinished: true,
      remedy: 'wait',
    },
    'pass done',
  )
  log.info({ group, ...done }, 'pass done')
  log.error({ group, reason: 'ServerNotFound', durationMs: 60 }, 'pass failed')
  display.log('no JSON \u001b[2J\n')
  await wait(clock, 1_000)
  display.end()
  const lines = glass.text.replace(/^\d\d:\d\d:\d\dZ/gm, 'TIME').split('\n')
  expect(lines).toEqual([
    'TIME sales/clients: 10 %, 50 s left, 1200/s, 1,200 of 12,000 copies, 3 of 10 members done',
    'TIME sales/clients: 200 items; copies: 3 updated, 1 kept in the bin; 4 of 5 members current; not ready: NotRead; continues at once; remedy=wait; 1.2 s',
    'TIME sales/clients: 200 items; no copy changed; 4 of 4 members current; 1.2 s',
    'TIME error sales/clients: pass failed reason=ServerNotFound (0.1 s)',
    'no JSON \\u001b[2J',
    '',
  ])
})

test.each([
  [{}, true, draws],
  [{ NO_COLOR: '' }, true, draws],
  [{ NO_COLOR: '1' }, true, { ...draws, draws: false }],
  [{ TERM: 'dumb' }, true, { ...draws, draws: false }],
  [{ CI: 'true' }, true, { ...draws, draws: false, messages: false }],
  [{ CI: 'false' }, true, draws],
  [{}, false, undefined],
] as const)('the environment %j, on a terminal: %j', (environment, terminal, options) => {
  const config = { local: 'd', once: false, logLevel: 'info' }
  expect(displayOptionsIn(config, terminal, environment)).toEqual(options)
  expect(displayOptionsIn({ ...config, local: undefined }, terminal, environment)).toBeUndefined()
  if (options !== undefined)
    expect(
      displayOptionsIn({ ...config, logLevel: 'error' }, terminal, environment)?.messages,
    ).toBe(false)
})
