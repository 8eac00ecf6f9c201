// Files that are not what was written: every one is refused with what to do, and nothing of it is touched, so
// that whoever has a backup, or knows better, finds it as it was.
import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ItemId, LinkId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import { agreement, ann, at, bytesIn, copy, deleted, directory, group } from '../support/state.ts'

const ways = [{}, { readOnly: true }, { asking: true }] as const
const refusal = (code: string, told: string) =>
  expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(told) })

let place = ''
let file = ''

/** A state of some hundred links, closed properly: all of it is in the one file. */
beforeEach(async () => {
  place = directory()
  file = join(place, stateFile)
  const state = openState(place)
  await state.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: [deleted({ A: 'b' })] },
      { write: 'agreements', agreements: linksOf('old') },
    ],
  })
  state.close()
})

function linksOf(name: string) {
  return Array.from({ length: 200 }, (_, n) => ({
    ...agreement,
    link: `${name}-${n}` as LinkId,
    agreed: { GivenName: `${name} ${n}`, Body: { type: 'Text', text: 'x'.repeat(100) } },
    copies: new Map([[ann, copy(`${name}-${n}`)]]),
  }))
}

/** Everything that a pass and the commands read. */
async function readAll(): Promise<number> {
  const state = openState(place)
  try {
    const baseline = state.baseline(group)
    const links = await baseline.links(await baseline.everything())
    await baseline.memories()
    await baseline.known(ann).all()
    await baseline.linksOf(ann, ['old-1' as ItemId])
    await baseline.unsettled()
    state.bin.list(1000)
    state.bin.conflicts(1000)
    return links.length
  } finally {
    state.close()
  }
}

describe('a file that was cut off', () => {
  const lengths = [0, 1, 16, 99, 100, 512, 1000, 4095, 4096, 4097, 8192, 20_000, 40_960]
  test.each(lengths)('after %i bytes is refused', (length) => {
    truncateSync(file, length)
    const before = readFileSync(file)
    for (const way of ways) {
      if (length >= 4096 && way !== ways[0]) continue // Its pages are not counted by who only looks.
      expect(() => openState(place, way), JSON.stringify(way)).toThrow(
        refusal('StateUnreadable', 'damaged'),
      )
    }
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test.each([
    ['emptied', () => truncateSync(file, 0)],
    ['gone', () => rmSync(file)],
  ])(
    '%s beside a log that holds what was written last: neither is touched',
    async (_what, harm) => {
      await whileOpen(harm)
      const before = bytesIn(place)
      expect(before.get(`${stateFile}-wal`)?.length).toBeGreaterThan(10_000)
      for (const way of ways) {
        expect(() => openState(place, way)).toThrow(refusal('StateUnreadable', 'backup'))
      }
      expect(bytesIn(place)).toEqual(before)
    },
  )

  test('a log that was cut off costs what came after, and nothing before', async () => {
    await whileOpen(() => truncateSync(`${file}-wal`, 20_000))
    expect(await readAll()).toBe(200)
  })

  test('a log that is whole costs nothing', async () => {
    await whileOpen(() => {})
    expect(await readAll()).toBe(400)
  })
})

// What a controller leaves that dies with its last writes in the log; then the harm.
async function whileOpen(harm: () => void): Promise<void> {
  const state = openState(place)
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: linksOf('new') }] })
  const dead = directory()
  for (const name of [stateFile, `${stateFile}-wal`])
    copyFileSync(join(place, name), join(dead, name))
  state.close()
  place = dead
  file = join(place, stateFile)
  harm()
}

test('a byte that flipped anywhere is refused, or does not matter; it never ends in anything else', async () => {
  const whole = readFileSync(file)
  let refused = 0
  for (let offset = 0; offset < whole.length; offset += 1499) {
    const bytes = Buffer.from(whole)
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff
    writeFileSync(file, bytes)
    for (const side of ['-wal', '-shm']) rmSync(file + side, { force: true })
    try {
      expect(await readAll()).toBe(200)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      expect(error, `at ${offset}`).toMatchObject({ kind: 'terminal' })
      refused += 1
    }
  }
  expect(refused).toBeGreaterThan(3)
})

test.each(['links', 'copies', 'bin', 'restores', 'vault', 'tally'])(
  'without the table %s it is refused, and not begun anew',
  (table) => {
    const db = new DatabaseSync(file)
    db.exec(`PRAGMA foreign_keys = OFF; DROP TABLE ${table}`)
    db.close()
    const before = bytesIn(place)
    for (const way of ways) {
      expect(() => openState(place, way)).toThrow(refusal('StateUnreadable', table))
    }
    expect(bytesIn(place)).toEqual(before)
  },
)

test.each([
  ['with a mark of its own', 'PRAGMA application_id = 77'],
  ['without a mark', ''],
  ['with a number of its own', 'PRAGMA user_version = 2'],
])('another program’s database, %s, is refused', (_what, mark) => {
  rmSync(file)
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE theirs (x); ${mark}`)
  db.close()
  const before = bytesIn(place)
  for (const way of ways) {
    expect(() => openState(place, way)).toThrow(refusal('StateUnreadable', 'another program'))
  }
  expect(bytesIn(place)).toEqual(before)
})

test('of a newer version it is refused, whoever asks', () => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = bytesIn(place)
  for (const way of ways) expect(() => openState(place, way)).toThrow(refusal('StateNewer', '99'))
  expect(bytesIn(place)).toEqual(before)
})

test('a directory in its place is refused', () => {
  rmSync(file)
  expect(existsSync(place)).toBe(true)
  expect(() => openState(join(file, 'state', '\0'))).toThrow(
    expect.objectContaining({ code: 'StateUnreadable' }),
  )
})
