// `exsync rekey`: another key, a first one, none any more. Wherever it is cut short it goes on, and meanwhile either key
// gets the command to type; what was met before is known afterwards; and nothing of before is left in the files.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { rekey } from '../../controller/cli/rekey.ts'
import type { LinkId } from '../../controller/core/id.ts'
import type { Key } from '../../controller/store/proof.ts'
import { openState, rekeyState, stateFile } from '../../controller/store/state.ts'
import {
  asFourth,
  changed,
  contentOf,
  filled,
  hasPlain,
  metAgain,
  secret,
  valuesIn,
} from '../support/sealed.ts'
import { bytesIn, directory, group, keyOfBytes } from '../support/state.ts'

const [old, next, other] = [keyOfBytes(1, 'old.key'), keyOfBytes(2, 'new key'), keyOfBytes(3)]
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(message) })

/** More than one batch of each table. */
const links = 510

/** Ends after so many batches, as a crash does. */
function cutShort(place: string, from: Key | undefined, to: Key | undefined, batches: number) {
  let left = batches
  const told = () => {
    if (left === 0) throw new Error('killed')
    left -= 1
  }
  try {
    rekeyState(place, from, to, told)
    return false
  } catch (error) {
    expect(error).toMatchObject({ cause: expect.objectContaining({ message: 'killed' }) })
    return true
  }
}

const changes: readonly (readonly [string, Key | undefined, Key | undefined, string])[] = [
  ['from one key to another', old, next, "--key-file old.key --new-key-file 'new key'"],
  ['from a key to none', old, undefined, '--key-file old.key --plain'],
  ['from none to a key', undefined, next, ''],
]

test.each(changes)(
  '%s, cut short after every batch',
  async (_what, from, to, typed) => {
    const place = await filled(links, from)
    const before = await contentOf(place, from)
    let cuts = 0
    for (; cutShort(place, from, to, cuts === 0 ? 0 : 1); cuts += 1) {
      const ways = [{}, { readOnly: true }, { asking: true }]
      if (typed === '') {
        // A start with the key would go on; who reads meanwhile understands both.
        expect(await contentOf(place, to)).toEqual(before)
        expect(() => openState(place)).toThrow(refusal('StateLocked', '--key-file'))
        continue
      }
      const files = bytesIn(place)
      const command = (keys: string) => `exsync rekey --state ${place} ${keys}`
      const either = [
        [from, typed.replace("'new key'", 'NEW')],
        [to, typed.replace('old.key', 'OLD')],
      ] as const
      for (const way of ways) {
        for (const [key, keys] of either)
          expect(() => openState(place, { ...way, key })).toThrow(
            refusal('RekeyUnfinished', command(keys)),
          )
        expect(() => openState(place, { ...way, key: other })).toThrow(refusal('WrongKey', ''))
      }
      expect(bytesIn(place)).toEqual(files)
      const instead = [
        [to, from],
        [from, other],
        [other, to],
      ] as const
      for (const [one, two] of instead.filter(([one, two]) => one !== two))
        expect(() => rekeyState(place, one, two, () => {})).toThrow(
          refusal(one === other && to === undefined ? 'WrongKey' : 'RekeyUnfinished', ''),
        )
    }
    expect(cuts).toBeGreaterThan(8)
    expect(await contentOf(place, to)).toEqual(before)
    if (to !== undefined && from !== undefined)
      expect(() => openState(place, { key: from })).toThrow(refusal('WrongKey', ''))
    // What it met before it knows again, by prints that are made with other keys now.
    expect(await metAgain(place, to, links)).toEqual([links, links])
    expect(hasPlain(place, readdirSync(place))).toBe(to === undefined)
    expect(rekeyState(place, from, to, () => {})).toBe(false)
  },
  120_000,
)

test('cut short in the middle of a batch, it begins that batch again', async () => {
  const place = await filled(links, old)
  const before = await contentOf(place, old)
  const stop = 'CREATE TRIGGER stop BEFORE UPDATE OF agreed ON links WHEN new.n = 300'
  changed(place, (db) => db.exec(`${stop} BEGIN SELECT RAISE(ABORT, 'stopped'); END`))
  expect(() => rekeyState(place, old, next, () => {})).toThrow()
  changed(place, (db) => db.exec('DROP TRIGGER stop'))
  expect(rekeyState(place, old, next, () => {})).toBe(true)
  expect(await contentOf(place, next)).toEqual(before)
})

/** Swaps what two things in the bin hold, and two links. */
function swapped(place: string): void {
  const swap = (table: string, column: string) =>
    `CREATE TEMP TABLE was_${table} AS SELECT n, ${column} AS value FROM ${table};
     UPDATE ${table} SET ${column} = (SELECT value FROM was_${table} AS was WHERE was.n = 3 - ${table}.n)
     WHERE n IN (1, 2)`
  changed(place, (db) => db.exec(`${swap('bin', 'item')}; ${swap('links', 'agreed')}`))
}

test.each(changes.filter(([, from]) => from !== undefined))(
  'values that do not open keep no others from a change %s, and open as little afterwards',
  async (_what, from, to) => {
    const place = await filled(links, from)
    swapped(place)
    let odd = 0
    const told = (_done: number, _total: number, unopened: number) => {
      odd = unopened
    }
    expect(rekeyState(place, from, to, told)).toBe(true)
    expect(odd).toBe(4)
    const state = openState(place, { key: to })
    const list = state.bin.list(links)
    const damaged = list.filter(({ restore }) => restore === 'Damaged')
    expect(damaged.map(({ n }) => n)).toEqual([2, 1])
    const whole = list.filter(({ item }) => String(item.JobTitle).startsWith(secret))
    expect(whole).toHaveLength(links - 2)
    expect(() => state.bin.get(1)).toThrow(refusal('StateUnreadable', '1 of the bin'))
    const baseline = state.baseline(group)
    const first = baseline.links(['link-0' as LinkId])
    await expect(first).rejects.toMatchObject({ code: 'StateUnreadable' })
    expect(await baseline.links(['link-2' as LinkId])).toHaveLength(1)
    state.close()
  },
)

