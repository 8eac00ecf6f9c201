// Sealed values are bound to their rows: whoever can write the file, and has no key, can move none of them, nor go back
// to the time when they were not bound.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { GroupId, ReplicaId } from '../../controller/core/id.ts'
import { openState, openStateInTurns, stateFile } from '../../controller/store/state.ts'
import {
  asFourth,
  bob,
  changed,
  changeOf,
  columns,
  contentOf,
  filled,
  metAgain,
  valuesIn,
} from '../support/sealed.ts'
import { ann, at, directory, group, keyOfBytes } from '../support/state.ts'
import { written } from '../support/written.ts'

const key = keyOfBytes(7)
const refused = { code: 'StateUnreadable', kind: 'terminal' }

test.each(columns)('two values of %s.%s cannot be swapped', async (table, column, ids) => {
  const place = await filled(2, key)
  const rowsMax = ids.length === 1 ? 2 : 4
  changed(place, (db) => {
    const rows = db.prepare(`SELECT *, ${column} AS value FROM ${table}`).all()
    expect(rows.length).toBeLessThanOrEqual(rowsMax)
    const where = ids.map((id) => `${id} = ?`).join(' AND ')
    const put = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`)
    const [one = {}, two = {}] = rows
    const keyOf = (row: typeof one) => ids.map((id) => row[id] ?? null)
    put.run(two.value ?? null, ...keyOf(one))
    put.run(one.value ?? null, ...keyOf(two))
  })
  await expect(contentOf(place, key)).rejects.toMatchObject(refused)
})

test.each([
  ['another column', 'UPDATE bin SET won = item'],
  ['another revision', 'UPDATE bases SET revision = 7'],
  ['another column of another table', 'UPDATE links SET agreed = (SELECT item FROM bin)'],
  ['another group', "UPDATE links SET grp = 'ns/other'"],
  ['another link', "UPDATE links SET id = 'other'"],
  ['another member’s copy', "UPDATE copies SET replica = 'eve' WHERE replica = 'ann'"],
  ['another copy', "UPDATE copies SET id = 'other' WHERE replica = 'ann'"],
  ['another owner in the bin', "UPDATE bin SET replica = 'hub:/A'"],
  ['other fields that were lost', `UPDATE bin SET fields = '["Notes"]'`],
  ['another reason in the bin', "UPDATE bin SET reason = 'Deleted'"],
  ['another number in the bin', 'UPDATE bin SET n = 9'],
])('what is sealed is not taken for that of %s', async (_what, sql) => {
  const place = await filled(1, key)
  changed(place, (db) => db.exec(sql))
  const content = async () => {
    const state = openState(place, { readOnly: true, key })
    try {
      for (const each of [group, 'ns/other' as GroupId]) {
        const baseline = state.baseline(each)
        await baseline.links(await baseline.everything())
      }
      for (const { n } of state.bin.list(9)) state.bin.get(n)
    } finally {
      state.close()
    }
  }
  await expect(content()).rejects.toMatchObject(refused)
})

test('a value of another state with the same key does not open', async () => {
  const [here, there] = [await filled(1, key), await filled(1, key)]
  const [value = ''] = valuesIn(there)
  changed(here, (db) => db.prepare('UPDATE links SET agreed = ?').run(value))
  await expect(contentOf(here, key)).rejects.toMatchObject(refused)
})

test('a replica that is renamed keeps what its copies show', async () => {
  const place = await filled(3, key)
  const state = openState(place, { key })
  const to = 'anna' as ReplicaId
  await state
    .baseline(group)
    .commit({ at, writes: [{ write: 'renames', renames: new Map([[to, ann]]) }] })
  const links = await state.baseline(group).links(await state.baseline(group).everything())
  const shown = links.map(({ copies }) => [copies.get(to)?.shown, copies.get(bob)?.shown])
  const expected = [0, 1, 2].map((n) => {
    const copies = written(changeOf(n), 'agreements')[0]?.agreements[0]?.copies
    return [copies?.get(ann)?.shown, copies?.get(bob)?.shown]
  })
  expect(shown).toEqual(expected)
  state.close()
})

/** More than one batch of each table. */
const links = 510

test('what an older version sealed is bound by the first start, and goes on wherever it is cut short', async () => {
  const place = await filled(links, undefined)
  const before = await contentOf(place, undefined)
  asFourth(place, key)
  const old = new Set(valuesIn(place))
  let starts = 0
  for (let ended = false; !ended; starts += 1) {
    let batches = 0
    const sealing = () => {
      batches += 1
      // Before the first batch, and after each single one.
      if (batches > (starts === 0 ? 0 : 1)) throw new Error('killed')
    }
    try {
      openState(place, { key, sealing }).close()
      ended = true
    } catch (error) {
      expect(error).toMatchObject({ cause: expect.objectContaining({ message: 'killed' }) })
      // Who only reads copes with what is half done.
      expect(await contentOf(place, key)).toEqual(before)
    }
  }
  expect(starts).toBeGreaterThan(10)
  expect(await contentOf(place, key)).toEqual(before)
  expect(valuesIn(place).filter((value) => old.has(value))).toEqual([])
  expect(await metAgain(place, key, links)).toEqual([links, links])
})

test('while it is bound others have their turn after every batch', async () => {
  const place = await filled(links, undefined)
  asFourth(place, key)
  const told: string[] = []
  const sealing = () => void told.push('batch')
  const turn = async () => void told.push('turn')
  const state = await openStateInTurns(place, { key, sealing }, turn)
  state.close()
  expect(told.length).toBeGreaterThan(20)
  // What is told first is how much there is to do.
  expect(told.slice(1).map((what, n) => [n % 2, what])).toEqual(
    told.slice(1).map((_, n) => [n % 2, n % 2 === 0 ? 'batch' : 'turn']),
  )
})

test('while it is bound nobody else gets in, and afterwards nothing unbound is accepted', async () => {
  const place = await filled(2, undefined)
  asFourth(place, key)
  const backup = directory()
  copyFileSync(join(place, stateFile), join(backup, stateFile))
  const [old = ''] = valuesIn(place)
  expect(() => openState(place, { key: keyOfBytes(8) })).toThrow(/another key/)
  expect(() => openState(place)).toThrow(/encrypted/)
  openState(place, { key }).close()
  changed(place, (db) => db.prepare('UPDATE links SET agreed = ? WHERE n = 1').run(old))
  await expect(contentOf(place, key)).rejects.toMatchObject(refused)
  // The mark cannot be turned back: the old proof makes the start bind what is bound already, which does not open.
  let proof: unknown
  changed(backup, (db) => {
    proof = db.prepare('SELECT proof FROM vault').get()?.proof
  })
  for (const version of ['', 'PRAGMA user_version = 4']) {
    const victim = await filled(2, undefined)
    asFourth(victim, key)
    openState(victim, { key }).close()
    changed(victim, (db) => {
      db.prepare('UPDATE vault SET proof = ?').run(String(proof))
      if (version !== '')
        db.exec(
          `ALTER TABLE vault DROP COLUMN next; ALTER TABLE vault DROP COLUMN reached; ${version}`,
        )
    })
    expect(() => openState(victim, { key })).toThrow(expect.objectContaining(refused))
  }
})

test.each([
  ['taken away', 'DELETE FROM vault'],
  ['said to be plain', `UPDATE vault SET proof = '{"layers":[]}'`],
])('a proof that is %s makes nothing readable', async (_what, sql) => {
  const place = await filled(2, key)
  changed(place, (db) => db.exec(sql))
  await expect(contentOf(place, key)).rejects.toMatchObject(refused)
  await expect(contentOf(place, undefined)).rejects.toMatchObject(refused)
})

test('a change of keys that nobody with the key began is none', async () => {
  const place = await filled(2, key)
  changed(place, (db) => db.exec(`UPDATE vault SET next = '{"layers":[],"sealed":"AAAA"}'`))
  expect(() => openState(place, { key })).toThrow(
    expect.objectContaining({ code: 'StateUnreadable' }),
  )
})
