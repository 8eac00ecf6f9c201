// A state with a key: nothing of what anybody wrote can be read in its files, and no other key opens it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyed, keyOf } from '../../controller/store/encryption.ts'
import type { Key } from '../../controller/store/proof.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import type { Change } from '../../controller/sync/ports.ts'
import {
  agreement,
  ann,
  at,
  bytesIn,
  copy,
  deleted,
  directory,
  group,
  keyOfBytes,
  link,
  outlive,
} from '../support/state.ts'

const key = keyOfBytes(7)
const secret = 'Stradivarius'
const digest = 'digest-of-one-number'
const change: Change = {
  at,
  writes: [
    {
      write: 'kept',
      kept: [
        {
          ...deleted({ JobTitle: `${secret} lost` }),
          reason: 'Conflict',
          fields: ['JobTitle'],
          won: { JobTitle: `${secret} won` },
        },
      ],
    },
    { write: 'conflicts', conflicts: [{ link, replica: ann, field: 'JobTitle', version: digest }] },
    {
      write: 'agreements',
      agreements: [
        {
          ...agreement,
          revision: 2,
          agreed: { JobTitle: secret },
          base: { revision: 1, item: { JobTitle: `${secret} before` } },
          copies: new Map([[ann, { ...copy('A'), shown: { JobTitle: digest } }]]),
        },
      ],
    },
  ],
}

async function readBack(place: string, given: Key | undefined = key): Promise<void> {
  const state = openState(place, { readOnly: true, key: given })
  const [found] = await state.baseline(group).links([link])
  expect(found?.agreed).toEqual({ JobTitle: secret })
  expect(found?.bases.get(1)).toEqual({ JobTitle: `${secret} before` })
  expect(found?.copies.get(ann)?.shown).toEqual({ JobTitle: digest })
  expect(state.bin.list(9)).toMatchObject([
    { item: { JobTitle: `${secret} lost` }, won: { JobTitle: `${secret} won` } },
  ])
  state.close()
}

test('what is written with a key is in no file, and is read back with it', async () => {
  const place = directory()
  const state = openState(place, { key })
  await state.baseline(group).commit(change)
  for (const [name, bytes] of bytesIn(place)) {
    expect(bytes.includes(secret), name).toBe(false)
    expect(bytes.includes(digest), name).toBe(false)
  }
  await readBack(place)
  state.close()
  await readBack(place)
  for (const [name, bytes] of bytesIn(place)) expect(bytes.includes(secret), name).toBe(false)
})

test('a plain state that is given a key is sealed at once, and nothing plain stays behind', async () => {
  const place = directory()
  const before = openState(place)
  // Enough to leave free pages behind, and some of it deleted again.
  for (let n = 0; n < 300; n += 1) {
    const kept = [deleted({ Body: `${secret} ${n} `.repeat(30) })]
    await before.baseline(group).commit({ at, writes: [{ write: 'kept', kept }] })
  }
  outlive(before, 2)
  await before.baseline(group).commit(change)
  before.close()
  expect([...bytesIn(place).values()].some((bytes) => bytes.includes(secret))).toBe(true)
  const after = openState(place, { key })
  for (const [name, bytes] of bytesIn(place)) {
    expect(bytes.includes(secret), name).toBe(false)
    expect(bytes.includes(digest), name).toBe(false)
  }
  // What is met again is the same loss still, and the same conflict.
  await after.baseline(group).commit(change)
  expect(after.bin.list(9)).toHaveLength(1)
  expect(after.bin.conflicts(9)).toHaveLength(1)
  after.close()
  await readBack(place)
})

test('a sealing that was cut short before the old pages were gone is finished by the next start', async () => {
  const place = directory()
  openState(place, { key }).close()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec(`UPDATE vault SET clean = 0; CREATE TABLE old (x); INSERT INTO old VALUES ('${secret}')`)
  db.exec('DROP TABLE old')
  db.close()
  expect([...bytesIn(place).values()].some((bytes) => bytes.includes(secret))).toBe(true)
  openState(place, { key }).close()
  expect([...bytesIn(place).values()].some((bytes) => bytes.includes(secret))).toBe(false)
})