test('a state of which nothing opens is refused, not carried over', async () => {
  const place = await filled(links, old)
  const values = valuesIn(place)
  changed(place, (db) => db.exec("UPDATE links SET agreed = 'AAAA'"))
  expect(() => rekeyState(place, old, next, () => {})).toThrow(
    refusal('StateUnreadable', 'nothing opens'),
  )
  for (const [n, value] of values.slice(0, links).entries())
    changed(place, (db) => db.prepare('UPDATE links SET agreed = ? WHERE n = ?').run(value, n + 1))
  expect(rekeyState(place, old, next, () => {})).toBe(true)
  expect(await metAgain(place, next, links)).toEqual([links, links])
})

test('nothing that the old key opens is left in any file', async () => {
  const place = await filled(50, old)
  const before = new Set(valuesIn(place))
  rekeyState(place, old, next, () => {})
  const all = [...bytesIn(place).values()].join('')
  // Overflow pages cut a long value: its first bytes say enough.
  expect([...before].filter((value) => all.includes(value.slice(0, 40)))).toEqual([])
})

test('what was removed from the file neither the new key nor none brings back', async () => {
  const place = await filled(50, undefined)
  const db = new DatabaseSync(join(place, stateFile))
  db.exec('DELETE FROM bin')
  db.close()
  expect(hasPlain(place, readdirSync(place))).toBe(true)
  rekeyState(place, undefined, next, () => {})
  expect(hasPlain(place, readdirSync(place))).toBe(false)
})

test('a state that was plain for a while gets prints that those who saw it cannot guess from', async () => {
  const place = await filled(3, old)
  rekeyState(place, old, undefined, () => {})
  rekeyState(place, undefined, next, () => {})
  rekeyState(place, next, old, () => {})
  openState(place, { key: old }).close()
  expect(await metAgain(place, old, 3)).toEqual([3, 3])
})

test.each([
  ['bound', (key: Key) => filled(3, key)],
  [
    'of an older version',
    async (key: Key) => {
      const place = await filled(3, undefined)
      asFourth(place, key)
      return place
    },
  ],
])('a state %s is rekeyed, and the wrong key is not taken', async (_what, made) => {
  const place = await made(old)
  expect(() => rekeyState(place, other, next, () => {})).toThrow(refusal('WrongKey', ''))
  expect(() => rekeyState(place, undefined, next, () => {})).toThrow(refusal('StateLocked', ''))
  expect(() => rekeyState(place, other, undefined, () => {})).toThrow(refusal('WrongKey', ''))
  expect(rekeyState(place, old, next, () => {})).toBe(true)
  expect(await metAgain(place, next, 3)).toEqual([3, 3])
})

test('the mark of a change that was cut short does not count at another time', async () => {
  const place = await filled(1, old)
  expect(cutShort(place, old, next, 0)).toBe(true)
  let mark: unknown
  changed(place, (db) => {
    mark = db.prepare('SELECT next FROM vault').get()?.next
    db.exec('UPDATE vault SET next = NULL')
  })
  rekeyState(place, old, other, () => {})
  changed(place, (db) => db.prepare('UPDATE vault SET next = ?').run(String(mark)))
  for (const work of [
    () => openState(place, { key: next }),
    () => rekeyState(place, other, next, () => {}),
  ])
    expect(work).toThrow(refusal('StateUnreadable', 'mark of a key change'))
})

test('while a controller runs nothing is changed', async () => {
  const place = await filled(1, old)
  const running = openState(place, { key: old })
  expect(() => rekeyState(place, old, next, () => {})).toThrow(refusal('StateInUse', 'stop'))
  running.close()
  expect(() => rekeyState(directory(), old, next, () => {})).toThrow(refusal('StateMissing', ''))
})

test('the command says what is done, and refuses what is not to be done', async () => {
  const place = await filled(links, old)
  const lines: string[] = []
  const out = async (line: string) => {
    lines.push(line)
    return true
  }
  const asked = { directory: place, key: old, newKey: next, plain: false }
  expect(await rekey(asked, out)).toBe(0)
  expect(lines.length).toBeLessThan(15)
  expect(lines[0]).toBe(`0 of ${6 * links} rows are encrypted with the new key`)
  expect(lines.at(-2)).toMatch(/encrypted with new key: give --key-file/)
  expect(await rekey(asked, out)).toBe(0)
  expect(lines.at(-1)).toMatch(/already, and nothing was changed/)
  expect(await rekey({ ...asked, key: next, newKey: undefined, plain: true }, out)).toBe(0)
  expect(lines.at(-1)).toMatch(/not encrypted any more/)
  // One that was cut short is gone on with, which is something.
  expect(cutShort(place, undefined, old, 3)).toBe(true)
  const first = { directory: place, key: undefined, newKey: old, plain: false }
  expect(await rekey(first, out)).toBe(0)
  expect(lines.at(-1)).toBe(
    'the state is encrypted with old.key: give --key-file old.key to every command',
  )
  for (const wrong of [
    { ...asked, newKey: undefined },
    { ...asked, plain: true },
    { ...asked, newKey: old },
    { directory: place, key: undefined, newKey: undefined, plain: true },
  ])
    await expect(rekey(wrong, out)).rejects.toMatchObject({ code: 'InvalidArguments' })
})
