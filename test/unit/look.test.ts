// What the commands that look at a state take and print, without a process each.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { bin, conflicts, status } from '../../controller/cli/look.ts'
import { Output, writeList } from '../../controller/cli/output.ts'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import { directory } from '../support/state.ts'

const nothing = async () => true

test.each([
  [bin, ['list', '3'], /exsync bin list 3 is not known: list, show N, restore N/],
  [bin, ['lst'], /exsync bin lst is not known/],
  [bin, ['show', '1', '2'], /exsync bin show takes one number: see exsync bin list/],
  [bin, ['show'], /exsync bin show takes one number/],
  [bin, ['show', 'x'], /there is no x in the bin/],
  [conflicts, ['show', '1', '2'], /exsync conflicts show takes one number/],
  [conflicts, ['show', '1'], /there is no conflict 1/],
  [conflicts, ['all'], /exsync conflicts all is not known: list, show N/],
])('what would not be looked at is refused: %o %j', async (look, rest, message) => {
  const state = openState(':memory:')
  await expect(look(stateOver(state).bin, rest, 'table', nothing)).rejects.toThrow(message)
  state.close()
})

test.each([[[]], [[{ a: 1 }]], [[{ a: [1, { b: 'c\nd' }] }, null, 'x']]])(
  'a list that is written piece by piece reads as a whole: %j',
  async (entries: readonly unknown[]) => {
    let text = ''
    const out = async (line: string) => {
      text += `${line}\n`
      return true
    }
    await writeList('list', entries, out)
    expect(text).toBe(`${JSON.stringify({ list: entries }, null, 2)}\n`)
  },
)

test('a status file that is gone when it is read is left out', async () => {
  const place = directory()
  const folder = join(place, 'status')
  mkdirSync(folder, { recursive: true })
  // It is listed, and cannot be read.
  symlinkSync(join(place, 'nothing'), join(folder, 'a.yaml'))
  writeFileSync(
    join(folder, 'b.yaml'),
    'metadata: { namespace: sales, name: b }\nstatus: { conditions: [{ type: Ready, status: "True", message: fine }] }\n',
  )
  const lines: string[] = []
  const out = async (line: string) => lines.push(line) > 0
  expect(await status(place, 0, out)).toBe(0)
  expect(lines).toHaveLength(2)
  expect(lines[1]).toMatch(/^sales\/b +True .*fine$/)
})

/** A stream whose reader takes one piece at a time, when it is told to. */
function reluctant() {
  const taken: string[] = []
  let next: (() => void) | undefined
  const stream = new Writable({
    highWaterMark: 8,
    write(chunk, _, done) {
      taken.push(String(chunk))
      next = done
    },
  })
  return {
    stream,
    taken,
    take: () => next?.(),
    fail: (code: string) => stream.destroy(Object.assign(new Error(code), { code })),
  }
}

test('a line is done when there is room for more, and everything when it has left', async () => {
  const { stream, taken, take } = reluctant()
  const output = new Output(() => stream)
  const events: string[] = []
  const long = output.line('longer than there is room for').then(() => events.push('line'))
  const all = output.drained().then(() => events.push('drained'))
  await new Promise(setImmediate)
  expect([taken.length, events]).toEqual([1, []])
  take()
  await long
  take()
  await all
  expect(events).toEqual(['line', 'drained'])
})

test('a reader that goes away ends a list and is no error; a full disk is one', async () => {
  for (const [code, ok] of [
    ['EPIPE', true],
    ['ENOSPC', false],
  ] as const) {
    const { stream, fail } = reluctant()
    const output = new Output(() => stream)
    const line = output.line('longer than there is room for')
    fail(code)
    expect(await line).toBe(false)
    let asked = 0
    function* endless() {
      for (;;) yield asked++
    }
    await writeList('list', endless(), output.line)
    expect(asked).toBe(1)
    const drained = output.drained()
    await (ok ? drained : expect(drained).rejects.toThrow('ENOSPC'))
  }
})