test('while somebody reads the plain state it is not sealed half: the start is refused, the next one does it', async () => {
  const place = directory()
  const plainly = openState(place)
  await plainly.baseline(group).commit(change)
  const reader = new DatabaseSync(join(place, stateFile), { readOnly: true })
  reader.exec('BEGIN; SELECT * FROM links')
  plainly.close()
  expect(() => openState(place, { key })).toThrow(
    expect.objectContaining({ code: 'StateReaderActive', kind: 'transient' }),
  )
  reader.close()
  openState(place, { key }).close()
  expect([...bytesIn(place).values()].some((bytes) => bytes.includes(secret))).toBe(false)
  await readBack(place)
}, 20_000)

test.each([
  ['no key', undefined, 'StateLocked', '--key-file'],
  ['another key', keyOfBytes(8), 'WrongKey', '--key-file'],
])('with %s it is refused, whoever asks, and not touched', async (_what, given, code, remedy) => {
  const place = directory()
  const state = openState(place, { key })
  await state.baseline(group).commit(change)
  state.close()
  const before = readFileSync(join(place, stateFile))
  for (const how of [{}, { readOnly: true }, { asking: true }]) {
    expect(() => openState(place, { ...how, key: given })).toThrow(
      expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(remedy) }),
    )
  }
  expect(readFileSync(join(place, stateFile)).equals(before)).toBe(true)
})

test('what was sealed and changed since is refused, not read as something else', async () => {
  const place = directory()
  const state = openState(place, { key })
  await state.baseline(group).commit(change)
  state.close()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec("UPDATE links SET agreed = 'AAAA' || substr(agreed, 5)")
  db.close()
  const changed = openState(place, { key })
  await expect(changed.baseline(group).links([link])).rejects.toMatchObject({
    code: 'StateUnreadable',
  })
  changed.close()
})

test('whatever is sealed opens again, never looks the same twice, and has one print', () => {
  const vault = keyed(key.bytes, 'c2FsdA==', ['bGF5ZXI='])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const at = ['a', 1]
      const [one, other] = [vault.seal(text, at), vault.seal(text, at)]
      expect([vault.open(one, at), vault.open(other, at)]).toEqual([text, text])
      expect(() => vault.open(one, ['a', '1'])).toThrow(/moved/)
      expect(one).not.toBe(other)
      expect(vault.fingerprint(text)).toBe(vault.fingerprint(text))
    }),
  )
  expect(vault.fingerprint('a')).not.toBe(
    keyed(key.bytes, 'c2FsdA==', ['b3RoZXI=']).fingerprint('a'),
  )
})

test.each([
  ['raw bytes', Buffer.from(key.bytes)],
  ['hexadecimal digits', Buffer.from(`${Buffer.from(key.bytes).toString('hex')}\n`)],
  ['base64', Buffer.from(`${Buffer.from(key.bytes).toString('base64')}\n`)],
  ['base64url', Buffer.from(Buffer.from(key.bytes).toString('base64url'))],
])('a key is read as %s', (_what, file) => {
  expect(Buffer.from(keyOf(file, 'key')).equals(key.bytes)).toBe(true)
})

test.each([
  ['nothing', ''],
  ['a word', 'secret\n'],
  ['half a key', 'ab'.repeat(16)],
  ['too much', 'ab'.repeat(33)],
])('%s is no key', (_what, text) => {
  expect(() => keyOf(Buffer.from(text), 'key')).toThrow(
    expect.objectContaining({ code: 'KeyInvalid', message: expect.not.stringMatching('abab') }),
  )
})

test('a state that does not exist yet begins sealed', async () => {
  const place = directory()
  const state = openState(place, { key })
  await state.baseline(group).commit(change)
  state.close()
  expect(() => openState(place)).toThrow(expect.objectContaining({ code: 'StateLocked' }))
  writeFileSync(join(place, 'exsync.db.new'), 'what a crash left')
  openState(place, { key }).close()
})
